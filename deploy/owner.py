"""The owner's one file, twocan.toml: read and checked into an immutable value, or an error that names all that is wrong.

`twocan.example.toml` documents it, and a test reads it as the schema. This file knows the form; it must know no cloud. To add a member, add
it to its class and to `_SECTIONS` and, with its comment, there; a limit is a row of the settings' table and needs only its line there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import tomllib

from functions.shared import settings
from functions.shared.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: The settings that are limits, by the name they have in the file: every whole number in the settings' table.
LIMITS = {row.name.lower(): row.name for row in settings.TABLE if row.least is not None}


#: What CloudWatch takes as retention, which is a list; LTS takes any number of days to 365.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365)

#: What a stage may be called: it becomes part of a bucket's name, and of a path.
STAGE = r"[a-z][a-z0-9-]{0,19}"
REGION = r"[a-z]{2}(-[a-z0-9]+)+"
_HOST = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}|"
#: Huawei Cloud's ids: 32 hexadecimal digits, some with hyphens in between.
_ID = r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
#: What else there is besides the sections.
_OTHERS = ("limits", "models", "routes")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


Rows = tuple[Mapping[str, Any], ...]


class OwnerError(Exception):
    """twocan.toml is wrong; the message names every place."""


class Site(NamedTuple):
    """The page: what it calls itself, and how the cloud serves it. `certificate` is the cloud's name of the one for `domain`."""

    name: str = "Twocan"
    hosting: str = "cdn"
    domain: str = ""
    certificate: str = ""


class Place(NamedTuple):
    """Where it is deployed, as what, and within which bounds: `rate` and `burst` are requests a second, `log_days` how long logs are kept.

    The members from `gateway` on are Huawei Cloud's: ids of what its owner has there already, and whether the chat function streams.
    """

    cloud: str = ""
    region: str = ""
    stage: str = "prod"
    processor: str = "arm64"
    log_days: int = 30
    rate: int = 50
    burst: int = 100
    breaker: str = "instance"
    gateway: str = ""
    api_domain: str = ""
    vpc: str = ""
    subnet: str = ""
    security_groups: tuple[str, ...] = ()
    streams: bool = False


class Rollout(NamedTuple):
    """How a new version takes over, and when it is taken back.

    `steps` are percentages of traffic, the last one 100; `probes` is the least number of readings a step needs, `hold_seconds` the longest
    that it waits for them; `most_errors` is a share in percent, `slowdown` how many times slower than the old version the new one may be.
    """

    steps: tuple[int, ...] = (5, 25, 100)
    probes: int = 20
    hold_seconds: int = 120
    most_errors: int = 2
    slowdown: int = 2


class Owner(NamedTuple):
    """What the owner chose. `limits` are settings by name, as text; `models` and `routes` are rows as the settings MODELS and ROUTES have them."""

    site: Site = Site()
    limits: Mapping[str, str] = {}
    models: tuple[Mapping[str, Any], ...] = ()
    deploy: Place = Place()
    rollout: Rollout = Rollout()
    routes: tuple[Mapping[str, Any], ...] = ()


class _Member(NamedTuple):
    """What a member of a section must be, in words and as a check of the parsed value."""

    must: str
    fits: Callable[[Any], bool]


def _text(pattern: str, must: str) -> _Member:
    return _Member(must, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None)


def _whole(least: int, most: int) -> _Member:
    return _Member(f"a whole number from {least} to {most}", lambda value: type(value) is int and least <= value <= most)


def _one_of(*words: str) -> _Member:
    return _Member(f"one of: {', '.join(words)}", lambda value: value in words)


def _rises(steps: Any) -> bool:
    whole = isinstance(steps, list) and all(type(one) is int and 1 <= one <= 100 for one in steps)
    return whole and steps[-1:] == [100] and steps == sorted(set(steps))


def _are_ids(groups: Any) -> bool:
    return isinstance(groups, list) and all(isinstance(one, str) and re.fullmatch(_ID, one) and one for one in groups)


_SECTIONS: Mapping[str, tuple[type, Mapping[str, _Member]]] = {
    "site": (
        Site,
        {
            "name": _text(r"(?s).{1,60}", "a text of 1 to 60 characters"),
            "hosting": _one_of("cdn", "website"),
            "domain": _text(_HOST, "a host name such as chat.example.com"),
            "certificate": _text(r"[\x21-\x7e]{0,200}", "the cloud's name of the certificate"),
        },
    ),
    "deploy": (
        Place,
        {
            "cloud": _one_of("aws", "huawei"),
            "region": _text(REGION, "a region such as eu-central-1"),
            "stage": _text(STAGE, "1 to 20 small letters, digits and hyphens that begin with a letter"),
            "processor": _one_of("arm64", "x86_64"),
            "log_days": _Member(f"one of: {', '.join(map(str, LOG_DAYS))}", lambda value: type(value) is int and value in LOG_DAYS),
            "rate": _whole(1, 10_000),
            "burst": _whole(1, 10_000),
            "breaker": _one_of("instance", "shared"),
            "gateway": _text(_ID, "the id of an APIG gateway, 32 hexadecimal digits"),
            "api_domain": _text(_HOST, "a host name such as api.example.com"),
            "vpc": _text(_ID, "the id of a VPC"),
            "subnet": _text(_ID, "the id of a subnet"),
            "security_groups": _Member("a list of security groups' ids", _are_ids),
            "streams": _Member("true or false", lambda value: isinstance(value, bool)),
        },
    ),
    "rollout": (
        Rollout,
        {
            "steps": _Member("percentages that rise to 100, such as [5, 25, 100]", _rises),
            "probes": _whole(1, 1000),
            "hold_seconds": _whole(1, 3600),
            "most_errors": _whole(0, 100),
            "slowdown": _whole(1, 100),
        },
    ),
}


