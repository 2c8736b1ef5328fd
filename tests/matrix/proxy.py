"""A proxy on loopback between the deployer and the account: it remembers calls, counts those that change something, kills, and answers itself.

It must know no operation, which the cloud reads from a request. What changes something goes through one at a time, so that "the k-th" is one call,
and those that had not come by then never do. The address stays the same while the account behind it changes, for the address becomes part of what
is deployed.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tests.matrix.cloud import Call


class Answer(NamedTuple):
    """What is answered to a call."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Cut(Exception):
    """The connection is closed without an answer."""


class Kill(NamedTuple):
    """Whom to end at which changing call, the first being 1: before it is forwarded, or when the account has answered."""

    number: int
    after: bool
    victim: Callable[[], int]


class Proxy:
    """`with Proxy(cloud.read) as proxy: proxy.lead(account.url)`.

    `meddle` is asked before a call is forwarded: it may answer itself, or raise Cut.
    """

    def __init__(self, read: Callable[..., Call]) -> None:
        self.read = read
        self.meddle: Callable[[Call], Answer | None] = lambda _: None
        self.calls: list[Call] = []
        self.killed = False
        #: How many were killed: what they had sent may come late, and is not to reach whoever is led to next.
        self.deaths = 0
        self._kill: Kill | None = None
        self._target = ""
        self._lock = Lock()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"proxy": self, **_MEMBERS})
        # As many may knock at once as the deployer's threads and their clients do.
        self._server = type("Server", (_Server,), {"request_queue_size": 64})(("127.0.0.1", 0), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def changes(self) -> list[str]:
        """The names of the calls that changed something."""
        return [call.name for call in self.calls if call.changes]

    def lead(self, url: str, kill: Kill | None = None) -> None:
        """Lead to an account from now on, with nothing remembered."""
        with self._lock:
            self.deaths += self.killed
            self._target, self._kill, self.killed = urlsplit(url).netloc, kill, False
            self.calls = []

    def answer(self, call: Call, deaths: int) -> Answer:
        """Forward a call that came by a connection of after so many deaths, and return its answer. Raises Cut."""
        if not call.changes:
            return self._one(call, deaths)
        with self._lock:
            return self._one(call, deaths)

    def _one(self, call: Call, deaths: int) -> Answer:
        if self.killed or deaths != self.deaths:
            raise Cut
        self.calls.append(call)
        mine = self._kill is not None and call.changes and len(self.changes) == self._kill.number
        if mine and self._kill and not self._kill.after:
            self._end()
        given = self.meddle(call) or self.forward(call)
        if mine:
            self._end()
        return given

    def _end(self) -> None:
        assert self._kill
        self.killed = True
        os.kill(self._kill.victim(), signal.SIGKILL)
        raise Cut

    def forward(self, call: Call) -> Answer:
        """Let the account answer, whatever becomes of the answer."""
        connection = http.client.HTTPConnection(self._target, timeout=60)
        try:
            connection.request(call.method, call.path, call.body, dict(call.headers))
            response = connection.getresponse()
            return Answer(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def setup(self) -> None:
        """Remember whose connection this is."""
        super().setup()
        self._deaths = self.proxy.deaths

    def invite(self) -> bool:
        """Say that the body may come, at once: botocore waits a second for it."""
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def tunnel(self) -> None:
        """Open a tunnel that ends here: what comes next is the request itself, with the cloud's own host name."""
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        # Python's own client asks for a tunnel in HTTP/1.0, where a connection ends with its answer.
        self.close_connection = False

    def relay(self) -> None:
        """Let a call through and its answer back."""
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "expect"}
        try:
            if len(body) < length:
                # Killed in the middle of it: the account would wait for the rest.
                raise Cut
            answer = self.proxy.answer(self.proxy.read(self.command, self.path, headers, body), self._deaths)
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(answer.status)
        named = {name.lower() for name, _ in answer.headers}
        for name, value in answer.headers:
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        if "content-length" not in named:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever was killed hangs up in the middle."""


# What http.server finds by name. Answers are written and sent at once: else each waits for the kernel's delayed acknowledgement.
_WAYS = {f"do_{method}": _Handler.relay for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")}
_MEMBERS = {**_WAYS, "do_CONNECT": _Handler.tunnel, "handle_expect_100": _Handler.invite, "wbufsize": -1, "disable_nagle_algorithm": True}
