"""The instances of an HTTP function: its own server in a process of its own, asked as the platform asks it (huawei.md, 1.8 and 1.9).

This file knows the way from an APIG event to an HTTP request, and from its answer to chunks as they come; where processes live is home.py's. In the
cloud every instance has 127.0.0.1:8000 to itself; here each is told a port in TWOCAN_PORT, since a network of its own would cut it off from the rest
of this machine as well.
"""

from __future__ import annotations

import base64
import http.client
import socket
import subprocess
import threading
import time
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, cast
from urllib.parse import urlencode

from deploy.emulator import workers
from deploy.emulator.huawei.frame import Frame
from deploy.local.backend import Answer, FunctionFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.home import Home
    from deploy.emulator.huawei.version import Version
    from deploy.local.backend import Event

_BREATH = 0.02  # seconds between two looks at whether a server listens already
_CHUNK = 64 * 1024
#: What belongs to one connection, and is not passed on.
_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class HttpInstances:
    """The instances of one version, started on demand, at most `most`, each with as many requests at once as the version allows. Close them."""

    def __init__(self, home: Home, version: Version, log: Callable[[str], object], *, most: int) -> None:
        self._home = home
        self._version = version
        self._log = log
        self._most = most
        self._state = threading.Condition()
        self._instances: list[_Instance] = []
        self._closed = False

    def stream(self, event: Event, request_id: str, seconds: float) -> Answer:
        """Return the answer to an event as soon as it has a head. Raises FunctionFailed."""
        instance = self._take(seconds)
        frame = Frame(self._version, request_id, self._log)
        # Its time is its own; who waits for the head may wait for less.
        exchange = _Exchange(instance, time.monotonic() + self._version.seconds, lambda late: self._give_back(instance, frame, late=late))
        try:
            return exchange.open(event, _told(self._version, request_id), time.monotonic() + seconds)
        except (OSError, ValueError, http.client.HTTPException) as error:
            exchange.close()
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """End every instance; what it was at fails."""
        with self._state:
            self._closed = True
            instances, self._instances = self._instances, []
            self._state.notify_all()
        for one in instances:
            one.end()

    def _take(self, seconds: float) -> _Instance:
        """Return an instance that has room. Raises FunctionFailed."""
        with self._state:
            if not self._state.wait_for(lambda: self._closed or self._free() or len(self._instances) < self._most, seconds):
                raise FunctionFailed("FSS.0429: too many requests")
            if self._closed:
                raise FunctionFailed("FSS.1051: the function is gone")
            instance = self._free() or self._start()
            instance.load += 1
            return instance

    def _free(self) -> _Instance | None:
        return next((one for one in self._instances if one.load < self._version.concurrent), None)

    def _start(self) -> _Instance:
        try:
            instance = _Instance(self._home, self._version, self._log)
        except OSError as error:
            # What lies there cannot be executed, as when the zip does not say that it may.
            raise FunctionFailed(f"bootstrap: {error.strerror}") from error
        self._instances.append(instance)
        return instance

    def _give_back(self, instance: _Instance, frame: Frame, *, late: bool) -> None:
        """End a request; and its instance, if that took too long or has ended itself."""
        frame.end(instance.used())
        over = late or instance.is_over()
        with self._state:
            instance.load -= 1
            over = over and instance in self._instances
            if over:
                self._instances.remove(instance)
            self._state.notify_all()
        if over:
            instance.end()


