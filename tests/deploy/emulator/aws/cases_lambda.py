"""What Lambda is asked. A case is a gap, a question, and AWS's answer; to add one, name its gap in moto_gaps_lambda.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.deploy.emulator.aws.account import Case, code, new, said

if TYPE_CHECKING:
    from tests.deploy.emulator.aws.account import Account

INVALID, CONFLICT, GONE = "InvalidParameterValueException", "ResourceConflictException", "ResourceNotFoundException"


def made(at: Account, **also: Any) -> str:
    """Say what a function with such settings is answered with."""
    return said(lambda: at.function(**also))


def realiased(at: Account, name: str, weights: dict[str, float], **also: Any) -> str:
    """Say what an alias with such weights is answered with."""
    return said(at.functions.update_alias, FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": weights}, **also)


def stale_update(at: Account) -> str:
    """Change a function at a revision that an earlier change has left behind."""
    name = at.function()
    seen = at.functions.get_function_configuration(FunctionName=name).get("RevisionId", "")
    at.configure(name, Description="moved on")
    return said(at.functions.update_function_configuration, FunctionName=name, Description="late", RevisionId=seen)


def early_update(at: Account) -> str:
    """Publish at once what was just updated."""
    name = at.function()
    at.functions.update_function_code(FunctionName=name, ZipFile=code("2"))
    return said(at.functions.publish_version, FunctionName=name)


def early_revision(at: Account) -> bool:
    """Say whether the revision that an update returned is another once it has settled."""
    name = at.function()
    told = at.functions.update_function_configuration(FunctionName=name, Description="new").get("RevisionId")
    return bool(told) and told != at.functions.get_function_configuration(FunctionName=name)["RevisionId"]


def stale_alias(at: Account) -> str:
    """Move an alias at a revision that an earlier move has left behind."""
    name = at.aliased()
    seen = at.functions.get_alias(FunctionName=name, Name="live")["RevisionId"]
    at.functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    return said(at.functions.update_alias, FunctionName=name, Name="live", FunctionVersion="3", RevisionId=seen)


def logging(at: Account) -> Any:
    """Return where a version logs after the function was changed."""
    name = at.function(LoggingConfig={"LogFormat": "JSON", "LogGroup": "/one"})
    at.functions.publish_version(FunctionName=name)
    at.configure(name, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/two"})
    return [
        at.functions.get_function_configuration(FunctionName=name, Qualifier=one).get("LoggingConfig", {}).get("LogGroup") for one in ("1", "$LATEST")
    ]


def architecture(at: Account) -> Any:
    """Return the architecture after it was changed with the code."""
    name = at.function(Architectures=["x86_64"])
    return at.functions.update_function_code(FunctionName=name, ZipFile=code("2"), Architectures=["arm64"])["Architectures"]


def unchanged(at: Account) -> Any:
    """Return the versions that come of code, the same code again, other settings, and what was there before."""
    name, numbers = at.function(Environment={"Variables": {"AA": "1"}}), []
    for change in ({}, {"Environment": {"Variables": {"AA": "1"}}}, {"Environment": {"Variables": {"AA": "2"}}}):
        at.functions.update_function_code(FunctionName=name, ZipFile=code())
        at.functions.get_function(FunctionName=name)
        at.configure(name, **change)
        numbers.append(at.functions.publish_version(FunctionName=name)["Version"])
    return numbers


def renumbered(at: Account) -> Any:
    """Return the version that follows a deleted one."""
    name = at.published(2)
    at.functions.delete_function(FunctionName=name, Qualifier="2")
    at.configure(name, Description="third")
    return at.functions.publish_version(FunctionName=name)["Version"]


def policy_of(at: Account, asked: dict[str, str], permitted: dict[str, str]) -> str:
    """Say whether a policy is found with one qualifier when the permission was given with another."""
    name = at.aliased()
    at.permit(name, **permitted)
    return said(at.functions.get_policy, FunctionName=name, **asked)


def removed(at: Account) -> str:
    """Take the alias's permission away; say what the function's own, of the same name, is then."""
    name = at.aliased()
    at.permit(name)
    at.permit(name, Qualifier="live")
    at.functions.remove_permission(FunctionName=name, StatementId="gateway", Qualifier="live")
    return said(at.functions.get_policy, FunctionName=name) + " " + said(at.functions.get_policy, FunctionName=name, Qualifier="live")


def dropped(at: Account) -> str:
    """Delete an alias, make it anew, and ask for its policy."""
    name = at.aliased()
    at.permit(name, Qualifier="live")
    at.functions.delete_alias(FunctionName=name, Name="live")
    at.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="2")
    return said(at.functions.get_policy, FunctionName=name, Qualifier="live")


def twice_permitted(at: Account) -> str:
    """Give the same permission twice."""
    name = at.aliased()
    at.permit(name, Qualifier="live")
    return said(lambda: at.permit(name, Qualifier="live"))


# fmt: off
CASES = [
    Case("runtimes", "an invented runtime", INVALID, lambda at: made(at, Runtime="python9.9")),
    Case("runtimes", "a retired runtime", INVALID, lambda at: made(at, Runtime="python3.8")),
    Case("limits", "an hour", INVALID, lambda at: made(at, Timeout=3600)),
    Case("limits", "20 GB", INVALID, lambda at: made(at, MemorySize=20_480)),
    Case("environment", "5 KB of environment", INVALID, lambda at: made(at, Environment={"Variables": {"AA": "x" * 5000}})),
    Case("reserved", "a reserved variable", INVALID, lambda at: made(at, Environment={"Variables": {"AWS_REGION": "x"}})),
    Case("roles", "a role of EC2's", INVALID, lambda at: made(at, Role=at.role("ec2.amazonaws.com"))),
    Case("roles", "a role that is not there, at an update", INVALID, lambda at: said(
        at.functions.update_function_configuration, FunctionName=at.function(), Role="arn:aws:iam::123456789012:role/none")),
    Case("no_zip", "no zip", INVALID, lambda at: made(at, Code={"ZipFile": b"no zip"})),
    Case("large_zip", "51 MB", "RequestEntityTooLargeException", lambda at: made(at, Code={"ZipFile": bytes(51 * 1024 * 1024)})),
    Case("settling", "an update at once followed by another", CONFLICT, early_update),
    Case("told", "a revision after settling", True, early_revision),
    Case("told", "a log group", ["/one", "/two"], logging),
    Case("told", "an architecture", ["arm64"], architecture),
    Case("revisions", "a stale revision", "PreconditionFailedException", stale_update),
    Case("digests", "another digest", INVALID, lambda at: said(at.functions.publish_version, FunctionName=at.function(), CodeSha256="AAAA")),
    Case("numbers", "code unchanged and settings changed", ["1", "1", "2"], unchanged),
    Case("numbers", "a number after a deleted one", "3", renumbered),
    Case("alias_revisions", "an alias's stale revision", "PreconditionFailedException", stale_alias),
    Case("alias_twins", "an alias twice", CONFLICT,
         lambda at: said(at.functions.create_alias, FunctionName=at.aliased(), Name="live", FunctionVersion="1")),
    Case("weights", "a weight of 1.5", "ValidationException", lambda at: realiased(at, at.aliased(), {"2": 1.5})),
    Case("weights", "a weight at birth", "ValidationException",
         lambda at: said(lambda: at.aliased(RoutingConfig={"AdditionalVersionWeights": {"2": 1.1}}))),
    Case("two_versions", "three versions", INVALID, lambda at: realiased(at, at.aliased(), {"2": 0.1, "3": 0.1})),
    Case("same_version", "a version beside itself", INVALID, lambda at: realiased(at, at.aliased(), {"1": 0.1})),
    Case("same_version", "an alias moved to what it is split with", INVALID,
         lambda at: said(at.functions.update_alias, Name="live", FunctionVersion="2",
                         FunctionName=at.aliased(RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}))),
    Case("latest_split", "$LATEST beside a version", INVALID, lambda at: realiased(at, at.aliased(), {"$LATEST": 0.1})),
    Case("latest_split", "a version beside $LATEST", INVALID, lambda at: realiased(at, at.aliased(), {"2": 0.1}, FunctionVersion="$LATEST")),
    Case("unknown_split", "a version that is not there", GONE, lambda at: realiased(at, at.aliased(), {"9": 0.1})),
    Case("unknown_version", "an alias to an alias", GONE,
         lambda at: said(at.functions.create_alias, FunctionName=at.aliased(), Name="other", FunctionVersion="live")),
    Case("pinned", "the version of an alias", CONFLICT, lambda at: said(at.functions.delete_function, FunctionName=at.aliased(), Qualifier="1")),
    Case("pinned", "the version beside it", CONFLICT,
         lambda at: said(at.functions.delete_function, Qualifier="2",
                         FunctionName=at.aliased(RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}))),
    Case("undeletable", "$LATEST", INVALID, lambda at: said(at.functions.delete_function, FunctionName=at.published(), Qualifier="$LATEST")),
    Case("qualified", "no qualifier where the alias has a policy", GONE, lambda at: policy_of(at, {}, {"Qualifier": "live"})),
    Case("qualified", "the alias where the function has a policy", GONE, lambda at: policy_of(at, {"Qualifier": "live"}, {})),
    Case("qualified", "the version where the alias has a policy", GONE, lambda at: policy_of(at, {"Qualifier": "1"}, {"Qualifier": "live"})),
    Case("qualified", "a permission taken from the alias alone", f"ok {GONE}", removed),
    Case("qualified", "the policy of an alias made anew", GONE, dropped),
    Case("statements", "a permission twice", CONFLICT, twice_permitted),
    Case("latest_policy", "a permission for $LATEST", INVALID, lambda at: said(lambda: at.permit(at.function(), Qualifier="$LATEST"))),
    Case("unknown_function", "versions of nothing", GONE, lambda at: said(at.functions.list_versions_by_function, FunctionName=new())),
    Case("invoke", "a call that nobody runs", CONFLICT, lambda at: said(at.functions.invoke, FunctionName=at.function())),
]
# fmt: on
