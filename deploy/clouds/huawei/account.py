"""One project of a Huawei Cloud account, as one stage of ours uses it: the physical names, the clients, and the one way to call.

This file knows the SDK's errors and what each asks of the owner; it must know no thing. Every call but OBS's goes through `Account.call`, so that
errors, patience and counting are in one place. To explain an error better, add its line to `_ADVICE`; to use another service, its line to `_CLIENTS`.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.http.http_config import HttpConfig

from deploy.clouds import DeployError
from functions.shared import database
from functions.shared.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: Seconds for which a call is repeated that the cloud refuses only for the moment.
PATIENCE = 60.0
_HURRY = 3.0

_CLIENTS = {
    "fgs": ("huaweicloudsdkfunctiongraph.v2", "functiongraph_client", "FunctionGraphClient", "functiongraph"),
    "apig": ("huaweicloudsdkapig.v2", "apig_client", "ApigClient", "apig"),
    "iam": ("huaweicloudsdkiam.v3", "iam_client", "IamClient", "iam"),
    "lts": ("huaweicloudsdklts.v2", "lts_client", "LtsClient", "lts"),
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# What is worth asking again: nobody was there, too many asked, or two asked at once (huawei.md, 3.1 and 3.2: FSS.0409, APIG.3500).
_MOMENTARY = ("FSS.0409", "FSS.0429", "APIG.3500")

_ADVICE = {
    401: "the cloud does not know these keys, or they do not belong to this project. Check HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK and "
    "HUAWEICLOUD_SDK_PROJECT_ID, and this machine's clock, which may be off by a quarter of an hour at most.",
    403: "these keys may not do that, or the project is another region's. Give them the rights that docs/huawei.md lists, or use others.",
    "FSS.1309": "the region and the project do not fit: a project's id is of one region. Check `region` under [deploy] in twocan.toml, or --region, "
    "and HUAWEICLOUD_SDK_PROJECT_ID.",
    "FSS.1041": "the account has as many functions as it may have. Delete some, or ask Huawei Cloud for more, then try again.",
    "FSS.1042": "the account's code takes all the room that it may have. Delete old functions, or ask Huawei Cloud for more, then try again.",
    "FSS.1043": "the function has as many aliases as it may have. Delete those that nobody uses, then try again.",
    "FSS.1071": "the zip is larger than FunctionGraph takes. Look at its size in `plan`.",
    "APIG.3030": "there is no such gateway in this project and region. Check `gateway` under [deploy] in twocan.toml; `doctor` says how to get one.",
    "APIG.3305": "another group of APIs has this domain. Unbind it there, or choose another `api_domain` under [deploy] in twocan.toml.",
    "APIG.2034": "the domain has no ICP filing, which mainland regions ask for. File it, or leave `api_domain` out.",
}


class Names(NamedTuple):
    """What things are called in the project."""

    stage: str
    project: str
    region: str

    @property
    def all(self) -> str:
        """The name of whatever a stage has once."""
        return f"twocan-{self.stage}"

    @property
    def word(self) -> str:
        """The same where hyphens are not allowed; a stage's name has no underscore, so no two become one."""
        return self.all.replace("-", "_")

    @property
    def bucket(self) -> str:
        """The bucket: its name must be free in the whole world. A project is in one region."""
        return f"{self.all}-{self.project[:16]}"

    def function(self, name: str) -> str:
        """A function's name."""
        return f"{self.all}-{name}"

    def urn(self, name: str, behind: str = "") -> str:
        """A function's URN; `behind` is a version, or an alias with its exclamation mark (huawei.md, 3.1)."""
        whole = f"urn:fss:{self.region}:{self.project}:function:default:{self.function(name)}"
        return f"{whole}:{behind}" if behind else whole


