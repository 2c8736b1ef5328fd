"""The smallest host that streams: HTTP on the loopback in front of the chat function, so that real clients can talk to it."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from functions.chat import handler
from tests.fakes.platforms import CONTEXTS
from tests.functions.chat.stand import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.shared.messages import Response


class Host(ThreadingHTTPServer):
    """Started as the deployer starts it, for a model at `upstream`."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        self.function = handler.handler.start("aws", settings(upstream).get)
        super().__init__(("127.0.0.1", 0), _Visit)

    @property
    def url(self) -> str:
        """Return the address that a client calls its base URL."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Visit(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Host

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        response = self.server.function.respond(self._event(), CONTEXTS["aws"])
        with contextlib.closing(response.body), contextlib.suppress(ConnectionError):  # type: ignore[type-var]  # every body that respond returns can be closed
            self._send(response)

    def _event(self) -> dict[str, Any]:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        asked = {"httpMethod": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body}
        return {**asked, "isBase64Encoded": False, "requestContext": {"requestId": "host-id", "identity": {"sourceIp": "127.0.0.1"}}}

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in {**response.headers, "transfer-encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in response.body:
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            elif self._has_left():
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _has_left(self) -> bool:
        """Say whether the client has gone: nothing to send is the moment to look."""
        try:
            next_byte: bytes = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return not next_byte


@contextlib.contextmanager
def hosted(upstream: str) -> Iterator[Host]:
    """Serve until the end of the `with`."""
    with Host(upstream) as host:
        thread = threading.Thread(target=host.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield host
        finally:
            host.shutdown()
            thread.join()
