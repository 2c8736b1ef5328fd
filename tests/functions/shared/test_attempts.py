"""attempts.py: never more than the limit in any window, never a refusal below it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import attempts
from functions.shared.errors import TooManyAttempts
from functions.shared.stores import Records, open_records
from tests.fakes.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

WAITS = st.lists(st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 200), st.sampled_from([89, 90, 91, 899, 900, 901])), max_size=80)


def claimed(records: Records, now: int, *, name: str = "alice", address: str = "192.0.2.1") -> int | None:
    """Try once and return None, or how long to wait."""
    try:
        attempts.count(records, name=name, address=address, now=now)
    except TooManyAttempts as refused:
        return refused.retry_after
    return None


@given(WAITS)
def test_any_window_holds_at_most_ten(waits: list[int]) -> None:
    """However the tries fall, also across the quarters of an hour; and whoever has a try left is never refused."""
    clock = Clock()
    records = open_records("sqlite:///:memory:", clock)
    runs: list[int] = []
    for number, wait in enumerate(waits):
        clock.forward(wait)
        recent = [one for one in runs if one > clock() - attempts.WINDOW]
        free = claimed(records, clock(), address=str(number)) is None

        assert free is (len(recent) < attempts.PER_ACCOUNT)
        runs += [clock()] if free else []


@given(WAITS)
def test_retry_after_is_the_truth(waits: list[int]) -> None:
    """One second before, the answer is still no; then it is yes."""
    clock = Clock()
    records = open_records("sqlite:///:memory:", clock)
    for number, wait in enumerate(waits):
        clock.forward(wait % 90)
        seconds = claimed(records, clock(), address=str(number))
        if seconds is None:
            continue
        clock.forward(seconds - 1)

        assert seconds == 1 or claimed(records, clock(), address="x") == 1
        clock.forward(1)
        assert claimed(records, clock(), address="y") is None
        return


def test_an_address_that_is_used_up_cannot_use_up_names(records: Records, clock: Clock) -> None:
    """Nobody can lock others out from one address for longer than its own tries last."""
    for number in range(50):
        claimed(records, clock(), name=f"user{number}")
    refused = [claimed(records, clock(), name="alice") for _ in range(20)]

    assert [900] * 20 == refused
    assert claimed(records, clock(), address="192.0.2.2") is None


def test_neither_name_nor_address_is_stored(records: Records, clock: Clock) -> None:
    """A password typed into the wrong field stays out of the store."""
    claimed(records, clock(), name="my-password", address="my-address")

    assert [] == records.query("attempts/name/my-password") + records.query("attempts/address/my-address")


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 100_000], ids=ascii)
def test_any_text_is_counted(records: Records, clock: Clock, text: str) -> None:
    """Whatever was typed takes up one slot."""
    tried = [claimed(records, clock(), name=text, address=str(number)) for number in range(11)]

    assert [None] * 10 + [900] == tried


def test_forty_at_once_get_ten_slots(records: Records, clock: Clock) -> None:
    """No two runs ever share one."""
    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda number: claimed(records, clock(), address=str(number)), range(40)))

    assert 10 == results.count(None)


def test_forty_at_once_in_four_processes_worth_of_connections_get_ten_slots(tmp_path: Path, clock: Clock) -> None:
    """Functions on one machine share the file, not the connection."""
    stores = [open_records(f"sqlite:///{tmp_path / 'records.db'}", clock) for _ in range(4)]
    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda number: claimed(stores[number % 4], clock(), address=str(number)), range(40)))

    assert 10 == results.count(None)


def test_a_full_name_does_not_lock_out_everybody_at_its_address(records: Records, clock: Clock) -> None:
    """Refused tries run no hash, so they use up nothing of the address that others share."""
    for _ in range(attempts.PER_ADDRESS * 2):
        claimed(records, clock(), name="alice")

    assert claimed(records, clock(), name="bob") is None


def test_a_name_gets_its_tries_back(tmp_path: Path) -> None:
    """Its own, and nobody else's: what the address has used stays used."""
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}", Clock(1000))
    for _ in range(attempts.PER_ACCOUNT):
        claimed(records, 1000)
        claimed(records, 1000, name="bob", address="192.0.2.2")

    attempts.forget(records, "alice")

    assert [None, 900] == [claimed(records, 1000), claimed(records, 1000, name="bob", address="192.0.2.2")]
