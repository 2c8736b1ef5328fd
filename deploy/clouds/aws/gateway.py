"""The API on AWS: API Gateway, REST API, REGIONAL (aws.md, 1.2, 5 and 6).

This file knows API Gateway's keys and its order (resources, methods, integrations, then a deployment); it must not know Lambda's but for the
alias that is called. What is edited is invisible until it is deployed, and the stage's variable `release` says what of ours was deployed last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deploy.clouds import DeployError
from deploy.clouds.aws.account import code
from deploy.steps import Answer, Authorizer, Preflight, Release, Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.aws.account import Account
    from deploy.steps import Pairs, Thing

STAGE = "live"
#: Milliseconds: the longest that a buffered and a streamed answer may take (aws.md, 1.2).
_LONGEST = {False: 29_000, True: 900_000}
_EDITING = "editing"
_NOT_THERE = ("NotFoundException",)
# Changes to one API are taken one at a time; what comes too early is told to come again.
_BUSY = ("TooManyRequestsException", "ConflictException")
_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/(2015-03-31|2021-11-15)/functions/(\S+)/(invocations|response-streaming-invocations)")
_GUARD = "twocan"
# No header, no query and no body: a token must not reach a log.
_ACCESS_LOG = (
    '{"request_id":"$context.requestId","ip":"$context.identity.sourceIp","method":"$context.httpMethod","path":"$context.resourcePath",'
    '"status":"$context.status","bytes":"$context.responseLength","ms":"$context.responseLatency"}'
)


def find_api(account: Account) -> str:
    """Return the id of the stage's API, or ""."""
    named = _named(account)
    if len(named) > 1:
        raise DeployError(f"There are {len(named)} APIs named {account.names.all}. Delete those that no page uses, then try again.")
    return named[0] if named else ""


def _named(account: Account) -> list[str]:
    return [one["id"] for one in account.pages("apigateway", "get_rest_apis", "items") if one["name"] == account.names.all]


def put_api(account: Account) -> str:
    """Make the API and return its id."""
    about = {"name": account.names.all, "endpointConfiguration": {"types": ["REGIONAL"]}, "tags": {"twocan": account.names.stage}}
    answer = account.call("apigateway", "create_rest_api", again=("TooManyRequestsException",), **about)
    made: str = answer["id"]
    if answer["ResponseMetadata"].get("RetryAttempts"):
        # A try whose answer was lost has made one, too; there was none before this step, and nothing is in it yet.
        for twin in _named(account):
            if twin != made:
                delete_api(account, twin)
    return made


def delete_api(account: Account, api: str) -> None:
    """Delete the API with all that is in it."""
    account.find("apigateway", "delete_rest_api", _NOT_THERE, restApiId=api)


def observe(account: Account, api: str) -> Iterator[Thing]:
    """Yield the API's parts as they are edited now, and the release as it was deployed last."""
    guards = {one["id"]: one for one in account.call("apigateway", "get_authorizers", restApiId=api)["items"]}
    for one in guards.values():
        if one["name"] == _GUARD:
            function, _ = _called(account, one.get("authorizerUri", ""))
            yield Authorizer(function, one.get("authorizerResultTtlInSeconds", 300))
    for resource in account.pages("apigateway", "get_resources", "items", restApiId=api, embed=["methods"]):
        for method, about in resource.get("resourceMethods", {}).items():
            yield _preflight(resource["path"], about) if method == "OPTIONS" else _route(account, resource["path"], method, about, set(guards))
    for one in account.pages("apigateway", "get_gateway_responses", "items", restApiId=api):
        if not one.get("defaultResponse"):
            yield _answer(one)
    stage = account.find("apigateway", "get_stage", _NOT_THERE, restApiId=api, stageName=STAGE)
    if stage is not None:
        yield _release(stage)


def put_authorizer(account: Account, api: str, authorizer: Authorizer) -> None:
    """Make the TOKEN authorizer anew: what it calls is the function's alias."""
    about = {
        "type": "TOKEN",
        "authorizerUri": _uri(account, authorizer.function, streams=False),
        "identitySource": "method.request.header.Authorization",
        "authorizerResultTtlInSeconds": authorizer.seconds,
    }
    there = _guard_id(account, api)
    if not there:
        account.call("apigateway", "create_authorizer", again=_BUSY, restApiId=api, name=_GUARD, **about)
        return
    changes = [{"op": "replace", "path": f"/{name}", "value": str(value)} for name, value in about.items() if name != "type"]
    account.call("apigateway", "update_authorizer", again=_BUSY, restApiId=api, authorizerId=there, patchOperations=changes)


