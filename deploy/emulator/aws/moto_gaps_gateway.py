"""Where moto 5.2 is not API Gateway: moto_gaps.py says what a gap is (aws.md, 1.2, 4 and 5).

`deployed` reads what a stage serves: a deployment's snapshot, not what is being edited. To add a gap, do as moto_gaps.py says.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.apigateway.models import APIGatewayBackend, Authorizer, RestAPI, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.core.utils import get_service_model

from deploy.emulator.aws.moto_gaps import gap, refusal, refuse, sent, trusts

if TYPE_CHECKING:
    from deploy.emulator.aws.moto_gaps import Close


class Deployed(NamedTuple):
    """What a stage serves: its API as it was at the deployment, and the stage's own settings as they are now. All in API Gateway's words."""

    api: dict[str, Any]
    resources: list[dict[str, Any]]
    authorizers: list[dict[str, Any]]
    gateway_responses: list[dict[str, Any]]
    stage: dict[str, Any]


def deployed(api: str, stage: str, *, region: str, account: str = "123456789012") -> Deployed:
    """Return what a stage serves. Raises moto's RestAPINotFound or StageNotFoundException."""
    backend = apigateway_backends[account][region]
    settings = backend.get_stage(api, stage)
    snapshot = vars(backend.get_deployment(api, str(settings.deployment_id)))["snapshot"]
    return Deployed(**copy.deepcopy(snapshot), stage=copy.deepcopy(settings.to_json()))


def _rest(asked: Any) -> Any:
    return asked.backend.get_rest_api(asked.path.split("/")[2])


def _resource(asked: Any) -> Any:
    return asked.backend.get_resource(*asked.path.split("/")[2:5:2])


def _method(asked: Any) -> Any:
    return _resource(asked).get_method(sent(asked, "http_method"))


def _response_types() -> list[str]:
    shape: Any = get_service_model("apigateway").shape_for("GatewayResponseType")
    return list(shape.enum)


def _operations(asked: Any) -> list[tuple[str, str]]:
    return [(one["path"], one.get("value", "")) for one in sent(asked, "patchOperations", [])]


def _ill_streamed(asked: Any) -> bool:
    """Say whether transfer mode, type and URI do not belong together (aws.md, 1.2)."""
    streams, kind = sent(asked, "responseTransferMode") == "STREAM", sent(asked, "type")
    invoked = re.search(r"/2021-11-15/functions/.+/response-streaming-invocations$", sent(asked, "uri", ""))
    return (streams and kind not in ("AWS_PROXY", "HTTP_PROXY")) or (kind == "AWS_PROXY" and streams != bool(invoked))


def _timeout_beyond(asked: Any) -> bool:
    return not 50 <= sent(asked, "timeoutInMillis", 50) <= (900_000 if sent(asked, "responseTransferMode") == "STREAM" else 29_000)


def _account_role_unfit(asked: Any) -> bool:
    roles = [value for path, value in _operations(asked) if path == "/cloudwatchRoleArn" and value]
    return not all(trusts(asked.current_account, role, "apigateway.amazonaws.com") for role in roles)


def _ttl_beyond(asked: Any) -> bool:
    values = [sent(asked, "authorizerResultTtlInSeconds", 300), *(v for path, v in _operations(asked) if path.endswith("TtlInSeconds"))]
    return any(not 0 <= int(value) <= 3600 for value in values)


def _logs_without_role(asked: Any) -> bool:
    logs = [path for path, value in _operations(asked) if path.startswith("/accessLogSettings/") or (path.endswith("/loglevel") and value != "OFF")]
    return bool(logs) and not asked.backend.get_account().cloudwatch_role_arn


def _deployments_named(asked: Any) -> list[str]:
    return [value for path, value in [*_operations(asked), ("/deploymentId", sent(asked, "deploymentId"))] if path == "/deploymentId" and value]


_PATCHES = re.compile(
    r"/(variables/.+|deploymentId|description|tracingEnabled|cacheCluster(Enabled|Size)|accessLogSettings(/(destinationArn|format))?|"
    r"[^/]+/[^/]+/(metrics/enabled|logging/(dataTrace|loglevel)|throttling/(burstLimit|rateLimit)|caching/.+))"
)


