"""The documentation's pages, taken apart: headings, code, tables, links. Knows the little Markdown that they use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deploy.local.stage import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = ROOT / "README.md"
CHINESE = ROOT / "README.zh-CN.md"
PAGES = [ENGLISH, CHINESE, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

Table = list[list[str]]


def text(path: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str = r"\w+") -> list[str]:
    """Return the code blocks of a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def levels(path: Path) -> list[int]:
    """Return the levels of the headings, in order."""
    return [len(signs) for signs in re.findall(r"^(#+) ", text(path), re.MULTILINE)]


def tables(path: Path) -> list[Table]:
    """Return the tables as rows of cells, each without its head."""
    found = re.findall(r"^\|.*\n\| --- .*\n((?:\|.*\n)+)", text(path), re.MULTILINE)
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()] for table in found]


def spans(page: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`\n]+)`", page)


def table(path: Path, first: str) -> Table:
    """Return the one table in whose first row the first cell is this code."""
    return next(one for one in tables(path) if one[0][0] == f"`{first}`")
