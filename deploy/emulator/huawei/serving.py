"""HTTP for the emulated management APIs and OBS: one server, a thread for each connection, and what a proxy's client needs.

This file knows HTTP/1.1 and no service. OBS's SDK keeps the cloud's host name and comes through a proxy (CONNECT, then the request as the cloud
would get it), so a tunnel to anywhere ends here.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy.emulator.huawei.wire import Answered, Asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

HOST = "127.0.0.1"
#: The largest body that is read at all: an upload of 50 MB (huawei.md, 1.6) as base64 in JSON, and some.
_LARGEST = 80 * 1024 * 1024


class Server:
    """`with Server(answer, port) as server:` answers at `server.url`. `answer` is called from many threads; it must not raise."""

    def __init__(self, answer: Callable[[Asked], Answered], port: int = 0) -> None:
        self._answer, self._port = answer, port

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(self._answer), **_MEMBERS})
        self._server = type("Server", (_Server,), {"request_queue_size": 128})((HOST, self._port), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="control", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[Asked], Answered]

    def log_message(self, *_: object) -> None:
        """Say nothing of what is no HTTP: whoever sent it has been answered."""

    def tunnel(self) -> None:
        """Open a tunnel that ends here: what comes next on this connection is the request itself."""
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        # Python's own client asks for a tunnel in HTTP/1.0, where a connection ends with its answer.
        self.close_connection = False

    def relay(self) -> None:
        """Answer one request."""
        length = self.headers.get("content-length") or "0"
        if not length.isdecimal() or int(length) > _LARGEST or self.headers.get("transfer-encoding"):
            self.close_connection = True
            self._send(Answered(413 if length.isdecimal() else 400, {}, b""))
            return
        where = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, headers.get("host", ""), where.path or "/", where.query, headers, self.rfile.read(int(length)))
        self._send(self.answer(asked))

    def _send(self, answered: Answered) -> None:
        self.send_response_only(answered.status)
        for name, value in answered.headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in answered.headers} and answered.status != 204:
            self.send_header("content-length", str(len(answered.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body)
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_close(self) -> None:
        """Close the listening socket only: connections that clients keep end with their clients."""
        self.socket.close()

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that was killed hangs up in the middle."""


# What http.server finds by name. Answers are written and sent at once: else each waits for the kernel's delayed acknowledgement.
_WAYS = {f"do_{method}": _Handler.relay for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")}
_MEMBERS = {**_WAYS, "do_CONNECT": _Handler.tunnel, "wbufsize": -1, "disable_nagle_algorithm": True}
