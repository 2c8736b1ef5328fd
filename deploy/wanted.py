"""What a stage should be, as things: from the bundle, the owner's choices and what is already known of the cloud. Pure.

This file knows which thing needs which; it must know no cloud but by its name. What is known only after something else exists stands as a `Ref`,
and whoever applies asks again once it is known. To add a thing, add its line to `wanted`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from deploy import bundle, own_models, site
from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.package import Release as Sealed
from deploy.package import identity
from deploy.steps import (
    Answer,
    Api,
    Authorizer,
    Bucket,
    Cdn,
    Domain,
    Function,
    Grant,
    Index,
    Live,
    Log,
    Preflight,
    Readers,
    Records,
    Ref,
    Release,
    Role,
    Route,
    SiteFile,
    key,
    refs,
)
from functions.shared import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from deploy.gateway_responses import Cloud
    from deploy.owner import Owner
    from deploy.package import Code
    from deploy.steps import Pairs, Seen, Text, Thing

#: Seconds that the gateway may remember an authorizer's answer: as long as a token that was taken back still passes.
REMEMBERED = 60
_SECRET = {row.name for row in settings.TABLE if row.secret}


class Parts(NamedTuple):
    """What a stage consists of, where clouds differ.

    `cdn`: a CDN serves the page, rather than the bucket by itself. `grants`: the gateway needs one for each function that it calls. `access_log`:
    the gateway writes one of its own. `own_preflights`: the answer to a preflight has the headers that we say, rather than the cloud's. `streams`:
    answers may be forwarded chunk by chunk. `longest`: seconds that a function behind the gateway may run. `own_records`: the cloud
    keeps them, rather than a database that only the functions reach. `roles`: functions that may do something in the account, by name; `apart`:
    a function's secrets have a place of their own, beside its settings; `network`: the owner's own, which functions that need the records join, and
    `api_domain`: his name for the API, "" for none.
    """

    platform: str
    roles: tuple[str, ...]
    cdn: bool = True
    grants: bool = True
    access_log: bool = True
    own_preflights: bool = True
    streams: bool = True
    longest: int = 900
    own_records: bool = True
    apart: bool = False
    network: str = ""
    api_domain: str = ""


class Wish(NamedTuple):
    """What one stage is made from. `plain` are settings that hold no secret; `mark` gives a secret's mark by its name, None if it is not known
    here; `dist` is the built page.
    """

    cloud: Cloud
    parts: Parts
    version: str
    choices: Owner
    codes: Mapping[str, Code]
    plain: Mapping[str, str]
    mark: Callable[[str], str | None]
    dist: Path


def wanted(wish: Wish, seen: Seen) -> tuple[Thing, ...]:
    """Return every thing of the stage, as far as it is known. Raises SiteError."""
    return (*_grounds(wish, seen), *_functions(wish, seen), *_api(wish, seen), *_site(wish, seen))


def page(wish: Wish, seen: Seen) -> tuple[site.SiteFile, ...]:
    """Return the page's files as they are published, or none while the API's address is not known. Raises SiteError."""
    api = seen.output("api", "origin")
    return () if isinstance(api, Ref) else site.render(wish.dist, api, wish.choices.site.name)


def release(function: Function, codes: Mapping[str, Code]) -> Text:
    """Return the identity of a function's zip, which its answers carry, as far as all its settings are known."""
    unknown = next(refs(function), None)
    return unknown or identity(codes[function.name], sealed(function))


def sealed(function: Function) -> Sealed:
    """Return what a function's release.json says. Secrets are in the fingerprint by their marks, which are made under the stage's own key."""
    parts = json.dumps([function.settings, function.secrets], separators=(",", ":"), default=str)
    return Sealed(function.version, hashlib.sha256(parts.encode()).hexdigest()[:32])


def _grounds(wish: Wish, seen: Seen) -> Iterator[Thing]:
    chosen = wish.choices.site
    yield Bucket(public=not wish.parts.cdn)
    yield Records()
    for one in bundle.FUNCTIONS:
        yield Log(one.name, wish.choices.deploy.log_days)
        if one.name in wish.parts.roles:
            asked = own_models.own(wish.choices.models) if "MODELS" in one.needs else ()
            yield Role(one.name, records=one.keeps(wish.choices.deploy.breaker), models=asked)
    if wish.parts.access_log:
        yield Log("gateway", wish.choices.deploy.log_days)
    yield Api(wish.parts.api_domain)
    if wish.parts.cdn:
        yield Cdn(chosen.domain, chosen.certificate, tuple(sorted(site.HEADERS.items())))
    elif chosen.domain:
        yield Domain(chosen.domain)
    yield Readers(seen.output("cdn", "id") if wish.parts.cdn else "")


