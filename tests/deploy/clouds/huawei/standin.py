"""What runs functions in these tests: nothing does, and each call has the answer that a sound function would give.

`behave` may answer first, by function, version and event: a document, or a text, which is an error; None leaves it to what is sound.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.version import Ran

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.functions_kept import Invoked

TOKEN = "good"


class StandIn:
    """The functions of one stage. `ready`: the records' table is there. `calls` are functions with their versions."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.ready = False
        self.behave: Callable[[str, str, Any], Any] = lambda *_: None
        self.calls: list[tuple[str, str]] = []

    def __call__(self, invoked: Invoked) -> Ran:
        """Answer an invocation, and count it as FunctionGraph does."""
        kept = self._account.kept(Functions)
        name, version, _ = kept.resolve(invoked.urn, 0.99)
        function, event = name.rpartition("-")[2], json.loads(invoked.payload)
        self.calls.append((function, version))
        said = self.behave(function, version, event) or self._sound(function, event)
        error = said if isinstance(said, str) else ""
        kept.counted(name, version, 1.0, failed=bool(error))
        return Ran(b"" if error else json.dumps(said).encode(), error, 1.0, "")

    def _sound(self, function: str, event: Any) -> dict[str, Any]:
        if function == "authorizer":
            return verdict(allow=event["headers"].get("authorization") == f"Bearer {TOKEN}")
        if function == "admin":
            return {"status": 200, "body": self._admin(event["command"])}
        return _answer(event)

    def _admin(self, command: str) -> dict[str, Any]:
        if command.startswith("records."):
            self.ready = {"prepare": True, "delete": False}.get(command.partition(".")[2], self.ready)
            return {"ready": self.ready}
        return {}


def verdict(*, allow: bool) -> dict[str, Any]:
    """Return an authorizer's answer."""
    return {"statusCode": 200, "body": json.dumps({"status": "allow" if allow else "deny", "context": {"token": "{}"}})}


def reply(status: int, document: Any = None) -> dict[str, Any]:
    """Return an answer to the gateway."""
    body = base64.b64encode(json.dumps(document or {}).encode()).decode()
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body, "isBase64Encoded": True}


def _answer(event: Any) -> dict[str, Any]:
    path, token = event["path"], event["headers"].get("authorization")
    if path == "/auth/login":
        password = json.loads(base64.b64decode(event["body"]))["password"]
        return reply(200, {"access_token": TOKEN}) if password else reply(400)
    if path == "/auth/refresh" or not token:
        return reply(401)
    return reply(200, {"data": [{"id": "m"}]})
