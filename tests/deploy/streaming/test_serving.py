"""An HTTP function behind our own server, in a process of its own, asked as FunctionGraph asks it: what streams, what goes wrong, what ends."""

from __future__ import annotations

import base64
import json
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.emulator.huawei.runtime import Runtime
from deploy.local.backend import Answer, FunctionFailed
from deploy.streaming.serving import Context
from tests.deploy.emulator.huawei.zips import asked, packed, serving
from tests.deploy.streaming.zips import PATIENCE, PYTHONS, Gates, Lines, lives, runtimes, together, zipped
from tests.fakes.upstream import DONE, LAST, Upstream, head, piece, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.upstream import Step

TICKING = """
def body(event, context):
    try:
        yield str(os.getpid()).encode()
        while event["queryStringParameters"]:
            time.sleep(0.01)
            yield b""
    finally:
        print("closed by", os.getpid())
"""
ONE_ANSWER = """import os, socket, sys
server = socket.create_server(("127.0.0.1", int(os.environ["TWOCAN_PORT"])))
wire, _ = server.accept()
wire.recv(65536)
wire.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: " + sys.argv[1].encode() + b"\\r\\n\\r\\nabc")
"""
GATED = "def body(event, context):\n    yield str(os.getpid()).encode()\n    wait(event['path'][1:])\n    yield b'last'"


@pytest.fixture(name="lines")
def _lines() -> Lines:
    return Lines()


@pytest.fixture(name="start")
def _start(lines: Lines) -> Iterator[Callable[..., Runtime]]:
    with runtimes(Runtime, lines) as start:
        yield start


def ask(runtime: Runtime, event: Any = None, **how: Any) -> Answer:
    """Return the answer to an APIG event."""
    return runtime.stream(event or asked(), **{"request_id": "r1", **how})


def seen(runtime: Runtime, event: Any = None) -> tuple[dict[str, Any], str, int, int]:
    """Return what a handler sees: its event, the request's id, the milliseconds that are left; and the process."""
    event, request_id, left, pid = json.loads(b"".join(ask(runtime, event).body))
    return event, request_id, left, pid


def closed_by(lines: Lines) -> str:
    """Wait for a body to be closed; return what it says."""
    while not (line := lines.next()).startswith("closed by"):
        pass
    return line


@pytest.mark.parametrize("python", PYTHONS, ids=lambda one: Path(one).resolve().name)
def test_a_body_is_sent_chunk_by_chunk(start: Callable[..., Runtime], tmp_path: Path, python: str) -> None:
    """Head and first chunk have been read before the second is made."""
    gates = Gates(tmp_path, "go")
    answer = ask(start(serving(GATED, user_data={"GATES": str(tmp_path)}), python=python), asked("/go"))
    first = next(answer.body)
    gates.open("go")

    assert (200, {"content-type": "text/event-stream"}) == (answer.status, answer.headers)
    assert first.isdigit()
    assert [b"last"] == list(answer.body)


def test_the_head_does_not_wait_for_the_first_chunk(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """A gateway has a limit for an answer that does not begin."""
    gates = Gates(tmp_path, "go")
    code = "def body(event, context):\n    wait('go')\n    yield b'one'"
    answer = ask(start(serving(code, user_data={"GATES": str(tmp_path)})))
    gates.open("go")

    assert [b"one"] == list(answer.body)


def test_a_request_becomes_the_event_that_it_was(start: Callable[..., Runtime]) -> None:
    """The same keys as an event function gets (huawei.md, 1.4), so that it is the same walk."""
    body = base64.b64encode("é".encode()).decode()
    event = asked("/a%20b/c", httpMethod="POST", body=body, queryStringParameters={"k": "ü&", "empty": ""}, headers={"X-Some": "ö", "host": "h"})
    got, request_id, left, _ = seen(start(serving()), event)
    added = {name: value for name, value in got["headers"].items() if name.startswith("x-cff-")}

    assert {**event, "headers": {}, "requestContext": {"requestId": "r1", "apiId": "", "stage": "RELEASE"}} == {**got, "headers": {}}
    assert ("ö", "h", "2") == (got["headers"]["x-some"], got["headers"]["host"], got["headers"]["content-length"])
    assert {"request-id", "memory", "timeout", "func-version", "func-name", "project-id", "package", "region"} == {one[6:] for one in added}
    assert ("r1", "r1", "cn-north-4") == (request_id, added["x-cff-request-id"], added["x-cff-region"])
    assert 0 < left <= PATIENCE * 1000


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_comes_through(start: Callable[..., Runtime], method: str) -> None:
    """Which of them mean something is the function's to say."""
    assert method == seen(start(serving()), asked(httpMethod=method))[0]["httpMethod"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204)])
def test_what_has_no_body_has_none(start: Callable[..., Runtime], method: str, status: int) -> None:
    """The connection says so, and nothing waits for more."""
    code = f"class Function:\n    def respond(self, event, context):\n        return Response({status}, {{}}, [b'one'])"
    answer = ask(start(serving(code)), asked(httpMethod=method))

    assert (status, []) == (answer.status, list(answer.body))


