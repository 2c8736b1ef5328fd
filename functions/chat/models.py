"""The owner's table of models: from settings to targets, checked once at the start.

It knows the table's form (`twocan.example.toml` is its documentation); it must not know any vendor's wire.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.shared.errors import ModelNotFound, SettingsError
from functions.shared.providers import PROVIDERS, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEMBERS = {"name", "vendor", "base_url", "model", "key", "output_limit"}
_OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")


def table(models: str, keys: str) -> dict[str, Target]:
    """Return the targets by public name from MODELS and MODEL_KEYS. Raises SettingsError, naming all that is wrong and no key."""
    rows, secrets = _loaded(models, list), _loaded(keys, dict)
    wrong = [f"{name} must be a JSON {form}" for name, form, value in (("MODELS", "array", rows), ("MODEL_KEYS", "object", secrets)) if value is None]
    wrong = wrong or _faults(rows, secrets)
    if wrong:
        raise SettingsError("Settings to mend: " + "; ".join(wrong))
    return {row["name"]: _target(row, secrets) for row in rows}


def find(targets: Mapping[str, Target], name: str) -> Target:
    """Return the target of a public name. Raises ModelNotFound, which lists those that exist."""
    if name in targets:
        return targets[name]
    there = ", ".join(sorted(targets)) or "none: the owner has configured no model yet"
    raise ModelNotFound(f"There is no such model. Models here: {there}", param="model")


def _loaded(text: str, kind: type) -> Any:
    """Return the value of that kind in the JSON, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def _faults(rows: list[Any], secrets: Mapping[str, Any]) -> list[str]:
    wrong = [complaint for number, row in enumerate(rows, 1) for complaint in _complaints(number, row, secrets)]
    names = [row.get("name") for row in rows if isinstance(row, dict)]
    return wrong if len(set(map(str, names))) == len(names) else [*wrong, "MODELS names a model twice"]


def _complaints(number: int, row: Any, secrets: Mapping[str, Any]) -> list[str]:
    where = f"MODELS row {number}"
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        return [f"{where} must hold texts only"]
    wrong = [f"{where} has an unknown member {name!r}" for name in sorted(set(row) - _MEMBERS)]
    wrong += [f"{where} has no {name}" for name in ("name", "vendor", "base_url", "model") if not row.get(name)]
    if row.get("vendor") and row["vendor"] not in PROVIDERS:
        wrong.append(f"{where}: vendor must be one of {', '.join(PROVIDERS)}")
    if row.get("base_url") and not row["base_url"].startswith(("https://", "http://")):
        wrong.append(f"{where}: base_url must begin with https:// or http://")
    if "@" in row.get("base_url", "").partition("://")[2].partition("/")[0]:
        wrong.append(f"{where}: base_url must hold no user name and no password; what is secret goes into the key")
    if row.get("output_limit", "max_tokens") not in _OUTPUT_LIMITS:
        wrong.append(f"{where}: output_limit must be one of {', '.join(_OUTPUT_LIMITS)}")
    if not _printable(secrets.get(row.get("key", ""), "-") if row.get("key") else "-"):
        wrong.append(f"the key {row['key']} must be printable ASCII")
    if row.get("key") and row["key"] not in secrets:
        wrong.append(f"{where}: its key {row['key']} is not given")
    return wrong


def _printable(key: Any) -> bool:
    # It becomes a header's value, where a line break would begin another header.
    return isinstance(key, str) and key.isascii() and key.isprintable() and bool(key)


def _target(row: Mapping[str, str], secrets: Mapping[str, str]) -> Target:
    return Target(
        name=row["name"],
        vendor=row["vendor"],
        base_url=row["base_url"].rstrip("/"),
        model=row["model"],
        key=secrets[row["key"]] if row.get("key") else "",
        output_limit=row.get("output_limit", "max_tokens"),
    )
