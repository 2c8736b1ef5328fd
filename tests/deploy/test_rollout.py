"""rollout.py: readings to a verdict, aliases to what is going on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import owner, rollout
from deploy.rollout import Note, Pointer, Reading, Verdict

BOUNDS = owner.Rollout(probes=20, most_errors=2, slowdown=2)
SOUND = Reading(100, (), 0, (100.0,) * 100, (500.0,) * 5)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (SOUND._replace(failures=("status 500",) * 3), "chat: 3 of 100 calls failed, such as: status 500"),
        (SOUND._replace(throttled=3), "chat: 3 of 100 calls failed, such as: throttled"),
        (SOUND._replace(took=(400.0,) * 100), "chat: answers, p95: 400 ms, before 100 ms"),
        (SOUND._replace(took=(100.0,) * 90 + (900.0,) * 10), "chat: answers, p95: 900 ms, before 100 ms"),
        (SOUND._replace(first_tokens=(2000.0,) * 4), "chat: first tokens, at best: 2000 ms, before 500 ms"),
        (Reading(0, ("no answer",)), "chat: no real question was answered: no answer"),
        (SOUND._replace(intolerable="a broken token is not refused"), "chat: a broken token is not refused"),
    ],
    ids=["errors", "throttles", "slow", "slow-tail", "first-token", "no-real-answer", "intolerable"],
)
def test_a_bad_reading_has_its_reason(new: Reading, reason: str) -> None:
    """In the words that the owner is shown."""
    assert Verdict(good=False, reason=reason) == rollout.judge("chat", SOUND, new, BOUNDS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SOUND, SOUND),
        (SOUND, SOUND._replace(failures=("status 502",) * 2)),
        (SOUND, SOUND._replace(took=(350.0,) * 100)),
        (Reading(), SOUND),
        (SOUND._replace(failures=("status 502",) * 50), SOUND._replace(failures=("status 502",) * 50)),
    ],
    ids=["the-same", "within-the-bound", "within-the-noise", "nothing-before", "no-worse-than-before"],
)
def test_what_is_no_worse_goes_on(old: Reading, new: Reading) -> None:
    """A model's server that is down fails both alike; a quotient of two small times says nothing."""
    assert Verdict(good=True) == rollout.judge("chat", old, new, BOUNDS)


@pytest.mark.parametrize("new", [SOUND._replace(took=(400.0,) * 40), SOUND._replace(first_tokens=(2000.0,) * 3)], ids=["answers", "first-token"])
def test_what_looks_slow_once_is_asked_again(new: Reading) -> None:
    """A machine has its moments, and a function its cold starts."""
    verdict = rollout.judge("chat", SOUND, new, BOUNDS)

    assert (False, False) == (verdict.good, verdict.enough)


def test_a_cold_start_is_no_slow_version() -> None:
    """Nor is a model that is slow now and then: what is slow at its best is the version's own doing."""
    assert Verdict(good=True) == rollout.judge("chat", SOUND, SOUND._replace(first_tokens=(5000.0, 3000.0, 510.0)), BOUNDS)


def test_too_few_readings_say_nothing() -> None:
    """That is not the same as bad, and not good either."""
    verdict = rollout.judge("chat", SOUND, Reading(19, (), 0, (1.0,) * 19), BOUNDS)

    assert (False, False, "chat: only 19 readings of 20") == (verdict.good, verdict.enough, verdict.reason)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    """And the smallest of that kind, up to the rounding of a share of one value."""
    found = rollout.percentile(values, share)

    assert found in values
    assert sum(one <= found for one in values) >= share * len(values) - 1


@given(st.builds(Note, *[st.text(max_size=20)] * 4))
def test_a_note_is_read_as_it_was_written(note: Note) -> None:
    """Whatever is in it."""
    assert note == rollout.read_note(rollout.write_note(note))


@pytest.mark.parametrize("text", ["", "live", "[]", "{", '{"rollout": "x"}', "null", "7"])
def test_what_somebody_else_wrote_is_no_note(text: str) -> None:
    """Nor an error."""
    assert Note() == rollout.read_note(text)


def test_a_note_fits_where_it_stands() -> None:
    """An alias's description has 256 characters."""
    assert len(rollout.write_note(Note("20261121T080000Z", "123456", "0123456789abcdef", "20261121T090000Z"))) <= 256


def test_forward_the_gatekeeper_is_first() -> None:
    """So that tokens of both versions pass it; back is the reverse."""
    assert ["gate", "a", "b"] == rollout.in_order({"b", "gate", "a"}, "gate")


def test_going_back_concerns_only_those_that_moved() -> None:
    """A canary ends, a new version goes to the one before it, the others stay."""
    note = Note("r2", "3", "page")

    assert Pointer("3", note=note._replace(moving="")) == rollout.back(Pointer("3", "4", 5, note._replace(moving="r3")), "r3")
    assert Pointer("3", note=Note("r2")) == rollout.back(Pointer("4", note=note), "r2")
    assert Pointer("3", note=Note("r2")) == rollout.back(Pointer("4", note=note._replace(moving="r2")), "r2")
    assert rollout.back(Pointer("4", note=note), "r1") is None
    assert rollout.back(Pointer("3", note=Note("r2")), "r2") is None


@given(st.sets(st.integers(1, 30), min_size=1), st.data())
def test_no_version_that_is_named_is_pruned(numbers: set[int], data: st.DataObject) -> None:
    """Nor the two newest ones."""
    published = [str(one) for one in numbers]
    choose = st.sampled_from(["", *published])
    pointer = Pointer(data.draw(choose), data.draw(choose), 5, Note("r", data.draw(choose)))
    gone = rollout.prunable(published, pointer)

    assert not {pointer.version, pointer.canary, pointer.note.before} & set(gone)
    assert not {str(one) for one in sorted(numbers)[-2:]} & set(gone)
    assert gone == sorted(gone, key=int)
