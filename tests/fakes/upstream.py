"""A model's server on the loopback that behaves as badly as it is told to: raw sockets, so that it can stop anywhere.

An answer is a list of steps, and a step is bytes to send, an event to wait for, or a function of the socket. Each request takes the next
answer; the last one serves all requests that follow. To misbehave in a new way, write a function of the socket.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, NamedTuple, Union

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

Step = Union[bytes, threading.Event, Callable[[socket.socket], None]]

#: An answer without a step: the connection is closed as soon as it is there, and no request is read.
HANG_UP: tuple[Step, ...] = ()
#: The end of a chunked body.
LAST = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


class Call(NamedTuple):
    """A request as it arrived. `headers` has lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        """Return the JSON body."""
        return json.loads(self.body)


class Upstream:
    """Listens from the start; use it in a `with`. `gone` is released once for each connection that has ended."""

    def __init__(self, *answers: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self.gone = threading.Semaphore(0)
        self._answers = deque(answers)
        self._tls = tls
        self._lock = threading.Lock()
        self._peers: list[socket.socket] = []
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="upstream", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._stopped = True
        with self._lock:
            for one in (self._listener, *self._peers):
                _drop(one)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._peers.append(peer)
                serve = self._converse if self._answers[0] else _hang_up
                if serve is _hang_up:
                    self._next()
            threading.Thread(target=self._serve, args=(peer, serve), name="upstream", daemon=True).start()

    def _next(self) -> Sequence[Step]:
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]

    def _serve(self, peer: socket.socket, converse: Callable[[socket.socket], None]) -> None:
        try:
            converse(peer)
        except (OSError, ValueError):
            pass  # the client went, or a step cut the line: both are what a test wants
        finally:
            peer.close()
            self.gone.release()

    def _converse(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._tls.wrap_socket(peer, server_side=True) if self._tls else peer as wire, wire.makefile("rb") as reader:
            while (call := _read(reader)) is not None:
                with self._lock:
                    self.calls.append(call)
                    answer = self._next()
                for step in answer:
                    self._do(step, wire)

    def _do(self, step: Step, wire: socket.socket) -> None:
        if isinstance(step, bytes):
            wire.sendall(step)
        elif isinstance(step, threading.Event):
            while not self._stopped and not step.wait(0.05):
                pass
        else:
            step(wire)


def _hang_up(_peer: socket.socket) -> None:
    """Read nothing."""


def cut(_wire: socket.socket) -> None:
    """End the connection here, whatever was promised."""
    raise ConnectionAbortedError


def reset(wire: socket.socket) -> None:
    """End the connection so that the client sees a reset and no end."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def until_gone(wire: socket.socket) -> None:
    """Say nothing more until the client has gone."""
    while wire.recv(65_536):
        pass


def opening(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the status line and exactly these headers."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def whole(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Return an answer with its length."""
    return opening(status, {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}) + body


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the head of a chunked answer: a stream of events unless the headers say otherwise."""
    return opening(status, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})})


def piece(data: bytes) -> bytes:
    """Return one chunk as it is on the wire."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*parts: bytes) -> list[Step]:
    """Return the steps of a chunked answer, one chunk for each part."""
    return [head(), *map(piece, parts), LAST]


def event(document: Any) -> bytes:
    """Return one event that carries JSON."""
    return b"data: %b\n\n" % json.dumps(document).encode()


def token(content: str | None, finish: str | None = None) -> bytes:
    """Return the event of one chunk in OpenAI's shape."""
    delta = {} if content is None else {"content": content}
    return event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [_choice(delta=delta, finish=finish)]})


def completion(content: str) -> bytes:
    """Return a whole answer in OpenAI's shape."""
    choice = _choice(message={"role": "assistant", "content": content}, finish="stop")
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    return json.dumps({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}).encode()


def _choice(*, finish: str | None, **members: Any) -> dict[str, Any]:
    return {"index": 0, **members, "finish_reason": finish}


def _read(reader: BinaryIO) -> Call | None:
    """Return the next request, or None if the client has gone."""
    line = reader.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while field := reader.readline().decode("latin-1").strip():
        name, _, value = field.partition(": ")
        headers[name.lower()] = value
    return Call(method, path, headers, reader.read(int(headers.get("content-length", "0"))))


def _drop(one: socket.socket) -> None:
    # Whoever has gone already needs no telling.
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
