"""The port of stores/, on every store that is registered: a new one is tested by being registered, and by a line in `ADDRESSES`."""

from __future__ import annotations

import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import stores
from functions.shared.errors import Conflict, InvalidRequest, SettingsError
from functions.shared.stores import ANY, LONGEST, STORES, TABLES, Record, Records, Table, open_records, open_table
from tests.fakes import aws, postgres
from tests.fakes.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(stores.__file__).parent
#: How each store is addressed in a test: a function from a fresh folder to an address.
ADDRESSES: dict[str, Callable[[Path], str]] = {
    "dynamodb": lambda _: aws.address(aws.table()),
    "postgresql": lambda _: postgres.emptied(),
    "sqlite": lambda folder: f"sqlite:///{folder / 'records.db'}",
}
#: The same without a folder, for laws that make many stores: each example has its own.
PASSING: dict[str, Callable[[], str]] = {
    "dynamodb": lambda: aws.address(aws.table()),
    "postgresql": postgres.emptied,
    "sqlite": lambda: "sqlite:///:memory:",
}

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
BODIES = st.dictionaries(
    st.text(max_size=4),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6),
    max_size=4,
)
SORTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("aAzZ0é\ufffd\uffff😀\U0010ffff ")), min_size=1, max_size=4)


@pytest.fixture(autouse=True, scope="module")
def _platform() -> Iterator[None]:
    """Be the platform that hands out credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.ENVIRON.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(name="address", params=STORES)
def _address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return ADDRESSES[request.param](tmp_path)


@pytest.fixture(name="store")
def _store(address: str, clock: Clock) -> Records:
    return open_records(address, clock)


def test_every_file_in_the_folder_is_registered() -> None:
    """A module that nobody can name does not exist."""
    assert {f"functions.shared.stores.{path.stem}" for path in FOLDER.glob("*.py")} - {"functions.shared.stores.__init__"} == set(STORES.values())


def test_a_store_has_the_ports_methods(store: Records) -> None:
    """With the port's own parameters, by name, order and default."""
    methods = [name for name in vars(Records) if not name.startswith("_")]

    assert {"get", "put", "delete", "query"} <= set(methods)
    assert [parameters(Records, name) for name in methods] == [parameters(type(store), name) for name in methods]


def test_a_table_has_its_ports_methods(address: str, clock: Clock) -> None:
    """Whoever makes it."""
    methods = [name for name in vars(Table) if not name.startswith("_")]

    assert {"prepare", "ready", "delete"} == set(methods)
    assert [parameters(Table, name) for name in methods] == [parameters(type(open_table(address, clock)), name) for name in methods]


def test_a_table_that_is_there_is_ready(address: str, clock: Clock) -> None:
    """Making it again changes nothing of what is in it."""
    store, table = open_records(address, clock), open_table(address, clock)
    store.put("p", "s", {}, if_version=0)
    table.prepare()

    assert (True, Record("p", "s", 1, {})) == (table.ready(), store.get("p", "s"))


@pytest.mark.parametrize("scheme", sorted(STORES.keys() - TABLES))
def test_a_table_of_somebody_elses_making_is_not_dropped(tmp_path: Path, clock: Clock, scheme: str) -> None:
    """The deployer made it, or it is the owner's file."""
    address = ADDRESSES[scheme](tmp_path)
    store = open_records(address, clock)
    store.put("p", "s", {}, if_version=0)

    with pytest.raises(InvalidRequest):
        open_table(address, clock).delete()
    assert Record("p", "s", 1, {}) == store.get("p", "s")


def test_a_table_of_an_unknown_store_is_refused(clock: Clock) -> None:
    """In the same words."""
    with pytest.raises(SettingsError, match=r"^STORE must begin with one of: .*sqlite"):
        open_table("mongodb://x", clock)


def parameters(of: type, name: str) -> list[tuple[str, Any]]:
    """Return the names and defaults of a method's parameters."""
    return [(one.name, one.default) for one in inspect.signature(getattr(of, name)).parameters.values()]


@pytest.mark.parametrize("address", ["", "mongodb://x", "sqlite", "SQLITE:///x", "/var/twocan.db"])
def test_an_unknown_address_is_named_with_what_there_is(address: str, clock: Clock) -> None:
    """Without quoting it: addresses hold passwords."""
    with pytest.raises(SettingsError, match=r"STORE must begin with one of: .*sqlite|STORE must be sqlite:///path") as refused:
        open_records(address, clock)

    assert not address or address not in refused.value.message.replace("sqlite", "")


