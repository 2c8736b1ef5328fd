"""Who may import whom, and what each function brings along: contracts, requirements, the lock."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomllib

from deploy import bundle
from tests.architecture.sources import PRODUCT, ROOT, name, python, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = (ROOT / "requirements.txt").read_text()
FUNCTIONS = pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
#: Our modules by dotted name.
MODULES = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in python(*PRODUCT)}


def file_of(module: str) -> Path:
    """Return the requirements of a function, by its handler's module."""
    return ROOT.joinpath(*module.split(".")[:-1], "requirements.txt")


def canonical(text: str) -> str:
    """Return a distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs: everything but what stands under TYPE_CHECKING."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from evaluated(child)


def named(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, now or later; a registry's dotted path is an import, too."""
    for node in evaluated(tree(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names if f"{node.module}.{one.name}" in MODULES)
        elif isinstance(node, ast.Constant) and node.value in MODULES:
            yield str(node.value)


def reached(module: str) -> set[str]:
    """Return every module that can be imported, at whatever moment, starting with this one."""
    seen: set[str] = set()
    left = [module]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left.extend(named(MODULES[one]) if one in MODULES else [])
    return seen


def brought(module: str) -> set[str]:
    """Return the distributions that a module reaches."""
    distributions = packages_distributions()
    outside = {one.partition(".")[0] for one in reached(module)} - set(sys.stdlib_module_names) - set(PRODUCT)
    return {canonical(distributions[one][0]) for one in outside}


def test_the_import_contracts_hold() -> None:
    """The drawing of the design, checked by import-linter."""
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    assert " 0 broken." in done.stdout


@FUNCTIONS
def test_requirements_are_what_is_imported(function: bundle.Function) -> None:
    """Nothing is missing in the cloud, and nothing is carried there for nothing; what not every cloud needs stands beside what imports it."""
    beside = [MODULES[one].with_suffix(".txt") for one in reached(function.module) if one in MODULES]
    files = [file_of(function.module), *(path for path in beside if path.exists())]
    required = [canonical(one) for path in files for one in path.read_text().split()]

    assert sorted(brought(function.module)) == sorted(required)


def test_the_gatekeeper_brings_no_client() -> None:
    """What cannot be imported cannot be used to get out."""
    assert {"pyjwt"} == brought("authorizer.handler")
    assert set() == {"functions.shared.outbound", "functions.shared.stores", "functions.shared.providers"} & reached("authorizer.handler")


def test_a_list_stands_beside_a_module() -> None:
    """One that belongs to none would never be read."""
    lists = [path for top in ("functions", "authorizer") for path in (ROOT / top).rglob("*.txt") if path.name != "requirements.txt"]

    assert [ROOT / "functions" / "shared" / "database.txt"] == lists
    assert [] == [path for path in lists if path.with_suffix(".py") not in MODULES.values()]


@FUNCTIONS
def test_functions_require_names_that_are_locked(function: bundle.Function) -> None:
    """The version is the lock's to say, in one place."""
    required = file_of(function.module).read_text().split()

    assert [] == [one for one in required if not re.search(rf"^{re.escape(canonical(one))}==", LOCK, re.MULTILINE)]


def test_the_lock_pins_and_hashes_everything() -> None:
    """One version each, and at least one file that is known by its hash."""
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    form = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^\s;]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+")

    assert [] == [entry.partition("\n")[0] for entry in entries if not form.fullmatch(entry)]


def test_the_lock_has_all_that_is_asked_for() -> None:
    """Whoever adds a package compiles the lock again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    # Without extras and markers: a name is what the lock has.
    asked = [re.split(r"[\[;]", one)[0] for one in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])]

    assert [] == [one for one in asked if not re.search(rf"^{re.escape(canonical(one))}(\[.*\])?==", LOCK, re.MULTILINE)]
