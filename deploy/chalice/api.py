"""chalice's API made ours: each address calls its own function's alias, one of them streams, and the gateway's own words carry CORS. Pure.

This file knows Swagger 2.0 with API Gateway's extensions; it must know no function but by its name. chalice must say every route of the bundle,
each with the authorizer or without it as the bundle says: one address more, less or open is an error, never an export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.utils import to_cfn_resource_name as logical

from deploy import bundle
from deploy.chalice.skeleton import changed, swap
from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.local.aws import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.owner import Place

KIND = "AWS::Serverless::Api"
_INTEGRATION = "x-amazon-apigateway-integration"
_ORIGIN = "${SiteOrigin}"


def finished(made: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return the API. Raises DeployError where chalice's is not what it was."""
    document = made["Properties"]["DefinitionBody"]
    _check(document)
    for route in bundle.ROUTES:
        method = document["paths"][route.path][route.method.lower()]
        method[_INTEGRATION] = _integration(method[_INTEGRATION], route)
    for path, methods in document["paths"].items():
        methods["options"] = _preflight(", ".join([*(one.upper() for one in methods), "OPTIONS"]), path)
    for name, guard in document["securityDefinitions"].items():
        about = guard["x-amazon-apigateway-authorizer"]
        about["authorizerUri"] = _to_alias(about["authorizerUri"], logical(name), name)
    document["x-amazon-apigateway-gateway-responses"] = _answers()
    limits = {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": place.rate, "ThrottlingBurstLimit": place.burst}
    # Without OpenApiVersion, SAM publishes a second stage, named Stage, without limits.
    made["Properties"] |= {"EndpointConfiguration": {"Type": "REGIONAL"}, "OpenApiVersion": "2.0", "MethodSettings": [limits]}
    return made


def _check(document: Mapping[str, Any]) -> None:
    guard = next(one.name for one in bundle.FUNCTIONS if one.kind == "authorizer")
    said = {(method.upper(), path): about.get("security") for path, methods in document["paths"].items() for method, about in methods.items()}
    wanted: Mapping[Any, Any] = {(route.method, route.path): [{guard: []}] if route.guarded else None for route in bundle.ROUTES}
    if said != wanted or set(document["securityDefinitions"]) != {guard}:
        raise changed("has other addresses, or other guards of them, than the bundle")


def _integration(made: Mapping[str, Any], route: bundle.Route) -> dict[str, Any]:
    """Return how an address calls its function, without what chalice adds for binary bodies: a stream takes no conversion (aws.md, 1.2)."""
    uri = _to_alias(made["uri"], "APIHandler", route.function)
    if route.streams:
        uri["Fn::Sub"][0] = swap(swap(uri["Fn::Sub"][0], "2015-03-31", "2021-11-15"), "/invocations", "/response-streaming-invocations")
    return {
        **{name: made[name] for name in ("type", "httpMethod", "passthroughBehavior")},
        "uri": uri,
        "responseTransferMode": "STREAM" if route.streams else "BUFFERED",
        "timeoutInMillis": int((LIMITS.stream_seconds if route.streams else LIMITS.seconds) * 1000),
    }


def _to_alias(uri: Mapping[str, str], old: str, function: str) -> dict[str, Any]:
    # SAM would take ${Chat.Alias} within the text, too; cfn-lint would not.
    return {"Fn::Sub": [swap(uri["Fn::Sub"], f"${{{old}.Arn}}", "${Alias}"), {"Alias": {"Ref": f"{logical(function)}.Alias"}}]}


def _preflight(methods: str, path: str) -> dict[str, Any]:
    """Return what asks nobody for a token, since browsers send none (aws.md, 5)."""
    headers = preflight_headers(_ORIGIN, methods)
    answer = {"statusCode": "204", "responseParameters": {f"method.response.header.{name}": _text(value) for name, value in headers.items()}}
    return {
        "summary": f"The preflight of {path}",
        "responses": {"204": {"description": "What a browser may send", "headers": {name: {"type": "string"} for name in headers}}},
        _INTEGRATION: {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 204}'}, "responses": {"default": answer}},
    }


def _answers() -> dict[str, Any]:
    """Return what the gateway says by itself, which chalice leaves to the gateway (aws.md, 3.5)."""
    answers = {}
    for one in gateway_responses("aws", _ORIGIN):
        headers = {f"gatewayresponse.header.{name}": _text(value) for name, value in one.headers.items()}
        status = {} if one.status is None else {"statusCode": str(one.status)}
        answers[one.type] = {**status, "responseParameters": headers, "responseTemplates": {"application/json": one.body}}
    return answers


def _text(value: str) -> Any:
    """Return a header's value as a mapping expression: a context variable as itself, text in quotes, the origin as it will be."""
    if value.startswith("$context."):
        return value.removeprefix("$")
    return {"Fn::Sub": f"'{value}'"} if _ORIGIN in value else f"'{value}'"