def _origin(wish: Wish, seen: Seen) -> Text:
    """Return the page's origin, the only one that browsers may call from."""
    return seen.output("cdn" if wish.parts.cdn else "bucket", "origin")


def _functions(wish: Wish, seen: Seen) -> Iterator[Thing]:
    for one in bundle.FUNCTIONS:
        function = _function(one, wish, seen)
        yield function
        # What is there already keeps the name it has: another machine may have marked the same secrets under another key.
        same = seen.things.get(key(function)) == function
        yield Live(one.name, seen.output(key(function), "release") if same else release(function, wish.codes))


def _function(one: bundle.Function, wish: Wish, seen: Seen) -> Function:
    plain: dict[str, Text] = {**wish.plain, "SITE_ORIGIN": _origin(wish, seen)}
    there = seen.things.get(f"function {one.name}")
    kept = dict(there.secrets) if isinstance(there, Function) else {}
    # A secret that this machine does not know stays as it is in the cloud, so the mark that is wanted is the one that is seen.
    secret = [name for name in one.given(wish.choices.deploy.breaker) if name in _SECRET]
    marks = {name: wish.mark(name) or kept.get(name) for name in secret}
    return Function(
        name=one.name,
        platform=wish.parts.platform,
        code=wish.codes[one.name].digest,
        version=wish.version,
        settings=tuple(sorted((name, value) for name, value in plain.items() if name in one.needs)),
        secrets=tuple(sorted((name, mark) for name, mark in marks.items() if mark is not None)),
        seconds=min(one.seconds, wish.parts.longest) if one.kind == "gateway" else one.seconds,
        memory=one.memory,
        streams=wish.parts.streams and any(route.streams for route in bundle.ROUTES if route.function == one.name),
        network=wish.parts.network if "STORE" in one.needs else "",
    )


def _api(wish: Wish, seen: Seen) -> tuple[Thing, ...]:
    reached = sorted({route.function for route in bundle.ROUTES})
    guard = next(one.name for one in bundle.FUNCTIONS if one.kind == "authorizer")
    parts = (
        Authorizer(guard, REMEMBERED),
        *(Route(*route._replace(streams=route.streams and wish.parts.streams)) for route in bundle.ROUTES),
        *_preflights(_origin(wish, seen), own=wish.parts.own_preflights),
        *_answers(wish.cloud, _origin(wish, seen)),
    )
    grants = [Grant(name) for name in (*reached, guard)] if wish.parts.grants else []
    return (*grants, *parts, Release(_digest(parts), wish.choices.deploy.rate, wish.choices.deploy.burst))


def _preflights(origin: Text, *, own: bool) -> Iterator[Thing]:
    paths = dict.fromkeys(route.path for route in bundle.ROUTES)
    for path in paths:
        methods = ", ".join([*(route.method for route in bundle.ROUTES if route.path == path), "OPTIONS"])
        yield Preflight(path, _headers(preflight_headers(str(origin), methods), origin) if own else ())


def _answers(cloud: Cloud, origin: Text) -> Iterator[Thing]:
    for one in gateway_responses(cloud, str(origin)):
        yield Answer(one.type, one.status, _headers(one.headers, origin), one.body)


def _headers(headers: Mapping[str, str], origin: Text) -> Pairs:
    """Return headers as sorted pairs; where the origin stands, it stands as it is known."""
    return tuple(sorted((name, origin if value == str(origin) else value) for name, value in headers.items()))


def _digest(parts: Sequence[Thing]) -> Text:
    unknown = next((ref for part in parts for ref in refs(part)), None)
    return unknown or hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _site(wish: Wish, seen: Seen) -> Iterator[Thing]:
    files = page(wish, seen)
    if not files:
        unknown = Ref("api", "origin")
        yield Index(unknown, unknown)
        return
    for file in files[:-1]:
        yield SiteFile(file.path, _md5(file.body), file.type, file.cache)
    yield Index(_md5(files[-1].body), files[0].path.split("/")[1])


def _md5(body: bytes) -> str:
    # Both clouds' object stores give a small object's MD5 as its ETag: so what is there is compared without being read.
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
