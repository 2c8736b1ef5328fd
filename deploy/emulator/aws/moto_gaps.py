"""Where moto 5.2 is not AWS: what it forgives is refused, what it drops is kept and given back (aws.md, 4 and 7). Nothing here is invented.

A `Gap` is one difference, said in one sentence, with what closes it around moto's own methods; a refusal answers with that sentence, under
AWS's code and with the status that botocore's model gives it. Here are gaps as such, and those of S3 and the small services; `PARTS` names the
files of the rest. These files know moto's inside, and nothing of our functions or our deployer. To add a gap, add it beside its like, and its
case to tests/deploy/emulator/aws/cases_*.py: they are asked of a moto without any of this, too, and the day it behaves, that test fails.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import DynamoDBBackend
from moto.iam.models import IAMBackend, iam_backends
from moto.logs.models import LogsBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response

if TYPE_CHECKING:
    from collections.abc import Callable

    Close = Callable[..., Any]

#: One file a service, for none is to be longer than one can read.
PARTS = ("deploy.emulator.aws.moto_gaps_lambda", "deploy.emulator.aws.moto_gaps_gateway", "deploy.emulator.aws.moto_gaps_cdn")

_gaps: list[Gap] = []
# The limit is the API's own front door's: Lambda's model has no word for it.
_BEYOND_THE_MODEL = {"RequestEntityTooLargeException": 413}


class Gap(NamedTuple):
    """One difference: its name, what moto does and what AWS does, the methods of moto that it shows in, and what goes around them.

    Without methods it is a part that moto lacks: `close` then adds it to the owner.
    """

    name: str
    says: str
    owner: type
    methods: str
    close: Close

    def install(self) -> None:
        """Close the gap in this process, once. Raises AttributeError when moto no longer has the method."""
        if not self.methods:
            self.close(self.owner)
        for method in self.methods.split():
            original = getattr(self.owner, method)
            if self not in getattr(original, "closed_by", ()):
                setattr(self.owner, method, self._around(original))

    def _around(self, original: Close) -> Close:
        @wraps(original)
        def closed(this: Any, *args: Any, **kwargs: Any) -> Any:
            return self.close(partial(original, this, *args, **kwargs), this, *args, **kwargs)

        vars(closed)["closed_by"] = (*getattr(original, "closed_by", ()), self)
        return closed


def gaps() -> tuple[Gap, ...]:
    """Return every gap, in the order in which they are closed: what is closed last is asked first."""
    for part in PARTS:
        import_module(part)
    return tuple(_gaps)


def install() -> None:
    """Close every gap in this process; again is nothing."""
    for one in gaps():
        one.install()


def gap(name: str, says: str, owner: type, methods: str) -> Callable[[Close], Close]:
    """Declare the decorated function a gap. It gets the rest of the call, ready to be made, then the call's object and arguments."""

    def keep(close: Close) -> Close:
        _gaps.append(Gap(name, says, owner, methods, close))
        return close

    return keep


def refuse(rows: tuple[tuple[str, type, str, str, Close, str], ...]) -> None:
    """Declare gaps that are refusals: name, owner, methods, AWS's code, when to refuse by the call's object and arguments, and the sentence."""
    for name, owner, methods, code, when, says in rows:
        _gaps.append(Gap(name, says, owner, methods, partial(_refusing, partial(refusal, owner, code, says), when)))


def refusal(owner: type, code: str, says: str) -> Exception:
    """Return AWS's error as the owner's service would raise it. Its status is botocore's, found by the module that the class is from."""
    if code in _BEYOND_THE_MODEL:
        error = JsonRESTError(code, says)
        error.code = _BEYOND_THE_MODEL[code]
        return error
    # S3 catches none but its own, and its own differ from everybody's by nothing but the name.
    refused = type("Refused", (S3ClientError,), {"__module__": owner.__module__.replace("awslambda", "lambda")})
    return cast(Exception, refused(code, says))


def _refusing(error: Callable[[], Exception], when: Close, proceed: Close, *args: Any, **kwargs: Any) -> Any:
    if when(*args, **kwargs):
        raise error()
    return proceed()


def sent(asked: Any, name: str, default: Any = None) -> Any:
    """Return what a call was given under a name."""
    return asked._get_param(name, default)  # noqa: SLF001 - moto's one way to what was sent, wherever in the request it stood


def trusts(account: str, arn: str, service: str) -> bool:
    """Say whether a role exists and a service may take it on."""
    with suppress(Exception):  # an unknown role and an unreadable trust policy are one answer
        trust = json.loads(iam_backends[account]["aws"].get_role_by_arn(arn).assume_role_policy_document)
        return any(service in json.dumps(one["Principal"]) for one in trust["Statement"] if one["Effect"] == "Allow")
    return False


def _no_json(text: str | bytes) -> bool:
    with suppress(ValueError):
        return not isinstance(json.loads(text), dict)
    return True


def _public(backend: Any, bucket_name: str, policy: bytes) -> bool:
    block = backend.get_bucket(bucket_name).public_access_block
    statements = json.loads(policy)["Statement"]
    opened = [one for one in statements if one["Effect"] == "Allow" and one["Principal"] in ("*", {"AWS": "*"}) and not one.get("Condition")]
    return bool(opened and block and block.block_public_policy)


@gap("blocked", "moto opens new buckets to public policies; AWS blocks public access to each from its creation.", S3Backend, "create_bucket")
def _block(proceed: Close, *_: Any, **__: Any) -> Any:
    bucket = proceed()
    bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
    return bucket


@gap("foreign", "moto shows somebody else's bucket; AWS answers 403.", S3Response, "head_bucket")
def _keep_out(proceed: Close, asked: Any) -> Any:
    owner = s3_backends.bucket_accounts.get(asked.bucket_name, ("", asked.current_account))[1]
    return proceed() if owner == asked.current_account else (403, {}, "")


def _ttl_unchanged(backend: Any, table_name: str, wanted: dict[str, Any]) -> bool:
    return bool(wanted["Enabled"] == (backend.get_table(table_name).ttl["TimeToLiveStatus"] == "ENABLED"))


_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

# A table; when several rows hold, the last answers.
# fmt: off
refuse((
    ("public_policy", S3Backend, "put_bucket_policy", "AccessDenied", _public,
     "moto opens a bucket whose public access is blocked; AWS denies it."),
    ("malformed_policy", S3Backend, "put_bucket_policy", "MalformedPolicy", lambda *given: _no_json(given[2]),
     "moto keeps any text as a bucket's policy, and then fails at every request; AWS refuses it."),
    ("trust", IAMBackend, "create_role", "MalformedPolicyDocument", lambda *given, **_: _no_json(given[2]),
     "moto keeps any text as a role's trust policy; AWS refuses what is no policy."),
    ("retention", LogsBackend, "put_retention_policy", "InvalidParameterException", lambda *given: int(given[2]) not in _DAYS,
     "moto keeps logs for any number of days; AWS for some."),
    ("ttl_again", DynamoDBBackend, "update_time_to_live", "ValidationException", _ttl_unchanged,
     "moto sets a TTL as often as it is told to; AWS refuses what is already so."),
))
# fmt: on
