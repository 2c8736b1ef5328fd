"""APIG in front of FunctionGraph, as pure translation: calls to events, verdicts and answers to replies (huawei.md, 1.4 to 1.6, 2 and 3.2).

This file knows the gateway's side of the keys that functions/shared/clouds/huawei.py knows from the function's side; it opens no socket and calls
no function. What the contract leaves UNCONFIRMED is a switch of `Huawei`, so that tests can run both answers. To change what the gateway itself
says, see deploy/gateway_responses.py.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.local.dialect import Call, Kind, Limits, Pairs, Refusal, Reply, Verdict, body_of, end_to_end, sendable, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEGABYTE = 1024 * 1024

# huawei.md, 3.2 (12 MB body, 32 KB of URL and headers) and 1.6 (6 MB each way at the function, 60 s). It never streams (1.9).
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

_API_ID = "0" * 32
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
    Kind.TIMEOUT: _Own("BACKEND_TIMEOUT", 504, "APIG.0203", "Backend timeout"),
    Kind.BAD_ANSWER: _Own("DEFAULT_5XX", 500, "FSS.1202", "The response of the function lacks a status code"),
    # The gateway's code for its own errors; what it says of a function that it may not call is UNCONFIRMED.
    Kind.MISCONFIGURED: _Own("DEFAULT_5XX", 500, "APIG.0601", "Internal server error"),
}


class Huawei:
    """The dialect. `origin` is the site's: with it, gateway responses and OPTIONS APIs are configured as the deployer does; "" configures none.

    `strip_authorization` and `client_header_wins` are UNCONFIRMED in huawei.md, 2.4: does the header reach the function, and does a header
    that the client sends win over the one that the deployer maps?
    """

    streams = False

    def __init__(self, *, origin: str = "", limits: Limits = LIMITS, strip_authorization: bool = False, client_header_wins: bool = False) -> None:
        self.limits = limits
        self._origin = origin
        self._responses = {one.type: one for one in gateway_responses("huawei", origin)} if origin else {}
        self._strip_authorization = strip_authorization
        self._client_header_wins = client_header_wins

    def check(self, call: Call, url: int) -> None:
        """Refuse a URL, or a URL and headers, over their limit. Raises Refusal."""
        if url > self.limits.head:
            raise Refusal(Kind.URL_TOO_LONG)
        if url + sum(len(name.encode()) + len(value.encode()) + 4 for name, value in call.headers) > self.limits.head:
            raise Refusal(Kind.HEADERS_TOO_LARGE)

    def event(self, call: Call, caller: Mapping[str, str] | None) -> dict[str, Any]:
        """Return the APIG event: base64 always, the empty body too, and three keys of context without any caller (huawei.md, 1.4)."""
        return {
            "body": base64.b64encode(call.body).decode("ascii"),
            "isBase64Encoded": True,
            "httpMethod": call.method,
            "path": call.path,
            "headers": self._headers(call, caller),
            "queryStringParameters": dict(call.query),
            "pathParameters": {},
            "requestContext": {"requestId": call.request_id, "apiId": _API_ID, "stage": "RELEASE"},
        }

    def authorizer_event(self, call: Call) -> dict[str, Any]:
        """Return the documented keys only (huawei.md, 2.1)."""
        return {"headers": _lower(call), "queryStringParameters": dict(call.query), "user_data": ""}

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
        response = self._responses.get(own.type)
        if response is None:
            body = {"error_msg": own.message, "error_code": own.code, "request_id": request_id}
            return Reply(own.status, (("content-type", "application/json"),), json.dumps(body).encode())
        headers = tuple((name, _fill(value, refusal, request_id)) for name, value in response.headers.items())
        return Reply(response.status or own.status, headers, _fill(response.body, refusal, request_id).encode())

    def preflight(self, methods: Sequence[str]) -> Reply:
        """Return the answer of the OPTIONS API with a MOCK backend; without one it is a 404 (huawei.md, 3.2, CORS). Raises Refusal."""
        if not self._origin:
            raise Refusal(Kind.NOT_FOUND)
        return Reply(200, tuple(preflight_headers(self._origin, ", ".join(methods)).items()), b"")

    def stamp(self, request_id: str) -> Pairs:
        """Return the request id, which is on every answer of APIG."""
        return (("x-request-id", request_id),)

    def _headers(self, call: Call, caller: Mapping[str, str] | None) -> dict[str, str]:
        headers = _lower(call)
        if self._strip_authorization:
            headers.pop("authorization", None)
        mapped = _mapped(call, caller)
        return {**headers, **_added(call, headers), **({**mapped, **_own_words(headers, mapped)} if self._client_header_wins else mapped)}


def _lower(call: Call) -> dict[str, str]:
    """Return lower-case headers; one that was sent twice is joined."""
    return {name.lower(): call.header(name.lower()) for name, _ in end_to_end(call.headers)}


def _mapped(call: Call, caller: Mapping[str, str] | None) -> dict[str, str]:
    """Return the system parameters that the deployer maps: the authorizer's only where there is one, else APIG.2036 (huawei.md, 2.4)."""
    mapped = {"x-twocan-source": call.source}
    if caller is not None and "token" in caller:
        mapped["x-twocan-token"] = caller["token"]
    return mapped


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


def _fill(template: str, refusal: Refusal, request_id: str) -> str:
    """Fill in `$context.…`; a name that the authorizer did not give is empty. Values stand inside JSON strings, so they are escaped for that."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        given = request_id if name == "requestId" else refusal.context.get(name.removeprefix("authorizer.frontend."), "")
        return json.dumps(given)[1:-1]

    return re.sub(r"\$context\.([A-Za-z0-9_.-]+)", value, template)