class _Instance:
    """One process, which listens on a port soon after its start. Raises OSError."""

    def __init__(self, home: Home, version: Version, log: Callable[[str], object]) -> None:
        #: How many requests it is at.
        self.load = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._process = home.start_bootstrap(version, self._port)
        self._printed = threading.Thread(target=self._pass_on, args=(log,), name="instance", daemon=True)
        self._printed.start()

    def connect(self, until: float) -> socket.socket:
        """Return a connection as soon as it listens. Raises OSError if it has ended, and TimeoutError."""
        while (wire := self._reach()) is None:
            if time.monotonic() > until:
                raise TimeoutError("bootstrap does not listen")
        return wire

    def is_over(self) -> bool:
        """Say whether the process has ended."""
        return self._process.poll() is not None

    def used(self) -> float:
        """Return the MB that it has used at most, where that can be seen."""
        with suppress(OSError), Path(f"/proc/{self._process.pid}/status").open(encoding="utf-8") as status:
            return sum(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        return 0.0

    def end(self) -> None:
        """End it at once, and leave nothing."""
        workers.kill(self._process)
        workers.ended(self._process)
        self._printed.join()

    def _reach(self) -> socket.socket | None:
        """Return a connection; or None after a breath, if it does not listen yet. Raises ConnectionRefusedError if it never will."""
        try:
            return socket.create_connection(("127.0.0.1", self._port))
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_BREATH)
                raise
        return None

    def _pass_on(self, log: Callable[[str], object]) -> None:
        with TextIOWrapper(cast(IO[bytes], self._process.stdout), encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                log(line)


class _Exchange:
    """One request and its answer; also the answer's body, as `Chunks` asks for it. `ended` is told once, and whether it took too long."""

    def __init__(self, instance: _Instance, until: float, ended: Callable[[bool], None]) -> None:
        self._instance = instance
        self._until = until
        # Whoever pops it ends the exchange: the body may be closed while it is read.
        self._ended = [ended]
        # Held while it is read: what is read must not be closed under the reader.
        self._reading = threading.RLock()
        self._wire: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None

    def open(self, event: Event, told: dict[str, str], until: float) -> Answer:
        """Send the request; return the answer once it has a head. Raises OSError, HTTPException and ValueError: close it then."""
        self._wire = self._instance.connect(min(until, self._until))
        self._wire.settimeout(_left(min(until, self._until)))
        connection = http.client.HTTPConnection("127.0.0.1")
        connection.sock = self._wire
        _send(connection, event, told)
        self._response = response = connection.getresponse()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
        return Answer(response.status, headers, self)

    def __iter__(self) -> _Exchange:
        return self

    def __next__(self) -> bytes:
        with self._reading:
            if not self._ended or self._response is None or self._wire is None:
                raise StopIteration
            try:
                self._wire.settimeout(_left(self._until))
                chunk = self._response.read1(_CHUNK)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._fail(error)
            # read1 does not tell an end from a cut where a length was promised.
            if not chunk and self._response.length:
                self._fail(http.client.IncompleteRead(b"", self._response.length))
            if not chunk:
                self.close()
                raise StopIteration
            return chunk

    def close(self) -> None:
        """Take no more: the function sees its client go."""
        self._end(late=time.monotonic() >= self._until)

    def _fail(self, error: Exception) -> NoReturn:
        """End what is not whole. Raises FunctionFailed, and StopIteration if it was closed meanwhile."""
        if not self._end(late=isinstance(error, TimeoutError)):
            raise StopIteration from error
        raise FunctionFailed(f"the function's stream was cut: {type(error).__name__}") from error

    def _end(self, *, late: bool) -> bool:
        """End the connection, which wakes who waits for it, and say whether nobody had."""
        try:
            ended = self._ended.pop()
        except IndexError:
            return False
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
            with self._reading:
                if self._response is not None:
                    self._response.close()
                self._wire.close()
        ended(late)
        return True


def _told(version: Version, request_id: str) -> dict[str, str]:
    """Return the headers that the platform adds (huawei.md, 1.8); in which unit the time-out is, is not known."""
    told = {
        "Request-Id": request_id,
        "Memory": str(version.memory),
        "Timeout": f"{version.seconds:g}",
        "Func-Version": version.version,
        "Func-Name": version.name,
        "Project-Id": version.project,
        "Package": version.package,
        "Region": version.region,
    }
    return {f"X-CFF-{name}": value for name, value in told.items()}


def _send(connection: http.client.HTTPConnection, event: Event, told: dict[str, str]) -> None:
    """Send an APIG event (huawei.md, 1.4) as the request that it was."""
    body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else str(event.get("body") or "").encode()
    query = urlencode(event.get("queryStringParameters") or {})
    connection.putrequest(event["httpMethod"], event["path"] + (f"?{query}" if query else ""), skip_host=True, skip_accept_encoding=True)
    sent = {name: value for name, value in event["headers"].items() if name.lower() not in _HOP}
    for name, value in {"Host": event["headers"].get("host", "127.0.0.1"), **sent, **told, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value.encode())
    connection.endheaders(body)


def _left(until: float) -> float:
    # 0 would mean something else to a socket.
    return max(0.001, until - time.monotonic())
