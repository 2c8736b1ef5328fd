"""One emulated account with the deployer before it, in one process: what was asked is remembered, what goes wrong is meddled in.

This file knows how a stage is deployed there; the functions' own answers are standin.py's. Zips are a few bytes: what is in them is no matter of
the target's. To spoil a call, set `meddle` of a wire.
"""

from __future__ import annotations

import copy
import hashlib
import io
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from deploy import operate, owner
from deploy.deployment import Deployment, Folders
from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.apig_kept import INSTANCE, Gateways
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.obs import Obs
from deploy.emulator.huawei.obs_kept import Buckets
from deploy.emulator.huawei.serving import Server
from deploy.emulator.huawei.switches import Switches
from deploy.local import stage as local
from deploy.package import Code
from tests.deploy.clouds.huawei.standin import StandIn
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

    from deploy.emulator.huawei.apig_kept import Published
    from deploy.emulator.huawei.function_values import Function
    from deploy.emulator.huawei.obs_kept import Bucket
    from deploy.emulator.huawei.wire import Answered, Asked
    from deploy.operate import Outlook

NAME, REGION, PROJECT = "mine", Account().keys.region, Account().keys.project
NAMES = ("authorizer", "login", "chat", "qa", "admin")
BUCKET = f"twocan-{NAME}-{PROJECT[:16]}"
#: What must never be seen anywhere but in a function's encrypted user data.
TOKEN_KEY, MODEL_KEY = "kkkk-token-key-of-the-tests-" * 2, "vvvv-model-key-of-the-tests"
DATABASE = "postgresql://twocan:pppp-password-of-the-tests@db.example.org/twocan"
SECRETS = (TOKEN_KEY, MODEL_KEY, "pppp-password-of-the-tests")
MODELS = ({"name": "m", "vendor": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "key": "MODEL_KEY"},)
PLACE = owner.Place(cloud="huawei", region=REGION, gateway=INSTANCE)
SITE = owner.Site(domain="chat.example.org")
#: No time counts: here it is the machine's load.
ROLLOUT = owner.Rollout(steps=(25, 100), probes=2, hold_seconds=1, slowdown=100)
CHOICES = owner.Owner(site=SITE, deploy=PLACE, models=MODELS, rollout=ROLLOUT)
_READS = ("/invocations", "/content/query")


def urn(name: str, behind: str = "") -> str:
    """Return a function's URN."""
    return f"urn:fss:{REGION}:{PROJECT}:function:default:twocan-{NAME}-{name}" + (f":{behind}" if behind else "")


class Cut(Exception):
    """The connection is closed without an answer."""


class Wire:
    """What stands before a service. `meddle` is asked first: it may answer itself, or raise Cut; None lets the service answer."""

    def __init__(self, service: Callable[[Asked], Answered]) -> None:
        self.service = service
        self.calls: list[Asked] = []
        self.meddle: Callable[[Asked], Answered | None] = lambda _: None

    def __call__(self, asked: Asked) -> Answered:
        """Answer, or let it be."""
        self.calls.append(asked)
        return self.meddle(asked) or self.service(asked)


def called(asked: Asked) -> str:
    """Return a call as a line: its method and path, without what is the same in all of them."""
    path = unquote(asked.path).replace(f"/v2/{PROJECT}", "").replace(f"/apigw/instances/{INSTANCE}", "").replace(urn(""), "")
    host = asked.host.partition(".")[0]
    return f"{asked.method} {f'{host}:' if host.startswith('twocan') else ''}{path}" + (f"?{asked.query}" if asked.query else "")


def changes(asked: Asked) -> bool:
    """Say whether a call changes something."""
    return asked.method not in {"GET", "HEAD"} and not asked.path.endswith(_READS)


class Quick(Deployment):
    """A stage whose zips hold what tells them from one another, and nothing else. `edition` stands for the functions' sources."""

    edition = "1"

    @property
    def _built(self) -> Mapping[str, Code]:
        target = self._module.packaging(self.choices)
        return {name: Code(name, target, {}, hashlib.sha256(f"{name} {self.edition}".encode()).hexdigest()) for name in NAMES}

    def _zip(self, function: Any) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as target:
            target.writestr(zipfile.ZipInfo("index.py"), self._release(function))
        return stream.getvalue()


