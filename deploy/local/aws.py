"""API Gateway, REST API, as pure translation: calls to proxy events v1, policies to verdicts, answers to replies (aws.md, 1.2, 5 and 6).

This file knows the gateway's side of the keys that functions/shared/clouds/aws.py knows from the function's side; it opens no socket and calls
no function. To change what the gateway itself says, see deploy/gateway_responses.py.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.local.dialect import Call, Kind, Limits, Pairs, Refusal, Reply, Verdict, body_of, end_to_end, sendable, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deploy.gateway_responses import GatewayResponse

MEGABYTE = 1024 * 1024

# aws.md, 6 (10 MB at the gateway, 6 MB each way at the function, 10,240 B a header) and 1.2 (29 s; STREAM 15 min, 5 min idle, REGIONAL).
# `head` has no figure in the contract: it is what keeps this server from reading without end.
LIMITS = Limits(
    body=10 * MEGABYTE,
    event=6 * MEGABYTE,
    answer=6 * MEGABYTE,
    header=10_240,
    head=64 * 1024,
    seconds=29,
    stream_seconds=900,
    idle_seconds=300,
)

#: The stage of an API that this machine's own gateway is, as a method's ARN begins.
HERE = "arn:aws:execute-api:us-east-1:000000000000:local00000/live"
_LONGEST_RESOURCE = 512


class _Own(NamedTuple):
    """The gateway's word for an error, and what it says when nothing was configured."""

    type: str
    status: int
    message: str | None


# aws.md, 5, silent on what is not HTTP: it gets the shape of every other 4XX. A header over its limit, and what the bodies of the two
# authorizer errors say: UNCONFIRMED.
_OWN = {
    Kind.NO_IDENTITY: _Own("UNAUTHORIZED", 401, "Unauthorized"),
    Kind.UNAUTHENTICATED: _Own("UNAUTHORIZED", 401, "Unauthorized"),
    Kind.FORBIDDEN: _Own("ACCESS_DENIED", 403, "User is not authorized to access this resource"),
    Kind.AUTHORIZER_FAILED: _Own("AUTHORIZER_FAILURE", 500, None),
    Kind.AUTHORIZER_MALFORMED: _Own("AUTHORIZER_CONFIGURATION_ERROR", 500, None),
    Kind.MALFORMED: _Own("DEFAULT_4XX", 400, "Bad Request"),
    Kind.NOT_FOUND: _Own("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token"),
    Kind.TOO_LARGE: _Own("REQUEST_TOO_LARGE", 413, "Request Too Long"),
    Kind.URL_TOO_LONG: _Own("REQUEST_TOO_LARGE", 413, "Request Too Long"),
    Kind.HEADERS_TOO_LARGE: _Own("REQUEST_TOO_LARGE", 413, "Request Too Long"),
    Kind.THROTTLED: _Own("THROTTLED", 429, "Too Many Requests"),
    Kind.TIMEOUT: _Own("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out"),
    Kind.BAD_ANSWER: _Own("DEFAULT_5XX", 502, "Internal server error"),
    Kind.MISCONFIGURED: _Own("API_CONFIGURATION_ERROR", 500, "Internal server error"),
}


