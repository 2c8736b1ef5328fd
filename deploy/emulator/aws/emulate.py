"""The emulated AWS, put together: the control plane, the API Gateway, Lambda and page behind it, and the word of where everything is.

This file knows the order of starting and stopping. Nothing of it outlives it: no process, no thread, and nothing of what was deployed. What it
offers is what `environment` names, for a deployer in another process; what was deployed is told by `told`, anew whenever it changes.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from aiohttp import web

from deploy.emulator import servers
from deploy.emulator.aws import one_at_a_time, pages, stored
from deploy.emulator.aws.control import Control
from deploy.emulator.aws.data_plane import DataPlane
from deploy.emulator.aws.fleet import Fleet
from deploy.emulator.aws.telemetry import Telemetry
from deploy.emulator.servers import Ports
from deploy.local.gateway import LAST_WORDS, SILENT, runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

#: Credentials like any others: nobody looks at them here.
_KEYS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated"}


class Emulator:
    """`with Emulator() as emulator:` an AWS on this machine. `changed` is called with what `told` returns, at once and after each change."""

    def __init__(self, region: str, ports: Ports = Ports(), changed: Callable[[dict[str, Any]], None] = lambda _: None) -> None:  # noqa: B008 - immutable
        self.region = region
        self.telemetry = Telemetry()
        self.fleet = Fleet(self.telemetry)
        self.control = Control(ports.control, runs=self.fleet.invoke)
        self._ports = ports
        self._changed = changed
        self._stack = ExitStack()
        self._api = self._page = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.control)
            one_at_a_time.install()
            stack.enter_context(self.telemetry)
            stack.callback(self.fleet.close)
            run = stack.enter_context(servers.loop())
            self._api = run(servers.serve(stack, run, lambda: runner(DataPlane(self.fleet)), self._ports.api))
            self._page = run(servers.serve(stack, run, _page_server, self._ports.page))
            stack.enter_context(servers.watched(self._look))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What leads a deployer here, and whatever else reads AWS's variables."""
        where = {"AWS_ENDPOINT_URL": self.control.url, "TWOCAN_API_ENDPOINT": self._api, "TWOCAN_PAGE_ENDPOINT": self._page}
        return {**where, **_KEYS, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}

    def told(self) -> dict[str, Any]:
        """Return where everything is; `page` and `api` once they are deployed, those of the stage that was deployed last."""
        stages = sorted(stored.stages(), key=lambda stage: stage[0])
        deployed = {"api": f"{self._api}/{stages[-1][1]}/{stages[-1][2]}"} if stages else {}
        shown = {"page": f"{self._page}/"} if pages.site() else {}
        return {"cloud": "aws", "region": self.region, "environment": self.environment, **shown, **deployed}

    def _look(self, before: Any) -> dict[str, Any]:
        """Look at what is deployed now, and say so if it is not what was before."""
        self.fleet.prune()
        told = self.told()
        if told != before:
            self._changed(told)
        return told


def _page_server() -> web.AppRunner:
    return web.AppRunner(pages.pages(), access_log=None, logger=SILENT, shutdown_timeout=LAST_WORDS)
