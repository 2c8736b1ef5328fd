"""One process of an event function, seen from outside: what it is asked, how long that may take, and the lines that it prints meanwhile.

This file knows sockets, pipes and time; what an ask means is worker.py's. There is no thread: whoever asks reads what is printed, and what is
printed between two asks is read with the next, as an idle instance stands still in the cloud.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import time
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from deploy.emulator import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.home import Home
    from deploy.emulator.huawei.version import Version

_SIZE = struct.Struct(">I")
#: What a pipe holds; one read takes all of it.
_PIPE = 64 * 1024


class Died(Exception):
    """The process has ended, or is to be ended. The text tells why."""


class Reply(NamedTuple):
    """What the process says: JSON or an error, and the MB that it has used so far."""

    result: str
    error: str
    used: float


class EventProcess:
    """A process with the function's code, not yet loaded. Only one asks at a time; anybody may kill. End it. Raises OSError."""

    def __init__(self, home: Home) -> None:
        self._wire, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = home.start_worker(theirs.fileno())
            except OSError:
                self._wire.close()
                raise
        self._printed = cast(IO[bytes], self._process.stdout)
        #: Whether it is ready for an event.
        self.usable = False
        self._line = b""
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._wire, selectors.EVENT_READ)
        self._ready.register(self._printed, selectors.EVENT_READ)

    def call(self, version: Version, event: Mapping[str, str], say: Callable[[str], object]) -> Reply:
        """Return what comes of an event; a new process loads the code first, and starts it. `say` is given each line that is printed. Raises Died."""
        if not self.usable:
            reply = self._start(version, event, say)
            if reply.error:
                return reply
            self.usable = True
        return self._ask("handle", event, say, version.seconds)

    def _start(self, version: Version, event: Mapping[str, str], say: Callable[[str], object]) -> Reply:
        # How long loading may take is not known; no longer than an event, here.
        reply = self._ask("load", event, say, version.seconds)
        if reply.error or not version.initializer:
            return reply
        return self._ask("initialize", event, say, version.initializer_seconds)

    def _ask(self, do: str, event: Mapping[str, str], say: Callable[[str], object], seconds: float) -> Reply:
        until = time.monotonic() + seconds
        try:
            self._send({"do": do, "seconds": seconds, **event}, until)
            self._listen(until, say)
            return Reply(**self._receive(until))
        except TimeoutError as error:
            self.usable = False
            raise Died(f"TimeoutError: to {do} took longer than {seconds:g} seconds") from error
        except OSError as error:
            self.usable = False
            self.kill()
            raise Died(f"ProcessEnded: {workers.ended(self._process)}") from error
        finally:
            self._finish(say)

    def kill(self) -> None:
        """End the process at once, which ends what it was asked."""
        workers.kill(self._process)

    def end(self) -> None:
        """Kill it, if that has not been done, and leave nothing."""
        self.kill()
        workers.ended(self._process)
        self._ready.close()
        self._wire.close()
        self._printed.close()

    def _send(self, ask: dict[str, Any], until: float) -> None:
        text = json.dumps(ask).encode()
        self._wire.settimeout(_left(until))
        self._wire.sendall(_SIZE.pack(len(text)) + text)

    def _listen(self, until: float, say: Callable[[str], object]) -> None:
        """Pass on what is printed until there is an answer, or the end of the process."""
        while ready := {key.fileobj for key, _ in self._ready.select(_left(until))}:
            if self._printed in ready:
                self._read(say)
            if self._wire in ready:
                return
        raise TimeoutError

    def _read(self, say: Callable[[str], object]) -> None:
        printed = os.read(self._printed.fileno(), _PIPE)
        if not printed:
            # The function has closed its own output.
            self._ready.unregister(self._printed)
        *lines, self._line = (self._line + printed).split(b"\n")
        for line in lines:
            say(line.decode("utf-8", "replace") + "\n")

    def _finish(self, say: Callable[[str], object]) -> None:
        """Read what was printed before the answer, all of which is in the pipe by now."""
        if any(key.fileobj is self._printed for key, _ in self._ready.select(0)):
            self._read(say)
        if self._line:
            say(self._line.decode("utf-8", "replace") + "\n")
            self._line = b""

    def _receive(self, until: float) -> dict[str, Any]:
        (size,) = _SIZE.unpack(self._take(_SIZE.size, until))
        reply: dict[str, Any] = json.loads(self._take(size, until))
        return reply

    def _take(self, size: int, until: float) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            self._wire.settimeout(_left(until))
            some = self._wire.recv(size - len(taken))
            if not some:
                raise ConnectionResetError
            taken += some
        return bytes(taken)


def _left(until: float) -> float:
    # 0 would mean something else to a socket.
    return max(0.001, until - time.monotonic())