@gap("transfer_mode", "moto drops responseTransferMode; AWS keeps it (aws.md, 1.2 and 4).", APIGatewayResponse, "put_integration")
def _keep_mode(proceed: Close, asked: Any) -> Any:
    proceed()
    integration = _resource(asked).get_integration(sent(asked, "http_method"))
    plain, mode = integration.to_json, sent(asked, "responseTransferMode")
    integration.to_json = lambda: {**plain(), **({"responseTransferMode": mode} if mode else {})}
    return 201, {"status": 201}, json.dumps(integration.to_json())


@gap("binary_types", "moto drops the binaryMediaTypes of a new API; AWS keeps them.", APIGatewayResponse, "create_rest_api")
def _keep_types(proceed: Close, asked: Any) -> Any:
    status, headers, body = proceed()
    api = asked.backend.get_rest_api(json.loads(body)["id"])
    api.binaryMediaTypes = sent(asked, "binaryMediaTypes") or []
    return status, headers, json.dumps(api.to_dict())


@gap("expression", "moto misspells and so drops an authorizer's identityValidationExpression; AWS keeps it.", Authorizer, "__init__")
def _keep_expression(proceed: Close, authorizer: Any, *_: Any, **kwargs: Any) -> None:
    proceed()
    authorizer.identity_validation_expression = kwargs.get("identiy_validation_expression")


@gap(
    "embed",
    "moto shows the methods of resources unasked; AWS shows no more than their names without embed=methods.",
    APIGatewayResponse,
    "get_resources",
)
def _only_names(proceed: Close, asked: Any) -> Any:
    found = json.loads(proceed())
    for one in found["item"] if "methods" not in asked.querystring.get("embed", []) else ():
        one["resourceMethods"] = {method: {} for method in one.get("resourceMethods", ())}
    return json.dumps(found)


@gap(
    "pages",
    "moto answers with all there is; AWS with 25, and the position of the rest.",
    APIGatewayResponse,
    "get_resources get_rest_apis get_deployments",
)
def _one_page(proceed: Close, asked: Any) -> Any:
    items = json.loads(proceed())["item"]
    first = int(asked.querystring.get("position", ["0"])[0])
    last = first + int(asked.querystring.get("limit", ["25"])[0])
    return json.dumps({"item": items[first:last], **({"position": str(last)} if items[last:] else {})})


@gap("children", "moto leaves the children of a deleted resource behind and then answers 404 to every listing; AWS deletes them, too.",
      APIGatewayBackend, "delete_resource")  # fmt: skip
def _with_children(proceed: Close, backend: Any, function_id: str, resource_id: str) -> Any:
    for child in [one.id for one in backend.get_resources(function_id) if one.parent_id == resource_id]:
        backend.delete_resource(function_id, child)
    return proceed()


@gap("absent", "moto fails with 500 when it is to find what is not there; AWS answers 404.", APIGatewayBackend,
      "delete_resource delete_rest_api delete_authorizer get_deployment")  # fmt: skip
def _say_absent(proceed: Close, *_: Any) -> Any:
    try:
        return proceed()
    except KeyError as error:
        raise refusal(APIGatewayBackend, "NotFoundException", "Invalid identifier specified") from error


@gap("snapshots", "moto serves what is there, and resets a stage's settings with each deployment; AWS serves what was there, and keeps them.",
      RestAPI, "create_deployment")  # fmt: skip
def _snap(proceed: Close, api: Any, name: str, _: str = "", variables: Any = None) -> Any:
    stage, deployment = api.stages.get(name), proceed()
    parts = {"resources": [one.to_dict() for one in api.resources.values()], "authorizers": [one.to_json() for one in api.get_authorizers()]}
    parts["gateway_responses"] = [one.to_json() for one in api.get_gateway_responses()]
    deployment.snapshot = copy.deepcopy({"api": api.to_dict(), **parts})
    summary = {one["path"]: one["resourceMethods"] for one in deployment.snapshot["resources"] if "resourceMethods" in one}
    plain = deployment.to_json
    deployment.to_json = lambda: {**plain(), "apiSummary": summary}
    deployment.stage_name = None  # by which moto would refuse to delete it although the stage has moved on
    if stage:
        stage.deployment_id, api.stages[name] = deployment.id, stage
        stage.variables.update(variables or {})
    return deployment


