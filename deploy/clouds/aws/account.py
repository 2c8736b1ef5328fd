"""One AWS account and region, as one stage of ours uses it: the physical names, the clients, and the one way to call.

This file knows botocore's errors and what each asks of the owner; it must know no thing. Every call goes through `Account.call`, so that errors,
patience and counting are in one place. To explain an error better, add its line to `_ADVICE`.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import botocore.exceptions
from botocore.config import Config

from deploy.clouds import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: How often botocore tries again by itself: throttling, 5xx, broken connections.
_TRIES = 6
#: Seconds for which a call is repeated that AWS refuses only for the moment: a role that is not known everywhere yet, an update still running.
PATIENCE = 90.0

_ADVICE = {
    "403": "these credentials may not see it, or it is another account's. Use others, or choose another stage name with --stage.",
    "AccessDenied": "these credentials may not do that. Give them the rights that docs/aws.md lists, or use others.",
    "AccessDeniedException": "these credentials may not do that. Give them the rights that docs/aws.md lists, or use others.",
    "BucketAlreadyExists": "somebody else has a bucket of that name. Choose another stage name with --stage.",
    "ExpiredToken": "these credentials have expired. Sign in to AWS again.",
    "ExpiredTokenException": "these credentials have expired. Sign in to AWS again.",
    "InvalidClientTokenId": "AWS does not know these credentials. Check AWS_ACCESS_KEY_ID or AWS_PROFILE.",
    "LimitExceededException": "the account's limit is reached. Remove what is not needed, or ask AWS for more, then try again.",
    "RequestEntityTooLargeException": "the zip is larger than Lambda takes. Look at its size in `plan`.",
    "SignatureDoesNotMatch": "the secret key does not fit the access key. Check AWS_SECRET_ACCESS_KEY.",
    "UnrecognizedClientException": "AWS does not know these credentials, or the region is not enabled for the account.",
}


class Names(NamedTuple):
    """What things are called in the account."""

    stage: str
    account: str
    region: str
    partition: str = "aws"

    @property
    def all(self) -> str:
        """The name of whatever a stage has once."""
        return f"twocan-{self.stage}"

    @property
    def bucket(self) -> str:
        """The bucket: its name must be free in the whole world."""
        return f"{self.all}-{self.account}-{self.region}"

    def function(self, name: str) -> str:
        """A function's name, which is its role's too."""
        return f"{self.all}-{name}"

    def log(self, of: str) -> str:
        """A log group's name: Lambda's own for a function."""
        return f"/twocan/{self.stage}/gateway" if of == "gateway" else f"/aws/lambda/{self.function(of)}"

    def arn(self, service: str, what: str) -> str:
        """A regional resource's ARN."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{what}"

    def role_arn(self, name: str) -> str:
        """A role's ARN."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def alias_arn(self, function: str) -> str:
        """The ARN of a function's alias, which is what everything calls."""
        return self.arn("lambda", f"function:{self.function(function)}:live")


class Account:
    """The account behind the credentials that boto3 finds. Endpoints are where AWS_ENDPOINT_URL says, as botocore reads it."""

    def __init__(
        self,
        stage: str,
        region: str,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            # boto3 itself reads AWS_DEFAULT_REGION only, where every other of AWS's tools reads both.
            self._session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
        except botocore.exceptions.BotoCoreError as error:
            raise DeployError(f"AWS's own settings cannot be used: {error}. Check AWS_PROFILE and ~/.aws.") from error
        if not self._session.region_name:
            raise DeployError('No region is given: write region = "…" under [deploy] in twocan.toml, or give --region.')
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        identity = self.call("sts", "get_caller_identity")
        self.names = Names(stage, identity["Account"], self._session.region_name, identity["Arn"].split(":")[1])

    def call(self, service: str, operation: str, *, again: Sequence[str] = (), **arguments: Any) -> dict[str, Any]:
        """Call and return the answer. Errors whose code or text is in `again` are waited out. Raises DeployError."""
        until = self._clock() + self._patience
        wait = 0.25
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
            except botocore.exceptions.ClientError as error:
                if _done_before(error, *_TAKEN) or not any(one in str(error) for one in again) or self._clock() + wait > until:
                    raise _explained(service, operation, error) from error
            except botocore.exceptions.BotoCoreError as error:
                raise DeployError(_unreached(error)) from error
            else:
                return answer
            self._sleep(wait)
            wait = min(wait * 2, 5.0)

    def find(self, service: str, operation: str, absent: Sequence[str], **arguments: Any) -> dict[str, Any] | None:
        """Call, and return None when the answer is one of these error codes. Raises DeployError."""
        try:
            return self.call(service, operation, **arguments)
        except DeployError as error:
            if code(error) in absent:
                return None
            raise

    def pages(self, service: str, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items of all pages. Raises DeployError."""
        try:
            for page in self._client(service).get_paginator(operation).paginate(**arguments):
                items: Any = page
                for name in member.split("."):
                    items = items.get(name) or []
                yield from items
        except botocore.exceptions.ClientError as error:
            raise _explained(service, operation, error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise DeployError(_unreached(error)) from error

    def wait(self, what: str, ready: Callable[[], bool], seconds: float | None = None) -> None:
        """Ask until it is so. Raises DeployError when it takes too long."""
        until = self._clock() + (seconds or self._patience)
        pause = 0.2
        while not ready():
            if self._clock() > until:
                raise DeployError(f"{what} takes too long. Nothing is lost: look at it in AWS's console, then run the same command again.")
            self._sleep(pause)
            pause = min(pause * 2, 10.0)

    def _client(self, service: str) -> Any:
        # boto3's making of clients is not safe between threads; the clients are.
        with self._lock:
            if service not in self._clients:
                config = Config(retries={"mode": "standard", "max_attempts": _TRIES}, connect_timeout=10, read_timeout=70, max_pool_connections=16)
                try:
                    self._clients[service] = self._session.client(service, config=config)
                except ValueError as error:
                    # The region was looked at before. A service's own AWS_ENDPOINT_URL_… may be the one that is meant.
                    raise DeployError("AWS_ENDPOINT_URL is not an address such as http://127.0.0.1:8710: correct it, or unset it.") from error
            return self._clients[service]


def lost(error: DeployError) -> bool:
    """Say whether AWS refuses because botocore had asked before: that try was carried out, and only its answer was lost."""
    return isinstance(error.__cause__, botocore.exceptions.ClientError) and _done_before(error.__cause__, *_TAKEN, "BadRequestException")


# What an error says of something that is there already.
_TAKEN = ("Conflict", "AlreadyExists")


def _done_before(error: botocore.exceptions.ClientError, *signs: str) -> bool:
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts")) and any(one in str(error) for one in signs)


def code(error: DeployError) -> str:
    """Return the code of the AWS error behind an error, or ""."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, botocore.exceptions.ClientError) else ""


def _explained(service: str, operation: str, error: botocore.exceptions.ClientError) -> DeployError:
    about: Mapping[str, Any] = error.response["Error"]
    name = about.get("Code", "")
    advice = _ADVICE.get(name) or " ".join(str(about.get("Message", "no reason given")).split())
    return DeployError(f"AWS refused {service}:{operation} ({name}): {advice}")


def _unreached(error: botocore.exceptions.BotoCoreError) -> str:
    if isinstance(error, botocore.exceptions.NoCredentialsError | botocore.exceptions.PartialCredentialsError):
        return "No AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then try again."
    if isinstance(error, botocore.exceptions.ParamValidationError):
        return f"AWS would not understand this request: {error}"
    return f"AWS cannot be reached ({type(error).__name__}). Check the network and the region's name, then run the same command again."
