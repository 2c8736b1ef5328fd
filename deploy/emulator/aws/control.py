"""The emulated AWS's control plane: moto's server with its gaps closed, on a loopback port, for as long as the block lasts.

This file starts and stops; what differs from moto is in moto_gaps*.py. The account behind it is the process's: of two controls at once both show
the same one, and whoever stops empties it.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from deploy.emulator.aws import moto_gaps, moto_gaps_gateway, moto_gaps_lambda

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from deploy.emulator.aws.moto_gaps_gateway import Deployed
    from deploy.emulator.aws.moto_gaps_lambda import Invoked, Ran

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """A handler that prints no line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: whoever asked knows."""


class Control:
    """`with Control() as control:` an AWS at `control.url`. A given port, or a free one; `runs` answers calls of `invoke`, else they are refused."""

    def __init__(self, port: int = 0, *, runs: Callable[[Invoked], Ran] | None = None) -> None:
        self._port, self._runs = port, runs

    def __enter__(self) -> Self:
        moto_gaps.install()
        moto_gaps_lambda.runs(self._runs)
        # Not moto's own ThreadedMotoServer: it prints every request and never closes its socket.
        self._server = make_server(HOST, self._port, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=_Quiet)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="control", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        moto_gaps_lambda.runs(None)
        moto_api_backend.reset()

    @property
    def url(self) -> str:
        """The endpoint, for AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self._server.server_port}"

    def deployed(self, api: str, stage: str, *, region: str) -> Deployed:
        """Return what a stage of an API serves: the snapshot of its deployment. Raises moto's RestAPINotFound or StageNotFoundException."""
        return moto_gaps_gateway.deployed(api, stage, region=region)