def put_route(account: Account, api: str, route: Route) -> None:
    """Make the address anew. A guarded one has its authorizer from its first call on, so that it is never open, whenever this ends."""
    where = {"restApiId": api, "resourceId": _resource(account, api, route.path), "httpMethod": route.method}
    account.find("apigateway", "delete_method", _NOT_THERE, **where)
    guard = {"authorizationType": "CUSTOM", "authorizerId": _guard_id(account, api)} if route.guarded else {"authorizationType": "NONE"}
    account.call("apigateway", "put_method", again=_BUSY, **where, **guard)
    _integrate(account, where, route)


def _integrate(account: Account, where: Mapping[str, str], route: Route) -> None:
    about = {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": _uri(account, route.function, streams=route.streams),
        "responseTransferMode": "STREAM" if route.streams else "BUFFERED",
    }
    try:
        account.call("apigateway", "put_integration", again=_BUSY, **where, **about, timeoutInMillis=_LONGEST[route.streams])
    except DeployError as error:
        if not route.streams or code(error) != "BadRequestException":
            raise
        # UNCONFIRMED (aws.md, 1.2 and 12): whether a stream's 15 minutes may be said. If not, they are what a stream has.
        account.call("apigateway", "put_integration", again=_BUSY, **where, **about)


def put_preflight(account: Account, api: str, preflight: Preflight) -> None:
    """Make OPTIONS anew: a MOCK that asks nobody for a token, since browsers send none (aws.md, 5)."""
    where = {"restApiId": api, "resourceId": _resource(account, api, preflight.path), "httpMethod": "OPTIONS"}
    account.find("apigateway", "delete_method", _NOT_THERE, **where)
    account.call("apigateway", "put_method", again=_BUSY, **where, authorizationType="NONE")
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 204}'}}
    account.call("apigateway", "put_integration", again=_BUSY, **where, **mock)
    headers = {f"method.response.header.{name}": f"'{value}'" for name, value in preflight.headers}
    account.call("apigateway", "put_method_response", again=_BUSY, **where, statusCode="204", responseParameters=dict.fromkeys(headers, False))
    account.call("apigateway", "put_integration_response", again=_BUSY, **where, statusCode="204", responseParameters=headers)


def delete_method(account: Account, api: str, path: str, method: str) -> None:
    """Delete one method; an empty resource that stays behind answers nobody."""
    for resource in account.pages("apigateway", "get_resources", "items", restApiId=api):
        if resource["path"] == path:
            account.find("apigateway", "delete_method", _NOT_THERE, restApiId=api, resourceId=resource["id"], httpMethod=method)


def put_answer(account: Account, api: str, answer: Answer) -> None:
    """Say what the gateway answers by itself for a type of error."""
    headers = {f"gatewayresponse.header.{name}": _mapped(str(value)) for name, value in answer.headers}
    status = {} if answer.status is None else {"statusCode": str(answer.status)}
    about = {"responseType": answer.type, "responseParameters": headers, "responseTemplates": {"application/json": answer.body}}
    account.call("apigateway", "put_gateway_response", again=_BUSY, restApiId=api, **about, **status)


def delete_answer(account: Account, api: str, answer: Answer) -> None:
    """Go back to the gateway's own words."""
    account.find("apigateway", "delete_gateway_response", _NOT_THERE, restApiId=api, responseType=answer.type)


def put_release(account: Account, api: str, release: Release) -> None:
    """Deploy the API as it is edited now, or, without a digest, only say that it is being edited."""
    if not release.digest:
        account.call("apigateway", "update_stage", again=_BUSY, restApiId=api, stageName=STAGE, patchOperations=[_variable(_EDITING)])
        return
    about = {"restApiId": api, "stageName": STAGE, "description": f"release {release.digest}"}
    account.call("apigateway", "create_deployment", again=_BUSY, **about)
    log = account.names.arn("logs", f"log-group:{account.names.log('gateway')}")
    changes = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": str(release.rate)},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": str(release.burst)},
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": log},
        {"op": "replace", "path": "/accessLogSettings/format", "value": _ACCESS_LOG},
        # Last, and in the same call: it says that all the others are so.
        _variable(str(release.digest)),
    ]
    account.call("apigateway", "update_stage", again=_BUSY, restApiId=api, stageName=STAGE, patchOperations=changes)


