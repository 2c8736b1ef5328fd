"""The loop in a process of its own, behind the Runtime API: what streams, what is whole, what goes wrong, and what of it is told."""

from __future__ import annotations

import json
from functools import partial
from http.client import HTTPMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.emulator.aws.runtime import Runtime
from deploy.emulator.aws.runtime_api import Faulty
from deploy.local.backend import FunctionFailed
from deploy.streaming.loop import Context
from tests.deploy.streaming.zips import ARN, CHAT, PATIENCE, PYTHONS, Gates, Lines, runtimes, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.emulator.aws.runtime import Version


TICKING = """
def body(event, context):
    try:
        yield b"one"
        while event.get("forever"):
            time.sleep(0.01)
            yield b""
    finally:
        print("closed by", os.getpid())
"""


@pytest.fixture(name="lines")
def _lines() -> Lines:
    return Lines()


@pytest.fixture(name="start", params=PYTHONS, ids=lambda one: Path(one).resolve().name)
def _start(request: pytest.FixtureRequest, lines: Lines) -> Iterator[Callable[[Version], Runtime]]:
    with runtimes(partial(Runtime, most=1, python=request.param), lines) as start:
        yield start


def fault_of(body: Any) -> dict[str, Any]:
    """Read a body that ends with a fault; return the fault's document."""
    with pytest.raises(Faulty) as caught:
        list(body)
    document: dict[str, Any] = json.loads(caught.value.fault.payload)
    return document


def test_a_body_is_sent_chunk_by_chunk(start: Callable[[Version], Runtime], tmp_path: Path) -> None:
    """Head and first chunk have been read before the second is made."""
    gates = Gates(tmp_path, "go")
    code = "def body(event, context):\n    yield b'one'\n    wait('go')\n    yield b'two'"
    answer = start(streams(code, GATES=str(tmp_path))).stream(CHAT, PATIENCE)
    first = next(answer.body)
    gates.open("go")

    assert (200, {"content-type": "text/event-stream"}) == (answer.status, answer.headers)
    assert b"one" == first
    assert [b"two"] == list(answer.body)


def test_the_head_does_not_wait_for_the_first_chunk(start: Callable[[Version], Runtime], tmp_path: Path) -> None:
    """A gateway has limits for an answer that does not begin (aws.md, 1.2)."""
    gates = Gates(tmp_path, "go")
    code = "def body(event, context):\n    wait('go')\n    yield b'one'"
    answer = start(streams(code, GATES=str(tmp_path))).stream(CHAT, PATIENCE)
    gates.open("go")

    assert [b"one"] == list(answer.body)


def test_a_body_may_be_empty(start: Callable[[Version], Runtime]) -> None:
    """There is a head then, and a clean end."""
    assert [] == list(start(streams("def body(event, context):\n    return []")).stream(CHAT, PATIENCE).body)


def test_a_body_that_fails_has_no_clean_end(start: Callable[[Version], Runtime]) -> None:
    """What was sent stays sent; the reader learns the type of what went wrong and its places, not its text."""
    code = "def body(event, context):\n    yield b'one'\n    raise ValueError('a secret')"
    answer = start(streams(code)).stream(CHAT, PATIENCE)
    first = next(answer.body)
    fault = fault_of(answer.body)

    assert b"one" == first
    assert ("ValueError", "") == (fault["errorType"], fault["errorMessage"])
    assert fault["stackTrace"][-1].endswith(" body")


@pytest.mark.parametrize(
    "response",
    ["raise ValueError('a secret')", "return Response(200, {'a': 'b' * 16384}, body(event, context))", "return Response(200, {'a': b''}, [])"],
    ids=["it raises", "its headers are too long", "its headers are no text"],
)
def test_what_fails_before_its_head_is_an_error(start: Callable[[Version], Runtime], lines: Lines, response: str) -> None:
    """Nothing has been sent: the platform is told, the log names the type and no text, and the same worker goes on."""
    code = f"class Broken(Function):\n    def respond(self, event, context):\n        {response}\n\n\nFunction = Broken"
    runtime = start(streams(code))
    with pytest.raises(FunctionFailed) as caught:
        runtime.stream(CHAT, PATIENCE)

    assert "" == caught.value.message
    assert json.loads(lines.next())["fault"] in {"ValueError", "TypeError"}
    assert {"statusCode": 200, "headers": {}, "body": "whole"} == runtime.answer({}, PATIENCE)


