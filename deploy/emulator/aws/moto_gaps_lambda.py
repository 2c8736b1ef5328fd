"""Where moto 5.2 is not Lambda: moto_gaps.py says what a gap is (aws.md, 1.5, 4, 6 and 7).

`runs` says who runs a version when it is invoked: moto itself cannot. To add a gap, do as moto_gaps.py says.
"""

from __future__ import annotations

import copy
import json
import random
import re
import zipfile
from base64 import b64decode
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from moto.awslambda.models import LambdaAlias, LambdaFunction, LambdaStorage
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import get_service_model

from deploy.emulator.aws.moto_gaps import gap, refusal, refuse, sent, trusts

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.aws.moto_gaps import Close


class Invoked(NamedTuple):
    """One call of a function: the version that is to answer, its configuration and zip as published, and what it is given."""

    function: str
    qualifier: str
    version: str
    configuration: dict[str, Any]
    code: bytes
    payload: bytes


class Ran(NamedTuple):
    """What came of a call: its payload, and "Handled" or "Unhandled" when the function failed."""

    payload: bytes
    error: str = ""


_runners: list[Callable[[Invoked], Ran]] = []


def runs(runner: Callable[[Invoked], Ran] | None) -> None:
    """Let this one run whatever is invoked from now on; None: nobody, and every call is refused."""
    _runners[:] = [runner] if runner else []


# The developer guide's list of reserved variables, in full: what is not in it (AWS_LAMBDA_EXEC_WRAPPER) may be set.
_RESERVED = re.compile(
    "_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT"
    "|LAMBDA_RUNTIME_DIR|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|RUNTIME_API)"
)


def _named(asked: Any) -> tuple[str, str]:
    """Return the function's name and its qualifier or "", whether they came as a name, an ARN or a parameter."""
    name, _, behind = str(asked.uri_match["FunctionName"]).rpartition("function:")[2].partition(":")
    return name, behind or sent(asked, "Qualifier", "")


def _latest(asked: Any) -> Any:
    return asked.backend.get_function(_named(asked)[0])


def _runtimes() -> set[str]:
    shape: Any = get_service_model("lambda").shape_for("Runtime")
    return {f"python3.{minor}" for minor in range(10, 100)} & set(shape.enum)


def _variables(asked: Any) -> dict[str, str]:
    return sent(asked, "Environment", {}).get("Variables", {})  # type: ignore[no-any-return]


def _zip(asked: Any) -> bytes:
    return b64decode(sent(asked, "Code", {}).get("ZipFile") or sent(asked, "ZipFile", ""))


def _weights(alias: Any) -> dict[str, float]:
    return (alias.routing_config or {}).get("AdditionalVersionWeights") or {}


def _alias(asked: Any) -> Any:
    return next((one for one in asked.backend.list_aliases(_named(asked)[0]) if one.name == sent(asked, "Name")), None)


def _routed(asked: Any) -> tuple[str, dict[str, float]]:
    """Return the version that an alias would name after the call, and the weights beside it."""
    now = _alias(asked)
    then = SimpleNamespace(routing_config=sent(asked, "RoutingConfig", now and now.routing_config))
    return sent(asked, "FunctionVersion", now and now.function_version), _weights(then)


def _naming(asked: Any, version: str) -> list[str]:
    aliases = asked.backend.list_aliases(_named(asked)[0])
    return [one.name for one in aliases if version in (one.function_version, *_weights(one))]


def _policy(asked: Any) -> Any:
    asked.backend.get_function(*filter(None, _named(asked)))
    policies = vars(_latest(asked)).setdefault("policies", {})
    return policies.setdefault(_named(asked)[1], Policy(_latest(asked)))


@gap("told", "moto drops LoggingConfig and a new architecture, knows no RevisionId and is done at once; AWS keeps, numbers and settles (aws.md, 7).",
      LambdaFunction, "__init__ update_configuration update_function_code")  # fmt: skip
def _take_down(proceed: Close, function: Any, *args: Any, **kwargs: Any) -> Any:
    given, told = kwargs.get("spec") or args[0], vars(function).get("told")
    logging = {key: given[key] for key in ("LoggingConfig",) if key in given}
    state = {"State": "Pending"} if told is None else {"LastUpdateStatus": "InProgress"}
    function.told = {**(told or {}), **logging, **state, "RevisionId": str(uuid4())}
    if told is not None and "Architectures" in given:
        function.architectures = given["Architectures"]
    return proceed()


@gap("told", "See above: what was taken down is told.", LambdaFunction, "get_configuration")
def _tell(proceed: Close, function: Any, **_: Any) -> Any:
    return {**proceed(), **function.told}


def _settled(function: Any) -> dict[str, Any]:
    return {key: value for key, value in function.told.items() if key not in ("State", "LastUpdateStatus")}


