"""stores/postgres.py: its table, and what only a table that others can reach can do wrong.

What every store does is in tests/contracts/test_stores.py, and the way to the server in tests/functions/shared/test_database.py.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Callable

import pytest

from functions.shared.errors import Conflict, InvalidRequest, SettingsError, Unavailable
from functions.shared.stores import ANY, LONGEST, Record, open_records, open_table
from tests.fakes import postgres

if TYPE_CHECKING:
    from functions.shared.stores import Records
    from tests.fakes.clock import Clock

WORKS: dict[str, Callable[[Records], object]] = {
    "get": lambda store: store.get("p", "s"),
    "query": lambda store: store.query("p"),
    "put": lambda store: store.put("p", "s", {}, if_version=0),
    "delete": lambda store: store.delete("p", "s", if_version=ANY),
}
LONG = "é" * 513


@pytest.fixture(name="store")
def _store(clock: Clock) -> Records:
    return open_records(postgres.emptied(), clock)


@pytest.fixture(name="empty")
def _empty() -> str:
    """Return the name of a database in which nothing is."""
    return postgres.database()


def rows() -> list[str]:
    """Return the sorts of all rows there are, over or not."""
    return [row[0].decode() for row in postgres.run("select sort from twocan_records order by sort", postgres.prepared())]


def changed(change: str) -> None:
    """Edit the table as an owner might."""
    postgres.run(f"update twocan_records set {change}", postgres.prepared())


def test_two_stages_in_one_database_know_nothing_of_each_other(clock: Clock, empty: str) -> None:
    """Each has a table of its own, and whoever drops one leaves the other. A hole that was: both had the same, and one's end was the other's."""
    first, second = (f"{postgres.address(empty)}?table=twocan_{name}" for name in ("first", "second"))
    for address in (first, second):
        open_table(address, clock).prepare()
    open_records(first, clock).put("p", "s", {"of": "first"}, if_version=0)
    there = open_records(second, clock).get("p", "s")
    open_table(second, clock).delete()
    kept = open_records(first, clock).get("p", "s")

    assert (None, {"of": "first"}) == (there, kept and kept.body)
    assert (True, False) == (open_table(first, clock).ready(), open_table(second, clock).ready())


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_table_that_is_not_there_is_named(clock: Clock, empty: str, work: Callable[[Records], object]) -> None:
    """When somebody wants something of it: opening the store asks for nothing."""
    store = open_records(postgres.address(empty), clock)

    with pytest.raises(Unavailable, match="table is not there") as told:
        work(store)
    assert empty not in told.value.message


@pytest.mark.parametrize(
    "change",
    ["body = 'seen'", "body = '[\"seen\"]'", "body = ''", f"body = '{'[' * 9_999}'", "version = 0", "version = -1", r"sort = '\xff'"],
    ids=["no-json", "no-object", "empty", "endless", "zero", "negative", "no-text"],
)
def test_an_edited_row_is_refused(store: Records, change: str) -> None:
    """It is said what is wrong, but not what stands there."""
    store.put("p", "s", {}, if_version=0)
    changed(change)

    with pytest.raises(Unavailable, match="an item that Twocan did not write") as told:
        store.query("p")
    assert (None, True) == (told.value.__cause__, told.value.__suppress_context__ or told.value.__context__ is None)


def test_an_edited_row_can_be_written_over(store: Records) -> None:
    """And is whole again."""
    store.put("p", "s", {}, if_version=0)
    changed("body = 'seen'")
    store.put("p", "s", {"n": 1}, if_version=ANY)

    assert Record("p", "s", 2, {"n": 1}) == store.get("p", "s")


def test_what_is_over_goes_with_the_next_write(store: Records, clock: Clock) -> None:
    """But for what is not over yet, and for what never is."""
    for sort, seconds in {"a": 10, "b": 10, "c": 11, "d": None}.items():
        store.put("p", sort, {}, if_version=0, expires=None if seconds is None else clock() + seconds)
    clock.forward(10)
    store.put("p", "e", {}, if_version=0)

    assert ["c", "d", "e"] == rows()


@pytest.mark.parametrize("if_version", [0, ANY, 1], ids=["create", "overwrite", "replace"])
def test_each_write_removes_what_is_over(store: Records, clock: Clock, if_version: int) -> None:
    """A little at a time, so that nobody waits long."""
    if if_version == 1:
        store.put("p", "s", {}, if_version=0)
    insert = "insert into twocan_records select 'old', convert_to(n::text, 'UTF8'), 1, '{}', :now from generate_series(1, 60) n"
    postgres.run(insert, postgres.prepared(), now=clock())
    store.put("p", "s", {}, if_version=if_version)

    assert 60 - 50 + 1 == len(rows())


def test_an_item_that_is_over_is_replaced_by_its_own_write(store: Records, clock: Clock) -> None:
    """Removed and written by one statement, it would be lost or fail."""
    store.put("p", "s", {}, if_version=0, expires=clock() + 10)
    clock.forward(10)

    assert 1 == store.put("p", "s", {"n": 1}, if_version=ANY, expires=clock() + 10)
    clock.forward(10)
    assert 1 == store.put("p", "s", {"n": 2}, if_version=0)
    assert Record("p", "s", 1, {"n": 2}) == store.get("p", "s")


def test_two_who_write_at_once_are_told_apart(clock: Clock) -> None:
    """Each with a connection of its own: of every version there is one writer."""
    address = postgres.emptied()
    start = Barrier(2)

    def writes(store: Records) -> list[bool]:
        return [won(store, version, start) for version in range(20)]

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(writes, [open_records(address, clock), open_records(address, clock)]))

    assert [True] * 20 == [one != other for one, other in zip(*both, strict=True)]


def won(store: Records, version: int, start: Barrier) -> bool:
    """Write at the same moment as another, and say whether it was this one that wrote."""
    start.wait(10)
    try:
        store.put("p", "s", {}, if_version=version)
    except Conflict:
        return False
    return True


@pytest.mark.parametrize(("partition", "sort"), [("", "s"), ("p", ""), (LONG, "s"), ("p", LONG), ("p", "\ud800")], ids=ascii)
def test_a_name_that_cannot_be_is_nothings(store: Records, partition: str, sort: str) -> None:
    """It is not there, cannot be written, and can be removed only without looking."""
    store.delete(partition, sort, if_version=ANY)
    store.delete(partition, sort, if_version=0)

    assert store.get(partition, sort) is None
    with pytest.raises(InvalidRequest):
        store.put(partition, sort, {}, if_version=0)
    with pytest.raises(Conflict):
        store.delete(partition, sort, if_version=1)


def test_a_list_begins_after_a_name_that_can_be(store: Records) -> None:
    """And a partition that cannot be is empty."""
    with pytest.raises(InvalidRequest):
        store.query("p", after=LONG)
    assert [[], []] == [store.query(LONG), store.query("")]


def test_what_is_absent_can_be_removed_as_absent(store: Records) -> None:
    """What is there cannot."""
    store.put("p", "s", {}, if_version=0)
    store.delete("p", "t", if_version=0)

    with pytest.raises(Conflict):
        store.delete("p", "s", if_version=0)


def test_the_longest_of_all_fits(store: Records) -> None:
    """Names of any bytes, in one entry of an index that does not compress them."""
    names = [bytes(33 + (seed * number * number) % 94 for number in range(1_024)).decode() for seed in (7, 31)]
    store.put(names[0], names[1], {"a": "x" * (LONGEST - 8)}, if_version=0)

    assert [names[1]] == [one.sort for one in store.query(names[0])]


def test_a_table_is_made_once(clock: Clock, empty: str) -> None:
    """Made again, it keeps what is in it; dropped, it is gone, and dropped again is no error."""
    table, store = open_table(postgres.address(empty), clock), open_records(postgres.address(empty), clock)
    before = table.ready()
    table.prepare()
    store.put("p", "s", {}, if_version=0)
    table.prepare()
    after = (table.ready(), store.get("p", "s"))
    table.delete()
    table.delete()

    assert (False, (True, Record("p", "s", 1, {})), False) == (before, after, table.ready())


def test_two_may_make_it_at_once(clock: Clock, empty: str) -> None:
    """`if not exists` alone does not keep them apart."""
    tables = [open_table(postgres.address(empty), clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda table: table.prepare(), tables))

    assert tables[0].ready()


@pytest.mark.parametrize(
    "columns",
    ["name text", "partition text, sort text, version bigint, body text, expires bigint", "partition bytea, sort bytea, version bigint, body text"],
    ids=["foreign", "another-type", "one-less"],
)
def test_a_table_of_another_form_is_left_alone(clock: Clock, empty: str, columns: str) -> None:
    """Somebody else's, under our name: it is not ready, and does not become so."""
    postgres.run(f"create table twocan_records ({columns})", empty)
    table = open_table(postgres.address(empty), clock)

    with pytest.raises(Unavailable):
        table.prepare()
    assert not table.ready()


def test_a_database_must_keep_text_as_utf8(clock: Clock) -> None:
    """It is refused before anything is in it, with what to do."""
    name = postgres.database("SQL_ASCII")

    with pytest.raises(SettingsError, match="encoding 'UTF8'"):
        open_table(postgres.address(name), clock).prepare()
    assert [[None]] == postgres.run("select to_regclass('twocan_records')::text", name)


def test_who_may_not_make_a_table_is_told(clock: Clock, empty: str) -> None:
    """Since PostgreSQL 15 only a database's owner may, unless it is allowed."""
    postgres.run("drop role if exists guest")
    postgres.run("create role guest login password 'guest'")
    address = postgres.address(empty).replace(f"{postgres.USER}:{postgres.QUOTED}", "guest:guest")

    with pytest.raises(Unavailable, match="may not make or use it"):
        open_table(address, clock).prepare()
