"""The only way to a model's vendor: connects and checks the status now, then yields bytes. It knows sockets and time; it must know no vendor.

One daemon thread per exchange talks to the socket and fills a bounded queue. Waiting on the queue gives the tick by which callers look at
the clock, and `close` can end a read that blocks, which nothing could do from within it: urllib3 turns a read's time-out into an empty read,
and a generator that is blocked cannot be closed from outside. No signals and no asyncio: on FunctionGraph user code is not on the main
thread (huawei.md, 1.1).
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from functions.shared import spared
from functions.shared.errors import UpstreamCut, UpstreamError, UpstreamTimeout

spared.http2()
import urllib3  # noqa: E402 - only now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Seconds of silence after which `chunks` yields b"".
TICK = 0.25
#: Tries after the first one.
RETRIES = 2
#: Longest that a server's Retry-After is obeyed, in seconds; if it wants more, its refusal is passed on.
LONGEST_WAIT = 10.0
#: Chunks that wait for the reader at most; the socket's own buffers then hold the sender back.
_AHEAD = 256
_READ = 16_384
# After each of its first chunks the thread gives way for a moment, so that the first token goes out at once: with more chunks waiting in the
# socket it would keep the interpreter to itself for the 5 ms of a switch interval.
_GIVE_WAY = 4
_MOMENT = 0.0002
# By how many seconds the reader thread outwaits whoever waits for it.
_GRACE = 2.0
_WORTH_RETRYING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class Outgoing(NamedTuple):
    """A request to send. `body` is complete; nothing is streamed out. `signed` is the region and service of AWS's to sign it for, None for none."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    signed: tuple[str, str] | None = None


class Limits(NamedTuple):
    """How long to wait: seconds for a connection, for the status, and in any one silence; a point of `clock` for everything.

    `silence` is what frees an exchange that was given up before its status came: it has no answer yet that could be shut.
    """

    connect: float
    status: float
    silence: float
    until: float


class Incoming:
    """An answer whose status is here and whose body is on its way. Close it."""

    def __init__(self, exchange: _Exchange, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._exchange = exchange
        self._ended = False

    def chunks(self) -> Iterator[bytes]:
        """Yield bytes as they come, and b"" at each tick of silence. Raises UpstreamCut if the connection breaks."""
        while True:
            item = self._exchange.take(TICK)
            self._ended = item is None or isinstance(item, Exception)
            if item is None:
                return
            if isinstance(item, Exception):
                raise UpstreamCut from item
            yield item

    def read(self, most: int, until: float, clock: Callable[[], float]) -> bytes:
        """Return the whole body. Raises UpstreamError over `most` bytes, UpstreamTimeout past `until`, UpstreamCut."""
        # One array, as in `sse`: of a body in pieces of a few bytes, a list would take many times its size.
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) > most:
                raise UpstreamError("The model's server sent more than an answer can be.")
            if clock() > until:
                raise UpstreamTimeout
        return bytes(body)

    def close(self, *, whole: bool = False) -> None:
        """End the exchange, wherever it is. May be called from any thread, and twice.

        `whole`: the answer is complete; its end may still be on the wire, and a moment for it keeps the connection for the next call.
        """
        if self._ended or (whole and self._exchange.take(TICK) is None):
            return
        self._exchange.close()


class Outbound:
    """Sends requests. Redirects are not followed and nothing is decompressed: a vendor's API needs neither, and both are ways to be fooled."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pool = urllib3.PoolManager(num_pools=16, maxsize=256)
        self._clock = clock
        self._sleep = sleep

    def send(self, call: Outgoing, limits: Limits, *, retries: int = RETRIES) -> Incoming:
        """Send and wait for the status; try again where that can help, so many times, while nothing of the answer was read.

        Raises UpstreamError if no server answered, UpstreamTimeout if it did not in time. Any status is returned.
        """
        for left in reversed(range(retries + 1)):
            wait = 0.5 * 2 ** (retries - left)
            try:
                incoming = self._once(call, limits)
            except UpstreamTimeout:
                raise
            except UpstreamError:
                if not left or self._clock() + wait > limits.until:
                    raise
            else:
                wait = max(wait, retry_after(incoming.headers) or 0.0)
                if not left or not self._worth(incoming, wait, limits):
                    return incoming
                incoming.close()
            self._sleep(wait)
        raise AssertionError("unreachable")  # the last round returns or raises

    def _worth(self, incoming: Incoming, wait: float, limits: Limits) -> bool:
        return incoming.status in _WORTH_RETRYING and wait <= LONGEST_WAIT and self._clock() + wait <= limits.until

    def _once(self, call: Outgoing, limits: Limits) -> Incoming:
        patience = min(limits.status, limits.until - self._clock())
        exchange = _Exchange(self._pool, call, connect=limits.connect, silence=min(limits.silence, limits.until - self._clock()))
        head = exchange.head(patience)
        if isinstance(head, Exception):
            exchange.close()
            raise UpstreamError("The model's server cannot be reached. Try again, or choose another model.") from head
        if head is None:
            exchange.close()
            raise UpstreamTimeout
        return Incoming(exchange, *head)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in Retry-After, or None; a date there is not worth a parser."""
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) < 7 else None