# AWS takes a second or so. Here whoever looks finds it settled, and who changes it again without looking is refused: no test waits for a clock.
@gap("told", "See above: the id moves once more when an update settles (aws/aws-sdk#377).", LambdaResponse, "get_function get_function_configuration")
def _settle(proceed: Close, asked: Any) -> Any:
    function = _latest(asked)
    if _named(asked)[1] in ("", "$LATEST") and _settled(function) != function.told:
        function.told = {**_settled(function), "RevisionId": str(uuid4())}
    return proceed()


@gap("alias_revisions", "moto leaves an alias's RevisionId alone; AWS gives it a new one with each change.", LambdaAlias, "update")
def _renew(proceed: Close, alias: Any, *_: Any) -> None:
    proceed()
    alias.revision_id = str(uuid4())


_VOLATILE = ("LastModified", "RevisionId", "State", "LastUpdateStatus")


@gap("numbers", "moto publishes unchanged code again after an update, and gives a deleted number anew; AWS does neither (aws.md, 7).",
      LambdaStorage, "publish_version")  # fmt: skip
def _publish(_: Close, storage: Any, name_or_arn: str, description: str = "") -> Any:
    latest = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    versions = storage._functions[latest.function_name]["versions"]  # noqa: SLF001 - there is no other way in
    content = {key: value for key, value in latest.get_configuration().items() if key not in _VOLATILE}
    number, published = vars(latest).get("published", (0, None))
    if published == content and versions and versions[-1].version == number:
        return versions[-1]

    latest.published = number + 1, content
    version = copy.copy(latest)
    version.code, version.told = dict(latest.code), {**_settled(latest), "RevisionId": str(uuid4())}
    version.set_version(number + 1)
    version.description = description or latest.description
    versions.append(version)
    storage._arns[version.function_arn] = version  # noqa: SLF001
    return version


@gap("qualified", "moto has one policy for a function and all its versions; AWS has one for each qualifier (aws.md, 4 and 7).",
      LambdaResponse, "add_permission get_policy remove_permission")  # fmt: skip
def _own_policy(proceed: Close, asked: Any) -> Any:
    for holder in (_latest(asked), asked.backend.get_function(*filter(None, _named(asked)))):
        holder.policy = _policy(asked)
    return proceed()


@gap("qualified", "See above: the policy goes with its alias.", LambdaResponse, "delete_alias")
def _drop_policy(proceed: Close, asked: Any) -> Any:
    vars(_latest(asked)).get("policies", {}).pop(sent(asked, "Name"), None)
    return proceed()


def _versions(asked: Any) -> set[str]:
    return {str(one.version) for one in asked.backend.list_versions_by_function(_named(asked)[0])}


def _stale(asked: Any, now: str) -> bool:
    return bool(sent(asked, "RevisionId", now) != now)


def _drawn(asked: Any) -> Any:
    """Return the version that answers a call: the one named, or one by an alias's weights (aws.md, 7: each call anew)."""
    name, qualifier = _named(asked)
    alias = next((one for one in asked.backend.list_aliases(name) if one.name == qualifier), None)
    weights = _weights(alias) if alias else {}
    rest = [alias.function_version if alias else qualifier or "$LATEST"]
    drawn = random.choices([*weights, *rest], [*weights.values(), 1 - sum(weights.values())])[0]  # noqa: S311 - a split of traffic
    return asked.backend.get_function(name, drawn)


@gap(
    "invoke", "moto runs nothing without Docker and answers 200 all the same; AWS runs a version and names it (aws.md, 4).", LambdaResponse, "invoke"
)
def _run(_: Close, asked: Any) -> Any:
    function, body = _drawn(asked), asked.body
    if not _runners:
        raise refusal(LambdaResponse, _CONFLICT, "nobody runs functions here: see `runs`")
    payload = body.encode() if isinstance(body, str) else body
    ran = _runners[0](Invoked(*_named(asked), str(function.version), function.get_configuration(), function.code_bytes, payload))
    failed = {"X-Amz-Function-Error": ran.error} if ran.error else {}
    return 200, {"X-Amz-Executed-Version": str(function.version), **failed}, ran.payload


_INVALID, _CONFLICT = "InvalidParameterValueException", "ResourceConflictException"
_CONFIGURE, _CODE, _ALIAS = "create_function update_function_configuration", "create_function update_function_code", "create_alias update_alias"
_CHANGE = "update_function_code update_function_configuration publish_version"

