"""AWS as a place to deploy to: Lambda, API Gateway, DynamoDB, S3, CloudFront (aws.md).

This file knows which of the files beside it knows which thing; nothing of AWS is known outside this folder. To add a thing, add its case to
`Aws.do` and its removal to `Aws._remove`, and its reading to `Aws.observe`.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, assert_never

from deploy import bundle, own_models, streaming
from deploy.clouds import Called, DeployError, Request, emulated
from deploy.clouds.aws import cdn, compute, gateway, health, storage, versions
from deploy.clouds.aws.account import Account, lost
from deploy.clouds.aws.prices import PRICES_OF as PRICES_OF
from deploy.clouds.aws.prices import estimate as estimate
from deploy.package import Target as Packaging
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
from deploy.wanted import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from deploy.clouds import Finding, Logged, Parcels, Stage
    from deploy.lock import Held
    from deploy.owner import Owner
    from deploy.rollout import Pointer, Reading
    from deploy.steps import Step, Thing

#: aws.md, 1.5: supported until 2029.
PYTHON = "3.13"
_NAMES = tuple(one.name for one in bundle.FUNCTIONS)


def check(choices: Owner) -> None:
    """Raise DeployError for what the owner chose and AWS cannot serve."""
    cdn.check(choices.site)


def notes(choices: Owner) -> Iterator[str]:
    """Yield what an owner should hear of a stage that is as he chose."""
    if choices.site.hosting == "website":
        yield health.PLAIN


def packaging(choices: Owner) -> Packaging:
    """Return what zips are for."""
    return Packaging("aws", PYTHON, "arm64" if choices.deploy.processor == "arm64" else "x86_64")


def parts(choices: Owner) -> Parts:
    """Return what a stage consists of: all that there is, but for the CDN where its owner wants none."""
    return Parts(f"python{PYTHON}/{choices.deploy.processor}", _NAMES, cdn=choices.site.hosting == "cdn")


def beside(function: bundle.Function, choices: Owner) -> Mapping[str, bytes]:  # noqa: ARG001 - on AWS it always streams
    """Return what a zip holds on AWS beside the function: the loop that streams, where one of its addresses does."""
    return streaming.files("aws") if any(route.streams for route in bundle.ROUTES if route.function == function.name) else {}


def connect(stage: Stage, parcels: Parcels) -> Aws:
    """Return the account that boto3's credentials lead to. Raises DeployError."""
    return Aws(Account(stage.name, stage.choices.deploy.region), stage, parcels)


