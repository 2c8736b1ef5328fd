"""Versions run from their zips as FunctionGraph runs them: what they are told and see, how they are started, reused, limited, killed and ended."""

from __future__ import annotations

import json
import queue
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import pytest

from deploy.emulator.huawei.runtime import Ran, Runtime
from deploy.emulator.huawei.version import LARGEST
from deploy.local.backend import FunctionFailed
from tests.deploy.emulator.huawei.zips import SETTINGS, asked, events, packed, sent
from tests.deploy.streaming.zips import PATIENCE, PYTHONS, Gates, Lines, lives, runtimes, together, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PID = "import os\n\n\ndef handler(event, context):\n    {}\n    return os.getpid()"
STARTS = """begun = []


def initializer(context):
    {}
    begun.append(context.getUserData("A"))


def handler(event, context):
    return begun
"""
PRINTS = """import sys


def handler(event, context):
    print("é")
    print("no", file=sys.stderr)
    context.getLogger().warn("so")
    print("end", end="")
"""


@pytest.fixture(name="lines")
def _lines() -> Lines:
    return Lines()


@pytest.fixture(name="start")
def _start(lines: Lines) -> Iterator[Callable[..., Runtime]]:
    with runtimes(Runtime, lines) as start:
        yield start


def ran(runtime: Runtime, event: Any = None, **how: Any) -> Ran:
    """Return what comes of an event."""
    return runtime.invoke(sent(event), **{"request_id": "r1", **how})


def result(runtime: Runtime, event: Any = None, **how: Any) -> Any:
    """Return what a function returns, which must be no error."""
    came = ran(runtime, event, **how)
    assert "" == came.error, came.log
    return json.loads(came.result)


def context(start: Callable[..., Runtime], expression: str, **about: Any) -> Any:
    """Return what an expression says of the context."""
    return result(start(events(f"import os, sys, threading\n\n\ndef handler(event, context):\n    return {expression}", **about)), alias="live")


