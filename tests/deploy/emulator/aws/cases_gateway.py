"""What API Gateway is asked. A case is a gap, a question, and AWS's answer; to add one, name its gap in moto_gaps_gateway.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.deploy.emulator.aws.account import STREAMS, Case, new, said

if TYPE_CHECKING:
    from tests.deploy.emulator.aws.account import Account

BAD, NONE = "BadRequestException", "NotFoundException"


def mode(at: Account) -> Any:
    """Return a method's transfer mode, as the integration, the method and the list of resources tell it."""
    method = at.method()
    put = at.integrate(method, uri=STREAMS, responseTransferMode="STREAM", timeoutInMillis=900_000)
    got = at.apigateway.get_method(**method)["methodIntegration"]
    listed = at.apigateway.get_resources(restApiId=method["restApiId"], embed=["methods"])["items"]
    shown = [one["resourceMethods"]["POST"]["methodIntegration"] for one in listed if one.get("resourceMethods")]
    return [one.get("responseTransferMode") for one in (put, got, *shown)]


def integrated(at: Account, **also: Any) -> str:
    """Say what such an integration is answered with."""
    return said(lambda: at.integrate(at.method(), **also))


def paged(at: Account) -> Any:
    """Return how many resources come at once, and in all, of 31."""
    api = at.api()
    for number in range(29):
        at.apigateway.create_resource(restApiId=api["restApiId"], parentId=api["resourceId"], pathPart=str(number))
    pages = at.apigateway.get_paginator("get_resources").paginate(restApiId=api["restApiId"])
    return [len(page["items"]) for page in pages]


def orphans(at: Account) -> Any:
    """Delete a resource that has a child; return the paths that are left."""
    api = at.api()
    at.apigateway.create_resource(restApiId=api["restApiId"], parentId=api["resourceId"], pathPart="child")
    at.apigateway.delete_resource(**api)
    return [one["path"] for one in at.apigateway.get_resources(restApiId=api["restApiId"])["items"]]


def summary(at: Account) -> Any:
    """Return the methods that a deployment holds, after one more was made."""
    method = at.method()
    at.integrate(method)
    deployment = at.apigateway.create_deployment(restApiId=method["restApiId"])
    at.apigateway.put_method(**{**method, "httpMethod": "PUT"}, authorizationType="NONE")
    held = at.apigateway.get_deployment(restApiId=method["restApiId"], deploymentId=deployment["id"], embed=["apisummary"]).get("apiSummary")
    return held and {path: list(methods) for path, methods in held.items()}


def redeployed(at: Account) -> Any:
    """Return what a stage keeps of its settings when it is deployed again."""
    stage = at.staged()
    at.patch(stage, **{"/*/*/throttling/rateLimit": "7", "/variables/colour": "blue"})
    at.apigateway.create_deployment(**stage)
    kept = at.apigateway.get_stage(**stage)
    return kept["methodSettings"].get("*/*", {}).get("throttlingRateLimit"), kept["variables"]


def deleted_deployments(at: Account) -> str:
    """Delete the deployment that a stage has left, and the one that it was pointed at."""
    stage = at.staged()
    left, api = at.apigateway.get_stage(**stage)["deploymentId"], stage["restApiId"]
    taken = at.apigateway.create_deployment(restApiId=api)["id"]
    at.patch(stage, **{"/deploymentId": taken})
    return " ".join(said(at.apigateway.delete_deployment, restApiId=api, deploymentId=one) for one in (left, taken))


def answered(at: Account, second: str, times: int) -> str:
    """Set a method's response so many times, then map to one."""
    method, given = at.method(), {"statusCode": "204"}
    at.integrate(method, type="MOCK")
    answers = [said(at.apigateway.put_method_response, **method, **given) for _ in range(times)]
    return answers[-1] if second == "" else said(at.apigateway.put_integration_response, **method, statusCode=second)