class _Exchange:
    """One request and its answer, on a thread of its own."""

    def __init__(self, pool: urllib3.PoolManager, call: Outgoing, *, connect: float, silence: float) -> None:
        self._pool = pool
        self._call = call
        # The socket's own limit only lets this thread go: whoever reads looks at the clock, and knows what a limit that passed is called.
        self._timeout = urllib3.Timeout(connect=connect, read=max(silence, 0.0) + _GRACE)
        self._items: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._heads: queue.SimpleQueue[tuple[int, Mapping[str, str]] | Exception] = queue.SimpleQueue()
        # Set while the queue has room. Looked at for every chunk, which costs next to nothing; a semaphore would cost more than the queue itself.
        self._room = threading.Event()
        self._room.set()
        self._closed = False
        self._response: urllib3.BaseHTTPResponse | None = None
        threading.Thread(target=self._run, name="outbound", daemon=True).start()

    def head(self, patience: float) -> tuple[int, Mapping[str, str]] | Exception | None:
        """Return status and headers, what prevented them, or None if they took longer."""
        try:
            return self._heads.get(timeout=max(patience, 0.0))
        except queue.Empty:
            return None

    def take(self, patience: float) -> bytes | Exception | None:
        """Return the next bytes, b"" if there were none in time, what broke them off, or None at the end."""
        try:
            item = self._items.get(timeout=patience)
        except queue.Empty:
            return b""
        if not self._room.is_set() and self._items.qsize() < _AHEAD // 2:
            self._room.set()
        return item

    def close(self) -> None:
        """Let go: a read that blocks ends, the thread goes, the socket closes unless the answer was read to its end."""
        self._closed = True
        self._room.set()
        response = self._response
        if response is not None:
            _shut(response)

    def _run(self) -> None:
        try:
            response = self._opened()
        except Exception as error:  # noqa: BLE001 - urllib3, ssl and http.client have no common root, and this thread has no one above it
            self._heads.put(error)
            return
        self._heads.put((response.status, {name.lower(): value for name, value in response.headers.items()}))
        self._pump(response)

    def _opened(self) -> urllib3.BaseHTTPResponse:
        response = self._pool.request(
            self._call.method,
            self._call.url,
            body=self._call.body,
            headers=self._call.headers,
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
            timeout=self._timeout,
        )
        self._response = response
        return response

    def _pump(self, response: urllib3.BaseHTTPResponse) -> None:
        end: Exception | None = None
        try:
            # A body of a given length is not streamed: there is no first token to let out.
            given_way = _GIVE_WAY if "content-length" in response.headers else 0
            for chunk in _pieces(response):
                if self._closed:
                    break
                self._items.put(chunk)
                if given_way < _GIVE_WAY:
                    given_way += 1
                    time.sleep(_MOMENT)
                elif self._items.qsize() >= _AHEAD:
                    self._hold_back()
        except Exception as error:  # noqa: BLE001 - as in _run
            end = error
        # Returned to the pool if it was read to its end; else closed, since the rest of this answer would be the next one's beginning.
        if self._closed or end:
            response.close()
        else:
            self._response = None
            response.release_conn()
        self._items.put(end)

    def _hold_back(self) -> None:
        self._room.clear()
        # Looked at again after clearing: the reader may have drained the queue in between, and would then never set it.
        while not self._closed and self._items.qsize() >= _AHEAD // 2 and not self._room.wait(TICK):
            pass


def _pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield bytes as they come. Of a body in HTTP chunks each chunk; urllib3 reads these faster itself than through the standard library."""
    if "chunked" in response.headers.get("transfer-encoding", "").lower():
        yield from response.read_chunked(_READ, decode_content=False)
    else:
        while chunk := response.read1(_READ):
            yield chunk


def _shut(response: urllib3.BaseHTTPResponse) -> None:
    """Wake a read that blocks in another thread. An answer already at its end has no socket to shut."""
    try:
        response.shutdown()
    except (RuntimeError, ValueError, OSError):
        response.close()
