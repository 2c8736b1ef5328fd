"""clouds/direct.py: a command in, a status and a map out."""

from __future__ import annotations

from typing import Any

import pytest

from functions.shared.clouds import direct
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Request, Response
from tests.fakes.platforms import LambdaContext


def nested(levels: int) -> Any:
    """Return a list in a list in a list."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def test_a_command_is_a_request() -> None:
    """The command is the path, the arguments are the body."""
    request = direct.read({"command": "users.add", "arguments": {"username": "é"}}, LambdaContext())

    assert Request("INVOKE", "users.add", {}, '{"username":"é"}'.encode(), "direct") == request


def test_arguments_may_be_absent() -> None:
    """A command without arguments has an empty map of them."""
    assert b"{}" == direct.read({"command": "users.list"}, None).body


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "users.list",
        {},
        {"command": ""},
        {"command": 7},
        {"command": "users.list", "arguments": []},
        {"command": "users.list", "arguments": {"a": float("nan")}},
        {"command": "users.list", "arguments": {"a": "\ud800"}},
        {"command": "users.list", "arguments": {"\udfff": 1}},
        {"command": "users.list", "arguments": {"a": nested(100_000)}},
    ],
    ids=["null", "list", "text", "empty", "nameless", "number", "arguments-list", "nan", "surrogate", "surrogate-name", "deep"],
)
def test_a_malformed_event_is_refused(event: Any) -> None:
    """What is not a command with a map of JSON is refused, and nothing else escapes."""
    with pytest.raises(InvalidRequest):
        direct.read(event, LambdaContext())


@pytest.mark.parametrize(("body", "written"), [([], {}), ([b'{"a":', b"1}"], {"a": 1})], ids=["empty", "full"])
def test_an_answer_is_a_status_and_a_map(body: list[bytes], written: dict[str, Any]) -> None:
    """The body is JSON in JSON, not a string."""
    assert {"status": 200, "body": written} == direct.write(Response(200, {}, body, {}))