class Keys(NamedTuple):
    """Who signs, by the variables that the SDK itself reads."""

    access: str
    secret: str
    project: str
    token: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Keys:
        """Return the keys in an environment. Raises DeployError, naming all that are absent."""
        names = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID")
        if absent := [name for name in names if not environment.get(name)]:
            raise DeployError(f"No Huawei Cloud credentials were found: set {', '.join(absent)}, then try again.")
        if not re.fullmatch(r"[0-9a-f]{32}", environment[names[2]]):
            raise DeployError("HUAWEICLOUD_SDK_PROJECT_ID is no project's id, which has 32 hexadecimal digits: see My Credentials in the console.")
        access, secret, project = (environment[name] for name in names)
        if not all(re.fullmatch(r"[\x21-\x7e]+", one) for one in (access, secret)):
            raise DeployError("HUAWEICLOUD_SDK_AK or HUAWEICLOUD_SDK_SK is no key: a key has letters and digits, and no spaces.")
        return cls(access, secret, project, environment.get("HUAWEICLOUD_SDK_SECURITY_TOKEN", ""))


class Account:
    """The project behind the keys in the environment. Endpoints are where HUAWEICLOUD_ENDPOINT_… says, else the region's own."""

    def __init__(
        self,
        stage: str,
        region: str,
        environment: Mapping[str, str],
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not region:
            raise DeployError('No region is given: write region = "…" under [deploy] in twocan.toml, or give --region.')
        self.keys = Keys.of(environment)
        self.names = Names(stage, self.keys.project, region)
        self.environment = environment
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._patience = patience
        self._sleep = sleep
        # Before the first of them is asked anything.
        for service in (*_CLIENTS, "obs"):
            self.endpoint(service)

    def endpoint(self, service: str) -> str:
        """Return where a service is. Raises DeployError for an address that would send signatures in plain text over a network."""
        given = self.environment.get(f"HUAWEICLOUD_ENDPOINT_{service.upper()}")
        if not given:
            return f"https://{_CLIENTS[service][3] if service in _CLIENTS else service}.{self.names.region}.myhuaweicloud.com"
        parts = _split(given)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not (plain or parts.scheme == "https") or not parts.hostname or "@" in parts.netloc or parts.path.strip("/"):
            raise DeployError(
                f"HUAWEICLOUD_ENDPOINT_{service.upper()} must be an https address without a path, or http on this machine: correct or unset it."
            )
        return given.rstrip("/")

    def database(self) -> database.Place | None:
        """Return where DATABASE_URL leads, None if it is not set. Raises DeployError, which quotes nothing of it."""
        address = self.environment.get("DATABASE_URL")
        if not address:
            return None
        try:
            return database.place(address)
        except SettingsError as error:
            raise DeployError(error.message.replace("STORE", "DATABASE_URL")) from None

    def hurry(self) -> None:
        """Wait for nothing long from now on: who asks what is wrong wants to hear it."""
        self._patience = min(self._patience, _HURRY)

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        """Call and return the answer's JSON, None for an empty one. What is refused only for the moment is waited out. Raises DeployError."""
        until = time.monotonic() + self._patience
        wait = 0.25
        while True:
            try:
                return self.ask(service, operation, **arguments)
            except (exceptions.SdkException, requests.RequestException) as error:
                if not _momentary(error) or time.monotonic() + wait > until:
                    raise explained(service, operation, error) from error
            self._sleep(wait)
            wait = min(wait * 2, 5.0)

    def find(self, service: str, operation: str, absent: Sequence[str], **arguments: Any) -> Any:
        """Call, and return None when the answer is one of these error codes; {} for an empty answer. Raises DeployError."""
        try:
            return self.call(service, operation, **arguments) or {}
        except DeployError as error:
            if code(error) in absent:
                return None
            raise

    def make(self, service: str, operation: str, there: Callable[[], bool], **arguments: Any) -> None:
        """Create, and pass over a refusal where the thing is there, by a try whose answer was lost, or somebody else's. Raises DeployError.

        What says that a name is taken has a code for each kind of thing, and the contract has few of them: so it is looked at.
        """
        try:
            self.call(service, operation, **arguments)
        except DeployError:
            if not there():
                raise

    def gone(self, service: str, operation: str, absent: Sequence[str], **arguments: Any) -> bool:
        """Delete, and say whether it was this call that did it. Raises DeployError."""
        try:
            self.call(service, operation, **arguments)
        except DeployError as error:
            if code(error) in absent:
                return False
            raise
        return True

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        """Call once, and return the answer's JSON. Raises what the SDK raises."""
        client, module = self._client(service)
        name = "".join(part.capitalize() for part in operation.split("_"))
        request = getattr(import_module(f"{module}.model.{operation}_request"), f"{name}Request")(**arguments)
        answer = getattr(client, operation)(request)
        # As it was sent: the SDK's models drop what they do not know, and turn dates only some of which they can read.
        return json.loads(answer.raw_content) if answer.raw_content else None

    def _client(self, service: str) -> tuple[Any, str]:
        with self._lock:
            module, file, kind, _ = _CLIENTS[service]
            if service not in self._clients:
                self._clients[service] = self._made(getattr(import_module(f"{module}.{file}"), kind), service)
            return self._clients[service], module

    def _made(self, kind: Any, service: str) -> Any:
        config = HttpConfig.get_default_config()
        config.timeout = (10, 100)
        config.retry_times = 0
        # Else an id of the SDK's own, which it keeps in the owner's home, is told with every call.
        config.user_agent = "twocan"
        keys = self.keys
        credentials = GlobalCredentials(keys.access, keys.secret) if service == "iam" else BasicCredentials(keys.access, keys.secret, keys.project)
        if keys.token:
            credentials = credentials.with_security_token(keys.token)
        # Else each failed try is a line on standard error, whatever comes of it in the end.
        logging.getLogger(f"HuaweiCloud-SDK-{kind.__name__}").setLevel(logging.CRITICAL)
        return kind.new_builder().with_http_config(config).with_credentials(credentials).with_endpoint(self.endpoint(service)).build()


def pages(fetch: Callable[[int], Mapping[str, Any]], member: str) -> Iterator[Any]:
    """Yield the items of all pages of one of APIG's lists; `fetch` takes an offset."""
    offset = 0
    while True:
        page = fetch(offset)
        yield from page.get(member) or []
        offset += page.get("size", 0)
        if not page.get("size") or offset >= page["total"]:
            return


def _split(address: str) -> SplitResult:
    """Return the parts of an address; one whose port is none has no parts."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def code(error: DeployError) -> str:
    """Return the code of the cloud's error behind an error, or ""."""
    return str(getattr(error.__cause__, "error_code", "") or "")


def status(error: DeployError) -> int:
    """Return the HTTP status of the cloud's error behind an error, or 0."""
    return int(getattr(error.__cause__, "status_code", 0) or 0)


def _momentary(error: Exception) -> bool:
    if isinstance(error, exceptions.SslHandShakeException):
        return False
    if isinstance(error, exceptions.ServiceResponseException):
        return error.status_code == 429 or error.status_code >= 500 or error.error_code in _MOMENTARY
    return isinstance(error, (exceptions.ConnectionException, exceptions.RequestTimeoutException, requests.RequestException))


def explained(service: str, operation: str, error: Exception) -> DeployError:
    """Return what an error of the SDK asks of the owner."""
    if isinstance(error, exceptions.ServiceResponseException):
        advice = _ADVICE.get(error.error_code or "") or _ADVICE.get(error.status_code) or " ".join(str(error.error_msg or "no reason given").split())
        return DeployError(f"Huawei Cloud refused {service}:{operation} ({error.error_code or error.status_code}): {advice}")
    if isinstance(error, exceptions.SslHandShakeException):
        return DeployError(f"The certificate of {service}'s address cannot be verified: somebody may stand between. Check the network and its proxy.")
    return DeployError(
        f"Huawei Cloud's {service} cannot be reached ({type(error).__name__}). Check the network, the region's name and its HUAWEICLOUD_ENDPOINT, "
        "then run the same command again."
    )
