"""APIG as the emulated Huawei Cloud runs it: what a group has published is answered as it was published, by the gateway of deploy/local.

This file knows which group and which of its APIs a request is for (huawei.md, 3.2); what is made of an API is in served_api.py. A group is known
by the Host header, its own (debug) domain or one that is bound to it, or by the first part of the path: `/<group>/…` on loopback, which counts as
a bound domain. TLS ends before the emulator, so an API for HTTPS is answered here, too. Not emulated: the 200 calls a second that every API has by
default, and every kind of authentication and backend but those of served_api.py. To add a way to a group, see `_address`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from deploy.emulator.counted import Misconfigured
from deploy.emulator.huawei.apig_kept import Gateways
from deploy.emulator.huawei.served_api import Maker, ServedApi
from deploy.local.gateway import Gateway, target
from deploy.local.guard import Guard
from deploy.local.huawei import LIMITS, Huawei

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.served_api import Reaches
    from deploy.local.pump import Threads

_GROUP = re.compile(r"/([0-9a-f]{32})(?=[/?#]|$)")


class _Served(NamedTuple):
    """What a group has published in an environment, the best match for a path first."""

    edition: tuple[int, int]
    apis: tuple[ServedApi, ...]


class DataPlane:
    """Every group of the gateway: it fits `runner` of deploy/local/gateway.py. What is published later is served from its first request on."""

    def __init__(self, account: Account, fleet: Reaches) -> None:
        self._account = account
        self._kept: Gateways = account.kept(Gateways)
        self._maker = Maker(self._kept, fleet)
        self._served: dict[tuple[str, str], _Served] = {}
        dialect = Huawei()
        self._nothing = Gateway(dialect, (), {}, Guard(dialect, Misconfigured()))

    @property
    def largest_body(self) -> int:
        """How many bytes of body are taken."""
        return LIMITS.body

    async def handle(self, request: web.BaseRequest, rooms: Mapping[bool, Threads]) -> web.StreamResponse:
        """Return the answer to a request."""
        wanted = target(request)
        # So that nothing is read while the management API changes it; what it does then is short.
        with self._account.lock:
            group, base = self._address(request.headers.get("host", ""), wanted)
            path = wanted.removeprefix(base).partition("#")[0].partition("?")[0]
            gateway = self._find(group, request.headers.get("x-stage", "RELEASE"), request.method, path)
        return await gateway.handle(request, rooms, base)

    def unreadable(self, error: BaseException | None) -> web.Response:
        """Return the answer to what is not HTTP: it is for no API."""
        return self._nothing.unreadable(error)

    def _address(self, host: str, wanted: str) -> tuple[str, str]:
        """Return the group that is asked, "" for none, and what its addresses begin with."""
        by_host = self._kept.group_at(host.partition(":")[0].lower())
        if by_host is not None:
            return by_host, ""
        found = _GROUP.match(wanted)
        return (found[1], found[0]) if found else ("", "")

    def _find(self, group: str, stage: str, method: str, path: str) -> Gateway:
        """Return the API that is asked. Where none is, nothing of the group's own is said: it is APIG.0101, for a wrong method, too."""
        for api in self._apis(group, stage):
            if api.takes(method, path):
                return api
        return self._nothing

    def _apis(self, group: str, stage: str) -> tuple[ServedApi, ...]:
        edition = self._kept.edition()
        served = self._served.get((group, stage))
        if served is None or served.edition != edition:
            published = self._kept.published(group, stage)
            if published is None:
                return ()
            served = _Served(edition, self._maker.make(published))
            self._served[group, stage] = served
        return served.apis
