"""Lambda's Runtime API, from the platform's side: one server for each worker process, and the exchange of one event for one answer.

This file knows that API's words (aws.md, 1.1 and 2); it must not know processes or zips, which are runtime.py's. A server lives exactly as long as
its worker, so that the long poll of a dead one never swallows an event (aws.md, 2).
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
import uuid
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: How many chunks a worker may be ahead of its reader.
AHEAD = 8
#: What a whole answer may measure (aws.md, 6).
LARGEST = 6 * 1024 * 1024
_INVOCATION = "/2018-06-01/runtime/invocation/"
_TYPE, _BODY = "lambda-runtime-function-error-type", "lambda-runtime-function-error-body"


class Fault(NamedTuple):
    """Why there is no answer, or no whole one. `payload` is the JSON document that whoever invoked the function gets instead."""

    message: str
    payload: bytes


class Faulty(Exception):
    """The answer ended with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Abandoned(Exception):
    """Nobody takes this answer any more."""


def fault(kind: str, message: str) -> Fault:
    """Return a fault in the platform's own words."""
    return Fault(message, json.dumps({"errorType": kind, "errorMessage": message}).encode())


class Exchange:
    """One event and its answer. The worker's side: begin, put, end. The caller's: take, close, from any thread."""

    def __init__(self, event: bytes) -> None:
        self.event = event
        self.request_id = str(uuid.uuid4())
        self._state = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._fault: Fault | None = None
        self._ended = False
        self._closed = False
        self._cut: Callable[[], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether the worker has said its last word."""
        return self._ended and not self._closed

    def begin(self, cut: Callable[[], None]) -> None:
        """Start a streamed answer; `cut` ends its connection, and must not wait. Raises Abandoned."""
        with self._state:
            if self._ended or self._closed:
                raise Abandoned
            self._cut = cut

    def put(self, chunk: bytes) -> None:
        """Add a chunk as soon as there is room. Raises Abandoned."""
        with self._state:
            self._state.wait_for(lambda: self._ended or len(self._chunks) < AHEAD)
            if self._ended or self._closed:
                raise Abandoned
            self._chunks.append(chunk)
            self._state.notify_all()

    def end(self, fault: Fault | None = None) -> None:
        """End the answer. The first end counts; one that came too late is as if it had not been."""
        with self._state:
            if not self._ended:
                self._ended, self._fault, self._cut = True, fault, None
                self._state.notify_all()

    def take(self, seconds: float | None = None) -> bytes | None:
        """Return the next chunk, or None after the last. Raises Faulty, or TimeoutError when there is none in time."""
        with self._state:
            if not self._state.wait_for(lambda: self._ended or self._chunks, seconds):
                raise TimeoutError
            if self._chunks:
                self._state.notify_all()
                return self._chunks.popleft()
            if self._fault is not None and not self._closed:
                raise Faulty(self._fault)
            return None

    def close(self) -> None:
        """Take no more. A stream's connection is closed, as the platform does when its client has gone; a whole answer is not waited for."""
        with self._state:
            self._closed = not self._ended
            self._chunks.clear()
            # Within the lock: at the end of the answer the connection turns to the next event, which this must not cut.
            if self._cut is not None:
                self._cut()
                self._ended, self._cut = True, None
                self._state.notify_all()


class RuntimeApi:
    """The server of one worker, on a port of its own, because workers are told a host and a port and no path.

    `first` is the event that the worker is started for, and `init` how many seconds it has before it asks for it. `idle` is called whenever it
    asks and there is none yet.
    """

    def __init__(self, first: Exchange, *, arn: str, seconds: float, init: float, idle: Callable[[], None]) -> None:
        self.arn = arn
        self._seconds = seconds
        self._idle = idle
        self._state = threading.Condition()
        self._exchange: Exchange | None = first
        self._taken = False
        #: When the worker's time is up, by the monotonic clock; None while it has nothing to do.
        self.until: float | None = time.monotonic() + init
        self._closed = False
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._listener.getsockname())
        threading.Thread(target=self._accept, name="runtime api", daemon=True).start()

    @property
    def ending(self) -> bool:
        """Whether the worker has answered, and will ask for the next event at once."""
        exchange = self._exchange
        return exchange is not None and exchange.answered

    def hand(self, exchange: Exchange) -> None:
        """Give an event to the worker, which must be idle."""
        with self._state:
            self._exchange, self._taken = exchange, False
            self._state.notify_all()

    def expire(self) -> bool:
        """If the worker's time is up, end what it is at, give it nothing more, and say so."""
        with self._state:
            if self._closed or self.until is None or time.monotonic() < self.until:
                return False
            self._finish(self._late())
            return True

    def close(self, fault: Fault) -> None:
        """End whatever the worker was at with this fault, if it has not ended, and close its connections."""
        with self._state:
            self._finish(fault)
            connections = [*self._connections, self._listener]
        for one in connections:
            # It also wakes a thread that waits in it. OSError: the worker was faster.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def next(self) -> tuple[Exchange, int] | None:
        """Wait for an event; return it and its deadline in milliseconds since the epoch, or None when the worker is to have none."""
        with self._state:
            if self._taken:
                self._close_exchange(fault("Runtime.ExitError", "The runtime asked for the next event and had not answered this one"))
            free = self._exchange is None and not self._closed
            self.until = None
        if free:
            # Outside the lock, since whoever is told calls `hand` under a lock of its own.
            self._idle()
        with self._state:
            self._state.wait_for(lambda: self._closed or self._exchange is not None)
            if self._closed or self._exchange is None:
                return None
            self._taken = True
            self.until = time.monotonic() + self._seconds
            return self._exchange, int((time.time() + self._seconds) * 1000)

    def answering(self, request_id: str) -> Exchange | None:
        """Return the exchange with this id, if the worker is at it."""
        with self._state:
            found = self._exchange
            return found if found is not None and self._taken and found.request_id == request_id else None

    def failed_init(self, fault: Fault) -> None:
        """End the exchange that the worker was started for."""
        with self._state:
            self._close_exchange(fault)

    def _finish(self, fault: Fault) -> None:
        self._closed = True
        self._close_exchange(fault)
        self._state.notify_all()

    def _close_exchange(self, fault: Fault) -> None:
        if self._exchange is not None:
            self._exchange.end(fault)
        self._exchange, self._taken = None, False

    def _late(self) -> Fault:
        # RIE answers with the same text (aws.md, 2). That an init which takes too long is tried again within the function's time-out is left out.
        what = f"Task timed out after {self._seconds:.2f} seconds" if self._taken else "Init timed out"
        return fault("Sandbox.Timedout", f"RequestId: {self._exchange.request_id if self._exchange else ''} Error: {what}")

    def _accept(self) -> None:
        while True:
            try:
                wire, address = self._listener.accept()
                # Delayed acknowledgements cost 88 ms a call otherwise (aws.md, 2).
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                return
            threading.Thread(target=self._converse, args=(wire, address), name="runtime api", daemon=True).start()

    def _converse(self, wire: socket.socket, address: Any) -> None:
        with self._state:
            if self._closed:
                wire.close()
                return
            self._connections.add(wire)
        try:
            # OSError: the worker has gone, which its exit says better.
            with contextlib.suppress(OSError), wire:
                _Conversation(self, wire, address)
        finally:
            with self._state:
                self._connections.discard(wire)


