"""What sound functions answer to the deployer's questions: the stand-in for running their zips. The records' table is a word in the account."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.version import Ran

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.functions_kept import Invoked


class Sound:
    """Answers calls: a token that ends with x is no good, and an empty password is no password. `ready`: the table is there."""

    def __init__(self, account: Account) -> None:
        self.ready = False

    def __call__(self, invoked: Invoked) -> Ran:
        """Answer one call."""
        event: Any = json.loads(invoked.payload)
        if "command" in event:
            return _ran({"status": 200, "body": self._command(event["command"])})
        if "httpMethod" not in event:
            return _ran(_verdict(event["headers"]["authorization"]))
        return _ran(_answer(event["path"], event["headers"], base64.b64decode(event["body"])))

    def _command(self, command: str) -> dict[str, Any]:
        if command == "records.state":
            return {"ready": self.ready}
        if command in {"records.prepare", "records.delete"}:
            self.ready = command == "records.prepare"
        return {}


def _verdict(token: str) -> dict[str, Any]:
    return {"statusCode": 200, "body": json.dumps({"status": "deny" if token.endswith("x") else "allow"})}


def _answer(path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    if path == "/auth/refresh" or (path.startswith("/v1/") and "authorization" not in headers):
        return _said(401)
    return _said(400 if path == "/auth/login" and b'"password": ""' in body else 200)


def _said(status: int) -> dict[str, Any]:
    body = json.dumps({"access_token": "t", "data": []})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body, "isBase64Encoded": False}


def _ran(document: dict[str, Any]) -> Ran:
    return Ran(json.dumps(document).encode(), "", 1.0, "")