def delete_authorizer(account: Account, api: str) -> None:
    """Delete the authorizer, once no address has it any more."""
    there = _guard_id(account, api)
    if there:
        account.find("apigateway", "delete_authorizer", _NOT_THERE, restApiId=api, authorizerId=there)


def delete_release(account: Account, api: str) -> None:
    """Take the API from its address."""
    account.find("apigateway", "delete_stage", _NOT_THERE, restApiId=api, stageName=STAGE)


def _variable(value: str) -> dict[str, str]:
    return {"op": "replace", "path": "/variables/release", "value": value}


def _resource(account: Account, api: str, path: str) -> str:
    """Return the id of the resource at a path, making it and its parents where they are absent."""
    there = {one["path"]: one["id"] for one in account.pages("apigateway", "get_resources", "items", restApiId=api)}
    parent: str = there["/"]
    at = ""
    for part in path.strip("/").split("/"):
        at = f"{at}/{part}"
        if at not in there:
            made = account.call("apigateway", "create_resource", again=("TooManyRequestsException",), restApiId=api, parentId=parent, pathPart=part)
            there[at] = made["id"]
        parent = there[at]
    return parent


def _guard_id(account: Account, api: str) -> str:
    guards = account.call("apigateway", "get_authorizers", restApiId=api)["items"]
    found: str = next((one["id"] for one in guards if one["name"] == _GUARD), "")
    return found


def _uri(account: Account, function: str, *, streams: bool) -> str:
    version, call = ("2021-11-15", "response-streaming-invocations") if streams else ("2015-03-31", "invocations")
    names = account.names
    return f"arn:{names.partition}:apigateway:{names.region}:lambda:path/{version}/functions/{names.alias_arn(function)}/{call}"


def _called(account: Account, uri: str) -> tuple[str, bool]:
    """Return the function whose alias an address calls, "" for anything else, and whether it streams."""
    found = _URI.fullmatch(uri)
    if found is None:
        return "", False
    head, tail = account.names.alias_arn("\0").split("\0")
    name = found[2].removeprefix(head).removesuffix(tail)
    return (name if head + name + tail == found[2] else ""), found[3] != "invocations"


def _route(account: Account, path: str, method: str, about: Mapping[str, Any], guards: set[str]) -> Route:
    """Return the address as it is; one that is not quite ours has no function, so that it differs from every one that is wanted."""
    integration = about.get("methodIntegration", {})
    function, streams = _called(account, integration.get("uri", ""))
    guarded = about.get("authorizationType") == "CUSTOM" and about.get("authorizerId") in guards
    sound = integration.get("type") == "AWS_PROXY" and (guarded or about.get("authorizationType") == "NONE")
    streaming = integration.get("responseTransferMode", "BUFFERED") == "STREAM"
    return Route(method, path, function if sound and streaming == streams else "", guarded, streams)


def _preflight(path: str, about: Mapping[str, Any]) -> Preflight:
    integration = about.get("methodIntegration", {})
    answers = integration.get("integrationResponses", {})
    open_mock = integration.get("type") == "MOCK" and about.get("authorizationType") == "NONE"
    given = answers.get("204", {}).get("responseParameters", {}) if open_mock and "204" in about.get("methodResponses", {}) else {}
    return Preflight(path, _pairs(given, "method.response.header."))


def _answer(about: Mapping[str, Any]) -> Answer:
    status = int(about["statusCode"]) if about.get("statusCode") else None
    body = about.get("responseTemplates", {}).get("application/json", "")
    return Answer(about["responseType"], status, _pairs(about.get("responseParameters", {}), "gatewayresponse.header."), body)


def _release(stage: Mapping[str, Any]) -> Release:
    limits = stage.get("methodSettings", {}).get("*/*", {})
    digest = stage.get("variables", {}).get("release", "")
    logged = stage.get("accessLogSettings", {}).get("format") == _ACCESS_LOG
    rate, burst = limits.get("throttlingRateLimit", 0), limits.get("throttlingBurstLimit", 0)
    return Release("" if digest == _EDITING or not logged else digest, int(rate), int(burst))


def _pairs(given: Mapping[str, str], prefix: str) -> Pairs:
    return tuple(sorted((name.removeprefix(prefix), _unmapped(value)) for name, value in given.items()))


def _mapped(value: str) -> str:
    """Return a header's value as a mapping expression: a context variable as itself, text in quotes."""
    return value.removeprefix("$") if value.startswith("$context.") else f"'{value}'"


def _unmapped(value: str) -> str:
    return f"${value}" if value.startswith("context.") else value.removeprefix("'").removesuffix("'")
