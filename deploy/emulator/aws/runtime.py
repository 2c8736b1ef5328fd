"""One version of a function, run from its zip as Lambda runs it: worker processes that see nothing but the zip, and answer one event at a time.

This file knows processes, folders and the function's environment; the words of the Runtime API are runtime_api.py's. What stands for Lambda's own
runtime is the unmodified awslambdaric. Left out: memory limits (RLIMIT_AS counts addresses, not memory, and fails what Lambda runs), freezing
between events, and a second init after one that took too long. To run another kind of function, see `_Home`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from importlib.metadata import distribution
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from deploy.emulator import workers
from deploy.emulator.aws.runtime_api import Exchange, Faulty, RuntimeApi, fault
from deploy.local.backend import Answer, FunctionFailed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from deploy.local.backend import Event

T = TypeVar("T")

#: Seconds that a worker has between its start and its asking for an event (aws.md, 6).
INIT_SECONDS = 10.0
_BREATH = 0.05  # seconds for a worker that has answered to ask for more
_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
_TASK = "/var/task/"
# aws.md, 1.1: the prelude's delimiter, and where it must have arrived.
_NULS = bytes(8)
_LONGEST_PRELUDE = 16 * 1024
#: What awslambdaric consists of; nothing else of ours is on a function's path.
_STOCK = ("awslambdaric", "simplejson", "snapshot-restore-py")
# As the platform's own: the function's code first, then its runtime's packages.
_BOOTSTRAP = """import os
import sys

sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], os.environ["LAMBDA_RUNTIME_DIR"]]
from awslambdaric.__main__ import main

