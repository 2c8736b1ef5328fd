"""An AWS account in a process of its own: moto with its gaps closed, one request at a time, that can fork itself with all that is in it.

A fork is a copy of the account at that moment, at an address of its own; so a beginning is made once, and each run has it for the price of a fork.
Ids are drawn from a request's method and path and how often it came: the same run makes the same ids, and a twin another one.
`python -m tests.matrix.server` writes its port, and ends with whoever started it. To ask an account something new, add its line to `_QUESTIONS`.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from deploy.emulator.aws import moto_gaps, moto_gaps_gateway, moto_gaps_lambda
from tests.matrix import inventory
from tests.matrix.sound import sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST = "127.0.0.1"
_SERVICES: tuple[Any, ...] = ("apigateway", "cloudfront", "cloudwatch", "dynamodb", "iam", "lambda", "logs", "s3", "sts")
_QUESTIONS: dict[str, Callable[[dict[str, str]], Any]] = {
    "listed": lambda _: inventory.listed(),
    "loose": lambda _: inventory.loose(),
    "deployed": lambda asked: moto_gaps_gateway.deployed(asked["api"], asked["stage"], region=asked["region"])._asdict(),
}


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: whoever asked knows."""


class _Account:
    """The WSGI application."""

    def __init__(self) -> None:
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        # Imported now, and not in each fork anew.
        vars(self._moto)["app_instances"].update({name: create_backend_app(name) for name in _SERVICES})
        self._seen: Counter[str] = Counter()
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
            self._seed(environ)
            return cast("Iterable[bytes]", self._moto(environ, start))
        asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        answer = self._fork(environ) if verb == "fork" else _QUESTIONS[verb](asked)
        body = json.dumps(answer, default=str).encode()
        start("200 OK", [("content-type", "application/json"), ("content-length", str(len(body)))])
        return [body]

    def _seed(self, environ: dict[str, Any]) -> None:
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._seen[request] += 1
        mock_random.seed(f"{request} {self._seen[request]}")

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
    # Forks that have ended are nobody's to ask about.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    moto_gaps.install()
    moto_gaps_lambda.runs(sound)
    _Account().serve(1)
