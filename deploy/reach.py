"""Which modules can be imported, found in their syntax trees: nothing here is run, so that any host can pack for any target.

This file knows Python's import statements; it must know no function, no registry and no package by name. Every import counts, wherever it stands,
but under `if TYPE_CHECKING`. What is imported by a name that is built at run time is not seen: such names are the caller's to give.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Import(NamedTuple):
    """One dotted name that a module imports; it may be an attribute's. `first`: as soon as the module loads, whatever happens."""

    name: str
    first: bool


def reached(start: str, files: Mapping[str, bytes], named: Callable[[str], Iterable[str]]) -> set[str]:
    """Return the paths of what can be imported from a module on. `named` gives the modules that one module imports by names not seen here."""
    paths = _paths(files)
    seen: set[str] = set()
    left = [start]
    while left:
        one = left.pop()
        if one in paths and one not in seen:
            seen.add(one)
            left += [*_parents(one), *named(one), *(found.name for found in imports(paths[one], files[paths[one]]))]
    return {paths[one] for one in seen}


def unloadable(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the paths of modules that no import can load, each with the name that it wants first thing and nobody has.

    The standard library is the running interpreter's.
    """
    paths = _paths(files)
    here = {name.partition(".")[0] for name in paths} | sys.stdlib_module_names
    wants = {name: [*_parents(name), *(one.name for one in imports(path, files[path]) if one.first)] for name, path in paths.items()}
    lost: dict[str, str] = {}
    # What imports a lost module is lost as well; so until a round finds no more.
    while more := {name: missing for name in wants.keys() - lost if (missing := _missing(wants[name], here, lost))}:
        lost |= more
    return {paths[name]: missing for name, missing in sorted(lost.items())}


def _missing(wanted: Iterable[str], here: set[str], lost: Mapping[str, str]) -> str | None:
    """Return the first wanted name that nobody has, directly or through a lost module."""
    for name in wanted:
        if name in lost or name.partition(".")[0] not in here:
            return lost.get(name, name)
    return None


@cache
def imports(path: str, source: bytes) -> tuple[Import, ...]:
    """Return what a file imports; nothing if the running interpreter cannot read it, be it newer than that or compiled."""
    if not path.endswith(".py"):
        return ()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    package = _module(path).split(".")[: None if path.endswith("__init__.py") else -1]
    return tuple(Import(name, first) for node, first in _statements(tree.body, first=True) for name in _names(node, package))


def _paths(files: Iterable[str]) -> dict[str, str]:
    """Return the paths of modules by their dotted names; a compiled one's suffix names its interpreter, too."""
    return {_module(path): path for path in sorted(files) if path.endswith((".py", ".so"))}


def _module(path: str) -> str:
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    return folder.replace("/", ".") if stem == "__init__" else f"{folder}/{stem}".lstrip("/").replace("/", ".")


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _statements(body: Iterable[ast.AST], *, first: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield every import statement, and whether it is carried out as soon as the module loads."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, first
        elif isinstance(node, ast.If):
            yield from _statements([] if _for_types(node.test) else node.body, first=False)
            yield from _statements(node.orelse, first=False)
        elif isinstance(node, ast.Try):
            # Where each handler raises in its turn, the attempt was no question.
            insists = all(isinstance(handler.body[-1], ast.Raise) for handler in node.handlers)
            yield from _statements(node.body, first=first and insists)
            yield from _statements([*node.handlers, *node.orelse, *node.finalbody], first=False)
        elif isinstance(node, ast.With):
            yield from _statements(node.body, first=first and "suppress" not in "".join(ast.unparse(item) for item in node.items))
        elif not isinstance(node, ast.expr):
            yield from _statements(ast.iter_child_nodes(node), first=False)


def _for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _names(node: ast.Import | ast.ImportFrom, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
        return
    above = package[: len(package) + 1 - node.level] if node.level else []
    origin = ".".join([*above, *([node.module] if node.module else [])])
    yield from (origin, *(f"{origin}.{one.name}" for one in node.names))