class Aws:
    """The dialect. `origin` is the site's: with it, gateway responses and preflights are configured as the deployer does; "" configures none.

    An API that somebody else configured brings its own `responses`, and its `stage`, an ARN.
    """

    streams = True

    def __init__(self, *, origin: str = "", responses: Iterable[GatewayResponse] = (), stage: str = HERE, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._origin = origin
        self._responses = {one.type: one for one in (gateway_responses("aws", origin) if origin else responses)}
        self._stage = stage

    def check(self, call: Call, url: int) -> None:
        """Refuse a header value over its limit, or a head over this server's own. Raises Refusal."""
        if any(len(value.encode()) > self.limits.header for _, value in call.headers):
            raise Refusal(Kind.HEADERS_TOO_LARGE)
        if url > self.limits.head:
            raise Refusal(Kind.URL_TOO_LONG)

    def event(self, call: Call, caller: Mapping[str, str] | None) -> dict[str, Any]:
        """Return the proxy event v1; absent maps are null (aws.md, 6)."""
        text, encoded = _body(call.body)
        headers = end_to_end(call.headers)
        return {
            "resource": call.path,
            "path": call.path,
            "httpMethod": call.method,
            "headers": dict(headers) or None,
            "multiValueHeaders": _lists(headers),
            "queryStringParameters": dict(call.query) or None,
            "multiValueQueryStringParameters": _lists(call.query),
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": _context(self._stage, call, caller),
            "body": text,
            "isBase64Encoded": encoded,
        }

    def authorizer_event(self, call: Call) -> dict[str, Any]:
        """Return the TOKEN authorizer's event."""
        return {"type": "TOKEN", "authorizationToken": call.header("authorization"), "methodArn": self._arn(call)}

    def verdict(self, answer: Any) -> Verdict:
        """Read a policy document. Raises Refusal when it is malformed, or says what this gateway does not evaluate: nothing is guessed."""
        if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
            raise Refusal(Kind.AUTHORIZER_MALFORMED)
        allow: list[str] = []
        deny: list[str] = []
        for effect, resources in _statements(answer.get("policyDocument")):
            (allow if effect == "Allow" else deny).extend(resources)
        context = {**_strings(answer.get("context")), "principalId": answer["principalId"]}
        return Verdict(tuple(allow), tuple(deny), context, keep=True)

    def failed(self, message: str) -> Refusal:
        """Only the exact text is a 401 (aws.md, 5)."""
        return Refusal(Kind.UNAUTHENTICATED if message == "Unauthorized" else Kind.AUTHORIZER_FAILED)

    def admit(self, verdict: Verdict, call: Call) -> Mapping[str, str]:
        """Return the caller, if some statement allows this method's ARN and none denies it. Raises Refusal."""
        arn = self._arn(call)
        if any(_matches(one, arn) for one in verdict.deny) or not any(_matches(one, arn) for one in verdict.allow):
            raise Refusal(Kind.FORBIDDEN)
        return verdict.context

    def reply(self, answer: Any) -> Reply:
        """Read a proxy answer. Raises Refusal: a missing statusCode or a body that is not a string is a 502 (aws.md, 6)."""
        if not isinstance(answer, dict):
            raise Refusal(Kind.BAD_ANSWER)
        many = answer.get("multiValueHeaders")
        # A name in both maps comes from the one with lists.
        listed = {name.lower() for name in many} if isinstance(many, dict) else set()
        once = tuple(pair for pair in sendable(answer.get("headers")) if pair[0].lower() not in listed)
        return Reply(status_of(answer), once + sendable(many), body_of(answer))

    def refuse(self, refusal: Refusal, request_id: str) -> Reply:
        """Return the configured gateway response of this error's type, else the gateway's own words, which carry no CORS headers."""
        own = _OWN[refusal.kind]
        # A type that is not configured takes after the default of its class, which leaves it its status.
        response = self._responses.get(own.type) or self._responses.get(f"DEFAULT_{own.status // 100}XX")
        if response is None:
            return Reply(own.status, (("content-type", "application/json"),), json.dumps({"message": own.message}).encode())
        context = {"$context.requestId": request_id, "$context.error.messageString": json.dumps(own.message)}
        headers = tuple((name, _filled(value, context)) for name, value in response.headers.items())
        return Reply(response.status or own.status, headers, _filled(response.body, context).encode())

    def preflight(self, methods: Sequence[str]) -> Reply:
        """Return the unauthenticated MOCK's answer (aws.md, 5). Raises Refusal where none was configured."""
        if not self._origin:
            raise Refusal(Kind.NOT_FOUND)
        return Reply(204, tuple(preflight_headers(self._origin, ", ".join(methods)).items()), b"")

    def stamp(self, request_id: str) -> Pairs:
        """Return both names of the request id. The real gateway adds only the first; everything of ours adds the second."""
        return (("x-amzn-requestid", request_id), ("x-request-id", request_id))

    def _arn(self, call: Call) -> str:
        return f"{self._stage}/{call.method}{call.path}"


def _body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _lists(pairs: Pairs) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found or None


def _filled(text: str, context: Mapping[str, str]) -> str:
    for name, value in context.items():
        text = text.replace(name, value)
    return text


def _context(at: str, call: Call, caller: Mapping[str, str] | None) -> dict[str, Any]:
    account, stage = at.split(":")[4:]
    api, _, name = stage.partition("/")
    context: dict[str, Any] = {
        "accountId": account,
        "apiId": api,
        "stage": name,
        "requestId": call.request_id,
        "extendedRequestId": call.request_id,
        "identity": {"sourceIp": call.source, "userAgent": call.header("user-agent") or None},
        "resourcePath": call.path,
        "path": f"/{name}{call.path}",
        "protocol": "HTTP/1.1",
    }
    return context if caller is None else {**context, "authorizer": dict(caller)}


def _statements(policy: Any) -> Iterable[tuple[str, list[str]]]:
    """Yield effect and resources. Conditions and the Not… members are refused, because to ignore one would be to allow too much."""
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list):
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
    for one in statements:
        if not isinstance(one, dict) or not set(one) <= {"Sid", "Effect", "Action", "Resource"} or one.get("Effect") not in {"Allow", "Deny"}:
            raise Refusal(Kind.AUTHORIZER_MALFORMED)
        if any(_matches(action.lower(), "execute-api:invoke") for action in _texts(one.get("Action"))):
            yield one["Effect"], _texts(one.get("Resource"))


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(one, str) and len(one) <= _LONGEST_RESOURCE for one in texts):
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
    return texts


def _strings(context: Any) -> dict[str, str]:
    """Return the context as the function sees it: strings, made of strings, numbers and booleans only (aws.md, 5)."""
    members = {} if context is None else context
    if not isinstance(members, dict) or not all(isinstance(one, (str, int, float)) for one in members.values()):
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in members.items()}


def _matches(pattern: str, text: str) -> bool:
    words = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(words), text, re.DOTALL) is not None