@pytest.mark.parametrize("python", PYTHONS, ids=lambda one: Path(one).resolve().name)
def test_an_event_is_answered(start: Callable[..., Runtime], python: str) -> None:
    """What the handler returns comes back as JSON, whichever Python it runs on."""
    assert {"a": ["é"]} == result(start(events("def handler(event, context):\n    return event"), python=python), {"a": ["é"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("getRequestID", "r1"),
        ("getFunctionName", "hello"),
        ("getVersion", "v1"),
        ("getAlias", "live"),
        ("getProjectID", "p1"),
        ("getPackage", "default"),
        ("getMemorySize", "256"),
        ("getCPUNumber", "400"),
        ("getRunningTimeInSeconds", 20_000),
        ("getToken", ""),
        ("getSecurityAccessKey", ""),
        ("getWorkflowID", ""),
        ("get_invoke_property", None),
        ("get_state", None),
    ],
)
def test_the_context_tells(start: Callable[..., Runtime], name: str, value: object) -> None:
    """Numbers are texts; the time-out in "seconds" is as wrong as the reference's (huawei.md, 1.2)."""
    assert value == context(start, f"context.{name}()")


def test_the_context_counts_down(start: Callable[..., Runtime]) -> None:
    """From the function's own time-out, in milliseconds."""
    left = context(start, "context.getRemainingTimeInMilliSeconds()")

    assert 0 < left <= PATIENCE * 1000


def test_the_context_keeps_a_state(start: Callable[..., Runtime]) -> None:
    """For one request."""
    assert [None, "s"] == context(start, "[context.set_state('s'), context.get_state()]")


def test_the_context_has_these_names_and_no_others(start: Callable[..., Runtime]) -> None:
    """Snake case but for a documented few: `get_user_data` does not exist (huawei.md, 1.2)."""
    few = {"get_instance_id", "get_invoke_id", "get_invoke_property", "get_state", "get_trace_id", "set_state"}
    names = "RequestID RemainingTimeInMilliSeconds RunningTimeInSeconds UserData FunctionName Version Alias ProjectID Package MemorySize CPUNumber"
    more = "Logger Token SecurityAccessKey SecuritySecretKey SecurityToken AccessKey SecretKey WorkflowID WorkflowRunID WorkflowStateID"

    assert few | {f"get{name}" for name in f"{names} {more}".split()} == set(context(start, "list(vars(context))"))


def test_user_data_is_the_contexts_alone(start: Callable[..., Runtime]) -> None:
    """An absent key is None; as variables there is only the JSON of all of them."""
    seen = context(
        start, "[context.getUserData('A'), context.getUserData('B'), os.environ.get('A'), os.environ['RUNTIME_USERDATA']]", user_data={"A": "1"}
    )

    assert ["1", None, None, '{"A": "1"}'] == seen


def test_the_environment_is_the_platforms(start: Callable[..., Runtime]) -> None:
    """The preset variables of huawei.md, 1.2, and nothing of this process's."""
    seen = context(start, "dict(os.environ)")
    names = "PROJECT_ID FUNC_NAME FUNC_VERSION PACKAGE HANDLER TIMEOUT USERDATA CPU MEMORY MAX_RESP_BODY_SIZE INITIALIZER_HANDLER"
    more = "INITIALIZER_TIMEOUT ROOT CODE_ROOT LOG_DIR"

    assert {f"RUNTIME_{name}" for name in f"{names} {more}".split()} == {name for name in seen if name.startswith("RUNTIME_")}
    assert ("6291456", "20") == (seen["RUNTIME_MAX_RESP_BODY_SIZE"], seen["RUNTIME_TIMEOUT"])
    # The interpreter adds LC_CTYPE itself, where the locale does not exist.
    assert {"LANG", "PATH"} == {name for name in seen if not name.startswith("RUNTIME_")} - {"LC_CTYPE"}


def test_code_runs_on_another_thread_than_the_main_one(start: Callable[..., Runtime]) -> None:
    """And `sys.argv` has 3 entries (huawei.md, 1.1)."""
    assert [False, 3] == context(start, "[threading.current_thread() is threading.main_thread(), len(sys.argv)]")


def test_the_folder_is_the_codes(start: Callable[..., Runtime]) -> None:
    """RUNTIME_CODE_ROOT stands for /opt/function/code."""
    assert [True, True] == context(start, "[os.environ['RUNTIME_CODE_ROOT'] == os.getcwd(), os.path.dirname(__file__) == os.getcwd()]")


@pytest.mark.parametrize("module", ["click", "jwt", "deploy", "functions"])
def test_what_is_not_in_the_zip_is_not_there(start: Callable[..., Runtime], module: str) -> None:
    """Neither this environment's packages nor this repository."""
    assert f"ModuleNotFoundError: No module named '{module}'" == ran(start(events(f"import {module}"))).error


@pytest.mark.parametrize(("first", "whose"), [(True, "1.25.11"), (False, "ours")])
def test_the_platform_brings_packages_of_its_own(start: Callable[..., Runtime], *, first: bool, whose: str) -> None:
    """An old urllib3 among them (huawei.md, 1.3); whether it comes before the code's is not known, and so a switch."""
    files = {"urllib3.py": b"__version__ = 'ours'", "index.py": b"import urllib3\n\n\ndef handler(event, context):\n    return urllib3.__version__"}

    assert whose == result(start(events("", code=zipped(files)), platform_first=first))


def test_lines_stand_in_a_frame(start: Callable[..., Runtime], lines: Lines) -> None:
    """As the platform writes it (huawei.md, 1.2), around all that was printed; the answer carries the same text."""
    came = ran(start(events(PRINTS)))
    seen = [lines.next() for _ in range(6)]

    assert ["Start invoke request 'r1', version: v1\n", "é\n", "no\n"] == seen[:3]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ r1 WARN so\n", seen[3])
    assert "end\n" == seen[4]
    assert re.fullmatch(
        r"Finish invoke request 'r1', duration: \d+\.\d{3}ms, billing duration: \d+ms, memory used: [1-9]\d*\.\d{3}MB, billing memory: 256MB\n",
        seen[5],
    )
    assert "".join(seen) == came.log
    assert f"duration: {came.took_ms:.3f}ms" in seen[5]


def test_an_answer_carries_the_logs_last_2000_bytes(start: Callable[..., Runtime]) -> None:
    """As X-Cff-Function-Log does (huawei.md, 3.1); more lines than a pipe holds do not stop the function."""
    came = ran(start(events("def handler(event, context):\n    for _ in range(40): print('x' * 4095)")))

    assert ("", 2000) == (came.error, len(came.log.encode()))


def test_what_is_raised_is_told(start: Callable[..., Runtime]) -> None:
    """Type and text; the places are in the log, and the same process goes on."""
    runtime = start(events(PID.format("if event: raise ValueError('so')")))
    before = result(runtime)
    came = ran(runtime, 1)

    assert (b"", "ValueError: so") == (came.result, came.error)
    assert "Traceback (most recent call last):" in came.log
    assert before == result(runtime)


@pytest.mark.parametrize("value", ["object()", "float('nan')", "b'bytes'"])
def test_what_is_no_json_is_an_error(start: Callable[..., Runtime], value: str) -> None:
    """It reaches nobody (huawei.md, 1.5)."""
    error = ran(start(events(f"def handler(event, context):\n    return {value}"))).error

    assert error.startswith(("TypeError: ", "ValueError: "))


def test_an_initializer_is_called_once(start: Callable[..., Runtime]) -> None:
    """Before the first event, with a context and nothing else (huawei.md, 1.1)."""
    runtime = start(events(STARTS.format("pass"), initializer="index.initializer", user_data={"A": "1"}))

    assert [["1"], ["1"]] == [result(runtime), result(runtime)]


def test_an_initializer_that_was_not_configured_is_not_called(start: Callable[..., Runtime]) -> None:
    """Its name alone says nothing."""
    assert [] == result(start(events(STARTS.format("pass"))))


def test_an_initializer_that_fails_fails_the_call(start: Callable[..., Runtime]) -> None:
    """Each anew, in a process of its own."""
    runtime = start(
        events(
            "import os\n\n\ndef initializer(context):\n    raise LookupError(os.getpid())",
            handler="index.initializer",
            initializer="index.initializer",
        )
    )
    errors = {ran(runtime).error for _ in range(2)}

    assert 2 == len(errors)
    assert all(one.startswith("LookupError: ") for one in errors)


def test_an_initializer_has_a_time_out_of_its_own(start: Callable[..., Runtime]) -> None:
    """It is the first event that fails then."""
    came = ran(start(events(STARTS.format("while True: pass"), initializer="index.initializer", initializer_seconds=0.3)))

    assert "TimeoutError: to initialize took longer than 0.3 seconds" == came.error


def test_what_takes_too_much_memory_is_killed(start: Callable[..., Runtime]) -> None:
    """And the next event has a process of its own; what is within its limit is left in peace."""
    greedy = "import time\n\n\ndef handler(event, context):\n    kept = bytearray(event * 1024 * 1024)\n    time.sleep(0.5)\n    return len(kept)"
    runtime = start(events(greedy, memory=128))
    modest = result(runtime, 10)
    over = ran(runtime, 300)

    assert ("", "ProcessEnded: it took more memory than it may have") == (over.result.decode(), over.error)
    assert modest == result(runtime, 10)


def test_what_takes_too_long_is_killed(start: Callable[..., Runtime]) -> None:
    """The next event gets a new process."""
    runtime = start(events(PID.format("while event: pass"), seconds=0.5), most=1)
    before = result(runtime)
    came = ran(runtime, 1)
    after = result(runtime)

    assert "TimeoutError: to handle took longer than 0.5 seconds" == came.error
    assert "Finish invoke request" in came.log
    assert before != after
    assert not lives(before)


def test_a_process_that_dies_fails_its_event_alone(start: Callable[..., Runtime]) -> None:
    """The next one gets another; what was printed before is not lost."""
    runtime = start(events(PID.format("if event: print('last words', end='', flush=True); os._exit(3)")))
    came = ran(runtime, 1)

    assert "ProcessEnded: exit status 3" == came.error
    assert "\nlast words\n" in came.log
    assert lives(result(runtime))


def test_a_function_that_closes_its_output_answers(start: Callable[..., Runtime]) -> None:
    """It is only never heard of again in the log."""
    runtime = start(events(PID.format("if event: os.close(1); os.close(2)")))

    assert 1 == len({result(runtime), result(runtime, 1), result(runtime)})


def test_what_cannot_be_started_is_an_error(start: Callable[..., Runtime]) -> None:
    """Each event's; nothing is raised."""
    assert "No such file or directory" in ran(start(events(PID), python="/no/such/python")).error


def test_what_is_no_zip_is_refused() -> None:
    """Before anything is started."""
    with pytest.raises(BadZipFile):
        Runtime(events("", code=b"no zip"), print)


def test_an_idle_process_is_used_again(start: Callable[..., Runtime]) -> None:
    """One process answers one event after the other, however fast they come."""
    runtime = start(events(PID.format("pass")))

    assert 1 == len({result(runtime) for _ in range(50)})


def test_events_at_once_have_a_process_each(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """A plain event function is asked one thing at a time (huawei.md, 1.6): none answers here before all are there."""
    gates = Gates(tmp_path, *"abc")
    runtime = start(events(PID.format("open(event).read()")))
    threading.Thread(target=lambda: list(map(gates.open, "cab")), daemon=True).start()

    assert 3 == len(set(together(3, lambda number: result(runtime, str(tmp_path / "abc"[number])))))


def test_more_events_than_processes_wait(start: Callable[..., Runtime]) -> None:
    """The limit holds, and everybody is served."""
    runtime = start(events(PID.format("pass")), most=2)

    assert 2 >= len(set(together(12, lambda _: result(runtime))))


def test_who_stops_waiting_does_not_stop_the_function(start: Callable[..., Runtime], lines: Lines, tmp_path: Path) -> None:
    """As a gateway gives up after its 60 s; and whoever waits behind it for a process is told that there are too many."""
    gates = Gates(tmp_path, "go")
    runtime = start(events(PID.format("if event: print(open(event).read())")), most=1)
    before = result(runtime)
    errors = [ran(runtime, str(tmp_path / "go"), seconds=0.1).error, ran(runtime, seconds=0.1).error]
    gates.open("go")
    seen = [lines.next() for _ in range(4)]

    assert ["no answer in time", "FSS.0429: too many requests"] == errors
    assert "go\n" == seen[-1]
    assert before == result(runtime)


def test_an_event_over_6_mb_is_refused(start: Callable[..., Runtime]) -> None:
    """What is just under it passes (huawei.md, 1.6)."""
    runtime = start(events("def handler(event, context):\n    return len(event)"))

    assert "FSS.0413: the event is too large" == runtime.invoke(b" " * LARGEST + b"1", request_id="r1").error
    assert LARGEST - 2 == result(runtime, "x" * (LARGEST - 2))


def test_an_answer_over_6_mb_is_none(start: Callable[..., Runtime]) -> None:
    """What is just under it passes."""
    runtime = start(events("def handler(event, context):\n    return 'x' * event"))

    assert "FSS.0413: the answer is too large" == ran(runtime, LARGEST).error
    assert LARGEST - 2 == len(result(runtime, LARGEST - 2))


def test_an_event_function_does_not_stream(start: Callable[..., Runtime]) -> None:
    """Its return value is one JSON document (huawei.md, 1.9)."""
    with pytest.raises(FunctionFailed):
        start(events("")).stream(asked(), request_id="r1")


@pytest.mark.parametrize("first", [True, False], ids=["platform first", "code first"])
def test_our_chat_answers(start: Callable[..., Runtime], *, first: bool) -> None:
    """As it is packed for Huawei, from an initializer, whichever comes first on the path; its own urllib3 is the one that it finds."""
    answer = result(start(packed("chat"), platform_first=first), asked())

    assert (200, {"object": "list", "data": []}) == (answer["statusCode"], json.loads(answer["body"]))


@pytest.mark.parametrize("first", [True, False], ids=["platform first", "code first"])
def test_our_authorizer_answers(start: Callable[..., Runtime], *, first: bool) -> None:
    """With a verdict, even if nobody configured its initializer."""
    version = packed("authorizer", initializer="")
    answer = result(start(version, platform_first=first), {"headers": asked()["headers"], "queryStringParameters": {}, "user_data": ""})

    assert {"status": "allow", "user": "ann"} == {
        "status": json.loads(answer["body"])["status"],
        "user": json.loads(answer["body"])["context"]["user"],
    }


def test_our_chat_says_which_settings_are_missing(start: Callable[..., Runtime]) -> None:
    """They come through user data alone."""
    error = ran(start(packed("chat", user_data={key: SETTINGS[key] for key in SETTINGS if key != "TOKEN_KEY"})), asked()).error

    assert error.startswith("SettingsError: ")
    assert "TOKEN_KEY" in error


def test_who_waits_for_a_process_is_told_of_the_end(lines: Lines, tmp_path: Path) -> None:
    """And nobody waits for ever."""
    gates = Gates(tmp_path, "here")
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()
    with Runtime(events(PID.format("while event: open(event).read()")), lines.write, most=1) as runtime:
        for _ in range(2):
            threading.Thread(target=lambda: ended.put(ran(runtime, str(tmp_path / "here")).error), daemon=True).start()
        gates.open("here")

    assert ["FSS.1051: the function is gone", "ProcessEnded: signal: 9"] == sorted(ended.get(timeout=PATIENCE) for _ in range(2))


def test_nothing_is_left_after_close(start: Callable[..., Runtime], tmp_path: Path) -> None:
    """No process, idle, at work, or started by one; no folder, no thread, and no event that waits for ever."""
    gates = Gates(tmp_path, "here", "child")
    child = "__import__('subprocess').Popen(['sleep', '600']).pid"
    code = PID.format(f"while event: open(event).read()\n    return [os.getpid(), __file__, {child}]")
    runtime = start(events(code), most=2)
    pid, file, grandchild = result(runtime)
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: ended.put(ran(runtime, str(tmp_path / "here")).error), daemon=True).start()
    gates.open("here")
    runtime.close()

    assert "ProcessEnded: signal: 9" == ended.get(timeout=PATIENCE)
    assert (False, False) == (lives(pid), Path(file).exists())
    assert not Path(f"/proc/{grandchild}/cwd").exists() or "sleep" not in Path(f"/proc/{grandchild}/exe").readlink().name
    assert [] == [one.name for one in threading.enumerate() if one.name.startswith("event")]
    assert "FSS.1051: the function is gone" == ran(runtime).error
