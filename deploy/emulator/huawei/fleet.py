"""FunctionGraph as it runs functions: for every version that is called a Runtime of its zip; numbers and lines of logs told of each call.

This file knows which version answers a call (huawei.md, 3.1: each call anew, by the alias's weights) and when a Runtime is no more needed; what a
gateway makes of an answer is data_plane.py's. What the management API is asked to invoke is run here, too.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zipfile import BadZipFile

from deploy.emulator.counted import Counted
from deploy.emulator.huawei.function_checks import HTTP
from deploy.emulator.huawei.functions_kept import Absent, Functions
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.runtime import Runtime
from deploy.emulator.huawei.version import Ran
from deploy.local.backend import Answer, FunctionFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.functions_kept import Invoked
    from deploy.emulator.huawei.version import Version
    from deploy.local.backend import Event

#: How a Runtime says that the time was over (runtime.py): nobody else's errors begin so.
LATE = ("no answer in time", "TimeoutError: to ")
#: The code with which a call to a disabled function is refused (huawei.md, 1.6).
_DISABLED = "FSS.0429: the function is disabled"


class Runs(Protocol):
    """A version that runs, as runtime.py's `Runtime` does. Close it."""

    def invoke(self, event: bytes, *, request_id: str, seconds: float | None = None, alias: str = "") -> Ran:
        """Return what comes of an event."""

    def stream(self, event: Event, *, request_id: str, seconds: float | None = None) -> Answer:
        """Return an HTTP function's answer as soon as it has a head. Raises FunctionFailed."""

    def close(self) -> None:
        """End it."""


class _Running(NamedTuple):
    version: Version
    runtime: Runs


class _Called(NamedTuple):
    """A call that has its version: by which alias, if by one."""

    version: Version
    runtime: Runs
    alias: str
    began: float


class Fleet:
    """Every version's Runtime, started when it is first called. `draw` gives a number from 0 to 1, by which an alias chooses. Close it."""

    def __init__(
        self,
        account: Account,
        draw: Callable[[], float] = random.random,
        start: Callable[[Account, Version, Callable[[str], object]], Runs] | None = None,
    ) -> None:
        self._account = account
        self._draw = draw
        self._start = start or _start
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], _Running] = {}
        self._closed = False

    def answer(self, urn: str, event: Event, seconds: float) -> Any:
        """Return what a function answers, whole. Raises Absent and FunctionFailed, whose cause is a TimeoutError if it was late."""
        called = self._call(urn)
        if called.version.runtime == HTTP:
            return _whole(self._stream(called, event, seconds))
        ran = self._run(called, json.dumps(event).encode(), str(uuid.uuid4()), seconds)
        if ran.error:
            raise FunctionFailed(ran.error) from (TimeoutError(ran.error) if ran.error.startswith(LATE) else None)
        return json.loads(ran.result)

    def stream(self, urn: str, event: Event, seconds: float) -> Answer:
        """Return what an HTTP function answers, as soon as it has a head. Raises Absent and FunctionFailed."""
        return self._stream(self._call(urn), event, seconds)

    def invoke(self, invoked: Invoked) -> Ran:
        """Run what the management API was asked to invoke. A function that cannot be run has failed."""
        try:
            called = self._call(invoked.urn)
            if called.version.runtime == HTTP and self._account.switches.invokes_http_functions:
                return self._tried_out(called, json.loads(invoked.payload))
            return self._run(called, invoked.payload, invoked.request_id, None)
        except (Absent, FunctionFailed) as failed:
            return Ran(b"", str(failed), 0, "")

    def prune(self) -> None:
        """End the Runtimes of versions that are not there any more, or not as they were."""
        with self._lock:
            gone = [key for key, running in self._running.items() if not self._is_there(key, running.version)]
            runtimes = [self._running.pop(key).runtime for key in gone]
        for runtime in runtimes:
            runtime.close()

    def close(self) -> None:
        """End every Runtime; none is started again."""
        with self._lock:
            self._closed = True
            runtimes = [one.runtime for one in self._running.values()]
            self._running.clear()
        for runtime in runtimes:
            runtime.close()

    def _call(self, urn: str) -> _Called:
        """Return a call, begun. Raises Absent and FunctionFailed."""
        functions = self._account.kept(Functions)
        name, number, alias = functions.resolve(urn, self._draw())
        if not functions.admits(name, number):
            functions.counted(name, number, 0, failed=False, rejected=True)
            raise FunctionFailed(_DISABLED)
        version = functions.version(name, number)
        return _Called(version, self._runtime(version), alias, time.perf_counter())

    def _run(self, called: _Called, event: bytes, request_id: str, seconds: float | None) -> Ran:
        ran = called.runtime.invoke(event, request_id=request_id, seconds=seconds, alias=called.alias)
        self._ended(called, failed=bool(ran.error))
        return ran

    def _tried_out(self, called: _Called, event: Any) -> Ran:
        """Return what an HTTP function answers to a gateway's event that no gateway has sent. Raises FunctionFailed."""
        if not isinstance(event, dict) or "httpMethod" not in event:
            raise FunctionFailed("FSS.0400: an HTTP function takes a gateway's event")
        answer = _whole(self._stream(called, event, called.version.seconds))
        return Ran(json.dumps(answer).encode(), "", round((time.perf_counter() - called.began) * 1000, 3), "")

    def _stream(self, called: _Called, event: Event, seconds: float) -> Answer:
        try:
            answer = called.runtime.stream(event, request_id=str(uuid.uuid4()), seconds=seconds)
        except FunctionFailed:
            self._ended(called, failed=True)
            raise
        return answer._replace(body=Counted(answer.body, lambda failed: self._ended(called, failed=failed)))

    def _ended(self, called: _Called, *, failed: bool) -> None:
        took = (time.perf_counter() - called.began) * 1000
        self._account.kept(Functions).counted(called.version.name, called.version.version, took, failed=failed)

    def _runtime(self, version: Version) -> Runs:
        """Return the version's Runtime, started if it is not running as it is now. Raises FunctionFailed."""
        key = version.name, version.version
        with self._lock:
            running = self._running.get(key)
            if running is not None and running.version == version:
                return running.runtime
            if self._closed:
                raise FunctionFailed("FunctionGraph is being ended")
            try:
                started = self._start(self._account, version, lambda line: self._log(version.name, line))
            except (BadZipFile, ValueError) as error:
                raise FunctionFailed(f"the version cannot be started: {error}") from error
            self._running[key] = _Running(version, started)
        if running is not None:
            # The latest version has changed, or the name is another function's now.
            running.runtime.close()
        return started

    def _log(self, name: str, line: str) -> None:
        where = self._account.kept(Functions).log_stream(name)
        if where is not None:
            self._account.kept(Logs).write(*where, int(self._account.clock() * 1000), line.rstrip("\n"), {"function": name})

    def _is_there(self, key: tuple[str, str], version: Version) -> bool:
        with suppress(Absent):
            return self._account.kept(Functions).version(*key) == version
        return False


def _whole(answer: Answer) -> dict[str, Any]:
    """Return an HTTP function's answer as the document that an event function would return. Raises FunctionFailed."""
    try:
        body = b"".join(answer.body)
    except Exception as error:
        raise FunctionFailed(f"the answer broke off: {error}") from error
    finally:
        answer.body.close()
    return {"statusCode": answer.status, "headers": dict(answer.headers), "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _start(account: Account, version: Version, log: Callable[[str], object]) -> Runs:
    return Runtime(version, log, platform_first=account.switches.platform_packages_first)
