"""Versions run from their zips, in real processes: what they see, how they are started, reused, limited, killed and ended."""

from __future__ import annotations

import json
import os
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.emulator.aws.runtime import Runtime, Version
from deploy.emulator.aws.runtime_api import LARGEST, Faulty
from deploy.local.backend import FunctionFailed
from tests.deploy.streaming.zips import ARN, CHAT, PATIENCE, Gates, Lines, lives, runtimes, stock, streams, together, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PID = "import os\n\n\ndef handler(event, context):\n    {}\n    return os.getpid()"
HANGS = PID.format("while event: pass")


@pytest.fixture(name="lines")
def _lines() -> Lines:
    return Lines()


@pytest.fixture(name="start")
def _start(lines: Lines) -> Iterator[Callable[..., Runtime]]:
    with runtimes(Runtime, lines) as start:
        yield start


def test_a_stock_function_answers(start: Callable[..., Runtime]) -> None:
    """Through the unmodified awslambdaric; the context is Lambda's own."""
    code = "def handler(event, context):\n    return [event, context.invoked_function_arn, context.get_remaining_time_in_millis()]"
    event, arn, left = start(stock(code)).answer({"a": ["é"]}, PATIENCE)

    assert ({"a": ["é"]}, ARN) == (event, arn)
    assert 0 < left <= PATIENCE * 1000


@pytest.mark.parametrize("text", ["Unauthorized", "anything else"])
def test_an_authorizers_text_comes_through(start: Callable[..., Runtime], text: str) -> None:
    """The gateway compares it (aws.md, 5)."""
    with pytest.raises(FunctionFailed) as caught:
        start(stock(f"def handler(event, context):\n    raise Exception({text!r})")).decide({"type": "TOKEN"}, PATIENCE)

    assert text == caught.value.message


@pytest.mark.parametrize("module", ["click", "urllib3", "deploy", "functions"])
def test_what_is_not_in_the_zip_is_not_there(start: Callable[..., Runtime], module: str) -> None:
    """Neither this environment's packages nor this repository: a forgotten wheel fails here, too."""
    payload, error = start(stock(f"import {module}")).invoke(b"{}")
    fault = json.loads(payload)

    assert ("Unhandled", "Runtime.ImportModuleError") == (error, fault["errorType"])
    assert f"No module named '{module}'" in fault["errorMessage"]


