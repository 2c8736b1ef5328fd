"""One request to a service of the cloud's own, and its whole answer. It knows connections and time; it must know no service.

What outbound.py does for a model's vendor, without what only a stream needs: a thread for each exchange, and urllib3, which would be more than
half of a zip that keeps records and a fifth of its cold start (docs/decisions/0006). Nothing is sent twice: whether that may be done, the caller
knows.
"""

from __future__ import annotations

import select
import ssl
import time
import weakref
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

_PIECE = 65_536


class Unreached(Exception):
    """No connection was made: nothing was sent."""


class Late(Exception):
    """The answer did not come in time. What was sent may have been carried out."""


class Lost(Exception):
    """The answer is none that can be read. What was sent may have been carried out."""


class Asked(NamedTuple):
    """A request that is complete; it fits what sigv4 signs."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """A whole answer, of any status."""

    status: int
    body: bytes


class Limits(NamedTuple):
    """Seconds for a connection and for a whole exchange, and the most bytes of an answer."""

    connect: float
    patience: float
    most: int


class Service:
    """The service at an origin such as https://dynamodb.eu-central-1.amazonaws.com. Connections are kept; each thread has its own meanwhile."""

    def __init__(self, origin: str, limits: Limits) -> None:
        self._origin = urlsplit(origin)
        self._limits = limits
        self._tls: ssl.SSLContext | None = None
        self._kept: list[HTTPConnection] = []
        weakref.finalize(self, _close, self._kept)

    def ask(self, asked: Asked) -> Answer:
        """Send a request and return its answer. Raises Unreached, Late and Lost."""
        line = self._line()
        try:
            return self._exchange(line, asked, time.monotonic() + self._limits.patience)
        except TimeoutError as error:
            line.close()
            raise Late from error
        except (OSError, HTTPException) as error:
            line.close()
            raise Lost from error

    def forget(self) -> None:
        """End the connections that are kept: a platform that froze the function may have lost them without a word."""
        for line in self._taken():
            line.close()

    def _line(self) -> HTTPConnection:
        """Return a connection: a kept one that is still there, or a new one. Raises Unreached."""
        for line in self._taken():
            if not _has_ended(line.sock):
                return line
            line.close()
        made = self._made()
        try:
            made.connect()
        except OSError as error:
            raise Unreached from error
        return made

    def _taken(self) -> Iterator[HTTPConnection]:
        # Not by looking first: another thread may be faster.
        with suppress(IndexError):
            while True:
                yield self._kept.pop()

    def _made(self) -> HTTPConnection:
        host, port, seconds = str(self._origin.hostname), self._origin.port, self._limits.connect
        if self._origin.scheme == "http":
            return HTTPConnection(host, port, timeout=seconds)
        if self._tls is None:
            # Checks the certificate and the name in it. Made once: reading the certificates of all authorities takes some 20 ms.
            self._tls = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=seconds, context=self._tls)

    def _exchange(self, line: HTTPConnection, asked: Asked, until: float) -> Answer:
        # The connection's own name for it is gone as soon as the service has said that it will close.
        wire = line.sock
        _allow(wire, until)
        line.request(asked.method, urlsplit(asked.url)._replace(scheme="", netloc="").geturl(), asked.body, dict(asked.headers))
        given = line.getresponse()
        body = self._read(given, wire, until)
        if not given.will_close:
            self._kept.append(line)
        return Answer(given.status, body)

    def _read(self, given: HTTPResponse, wire: socket.socket, until: float) -> bytes:
        parts, size, part = [], 0, b" "
        while part:
            _allow(wire, until)
            part = given.read1(_PIECE)
            parts.append(part)
            size += len(part)
            if size > self._limits.most:
                raise HTTPException("the answer is too long")
        if given.length:
            raise HTTPException("the answer was cut off")
        # Read to its end it still counts as open, and no other could follow it.
        given.close()
        return b"".join(parts)


def _close(lines: list[HTTPConnection]) -> None:
    for line in lines:
        line.close()


def _allow(wire: socket.socket, until: float) -> None:
    """Let the next wait last until then, and no longer. Raises TimeoutError when it is over."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    wire.settimeout(left)


def _has_ended(wire: socket.socket) -> bool:
    """Say whether a connection that waits for nothing has something to say, which can only be its end."""
    look = select.poll()
    look.register(wire, select.POLLIN)
    return bool(look.poll(0))
