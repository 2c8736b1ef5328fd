"""API Gateway as the emulated AWS runs it: `/<api>/<stage>/…` is answered as that stage was deployed, by the gateway of deploy/local.

This file knows how API Gateway words a deployment (aws.md, 1.2 and 5), and makes a Gateway of each: it reads what moto keeps, and no table of our
deployer's. Not emulated: throttling, access logs, path parameters, and every kind of integration but functions and mocks; what is deployed and
not understood answers 500 and is never open. To understand more, see `_backend`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from deploy.bundle import Route
from deploy.emulator.aws import stored
from deploy.emulator.aws.stored import Absent, Callee
from deploy.emulator.counted import Misconfigured
from deploy.gateway_responses import GatewayResponse
from deploy.local.aws import LIMITS, Aws
from deploy.local.backend import FunctionFailed
from deploy.local.dialect import Kind, Refusal
from deploy.local.gateway import Gateway, target
from deploy.local.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.emulator.aws.fleet import Fleet
    from deploy.emulator.aws.moto_gaps_gateway import Deployed
    from deploy.local.backend import Answer, Backend, Event
    from deploy.local.pump import Threads

_ADDRESS = re.compile(r"/([a-z0-9]+)/([A-Za-z0-9_-]+)(?=[/?#]|$)")
_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/[\d-]+/functions/(\S+)/(?:response-streaming-)?invocations")
_HEADER = "method.response.header."
#: The only identity source of a TOKEN authorizer that is asked here.
_SOURCE = "method.request.header.authorization"
# What API Gateway answers with when nobody has said anything else.
_OWN_BODY = '{"message":$context.error.messageString}'


class _Served(NamedTuple):
    """An API's stage as it was deployed: what it was made of, and the gateway that serves it."""

    deployment: str
    gateway: Gateway


class DataPlane:
    """Every stage of every API: it fits `runner` of deploy/local/gateway.py. What is deployed later is served from its first request on."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._served: dict[tuple[str, str], _Served] = {}
        dialect = Aws()
        self._nothing = Gateway(dialect, (), {}, Guard(dialect, Misconfigured()))

    @property
    def largest_body(self) -> int:
        """How many bytes of body are taken."""
        return LIMITS.body

    async def handle(self, request: web.BaseRequest, rooms: Mapping[bool, Threads]) -> web.StreamResponse:
        """Return the answer to a request."""
        found = _ADDRESS.match(target(request))
        try:
            gateway = self._gateway(found[1], found[2]) if found else None
        except Absent:
            gateway = None
        if found is None or gateway is None:
            # As API Gateway answers at the address of an API or a stage that there is not.
            return web.json_response({"message": "Forbidden"}, status=403)
        return await gateway.handle(request, rooms, found[0])

    def unreadable(self, error: BaseException | None) -> web.Response:
        """Return the answer to what is not HTTP: it is for no API."""
        return self._nothing.unreadable(error)

    def _gateway(self, api: str, stage: str) -> Gateway:
        """Return the gateway of what is deployed now. Raises Absent."""
        current = stored.deployment(api, stage)
        served = self._served.get((api, stage))
        if served is None or served.deployment != current:
            served = _Served(current, _made(self._fleet, api, stage, stored.deployed(api, stage)))
            self._served[api, stage] = served
        return served.gateway


def _made(fleet: Fleet, api: str, stage: str, deployed: Deployed) -> Gateway:
    arn = f"arn:aws:execute-api:{stored.region_of(api)}:{stored.ACCOUNT}:{api}"
    dialect = Aws(responses=[_response(one) for one in deployed.gateway_responses], stage=f"{arn}/{stage}")
    methods = list(_methods(deployed))
    # All addresses that are guarded are guarded by one: the gateway on one machine has one guard, and ours asks one function.
    asked = {method["authorizerId"] for _, _, method in methods if method.get("authorizationType") == "CUSTOM"}
    guard = next((one for one in deployed.authorizers if {one["id"]} == asked), {})
    routes, backends = [], {}
    for path, verb, method in methods:
        name = f"{verb} {path}"
        routes.append(_route(name, path, verb, method))
        backends[name] = _backend(fleet, method, f"{arn}/{stage}/{verb}{path}")
    authorizer = _authorizer(fleet, guard, f"{arn}/authorizers/{guard.get('id')}")
    return Gateway(dialect, routes, backends, Guard(dialect, authorizer, ttl=guard.get("authorizerResultTtlInSeconds", 300)))


def _methods(deployed: Deployed) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, verb and method of all that is deployed."""
    for resource in deployed.resources:
        for verb, method in resource.get("resourceMethods", {}).items():
            yield resource["path"], verb, method


def _route(name: str, path: str, verb: str, method: Mapping[str, Any]) -> Route:
    streams = method.get("methodIntegration", {}).get("responseTransferMode") == "STREAM"
    return Route(verb, path, name, guarded=method.get("authorizationType") == "CUSTOM", streams=streams)


