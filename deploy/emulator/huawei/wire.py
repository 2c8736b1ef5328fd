"""What management APIs of Huawei Cloud are asked and answer: requests as values, tables of operations, and the checks of what a body says.

This file knows HTTP and JSON and no service's words. A service is a list of `Operation`s and the codes of its general refusals (`Codes`); to add
an operation, add its line to the service's own list.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.emulator.huawei.account import Account


class Asked(NamedTuple):
    """One request: `path` and `query` as sent (percent-encoded), `headers` by small letters, `host` with its port if it has one."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Answered(NamedTuple):
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """The service says no, with a documented code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


class Codes(NamedTuple):
    """What a service calls the refusals that every one of its operations knows: 400, 401, 403, 404 and 413."""

    malformed: str
    unsigned: str
    forbidden: str
    unknown: str
    too_large: str


class Call(NamedTuple):
    """A request to one operation: the names in its path, decoded, its query, and its body; {} for none."""

    asked: Asked
    names: Mapping[str, str]
    query: Mapping[str, str]
    document: Mapping[str, Any]


class Operation(NamedTuple):
    """One operation: `path` with its names in braces. `slow`: it may take long, and does without the account's lock."""

    method: str
    path: str
    do: Callable[[Account, Call], Answered]
    slow: bool = False


class Service(NamedTuple):
    """One service: the part of a path by which it is known, its codes, and its operations."""

    name: str
    prefix: str
    codes: Codes
    operations: Sequence[Operation]

    def owns(self, path: str) -> bool:
        """Say whether a path is this service's."""
        return re.match(self.prefix, path) is not None

    def find(self, asked: Asked) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation that a request is for, and the names in its path; None if there is none. Literal parts go before names."""
        found = [(one, names) for one in self.operations if one.method == asked.method and (names := _named(one.path, asked.path)) is not None]
        return min(found, key=lambda pair: pair[0].path.count("{"), default=None)


def call(asked: Asked, names: Mapping[str, str], codes: Codes) -> Call:
    """Return the call that a request is. Raises Refused for a body that is no JSON object."""
    return Call(asked, names, dict(parse_qsl(asked.query, keep_blank_values=True)), _document(asked, codes))


def answer(document: Any, status: int = 200) -> Answered:
    """Return a JSON answer; None is an empty one."""
    if document is None:
        return Answered(status, {}, b"")
    return Answered(status, {"content-type": "application/json"}, json.dumps(document).encode())


def refusal(refused: Refused, request_id: str) -> Answered:
    """Return what every service but OBS answers when it refuses (huawei.md, 3)."""
    body = {"error_code": refused.code, "error_msg": refused.message, "request_id": request_id}
    return Answered(refused.status, {"content-type": "application/json"}, json.dumps(body).encode())


def _named(template: str, path: str) -> dict[str, str] | None:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
    found = re.fullmatch(pattern, path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def _document(asked: Asked, codes: Codes) -> Mapping[str, Any]:
    if not asked.body or not asked.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        document = json.loads(asked.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused(400, codes.malformed, "The request body is not a JSON object.")
    return document