# fmt: off
CASES = [
    Case("transfer_mode", "STREAM", ["STREAM", "STREAM", "STREAM"], mode),
    Case("streaming", "STREAM with the buffered URI", BAD, lambda at: integrated(at, responseTransferMode="STREAM")),
    Case("streaming", "BUFFERED with the streaming URI", BAD, lambda at: integrated(at, uri=STREAMS)),
    Case("streaming", "STREAM from a mock", BAD, lambda at: integrated(at, type="MOCK", responseTransferMode="STREAM")),
    Case("integration_timeout", "30 s buffered", BAD, lambda at: integrated(at, timeoutInMillis=30_000)),
    Case("integration_timeout", "16 min streamed", BAD,
         lambda at: integrated(at, uri=STREAMS, responseTransferMode="STREAM", timeoutInMillis=960_000)),
    Case("binary_types", "binary types", ["*/*"], lambda at: at.apigateway.create_rest_api(name=new(), binaryMediaTypes=["*/*"])["binaryMediaTypes"]),
    Case("expression", "an expression for tokens", "^Bearer ",
         lambda at: at.authorize(at.api()["restApiId"], identityValidationExpression="^Bearer ").get("identityValidationExpression")),
    Case("embed", "resources without their methods", [{}],
         lambda at: [one["resourceMethods"]["POST"] for one in at.apigateway.get_resources(restApiId=at.method()["restApiId"])["items"]
                     if one.get("resourceMethods")]),
    Case("pages", "31 resources", [25, 6], paged),
    Case("children", "a parent's children", ["/"], orphans),
    Case("absent", "deleting no API", NONE, lambda at: said(at.apigateway.delete_rest_api, restApiId=new())),
    Case("absent", "deleting no resource", NONE,
         lambda at: said(at.apigateway.delete_resource, restApiId=at.api()["restApiId"], resourceId=new())),
    Case("absent", "deleting no authorizer", NONE,
         lambda at: said(at.apigateway.delete_authorizer, restApiId=at.api()["restApiId"], authorizerId=new())),
    Case("absent", "no deployment", NONE, lambda at: said(at.apigateway.get_deployment, restApiId=at.api()["restApiId"], deploymentId=new())),
    Case("snapshots", "what was deployed", {"/v1": ["POST"]}, summary),
    Case("snapshots", "a stage deployed again", (7.0, {"colour": "blue"}), redeployed),
    Case("deployment_used", "deployments left and taken", f"ok {BAD}", deleted_deployments),
    Case("deployment_unknown", "a stage at no deployment", NONE, lambda at: said(lambda: at.patch(at.staged(), **{"/deploymentId": "none"}))),
    Case("method_twins", "a method twice", "ConflictException", lambda at: said(at.apigateway.put_method, **at.method(), authorizationType="NONE")),
    Case("method_authorizer", "an authorizer that is not there", BAD,
         lambda at: said(at.apigateway.put_method, **at.api(), httpMethod="GET", authorizationType="CUSTOM", authorizerId="none")),
    Case("method_absent", "deleting no method", NONE, lambda at: said(at.apigateway.delete_method, **at.api(), httpMethod="GET")),
    Case("resource_twins", "a resource twice", "ConflictException", lambda at: said(lambda: [
        at.apigateway.create_resource(restApiId=api["restApiId"], parentId=api["resourceId"], pathPart="a") for api in [at.api()] * 2])),
    Case("response_twins", "a method's response twice", "ConflictException", lambda at: answered(at, "", 2)),
    Case("response_absent", "a response that the method lacks", BAD, lambda at: answered(at, "200", 1)),
    Case("gateway_response_types", "a gateway response of no type", BAD,
         lambda at: said(at.apigateway.put_gateway_response, restApiId=at.api()["restApiId"], responseType="TEAPOT")),
    Case("gateway_response_absent", "deleting no gateway response", NONE,
         lambda at: said(at.apigateway.delete_gateway_response, restApiId=at.api()["restApiId"], responseType="THROTTLED")),
    Case("authorizer_ttl", "two hours of cache", BAD,
         lambda at: said(lambda: at.authorize(at.api()["restApiId"], authorizerResultTtlInSeconds=7200))),
    Case("authorizer_ttl", "two hours of cache, later", BAD, lambda at: said(lambda: at.apigateway.update_authorizer(
        restApiId=(api := at.api()["restApiId"]), authorizerId=at.authorize(api)["id"],
        patchOperations=[{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "7200"}]))),
    Case("authorizer_twins", "an authorizer twice", BAD, lambda at: said(lambda: [at.authorize(api) for api in [at.api()["restApiId"]] * 2])),
    Case("account_role", "the account's role, unfit", BAD, lambda at: said(
        at.apigateway.update_account, patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": at.role()}])),
    Case("access_logs", "logs without a role", BAD,
         lambda at: said(lambda: at.patch(at.staged(), **{"/accessLogSettings/format": "$context.requestId"}))),
    Case("stage_patches", "an unknown setting", BAD, lambda at: said(lambda: at.patch(at.staged(), **{"/throttling/rateLimit": "1"}))),
]
# fmt: on
