"""The shape of the repository: its top level, its names, its sizes, and the form of its files."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import PRODUCT, ROOT, ignored, name, python, script, tree

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_FUNCTION = 45
LONGEST_FILE = 350
BANNED = {"utils", "helpers", "common", "manager", "base", "misc"}
TOP = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "README.zh-CN.md",
    "authorizer",
    "bench",
    "deploy",
    "docs",
    "frontend",
    "functions",
    "pyproject.toml",
    "requirements.txt",
    "tests",
}
OURS = python(*PRODUCT)
TESTS = python("tests")
HANDLERS = [path for path in OURS if path.name == "handler.py"]


def words(text: str) -> set[str]:
    """Return the words of a name, however they are joined."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


def test_the_top_level_is_what_the_design_names() -> None:
    """Nothing settles there unnoticed; what git ignores does not count."""
    assert TOP == {path.name for path in ROOT.iterdir() if not ignored(path)}


@pytest.mark.parametrize("path", [*OURS, *script()], ids=name)
def test_a_file_is_short(path: Path) -> None:
    """A file that one can read at a sitting."""
    assert LONGEST_FILE >= len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", OURS, ids=name)
def test_functions_are_short(path: Path) -> None:
    """A function that one can see at once."""
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]

    assert [] == [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= LONGEST_FUNCTION]


@pytest.mark.parametrize("path", [*OURS, *script()], ids=name)
def test_no_name_says_nothing(path: Path) -> None:
    """A file or a class called after a drawer becomes one."""
    classes = re.findall(r"^\s*(?:export )?(?:default )?class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert [] == [one for one in (*path.relative_to(ROOT).with_suffix("").parts, *classes) if words(one) & BANNED]


@pytest.mark.parametrize("path", [*OURS, *TESTS], ids=name)
def test_a_file_begins_with_its_map(path: Path) -> None:
    """The first paragraph says what the file is for."""
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", script(), ids=name)
def test_a_script_begins_with_its_map(path: Path) -> None:
    """The page's files as well."""
    text = path.read_text(encoding="utf-8")

    assert text.startswith("/*") or "node_modules" in path.parts


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_is_a_sentence(path: Path) -> None:
    """A test says in English what it expects."""
    tests = [node for node in ast.walk(tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")]

    assert [] == [one.name for one in tests if not (ast.get_docstring(one) or "").rstrip().endswith((".", "?", ":"))]


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_nothing_is_patched(path: Path) -> None:
    """Fakes are passed in: what has to be patched is in the wrong place. The environment and the folder are not ours to pass."""
    harmless = {"setenv", "delenv", "chdir"}
    parts = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]

    assert [] == [one.attr for one in parts if ast.unparse(one.value) in {"monkeypatch", "mocker", "mock"} and one.attr not in harmless]


@pytest.mark.parametrize("path", HANDLERS, ids=name)
def test_a_handler_has_four_parts_in_order(path: Path) -> None:
    """What it may see, what it is built of, what it does, and the line that makes it a function."""
    names = [one for node in tree(path).body for one in defined(node)]
    does, makes = ("decide", "guard") if path.parent.name == "authorizer" else ("answer", "serve")

    assert ["NEEDS", "connect", does, "handler"] == [one for one in names if one in {"NEEDS", "connect", "answer", "decide", "handler"}]
    assert f"handler = {makes}({does}, connect, NEEDS)" == ast.unparse(tree(path).body[-1])


def defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement at a module's top level defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [one.id for one in node.targets if isinstance(one, ast.Name)]
    return []
