"""board.py: which model is left alone, how busy and how quick it is."""

from __future__ import annotations

import threading

import pytest

from functions.chat.board import FAILURES, Board
from tests.fakes.clock import Clock


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(1000)


@pytest.fixture(name="board")
def _board(clock: Clock) -> Board:
    return Board(clock)


def fail(board: Board, times: int = FAILURES, retry_after: float | None = None) -> None:
    """Let a model fail so many times in a row."""
    for _ in range(times):
        lease = board.lease("m")
        assert lease
        lease.end(failed="upstream_error", retry_after=retry_after)


def test_two_failures_are_bad_luck(board: Board) -> None:
    """And one answer between them makes three of them none in a row."""
    fail(board, FAILURES - 1)
    good = board.lease("m")
    assert good
    good.end()
    fail(board, FAILURES - 1)

    assert 0 == board.standing("m").wait


def test_three_failures_are_a_reason_to_leave_it_alone(board: Board) -> None:
    """And nothing of it touches another model."""
    fail(board)

    assert (2.0, None) == (board.standing("m").wait, board.lease("m"))
    assert board.lease("other")


def test_a_server_that_says_when_to_come_back_is_believed_at_once(board: Board) -> None:
    """Up to ten minutes."""
    fail(board, 1, retry_after=30)
    first = board.standing("m").wait
    board = Board(Clock(1000))
    fail(board, 1, retry_after=1e9)

    assert (30.0, 600.0) == (first, board.standing("m").wait)


def test_the_later_word_holds(board: Board) -> None:
    """Of two questions that failed, one of which was told to wait longer."""
    first, second = board.lease("m"), board.lease("m")
    assert first
    assert second
    first.end(failed="upstream_error", retry_after=30)
    second.end(failed="upstream_error", retry_after=5)

    assert 30.0 == board.standing("m").wait


def test_one_probe_and_not_a_herd(board: Board, clock: Clock) -> None:
    """When the time is over one question is let through, and the others wait for what comes of it."""
    fail(board)
    clock.forward(2)
    leases = [board.lease("m") for _ in range(5)]

    assert [True, False, False, False, False] == [one is not None for one in leases]


def test_a_probe_that_succeeds_opens_for_all(board: Board, clock: Clock) -> None:
    """And counts the failures from the beginning."""
    fail(board)
    clock.forward(2)
    probe = board.lease("m")
    assert probe
    probe.end()
    fail(board, FAILURES - 1)

    assert board.lease("m")


def test_a_probe_that_fails_waits_twice_as_long(board: Board, clock: Clock) -> None:
    """Each time, up to a minute."""
    fail(board)
    waits = []
    for _ in range(7):
        waits.append(board.standing("m").wait)
        clock.forward(int(board.standing("m").wait))
        fail(board, 1)

    assert [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] == waits


def test_a_probe_whose_asker_has_gone_lets_another_try(board: Board, clock: Clock) -> None:
    """Nobody knows what would have come of it."""
    fail(board)
    clock.forward(2)
    probe = board.lease("m")
    assert probe
    probe.end(failed=None)

    assert board.lease("m")


def test_a_probe_that_never_ends_is_not_waited_for_for_ever(board: Board, clock: Clock) -> None:
    """A platform may have frozen whoever asked."""
    fail(board)
    clock.forward(2)
    board.lease("m")
    clock.forward(29)
    before = board.lease("m")
    clock.forward(1)

    assert (None, True) == (before, board.lease("m") is not None)


def test_an_old_answer_opens_nothing(board: Board) -> None:
    """It says how things were when it was asked."""
    old = board.lease("m")
    fail(board)
    assert old
    old.end()

    assert 2.0 == board.standing("m").wait


def test_questions_that_are_open_are_counted_once(board: Board) -> None:
    """However often their end is told."""
    first, _ = board.lease("m"), board.lease("m")
    assert first
    first.end()
    first.end(failed="upstream_error")

    assert (1, 0, 2) == board.standing("m")[1:4]


def test_the_time_to_a_first_token_is_an_average_that_ages(board: Board, clock: Clock) -> None:
    """A single slow answer does not say everything, and after two minutes none does."""
    for seconds in (1, 2):
        lease = board.lease("m")
        assert lease
        clock.forward(seconds)
        lease.first_token()
    fresh = board.standing("m").first_token
    clock.forward(121)

    assert pytest.approx(1.3) == fresh
    assert board.standing("m").first_token is None


def test_all_that_were_asked_are_listed(board: Board) -> None:
    """For whoever wants to see."""
    fail(board, 1)
    board.lease("n")

    assert {"m": (0.0, 0, 1, 1, None), "n": (0.0, 1, 0, 1, None)} == dict(board.standings())


def test_threads_share_it(board: Board, clock: Clock) -> None:
    """Of many that come at once, one is the probe."""
    fail(board)
    clock.forward(2)
    let_in = []
    threads = [threading.Thread(target=lambda: let_in.append(board.lease("m"))) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert 1 == sum(one is not None for one in let_in)


def test_the_last_outcomes_are_kept(clock: Clock) -> None:
    """How long ago, how long to the first token, and the code; fifty of each model, the oldest first."""
    board = Board(clock)
    for number in range(60):
        lease = board.lease("m")
        assert lease
        clock.forward(1)
        if number % 2:
            lease.first_token()
        lease.end(failed="upstream_cut" if number == 58 else "")
    found = board.lately("m")

    assert [(1.0, None, "upstream_cut"), (0.0, 1.0, "")] == found[-2:]
    assert (50, 49.0, []) == (len(found), found[0].ago, board.lately("other"))


def test_who_hangs_up_leaves_the_first_token_alone(clock: Clock) -> None:
    """It was waited for; without one nothing is known of the model."""
    board = Board(clock)
    for began in (True, False):
        lease = board.lease("m")
        assert lease
        clock.forward(2)
        if began:
            lease.first_token()
        lease.end(failed=None)

    assert [(2.0, 2.0, "")] == board.lately("m")
