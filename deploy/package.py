"""A function's zip: its sources and its wheels, for the target's Python and processor, from any host, reproducible byte for byte.

    sources ─ reached by import ─┐
    wheels ─ locked and hashed ──┼──▶ Code ──identity──▶ a release's name
    index.py, extra files ───────┘     └────pack────▶ zip, with release.json and .pyc files

A zip's identity is a digest of what is in it; `.pyc` files, which the target's interpreter makes where it is found, are left out of it. Another
zlib may compress to other bytes, but to the same identity. This file knows which part of a tree belongs to a function; it must know no cloud but
by its name. To add a cloud, add its store to `STORES`; registries name everything else.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from deploy import reach
from deploy.entry import entry
from deploy.wheels import WheelsError, wheels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deploy.bundle import Function
    from deploy.gateway_responses import Cloud

ROOT = Path(__file__).resolve().parents[1]
#: The store that each cloud's functions keep their records in.
STORES = {"aws": "dynamodb", "huawei": "postgresql"}
# Hashes seeded alike give sets, and so .pyc files, the same order on each run.
_ALONE = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0"}
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


class PackageError(Exception):
    """A function cannot be packed; the message tells why and what to do."""


class Target(NamedTuple):
    """What a zip is for."""

    cloud: Cloud
    python: str
    processor: Literal["x86_64", "arm64"]


class Code(NamedTuple):
    """A function's sources and wheels, without what belongs to one release. `files` are sorted by path; `digest` is over them and the target."""

    function: str
    target: Target
    files: Mapping[str, bytes]
    digest: str


class Release(NamedTuple):
    """What release.json says: Twocan's version, and a fingerprint of the settings and secrets."""

    version: str
    fingerprint: str


def build(function: Function, target: Target, *, extra: Mapping[str, bytes] = _NOTHING, breaker: str = "instance", root: Path = ROOT) -> Code:
    """Return a function's code for a target, with `extra` files as they come, and a store if it keeps records. Raises PackageError."""
    sources = _sources(function, target, root, keeps=function.keeps(breaker))
    files = _importable(function, {**sources, **_wheels(function, target, sources, root)})
    files["index.py"] = entry(function, target.cloud).encode()
    if taken := sorted({*files, "release.json"} & set(extra)):
        raise PackageError(f"{function.name}: {', '.join(taken)} is the packager's own to write; call the extra file something else.")

    files = dict(sorted({**files, **extra}.items()))
    digest = _digest({"target": " ".join(target).encode(), "files": _digest(files).encode()})
    return Code(function.name, target, MappingProxyType(files), digest)


def identity(code: Code, release: Release) -> str:
    """Return the name of a release of this code: 64 hex digits."""
    return _digest({"code": code.digest.encode(), "version": release.version.encode(), "fingerprint": release.fingerprint.encode()})


