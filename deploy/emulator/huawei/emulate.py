"""The emulated Huawei Cloud, put together: management APIs, gateway, OBS, a PostgreSQL, and the word of where everything is.

This file knows the order of starting and stopping. Nothing of it outlives it: no process, no thread, and nothing of what was deployed. What it
offers is what `environment` names, for a deployer in another process; what was deployed is told by `told`, anew whenever it changes.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deploy.emulator import servers
from deploy.emulator.huawei.account import Account, Keys
from deploy.emulator.huawei.apig_kept import Gateways
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.data_plane import DataPlane
from deploy.emulator.huawei.database import NoServer, Postgres
from deploy.emulator.huawei.fleet import Fleet
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.obs import Obs
from deploy.emulator.huawei.obs_kept import Buckets
from deploy.emulator.huawei.serving import Server
from deploy.emulator.huawei.switches import Switches
from deploy.emulator.servers import Ports
from deploy.local.gateway import runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_SERVICES = ("FGS", "APIG", "IAM", "LTS", "CES")
#: A host name that browsers find on this machine by themselves (RFC 6761, 6.3), to be bound to the page.
DOMAIN = "chat.localhost"


class Emulator:
    """`with Emulator(region) as emulator:` a Huawei Cloud on this machine.

    `changed` is called with what `told` returns, at once and after each change.
    """

    def __init__(
        self,
        region: str,
        ports: Ports = Ports(),  # noqa: B008 - immutable
        changed: Callable[[dict[str, Any]], None] = lambda _: None,
        switches: Switches = Switches(),  # noqa: B008 - immutable
    ) -> None:
        self.account = Account(Keys(region=region), switches)
        self.fleet = Fleet(self.account)
        self._ports = ports
        self._changed = changed
        self._stack = ExitStack()
        self._control = self._api = self._page = self._database = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._database = _database(stack)
            stack.callback(self.fleet.close)
            self.account.kept(Functions).runs = self.fleet.invoke
            self._control = stack.enter_context(Server(Control(self.account), self._ports.control)).url
            self._page = stack.enter_context(Server(Obs(self.account), self._ports.page)).url
            run = stack.enter_context(servers.loop())
            self._api = run(servers.serve(stack, run, lambda: runner(DataPlane(self.account, self.fleet)), self._ports.api))
            stack.enter_context(servers.watched(self._look))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What leads a deployer here, and whatever else reads Huawei Cloud's variables."""
        keys = self.account.keys
        where = {f"HUAWEICLOUD_ENDPOINT_{service}": self._control for service in _SERVICES}
        places = {"HUAWEICLOUD_ENDPOINT_OBS": self._page, "TWOCAN_API_ENDPOINT": self._api, "TWOCAN_PAGE_ENDPOINT": self._page}
        signs = {"HUAWEICLOUD_SDK_AK": keys.access, "HUAWEICLOUD_SDK_SK": keys.secret, "HUAWEICLOUD_SDK_PROJECT_ID": keys.project}
        kept = {"DATABASE_URL": self._database} if self._database else {}
        return {**signs, **where, **places, **kept}

    @property
    def choices(self) -> dict[str, dict[str, str]]:
        """What an owner writes into twocan.toml to be led here."""
        return {"[deploy]": {"region": self.account.keys.region, "gateway": self.account.kept(Gateways).instance}, "[site]": {"domain": DOMAIN}}

    def told(self) -> dict[str, Any]:
        """Return where everything is; `page` and `api` once they are deployed, those of the stage that was deployed last."""
        bound = self.account.kept(Buckets).shown()
        group = self.account.kept(Gateways).latest()
        shown = {"page": f"http://{bound}:{urlsplit(self._page).port}/"} if bound else {}
        deployed = {"api": f"{self._api}/{group}"} if group else {}
        notes = {} if self._database else {"notes": [_NO_DATABASE]}
        region = self.account.keys.region
        return {"cloud": "huawei", "region": region, "environment": self.environment, "choices": self.choices, **notes, **shown, **deployed}

    def _look(self, before: Any) -> dict[str, Any]:
        """Look at what is deployed now, and say so if it is not what was before."""
        self.fleet.prune()
        told = self.told()
        if told != before:
            self._changed(told)
        return told


_NO_DATABASE = "There is no PostgreSQL server on this machine, so set DATABASE_URL to one of yours, or install one: apt-get install postgresql."


def _database(stack: ExitStack) -> str:
    """Return the address of the owner's database, or of one that is started here; "" where there is neither."""
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    try:
        return stack.enter_context(Postgres()).address()
    except NoServer:
        return ""