def test_when_the_client_goes_the_body_is_closed(start: Callable[[Version], Runtime], lines: Lines) -> None:
    """At its next tick, even if that has nothing to send; then the same process answers the next event."""
    runtime = start(streams(TICKING))
    answer = runtime.stream({**CHAT, "forever": True}, PATIENCE)
    next(answer.body)
    answer.body.close()
    closed = lines.next()

    assert [b"one"] == list(runtime.stream(CHAT, PATIENCE).body)
    assert closed == lines.next()


def test_a_body_is_ended_before_the_platform_kills(start: Callable[[Version], Runtime], lines: Lines) -> None:
    """A second before the deadline, the reader is told, and the body is closed."""
    answer = start(streams(TICKING, seconds=1.1)).stream({**CHAT, "forever": True}, PATIENCE)
    fault = fault_of(answer.body)

    assert "TimeoutError" == fault["errorType"]
    assert lines.next().startswith("closed by")


def test_a_body_that_will_not_close_ends_no_worker(start: Callable[[Version], Runtime], lines: Lines) -> None:
    """The answer was whole by then."""
    code = "class Stuck(list):\n    def close(self):\n        raise OSError\n\n\ndef body(event, context):\n    return Stuck([b'one'])"
    runtime = start(streams(code))

    assert [b"one"] == list(runtime.stream(CHAT, PATIENCE).body)
    assert "OSError" == json.loads(lines.next())["fault"]
    assert [b"one"] == list(runtime.stream(CHAT, PATIENCE).body)


@pytest.mark.parametrize(
    "event", [{}, {"httpMethod": "GET", "resource": "/chat"}, ["probe"], None], ids=["no keys", "another method", "a list", "null"]
)
def test_what_does_not_stream_is_answered_whole(start: Callable[[Version], Runtime], event: Any) -> None:
    """As the stock runtime does it: one JSON document."""
    assert {"statusCode": 200, "headers": {}, "body": "whole"} == start(streams()).answer(event, PATIENCE)


@pytest.mark.parametrize(
    ("raised", "told"),
    [("Exception('Unauthorized')", "Unauthorized"), ("ValueError('a secret')", "")],
    ids=["the text that a gateway compares", "any other text"],
)
def test_only_a_text_that_is_meant_is_told(start: Callable[[Version], Runtime], raised: str, told: str) -> None:
    """Texts quote what they choked on."""
    with pytest.raises(FunctionFailed) as caught:
        start(streams(f"def whole(event, context):\n    raise {raised}")).answer({}, PATIENCE)

    assert told == caught.value.message


@pytest.mark.parametrize(
    ("raised", "kind", "told"),
    [
        ("class SettingsError(Exception): pass\nraise SettingsError('MODELS is missing')", "SettingsError", "MODELS is missing"),
        ("import click", "ModuleNotFoundError", "No module named 'click'"),
        ("raise ValueError('a secret')", "ValueError", ""),
    ],
    ids=["settings", "a module that only we have", "anything else"],
)
def test_a_function_that_does_not_start_says_why(start: Callable[[Version], Runtime], lines: Lines, raised: str, kind: str, told: str) -> None:
    """To the platform and in the log, and each event is told anew by a new process."""
    runtime = start(streams(raised))
    payload, error = runtime.invoke(b"{}")
    fault = json.loads(payload)

    assert ("Unhandled", kind, told) == (error, fault["errorType"], fault["errorMessage"])
    assert (kind, told) == (json.loads(line := lines.next())["fault"], json.loads(line)["message"])
    assert kind == json.loads(runtime.invoke(b"{}")[0])["errorType"]


def test_a_handler_learns_of_its_invocation(start: Callable[[Version], Runtime]) -> None:
    """Under the stock runtime's names."""
    code = """
def whole(event, context):
    names = "invoked_function_arn function_name function_version memory_limit_in_mb"
    return [context.get_remaining_time_in_millis(), len(context.aws_request_id), *(getattr(context, one) for one in names.split())]
"""
    left, length, *rest = start(streams(code)).answer({}, PATIENCE)

    assert 0 < left <= PATIENCE * 1000
    assert 36 == length
    assert [ARN, "hello", "7", "128"] == rest


def test_no_time_is_left_below_nothing() -> None:
    """Past the deadline it is 0; and what the platform does not say is None."""
    headers = HTTPMessage()
    headers["Lambda-Runtime-Deadline-Ms"] = "1"
    context = Context(headers)

    assert 0 == context.get_remaining_time_in_millis()
    assert (None, None) == (context.invoked_function_arn, context.memory_limit_in_mb)