def _backend(fleet: Fleet, method: Mapping[str, Any], source: str) -> Backend:
    """Return what stands behind a method. One whose authorization is not understood has nothing behind it."""
    integration = method.get("methodIntegration", {})
    function = _URI.fullmatch(integration.get("uri") or "")
    if method.get("authorizationType") not in {"NONE", "CUSTOM"} or method.get("apiKeyRequired"):
        return Misconfigured()
    if integration.get("type") == "MOCK":
        return _Mock(integration, method.get("methodResponses", {}))
    if integration.get("type") == "AWS_PROXY" and function:
        return _Proxy(fleet, function[1], source, int(integration.get("timeoutInMillis") or 29_000) / 1000)
    return Misconfigured()


def _authorizer(fleet: Fleet, about: Mapping[str, Any], source: str) -> _Asked | Misconfigured:
    function = _URI.fullmatch(about.get("authorizerUri") or "")
    sound = about.get("type") == "TOKEN" and about.get("identitySource", "").lower() == _SOURCE and not about.get("identityValidationExpression")
    return _Asked(fleet, function[1], source) if function and sound else Misconfigured()


class _Proxy:
    """A function behind a method. It is called only as its policy lets this method call it."""

    def __init__(self, fleet: Fleet, arn: str, source: str, seconds: float) -> None:
        self._fleet = fleet
        self._arn = arn
        self._source = source
        self._seconds = seconds

    def answer(self, event: Event, seconds: float) -> Any:
        """Return the function's whole answer. Raises FunctionFailed and Refusal."""
        return self._call(lambda callee: self._fleet.answer(callee, event, min(seconds, self._seconds)))

    def stream(self, event: Event, seconds: float) -> Answer:
        """Return the function's answer as soon as it has a head. Raises FunctionFailed and Refusal."""
        answer: Answer = self._call(lambda callee: self._fleet.stream(callee, event, min(seconds, self._seconds)))
        return answer

    def _call(self, call: Callable[[Callee], Any]) -> Any:
        callee = _permitted(self._arn, self._source, Kind.MISCONFIGURED)
        try:
            return call(callee)
        except Absent:
            raise Refusal(Kind.MISCONFIGURED) from None
        except FunctionFailed as error:
            if isinstance(error.__cause__, TimeoutError):
                raise Refusal(Kind.TIMEOUT) from error
            raise


class _Asked:
    """The function that is asked first."""

    def __init__(self, fleet: Fleet, arn: str, source: str) -> None:
        self._fleet = fleet
        self._arn = arn
        self._source = source

    def decide(self, event: Event, seconds: float) -> Any:
        """Return the verdict. Raises FunctionFailed and Refusal."""
        callee = _permitted(self._arn, self._source, Kind.AUTHORIZER_MALFORMED)
        try:
            return self._fleet.answer(callee, event, seconds)
        except Absent:
            raise Refusal(Kind.AUTHORIZER_MALFORMED) from None


class _Mock(Misconfigured):
    """A MOCK: it answers by itself, with what is configured for the status in its template. It cannot stream (aws.md, 1.2)."""

    def __init__(self, integration: Mapping[str, Any], responses: Mapping[str, Any]) -> None:
        status = _status(integration.get("requestTemplates") or {})
        mapped = (integration.get("integrationResponses") or {}).get(status)
        declared = responses.get(status)
        self._answer: dict[str, Any] | None = None
        if mapped is not None and declared is not None:
            given = mapped.get("responseParameters") or {}
            headers = {name.removeprefix(_HEADER): _unquoted(given[name]) for name in declared.get("responseParameters") or {} if name in given}
            body = (mapped.get("responseTemplates") or {}).get("application/json") or ""
            self._answer = {"statusCode": int(status), "headers": headers, "body": body}

    def answer(self, event: Event, seconds: float) -> Any:  # noqa: ARG002 - it answers everything with the same
        """Return the answer. Raises Refusal where a part of it is missing."""
        if self._answer is None:
            raise Refusal(Kind.MISCONFIGURED)
        return self._answer


def _permitted(arn: str, source: str, otherwise: Kind) -> Callee:
    """Return the function that an ARN names, if its policy lets this API call it. Raises Refusal."""
    try:
        callee = Callee.of(arn)
    except Absent:
        raise Refusal(otherwise) from None
    if not stored.permits(callee, source):
        raise Refusal(otherwise)
    return callee


def _response(stored_response: Mapping[str, Any]) -> GatewayResponse:
    status = stored_response.get("statusCode")
    headers = {"content-type": "application/json"}
    for name, value in (stored_response.get("responseParameters") or {}).items():
        headers[name.removeprefix("gatewayresponse.header.").lower()] = f"${value}" if value.startswith("context.") else _unquoted(value)
    body = (stored_response.get("responseTemplates") or {}).get("application/json", _OWN_BODY)
    return GatewayResponse(stored_response["responseType"], int(status) if status else None, headers, body)


def _status(templates: Mapping[str, str]) -> str:
    """Return the status that a mock's template says; without one it is 200, as API Gateway's own."""
    try:
        return str(json.loads(templates.get("application/json") or "{}").get("statusCode", 200))
    except ValueError:
        return ""


def _unquoted(value: str) -> str:
    return value.removeprefix("'").removesuffix("'")