def test_what_was_put_is_got(store: Records) -> None:
    """With its first version and its expiry."""
    version = store.put("p", "s", {"a": [1, None, True, {"é": "你"}]}, if_version=0, expires=1_900_000_000)

    assert 1 == version
    assert Record("p", "s", 1, {"a": [1, None, True, {"é": "你"}]}, 1_900_000_000) == store.get("p", "s")


def test_what_was_never_put_is_none(store: Records) -> None:
    """Neither the same sort elsewhere nor another sort here."""
    store.put("p", "s", {}, if_version=0)

    assert [None, None, None] == [store.get("p", "t"), store.get("q", "s"), store.get("", "")]


def test_each_write_counts(store: Records) -> None:
    """Versions go up by one, and a new expiry replaces the old one, also by none."""
    versions = [store.put("p", "s", {}, if_version=0, expires=2_000_000_000), *(store.put("p", "s", {"n": n}, if_version=n) for n in (1, 2))]

    assert [1, 2, 3] == versions
    assert Record("p", "s", 3, {"n": 2}, None) == store.get("p", "s")


@pytest.mark.parametrize(("there", "if_version"), [(0, 1), (0, 7), (2, 0), (2, 1), (2, 3)])
def test_a_write_at_another_version_conflicts(store: Records, there: int, if_version: int) -> None:
    """And changes nothing; nor does a removal."""
    for number in range(there):
        store.put("p", "s", {"n": number}, if_version=number)
    before = store.get("p", "s")

    with pytest.raises(Conflict):
        store.put("p", "s", {"n": 9}, if_version=if_version)
    assert before == store.get("p", "s")


@pytest.mark.parametrize(("there", "if_version"), [(0, 1), (2, 1), (2, 3)])
def test_a_removal_at_another_version_conflicts(store: Records, there: int, if_version: int) -> None:
    """And removes nothing."""
    for number in range(there):
        store.put("p", "s", {"n": number}, if_version=number)
    before = store.get("p", "s")

    with pytest.raises(Conflict):
        store.delete("p", "s", if_version=if_version)
    assert before == store.get("p", "s")


@pytest.mark.parametrize("there", [0, 1, 2])
def test_any_version_will_do(store: Records, there: int) -> None:
    """Writing without looking still counts."""
    for number in range(there):
        store.put("p", "s", {}, if_version=number)

    assert there + 1 == store.put("p", "s", {}, if_version=ANY)


@pytest.mark.parametrize("if_version", [2, ANY], ids=["exact", "any"])
def test_what_was_removed_is_gone(store: Records, if_version: int) -> None:
    """And begins again at version 1."""
    store.put("p", "s", {}, if_version=0)
    store.put("p", "s", {}, if_version=1)
    store.delete("p", "s", if_version=if_version)

    assert (None, []) == (store.get("p", "s"), store.query("p"))
    assert 1 == store.put("p", "s", {}, if_version=0)


def test_any_removes_what_is_not_there(store: Records) -> None:
    """Removing twice is no error."""
    store.delete("p", "s", if_version=ANY)

    assert store.get("p", "s") is None


def test_expired_is_absent_everywhere(store: Records, clock: Clock) -> None:
    """At exactly its expiry, for reading, for lists and for writes that ask for absence."""
    store.put("p", "s", {"n": 1}, if_version=0, expires=clock() + 10)
    clock.forward(9)
    alive = (store.get("p", "s"), len(store.query("p")))
    clock.forward(1)

    assert (Record("p", "s", 1, {"n": 1}, clock()), 1) == alive
    assert (None, []) == (store.get("p", "s"), store.query("p"))
    assert 1 == store.put("p", "s", {"n": 2}, if_version=0)


def test_expired_conflicts_with_its_version(store: Records, clock: Clock) -> None:
    """Whoever holds a version of what is no more must look again."""
    store.put("p", "s", {}, if_version=0, expires=clock() + 10)
    clock.forward(10)

    with pytest.raises(Conflict):
        store.put("p", "s", {}, if_version=1)
    with pytest.raises(Conflict):
        store.delete("p", "s", if_version=1)


def test_any_version_begins_again_after_expiry(store: Records, clock: Clock) -> None:
    """Writing without looking does not count on what is no more, nor does it keep its expiry; removing it is no error."""
    for sort in ("s", "t"):
        store.put("p", sort, {}, if_version=0, expires=clock() + 10)
        store.put("p", sort, {}, if_version=1, expires=clock() + 10)
    clock.forward(10)
    store.delete("p", "t", if_version=ANY)

    assert 1 == store.put("p", "s", {"n": 1}, if_version=ANY)
    assert [Record("p", "s", 1, {"n": 1})] == store.query("p")


