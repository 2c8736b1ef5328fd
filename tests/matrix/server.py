"""An account in a process of its own: an emulated cloud, one request at a time, that can fork itself with all that is in it.

A fork is a copy of the account at that moment, at an address of its own; so a beginning is made once, and each run has it for the price of a fork.
`python -m tests.matrix.server CLOUD` writes its port, and ends with whoever started it. This file must know no cloud.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.matrix import cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: whoever asked knows."""


class _Account:
    """The WSGI application. Connections end with their answers, so that none holds the server."""

    def __init__(self, name: str) -> None:
        self._application, self._questions = cloud.inside(name).empty()
        self._server: Any = None

    def serve(self, tell: int) -> None:
        """Serve at a new port, told to a file's number, until the parent is gone."""
        self._server = make_server(HOST, 0, self, request_handler=_Quiet)
        parent = os.getppid()
        vars(self._server)["service_actions"] = lambda: None if os.getppid() == parent else os._exit(0)
        os.write(tell, f"{self._server.server_port}\n".encode())
        self._server.serve_forever(poll_interval=0.2)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        verb = environ["PATH_INFO"].removeprefix("/matrix/")
        if verb == environ["PATH_INFO"]:
            return self._application(environ, start)
        asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        answer = self._fork(environ) if verb == "fork" else self._questions[verb](asked)
        body = json.dumps(answer, default=str).encode()
        start("200 OK", [("content-type", "application/json"), ("content-length", str(len(body)))])
        return [body]

    def _fork(self, environ: dict[str, Any]) -> dict[str, int]:
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            # What the parent still needs: its port, and the connection that it answers on.
            self._server.socket.close()
            environ["werkzeug.socket"].close()
            os.close(reading)
            self.serve(writing)
        os.close(writing)
        with os.fdopen(reading) as told:
            return {"process": process, "port": int(told.readline())}


if __name__ == "__main__":
    account = _Account(sys.argv[1])
    # What is here already is in all forks: none needs to look through it for garbage, nor to have a copy of it.
    gc.freeze()
    # Forks that have ended are nobody's to ask about.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    account.serve(1)
