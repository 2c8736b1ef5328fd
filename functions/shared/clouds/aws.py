"""AWS: API Gateway REST API, proxy events v1 and TOKEN authorizer events (aws.md, 5 and 6). The only file that knows their keys.

Everything a caller sent is in the event as sent; what the gateway itself says (source address, request id) is in `requestContext` only.
"""

from __future__ import annotations

import re
from typing import Any

from functions.shared.clouds import events
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Allow, Decision, Request, Response, Unauthenticated

# No part may hold `*` or `?`, which a policy would take for wildcards.
_ARN = re.compile(r"(arn:[\w-]+:execute-api:[\w-]+:\w+:\w+/[\w-]+)/.*", re.ASCII | re.DOTALL)


def read(event: Any, context: Any) -> Request:
    """Return the request in a proxy event v1. Raises InvalidRequest."""
    if not isinstance(event, dict):
        raise InvalidRequest("The event is not a map.")
    asked = events.mapping(event.get("requestContext"), "requestContext")
    source = events.mapping(asked.get("identity"), "identity").get("sourceIp")
    return Request(
        method=events.text(event.get("httpMethod"), "httpMethod"),
        path=events.text(event.get("path"), "path"),
        headers=_headers(event),
        body=events.body(event.get("body"), event.get("isBase64Encoded")),
        request_id=events.text(asked.get("requestId") or context.aws_request_id, "requestId"),
        source=source if isinstance(source, str) else "",
        seconds_left=context.get_remaining_time_in_millis() / 1000,
    )


def write(response: Response) -> dict[str, Any]:
    """Return the proxy answer. A body that is not a string, or no statusCode, would be a 502 (aws.md, 6)."""
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": b"".join(response.body).decode("utf-8"),
        "isBase64Encoded": False,
    }


def read_authorizer(event: Any, context: Any) -> Request:
    """Return the request in a TOKEN authorizer event. Raises InvalidRequest."""
    if not isinstance(event, dict) or event.get("type") != "TOKEN":
        raise InvalidRequest("The event is not a TOKEN authorizer's.")
    token = event.get("authorizationToken")
    return Request(
        method="AUTHORIZE",
        path=_stage(event),
        headers={"authorization": token} if isinstance(token, str) else {},
        body=b"",
        request_id=context.aws_request_id,
    )


def write_decision(decision: Decision, event: Any) -> dict[str, Any]:
    """Return a policy for the whole stage, because the gateway applies a cached one to every method of it (aws.md, 5).

    Raises an exception whose text is exactly `Unauthorized`, which is how the gateway is told 401.
    """
    if isinstance(decision, Unauthenticated):
        raise Exception("Unauthorized")  # noqa: TRY002, TRY004 - the text is the contract; a class of ours would only suggest that it matters
    allowed = isinstance(decision, Allow)
    return {
        "principalId": decision.subject if isinstance(decision, Allow) else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow" if allowed else "Deny", "Resource": f"{_stage(event)}/*/*"}],
        },
        "context": {},
    }


def _headers(event: dict[str, Any]) -> dict[str, str]:
    # multiValueHeaders keeps a header that was sent twice; `headers` keeps only the last of them.
    many = events.mapping(event.get("multiValueHeaders"), "multiValueHeaders")
    return events.lower(many or events.mapping(event.get("headers"), "headers"))


def _stage(event: dict[str, Any]) -> str:
    """Return arn:aws:execute-api:{region}:{account}:{api}/{stage}. Raises InvalidRequest: no policy is ever guessed."""
    arn = _ARN.fullmatch(events.text(event.get("methodArn"), "methodArn"))
    if arn is None:
        raise InvalidRequest("The event's methodArn is not one.")
    return arn[1]