class _Conversation(BaseHTTPRequestHandler):
    """One connection of a worker."""

    protocol_version = "HTTP/1.1"

    def __init__(self, api: RuntimeApi, wire: socket.socket, address: Any) -> None:
        self._api = api
        super().__init__(wire, address, None)  # type: ignore[arg-type]  # it is kept, and not looked at

    def do_GET(self) -> None:
        """Give the next event."""
        found = self._api.next() if self.path == f"{_INVOCATION}next" else None
        if found is None:
            self.close_connection = True
            return
        exchange, deadline = found
        about = {"Aws-Request-Id": exchange.request_id, "Deadline-Ms": str(deadline), "Invoked-Function-Arn": self._api.arn}
        self._say(HTTPStatus.OK, exchange.event, {f"Lambda-Runtime-{name}": value for name, value in about.items()})

    def do_POST(self) -> None:
        """Take an answer, or the news that there is none."""
        if self.path == "/2018-06-01/runtime/init/error":
            self._api.failed_init(_told(self._whole()))
            self._accepted()
            return
        request_id, _, what = self.path.removeprefix(_INVOCATION).partition("/")
        exchange = self._api.answering(request_id)
        if exchange is None or what not in {"response", "error"}:
            self.close_connection = True
            self._say(HTTPStatus.BAD_REQUEST, b'{"errorType":"InvalidRequestID"}', {})
        elif what == "error":
            exchange.end(_told(self._whole()))
            self._accepted()
        elif self.headers["Lambda-Runtime-Function-Response-Mode"] == "streaming":
            self._stream(exchange)
        else:
            self._answer(exchange)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the worker's own lines are the log."""

    def _answer(self, exchange: Exchange) -> None:
        answer = self._whole()
        if len(answer) > LARGEST:
            exchange.end(fault("Function.ResponseSizeTooLarge", f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."))
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"{}", {})
            return
        with contextlib.suppress(Abandoned):
            exchange.put(answer)
        exchange.end()
        self._accepted()

    def _stream(self, exchange: Exchange) -> None:
        """Pass the chunks on as they come. What was cut, by either side, has no good end."""
        trailers: dict[str, str] = {}
        try:
            exchange.begin(lambda: self.connection.shutdown(socket.SHUT_RDWR))
            for chunk in self._chunks(trailers):
                exchange.put(chunk)
            failure = _told(base64.b64decode(trailers.get(_BODY, ""))) if _TYPE in trailers else None
        except (Abandoned, OSError, ValueError):
            exchange.end(fault("Runtime.TruncatedResponse", "The function's stream was cut"))
            self.close_connection = True
            return
        exchange.end(failure)
        self._accepted()

    def _chunks(self, trailers: dict[str, str]) -> Iterator[bytes]:
        """Yield the chunks of the request's body, then fill in its trailers. Raises ValueError when it is cut."""
        while size := int(self.rfile.readline(64).strip(), 16):
            chunk = self.rfile.read(size)
            if len(chunk) < size or self.rfile.readline(64) != b"\r\n":
                raise ValueError("cut")
            yield chunk
        while (line := self.rfile.readline(65536)) != b"\r\n":
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise ValueError("cut")
            trailers[name.lower()] = value.strip()

    def _whole(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks({}))
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _accepted(self) -> None:
        self._say(HTTPStatus.ACCEPTED, b'{"status":"OK"}', {})

    def _say(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _told(document: bytes) -> Fault:
    """Return the fault that a worker reports; what it says is passed on as it is."""
    return Fault(_message(document), document)


def _message(document: bytes) -> str:
    try:
        return str(json.loads(document)["errorMessage"])
    except (ValueError, TypeError, KeyError):
        return ""