class Aws:
    """One stage in one account and region."""

    def __init__(self, account: Account, stage: Stage, parcels: Parcels) -> None:
        self.account = account
        self._stage = stage
        self._parcels = parcels
        self._api = ""
        # Changes to one API are made one at a time: two addresses may share a resource, and AWS refuses haste.
        self._editing = threading.Lock()

    def store(self) -> str:
        """Return the functions' STORE: the table's address, with the endpoint where there is another than AWS's own."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL") or ""
        return f"dynamodb://{self.account.names.all}?region={self.account.names.region}" + (f"&endpoint={endpoint}" if endpoint else "")

    def read_lock(self) -> Held | None:
        """Return the deployer's lock."""
        return storage.read_lock(self.account)

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write the deployer's lock; see deploy/lock.py."""
        return storage.write_lock(self.account, body, mark)

    def drop_lock(self, mark: str) -> None:
        """Remove the deployer's lock."""
        storage.drop_lock(self.account, mark)

    def observe(self) -> Seen:
        """Return what is there, secrets blanked."""
        account = self.account
        self._api = gateway.find_api(account)
        api = self._api
        readings: tuple[Callable[[], Iterable[Thing]], ...] = (
            lambda: compute.observe_logs(account, _NAMES),
            lambda: compute.observe_roles(account, _NAMES, own_models.own(self._stage.choices.models)),
            lambda: gateway.observe(account, api) if api else (),
            lambda: storage.observe_bucket(account),
            lambda: storage.observe_records(account),
        )
        with ThreadPoolExecutor(len(readings) + len(_NAMES)) as pool:
            functions = pool.map(lambda name: compute.observe_function(account, name, self._stage.mark, api), _NAMES)
            things = [thing for read in pool.map(lambda reading: list(reading()), readings) for thing in read]
        outputs = self._bucket_outputs() | self._api_outputs()
        for name, (release, found) in zip(_NAMES, functions, strict=True):
            things += found
            outputs[f"function {name}", "release"] = release
        if api:
            things.append(Api())
        distribution = cdn.find(account)
        things += cdn.observe(account, distribution)
        if distribution is not None:
            outputs |= self._cdn_outputs(distribution)
        return Seen({key(thing): thing for thing in things}, outputs)

    def do(self, step: Step) -> Mapping[str, str]:
        """Do one step; see deploy/clouds/__init__.py."""
        try:
            return self._do(step)
        except DeployError as error:
            if not lost(error):
                raise
            # Done again, it finds what the try whose answer was lost has made.
            return self._do(step)

    def _do(self, step: Step) -> Mapping[str, str]:
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
        """Move a function's alias, in one call."""
        versions.point(self.account, function, to)

    def publish(self, function: str) -> str:
        """Publish the function as it is and return the version."""
        return compute.publish(self.account, function)

    def published(self, function: str) -> Mapping[str, str]:
        """Return the published versions, each with its release."""
        return versions.published(self.account, function)

    def unpublish(self, function: str, version: str) -> None:
        """Delete a version."""
        versions.unpublish(self.account, function, version)

    def call(self, function: str, version: str, request: Request | str | Mapping[str, object]) -> Called:
        """Call one version as the gateway would."""
        if isinstance(request, str):
            event: object = versions.authorizer_event(self.account, self._api, request)
        else:
            event = versions.http_event(*request) if isinstance(request, Request) else request
        return versions.call(self.account, function, version, event)

    def reading(self, function: str, version: str, release: str, since: float) -> Reading:
        """Return what the cloud saw of one version's calls."""
        return versions.reading(self.account, function, version, release, since)

    def show_page(self, release: str) -> None:
        """Let the page's pointer lead to a release."""
        storage.show_page(self.account, release)

    def logs(self, since: float) -> Iterator[Logged]:
        """Yield what functions wrote since a moment."""
        return versions.logs(self.account, _NAMES, since)

    def findings(self) -> Iterator[Finding]:
        """Yield what stands in the way of a deployment."""
        return health.findings(self.account, self._stage.choices)

    def _put(self, thing: Thing) -> Mapping[tuple[str, str], str]:  # noqa: C901, PLR0912 - one line per noun, and the type checker counts them
        account = self.account
        match thing:
            case Bucket():
                storage.put_bucket(account, thing)
                return self._bucket_outputs()
            case Records():
                storage.put_records(account)
            case Log():
                compute.put_log(account, thing)
            case Role():
                compute.put_role(account, thing)
            case Api():
                self._api = gateway.put_api(account)
                return self._api_outputs()
            case Cdn():
                return self._cdn_outputs(cdn.put(account, thing))
            case Readers():
                storage.put_readers(account, thing)
            case Function():
                return {(key(thing), "release"): compute.put_function(account, thing, self._parcels)}
            case Live():
                compute.put_live(account, thing)
            case Grant():
                compute.put_grant(account, thing, self._api)
            case Release():
                gateway.put_release(account, self._api, thing)
            case SiteFile():
                storage.put_file(account, thing, self._parcels.file(thing.path))
            case Index():
                storage.put_file(account, thing, self._parcels.file("index.html"))
            case Authorizer() | Route() | Preflight() | Answer():
                raise AssertionError("parts of the API are put one at a time")
            case Domain():
                raise AssertionError("the CDN has the domain")
            case _:
                assert_never(thing)
        return {}

    def _put_part(self, thing: Authorizer | Route | Preflight | Answer) -> None:
        match thing:
            case Authorizer():
                gateway.put_authorizer(self.account, self._api, thing)
            case Route():
                gateway.put_route(self.account, self._api, thing)
            case Preflight():
                gateway.put_preflight(self.account, self._api, thing)
            case Answer():
                gateway.put_answer(self.account, self._api, thing)
            case _:
                assert_never(thing)

    def _remove(self, thing: Thing) -> None:  # noqa: C901, PLR0912 - as _put
        account = self.account
        match thing:
            case Bucket():
                storage.delete_bucket(account)
            case Records():
                storage.delete_records(account)
            case Log():
                compute.delete_log(account, thing)
            case Role():
                compute.delete_role(account, thing)
            case Api():
                gateway.delete_api(account, self._api)
            case Cdn():
                cdn.delete(account)
            case Readers():
                storage.delete_readers(account)
            case Function():
                compute.delete_function(account, thing)
            case Grant():
                compute.delete_grant(account, thing)
            case Live():
                compute.delete_live(account, thing)
            case Route():
                gateway.delete_method(account, self._api, thing.path, thing.method)
            case Preflight():
                gateway.delete_method(account, self._api, thing.path, "OPTIONS")
            case Answer():
                gateway.delete_answer(account, self._api, thing)
            case Authorizer():
                gateway.delete_authorizer(account, self._api)
            case Release():
                gateway.delete_release(account, self._api)
            case SiteFile() | Index():
                storage.delete_file(account, thing)
            case Domain():
                raise AssertionError("the CDN has the domain")
            case _:
                assert_never(thing)

    def _bucket_outputs(self) -> dict[tuple[str, str], str]:
        return {("bucket", "origin"): _served(storage.website(self.account))}

    def _api_outputs(self) -> dict[tuple[str, str], str]:
        names = self.account.names
        suffix = "amazonaws.com.cn" if names.region.startswith("cn-") else "amazonaws.com"
        served = emulated(os.environ, "API")
        origin = f"{served}/{self._api}" if served else f"https://{self._api}.execute-api.{names.region}.{suffix}"
        return {("api", "id"): self._api, ("api", "origin"): f"{origin}/{gateway.STAGE}"} if self._api else {}

    def _cdn_outputs(self, distribution: Mapping[str, str]) -> dict[tuple[str, str], str]:
        domain, host = self._stage.choices.site.domain, distribution["DomainName"]
        # What the domain's own DNS record must name; nobody else can write that.
        named = {("cdn", "host"): host} if domain else {}
        return {("cdn", "id"): distribution["Id"], ("cdn", "origin"): _served(f"https://{domain or host}"), **named}


def _served(origin: str) -> str:
    """Return where the page is served: at its address, or where an emulator says that it serves it."""
    return emulated(os.environ, "PAGE") or origin