_BAD, _NONE, _TWIN = "BadRequestException", "NotFoundException", "ConflictException"

# A table; when several rows hold, the last answers.
# fmt: off
refuse((
    ("streaming", APIGatewayResponse, "put_integration", _BAD, _ill_streamed,
     "moto takes STREAM with anything; AWS with a proxy, and for Lambda together with the streaming URI (aws.md, 1.2)."),
    ("integration_timeout", APIGatewayResponse, "put_integration", _BAD, _timeout_beyond,
     "moto takes any time; AWS 50 ms to 29 s, or to 15 min when it streams (aws.md, 1.2; the latter UNCONFIRMED there)."),
    ("method_twins", APIGatewayResponse, "put_method", _TWIN, lambda a: sent(a, "http_method") in _resource(a).resource_methods,
     "moto overwrites a method; AWS refuses to."),
    ("method_authorizer", APIGatewayResponse, "put_method", _BAD,
     lambda a: sent(a, "authorizationType") == "CUSTOM" and sent(a, "authorizerId") not in _rest(a).authorizers,
     "moto takes any authorizer's id; AWS the API's own."),
    ("method_absent", APIGatewayResponse, "delete_method", _NONE, lambda a: sent(a, "http_method") not in _resource(a).resource_methods,
     "moto deletes methods that are not there; AWS does not find them."),
    ("resource_twins", APIGatewayResponse, "create_resource", _TWIN,
     lambda a: (a.path.split("/")[-1], sent(a, "pathPart")) in [(one.parent_id, one.path_part) for one in _rest(a).resources.values()],
     "moto makes a resource twice; AWS once."),
    ("response_twins", APIGatewayResponse, "put_method_response", _TWIN, lambda a: sent(a, "status_code") in _method(a).method_responses,
     "moto overwrites a method's response; AWS refuses to."),
    ("response_absent", APIGatewayResponse, "put_integration_response", _BAD, lambda a: sent(a, "status_code") not in _method(a).method_responses,
     "moto maps to a response that the method does not have; AWS refuses to."),
    ("gateway_response_types", APIGatewayResponse, "put_gateway_response", _BAD, lambda a: sent(a, "response_type") not in _response_types(),
     "moto takes any type of gateway response; AWS its own."),
    ("gateway_response_absent", APIGatewayResponse, "delete_gateway_response", _NONE,
     lambda a: sent(a, "response_type") not in _rest(a).gateway_responses, "moto deletes a gateway response that was not set; AWS does not find it."),
    ("authorizer_ttl", APIGatewayResponse, "create_authorizer update_authorizer", _BAD, _ttl_beyond,
     "moto caches for any time; AWS for 0 to 3600 s (aws.md, 5)."),
    ("authorizer_twins", APIGatewayResponse, "create_authorizer", _BAD, lambda a: sent(a, "name") in [one.name for one in _rest(a).get_authorizers()],
     "moto gives two authorizers one name; AWS refuses to."),
    ("account_role", APIGatewayResponse, "update_account", _BAD, _account_role_unfit,
     "moto takes any role for the logs; AWS one that API Gateway may take on."),
    ("access_logs", APIGatewayResponse, "update_stage", _BAD, _logs_without_role,
     "moto logs for an account without a role; AWS refuses to."),
    ("stage_patches", APIGatewayResponse, "update_stage", _BAD, lambda a: not all(_PATCHES.fullmatch(path) for path, _ in _operations(a)),
     "moto passes over a path that it does not know; AWS refuses the whole update."),
    ("deployment_unknown", APIGatewayResponse, "create_stage update_stage", _NONE,
     lambda a: not set(_deployments_named(a)) <= _rest(a).deployments.keys(),
     "moto points a stage at any deployment; AWS at one that is there."),
    ("deployment_used", APIGatewayResponse, "delete_deployment", _BAD,
     lambda a: sent(a, "deployment_id") in [one.deployment_id for one in _rest(a).get_stages()],
     "moto deletes what a stage serves, if the stage was pointed at it later; AWS does not."),
))
# fmt: on