def pack(code: Code, release: Release) -> bytes:
    """Return the zip. Raises PackageError if the target's interpreter is here and does not take one of the files."""
    facts = {**release._asdict(), "release": identity(code, release)[:16]}
    files = {**code.files, **_compiled(code), "release.json": json.dumps(facts).encode()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for path, body in sorted(files.items()):
            target.writestr(_entry(path, body), body, zipfile.ZIP_DEFLATED, compresslevel=9)
    return stream.getvalue()


def _digest(files: Mapping[str, bytes]) -> str:
    """Return a digest over names, lengths and bytes; lengths go in so that no two trees run together into the same bytes."""
    total = hashlib.sha256()
    for path, body in sorted(files.items()):
        total.update(f"{path}\0{len(body)}\0".encode())
        total.update(body)
    return total.hexdigest()


def _sources(function: Function, target: Target, root: Path, *, keeps: bool) -> dict[str, bytes]:
    """Return our own modules that the function can import, those included that it finds in a registry."""
    paths = [path for top in ("functions", "authorizer") for path in (root / top).rglob("*.py")]
    sources = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    found = reach.reached(function.module, sources, lambda module: _registered(module, function, target, sources, keeps=keeps))
    return {path: sources[path] for path in found}


def _registered(module: str, function: Function, target: Target, sources: Mapping[str, bytes], *, keeps: bool) -> list[str]:
    """Return the modules that this one, if it is a registry, may be asked for. Raises PackageError."""
    if module == "functions.shared.clouds":
        return [_table(module, "DIALECTS", sources)["direct" if function.kind == "direct" else target.cloud]]
    if module == "functions.shared.providers":
        return list(_table(module, "PROVIDERS", sources).values())
    if module == "functions.shared.stores" and keeps:
        stores, name = _table(module, "STORES", sources), STORES[target.cloud]
        if name not in stores:
            raise PackageError(f"{function.name}: records on {target.cloud} are kept in {name}, which is no line of STORES in {module} yet.")
        return [stores[name]]
    return []


def _table(module: str, name: str, sources: Mapping[str, bytes]) -> dict[str, str]:
    """Return a registry as it is written down; imported, it would tell of the running tree and not of the one that is packed."""
    body = ast.parse(sources[f"{module.replace('.', '/')}/__init__.py"]).body
    values = [node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]
    found: dict[str, str] = ast.literal_eval(values[0])
    return found


def _wheels(function: Function, target: Target, sources: Iterable[str], root: Path) -> Mapping[str, bytes]:
    """Return the wheels of the function, and of each of its modules that has a list of its own beside it. Raises PackageError."""
    lists = [
        root.joinpath(*function.module.split(".")[:-1], "requirements.txt"),
        *(root / f"{path.removesuffix('.py')}.txt" for path in sorted(sources)),
    ]
    required = "\n".join(path.read_text(encoding="utf-8") for path in lists if path.exists())
    lock = (root / "requirements.txt").read_text(encoding="utf-8")
    try:
        return wheels(required, lock, python=target.python, processor=target.processor)
    except WheelsError as error:
        raise PackageError(f"{function.name}: {error}") from error


def _importable(function: Function, files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out what cannot be imported there, such as a package's side for the browser. Raises PackageError if that is a file of ours."""
    lost = reach.unloadable(files)
    for path, missing in lost.items():
        if path.startswith(("functions/", "authorizer/")):
            raise PackageError(f"{function.name}: {path} imports {missing}, which neither Python nor the function's requirements.txt brings.")
    folders = tuple(path.removesuffix("__init__.py") for path in lost if path.endswith("/__init__.py"))
    return {path: body for path, body in files.items() if path not in lost and not path.startswith(folders)}


def _entry(path: str, body: bytes) -> zipfile.ZipInfo:
    """Return a file's line in the zip: the oldest date that a zip knows, fixed permissions, and nothing of this machine."""
    one = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
    one.create_system = 3
    one.external_attr = (0o100755 if body.startswith(b"#!") else 0o100644) << 16
    return one


def _compiled(code: Code) -> dict[str, bytes]:
    """Return .pyc files that are never compared with their sources, or none if the target's interpreter is not here. Raises PackageError."""
    python = interpreter(code.target.python)
    if python is None:
        return {}
    with TemporaryDirectory(prefix="twocan-pyc-") as folder:
        for path, body in code.files.items():
            if path.endswith(".py"):
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, path).write_bytes(body)
        # Without -S and -s it would run whatever this machine's owner has put beside that interpreter.
        # -o 2: texts that only a reader wants are a third of a module, and would be unpacked and loaded at each cold start.
        command = [python, "-S", "-s", "-m", "compileall", "-q", "-o", "2", "-s", folder, "--invalidation-mode=unchecked-hash", folder]
        done = subprocess.run(command, cwd=folder, env=_ALONE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PackageError(f"{code.function}: Python {code.target.python} says {' '.join(done.stdout.replace(f'{folder}/', '').split())}")
        # Under the name that an interpreter without -OO looks for.
        return {path.relative_to(folder).as_posix().replace(".opt-2", ""): path.read_bytes() for path in Path(folder).rglob("*.pyc")}


@cache
def interpreter(python: str) -> str | None:
    """Return an interpreter of that version, this one or one that is found on the path or among pyenv's, or None."""
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{python}.*/bin/python"))
    places = [sys.executable, shutil.which(f"python{python}"), *map(str, reversed(pyenv))]
    return next((one for one in places if one and _is(one, python)), None)


def _is(place: str, python: str) -> bool:
    """Say whether this is CPython of that version; pyenv's shims have every version's name and may refuse to run."""
    script = "import sys; print(sys.implementation.cache_tag)"
    done = subprocess.run([place, "-S", "-s", "-c", script], env=_ALONE, capture_output=True, text=True, check=False)
    return done.stdout.strip() == f"cpython-{python.replace('.', '')}"
