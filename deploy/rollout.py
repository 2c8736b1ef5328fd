"""How a new version takes over, decided: readings to a verdict, and what the aliases say to what is going on. Pure.

The state of a rollout is in the cloud, in each alias and the note on it, so that whoever comes after a deployer that died sees what it did.
This file knows percentages and bounds; it must not know how anything is read or moved (promote.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deploy.owner import Rollout

#: Milliseconds by which an answer may always be slower: below it, a quotient of two small times says nothing.
NOISE = 150.0
#: How many times a version that looks slow is asked before that is believed: a machine has its moments, and a function its cold starts.
ROUNDS = 3
#: The same for first tokens: a new instance has yet to learn which of a route's models to leave alone, by three failures of each.
FIRST_ROUNDS = 4
#: What is kept beside the version that is live and the one before it.
SPARE_VERSIONS = 2


class Note(NamedTuple):
    """What stands on an alias: which rollout moved it last, the version and the page's release before that, and which one is moving it now.

    "" for none.
    """

    rollout: str = ""
    before: str = ""
    page: str = ""
    moving: str = ""


class Pointer(NamedTuple):
    """An alias: the version that it leads to, and the one that gets `percent` of the calls beside it; "" for none."""

    version: str
    canary: str = ""
    percent: int = 0
    note: Note = Note()


class Reading(NamedTuple):
    """What was seen of one version: how many calls, what failed of them, and how long answers and first tokens took, in ms.

    `intolerable` is a fault of which one is too many, such as a broken token that was let in.
    """

    calls: int = 0
    failures: tuple[str, ...] = ()
    throttled: int = 0
    took: tuple[float, ...] = ()
    first_tokens: tuple[float, ...] = ()
    intolerable: str = ""


class Verdict(NamedTuple):
    """Whether a version may go on. `reason` says why not; `enough` is whether there were enough readings to say anything."""

    good: bool
    reason: str = ""
    enough: bool = True


def read_note(text: str) -> Note:
    """Return the note in an alias's description; one that is not ours is none."""
    try:
        document: Any = json.loads(text)
        return Note(*(str(document[name]) for name in Note._fields))
    except (ValueError, KeyError, TypeError):
        return Note()


def write_note(note: Note) -> str:
    """Return a note as an alias's description."""
    return json.dumps(note._asdict(), separators=(",", ":"))


def together(readings: Iterable[Reading]) -> Reading:
    """Return several readings of one version as one."""
    several = list(readings)
    return Reading(
        calls=sum(one.calls for one in several),
        failures=tuple(failure for one in several for failure in one.failures),
        throttled=sum(one.throttled for one in several),
        took=tuple(took for one in several for took in one.took),
        first_tokens=tuple(first for one in several for first in one.first_tokens),
        intolerable=next((one.intolerable for one in several if one.intolerable), ""),
    )


def judge(function: str, old: Reading, new: Reading, bounds: Rollout) -> Verdict:
    """Return whether the new version of a function may have more traffic."""
    if new.intolerable:
        return Verdict(good=False, reason=f"{function}: {new.intolerable}")
    if old.first_tokens and new.failures and not new.first_tokens:
        return Verdict(good=False, reason=f"{function}: no real question was answered: {new.failures[0]}")
    bad, bad_before = len(new.failures) + new.throttled, len(old.failures) + old.throttled
    # More than the bound, and more than the old one, too: a model's server that is down fails both alike.
    if bad * 100 > bounds.most_errors * max(new.calls, 1) and bad * max(old.calls, 1) > bad_before * max(new.calls, 1):
        first = new.failures[0] if new.failures else "throttled"
        return Verdict(good=False, reason=f"{function}: {bad} of {new.calls} calls failed, such as: {first}")
    if new.calls < bounds.probes:
        return Verdict(good=False, reason=f"{function}: only {new.calls} readings of {bounds.probes}", enough=False)
    if slow := _slow("answers, p95", old.took, new.took, bounds.slowdown, share=0.95):
        return Verdict(good=False, reason=f"{function}: {slow}", enough=len(new.took) > (ROUNDS - 1) * bounds.probes)
    # The best of them: a model takes now a tenth of a second and now five, but what is slow at its best is the version's own doing.
    if slow := _slow("first tokens, at best", old.first_tokens, new.first_tokens, bounds.slowdown, share=0.0):
        return Verdict(good=False, reason=f"{function}: {slow}", enough=len(new.first_tokens) >= FIRST_ROUNDS)
    return Verdict(good=True)


def _slow(what: str, old: Sequence[float], new: Sequence[float], slowdown: int, *, share: float) -> str:
    """Return how much slower the new times are, "" if they are not."""
    if not old or not new:
        return ""
    before, after = percentile(old, share), percentile(new, share)
    return f"{what}: {after:.0f} ms, before {before:.0f} ms" if after > slowdown * before + NOISE else ""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def in_order(functions: Iterable[str], guard: str) -> list[str]:
    """Return functions in the order in which they move forward: the authorizer first, since tokens of both versions must pass it.

    Back is the reverse.
    """
    return sorted(functions, key=lambda name: (name != guard, name))


def latest(pointers: Mapping[str, Pointer]) -> str:
    """Return the rollout that moved a pointer last; its name begins with its time. "" for none."""
    return max((pointer.note.rollout for pointer in pointers.values()), default="")


def moving(pointers: Mapping[str, Pointer]) -> dict[str, Pointer]:
    """Return the pointers that a rollout moves, which is going on, or whose deployer died: with a canary, or with all calls and not read since."""
    return {name: pointer for name, pointer in pointers.items() if pointer.canary or pointer.note.moving}


def share(pointer: Pointer, version: str) -> int:
    """Return the percentage of the calls that a version has."""
    return 100 if pointer.version == version else pointer.percent if pointer.canary == version else 0


def going(pointer: Pointer) -> str:
    """Return the version that a pointer leaves, while it is moving, or stays at."""
    return pointer.note.before if pointer.note.moving and not pointer.canary else pointer.version


def part(pointer: Pointer, version: str, percent: int, rollout: str) -> Pointer:
    """Return the pointer with this share of the calls for another version."""
    return Pointer(pointer.version, version, percent, pointer.note._replace(moving=rollout))


def whole(pointer: Pointer, version: str, rollout: str, page: str) -> Pointer:
    """Return the pointer with all calls for another version: still moving, until that was read. Back is where this rollout began."""
    before = pointer.note.before if pointer.note.moving == pointer.note.rollout == rollout else pointer.version
    return Pointer(version, note=Note(rollout, before, page, moving=rollout))


def settled(pointer: Pointer) -> Pointer:
    """Return the pointer as moving no more, without its canary."""
    return Pointer(pointer.version, note=pointer.note._replace(moving=""))


def back(pointer: Pointer, rollout: str) -> Pointer | None:
    """Return where a pointer goes when a rollout is taken back; None if it is there already or was never part of it."""
    note = pointer.note
    # One with a canary has been moved by this rollout already only if that was gone on with, to another version.
    if note.rollout == rollout and note.before and (not pointer.canary or note.moving == rollout):
        return Pointer(note.before, note=Note(rollout))
    return settled(pointer) if pointer.canary else None


def prunable(published: Sequence[str], pointer: Pointer) -> list[str]:
    """Return the versions that nobody can need any more, oldest first; never one that an alias names."""
    numbers = sorted(published, key=int)
    needed = {pointer.version, pointer.canary, pointer.note.before, *numbers[-SPARE_VERSIONS:]}
    return [one for one in numbers if one not in needed]
