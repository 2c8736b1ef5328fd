"""share.py: what instances tell one another of models that are down, through the store, and that nobody waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from functions.chat.board import FAILURES, Board
from functions.chat.handler import handler
from functions.chat.share import Share
from functions.shared.errors import SettingsError, Unavailable
from functions.shared.stores import ANY, open_records
from tests.fakes.clock import Clock
from tests.functions.chat.stand import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.shared.stores import Records


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(1_800_000_000)


@pytest.fixture(name="records")
def _records(tmp_path: Path, clock: Clock) -> Iterator[Records]:
    """Return a store; after the test nobody is at work on it."""
    yield open_records(f"sqlite:///{tmp_path / 'records.db'}", clock)
    settle()


def settle() -> None:
    """Wait until everything is told and read."""
    for one in threading.enumerate():
        if one.name == "breaker":
            one.join(30)


def instance(records: Any, clock: Clock) -> tuple[Board, Share]:
    """Return another instance's board, and its part in sharing."""
    board = Board(clock)
    return board, Share(records, board, clock, clock)


def fail(board: Board, name: str = "m", retry_after: float | None = None) -> None:
    """Let a model fail until it is left alone."""
    for _ in range(1 if retry_after else FAILURES):
        lease = board.lease(name)
        assert lease
        lease.end(failed="upstream_error", retry_after=retry_after)
    settle()


def test_what_one_finds_down_all_leave_alone(records: Records, clock: Clock) -> None:
    """For as long as the one does, and nothing else."""
    here, _ = instance(records, clock)
    there, share = instance(records, clock)
    fail(here, retry_after=30)
    share.look()
    settle()

    assert (30.0, 0.0) == (there.standing("m").wait, there.standing("other").wait)


@pytest.mark.parametrize(("mine", "theirs"), [(30.0, 300.0), (300.0, 30.0)])
def test_the_later_deadline_wins(records: Records, clock: Clock, mine: float, theirs: float) -> None:
    """Whoever told first, in the store and on the board."""
    here, look = instance(records, clock)
    there, other = instance(records, clock)
    fail(here, retry_after=mine)
    fail(there, retry_after=theirs)
    look.look()
    other.look()
    settle()

    assert (300.0, 300.0) == (here.standing("m").wait, there.standing("m").wait)


def test_it_is_looked_at_every_five_seconds_at_most(records: Records, clock: Clock) -> None:
    """However many questions there are."""
    looks = Counted(records)
    _, share = instance(looks, clock)
    for _ in range(10):
        share.look()
    settle()
    first = looks.queries
    clock.forward(5)
    share.look()
    settle()

    assert (1, 2) == (first, looks.queries)


def test_nobody_waits_for_the_store(clock: Clock) -> None:
    """A store that hangs delays neither a question nor an error."""
    slow = Stuck()
    board, share = instance(slow, clock)
    share.look()
    for _ in range(FAILURES):
        lease = board.lease("m")
        assert lease
        lease.end(failed="upstream_error")
    at_work = [one for one in threading.enumerate() if one.name == "breaker"]
    slow.go.set()
    settle()

    assert (3, 2.0) == (len(at_work), board.standing("m").wait)


def test_a_store_that_fails_costs_nothing(clock: Clock) -> None:
    """Each instance then has what it has seen itself."""
    board, share = instance(Broken(), clock)
    share.look()
    fail(board)

    assert 2.0 == board.standing("m").wait


@pytest.mark.parametrize("body", [{}, {"until": "soon"}, {"until": None}, {"until": 1}])
def test_what_is_no_deadline_shuts_nothing(records: Records, clock: Clock, body: dict[str, Any]) -> None:
    """Nor does one that has passed; and what is told later takes its place."""
    records.put("breaker", "m", body, if_version=ANY)
    board, share = instance(records, clock)
    share.look()
    settle()
    before = board.standing("m").wait
    fail(board, retry_after=30)
    found = records.get("breaker", "m")
    assert found

    assert (0.0, {"until": 1_800_000_030}) == (before, found.body)


def test_many_who_tell_at_once_leave_the_latest(records: Records, clock: Clock) -> None:
    """None overwrites a later deadline by an earlier one."""
    for seconds in (20.0, 60.0, 40.0):
        fail(instance(records, clock)[0], retry_after=seconds)
    found = records.get("breaker", "m")
    assert found

    assert (1_800_000_060, 1_800_000_061) == (found.body["until"], found.expires)


