"""Huawei Cloud as a place to deploy to: FunctionGraph, APIG, OBS, LTS, and a PostgreSQL of the owner's (huawei.md).

This file knows which of the files beside it knows which thing; nothing of Huawei Cloud is known outside this folder. To add a thing, add its case to
`Huawei._put` and its removal to `Huawei._remove`, and its reading to `Huawei.observe`.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

from deploy import bundle
from deploy.clouds import Called, DeployError, Request, emulated
from deploy.clouds.huawei import compute, gateway, health, lock, logs, storage, versions
from deploy.clouds.huawei.account import Account, status
from deploy.clouds.huawei.choices import KEEPERS
from deploy.clouds.huawei.choices import beside as beside
from deploy.clouds.huawei.choices import check as check
from deploy.clouds.huawei.choices import notes as notes
from deploy.clouds.huawei.choices import packaging as packaging
from deploy.clouds.huawei.choices import parts as parts
from deploy.clouds.huawei.prices import PRICES_OF as PRICES_OF
from deploy.clouds.huawei.prices import estimate as estimate
from deploy.steps import (
    API_PARTS,
    Answer,
    Api,
    Authorizer,
    Bucket,
    Cdn,
    Delete,
    Domain,
    Function,
    Grant,
    Index,
    Live,
    Log,
    Preflight,
    Readers,
    Records,
    Release,
    Role,
    Route,
    Seen,
    SiteFile,
    key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from deploy.clouds import Finding, Logged, Parcels, Stage
    from deploy.lock import Held
    from deploy.rollout import Pointer, Reading
    from deploy.steps import Step, Thing

_NAMES = tuple(one.name for one in bundle.FUNCTIONS)


def connect(stage: Stage, parcels: Parcels) -> Huawei:
    """Return the project that the keys in the environment lead to. Raises DeployError."""
    return Huawei(Account(stage.name, stage.choices.deploy.region, stage.environment), stage, parcels)


class Huawei:
    """One stage in one project."""

    def __init__(self, account: Account, stage: Stage, parcels: Parcels) -> None:
        self.account = account
        self._stage = stage
        self._parcels = parcels
        self._storage = storage.Storage(account)
        self._gateway = gateway.Gateway(account, stage.choices.deploy.gateway)
        self._about: Mapping[str, Any] = {}
        # Changes to one API are made one at a time: APIG refuses two at once (APIG.3500).
        self._editing = threading.Lock()
        # As are those to the log group and the agency, which several things share.
        self._sharing = threading.Lock()

    def store(self) -> str | None:
        """Return the functions' STORE: a table named after the stage, in the owner's PostgreSQL.

        Its address holds a password, and so comes from the environment.
        """
        if self.account.database() is None:
            return None
        address = self._stage.environment["DATABASE_URL"]
        return f"{address}{'&' if '?' in address else '?'}table={self.account.names.word}"

    def read_lock(self) -> Held | None:
        """Return the deployer's lock."""
        return lock.read(self.account)

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write the deployer's lock; see deploy/lock.py."""
        return lock.write(self.account, body, mark)

    def drop_lock(self, mark: str) -> None:
        """Remove the deployer's lock."""
        lock.drop(self.account, mark)

    def observe(self) -> Seen:
        """Return what is there, secrets blanked."""
        account = self.account
        readings: tuple[Callable[[], Iterable[Thing]], ...] = (
            self._observe_roles,
            self._observe_gateway,
            self._observe_bucket,
        )
        kept = logs.observe(account, _NAMES)
        streams = {key(log): stream for log, stream in kept.items()}
        with ThreadPoolExecutor(len(readings) + len(_NAMES)) as pool:
            functions = pool.map(lambda name: compute.observe_function(account, name, streams.get(f"log {name}", "")), _NAMES)
            things = [*kept, *(thing for read in pool.map(lambda reading: list(reading()), readings) for thing in read)]
        outputs = self._bucket_outputs() | self._api_outputs()
        for name, (release, found) in zip(_NAMES, functions, strict=True):
            things += found
            outputs[f"function {name}", "release"] = release
        if any(isinstance(thing, Function) and thing.name == "admin" for thing in things) and self._is_ready():
            things.append(Records())
        return Seen({key(thing): thing for thing in things}, outputs)

    def _observe_roles(self) -> Iterator[Thing]:
        """Yield the roles, also those of a network that the owner has written out of his file since."""
        try:
            yield from compute.observe_roles(self.account, KEEPERS)
        except DeployError as error:
            # Who never wanted a network needs no right to look.
            if self._stage.choices.deploy.vpc or status(error) != 403:
                raise

    def _observe_gateway(self) -> Iterator[Thing]:
        self._gateway, self._about = gateway.find(self.account, self._gateway.instance)
        if self._gateway.group:
            yield from gateway.observe(self._gateway, self._about)

    def _observe_bucket(self) -> Iterator[Thing]:
        things = {key(thing): thing for thing in storage.observe(self._storage)}
        bucket, hook = things.pop(key(Bucket(None)), None), lock.there(self.account)
        if bucket or hook:
            # One of them alone is what a deployer left that died between the two.
            yield bucket if bucket and hook else Bucket(None)
        yield from things.values()

    def do(self, step: Step) -> Mapping[str, str]:
        """Do one step; see deploy/clouds/__init__.py."""
        if isinstance(step, Delete):
            self._remove(step.thing)
            return {}
        if isinstance(step.thing, API_PARTS):
            with self._editing:
                self._put_part(step.thing)
            return {}
        return {field: value for (_, field), value in self._put(step.thing).items()}

    def pointer(self, function: str) -> Pointer | None:
        """Return a function's alias, or None."""
        return versions.pointer(self.account, function)

    def point(self, function: str, to: Pointer) -> None:
        """Move a function's alias."""
        versions.point(self.account, function, to)

    def publish(self, function: str) -> str:
        """Publish the function as it is and return the version."""
        return versions.publish(self.account, function)

    def published(self, function: str) -> Mapping[str, str]:
        """Return the published versions, each with its release."""
        return versions.published(self.account, function)

    def unpublish(self, function: str, version: str) -> None:
        """Delete a version."""
        versions.unpublish(self.account, function, version)

    def call(self, function: str, version: str, request: Request | str | Mapping[str, object]) -> Called:
        """Call one version as the gateway would."""
        if isinstance(request, str):
            return versions.verdict(versions.call(self.account, function, version, versions.authorizer_event(request)))
        event = versions.http_event(request) if isinstance(request, Request) else request
        return versions.call(self.account, function, version, event)

    def reading(self, function: str, version: str, release: str, since: float) -> Reading:
        """Return what the cloud saw of one version's calls."""
        return versions.reading(self.account, function, version, release, since)

    def show_page(self, release: str) -> None:
        """Let the page's pointer lead to a release."""
        storage.show_page(self._storage, release)

    def logs(self, since: float) -> Iterator[Logged]:
        """Yield what functions wrote since a moment."""
        return logs.logs(self.account, _NAMES, since)

    def findings(self) -> Iterator[Finding]:
        """Yield what stands in the way of a deployment."""
        self.account.hurry()
        return health.findings(self.account, self._stage.choices, self._storage)

    def _put(self, thing: Thing) -> Mapping[tuple[str, str], str]:  # noqa: C901, PLR0912 - one line per noun, and the type checker counts them
        match thing:
            case Bucket():
                storage.put_bucket(self._storage, self.account.names.region)
                lock.put(self.account)
                return self._bucket_outputs()
            case Log():
                with self._sharing:
                    logs.put_log(self.account, thing)
            case Role():
                with self._sharing:
                    compute.put_role(self.account)
            case Api():
                self._gateway, self._about = gateway.put_api(self._gateway, thing)
                return self._api_outputs()
            case Domain():
                storage.put_domain(self._storage, thing)
                return self._bucket_outputs()
            case Readers():
                storage.put_readers(self._storage)
            case Function():
                log = logs.configuration(self.account, thing.name)
                return {(key(thing), "release"): compute.put_function(self.account, thing, self._parcels, log)}
            case Live():
                versions.put_live(self.account, thing.function)
            case Records():
                self._records("records.prepare")
            case Release():
                gateway.put_release(self._gateway, thing)
            case SiteFile():
                storage.put_file(self._storage, thing, self._parcels.file(thing.path))
            case Index():
                storage.put_file(self._storage, thing, self._parcels.file("index.html"))
            case Authorizer() | Route() | Preflight() | Answer():
                raise AssertionError("parts of the API are put one at a time")
            case Cdn() | Grant():
                raise AssertionError("there is no such thing on Huawei Cloud")
            case _:
                assert_never(thing)
        return {}

    def _put_part(self, thing: Authorizer | Route | Preflight | Answer) -> None:
        match thing:
            case Authorizer():
                gateway.put_authorizer(self._gateway, thing)
            case Route():
                gateway.put_route(self._gateway, thing)
            case Preflight():
                gateway.put_preflight(self._gateway, thing)
            case Answer():
                gateway.put_answer(self._gateway, thing)
            case _:
                assert_never(thing)

    def _remove(self, thing: Thing) -> None:  # noqa: C901, PLR0912 - as _put
        match thing:
            case Bucket():
                storage.delete_bucket(self._storage)
                lock.delete(self.account)
            case Log():
                with self._sharing:
                    logs.delete_log(self.account, thing)
            case Role():
                with self._sharing:
                    compute.delete_role(self.account)
            case Api():
                gateway.delete_api(self._gateway)
            case Domain():
                storage.delete_domain(self._storage, thing.name)
            case Readers():
                storage.delete_readers(self._storage)
            case Function():
                compute.delete_function(self.account, thing)
            case Live():
                versions.delete_live(self.account, thing.function)
            case Records():
                self._records("records.delete")
            case Route():
                gateway.delete_address(self._gateway, thing.method, thing.path)
            case Preflight():
                gateway.delete_address(self._gateway, "OPTIONS", thing.path)
            case Answer():
                gateway.delete_answer(self._gateway, thing)
            case Authorizer():
                gateway.delete_authorizer(self._gateway)
            case Release():
                gateway.delete_release(self._gateway)
            case SiteFile() | Index():
                storage.delete_file(self._storage, thing)
            case Cdn() | Grant():
                raise AssertionError("there is no such thing on Huawei Cloud")
            case _:
                assert_never(thing)

    def _is_ready(self) -> bool:
        """Say whether the records' table is there, as the admin function sees it: a laptop cannot reach a database inside a network."""
        answer = self._asked("records.state")
        return answer is not None and bool(answer["body"].get("ready"))

    def _records(self, command: str) -> None:
        answer = self._asked(command)
        if answer is None or answer["status"] != 200:
            said = answer["body"].get("error", {}).get("message", "") if answer else "the admin function does not start with it."
            raise DeployError(
                f"The database does not do as it should: {said} Check DATABASE_URL, and that functions can reach it, then `apply` again."
            )

    def _asked(self, command: str) -> Mapping[str, Any] | None:
        """Return what the newest admin function answers, None if it fails: who has just corrected the database's address is not live yet."""
        called = versions.call(self.account, "admin", "latest", {"command": command, "arguments": {}})
        if called.error:
            return None
        answer: Mapping[str, Any] = json.loads(called.body)
        return answer

    def _bucket_outputs(self) -> dict[tuple[str, str], str]:
        domain = self._stage.choices.site.domain
        host = storage.website(self.account)
        named = {("bucket", "host"): host} if domain else {}
        return {("bucket", "origin"): self._served(domain or host), **named}

    def _api_outputs(self) -> dict[tuple[str, str], str]:
        if not self._gateway.group or not self._about:
            return {}
        served = emulated(self._stage.environment, "API")
        origin = f"{served}/{self._gateway.group}" if served else gateway.origin(self._about)
        # What the domain's own DNS record must name; nobody else can write that.
        named = {("api", "host"): str(self._about["sl_domain"])} if self._about.get("url_domains") else {}
        return {("api", "id"): self._gateway.group, ("api", "origin"): origin, **named}

    def _served(self, host: str) -> str:
        """Return where the page is served: at its address, or at the port where an emulator serves it, under the same name."""
        served = emulated(self._stage.environment, "PAGE")
        return f"http://{host}:{urlsplit(served).port}" if served else f"https://{host}"