main([__file__, os.environ["_HANDLER"]])
"""


class Version(NamedTuple):
    """What is to run. `arn` is the function as it is invoked, qualifier and all; `seconds` its time-out; `memory` only what it is told, in MB."""

    name: str
    number: str
    arn: str
    code: bytes
    seconds: float
    variables: Mapping[str, str]
    handler: str = "index.handler"
    memory: int = 128


class Runtime:
    """Workers of one version, started on demand, at most `most` at once. A Backend and an Authorizer; close it. `log` is given each line.

    Raises ValueError for a wrapper that is not in the zip, and BadZipFile.
    """

    def __init__(
        self, version: Version, log: Callable[[str], object], *, most: int = 64, python: str = sys.executable, init: float = INIT_SECONDS
    ) -> None:
        self._version = version
        self._log = log
        self._most = most
        self._init = init
        self._folder = tempfile.TemporaryDirectory(prefix="twocan-lambda-")
        try:
            self._home = _Home(Path(self._folder.name), version, python)
        except BaseException:
            self._folder.cleanup()
            raise
        self._state = threading.Condition()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="time-outs", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def answer(self, event: Event, seconds: float) -> Any:
        """Return the function's whole answer. Raises FunctionFailed. Who stops waiting does not stop the function."""
        return self._ask(event, seconds, lambda exchange, until: json.loads(_joined(exchange, until)))

    # An authorizer is asked in the same way; only its event is another.
    decide = answer

    def stream(self, event: Event, seconds: float) -> Answer:
        """Return the function's answer as soon as it has a head. Raises FunctionFailed, also for an answer that does not begin with one."""
        return self._ask(event, seconds, _opened)

    def invoke(self, payload: bytes) -> tuple[bytes, str | None]:
        """Return what the SDK's Invoke returns: the answer, a streamed one's prelude included (aws.md, 1.1), and "Unhandled" if it is an error."""
        try:
            return _joined(self._begin(payload, None), None), None
        except Faulty as error:
            return error.fault.payload, "Unhandled"

    def close(self) -> None:
        """End every worker; what they were at fails."""
        with self._state:
            self._closed.set()
            workers = [*self._workers]
            self._state.notify_all()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        self._folder.cleanup()

    def _ask(self, event: Event, seconds: float, read: Callable[[Exchange, float], T]) -> T:
        """Return what is read of the answer to an event. Raises FunctionFailed; nobody reads on then."""
        until = time.monotonic() + seconds
        try:
            exchange = self._begin(json.dumps(event).encode(), seconds)
            try:
                return read(exchange, until)
            except BaseException:
                exchange.close()
                raise
        except (Faulty, TimeoutError, ValueError) as error:
            raise _failed(error) from error

    def _begin(self, event: bytes, seconds: float | None) -> Exchange:
        """Give an event to a worker: an idle one, a new one, or the next that is free. Raises Faulty."""
        exchange = Exchange(event)
        with self._state:
            # Between its answer and its next question a worker is not idle yet; to start another one for that moment would be a cold start.
            self._state.wait_for(lambda: self._idle or not any(worker.api.ending for worker in self._workers), _BREATH)
            if not self._state.wait_for(lambda: self._closed.is_set() or self._idle or len(self._workers) < self._most, seconds):
                raise Faulty(fault("TooManyRequestsException", "Rate Exceeded."))
            if self._closed.is_set():
                raise Faulty(fault("ResourceNotFoundException", "The function is gone"))
            if self._idle:
                self._idle.pop().api.hand(exchange)
            else:
                self._start(exchange)
        return exchange

    def _start(self, exchange: Exchange) -> None:
        worker = _Worker(exchange, self._version, self._init, self._rest)
        try:
            worker.start(self._home, self._log, self._forget)
        except OSError as error:
            # What lies there cannot be executed, as when the zip does not say that it may.
            worker.api.close(fault("Runtime.ExitError", f"Runtime exited with error: {error.strerror}"))
            return
        self._workers.add(worker)

    def _rest(self, worker: _Worker) -> None:
        with self._state:
            # One that died while it asked is not to be given anything.
            if worker in self._workers:
                self._idle.append(worker)
                self._state.notify_all()

    def _forget(self, worker: _Worker) -> None:
        with self._state:
            self._workers.discard(worker)
            self._idle = [one for one in self._idle if one is not worker]
            self._state.notify_all()

    def _watch(self) -> None:
        """Kill the workers whose time is up, until this is closed.

        Nobody has to wake this thread: it never sleeps longer than an event may run, so that none begins and is overdue in one sleep.
        """
        longest = min(self._version.seconds, self._init)
        wait = longest
        while not self._closed.wait(wait):
            with self._state:
                late = [one for one in self._workers if one.api.expire()]
                ends = [one.api.until for one in self._workers]
            for worker in late:
                self._forget(worker)
                worker.kill()
            wait = max(0.0, min([longest, *(end - time.monotonic() for end in ends if end is not None)]))


