"""stores/sqlite.py: what only a file can do wrong. What every store does is in tests/contracts/test_stores.py."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from functions.shared.errors import SettingsError, Unavailable
from functions.shared.stores import ANY, sqlite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.clock import Clock


@pytest.mark.parametrize("address", ["sqlite:", "sqlite:///", "sqlite://relative.db", "sqlite:/x.db", ""])
def test_an_address_without_a_path_is_refused(address: str, clock: Clock) -> None:
    """Three slashes, then the path."""
    with pytest.raises(SettingsError, match="STORE must be sqlite:///path"):
        sqlite.open(address, clock)


@pytest.mark.parametrize("place", ["missing/records.db", ""], ids=["no-folder", "a-folder"])
def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path, clock: Clock, place: str) -> None:
    """The message says what to check, without the path."""
    with pytest.raises(Unavailable, match="folder exists and may be written") as refused:
        sqlite.open(f"sqlite:///{tmp_path / place}", clock)

    assert str(tmp_path) not in refused.value.message


def test_a_file_that_is_no_database_is_unavailable_and_left_alone(tmp_path: Path, clock: Clock) -> None:
    """Somebody's letter is not overwritten."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Alice, " * 100)

    with pytest.raises(Unavailable):
        sqlite.open(f"sqlite:///{path}", clock)
    assert "Dear Alice, " * 100 == path.read_text()


def test_what_expired_leaves_the_file_with_the_next_write(tmp_path: Path, clock: Clock) -> None:
    """Otherwise anybody could fill it for ever by trying to sign in under made-up names."""
    path = tmp_path / "records.db"
    store = sqlite.open(f"sqlite:///{path}", clock)
    for number in range(20):
        store.put("p", str(number), {}, if_version=0, expires=clock() + 10 + number // 10)
    clock.forward(10)
    store.put("q", "s", {}, if_version=0)

    assert (11,) == sqlite3.connect(path).execute("select count(*) from records").fetchone()


def test_a_table_that_went_away_is_unavailable(tmp_path: Path, clock: Clock) -> None:
    """Whatever SQLite complains of, the caller is told to try again later."""
    path = tmp_path / "records.db"
    store = sqlite.open(f"sqlite:///{path}", clock)
    sqlite3.connect(path, isolation_level=None).execute("drop table records")

    for work in (lambda: store.get("p", "s"), lambda: store.query("p"), lambda: store.delete("p", "s", if_version=ANY)):
        with pytest.raises(Unavailable):
            work()


def test_a_failed_write_leaves_the_store_usable(tmp_path: Path, clock: Clock) -> None:
    """The transaction is rolled back, the lock released."""
    path = tmp_path / "records.db"
    sqlite.open(f"sqlite:///{path}", clock)
    store = sqlite.Sqlite(sqlite3.connect(path, timeout=0, isolation_level=None), clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Unavailable):
        store.put("p", "s", {}, if_version=0)
    other.execute("rollback")

    assert 1 == store.put("p", "s", {}, if_version=0)


def test_nobody_waits_for_everybody_who_waits_for_a_locked_file(tmp_path: Path, clock: Clock) -> None:
    """Behind another process's lock all callers are told at about the same time, not one after the other."""
    address = f"sqlite:///{tmp_path / 'records.db'}"
    store = sqlite.open(address, clock, patience=0.2)
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("begin immediate")

    def told(_: int) -> bool:
        with pytest.raises(Unavailable):
            store.put("p", "s", {}, if_version=ANY)
        return True

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(told, range(20), timeout=3))
    other.close()

    assert answers == [True] * 20