def test_the_chat_function_shares_where_its_owner_says_so(tmp_path: Path) -> None:
    """By a store's address; without one it opens none, and one that is none is said at the start."""
    given = settings("http://127.0.0.1:9")
    alone = handler.start("aws", given.get)._tools
    shared = handler.start("aws", {**given, "BREAKER": f"sqlite:///{tmp_path / 'records.db'}"}.get)._tools
    with pytest.raises(SettingsError):
        handler.start("aws", {**given, "BREAKER": "nowhere:"}.get)

    assert alone.desk.share is None
    assert shared.desk.share is not None


def answered(board: Board, clock: Clock, seconds: int, failed: str = "") -> None:
    """Let a model begin to answer after so long."""
    lease = board.lease("m")
    assert lease
    clock.forward(seconds)
    lease.first_token()
    lease.end(failed=failed)


def test_what_came_of_questions_is_told_to_the_others(records: Records, clock: Clock) -> None:
    """At the first token, or with the next question, at most every five seconds; nobody hears itself."""
    here, tells = instance(records, clock)
    _, asks = instance(records, clock)
    answered(here, clock, 1)
    settle()
    first = [len(other["m"]) for other in asks.others()]
    answered(here, clock, 3, failed="upstream_cut")
    tells.look()
    settle()
    clock.forward(10)

    assert [{"m": [(13, 1.0, ""), (10, 3.0, "upstream_cut")]}] == [{"m": [tuple(one) for one in other["m"]]} for other in asks.others()]
    assert ([1], []) == (first, tells.others())


def test_an_answer_that_is_under_way_is_told(records: Records, clock: Clock) -> None:
    """A platform stops a function once it has answered; if it breaks off yet, that is told with the next question."""
    here, tells = instance(records, clock)
    _, asks = instance(records, clock)
    lease = here.lease("m")
    assert lease
    lease.first_token()
    settle()
    under_way = asks.others()
    clock.forward(5)
    lease.end(failed="upstream_cut")
    tells.look()
    settle()

    assert ([{"m": [(0.0, 0.0, "")]}], [{"m": [(0.0, 0.0, "upstream_cut")]}]) == (under_way, asks.others())


def test_nothing_new_is_nothing_told(records: Records, clock: Clock) -> None:
    """What costs a write is written once; an hour after that nobody hears of it."""
    here, tells = instance(records, clock)
    _, asks = instance(records, clock)
    answered(here, clock, 1)
    for _ in range(3):
        tells.look()
        settle()
        clock.forward(5)
    (found,) = records.query("seen")
    clock.forward(3600)

    assert (1, []) == (found.version, asks.others())


def test_all_instances_are_heard_however_many(records: Records, clock: Clock) -> None:
    """The store gives them in pages."""
    for number in range(250):
        records.put("seen", f"{number:03}", {"models": {"m": [[1_800_000_000, None, ""]]}}, if_version=ANY)

    assert 250 == len(instance(records, clock)[1].others())


@pytest.mark.parametrize("body", [{}, {"models": []}, {"models": {"m": [[1]]}}, {"models": {"m": [["x", 1, ""]]}}, {"models": {"m": 3}}], ids=repr)
def test_what_another_release_has_told_is_left_out(records: Records, clock: Clock, body: dict[str, Any]) -> None:
    """While one takes over from the other, both write."""
    records.put("seen", "other", body, if_version=ANY)

    assert [{}] == instance(records, clock)[1].others()


def test_who_asks_learns_what_the_others_leave_alone(records: Records, clock: Clock) -> None:
    """At once, and not with its next question."""
    there, _ = instance(records, clock)
    here, asks = instance(records, clock)
    fail(there, retry_after=30)
    asks.others()

    assert 30.0 == here.standing("m").wait


class Counted:
    """A store that counts what is asked of it."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.queries = 0

    def query(self, partition: str, *, limit: int) -> Any:
        """Count, and answer."""
        self.queries += 1
        return self._records.query(partition, limit=limit)


class Stuck:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def query(self, *_: Any, **__: Any) -> list[Any]:
        """Wait, and have nothing."""
        self.go.wait(30)
        return []

    def get(self, *_: Any, **__: Any) -> None:
        """Wait, and fail."""
        self.go.wait(30)
        raise Unavailable

    put = get


class Broken:
    """A store that is down."""

    def query(self, *_: Any, **__: Any) -> list[Any]:
        """Fail."""
        raise Unavailable

    get = put = query
