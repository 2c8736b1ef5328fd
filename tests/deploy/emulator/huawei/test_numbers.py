"""Calls are counted by the minute, told for a version or a whole function, and forgotten after a day."""

from __future__ import annotations

from deploy.emulator.huawei.numbers import Minute, Numbers

NOW = 1_800_000_000.0
ONE = ("chat", "v1")


def test_minutes_are_added_up() -> None:
    """What was rejected has taken no time, and is not the shortest call."""
    numbers = Numbers()
    numbers.add(ONE, NOW, 0, failed=False, rejected=True)
    numbers.add(ONE, NOW, 30, failed=True, rejected=False)
    numbers.add(("chat", "v2"), NOW, 10, failed=False, rejected=False)

    assert {NOW: Minute(2, 1, 1, 30, 30, 30)} == numbers.between("chat", "v1", NOW, NOW)
    assert {NOW: Minute(3, 1, 1, 40, 30, 10)} == numbers.between("chat", None, NOW, NOW)


def test_only_the_minutes_asked_for_are_told() -> None:
    """From the first one to the last, in their order."""
    numbers = Numbers()
    for minute in (2, 0, 1, 3):
        numbers.add(ONE, NOW + minute * 60, 1, failed=False, rejected=False)

    assert [NOW + 60, NOW + 120] == list(numbers.between("chat", None, NOW + 60, NOW + 120))


def test_old_minutes_and_gone_functions_are_forgotten() -> None:
    """A day is kept."""
    numbers = Numbers()
    numbers.add(ONE, NOW, 1, failed=False, rejected=False)
    numbers.add(ONE, NOW + 24 * 60 * 60 + 60, 1, failed=False, rejected=False)
    kept = len(numbers.between("chat", None, 0, NOW * 2))
    numbers.forget("chat")

    assert (1, {}) == (kept, numbers.between("chat", None, 0, NOW * 2))