def read(path: Path) -> Owner:
    """Return the owner's choices; an absent file means all defaults. Raises OwnerError."""
    if not path.exists():
        return Owner()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OwnerError(f"{path.name} cannot be read: {error}") from error
    wrong = [f"unknown section [{name}]; there are {', '.join([*_SECTIONS, *_OTHERS])}" for name in sorted(set(document) - {*_SECTIONS, *_OTHERS})]
    sections = {name: _section(name, document.get(name, {}), wrong) for name in _SECTIONS}
    limits, limits_wrong = _limits(document.get("limits", {}))
    models, routes, models_wrong = _models(document.get("models", []), document.get("routes", []))
    if wrong := [*wrong, *limits_wrong, *models_wrong]:
        raise OwnerError(f"{path.name} needs mending: " + "; ".join(wrong))
    return Owner(limits=limits, models=models, routes=routes, **sections)


def keys(models: tuple[Mapping[str, Any], ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that the models name, from the environment. Raises OwnerError, naming all that are absent."""
    wanted = sorted({row["key"] for row in models if row.get("key")})
    if absent := [name for name in wanted if not environment.get(name)]:
        raise OwnerError(f"Set in the environment, since models in twocan.toml name them: {', '.join(absent)}")
    return {name: environment[name] for name in wanted}


def model_settings(models: Rows, routes: Rows, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that make the chat function's tables of models and routes."""
    return {"MODELS": json.dumps(models), "ROUTES": json.dumps(routes), "MODEL_KEYS": json.dumps(secrets)}


def _section(name: str, given: Any, wrong: list[str]) -> Any:
    """Return the section as its class has it, and add to `wrong` what is."""
    kind, members = _SECTIONS[name]
    if not isinstance(given, dict):
        wrong.append(f"[{name}] must be a section")
        return kind()
    if strangers := sorted(set(given) - set(members)):
        wrong.append(f"[{name}] has an unknown {', '.join(strangers)}; it may hold {', '.join(members)}")
        return kind()
    wrong += [f"[{name}] {member} must be {members[member].must}" for member, value in given.items() if not members[member].fits(value)]
    return kind(**{member: tuple(value) if isinstance(value, list) else value for member, value in given.items()})


def _limits(section: Any) -> tuple[dict[str, str], list[str]]:
    if not isinstance(section, dict):
        return {}, ["[limits] must be a section"]
    wrong = [f"[limits] has an unknown {name}; it may hold {', '.join(LIMITS)}" for name in sorted(set(section) - set(LIMITS))]
    wrong += [f"[limits] {name} must be a whole number" for name, value in section.items() if type(value) is not int]
    given = {LIMITS[name]: str(value) for name, value in section.items() if name in LIMITS and type(value) is int}
    try:
        settings.read(tuple(given), given.get)
    except SettingsError as error:
        # The settings' names, as they are in this file.
        wrong.append("[limits] " + re.sub(r"[A-Z][A-Z_]+(?= must)", lambda name: name[0].lower(), error.message.removeprefix("Settings to mend: ")))
    return given, wrong


def _models(rows: Any, routes: Any) -> tuple[Rows, Rows, list[str]]:
    """Return the rows of models and of routes, and what is wrong with them."""
    for name, blocks in (("models", rows), ("routes", routes)):
        if not isinstance(blocks, list) or not all(isinstance(row, dict) for row in blocks):
            return (), (), [f"{name} must be [[{name}]] blocks"]
    # A date, which TOML has and JSON has not, as its text.
    rows, routes = json.loads(json.dumps([rows, routes], default=str))
    # What a row must hold is the chat function's to say: it is asked with a stand-in for every key, which is not known here.
    from functions.chat import models

    secrets = {str(row["key"]): "given" for row in rows if "key" in row}
    if any(not _VARIABLE.fullmatch(name) for name in secrets):
        # Not quoted: it may be the key itself.
        return (
            (),
            (),
            ["[[models]] key must be the NAME of an environment variable, such as OPENAI_API_KEY; the key itself never stands in this file"],
        )
    try:
        models.table(json.dumps(rows), json.dumps(secrets), json.dumps(routes))
    except SettingsError as error:
        said = error.message.replace("Settings to mend: ", "")
        for ours, theirs in (("MODELS row", "[[models]] block"), ("ROUTES row", "[[routes]] block"), ("MODELS has", "[[models]] has")):
            said = said.replace(ours, theirs)
        return (), (), [said]
    return tuple(rows), tuple(routes), []
