"""What translating a vendor's words adds to passing its bytes on, and what going on to a second model adds to the attempt that failed.

What a chunk takes is this process's time on the processor: by the clock, whoever else is at work counts two thousand times.
"""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.hot_path import Context, event, started
from bench.upstream import CHUNKS
from functions.shared import documents, providers, sse
from functions.shared.outbound import Incoming, Limits, Outbound, Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 30
_ASKED: dict[str, Any] = {"model": "mock", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]}


class Added(NamedTuple):
    """What a vendor's layer adds, in milliseconds per request and in microseconds per chunk; and a failover, in milliseconds."""

    request: float
    chunk: float
    failover: float


def measure(upstream: str) -> Added:
    """Return the differences of the medians, of ways that were gone in turn."""
    layer = _Layer(upstream)
    plain = [median(times) for times in zip(*((layer.plain(), layer.plain_raw()) for _ in range(_ROUNDS * 5)), strict=True)]
    wholes = [median(times) for times in zip(*((layer.streamed(), layer.streamed_raw()) for _ in range(_ROUNDS)), strict=True)]
    return Added(plain[0] - plain[1], (wholes[0] - wholes[1]) * 1000 / CHUNKS, _failover(upstream))


class _Layer:
    """Anthropic's messages: translated there and back, or the same bytes passed on as they are."""

    def __init__(self, upstream: str) -> None:
        self._outbound = Outbound()
        self._provider = providers.load("anthropic")
        self._target = providers.Target("mock", "anthropic", upstream, "mock", "key", "max_tokens")
        self._raw = {stream: self._call(stream=stream) for stream in (False, True)}

    def plain(self) -> float:
        return _milliseconds(lambda: documents.write(self._provider.from_plain(_read(self._sent(self._call(stream=False))))))

    def plain_raw(self) -> float:
        return _milliseconds(lambda: _read(self._sent(self._raw[False])))

    def streamed(self) -> float:
        """Return the milliseconds of work from the first chunk to the last."""
        incoming = self._sent(self._call(stream=True))
        return _spread(documents.write(chunk) for chunk in self._provider.from_wire(sse.decode(incoming.chunks())) if chunk)

    def streamed_raw(self) -> float:
        return _spread(self._sent(self._raw[True]).chunks())

    def _call(self, *, stream: bool) -> Outgoing:
        return self._provider.to_wire(self._target, {**_ASKED, "stream": stream})

    def _sent(self, call: Outgoing) -> Incoming:
        return self._outbound.send(call, Limits(10, 10, 10, time.monotonic() + 60))


def _failover(upstream: str) -> float:
    """Return what going on adds: a question whose first model failed, less one whose first model answered, less the failed attempt by itself.

    The first model fails every other time, so that the breaker never opens and the two kinds of question take turns.
    """
    rows = [{"name": name, "vendor": "openai", "base_url": upstream, "model": name} for name in ("flaky", "mock")]
    chat = started(rows, [{"name": "house", "strategy": "ordered", "targets": ["flaky", "mock"]}])
    asked, outbound = event("house", stream=True), Outbound()
    broken = Outgoing(
        "POST", f"{upstream}/chat/completions", {"content-type": "application/json"}, json.dumps({**_ASKED, "model": "broken"}).encode()
    )

    def first_token() -> float:
        began = time.perf_counter()
        body = chat.respond(asked, Context()).body
        next(chunk for chunk in body if chunk)
        taken = (time.perf_counter() - began) * 1000
        for _ in body:
            pass
        return taken

    def attempt() -> float:
        return _milliseconds(lambda: _read(outbound.send(broken, Limits(10, 10, 10, time.monotonic() + 60), retries=0)))

    failed, well, alone = zip(*((first_token(), first_token(), attempt()) for _ in range(_ROUNDS)), strict=True)
    return float(median(failed) - median(well) - median(alone))


def _read(incoming: Incoming) -> bytes:
    return incoming.read(1_000_000, time.monotonic() + 60, time.monotonic)


def _spread(chunks: Any) -> float:
    began = 0.0
    for _ in chunks:
        began = began or time.process_time()
    return (time.process_time() - began) * 1000


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
