"""The repository's own files, and what stands in them without running them."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The folders of the product's Python.
PRODUCT = ("functions", "authorizer", "deploy", "bench")


def python(*folders: str) -> list[Path]:
    """Return the Python files under these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def script() -> list[Path]:
    """Return the page's JavaScript."""
    return sorted(path for path in (ROOT / "frontend").glob("*.mjs")) + sorted((ROOT / "frontend" / "src").rglob("*.js*"))


def name(path: Path) -> str:
    """Return a file's path within the repository: an id for a test."""
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def ignored(path: Path) -> bool:
    """Say whether git ignores a file or folder at the top level."""
    patterns = (ROOT / ".gitignore").read_text().split()
    return path.name == ".git" or any(fnmatch(path.name, pattern.rstrip("/")) for pattern in patterns)