def test_the_environment_is_the_functions_and_the_platforms(start: Callable[..., Runtime]) -> None:
    """Nothing of this process's, and no variable of a function overrides what the platform sets."""
    code = "import os\n\n\ndef handler(event, context):\n    return dict(os.environ)"
    seen = start(stock(code, MODELS="[]", AWS_REGION="mine")).answer({}, PATIENCE)
    # The interpreter adds LC_CTYPE itself, where the locale does not exist.
    ours = {name for name in os.environ if name not in {"PATH", "LANG", "TZ", "LC_CTYPE"}}

    assert ("[]", "eu-central-1", "hello", "index.handler") == tuple(
        seen[one] for one in ("MODELS", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER")
    )
    assert set() == {name for name in seen if name in ours and seen[name] == os.environ[name]}


def test_lines_go_to_the_log(start: Callable[..., Runtime], lines: Lines) -> None:
    """Standard output and error alike, each line at once; a traceback is one entry."""
    code = "import sys\n\n\ndef handler(event, context):\n    print('é')\n    print('no', file=sys.stderr)\n    raise ValueError('so')"
    start(stock(code)).invoke(b"{}")

    assert ["é\n", "no\n"] == [lines.next(), lines.next()]
    assert ["[ERROR] ValueError: so", "Traceback (most recent call last):"] == lines.next().splitlines()[:2]


def test_an_idle_worker_is_used_again(start: Callable[..., Runtime]) -> None:
    """One process answers one event after the other, however fast they come."""
    runtime = start(stock(PID.format("pass")))

    assert 1 == len({runtime.answer({}, PATIENCE) for _ in range(50)})


def test_events_at_once_have_a_worker_each(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """None answers before all are there."""
    gates = Gates(tmp_path, *"abc")
    runtime = start(stock(PID.format("open(event['gate']).read()")))
    threading.Thread(target=lambda: list(map(gates.open, "cab")), daemon=True).start()

    assert 3 == len(set(together(3, lambda number: runtime.answer({"gate": str(tmp_path / "abc"[number])}, PATIENCE))))


def test_more_events_than_workers_wait(start: Callable[..., Runtime]) -> None:
    """The limit holds, and everybody is served."""
    runtime = start(stock(PID.format("pass")), most=2)

    assert 2 >= len(set(together(12, lambda _: runtime.answer({}, PATIENCE))))


def test_who_waits_too_long_for_a_worker_is_refused(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """As Lambda refuses what is over the reserved concurrency."""
    gates = Gates(tmp_path, "go")
    runtime = start(streams("def body(event, context):\n    yield b'one'\n    wait('go')", GATES=str(tmp_path)), most=1)
    answer = runtime.stream(CHAT, PATIENCE)
    with pytest.raises(FunctionFailed) as caught:
        runtime.answer({}, 0.01)
    gates.open("go")

    assert "Rate Exceeded." == caught.value.message
    assert [b"one"] == list(answer.body)


def test_20_streams_run_at_once(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """Each has sent its first chunk before any may send its last."""
    numbers = range(20)
    gates = Gates(tmp_path, *map(str, numbers))
    runtime = start(streams("def body(event, context):\n    yield b'first'\n    wait(event['gate'])\n    yield b'last'", GATES=str(tmp_path)))
    answers = together(20, lambda number: (number, runtime.stream({**CHAT, "gate": str(number)}, PATIENCE)))
    firsts = [next(answer.body) for _, answer in answers]
    for number in numbers:
        gates.open(str(number))

    assert [b"first"] * 20 == firsts
    assert [[b"last"]] * 20 == [list(answer.body) for _, answer in answers]


def test_what_takes_too_long_is_killed(start: Callable[..., Runtime]) -> None:
    """The answer is Lambda's, and the next event gets a new process."""
    runtime = start(stock(HANGS, seconds=0.3), most=1)
    before = runtime.answer({}, PATIENCE)
    payload, error = runtime.invoke(b"[1]")
    after = runtime.answer({}, PATIENCE)

    assert ("Unhandled", "Sandbox.Timedout") == (error, json.loads(payload)["errorType"])
    assert json.loads(payload)["errorMessage"].endswith("Task timed out after 0.30 seconds")
    assert before != after
    assert not lives(before)


def test_a_stream_that_takes_too_long_is_cut(start: Callable[..., Runtime]) -> None:
    """A body that blocks is not seen by the loop; then the platform is the last line of defence."""
    answer = start(streams("def body(event, context):\n    yield b'one'\n    while True: pass", seconds=1.5)).stream(CHAT, PATIENCE)
    first = next(answer.body)
    with pytest.raises(Faulty) as caught:
        next(answer.body)

    assert b"one" == first
    assert caught.value.fault.message.endswith("Task timed out after 1.50 seconds")


def test_a_worker_whose_client_has_gone_is_killed_all_the_same(start: Callable[..., Runtime]) -> None:
    """Nobody waits for it; its time still ends."""
    runtime = start(streams("def body(event, context):\n    yield str(os.getpid()).encode()\n    while True: pass", seconds=1.5), most=1)
    answer = runtime.stream(CHAT, PATIENCE)
    pid = int(next(answer.body))
    answer.body.close()
    again = runtime.stream(CHAT, PATIENCE)

    assert pid != int(next(again.body))
    assert [] == list(answer.body)


def test_an_init_that_takes_too_long_is_killed(start: Callable[..., Runtime]) -> None:
    """It has a limit of its own."""
    payload, _ = start(stock("while True: pass"), init=0.2).invoke(b"{}")

    assert json.loads(payload)["errorMessage"].endswith("Init timed out")


def test_an_init_that_fails_is_told_with_its_type(start: Callable[..., Runtime]) -> None:
    """Each event anew, since there is never a worker."""
    runtime = start(stock("raise LookupError('MODELS')"))
    told = [json.loads(runtime.invoke(b"{}")[0]) for _ in range(2)]

    assert [("LookupError", "MODELS")] * 2 == [(one["errorType"], one["errorMessage"]) for one in told]


def test_a_worker_that_dies_fails_its_event_alone(start: Callable[..., Runtime]) -> None:
    """The next one gets another."""
    runtime = start(stock(PID.format("event and os._exit(3)")))
    with pytest.raises(FunctionFailed) as caught:
        runtime.answer({"die": True}, PATIENCE)

    assert "Runtime exited with error: exit status 3" == caught.value.message
    assert lives(runtime.answer({}, PATIENCE))


def test_who_stops_waiting_does_not_stop_the_function(start: Callable[..., Runtime], lines: Lines, tmp_path: Path) -> None:
    """As a gateway gives up after its 29 s: the function runs on, and its worker is free again after."""
    gates = Gates(tmp_path, "go")
    runtime = start(stock(PID.format("event and print(open(event['gate']).read())")), most=1)
    runtime.answer({}, PATIENCE)
    with pytest.raises(FunctionFailed) as caught:
        runtime.answer({"gate": str(tmp_path / "go")}, 0.05)
    gates.open("go")

    assert "no answer in time" == caught.value.message
    assert "go\n" == lines.next()
    assert lives(runtime.answer({}, PATIENCE))


def test_a_stream_that_is_asked_for_as_a_whole_is_cut_in_time(start: Callable[..., Runtime], lines: Lines) -> None:
    """Nobody would ever read it on, so that the worker would wait for room until it was killed."""
    code = "def body(event, context):\n    try:\n        while True: yield b' ' * 65536\n    finally:\n        print('closed')"
    with pytest.raises(FunctionFailed):
        start(streams(code)).answer(CHAT, 0.5)

    assert "closed\n" == lines.next()


def test_closing_what_has_ended_changes_nothing(start: Callable[..., Runtime]) -> None:
    """As every gateway closes every body: the worker is used again at once."""
    runtime = start(streams("def body(event, context):\n    yield str(os.getpid()).encode()"))
    seen = set()
    for _ in range(50):
        answer = runtime.stream(CHAT, PATIENCE)
        seen.add(b"".join(answer.body))
        answer.body.close()

    assert 1 == len(seen)


def test_an_answer_over_6_mb_is_none(start: Callable[..., Runtime]) -> None:
    """Lambda's limit for what does not stream (aws.md, 6); what is just under it passes."""
    runtime = start(stock("def handler(event, context):\n    return 'x' * event"))
    payload, _ = runtime.invoke(str(LARGEST).encode())

    assert "Function.ResponseSizeTooLarge" == json.loads(payload)["errorType"]
    assert LARGEST - 2 == len(runtime.answer(LARGEST - 2, PATIENCE))  # type: ignore[arg-type]


def test_an_answer_without_a_head_cannot_be_streamed(start: Callable[..., Runtime]) -> None:
    """A function on the stock runtime, behind a route that streams, is a bad answer."""
    with pytest.raises(FunctionFailed) as caught:
        start(stock("def handler(event, context):\n    return {'statusCode': 200}")).stream(CHAT, PATIENCE)

    assert "no answer that can be read: no head" == caught.value.message


@pytest.mark.parametrize("head", ["[]", '{"statusCode": "200", "headers": {}}', '{"statusCode": 200}'], ids=["no map", "no status", "no headers"])
def test_a_head_that_says_too_little_is_none(start: Callable[..., Runtime], head: str) -> None:
    """Nothing is assumed."""
    code = f"from awslambdaric.lambda_runtime_client import runtime_client\n\n\ndef handler(event, context):\n    return {head!r}.encode() + bytes(8)"
    with pytest.raises(FunctionFailed):
        start(stock(code)).stream(CHAT, PATIENCE)


def test_an_invoke_of_a_stream_sees_its_head_raw(start: Callable[..., Runtime]) -> None:
    """As the SDK's does (aws.md, 1.1)."""
    payload, error = start(streams()).invoke(json.dumps(CHAT).encode())

    assert error is None
    assert b'{"statusCode": 200, "headers": {"content-type": "text/event-stream"}}' + bytes(8) + b"onetwo" == payload


def test_a_script_that_may_not_be_executed_starts_nothing(start: Callable[..., Runtime]) -> None:
    """The zip must say that it may."""
    with pytest.raises(FunctionFailed) as caught:
        start(streams(mode=0o644)).answer({}, PATIENCE)

    assert "Runtime exited with error: Permission denied" == caught.value.message


def test_a_script_outside_the_zip_is_refused() -> None:
    """Layers are not emulated."""
    version = Version("hello", "7", ARN, zipped({}), 1, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"})
    with pytest.raises(ValueError, match="AWS_LAMBDA_EXEC_WRAPPER"):
        Runtime(version, print)


def test_nothing_is_left_after_close(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """No process, idle or at work, no folder, and no event that waits for ever."""
    gates = Gates(tmp_path, "here")
    code = "import os\n\n\ndef handler(event, context):\n    while event: open(event['gate']).read()\n    return [os.getpid(), __file__]"
    runtime = start(stock(code))
    pid, file = runtime.answer({}, PATIENCE)
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: ended.put(str(runtime.invoke(json.dumps({"gate": str(tmp_path / "here")}).encode())[1])), daemon=True).start()
    gates.open("here")
    runtime.close()

    assert "Unhandled" == ended.get(timeout=PATIENCE)
    assert (False, False) == (lives(pid), Path(file).exists())
    with pytest.raises(FunctionFailed):
        runtime.answer({}, PATIENCE)
