"""Huawei Cloud: APIG events to FunctionGraph event functions and to a custom authorizer (huawei.md, 1.4, 1.5 and 2).

The only file that knows their keys.

`requestContext` has three keys and no identity (1.4): whatever the gateway knows of the caller arrives in headers that the deployer maps,
`x-twocan-source` ($context.sourceIp) and `x-twocan-token` (the token that the authorizer passed on). Whether APIG overwrites such a header
when a client sends its own is UNCONFIRMED (2.4): so the token is verified again, and the source only ever serves to count attempts.
"""

from __future__ import annotations

from typing import Any

from functions.shared import documents
from functions.shared.clouds import events
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Allow, Decision, Forbidden, Request, Response


def read(event: Any, context: Any) -> Request:
    """Return the request in an APIG event, whose body is base64 by default, the empty one included (1.4). Raises InvalidRequest."""
    if not isinstance(event, dict):
        raise InvalidRequest("The event is not a map.")
    asked = events.mapping(event.get("requestContext"), "requestContext")
    headers = events.lower(events.mapping(event.get("headers"), "headers"))
    return Request(
        method=events.text(event.get("httpMethod"), "httpMethod"),
        path=events.text(event.get("path"), "path"),
        headers=headers,
        body=events.body(event.get("body"), event.get("isBase64Encoded")),
        request_id=events.text(asked.get("requestId") or context.getRequestID(), "requestId"),
        source=headers.get("x-twocan-source", ""),
        seconds_left=context.getRemainingTimeInMilliSeconds() / 1000,
    )


def write(response: Response) -> dict[str, Any]:
    """Return the four keys; without statusCode the caller would get 500 (1.5)."""
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": b"".join(response.body).decode("utf-8"),
        "isBase64Encoded": False,
    }


def read_authorizer(event: Any, context: Any) -> Request:
    """Return the request in a custom authorizer's event, of which only the headers are documented (2.1). Raises InvalidRequest."""
    if not isinstance(event, dict):
        raise InvalidRequest("The event is not a map.")
    headers = events.lower(events.mapping(event.get("headers"), "headers"))
    token = headers.get("authorization")
    return Request(
        method="AUTHORIZE",
        path="",
        headers={} if token is None else {"authorization": token},
        body=b"",
        request_id=context.getRequestID(),
    )


def write_decision(decision: Decision, event: Any) -> dict[str, Any]:  # noqa: ARG001 - the port has it, for gateways that want a resource
    """Return the verdict, whose body is a JSON string; any other statusCode than 200 is a 500 to the caller (2.2).

    A context's values are strings, and it may be used in a gateway response even on deny (2.5).
    """
    if isinstance(decision, Allow):
        verdict: dict[str, Any] = {"status": "allow", "context": {"user": decision.subject, "token": decision.token}}
    else:
        verdict = {"status": "deny", "context": {"code": "forbidden" if isinstance(decision, Forbidden) else "unauthenticated"}}
    return {"statusCode": 200, "body": documents.write(verdict).decode("utf-8")}
