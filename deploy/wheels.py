"""The wheels of a function: exactly what its requirements.txt names and what that needs, at the versions and hashes of the repository's lock.

uv finds them for the target's Python and processor, whatever this machine has; nothing is ever built from source. This file knows uv's words; it
must know no function. To explain another of uv's complaints, add it to `_COMPLAINTS`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Wheels for the oldest glibc that wheels are still built for: they run on every image of both clouds.
PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}

_ASK = ("pip", "install", "--only-binary=:all:", "--require-hashes", "--link-mode=copy", "--no-progress", "--color=never")
# Scanners know a package by its METADATA, and its licence goes where it goes. The rest of *.dist-info is the installer's.
# Both clouds are Linux: there, what asks for Windows' own modules (dateutil's) cannot be imported.
_KEPT = re.compile(r"[^/]+\.dist-info/(METADATA|licenses/.+)")
_LEFT_OUT = re.compile(r"[^/]+\.dist-info/.*|bin/.*|\.lock|(.*/)?(__pycache__|tests)/.*|.*\.py[ci]|(.*/)?py\.typed|(.*/)?(tz)?win\.py")

_LOCK_AGAIN = "and lock again with `make lock`"
#: What uv says, by which the first group is the culprit, and what to do about it.
_COMPLAINTS = (
    (
        r"no trusted hash was provided for: `(.+?)`",
        f"{{0}} is needed, but requirements.txt does not have it: name it in pyproject.toml {_LOCK_AGAIN}.",
    ),
    (r"Hash mismatch for `(.+?)`", "{0} came as another file than requirements.txt knows by its hash: do not use it before you know why."),
    (
        r"Because (\S+?)==\S+ has no (?:usable wheels|wheels with)",
        f"{{0}} has no wheel for Python {{python}} on {{processor}}: choose a version, or another package, that has one {_LOCK_AGAIN}.",
    ),
    (
        r"Because (\S+?)==\S+ requires Python|requested Python version[\s\S]* (?:require|depends? on) ([\w.-]+)",
        f"{{0}} does not run on Python {{python}}: choose a version, or another package, that does {_LOCK_AGAIN}.",
    ),
    (
        r"Failed to (?:fetch|download):? (\S+)|(network was disabled)",
        "the wheels cannot be fetched ({0}): check the network, or name a nearer index in UV_DEFAULT_INDEX.",
    ),
)


class WheelsError(Exception):
    """There are no such wheels; the message names the culprit and says what to do."""


def wheels(required: str, lock: str, *, python: str, processor: str) -> Mapping[str, bytes]:
    """Return the files of the wheels by their paths. `required` are names, one a line. Raises WheelsError."""
    entries = re.split(r"\n(?=\S)", lock.strip())
    known = {name: [one for one in entries if _canonical(one.partition("==")[0]) == name] for name in map(_canonical, required.split())}
    if unknown := [name for name, found in known.items() if not found]:
        raise WheelsError(f"{', '.join(unknown)} is not in requirements.txt: name it in pyproject.toml {_LOCK_AGAIN}.")
    return _found("\n".join(one for found in known.values() for one in found), lock, python, processor)


# A plan packs every function, and most of them require the same.
@cache
def _found(pinned: str, lock: str, python: str, processor: str) -> Mapping[str, bytes]:
    with TemporaryDirectory(prefix="twocan-wheels-") as folder:
        wanted, allowed, found = (Path(folder, name) for name in ("wanted.txt", "allowed.txt", "found"))
        wanted.write_text(pinned + "\n", encoding="utf-8")
        allowed.write_text(lock, encoding="utf-8")
        ask = [*_ASK, f"--requirements={wanted}", f"--constraints={allowed}", f"--target={found}"]
        ask += [f"--python={sys.executable}", f"--python-version={python}", f"--python-platform={PLATFORMS[processor]}"]
        # Versions and hashes are given, so what is already here is as good as what the index would give: first without a network.
        if _uv([*ask, "--offline"], folder) and (complaint := _uv(ask, folder)):
            raise WheelsError(_explained(complaint, python, processor))
        return MappingProxyType(_files(found))


def _uv(arguments: list[str], folder: str) -> str:
    """Return what uv complains of, or an empty text. It runs in a folder of its own, so that no project's settings change what it finds."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def _explained(complaint: str, python: str, processor: str) -> str:
    for pattern, text in _COMPLAINTS:
        if match := re.search(pattern, complaint):
            return text.format(next(filter(None, match.groups())), python=python, processor=processor)
    return f"uv does not find the wheels: {' '.join(complaint.partition('error:')[2].split()) or complaint}"


def _files(folder: Path) -> dict[str, bytes]:
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if _KEPT.fullmatch(name) or not _LEFT_OUT.fullmatch(name)}


def _canonical(name: str) -> str:
    """Return a distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