class World:
    """`with World(account, folder) as world:` serves an account, and deploys to it."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account, self.folder = account, folder
        self.functions = StandIn(account)
        account.kept(Functions).runs = self.functions
        self.control, self.storage = Wire(Control(account)), Wire(Obs(account))

    def __enter__(self) -> Self:
        self._served = ExitStack()
        control = self._served.enter_context(Server(self.control))
        self.obs = self._served.enter_context(Server(self.storage)).url
        endpoints = {f"HUAWEICLOUD_ENDPOINT_{name}": control.url for name in ("FGS", "APIG", "IAM", "LTS", "CES")}
        keys = self.account.keys
        signs = {"HUAWEICLOUD_SDK_AK": keys.access, "HUAWEICLOUD_SDK_SK": keys.secret, "HUAWEICLOUD_SDK_PROJECT_ID": keys.project}
        self.environment = {**endpoints, "HUAWEICLOUD_ENDPOINT_OBS": self.obs, **signs, "DATABASE_URL": DATABASE, "MODEL_KEY": MODEL_KEY}
        return self

    def __exit__(self, *_: object) -> None:
        self._served.close()

    def copied(self, switches: Switches | None = None) -> Account:
        """Return an account of its own that has what this one has."""
        twin = Account(self.account.keys, switches or Switches())
        twin._kept = copy.deepcopy(self.account._kept, {id(self.account): twin, id(self.functions): None})
        return twin

    def deployment(
        self, choices: owner.Owner = CHOICES, *, environment: Mapping[str, str] | None = None, code: str = "1", page: str = "1", machine: str = "here"
    ) -> Deployment:
        """Return the stage: a `machine` is what knows the secrets that were made there, and `here` is where the stage was made."""
        dist = built(self.folder / "pages" / page, app=page)
        if machine == "here":
            local.Stage(self.folder / machine / f"huawei-{NAME}").keep({"token_key": TOKEN_KEY, "mark_key": "m" * 48})
        given = self.environment if environment is None else environment
        made = Quick(NAME, "huawei", choices, given, Folders(dist, self.folder / machine))
        made.edition = code
        # Whoever is told to wait, waits: no test lasts a minute for it.
        vars(vars(made.target)["account"]).update(_patience=1.5, _sleep=lambda _: None)
        return made

    def apply(self, choices: owner.Owner = CHOICES, **about: Any) -> Outlook:
        """Apply, and return what is left to do."""
        return operate.apply(self.deployment(choices, **about), lambda _: None)

    def forget(self) -> None:
        """Forget what was asked until now."""
        self.control.calls.clear()
        self.storage.calls.clear()

    @property
    def changed(self) -> list[str]:
        """The calls that changed something, but for those that take the lock and give it back."""
        calls = [called(one) for wire in (self.control, self.storage) for one in wire.calls if changes(one)]
        return [one for one in calls if "/functions/lock/" not in one]

    def function(self, name: str) -> Function:
        """Return a function as FunctionGraph keeps it."""
        return self.account.kept(Functions).functions[f"twocan-{NAME}-{name}"]

    def live(self, name: str) -> Mapping[str, Any]:
        """Return the settings of the version that a function's alias leads to."""
        found = self.function(name)
        return found.versions[found.aliases["live"].version].settings

    @property
    def gateway(self) -> Gateways:
        """What the gateway keeps."""
        return self.account.kept(Gateways)

    @property
    def served(self) -> Published:
        """What the gateway serves of the stage."""
        (group,) = self.gateway.groups
        found = self.gateway.published(group)
        assert found
        return found

    def address(self, method: str, path: str) -> dict[str, Any]:
        """Return an API as it is served."""
        return next(dict(one) for one in self.served.apis if (one["req_method"], one["req_uri"]) == (method, path))

    def edited(self, method: str, path: str) -> dict[str, Any]:
        """Return an API as it is edited now, to be spoiled."""
        return next(one for one in self.gateway.apis.values() if (one["req_method"], one["req_uri"]) == (method, path))

    @property
    def bucket(self) -> Bucket:
        """The stage's bucket."""
        return self.account.kept(Buckets).all[BUCKET]

    @property
    def logs(self) -> Logs:
        """The logs."""
        return self.account.kept(Logs)

    def listed(self) -> dict[str, int]:
        """Return how many there are of each kind of thing."""
        functions, gateway = self.account.kept(Functions).functions, self.gateway
        streams = [one for group in self.logs.groups.values() for one in group.streams]
        counted = {
            "functions": functions,
            "versions": [one for function in functions.values() for one in function.versions],
            "aliases": [one for function in functions.values() for one in function.aliases],
            **{name: getattr(gateway, name) for name in ("groups", "apis", "authorizers", "throttles", "bindings", "responses", "online")},
            "buckets": self.account.kept(Buckets).all,
            "log groups": self.logs.groups,
            "streams": streams,
        }
        return {name: len(things) for name, things in counted.items()}
