"""All pages: what they point at is there, and each has its form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deploy import clouds, owner
from deploy.__main__ import main
from deploy.local.stage import ROOT
from tests.docs.pages import CHINESE, ENGLISH, PAGES, blocks, spans, text

if TYPE_CHECKING:
    from pathlib import Path

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
#: Files that are the owner's or a run's, and a name that every function has: none of them is at the top of the repository.
THEIRS = {"twocan.toml", ".local/", ".local/functions.log", "handler.py"}
#: What docs/models.md offers to copy.
BLOCKS = [one for one in blocks(ROOT / "docs" / "models.md", "toml") if "[[models]]" in one]
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


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_of_models_can_be_copied(number: int, tmp_path: Path) -> None:
    """The owner's file takes each as it is."""
    path = tmp_path / "twocan.toml"
    path.write_text(BLOCKS[number], encoding="utf-8")

    assert owner.read(path).models


def test_blocks_of_models_can_be_copied_together(tmp_path: Path) -> None:
    """Their names differ."""
    path = tmp_path / "twocan.toml"
    path.write_text("\n".join(BLOCKS), encoding="utf-8")

    assert len(owner.read(path).models) >= len(BLOCKS)


def test_the_changelog_has_its_form() -> None:
    """What is not released stands first, under the headings of Keep a Changelog."""
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert "[Unreleased]" == re.findall(r"^## (.+)$", page, re.MULTILINE)[0]
    assert set() == set(re.findall(r"^### (.+)$", page, re.MULTILINE)) - known


@pytest.mark.parametrize("path", [ENGLISH, CHINESE, ROOT / "CHANGELOG.md"], ids=lambda one: one.name)
def test_pages_name_every_cloud_that_can_be_deployed_to(path: Path) -> None:
    """And no other: nobody finds out by trying that a cloud is not there."""
    named = set(re.findall(r"--cloud ([a-z]+)", path.read_text(encoding="utf-8")))

    assert set(clouds.TARGETS) == named


@pytest.mark.parametrize("cloud", sorted(clouds.TARGETS))
def test_every_cloud_has_a_page_with_every_command(cloud: str) -> None:
    """Each under its name, in the table of commands; writing a template apart, which is for AWS only."""
    page = (ROOT / "docs" / f"{cloud}.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| `python -m deploy ([a-z]+)", page, re.MULTILINE))

    assert {"run", "export"} >= set(main.commands) - said
    assert set() == said - set(main.commands)
