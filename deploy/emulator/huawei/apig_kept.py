"""What the emulated dedicated gateway keeps, as plain values, and what of it is served: publications are snapshots (huawei.md, 3.2).

This file knows how things lie and hang together; what a request may change is in the modules of the resources (apig_groups.py, apig_apis.py,
apig_releases.py, apig_policies.py). An API is served as it was when it was published; its authorizer, gateway responses, throttling and plugins
are served as they are now, and the switch `takes_effect_after` delays publications only. To keep something more, add a member and have
`published` tell of it.
"""

from __future__ import annotations

import re
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei.apig_checks import Document, moment
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.account import Account

#: The one instance that there is; an instance is bought, not made (huawei.md, 3.2).
INSTANCE = "11111111222233334444555555555555"
#: What the environment is called that every gateway has.
RELEASE = "DEFAULT_ENVIRONMENT_RELEASE_ID"
_FUNCTION = r"urn:fss:{region}:{project}:function:[A-Za-z0-9_-]+:[A-Za-z][A-Za-z0-9_-]*"
_SUFFIX = r"(?::!?[A-Za-z0-9][A-Za-z0-9._-]*)?"


class Release(NamedTuple):
    """An API as it was published once."""

    version_id: str
    number: str
    api: Document
    remark: str
    at: float


class Turn(NamedTuple):
    """What was put online in an environment, or taken offline (None), and when."""

    at: float
    api: str
    environment: str
    release: Release | None


class Published(NamedTuple):
    """What one group serves in one environment. All but the APIs are by id; throttles and plugins by their API's id."""

    group: Document
    stage: str
    apis: tuple[Document, ...]
    authorizers: Mapping[str, Document]
    responses: Mapping[str, Document]
    throttles: Mapping[str, Document]
    plugins: Mapping[str, Document]
    features: Mapping[str, Document]


class Gateways:
    """The gateway's things: documents as the API shows them, by id. They are replaced, never changed."""

    def __init__(self, account: Account) -> None:
        self.account = account
        #: What says which runtime a function has, by a URN that is well made; None for a function that there is not.
        self.runtime_of: Callable[[str], str | None] = partial(_runtime, account)
        self.instance = INSTANCE
        self.revision = 0
        self.groups: dict[str, Document] = {}
        self.environments: dict[str, Document] = {RELEASE: {"id": RELEASE, "name": "RELEASE", "remark": "", "create_time": moment(account.clock())}}
        self.apis: dict[str, Document] = {}
        self.authorizers: dict[str, Document] = {}
        self.throttles: dict[str, Document] = {}
        self.bindings: dict[str, Document] = {}
        self.responses: dict[str, Document] = {}
        self.certificates: dict[str, Document] = {}
        self.plugins: dict[str, Document] = {}
        self.attached: dict[str, Document] = {}
        self.features: dict[str, Document] = {}
        self.features_at: dict[str, float] = {}
        #: By API and environment: the publications, oldest first, and the one that is online with its publication's id.
        self.releases: dict[tuple[str, str], list[Release]] = {}
        self.online: dict[tuple[str, str], Document] = {}
        self.turns: list[Turn] = []

    def changed(self) -> None:
        """Say that something has been changed."""
        self.revision += 1

    def now(self) -> str:
        """Return the time as it is shown."""
        return moment(self.account.clock())

    def runtime(self, urn: str, *, plain: bool = False) -> str:
        """Return the runtime of the function that a URN leads to. Raises Refused with APIG.3019.

        `plain`: without a version or an alias, as an authorizer's URN must be (huawei.md, 2.3).
        """
        keys = self.account.keys
        like = _FUNCTION.format(region=re.escape(keys.region), project=re.escape(keys.project)) + ("" if plain else _SUFFIX)
        runtime = self.runtime_of(urn) if re.fullmatch(like, urn) else None
        if runtime is None:
            raise Refused(404, "APIG.3019", "The function URN does not exist")
        return runtime

    def edition(self) -> tuple[int, int]:
        """Return what tells one state of what is served from another, cheaply."""
        return self.revision, sum(turn.at <= self._effective() for turn in self.turns)

    def group_at(self, host: str) -> str | None:
        """Return the id of the group whose own or bound domain this is."""
        for group in self.groups.values():
            if host == group["sl_domain"] or any(host == domain["domain"] for domain in group["url_domains"]):
                return str(group["id"])
        return None

    def latest(self) -> str:
        """Return the id of the group that something of was published last; "" while nothing is."""
        published = [turn for turn in self.turns if turn.release is not None and turn.api in self.apis]
        return str(self.apis[published[-1].api]["group_id"]) if published else ""

    def published(self, group_id: str, stage: str = "RELEASE") -> Published | None:
        """Return what a group serves in the environment of this name now; None if there is no such group or environment."""
        group = self.groups.get(group_id)
        environment = next((one["id"] for one in self.environments.values() if one["name"] == stage), None)
        if group is None or environment is None:
            return None
        served: dict[str, Release | None] = {
            turn.api: turn.release for turn in self.turns if turn.environment == environment and turn.at <= self._effective()
        }
        return Published(
            group,
            stage,
            tuple(release.api for release in served.values() if release is not None and release.api["group_id"] == group_id),
            dict(self.authorizers),
            {name: one for name, one in self.responses.items() if one["group_id"] == group_id},
            self._throttled(environment),
            {one["api_id"]: self.plugins[one["plugin_id"]] for one in self.attached.values() if one["env_id"] == environment},
            dict(self.features),
        )

    def turn(self, api: str, environment: str, release: Release | None) -> None:
        """Put a release online, or with None what there was offline; what was before is forgotten once it is not served any more."""
        turn = Turn(self.account.clock(), api, environment, release)
        settled = [one for one in self.turns if (one.api, one.environment) == (api, environment) and one.at <= self._effective()][:-1]
        self.turns = [one for one in self.turns if one not in settled] + [turn]
        self.changed()

    def _effective(self) -> float:
        return self.account.clock() - self.account.switches.takes_effect_after

    def _throttled(self, environment: str) -> dict[str, Any]:
        where = {record["publish_id"]: api for (api, at), record in self.online.items() if at == environment}
        bound = [(where[one["publish_id"]], one["strategy_id"]) for one in self.bindings.values() if one["publish_id"] in where]
        return {api: self.throttles[throttle] for api, throttle in bound}


def _runtime(account: Account, urn: str) -> str | None:
    """Ask FunctionGraph. While it is not there, every function is, and of no runtime."""
    try:
        module = import_module("deploy.emulator.huawei.functions_kept")
    except ModuleNotFoundError:
        return ""
    with account.lock:
        functions = account.kept(module.Functions)
        try:
            name, version, _ = functions.resolve(urn, 0.0)
            return str(functions.version(name, version).runtime)
        except module.Absent:
            return None


def found(things: Mapping[str, Document], name: str, code: str, what: str) -> Document:
    """Return the thing with this id. Raises Refused: 404 with this code."""
    if name not in things:
        raise Refused(404, code, f"{what} does not exist;id:{name}")
    return things[name]