def test_settings_are_variables(start: Callable[..., Runtime]) -> None:
    """An HTTP function's user data are in its environment (huawei.md, 1.2), where its initializer's context finds them."""
    code = "def body(event, context):\n    yield json.dumps([os.environ['A'], context.getUserData('A'), context.getUserData('B')]).encode()"

    assert ["1", "1", None] == json.loads(b"".join(ask(start(serving(code, user_data={"A": "1"}))).body))


def test_a_setting_that_is_absent_is_none() -> None:
    """As in an event function's context."""
    assert None is Context("r1", 0).getUserData("NO_SUCH_SETTING")


def test_a_body_that_fails_has_no_clean_end(start: Callable[..., Runtime], lines: Lines) -> None:
    """What was sent stays sent; the log has the type of what went wrong, not its text."""
    answer = ask(start(serving("def body(event, context):\n    yield b'one'\n    raise ValueError('a secret')")))
    first = next(answer.body)
    with pytest.raises(FunctionFailed):
        next(answer.body)
    logged = [lines.next() for _ in range(3)]

    assert b"one" == first
    assert '{"fault": "ValueError", "at": "serving"}\n' in logged
    assert not any("secret" in one for one in logged)


def test_when_the_client_goes_the_body_is_closed(start: Callable[..., Runtime], lines: Lines) -> None:
    """At its next tick, even if that has nothing to send; then the same process answers the next request."""
    runtime = start(serving(TICKING))
    answer = ask(runtime, asked(queryStringParameters={"for": "ever"}))
    pid = next(answer.body).decode()
    answer.body.close()

    assert f"closed by {pid}\n" == closed_by(lines)
    assert [pid.encode()] == list(ask(runtime).body)
    assert [] == list(answer.body)


def test_who_reads_is_woken_by_who_closes(start: Callable[..., Runtime]) -> None:
    """A gateway learns on another thread that its client has gone."""
    runtime = start(serving(TICKING))
    answer = ask(runtime, asked(queryStringParameters={"for": "ever"}))
    next(answer.body)
    rest: queue.SimpleQueue[list[bytes]] = queue.SimpleQueue()
    reading = threading.Thread(target=lambda: rest.put(list(answer.body)))
    reading.start()
    answer.body.close()
    reading.join()

    assert [] == rest.get()


