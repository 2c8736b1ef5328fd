"""A function without a route, invoked through the cloud's own API by whoever the cloud's own permissions let: the deployer.

The same words on every cloud, since both hand over the JSON that was sent: {"command": "users.add", "arguments": {…}} in, {"status": 200,
"body": {…}} out.
"""

from __future__ import annotations

from typing import Any

from functions.shared import documents
from functions.shared.clouds import events
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Request, Response


def read(event: Any, context: Any) -> Request:  # noqa: ARG001 - nothing in a direct invocation depends on the platform's context
    """Return the request in a direct invocation. Raises InvalidRequest."""
    if not isinstance(event, dict):
        raise InvalidRequest("The event is not a map.")
    return Request(
        method="INVOKE",
        path=events.text(event.get("command"), "command"),
        headers={},
        body=_arguments(event),
        request_id="direct",
    )


def _arguments(event: dict[str, Any]) -> bytes:
    try:
        return documents.write(events.mapping(event.get("arguments"), "arguments"))
    except (ValueError, RecursionError):
        # NaN, lone surrogates, endless nesting: what the platform's JSON reader lets through.
        raise InvalidRequest("The event's arguments are not JSON in UTF-8.") from None


def write(response: Response) -> dict[str, Any]:
    """Return the status and the JSON body; an empty body is an empty map."""
    raw = b"".join(response.body)
    return {"status": response.status, "body": documents.parse(raw) if raw else {}}
