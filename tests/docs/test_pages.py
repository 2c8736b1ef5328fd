"""All pages: what they point at is there, and each has its form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deploy.local.stage import ROOT
from tests.docs.pages import PAGES, spans, text

if TYPE_CHECKING:
    from pathlib import Path

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
#: Files that are the owner's or a run's, and a name that every function has: none of them is at the top of the repository.
THEIRS = {"twocan.toml", ".local/", ".local/functions.log", "handler.py"}
EVERY = pytest.mark.parametrize("path", PAGES, ids=lambda one: one.name)


@EVERY
def test_links_lead_somewhere(path: Path) -> None:
    """Pictures, too."""
    targets = [one for one in re.findall(r"\]\(([^)#]+)\)", text(path)) if not one.startswith("https://")]

    assert [] == [one for one in targets if not (path.parent / one).exists()]


@EVERY
def test_files_that_are_named_exist(path: Path) -> None:
    """A page that speaks of a file moves along with it."""
    paths = [
        one for one in spans(text(path)) if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", one) and ("/" in one or re.search(r"\.(py|md|toml|txt)$", one))
    ]
    there = [one for one in paths if one not in THEIRS]

    assert [] == [one for one in there if not (ROOT / one).exists()]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda one: one.name)
def test_a_decision_has_four_parts(path: Path) -> None:
    """What led to it, what was chosen, what it costs, and the way back; on one page, under its number."""
    number = int(path.name[:4])
    page = path.read_text(encoding="utf-8")

    assert page.startswith(f"# {number}. ")
    assert ["Context", "Choice", "Price", "How to reverse it"] == re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert 60 >= len(page.splitlines())


def test_decisions_are_numbered_without_a_gap() -> None:
    """From 0001 on, each with a title in its name."""
    assert [f"{number:04}" for number in range(1, len(DECISIONS) + 1)] == [path.name[:4] for path in DECISIONS]
    assert [] == [path.name for path in DECISIONS if not re.fullmatch(r"\d{4}(-[a-z]+)+\.md", path.name)]


def test_the_changelog_has_its_form() -> None:
    """What is not released stands first, under the headings of Keep a Changelog."""
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert "[Unreleased]" == re.findall(r"^## (.+)$", page, re.MULTILINE)[0]
    assert set() == set(re.findall(r"^### (.+)$", page, re.MULTILINE)) - known


def test_what_is_not_there_yet_is_said() -> None:
    """Nobody finds out by trying that nothing can be deployed: as long as there is no such command, the pages say so."""
    command_line = (ROOT / "deploy" / "__main__.py").read_text(encoding="utf-8")
    deploys = re.search(r"^def (apply|deploy)\(", command_line, re.MULTILINE) is not None
    said = ["is not in this version" in (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")]

    assert [not deploys] * 2 == said