# A table; when several rows hold, the last answers.
# fmt: off
refuse((
    ("runtimes", LambdaResponse, _CONFIGURE, _INVALID, lambda a: sent(a, "Runtime") and sent(a, "Runtime") not in _runtimes(),
     "moto takes any runtime; AWS knows its own, and creates none of the retired (aws.md, 1.5 and 4)."),
    ("limits", LambdaResponse, _CONFIGURE, _INVALID,
     lambda a: not (128 <= sent(a, "MemorySize", 128) <= 10_240 and 1 <= sent(a, "Timeout", 3) <= 900),
     "moto takes any memory and time; AWS 128 to 10,240 MB and 1 to 900 s (aws.md, 6; more is for managed instances)."),
    ("environment", LambdaResponse, _CONFIGURE, _INVALID, lambda a: len(json.dumps(_variables(a), ensure_ascii=False).encode()) > 4096,
     "moto takes any environment; AWS 4 KB in all (aws.md, 6)."),
    ("reserved", LambdaResponse, _CONFIGURE, _INVALID, lambda a: any(map(_RESERVED.fullmatch, _variables(a))),
     "moto takes any name of a variable; AWS keeps some for itself."),
    ("roles", LambdaResponse, _CONFIGURE, _INVALID,
     lambda a: sent(a, "Role") and not trusts(a.current_account, sent(a, "Role"), "lambda.amazonaws.com"),
     "moto does not ask whether Lambda may take a role on; AWS does, at every change."),
    ("no_zip", LambdaResponse, _CODE, _INVALID, lambda a: _zip(a) and not zipfile.is_zipfile(BytesIO(_zip(a))),
     "moto takes any bytes as code; AWS has to unzip them."),
    ("large_zip", LambdaResponse, _CODE, "RequestEntityTooLargeException", lambda a: len(_zip(a)) > 50 * 1024 * 1024,
     "moto takes a zip of any size; AWS 50 MB directly (aws.md, 6)."),
    ("settling", LambdaResponse, _CHANGE, _CONFLICT, lambda a: {"State", "LastUpdateStatus"} & _latest(a).told.keys(),
     "moto changes a function at any time; AWS not before its last change has settled (aws.md, 7; aws/aws-cli#6718)."),
    ("revisions", LambdaResponse, _CHANGE, "PreconditionFailedException", lambda a: _stale(a, _latest(a).told["RevisionId"]),
     "moto checks no RevisionId of a function; AWS refuses a stale one (aws.md, 4)."),
    ("digests", LambdaResponse, "publish_version", _INVALID, lambda a: sent(a, "CodeSha256", _latest(a).code_sha_256) != _latest(a).code_sha_256,
     "moto publishes whatever CodeSha256 says; AWS no other code than was meant (aws.md, 7)."),
    ("alias_revisions", LambdaResponse, "update_alias", "PreconditionFailedException", lambda a: _alias(a) and _stale(a, _alias(a).revision_id),
     "moto checks no RevisionId of an alias; AWS refuses a stale one (aws.md, 4)."),
    ("alias_twins", LambdaResponse, "create_alias", _CONFLICT, _alias,
     "moto calls a second alias of one name a ConflictException; AWS a ResourceConflictException."),
    ("weights", LambdaResponse, _ALIAS, "ValidationException", lambda a: any(not 0 <= weight <= 1 for weight in _routed(a)[1].values()),
     "moto takes any weight; AWS 0 to 1 (aws.md, 4)."),
    ("two_versions", LambdaResponse, _ALIAS, _INVALID, lambda a: len(_routed(a)[1]) > 1,
     "moto takes any number of versions in an alias; AWS two at most (aws.md, 7)."),
    ("same_version", LambdaResponse, _ALIAS, _INVALID, lambda a: _routed(a)[0] in _routed(a)[1],
     "moto splits an alias between a version and itself; AWS does not."),
    ("latest_split", LambdaResponse, _ALIAS, _INVALID, lambda a: _routed(a)[1] and "$LATEST" in (_routed(a)[0], *_routed(a)[1]),
     "moto lets $LATEST into a split; AWS only published versions (aws.md, 7)."),
    ("unknown_split", LambdaResponse, _ALIAS, "ResourceNotFoundException", lambda a: not _routed(a)[1].keys() <= {"$LATEST", *_versions(a)},
     "moto routes to versions that are not there; AWS finds them first."),
    ("unknown_version", LambdaResponse, _ALIAS, "ResourceNotFoundException", lambda a: _routed(a)[0] not in {None, "$LATEST", *_versions(a)},
     "moto lets an alias name another alias; AWS versions only."),
    ("pinned", LambdaResponse, "delete_function", _CONFLICT, lambda a: _naming(a, _named(a)[1]),
     "moto deletes a version that an alias names; AWS does not (aws.md, 4 and 7)."),
    ("undeletable", LambdaResponse, "delete_function", _INVALID, lambda a: not (_named(a)[1] or "0").isdigit(),
     "moto deletes $LATEST, and the version behind an alias; AWS neither."),
    ("statements", LambdaResponse, "add_permission", _CONFLICT, lambda a: sent(a, "StatementId") in [one["Sid"] for one in _policy(a).statements],
     "moto adds a statement as often as it is told to; AWS once (aws.md, 4)."),
    ("latest_policy", LambdaResponse, "add_permission", _INVALID, lambda a: _named(a)[1] == "$LATEST",
     "moto adds permissions to $LATEST; AWS has no policy for it."),
    ("unknown_function", LambdaResponse, "list_versions_by_function", "ResourceNotFoundException", lambda a: not _latest(a),
     "moto lists no versions of a function that is not there; AWS says so."),
))
# fmt: on
