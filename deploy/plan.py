"""From what is wanted and what is seen to the steps between them. Pure: it reads nothing and does nothing.

This file knows the rules of order (design, 5): pointers are made once and then moved by a promotion only; an API that is edited is marked so
until it is published whole; what is wanted no more goes last, and only when a promotion is through. To add a rule, add it to `plan`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from deploy.steps import (
    API_PARTS,
    POINTERS,
    Delete,
    Domain,
    Grant,
    Index,
    Live,
    Put,
    Readers,
    Records,
    Release,
    Seen,
    SiteFile,
    Step,
    Thing,
    key,
    row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


#: What goes with its API, function or bucket. A release does not: taking it away first is what closes the door.
WITHIN = (*API_PARTS, Live, Grant, Domain, Readers, SiteFile, Index)


def plan(wanted: Sequence[Thing], seen: Seen) -> tuple[Step, ...]:
    """Return what an apply does, in order: it adds and updates, moves no pointer and removes nothing."""
    puts = [Put(thing, seen.things.get(key(thing))) for thing in wanted if _differs(thing, seen)]
    return tuple(_marked(sorted(puts, key=lambda put: row(put.thing)), wanted, seen))


def leftovers(wanted: Sequence[Thing], seen: Seen) -> tuple[Step, ...]:
    """Return the removal of what is there and wanted no more, last made first."""
    kept = {key(thing) for thing in wanted}
    return _removed(thing for name, thing in seen.things.items() if name not in kept)


def destruction(seen: Seen, *, delete_data: bool) -> tuple[Step, ...]:
    """Return the removal of everything; of what its users wrote only when asked to. What lies in something else goes with it."""
    kept = () if delete_data else (Records,)
    return _removed(thing for thing in seen.things.values() if not isinstance(thing, (*WITHIN, *kept)))


def wave(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps that can be done now, all at once: the first ones, as far as they are of one row."""
    return tuple(takewhile(lambda step: row(step.thing) == row(steps[0].thing), steps))


def pending(wanted: Sequence[Thing], seen: Seen) -> tuple[Thing, ...]:
    """Return the pointers that a promotion would move."""
    return tuple(thing for thing in wanted if isinstance(thing, POINTERS) and seen.things.get(key(thing)) not in (None, thing))


def _differs(thing: Thing, seen: Seen) -> bool:
    there = seen.things.get(key(thing))
    return there is None if isinstance(thing, POINTERS) else there != thing


def _marked(puts: list[Put], wanted: Sequence[Thing], seen: Seen) -> list[Put]:
    """Mark a published API as being edited before its first part is touched.

    Else a run that ends between the last part and the publishing would leave an API whose parts all look right and which serves the old ones.
    """
    published = seen.things.get("release")
    if not isinstance(published, Release) or not any(isinstance(put.thing, API_PARTS) for put in puts):
        return puts
    first = next(place for place, put in enumerate(puts) if isinstance(put.thing, API_PARTS))
    editing = replace(published, digest="")
    again = [Put(thing, editing) for thing in wanted if isinstance(thing, Release)]
    others = [put for put in puts if not isinstance(put.thing, Release)]
    if published == editing:
        return _ordered([*others, *again])
    return [*others[:first], Put(editing, published), *_ordered([*others[first:], *again])]


def _ordered(puts: list[Put]) -> list[Put]:
    return sorted(puts, key=lambda put: row(put.thing))


def _removed(things: Iterable[Thing]) -> tuple[Step, ...]:
    return tuple(Delete(thing) for thing in sorted(things, key=row, reverse=True))
