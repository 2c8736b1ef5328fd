"""Lambda as the emulated AWS runs it: for every version that is called a Runtime of its zip, and CloudWatch told of each call.

This file knows which version answers a call (aws.md, 7: each call anew, by the alias's weights) and when a Runtime is no more needed; what a
gateway makes of an answer is data_plane.py's. What moto runs by `invoke`, it runs here, too.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zipfile import BadZipFile

from deploy.emulator.aws import stored, telemetry
from deploy.emulator.aws.moto_gaps_lambda import Ran
from deploy.emulator.aws.runtime import Runtime
from deploy.emulator.aws.runtime_api import Faulty, fault
from deploy.emulator.aws.stored import Callee
from deploy.emulator.counted import Counted
from deploy.local.backend import Answer, FunctionFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.aws.moto_gaps_lambda import Invoked
    from deploy.emulator.aws.runtime import Version
    from deploy.emulator.aws.telemetry import Telemetry
    from deploy.local.backend import Event

T = TypeVar("T")

#: How many processes one version has at most.
MOST = 32


class _Running(NamedTuple):
    version: Version
    runtime: Runtime


class Fleet:
    """Every version's Runtime, started when it is first called. `draw` gives a number from 0 to 1, by which an alias chooses. Close it."""

    def __init__(self, told: Telemetry, draw: Callable[[], float] = random.random) -> None:
        self._told = told
        self._draw = draw
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str, str], _Running] = {}
        self._closed = False

    def answer(self, callee: Callee, event: Event, seconds: float) -> Any:
        """Return what a function answers, whole. Raises Absent and FunctionFailed."""
        answer, call = self._asked(callee, lambda runtime: runtime.answer(event, seconds))
        call.ended()
        return answer

    def stream(self, callee: Callee, event: Event, seconds: float) -> Answer:
        """Return what a function answers, as soon as it has a head. Raises Absent and FunctionFailed."""
        answer, call = self._asked(callee, lambda runtime: runtime.stream(event, seconds))
        return answer._replace(body=Counted(answer.body, lambda failed: call.ended(failed=failed)))

    def invoke(self, invoked: Invoked) -> Ran:
        """Run what the control plane was asked to invoke: the version that it has chosen. A function that cannot be run has failed."""
        region = invoked.configuration["FunctionArn"].split(":")[3]
        try:
            call = self._call(Callee(region, invoked.function, invoked.qualifier), invoked.version)
        except FunctionFailed as failed:
            return Ran(fault("Runtime.InvalidEntrypoint", failed.message).payload, "Unhandled")
        payload, error = call.runtime.invoke(invoked.payload)
        call.ended(failed=error is not None)
        return Ran(payload, error or "")

    def prune(self) -> None:
        """End the Runtimes of versions that are not there any more, or not as they were."""
        with self._lock:
            gone = [key for key, running in self._running.items() if not _is_there(key, running.version)]
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

    def _asked(self, callee: Callee, ask: Callable[[Runtime], T]) -> tuple[T, _Call]:
        """Return what a runtime answers, and the call, which is still to be ended. Raises Absent and FunctionFailed."""
        call = self._called(callee)
        try:
            return ask(call.runtime), call
        except FunctionFailed as error:
            call.ended(failed=isinstance(error.__cause__, Faulty))
            raise

    def _called(self, callee: Callee) -> _Call:
        alias = stored.alias(callee)
        if alias is None:
            return self._call(callee, callee.qualifier)
        drawn = self._draw()
        for number, weight in alias.weights.items():
            if drawn < weight:
                return self._call(callee, number)
            drawn -= weight
        return self._call(callee, alias.version)

    def _call(self, callee: Callee, number: str) -> _Call:
        alias = "" if callee.qualifier in {"", number} else callee.qualifier
        runtime = self._runtime(callee.region, callee.name, number)
        return _Call(runtime, lambda took, failed: self._told.ran(telemetry.Ran(callee.region, callee.name, alias, number, took, failed)))

    def _runtime(self, region: str, name: str, number: str) -> Runtime:
        """Return the version's Runtime, started if it is not running as it is now. Raises Absent, FunctionFailed."""
        version = stored.version(region, name, number)
        with self._lock:
            running = self._running.get((region, name, number))
            if running is not None and running.version == version:
                return running.runtime
            if self._closed:
                raise FunctionFailed("Lambda is being ended")
            started = _Running(version, self._start(region, version))
            self._running[region, name, number] = started
        if running is not None:
            # $LATEST has changed, or the number is another function's now.
            running.runtime.close()
        return started.runtime

    def _start(self, region: str, version: Version) -> Runtime:
        day = datetime.now(timezone.utc).strftime("%Y/%m/%d")
        stream = telemetry.Stream(region, stored.log_group(version), f"{day}/[{version.number}]{uuid.uuid4().hex}")
        try:
            return Runtime(version, lambda line: self._told.line(stream, line), most=MOST)
        except (BadZipFile, ValueError) as error:
            raise FunctionFailed(f"the version cannot be started: {error}") from error


class _Call:
    """One call, from now to its end."""

    def __init__(self, runtime: Runtime, tell: Callable[[float, bool], None]) -> None:
        self.runtime = runtime
        self._tell = tell
        self._began = time.perf_counter()

    def ended(self, *, failed: bool = False) -> None:
        """Say that it has ended."""
        self._tell((time.perf_counter() - self._began) * 1000, failed)


def _is_there(key: tuple[str, str, str], version: Version) -> bool:
    with suppress(stored.Absent):
        return stored.version(*key) == version
    return False
