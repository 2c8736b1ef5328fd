"""Everything on this machine, from one command: model, functions, gateway and page; and an end that leaves nothing behind.

This file knows the order of starting and stopping; it must know no event and no cloud's word but the two names. What it starts is told in
`.local/ready.json`; what the functions log goes to `.local/functions.log`, as it would to the cloud's log service.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, ExitStack, redirect_stdout
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from deploy import bundle, owner, site
from deploy.local import models, pages, stage
from deploy.local.alone import alone, check_free, free_port
from deploy.local.aws import Aws
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import LAST_WORDS, SILENT, Gateway, runner
from deploy.local.guard import Guard
from deploy.local.huawei import Huawei
from deploy.local.model import EmbeddedModel
from functions.chat import models as tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.local.backend import Platform

DIALECTS: Mapping[str, Callable[..., Any]] = {"aws": Aws, "huawei": Huawei}
DIST = stage.ROOT / "frontend" / "dist"
#: The file, in the stage's folder, that says that a run is ready, and where.
READY = "ready.json"


class RunError(Exception):
    """It cannot start; the message tells what to do."""


class Plan(NamedTuple):
    """What to run: where it keeps its data, the gateway to imitate, the page's port (the API has the next one), and the owner's choices."""

    stage: stage.Stage
    cloud: Platform
    port: int
    password: str
    choices: owner.Owner
    environment: Mapping[str, str]

    @property
    def page(self) -> str:
        """The page's origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """The API's origin."""
        return f"http://127.0.0.1:{self.port + 1}"


def run(plan: Plan, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Run until interrupted; `announce` is called with what `.local/ready.json` says. Raises NotAlone, RunError and the errors of what it starts."""
    here = plan.stage.folder
    plan.stage.make()
    check_free((plan.port, plan.port + 1), "choose another one, as in `make run PORT=9000` (it and the next one are used).")
    with ExitStack() as stack:
        # A second run would give the owner's account another password.
        refusal = f"Twocan runs from {here} already: use it, end it with Ctrl-C, or give this run its own --folder."
        stack.enter_context(alone(here / "run.lock", refusal))
        # What a run that was killed left there.
        (here / READY).unlink(missing_ok=True)
        embedded = EmbeddedModel(free_port())
        stack.callback(embedded.stop)
        rows, keys = models.offered(plan.choices.models, embedded.base_url, plan.environment)
        values = plan.stage.settings({"SITE_ORIGIN": plan.page, **plan.choices.limits, **owner.model_settings(rows, plan.choices.routes, keys)})
        # An admin then sees what was before the last start, too.
        values["BREAKER"] = values["STORE"]
        log = stack.enter_context((here / "functions.log").open("a", encoding="utf-8"))
        stack.enter_context(redirect_stdout(log))
        set_password(plan.password, values)
        embedded.wait()
        asyncio.run(_serve(plan, values, lambda: announce(_ready(plan, _names(values)))))


def set_password(password: str, values: Mapping[str, str]) -> None:
    """Give the owner's account, an admin's, this password, and make it if it is absent. Raises RunError."""
    arguments = {"username": stage.USERNAME, "password": password}
    answer = stage.invoke("users.passwd", arguments, values)
    if answer["status"] == 404:
        answer = stage.invoke("users.add", arguments, values)
    if answer["status"] != 200:
        raise RunError(f"PASSWORD cannot be used: {answer['body']['error']['message']}")
    stage.invoke("users.grant", {"username": stage.USERNAME}, values)


def _names(values: Mapping[str, str]) -> list[str]:
    """Return the public names that answer, as `GET /v1/models` lists them. Raises SettingsError."""
    found = tables.table(values["MODELS"], values["MODEL_KEYS"], values["ROUTES"])
    return [one.name for one in found.values() if not one.embeds]


def _ready(plan: Plan, names: list[str]) -> dict[str, Any]:
    signs_in = {"username": stage.USERNAME, "password": plan.password}
    return {"page": f"{plan.page}/", "api": plan.api, **signs_in, "cloud": plan.cloud, "models": names}


async def _serve(plan: Plan, values: Mapping[str, str], announce: Callable[[], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        for server, port in ((_page(plan), plan.port), (_gateway(plan, values), plan.port + 1)):
            await server.setup()
            stack.push_async_callback(server.cleanup)
            await web.TCPSite(server, "127.0.0.1", port).start()
        announce()
        await stopped.wait()


def _page(plan: Plan) -> web.AppRunner:
    return web.AppRunner(
        pages.pages(site.render(DIST, plan.api, plan.choices.site.name)), access_log=None, logger=SILENT, shutdown_timeout=LAST_WORDS
    )


def _gateway(plan: Plan, values: Mapping[str, str]) -> web.ServerRunner:
    started = {one.name: stage.start(one, plan.cloud, values) for one in bundle.FUNCTIONS if one.kind != "direct"}
    seconds = {one.name: one.seconds for one in bundle.FUNCTIONS}
    authorizer = InProcessAuthorizer(started.pop("authorizer"), plan.cloud, seconds["authorizer"])
    backends = {name: InProcess(function, plan.cloud, seconds[name]) for name, function in started.items()}
    dialect = DIALECTS[plan.cloud](origin=plan.page)
    return runner(Gateway(dialect, bundle.ROUTES, backends, Guard(dialect, authorizer)))
