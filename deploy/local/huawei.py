"""APIG in front of FunctionGraph, as pure translation: calls to events, verdicts and answers to replies (huawei.md, 1.4 to 1.6, 2 and 3.2).

This file knows the gateway's side of the keys that functions/shared/clouds/huawei.py knows from the function's side; it opens no socket and calls
no function. What the contract leaves UNCONFIRMED is in `Doubts`, so that tests can run both answers. To change what the gateway itself says, see
deploy/gateway_responses.py; what an API is configured to pass on, huawei_api.py.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.local.dialect import Call, Kind, Limits, Pairs, Refusal, Reply, Verdict, body_of, end_to_end, sendable, status_of
from deploy.local.huawei_api import Api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deploy.gateway_responses import GatewayResponse

MEGABYTE = 1024 * 1024

# huawei.md, 3.2 (12 MB body, 32 KB of URL and headers) and 1.6 (6 MB each way at the function, 60 s). No event function streams (1.9).
LIMITS = Limits(
    body=12 * MEGABYTE,
    event=6 * MEGABYTE,
    answer=6 * MEGABYTE,
    header=32 * 1024,
    head=32 * 1024,
    seconds=60,
    stream_seconds=60,
    idle_seconds=60,
)

_CONTEXT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_LARGEST_VERDICT = MEGABYTE


class _Own(NamedTuple):
    """The gateway's type for an error, and what it says when nothing was configured."""

    type: str
    status: int
    code: str
    message: str


# huawei.md, 2.5 and 3.2. An answer that cannot be used is a 500 with the text of FSS.1202 (1.5); which type of gateway response it falls
# under is UNCONFIRMED: DEFAULT_5XX is what is left over.
_DENIED = "Incorrect authentication information: frontend authorizer"
_OWN = {
    Kind.NO_IDENTITY: _Own("AUTHORIZER_IDENTITIES_FAILURE", 401, "APIG.0305", _DENIED),
    Kind.UNAUTHENTICATED: _Own("AUTHORIZER_FAILURE", 401, "APIG.0305", _DENIED),
    Kind.FORBIDDEN: _Own("AUTHORIZER_FAILURE", 401, "APIG.0305", _DENIED),
    Kind.AUTHORIZER_FAILED: _Own("AUTHORIZER_CONF_FAILURE", 500, "APIG.0601", "Internal server error"),
    Kind.AUTHORIZER_MALFORMED: _Own("AUTHORIZER_CONF_FAILURE", 500, "APIG.0601", "Internal server error"),
    Kind.MALFORMED: _Own("REQUEST_PARAMETERS_FAILURE", 400, "APIG.0201", "Bad request"),
    Kind.NOT_FOUND: _Own("NOT_FOUND", 404, "APIG.0101", "The API does not exist or has not been published in the environment"),
    Kind.TOO_LARGE: _Own("DEFAULT_4XX", 413, "APIG.0201", "Request entity too large"),
    Kind.URL_TOO_LONG: _Own("DEFAULT_4XX", 414, "APIG.0201", "Request URI too large"),
    Kind.HEADERS_TOO_LARGE: _Own("DEFAULT_4XX", 494, "APIG.0201", "Request headers too large"),
    Kind.THROTTLED: _Own("THROTTLED", 429, "APIG.0308", "The throttling threshold has been reached"),
    Kind.TIMEOUT: _Own("BACKEND_TIMEOUT", 504, "APIG.0203", "Backend timeout"),
    Kind.BAD_ANSWER: _Own("DEFAULT_5XX", 500, "FSS.1202", "The response of the function lacks a status code"),
    # The gateway's code for its own errors; what it says of a function that it may not call is UNCONFIRMED.
    Kind.MISCONFIGURED: _Own("DEFAULT_5XX", 500, "APIG.0601", "Internal server error"),
}


class Doubts(NamedTuple):
    """What huawei.md leaves open: does `Authorization` reach the function, does a header that the client sends win over the one that is mapped
    (2.4), and is a caller that is denied answered 500, as the table of gateway responses says, or 401, as was seen (2.5)?
    """

    strips_authorization: bool = False
    client_header_wins: bool = False
    denies_with_500: bool = False


