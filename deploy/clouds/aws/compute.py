"""Functions on AWS: Lambda, their roles in IAM, their logs in CloudWatch (aws.md, 6 and 7).

This file knows the keys of these three services; it must not know the gateway's. Everything calls the alias `live`, never the newest code.
A function's description carries its code's digest and its release, because it is frozen into each version (aws.md, 9).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from deploy import streaming
from deploy.clouds import LIVE
from deploy.clouds.aws import asking
from deploy.steps import Function, Grant, Live, Log, Role
from functions.shared import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from deploy.clouds import Parcels
    from deploy.clouds.aws.account import Account
    from deploy.steps import Pairs, Thing

ALIAS = LIVE
_HANDLER = "index.handler"
_NOT_THERE = ("ResourceNotFoundException",)
# A role is not known everywhere for some seconds after it was made; a function is not writable while an update runs.
_NOT_YET = ("cannot be assumed", "ResourceConflictException", "TooManyRequestsException")
_DESCRIPTION = re.compile(r"Twocan (\S+) code=([0-9a-f]{64}) release=([0-9a-f]{64})")
_SECRET = {row.name for row in settings.TABLE if row.secret}
_SETTINGS = {row.name for row in settings.TABLE}
_GATEWAY_ROLE = "twocan-gateway-logs"
# What API Gateway itself asks for, on all groups: it checks this when the account is told the role.
_GATEWAY_ACTIONS = [
    f"logs:{verb}"
    for verb in (
        "CreateLogGroup",
        "CreateLogStream",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "PutLogEvents",
    )
]


def observe_logs(account: Account, names: tuple[str, ...]) -> Iterator[Thing]:
    """Yield the logs that are there. The gateway's counts only when the account lets the gateway write."""
    for of in (*names, "gateway"):
        group = account.names.log(of)
        found = account.call("logs", "describe_log_groups", logGroupNamePrefix=group)["logGroups"]
        days = next((one.get("retentionInDays", 0) for one in found if one["logGroupName"] == group), None)
        if days is not None:
            writes = of != "gateway" or account.call("apigateway", "get_account").get("cloudwatchRoleArn")
            yield Log(of, days if writes else 0)


def put_log(account: Account, log: Log) -> None:
    """Make the log group and set how long it keeps; for the gateway's, let the gateway write."""
    group = account.names.log(log.of)
    account.find("logs", "create_log_group", ("ResourceAlreadyExistsException",), logGroupName=group)
    account.call("logs", "put_retention_policy", logGroupName=group, retentionInDays=log.days)
    if log.of == "gateway":
        _let_the_gateway_write(account)


def delete_log(account: Account, log: Log) -> None:
    """Delete the log group with all it holds."""
    account.find("logs", "delete_log_group", _NOT_THERE, logGroupName=account.names.log(log.of))


def _let_the_gateway_write(account: Account) -> None:
    """Give API Gateway a role for its logs, unless the account has one: it is one per account and region, so it is never taken away."""
    if account.call("apigateway", "get_account").get("cloudwatchRoleArn"):
        return
    trust = _trust("apigateway.amazonaws.com")
    account.find("iam", "create_role", ("EntityAlreadyExists",), RoleName=_GATEWAY_ROLE, AssumeRolePolicyDocument=trust)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": _GATEWAY_ACTIONS, "Resource": "*"}]})
    account.call("iam", "put_role_policy", RoleName=_GATEWAY_ROLE, PolicyName="twocan", PolicyDocument=policy)
    change = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": account.names.role_arn(_GATEWAY_ROLE)}]
    account.call("apigateway", "update_account", again=("BadRequestException", "TooManyRequests"), patchOperations=change)


def observe_roles(account: Account, names: tuple[str, ...], models: Pairs) -> Iterator[Thing]:
    """Yield the roles that are there; one whose policy is not ours has `records` None.

    What else one may ask than these models is shown as its ARN.
    """
    for name in names:
        role = account.names.function(name)
        if account.find("iam", "get_role", ("NoSuchEntity",), RoleName=role) is None:
            continue
        there = account.find("iam", "get_role_policy", ("NoSuchEntity",), RoleName=role, PolicyName="twocan")
        yield _role(account, name, there["PolicyDocument"] if there else {}, models)


def _role(account: Account, name: str, allowed: Mapping[str, Any], models: Pairs) -> Role:
    for role in (Role(name, records, asked) for records in (True, False) for asked in ((), models)):
        if _policy(account, role) == allowed:
            return role
    there = allowed.get("Statement", [])
    for records in (True, False):
        own = _policy(account, Role(name, records))
        basis = own["Statement"]
        if {**allowed, "Statement": there[: len(basis)]} == own:
            return Role(name, records, tuple((arn, "is asked") for arn in asking.resources(there[len(basis) :])))
    return Role(name, None)


