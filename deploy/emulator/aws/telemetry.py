"""What the emulated Lambda tells CloudWatch: the lines of its functions in their log groups, and its metrics, as moto keeps them.

Everything is told to a queue and written by one thread, in order and in batches, so that no call waits for it. Metrics come under the dimensions
that AWS has for calls by an alias (aws.md, 7). A group that nobody made stays absent: our functions' roles may not make one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError
from moto.logs.models import logs_backends

from deploy.emulator.aws.stored import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

#: How many notes are written at once.
_BATCH = 1000


class Stream(NamedTuple):
    """A log stream."""

    region: str
    group: str
    name: str


class Line(NamedTuple):
    """A line of a function's; `at` is in milliseconds since 1970."""

    stream: Stream
    at: int
    text: str


class Ran(NamedTuple):
    """One call of a version: by which alias, "" for none, for how many ms, and whether the function failed."""

    region: str
    function: str
    alias: str
    version: str
    took: float
    failed: bool


class Telemetry:
    """The queue and its thread; use it in a `with`, whose end writes what is left."""

    def __init__(self) -> None:
        self._notes: queue.SimpleQueue[Line | Ran | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="telemetry", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._notes.put(None)
        self._thread.join()

    def line(self, stream: Stream, text: str) -> None:
        """Keep a line, without its end."""
        self._notes.put(Line(stream, int(time.time() * 1000), text.rstrip("\n")))

    def ran(self, ran: Ran) -> None:
        """Count a call."""
        self._notes.put(ran)

    def flush(self) -> None:
        """Return when everything is written that was told before."""
        written = threading.Event()
        self._notes.put(written)
        written.wait()

    def _write_all(self) -> None:
        while (first := self._notes.get()) is not None:
            lines: dict[Stream, list[Line]] = defaultdict(list)
            counts: dict[tuple[Any, ...], list[Ran]] = defaultdict(list)
            waiting = []
            for note in (first, *self._at_hand()):
                if isinstance(note, Line):
                    lines[note.stream].append(note)
                elif isinstance(note, Ran):
                    counts[note[:4]].append(note)
                else:
                    waiting.append(note)
            for stream, some in lines.items():
                _log(stream, some)
            for ran in counts.values():
                _count(ran)
            for one in waiting:
                one.set()

    def _at_hand(self) -> Iterable[Line | Ran | threading.Event]:
        """Yield what is there by now, a batch of it; the end stays for the next round."""
        with suppress(queue.Empty):
            for _ in range(_BATCH):
                note = self._notes.get_nowait()
                if note is None:
                    self._notes.put(None)
                    return
                yield note


def _log(stream: Stream, lines: list[Line]) -> None:
    backend = logs_backends[ACCOUNT][stream.region]
    # Several threads tell lines, so that two may come a millisecond out of order, which CloudWatch refuses.
    events = [{"timestamp": line.at, "message": line.text} for line in sorted(lines, key=lambda line: line.at) if line.text]
    with suppress(JsonRESTError):
        backend.ensure_log_stream(stream.group, stream.name)
        backend.put_log_events(stream.group, stream.name, events)


def _count(calls: list[Ran]) -> None:
    one = calls[0]
    by_function = [{"Name": "FunctionName", "Value": one.function}]
    resource = {"Name": "Resource", "Value": f"{one.function}:{one.alias}" if one.alias else one.function}
    by_version = [*by_function, resource, {"Name": "ExecutedVersion", "Value": one.version}]
    values = {
        "Invocations": [1.0 for _ in calls],
        "Errors": [float(call.failed) for call in calls],
        "Throttles": [0.0 for _ in calls],
        "Duration": [call.took for call in calls],
    }
    data = [
        {"MetricName": name, "Dimensions": dimensions, "StatisticValues": _statistics(some)}
        for name, some in values.items()
        for dimensions in ([by_function, by_version] if one.alias else [by_function])
    ]
    cloudwatch_backends[ACCOUNT][one.region].put_metric_data("AWS/Lambda", data)


def _statistics(values: list[float]) -> dict[str, float]:
    return {"Sum": sum(values), "Minimum": min(values), "Maximum": max(values), "SampleCount": float(len(values))}
