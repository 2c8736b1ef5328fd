"""The owner's one file, twocan.toml: read and checked into an immutable value, or an error that names all that is wrong.

`twocan.example.toml` documents it, and a test reads it as the schema. This file knows the form; it must know no cloud. To add a member, add
it here and, with its comment, there; a limit is a row of the settings' table and needs only its line there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import tomllib

from functions.shared import settings
from functions.shared.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The settings that are limits, by the name they have in the file: every whole number in the settings' table.
LIMITS = {row.name.lower(): row.name for row in settings.TABLE if row.least is not None}


class OwnerError(Exception):
    """twocan.toml is wrong; the message names every place."""


class Owner(NamedTuple):
    """What the owner chose. `limits` are settings by name, as text; `models` are rows as the settings' MODELS has them."""

    name: str = "Twocan"
    limits: Mapping[str, str] = {}
    models: tuple[Mapping[str, str], ...] = ()


def read(path: Path) -> Owner:
    """Return the owner's choices; an absent file means all defaults. Raises OwnerError."""
    if not path.exists():
        return Owner()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OwnerError(f"{path.name} cannot be read: {error}") from error
    wrong = [f"unknown section [{name}]" for name in sorted(set(document) - {"site", "limits", "models"})]
    name, site_wrong = _site(document.get("site", {}))
    limits, limits_wrong = _limits(document.get("limits", {}))
    models, models_wrong = _models(document.get("models", []))
    if wrong := [*wrong, *site_wrong, *limits_wrong, *models_wrong]:
        raise OwnerError(f"{path.name} needs mending: " + "; ".join(wrong))
    return Owner(name, limits, models)


def keys(models: tuple[Mapping[str, str], ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that the models name, from the environment. Raises OwnerError, naming all that are absent."""
    wanted = sorted({row["key"] for row in models if row.get("key")})
    if absent := [name for name in wanted if not environment.get(name)]:
        raise OwnerError(f"Set in the environment, since models in twocan.toml name them: {', '.join(absent)}")
    return {name: environment[name] for name in wanted}


def model_settings(models: tuple[Mapping[str, str], ...], secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the two settings that make the chat function's table of models."""
    return {"MODELS": json.dumps(models), "MODEL_KEYS": json.dumps(secrets)}


def _site(section: Any) -> tuple[str, list[str]]:
    if not isinstance(section, dict) or set(section) - {"name"}:
        return "", ["[site] may hold `name` only"]
    name = section.get("name", Owner().name)
    if not isinstance(name, str) or not 1 <= len(name) <= 60:
        return "", ["[site] name must be a text of 1 to 60 characters"]
    return name, []


def _limits(section: Any) -> tuple[dict[str, str], list[str]]:
    if not isinstance(section, dict):
        return {}, ["[limits] must be a section"]
    wrong = [f"[limits] has an unknown {name}" for name in sorted(set(section) - set(LIMITS))]
    wrong += [f"[limits] {name} must be a whole number" for name, value in section.items() if type(value) is not int]
    given = {LIMITS[name]: str(value) for name, value in section.items() if name in LIMITS and type(value) is int}
    try:
        settings.read(tuple(given), given.get)
    except SettingsError as error:
        wrong.append(error.message)
    return given, wrong


def _models(rows: Any) -> tuple[tuple[Mapping[str, str], ...], list[str]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return (), ["models must be [[models]] blocks"]
    # What a row must hold is the chat function's to say: it is asked with a stand-in for every key, which is not known here.
    from functions.chat import models

    secrets = {str(row["key"]): "given" for row in rows if "key" in row}
    try:
        models.table(json.dumps(rows, default=lambda _: None), json.dumps(secrets))
    except SettingsError as error:
        return (), [error.message]
    return tuple(rows), []
