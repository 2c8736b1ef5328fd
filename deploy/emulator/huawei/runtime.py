"""One version of a function, run from its zip as FunctionGraph runs it: processes that see nothing but the zip and what the platform brings.

This file knows how many processes there are and what becomes of them; what goes on in one is event_process.py's and http_instance.py's, and where
they live is home.py's. An event function is asked by `invoke`, one event at a time in each process; an HTTP function by `stream`. Left out: a fresh
/tmp, the pre-stop handler, the end of idle processes, and the 200 MB of a streamed answer. A process is killed when it takes more memory than it
may, looked at a few times a second; which error the cloud has for that is not known. UNCONFIRMED, and so chosen here: an error of the initializer
ends the process, so that the next event tries again in another; and a time-out ends the process of an HTTP function, too, and with it whatever else
is at work there.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.emulator.huawei.event_process import Died, EventProcess
from deploy.emulator.huawei.frame import Frame
from deploy.emulator.huawei.home import Home
from deploy.emulator.huawei.http_instance import HttpInstances
from deploy.emulator.huawei.version import LARGEST, Ran, Version
from deploy.local.backend import Answer, FunctionFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from deploy.local.backend import Event

__all__ = ["Ran", "Runtime", "Version"]

#: How many processes one version has at most.
MOST = 32
_GONE = "FSS.1051: the function is gone"
_TOO_MANY = "FSS.0429: too many requests"


class Runtime:
    """Processes of one version, at most `most` at once. Close it. `log` is given each line, from any thread. Raises BadZipFile."""

    def __init__(
        self,
        version: Version,
        log: Callable[[str], object],
        *,
        most: int = MOST,
        python: str = sys.executable,
        platform_first: bool = False,
    ) -> None:
        self._version = version
        self._log = log
        self._folder = tempfile.TemporaryDirectory(prefix="twocan-functiongraph-")
        try:
            self._home = Home(Path(self._folder.name), version, python, platform_first=platform_first)
        except BaseException:
            self._folder.cleanup()
            raise
        self._instances = HttpInstances(self._home, version, log, most=most)
        # One thread for each event that runs: its limit is that of the processes.
        self._callers = ThreadPoolExecutor(most, thread_name_prefix="event")
        self._lock = threading.Lock()
        self._busy: set[EventProcess] = set()
        self._idle: list[EventProcess] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def invoke(self, event: bytes, *, request_id: str, seconds: float | None = None, alias: str = "") -> Ran:
        """Return what comes of an event; never raises. Who stops waiting, after `seconds`, does not stop the function."""
        if self._version.runtime == "http":
            return _nothing("FSS.0400: an HTTP function takes no events")
        if len(event) > LARGEST:
            return _nothing("FSS.0413: the event is too large")
        try:
            future = self._callers.submit(self._run, event, request_id, alias)
        except RuntimeError:
            return _nothing(_GONE)
        try:
            return future.result(seconds)
        except TimeoutError:
            return _nothing(_TOO_MANY if future.cancel() else "no answer in time")
        except CancelledError:
            return _nothing(_GONE)

    def stream(self, event: Event, *, request_id: str, seconds: float | None = None) -> Answer:
        """Return an HTTP function's answer to an APIG event as soon as it has a head, for which `seconds` are waited. Raises FunctionFailed."""
        if self._version.runtime != "http":
            raise FunctionFailed("an event function cannot stream (huawei.md, 1.9)")
        return self._instances.stream(event, request_id, self._version.seconds if seconds is None else seconds)

    def close(self) -> None:
        """End every process; what they were at fails."""
        with self._lock:
            self._closed = True
            for one in self._busy:
                one.kill()
        # Each caller ends the process that it was at.
        self._callers.shutdown(cancel_futures=True)
        for one in self._idle:
            one.end()
        self._instances.close()
        self._folder.cleanup()

    def _run(self, event: bytes, request_id: str, alias: str) -> Ran:
        """Run an event in a process: an idle one, or a new one."""
        frame = Frame(self._version, request_id, self._log)
        ask = {"event": event.decode("utf-8", "replace"), "request_id": request_id, "alias": alias}
        try:
            process = self._take()
            try:
                result, error, used = process.call(self._version, ask, frame.say)
            finally:
                self._give_back(process)
        except (Died, OSError) as failed:
            result, error, used = "", str(failed), 0.0
        if len(result) > LARGEST:
            result, error = "", "FSS.0413: the answer is too large"
        took = frame.end(used)
        return Ran(result.encode(), error, took, frame.tail)

    def _take(self) -> EventProcess:
        """Return a process that nobody else has. Raises Died when all are to end, and OSError."""
        with self._lock:
            if self._closed:
                raise Died(_GONE)
            process = self._idle.pop() if self._idle else EventProcess(self._home)
            self._busy.add(process)
            return process

    def _give_back(self, process: EventProcess) -> None:
        with self._lock:
            self._busy.discard(process)
            kept = process.usable and not self._closed
            if kept:
                self._idle.append(process)
        if not kept:
            process.end()


def _nothing(error: str) -> Ran:
    """Return what becomes of an event that no process has got, or whose end nobody waits for."""
    return Ran(b"", error, 0.0, "")
