"""What sound functions answer to the deployer's probe, as Lambda hands it over: the stand-in for running their zips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy.emulator.aws.moto_gaps_lambda import Ran

if TYPE_CHECKING:
    from deploy.emulator.aws.moto_gaps_lambda import Invoked

_UNAUTHORIZED = Ran(json.dumps({"errorMessage": "Unauthorized", "errorType": "Exception"}).encode(), "Unhandled")


def sound(call: Invoked) -> Ran:
    """Answer one call: a token that ends with x is no good, and an empty password is no password."""
    event: Any = json.loads(call.payload)
    if "authorizationToken" in event:
        return _UNAUTHORIZED if event["authorizationToken"].endswith("x") else _json({"principalId": "twocan-probe"})
    if "command" in event:
        return _json({"status": 200, "body": {}})
    if event["path"] == "/auth/refresh" or (event["path"].startswith("/v1/") and "authorization" not in (event["headers"] or {})):
        return _answer(401, {})
    if event["path"] == "/auth/login" and '"password": ""' in event["body"]:
        return _answer(400, {})
    return _answer(200, {"access_token": "t", "data": []})


def _answer(status: int, body: dict[str, Any]) -> Ran:
    return _json({"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body), "isBase64Encoded": False})


def _json(document: dict[str, Any]) -> Ran:
    return Ran(json.dumps(document).encode())
