"""The stage on this machine: its folder, its secrets, its settings, and its functions started as a cloud would start them.

Everything it keeps lies in `.local/` (mode 0700, git-ignored). It must know no gateway: `run.py` puts one in front.
"""

from __future__ import annotations

import json
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
#: Whoever runs it signs in by this name.
USERNAME = "owner"


class StageError(Exception):
    """What the stage keeps is not what it was; the message tells what to do."""


class Stage(NamedTuple):
    """One stage on this machine, by its folder."""

    folder: Path = ROOT / ".local"

    def make(self) -> None:
        """Make the folder, if it is absent, for its owner's eyes only."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def secret(self, name: str) -> str:
        """Return a generated secret that stays the same from run to run."""
        self.keep({name: generated()})
        return _read_private(self._secrets)[name]

    def keep(self, made: Mapping[str, str]) -> None:
        """Write down secrets that were generated, but never over those that are there."""
        known = _read_private(self._secrets)
        if made.keys() - known.keys():
            self.make()
            write_private(self._secrets, {**made, **known})

    def known(self, name: str) -> str | None:
        """Return a secret that was generated here, or None: it is never made anew where something may already depend on the old one."""
        return _read_private(self._secrets).get(name)

    @property
    def _secrets(self) -> Path:
        return self.folder / "secrets.json"

    def settings(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return every setting of this stage; `extra` (the site's origin, limits, models) goes over them."""
        return {
            "TOKEN_ISSUER": "twocan/local",
            "TOKEN_AUDIENCE": "twocan/local",
            "TOKEN_KEY": self.secret("token_key"),
            "STORE": f"sqlite:///{self.folder / 'twocan.db'}",
            **extra,
        }


def generated() -> str:
    """Return a new secret."""
    return secrets.token_urlsafe(36)


def start(function: bundle.Function, dialect: str, values: Mapping[str, str]) -> Any:
    """Start a function with exactly the settings that it needs. Raises SettingsError."""
    given = {name: value for name, value in values.items() if name in function.needs}
    return import_module(function.module).handler.start(dialect, given.get)


def invoke(command: str, arguments: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Invoke the admin function as the cloud's own API would. Returns {"status", "body"}."""
    admin = next(function for function in bundle.FUNCTIONS if function.kind == "direct")
    answer: dict[str, Any] = start(admin, "direct", values)({"command": command, "arguments": dict(arguments)}, None)
    return answer


def _read_private(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise StageError(f"{path} cannot be read. Remove it, and new secrets are made: everybody then signs in again.")
    return known


def write_private(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON that only the owner may read, from its first byte on; whole or not at all."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file, indent=2)
    beside.replace(path)
