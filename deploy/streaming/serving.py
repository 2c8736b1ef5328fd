"""FunctionGraph's HTTP function, from the inside: a server that turns each request into the event of an APIG event function, and streams its answer.

This file travels in the function's zip, and is started by `bootstrap` (huawei.md, 1.8 and 1.9). It knows HTTP and that event's shape (1.4), and of
the function only index.py's `initializer` and `started`: it is the same walk behind either door. An instance is asked several things at once, so
every request has a thread. It imports nothing but the standard library; http.server costs 5 ms beside the urllib3 that chat imports anyway.
"""

from __future__ import annotations

import base64
import os
import socket
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from urllib.parse import parse_qsl

# Spares the import of `typing`; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

#: Seconds before the time-out at which a body that still streams is ended; then the platform ends it.
MARGIN = 1.0
#: What a function that streams may be given at most (huawei.md, 1.9). In which unit the platform says it is not known: milliseconds end here, too.
LONGEST = 300.0
_NO_BODY = {204, 304}


class Gone(Exception):
    """Nobody reads this answer any more."""


class Context:
    """What a handler is told: the platform's names (huawei.md, 1.2). The settings of an HTTP function are variables of its environment."""

    def __init__(self, request_id: str, until: float) -> None:
        self._request_id = request_id
        self._until = until

    def getRequestID(self) -> str:  # noqa: N802 - the platform's name
        """Return the id of this request."""
        return self._request_id

    def getRemainingTimeInMilliSeconds(self) -> int:  # noqa: N802 - the platform's name
        """Return how long this request may still run."""
        return max(0, int((self._until - time.monotonic()) * 1000))

    def getUserData(self, name: str) -> str | None:  # noqa: N802 - the platform's name
        """Return a setting, or None."""
        return os.environ.get(name)


class Server(ThreadingTCPServer):
    """A server that gives each request to a started function; `seconds` is what each may take. Not http.server's: that one asks for host names."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], function: Any, seconds: float) -> None:
        self.function = function
        self.seconds = seconds
        super().__init__(address, _Conversation)

    def handle_error(self, *_: Any) -> None:
        """Log the type of what was not foreseen, and no text: texts quote what they choked on."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, Gone)):
            sys.stdout.write(f'{{"fault": "{type(error).__name__}", "at": "serving"}}\n')


class _Conversation(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Without it, a small chunk waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Let every method come to `answer`, which the base class would look for by its name."""
        understood = super().parse_request()
        if understood:
            setattr(self, f"do_{self.command}", self.answer)
        return understood

    def answer(self) -> None:
        """Answer one request, and close the body whatever happens. Raising cuts the connection: what is not whole is seen not to be."""
        until = time.monotonic() + self.server.seconds
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return
        event = self._event()
        response = self.server.function.respond(event, Context(event["requestContext"]["requestId"], until))
        try:
            self._forward(response, until)
        finally:
            if hasattr(response.body, "close"):
                response.body.close()

    def log_message(self, *_: Any) -> None:
        """Say nothing: the function logs a line for each request."""

    def _event(self) -> dict[str, Any]:
        """Return the event of huawei.md, 1.4; of what the gateway knows beyond HTTP there is nothing."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value.encode("latin-1").decode("utf-8", "replace") for name, value in self.headers.items()}
        return {
            "body": base64.b64encode(self.rfile.read(int(headers.get("content-length", "0")))).decode("ascii"),
            "isBase64Encoded": True,
            "httpMethod": self.command,
            "path": path,
            "headers": headers,
            "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)),
            "pathParameters": {},
            "requestContext": {"requestId": headers.get("x-cff-request-id") or str(uuid.uuid4()), "apiId": "", "stage": "RELEASE"},
        }

    def _forward(self, response: Any, until: float) -> None:
        """Send the head at once, and each chunk as it comes. Raises Gone, and whatever the body raises."""
        bare = self.command == "HEAD" or response.status in _NO_BODY
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if not bare:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in self._heard(response.body, until):
            if chunk and not bare:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if not bare:
            self.wfile.write(b"0\r\n\r\n")

    def _heard(self, body: Iterable[bytes], until: float) -> Iterable[bytes]:
        """Yield the chunks for as long as somebody reads; an empty one only looks. Raises Gone and TimeoutError."""
        for chunk in body:
            try:
                if not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    raise Gone
            except BlockingIOError:
                pass
            yield chunk
            if until - time.monotonic() < MARGIN:
                # The second line of defence: a body that blocks is not seen here, and has its own limits.
                raise TimeoutError


def main() -> None:
    """Start the function from the environment, then serve for as long as the platform lets this process live."""
    seconds = min(float(os.environ["RUNTIME_TIMEOUT"]), LONGEST)
    index = __import__("index")
    index.initializer(Context("", time.monotonic() + seconds))
    # 8000 is the platform's (huawei.md, 1.8); on one machine, several instances need a port each.
    port = int(os.environ.get("TWOCAN_PORT", "8000"))
    Server(("127.0.0.1", port), index.started, seconds).serve_forever()