class Huawei:
    """The dialect. `origin` is the site's: with it, gateway responses and OPTIONS APIs are configured as the deployer does; "" configures none.

    An API that somebody else configured brings itself, and its own `responses`.
    """

    def __init__(
        self,
        *,
        origin: str = "",
        responses: Iterable[GatewayResponse] = (),
        api: Api = Api(),  # noqa: B008 - immutable
        limits: Limits = LIMITS,
        doubts: Doubts = Doubts(),  # noqa: B008 - immutable
    ) -> None:
        self.limits = limits
        self.streams = api.streams
        self._origin = origin
        self._responses = {one.type: one for one in (gateway_responses("huawei", origin) if origin else responses)}
        self._api = api
        self._doubts = doubts

    def check(self, call: Call, url: int) -> None:
        """Refuse a URL, or a URL and headers, over their limit. Raises Refusal."""
        if url > self.limits.head:
            raise Refusal(Kind.URL_TOO_LONG)
        if url + sum(len(name.encode()) + len(value.encode()) + 4 for name, value in call.headers) > self.limits.head:
            raise Refusal(Kind.HEADERS_TOO_LARGE)

    def event(self, call: Call, caller: Mapping[str, str] | None) -> dict[str, Any]:
        """Return the APIG event: base64 unless told otherwise, the empty body too, and three keys of context without any caller (huawei.md, 1.4)."""
        placed = self._api.placed(call, caller)
        return {
            "body": _body(call.body, base64ed=self._api.base64),
            "isBase64Encoded": self._api.base64,
            "httpMethod": call.method,
            "path": call.path,
            "headers": self._headers(call, placed["HEADER"]),
            "queryStringParameters": {**dict(call.query), **placed["QUERY"]},
            "pathParameters": placed["PATH"],
            "requestContext": {"requestId": call.request_id, "apiId": self._api.id, "stage": self._api.stage},
        }

    def authorizer_event(self, call: Call) -> dict[str, Any]:
        """Return the documented keys only (huawei.md, 2.1)."""
        body = {"body": _body(call.body, base64ed=self._api.base64)} if self._api.sends_body else {}
        return {"headers": _lower(call), "queryStringParameters": dict(call.query), "user_data": self._api.user_data, **body}

    def verdict(self, answer: Any) -> Verdict:
        """Read a verdict: any other statusCode than 200 is a 500, any other status than allow is a deny (huawei.md, 2.2). Raises Refusal."""
        if not isinstance(answer, dict) or answer.get("statusCode") != 200 or not isinstance(answer.get("body"), str):
            raise Refusal(Kind.AUTHORIZER_MALFORMED)
        if len(answer["body"].encode()) > _LARGEST_VERDICT:
            raise Refusal(Kind.AUTHORIZER_MALFORMED)
        said = _document(answer["body"])
        allowed = said.get("status") == "allow"
        context = _strings(said.get("context"))
        return Verdict(("*",) if allowed else (), () if allowed else ("*",), context, keep=allowed)

    def failed(self, message: str) -> Refusal:  # noqa: ARG002 - no text means anything here: every exception is a 500 (huawei.md, 2.5)
        """An authorizer that fails is a 500."""
        return Refusal(Kind.AUTHORIZER_FAILED)

    def admit(self, verdict: Verdict, call: Call) -> Mapping[str, str]:  # noqa: ARG002 - a verdict is for the token, never for an address
        """Return the caller, if allowed. Raises Refusal, with the context, which a gateway response may quote."""
        if not verdict.allow:
            raise Refusal(Kind.UNAUTHENTICATED, verdict.context)
        return verdict.context

    def reply(self, answer: Any) -> Reply:
        """Read a function's answer. Raises Refusal: without statusCode it is a 500 (huawei.md, 1.5). Lists of values are UNCONFIRMED, so refused."""
        if not isinstance(answer, dict):
            raise Refusal(Kind.BAD_ANSWER)
        headers = sendable(answer.get("headers"))
        if any(isinstance(value, list) for value in (answer.get("headers") or {}).values()):
            raise Refusal(Kind.BAD_ANSWER)
        return Reply(status_of(answer), headers, body_of(answer))

    def refuse(self, refusal: Refusal, request_id: str) -> Reply:
        """Return the configured gateway response of this error's type, else the gateway's own words, which carry no CORS headers."""
        own = _OWN[refusal.kind]
        status = 500 if own.type == "AUTHORIZER_FAILURE" and self._doubts.denies_with_500 else own.status
        response = self._responses.get(own.type)
        if response is None:
            body = {"error_msg": own.message, "error_code": own.code, "request_id": request_id}
            return Reply(status, (("content-type", "application/json"),), json.dumps(body).encode())
        context = {f"authorizer.frontend.{name}": value for name, value in refusal.context.items()}
        context |= {"requestId": request_id, "error.code": own.code, "error.message": own.message, "apiId": self._api.id, "stage": self._api.stage}
        headers = tuple((name, _fill(value, context)) for name, value in response.headers.items())
        return Reply(response.status or status, headers, _fill(response.body, context).encode())

    def preflight(self, methods: Sequence[str]) -> Reply:
        """Return the answer of the OPTIONS API with a MOCK backend; without one it is a 404 (huawei.md, 3.2, CORS). Raises Refusal."""
        if not self._origin:
            raise Refusal(Kind.NOT_FOUND)
        return Reply(200, tuple(preflight_headers(self._origin, ", ".join(methods)).items()), b"")

    def stamp(self, request_id: str) -> Pairs:
        """Return what is on every answer of APIG (huawei.md, 2.5)."""
        return (("x-request-id", request_id), ("server", "api-gateway"))

    def _headers(self, call: Call, mapped: Mapping[str, str]) -> dict[str, str]:
        headers = _lower(call)
        if self._doubts.strips_authorization:
            headers.pop("authorization", None)
        return {**headers, **_added(call, headers), **({**mapped, **_own_words(headers, mapped)} if self._doubts.client_header_wins else mapped)}


