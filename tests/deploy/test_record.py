"""record.py: what was done, for whoever asks later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy import record

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_done_is_read_newest_first(tmp_path: Path) -> None:
    """With its moment and what came of it; as many lines as are asked for."""
    for number in range(3):
        record.write(tmp_path / "stage", "apply", now=lambda: 0.0, steps=[f"created {number}"])

    line = {"at": "1970-01-01T00:00:00Z", "command": "apply"}
    assert [{**line, "steps": ["created 2"]}, {**line, "steps": ["created 1"]}] == record.read(tmp_path / "stage", 2)


def test_nothing_done_is_nothing_read(tmp_path: Path) -> None:
    """Not even a folder is made by looking."""
    assert [] == record.read(tmp_path / "stage", 5)
    assert not (tmp_path / "stage").exists()


def test_a_broken_line_loses_no_other(tmp_path: Path) -> None:
    """Somebody edited it, or a disk was full."""
    record.write(tmp_path, "apply")
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"at": \n[1]\n')
    record.write(tmp_path, "promote")

    assert ["promote", "apply"] == [line["command"] for line in record.read(tmp_path, 5)]


def test_it_is_for_its_owners_eyes(tmp_path: Path) -> None:
    """As everything in that folder is."""
    record.write(tmp_path / "stage", "apply")

    assert 0o700 == (tmp_path / "stage").stat().st_mode & 0o777