def test_who_stops_waiting_for_a_head_does_not_end_the_instance(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """Its time is not up; other requests may be at work there."""
    gates = Gates(tmp_path, "go")
    code = "class Function(Function):\n    def respond(self, event, context):\n        if event['path'] == '/wait': wait('go')"
    code += "\n        return Response(200, {}, [str(os.getpid()).encode()])"
    runtime = start(serving(code, user_data={"GATES": str(tmp_path)}))
    before = list(ask(runtime).body)
    with pytest.raises(FunctionFailed) as caught:
        ask(runtime, asked("/wait"), seconds=0.2)
    gates.open("go")

    assert "TimeoutError: timed out" == caught.value.message
    assert before == list(ask(runtime).body)


@pytest.mark.parametrize(("length", "whole"), [(3, True), (5, False)], ids=["whole", "cut"])
def test_an_answer_may_have_a_length(start: Callable[..., Runtime], length: int, *, whole: bool) -> None:
    """Any server may stand behind bootstrap; what is shorter than it said is not whole."""
    server = f"#!/bin/sh\nexec python3 -c '{ONE_ANSWER}' {length}\n".encode()
    answer = ask(start(serving()._replace(code=zipped({"bootstrap": server}))))
    first = next(answer.body)
    ended = pytest.raises(StopIteration if whole else FunctionFailed)

    assert b"abc" == first
    with ended:
        next(answer.body)


def test_a_body_is_ended_before_the_platform_ends_it(start: Callable[..., Runtime], lines: Lines) -> None:
    """A second before the time-out, its reader learns that it is not whole."""
    runtime = start(serving(TICKING, seconds=1.4))
    answer = ask(runtime, asked(queryStringParameters={"for": "ever"}))
    pid = next(answer.body).decode()
    with pytest.raises(FunctionFailed):
        next(answer.body)

    assert f"closed by {pid}\n" == closed_by(lines)
    assert [pid.encode()] == list(ask(runtime).body)


def test_what_takes_too_long_is_killed(start: Callable[..., Runtime]) -> None:
    """A body that blocks is not seen by the server; then the platform is the last line of defence."""
    code = "def body(event, context):\n    yield str(os.getpid()).encode()\n    while event['queryStringParameters']: pass"
    runtime = start(serving(code, seconds=1.4))
    answer = ask(runtime, asked(queryStringParameters={"for": "ever"}))
    pid = int(next(answer.body))
    with pytest.raises(FunctionFailed) as caught:
        next(answer.body)

    assert "the function's stream was cut: TimeoutError" == caught.value.message
    assert not lives(pid)
    assert [str(pid).encode()] != list(ask(runtime).body)


def test_an_instance_is_asked_several_things_at_once(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """As many as its version allows (huawei.md, 1.6): each has sent its first chunk before any may send its last."""
    gates = Gates(tmp_path, *"abc")
    runtime = start(serving(GATED, user_data={"GATES": str(tmp_path)}, concurrent=3), most=1)
    answers = together(3, lambda number: (number, ask(runtime, asked(f"/{'abc'[number]}"))))
    firsts = {next(answer.body) for _, answer in answers}
    for number, _ in answers:
        gates.open("abc"[number])

    assert 1 == len(firsts)
    assert [[b"last"]] * 3 == [list(answer.body) for _, answer in answers]


def test_one_thing_at_once_takes_an_instance_each(start: Callable[..., Runtime]) -> None:
    """When there are no more of them, whoever waits too long is refused."""
    runtime = start(serving(TICKING), most=2)
    answers = [ask(runtime, asked(queryStringParameters={"for": "ever"})) for _ in range(2)]
    firsts = {next(answer.body) for answer in answers}
    with pytest.raises(FunctionFailed) as caught:
        ask(runtime, seconds=0.05)
    for answer in answers:
        answer.body.close()

    assert 2 == len(firsts)
    assert "FSS.0429: too many requests" == caught.value.message
    assert set(ask(runtime).body) <= firsts


def test_a_request_stands_in_a_frame(start: Callable[..., Runtime], lines: Lines) -> None:
    """As an event does; what several requests print is one stream, so that it stands where it comes."""
    list(ask(start(serving("def body(event, context):\n    yield b''\n    print('here')"))).body)
    logged = [lines.next() for _ in range(3)]

    assert "Start invoke request 'r1', version: v1\n" == logged[0]
    assert ["Finish", "here\n"] == sorted(one.partition(" ")[0] for one in logged[1:])


@pytest.mark.parametrize(
    ("bootstrap", "message"),
    [
        (b"#!/bin/sh\nexit 3\n", "ConnectionRefusedError: "),
        (b"#!/bin/sh\nexec sleep 600\n", "TimeoutError: bootstrap does not listen"),
        (b"#!/no/such/shell\n", "bootstrap: No such file or directory"),
    ],
    ids=["ends", "does not listen", "cannot be run"],
)
def test_a_bootstrap_that_serves_nothing_is_an_error(start: Callable[..., Runtime], bootstrap: bytes, message: str) -> None:
    """Each request's, for as long as somebody waits."""
    with pytest.raises(FunctionFailed) as caught:
        ask(start(serving()._replace(code=zipped({"bootstrap": bootstrap}))), seconds=0.3)

    assert caught.value.message.startswith(message)


def test_a_bootstrap_that_may_not_be_executed_starts_nothing(start: Callable[..., Runtime]) -> None:
    """The zip must say that it may."""
    with pytest.raises(FunctionFailed) as caught:
        ask(start(serving(mode=0o644)))

    assert "bootstrap: Permission denied" == caught.value.message


def test_an_http_function_takes_no_events(start: Callable[..., Runtime]) -> None:
    """Only APIG calls it (huawei.md, 1.8)."""
    assert "FSS.0400: an HTTP function takes no events" == start(serving()).invoke(b"{}", request_id="r1").error


def test_our_chat_answers(start: Callable[..., Runtime]) -> None:
    """The zip with the two files more: the settings come from the environment, the walk is the same."""
    answer = ask(start(packed("chat", runtime="http")))
    body = json.loads(b"".join(answer.body))

    assert (200, "https://chat.test") == (answer.status, answer.headers["access-control-allow-origin"])
    assert {"object": "list", "data": []} == body


def test_our_chat_streams_what_a_model_says(start: Callable[..., Runtime]) -> None:
    """From the vendor's socket to the platform's: the first token is here before the model has made its last."""
    said = threading.Event()
    steps: list[Step] = [head(), piece(token("one")), said, piece(token("two")), piece(token(None, "stop")), piece(DONE), LAST]
    body = base64.b64encode(b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}').decode()
    with Upstream(steps) as model:
        row = {"name": "m", "vendor": "openai", "base_url": f"{model.url}/v1", "model": "m"}
        runtime = start(packed("chat", runtime="http", models=[row]))
        answer = ask(runtime, asked("/v1/chat/completions", httpMethod="POST", body=body))
        first = next(answer.body)
        said.set()
        rest = b"".join(answer.body)

    assert (200, "text/event-stream") == (answer.status, answer.headers["content-type"])
    assert (True, False) == (b"one" in first, b"two" in first)
    assert (True, True) == (b"two" in rest, rest.endswith(DONE))


def test_nothing_is_left_after_close(start: Callable[..., Runtime]) -> None:
    """No process and no folder; what it was at is cut."""
    code = "def body(event, context):\n    yield json.dumps([os.getpid(), os.getcwd()]).encode()\n    while True: time.sleep(0.01)"
    runtime = start(serving(code))
    answer = ask(runtime)
    pid, folder = json.loads(next(answer.body))
    runtime.close()
    with pytest.raises(FunctionFailed):
        next(answer.body)

    assert (False, False) == (lives(pid), Path(folder).exists())
    with pytest.raises(FunctionFailed):
        ask(runtime)