def _body(body: bytes, *, base64ed: bool) -> str:
    return base64.b64encode(body).decode("ascii") if base64ed else body.decode("utf-8", "replace")


def _lower(call: Call) -> dict[str, str]:
    """Return lower-case headers; one that was sent twice is joined."""
    return {name.lower(): call.header(name.lower()) for name, _ in end_to_end(call.headers)}


def _own_words(headers: Mapping[str, str], mapped: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in mapped if name in headers}


def _added(call: Call, headers: Mapping[str, str]) -> dict[str, str]:
    host = headers.get("host", "")
    port = host.rpartition(":")[2]
    claimed = headers.get("x-forwarded-for")
    return {
        "x-real-ip": call.source,
        "x-forwarded-for": f"{claimed}, {call.source}" if claimed else call.source,
        "x-forwarded-host": host,
        "x-forwarded-port": port if port.isdigit() else "80",
        "x-forwarded-proto": "http",
        "x-request-id": call.request_id,
    }


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal(Kind.AUTHORIZER_MALFORMED) from None
    if not isinstance(document, dict):
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
    return document


def _strings(context: Any) -> dict[str, str]:
    """Return the context. Values other than strings need an instance feature that we do not ask for (huawei.md, 2.2). Raises Refusal."""
    members = {} if context is None else context
    if not isinstance(members, dict):
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
    for name, value in members.items():
        if not _CONTEXT_NAME.fullmatch(name) or not isinstance(value, str):
            raise Refusal(Kind.AUTHORIZER_MALFORMED)
    return dict(members)


def _fill(template: str, context: Mapping[str, str]) -> str:
    """Fill in `$context.…`; a name that nobody gave is empty. Values stand inside JSON strings, so they are escaped for that."""
    return re.sub(r"\$context\.([A-Za-z0-9_.-]+)", lambda found: json.dumps(context.get(found[1], ""))[1:-1], template)