def test_expired_does_not_shorten_a_page(store: Records, clock: Clock) -> None:
    """A short page is the last, so expired items may not leave holes in one."""
    for number in range(10):
        store.put("p", str(number), {}, if_version=0, expires=clock() + 10 if number < 5 else None)
    clock.forward(10)

    assert ["5", "6", "7"] == [one.sort for one in store.query("p", limit=3)]


def test_order_is_by_utf8_bytes(store: Records) -> None:
    """UTF-16 would put an astral character, by its surrogates, before U+FFFD; a locale would fold case."""
    sorts = ["", "A", "Z", "a", "aa", "z", "é", "\u4f60", "\ufffd", "\uffff", "\U0001f600", "\U0010ffff"][1:]
    for sort in reversed(sorts):
        store.put("p", sort, {}, if_version=0)

    assert sorts == [one.sort for one in store.query("p")]
    assert ["\U0001f600", "\U0010ffff"] == [one.sort for one in store.query("p", after="\uffff")]


def test_after_is_exclusive_and_need_not_exist(store: Records) -> None:
    """A list goes on although its last item was removed meanwhile."""
    for sort in ("a", "b", "d"):
        store.put("p", sort, {}, if_version=0)

    assert [["b", "d"], ["d"], []] == [[one.sort for one in store.query("p", after=after)] for after in ("a", "c", "d")]


def test_a_partition_is_alone(store: Records) -> None:
    """Names that begin alike or differ in case do not mix, nor do wildcards mean anything."""
    for partition in ("p", "p/", "P", "%", "pp", "*"):
        store.put(partition, "s", {"p": partition}, if_version=0)

    assert [["p"], ["%"], ["*"]] == [[one.body["p"] for one in store.query(partition)] for partition in ("p", "%", "*")]


@pytest.mark.parametrize("sort", ["'; drop table records; --", "a\0b", "a/b#c", " ", "\n", "a" * 900], ids=lambda one: ascii(one[:12]))
def test_a_name_may_hold_anything(store: Records, sort: str) -> None:
    """It is data, in every store's language."""
    store.put(sort, sort, {"name": sort}, if_version=0)

    assert [Record(sort, sort, 1, {"name": sort})] == store.query(sort)


@pytest.mark.parametrize("limit", [1, 99, 100, 101])
def test_a_full_page_has_exactly_its_limit(store: Records, limit: int) -> None:
    """One item more waits for the next page."""
    for number in range(limit + 1):
        store.put("p", f"{number:04}", {}, if_version=0)

    assert limit == len(store.query("p", limit=limit))
    assert [f"{limit:04}"] == [one.sort for one in store.query("p", after=f"{limit - 1:04}", limit=limit)]


def sized(size: int) -> dict[str, str]:
    """Return a body of that many bytes of JSON."""
    return {"a": "é" * ((size - 8) // 2) + "x" * (size % 2)}


def test_a_body_may_have_350_kb(store: Records) -> None:
    """Bytes are counted, not characters."""
    body = sized(LONGEST)
    store.put("p", "s", body, if_version=0)

    assert LONGEST == len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
    assert Record("p", "s", 1, body) == store.get("p", "s")


@pytest.mark.parametrize(
    "body",
    [sized(LONGEST + 1), {"a": 1.5}, {"a": [{"b": 0.0}]}, {"a": float("nan")}, {"a": float("inf")}, {"a": "\ud800"}, {"\udfff": 1}],
    ids=["too-long", "float", "float-inside", "nan", "infinity", "surrogate", "surrogate-name"],
)
def test_what_stores_would_keep_differently_is_refused(store: Records, body: dict[str, Any]) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidRequest):
        store.put("p", "s", body, if_version=0)
    assert store.get("p", "s") is None


def test_a_body_that_was_put_does_not_change(store: Records) -> None:
    """Neither with what was passed in, nor with what was handed out."""
    body = {"a": [1]}
    store.put("p", "s", body, if_version=0)
    body["a"].append(2)
    first = store.get("p", "s")
    assert first is not None
    first.body["a"].append(3)

    assert Record("p", "s", 1, {"a": [1]}) == store.get("p", "s")


def test_one_of_many_creates(store: Records) -> None:
    """Creating is atomic, however many threads try."""

    def creates(number: int) -> bool:
        try:
            return bool(store.put("p", "s", {"n": number}, if_version=0))
        except Conflict:
            return False

    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(creates, range(64)))

    assert (1, 1) == (sum(created), len(store.query("p")))