def put_role(account: Account, role: Role) -> None:
    """Make the role and say what it may."""
    name = account.names.function(role.of)
    trust = _trust("lambda.amazonaws.com")
    account.find("iam", "create_role", ("EntityAlreadyExists",), RoleName=name, AssumeRolePolicyDocument=trust)
    document = json.dumps(_policy(account, role))
    account.call("iam", "put_role_policy", RoleName=name, PolicyName="twocan", PolicyDocument=document)


def delete_role(account: Account, role: Role) -> None:
    """Delete the role; its policy must go first."""
    name = account.names.function(role.of)
    account.find("iam", "delete_role_policy", ("NoSuchEntity",), RoleName=name, PolicyName="twocan")
    account.find("iam", "delete_role", ("NoSuchEntity",), RoleName=name)


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(log: Any, table: Any, models: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what a function may do: exactly its own log, and exactly the calls that functions/shared/stores/dynamodb.py makes.

    `log` and `table` are ARNs, or what a template has for them; no table means no records. `models` are the statements of `asking`.
    """
    statements: list[Mapping[str, Any]] = [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log}]
    if table is not None:
        actions = [f"dynamodb:{verb}" for verb in ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": table})
    return {"Version": "2012-10-17", "Statement": [*statements, *models]}


def _policy(account: Account, role: Role) -> dict[str, Any]:
    names = account.names
    table = names.arn("dynamodb", f"table/{names.all}") if role.records else None
    return policy(names.arn("logs", f"log-group:{names.log(role.of)}:*"), table, asking.statements(role.models, names))


def observe_function(account: Account, name: str, mark: Callable[[str], str], api: str) -> tuple[str, list[Thing]]:
    """Return what the unpublished function says it is, and function, alias and grant as far as they are there.

    Values of secrets are blanked here, before they become data.
    """
    physical = account.names.function(name)
    there = account.find("lambda", "get_function_configuration", _NOT_THERE, FunctionName=physical)
    if there is None:
        return "", []
    things: list[Thing] = [_read(name, there, mark)]
    alias = account.find("lambda", "get_alias", _NOT_THERE, FunctionName=physical, Name=ALIAS)
    if alias is not None:
        version = account.call("lambda", "get_function_configuration", FunctionName=physical, Qualifier=alias["FunctionVersion"])
        things.append(Live(name, release_of(version)))
        if _granted(account, name, api):
            things.append(Grant(name))
    return release_of(there), things


def release_of(configuration: Mapping[str, Any]) -> str:
    """Return the release that a version says it is; "" for one that is not ours."""
    found = _DESCRIPTION.fullmatch(configuration.get("Description", ""))
    return found[3] if found else ""


def _read(name: str, there: Mapping[str, Any], mark: Callable[[str], str]) -> Function:
    variables = there.get("Environment", {}).get("Variables", {})
    described = _DESCRIPTION.fullmatch(there.get("Description", ""))
    # A variable that no setting of ours has would be somebody's own; it makes the settings differ, and goes with the next update.
    plain = {key: value for key, value in variables.items() if key not in _SECRET and key not in streaming.ENVIRONMENT}
    return Function(
        name=name,
        platform=f"{there['Runtime']}/{(there.get('Architectures') or ['x86_64'])[0]}",
        code=described[2] if described else "",
        version=described[1] if described else "",
        settings=tuple(sorted((key, settings.unpacked(value) or value) for key, value in plain.items())),
        secrets=tuple(sorted((key, mark(value)) for key, value in variables.items() if key in _SECRET)),
        seconds=there["Timeout"],
        memory=there["MemorySize"],
        streams=streaming.ENVIRONMENT.items() <= variables.items(),
    )


def put_function(account: Account, function: Function, parcels: Parcels) -> str:
    """Make or update the unpublished function, and return its release. Code first: only then does the description say that it is there."""
    physical = account.names.function(function.name)
    processor = function.platform.split("/")[1]
    code = {"ZipFile": parcels.zip(function), "Architectures": [processor]}
    there = account.find("lambda", "get_function_configuration", _NOT_THERE, FunctionName=physical)
    configuration = _configuration(account, function, _variables(function, there, parcels), parcels.release(function))
    if there is None:
        about = {"FunctionName": physical, "PackageType": "Zip", "Code": {"ZipFile": code["ZipFile"]}, "Architectures": [processor]}
        account.call("lambda", "create_function", again=_NOT_YET, **about, **configuration, Tags={"twocan": account.names.stage})
    else:
        account.call("lambda", "update_function_code", again=_NOT_YET, FunctionName=physical, **code)
        _settle(account, physical)
        account.call("lambda", "update_function_configuration", again=_NOT_YET, FunctionName=physical, **configuration)
    _settle(account, physical)
    return parcels.release(function)


def _configuration(account: Account, function: Function, variables: Mapping[str, str], release: str) -> dict[str, Any]:
    return {
        "Runtime": function.platform.split("/")[0],
        "Handler": _HANDLER,
        "Role": account.names.role_arn(account.names.function(function.name)),
        "Timeout": function.seconds,
        "MemorySize": function.memory,
        "Environment": {"Variables": dict(variables)},
        "Description": f"Twocan {function.version} code={function.code} release={release}",
    }


def _variables(function: Function, there: Mapping[str, Any] | None, parcels: Parcels) -> dict[str, str]:
    """Return the environment; a secret that is not known on this machine stays as it is."""
    kept = there.get("Environment", {}).get("Variables", {}) if there else {}
    known = {name: parcels.secret(name) for name, _ in function.secrets}
    secrets = {name: kept.get(name) if value is None else value for name, value in known.items()}
    loop = streaming.ENVIRONMENT if function.streams else {}
    given = {name: settings.packed(str(value)) for name, value in function.settings} | {
        name: value for name, value in secrets.items() if value is not None
    }
    return {**given, **loop}


def delete_function(account: Account, function: Function) -> None:
    """Delete the function with all versions and aliases."""
    account.find("lambda", "delete_function", _NOT_THERE, FunctionName=account.names.function(function.name))


def put_live(account: Account, live: Live) -> None:
    """Publish what is there and let the alias lead to it. Unchanged code gets the number it had (aws.md, 7)."""
    version = publish(account, live.function)
    about = {"FunctionName": account.names.function(live.function), "Name": ALIAS, "FunctionVersion": version}
    # There by a try whose answer was lost; it is made here only, and led to the same version.
    account.find("lambda", "create_alias", ("ResourceConflictException",), **about)


def delete_live(account: Account, live: Live) -> None:
    """Delete the alias."""
    account.find("lambda", "delete_alias", _NOT_THERE, FunctionName=account.names.function(live.function), Name=ALIAS)


def publish(account: Account, function: str) -> str:
    """Publish the function as it is now, and return the version's number."""
    physical = account.names.function(function)
    _settle(account, physical)
    there = account.call("lambda", "get_function_configuration", FunctionName=physical)
    # Its own digest, so that what somebody else has just uploaded is not published as ours.
    pinned = {"CodeSha256": there["CodeSha256"], "Description": there["Description"]}
    number: str = account.call("lambda", "publish_version", again=_NOT_YET, FunctionName=physical, **pinned)["Version"]
    _settle(account, physical, number)
    return number


def put_grant(account: Account, grant: Grant, api: str) -> None:
    """Let the gateway call the alias. A permission is per qualifier (aws.md, 7): without one, it would not be for the alias."""
    physical = account.names.function(grant.function)
    account.find("lambda", "remove_permission", _NOT_THERE, FunctionName=physical, StatementId="gateway", Qualifier=ALIAS)
    account.call(
        "lambda",
        "add_permission",
        FunctionName=physical,
        Qualifier=ALIAS,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=_source(account, api),
    )


def delete_grant(account: Account, grant: Grant) -> None:
    """Take the gateway's permission away."""
    name = account.names.function(grant.function)
    account.find("lambda", "remove_permission", _NOT_THERE, FunctionName=name, StatementId="gateway", Qualifier=ALIAS)


def _granted(account: Account, function: str, api: str) -> bool:
    policy = account.find("lambda", "get_policy", _NOT_THERE, FunctionName=account.names.function(function), Qualifier=ALIAS)
    statements = json.loads(policy["Policy"])["Statement"] if policy else []
    ours = [one for one in statements if one.get("Sid") == "gateway"]
    return any(one.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn") == _source(account, api) for one in ours)


def _source(account: Account, api: str) -> str:
    return account.names.arn("execute-api", f"{api}/*")


def _settle(account: Account, physical: str, qualifier: str = "$LATEST") -> None:
    def settled() -> bool:
        there = account.call("lambda", "get_function_configuration", FunctionName=physical, Qualifier=qualifier)
        return bool(there.get("State", "Active") == "Active" and there.get("LastUpdateStatus", "Successful") == "Successful")

    account.wait(f"The function {physical}", settled)
