"""A wire that breaks: passes bytes to a PostgreSQL server and back, and hangs up in the middle of a statement."""

from __future__ import annotations

import select
import socket
from threading import Thread
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import Self

#: What the driver sends when a statement is to be carried out.
_EXECUTE = b"E\0\0\0\x09\0"
#: What the server says when it has carried out, and is at nothing.
_READY = b"Z\0\0\0\x05I"

When = Literal["before", "after"]


class Relay:
    """Use as a context manager. Hangs up `when` the server has not yet carried out a statement with parameters, or when it has; `calls` counts."""

    def __init__(self, port: int, when: When) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._target = port
        self._when = when
        self.port: int = self._listening.getsockname()[1]
        self.calls = 0

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A driver begins in another way.
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"X")
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            near, _ = self._listening.accept()
            first = near.recv(65_536)
            if first == b"X":
                near.close()
                return
            self.calls += 1
            with near, socket.create_connection(("127.0.0.1", self._target)) as far:
                self._pass_on(near, far, first)

    def _pass_on(self, near: socket.socket, far: socket.socket, said: bytes) -> None:
        """Pass on what both say, until it is time to hang up."""
        other = {near: far, far: near}
        one = near
        while said:
            if one is near and _EXECUTE in said:
                self._carry_out(far, said)
                return
            other[one].sendall(said)
            one = select.select([near, far], [], [])[0][0]
            said = one.recv(65_536)

    def _carry_out(self, far: socket.socket, said: bytes) -> None:
        if self._when == "after":
            far.sendall(said)
            answer = b""
            while _READY not in answer:
                answer += far.recv(65_536)