def test_no_write_is_lost_between_threads(store: Records) -> None:
    """Read, add one, write, and again on Conflict: all the ones are there."""

    def adds(_: int) -> None:
        for _attempt in count():
            found = store.get("p", "s")
            try:
                store.put("p", "s", {"n": found.body["n"] + 1 if found else 1}, if_version=found.version if found else 0)
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(adds, range(80)))

    assert Record("p", "s", 80, {"n": 80}) == store.get("p", "s")


@pytest.mark.parametrize("begun", ["absent", "live", "expired"])
def test_writes_without_looking_do_not_share_a_version(store: Records, clock: Clock, begun: str) -> None:
    """Each counts, whatever was there and however many threads write."""
    if begun != "absent":
        store.put("p", "s", {}, if_version=0, expires=clock() + 10)
    clock.forward(10 if begun == "expired" else 0)
    with ThreadPoolExecutor(16) as pool:
        versions = list(pool.map(lambda number: store.put("p", "s", {"n": number}, if_version=ANY), range(32)))

    first = 2 if begun == "live" else 1
    assert list(range(first, first + 32)) == sorted(versions)


def test_what_was_put_is_there_after_opening_again(address: str, clock: Clock) -> None:
    """With version and expiry; two that are open at once see the same."""
    first = open_records(address, clock)
    first.put("p", "s", {"n": 1}, if_version=0, expires=clock() + 10)
    second = open_records(address, clock)
    second.put("p", "s", {"n": 2}, if_version=1)

    assert Record("p", "s", 2, {"n": 2}) == first.get("p", "s") == open_records(address, clock).get("p", "s")


@pytest.mark.parametrize("scheme", STORES)
@given(items=st.dictionaries(SORTS, BODIES, max_size=12), after=st.one_of(st.just(""), SORTS), limit=st.integers(1, 5))
def test_pages_laid_end_to_end_are_the_partition(scheme: str, items: dict[str, dict[str, Any]], after: str, limit: int) -> None:
    """In the order of UTF-8 bytes, each item once, every page but the last one full."""
    store = open_records(PASSING[scheme](), Clock())
    for sort, body in items.items():
        store.put("p", sort, body, if_version=0)
    pages = [store.query("p", after=after, limit=limit)]
    while len(pages[-1]) == limit:
        pages.append(store.query("p", after=pages[-1][-1].sort, limit=limit))
    expected = sorted((sort for sort in items if sort.encode() > after.encode()), key=str.encode)

    assert [(sort, items[sort]) for sort in expected] == [(one.sort, one.body) for page in pages for one in page]


class Model:
    """The port in ten lines of dictionary: what every store must do."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[str, tuple[int, int | None]] = {}

    def version(self, sort: str) -> int:
        """Return the live version, 0 if absent."""
        version, expires = self.items.get(sort, (0, None))
        return version if expires is None or expires > self.clock() else 0

    def put(self, sort: str, if_version: int, expires: int | None) -> int | None:
        """Return the new version, or None for a conflict."""
        if if_version not in (ANY, self.version(sort)):
            return None
        self.items[sort] = (self.version(sort) + 1, expires)
        return self.items[sort][0]

    def delete(self, sort: str, if_version: int) -> bool:
        """Say whether it may be removed, and remove it."""
        if if_version not in (ANY, self.version(sort)):
            return False
        self.items.pop(sort, None)
        return True


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "wait"]), st.sampled_from("abc"), st.integers(-1, 3), st.one_of(st.none(), st.integers(-1, 6))),
    max_size=40,
)


@pytest.mark.parametrize("scheme", STORES)
@given(steps=STEPS)
def test_a_store_does_what_the_model_does(scheme: str, steps: list[tuple[str, str, int, int | None]]) -> None:
    """Any sequence of writes, removals and waiting: the same versions, conflicts and expiries."""
    clock = Clock()
    store, model = open_records(PASSING[scheme](), clock), Model(clock)
    for kind, sort, number, wait in steps:
        expires = None if wait is None else clock() + wait
        if kind == "wait":
            clock.forward(number + 1)
        elif kind == "put":
            assert model.put(sort, number, expires) == put(store, sort, number, expires)
        else:
            assert model.delete(sort, number) is deleted(store, sort, number)

        assert [sort for sort in "abc" if model.version(sort)] == [one.sort for one in store.query("p")]


def put(store: Records, sort: str, if_version: int, expires: int | None) -> int | None:
    """Return the new version, or None for a conflict."""
    try:
        return store.put("p", sort, {}, if_version=if_version, expires=expires)
    except Conflict:
        return None


def deleted(store: Records, sort: str, if_version: int) -> bool:
    """Say whether it could be removed."""
    try:
        store.delete("p", sort, if_version=if_version)
    except Conflict:
        return False
    return True