class _Worker:
    """One process, and its end of the Runtime API."""

    def __init__(self, first: Exchange, version: Version, init: float, rest: Callable[[_Worker], None]) -> None:
        self.api = RuntimeApi(first, arn=version.arn, seconds=version.seconds, init=init, idle=lambda: rest(self))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, home: _Home, log: Callable[[str], object], forget: Callable[[_Worker], None]) -> None:
        """Start the process. Raises OSError."""
        environment = home.environment | {"AWS_LAMBDA_RUNTIME_API": self.api.address}
        self._process = workers.launch(home.command, folder=home.task, environment=environment)
        threading.Thread(target=self._listen, args=(self._process, log, forget), name="worker", daemon=True).start()

    def kill(self) -> None:
        """End the process at once, which ends what it was at."""
        if self._process is not None:
            self._process.kill()

    def wait(self) -> None:
        """Wait for the process to have ended."""
        if self._process is not None:
            self._process.wait()

    def _listen(self, process: subprocess.Popen[bytes], log: Callable[[str], object], forget: Callable[[_Worker], None]) -> None:
        """Pass its lines on until it ends."""
        # awslambdaric holds the lines of one traceback together with carriage returns.
        with TextIOWrapper(cast(IO[bytes], process.stdout), encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                log(line.replace("\r", "\n"))
        how = workers.ended(process)
        # In this order: nobody hands an event to a worker that is forgotten, and one that was handed before is ended by `close`.
        forget(self)
        self.api.close(fault("Runtime.ExitError", f"Runtime exited with error: {how}"))


class _Home:
    """Where the workers live: the function's code, unpacked; and how they are started there."""

    def __init__(self, folder: Path, version: Version, python: str) -> None:
        self.task = folder / "task"
        runtime = folder / "runtime"
        workers.unpack(version.code, self.task)
        runtime.mkdir()
        bootstrap = runtime / "bootstrap.py"
        bootstrap.write_text(_BOOTSTRAP, encoding="utf-8")
        # -I -S: nothing but the standard library, until the bootstrap adds what it names.
        self.command = [python, "-I", "-S", str(bootstrap)]
        self.environment = {**version.variables, **_environment(version), "LAMBDA_TASK_ROOT": str(self.task), "LAMBDA_RUNTIME_DIR": str(runtime)}
        wrapper = version.variables.get(_WRAPPER)
        if wrapper is None:
            _link(runtime)
        elif wrapper.startswith(_TASK):
            # What is /var/task in the cloud is this version's own folder here.
            self.command.insert(0, str(self.task / wrapper.removeprefix(_TASK)))
        else:
            raise ValueError(f"{_WRAPPER} must lie in {_TASK}")


def _link(folder: Path) -> None:
    """Make the stock runtime's packages, and no others, importable from a folder. Raises PackageNotFoundError."""
    for one in map(distribution, _STOCK):
        for name in {file.parts[0] for file in one.files or []}:
            if name not in {"..", "__pycache__"} and not name.endswith(".dist-info"):
                (folder / name).symlink_to(str(one.locate_file(name)))


def _environment(version: Version) -> dict[str, str]:
    """Return what the platform sets, which no variable of a function overrides; nothing of this process's own."""
    region = version.arn.split(":")[3]
    return {
        "AWS_LAMBDA_FUNCTION_NAME": version.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.number,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{version.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"[{version.number}]",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_SESSION_TOKEN": "emulated",
        "_HANDLER": version.handler,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }


class _Body:
    """What is left of the chunk in which the head ended, then the worker's chunks as they come."""

    def __init__(self, exchange: Exchange, first: bytes) -> None:
        self._exchange = exchange
        self._first = first

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        chunk, self._first = self._first, b""
        following = chunk or self._exchange.take()
        if following is None:
            raise StopIteration
        return following

    def close(self) -> None:
        self._exchange.close()


def _opened(exchange: Exchange, until: float) -> Answer:
    """Return the answer once its head is there. Raises Faulty, TimeoutError, or ValueError when it has none."""
    seen = b""
    while _NULS not in seen[:_LONGEST_PRELUDE]:
        chunk = exchange.take(until - time.monotonic())
        if chunk is None or len(seen) >= _LONGEST_PRELUDE:
            raise ValueError("no head")
        seen += chunk
    prelude, _, first = seen.partition(_NULS)
    head = json.loads(prelude)
    if not isinstance(head, dict) or not isinstance(head.get("statusCode"), int) or not isinstance(head.get("headers"), dict):
        raise ValueError("no status or no headers")  # noqa: TRY004 - as every other answer that cannot be read
    return Answer(head["statusCode"], head["headers"], _Body(exchange, first))


def _joined(exchange: Exchange, until: float | None) -> bytes:
    chunks = []
    while (chunk := exchange.take(None if until is None else until - time.monotonic())) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


def _failed(error: Exception) -> FunctionFailed:
    if isinstance(error, Faulty):
        return FunctionFailed(error.fault.message)
    return FunctionFailed("no answer in time" if isinstance(error, TimeoutError) else f"no answer that can be read: {error}")
