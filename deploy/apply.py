"""Does what a plan says: wave by wave, the steps of one wave side by side, planning anew in between with what has become known.

This file knows how to go on and when to stop; it must know no cloud. It keeps no state: killed at any moment, the next run observes and goes on.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Protocol

from deploy.plan import plan, wave
from deploy.steps import Delete, Seen, key, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deploy.steps import Step, Thing

#: How many calls go out side by side.
AT_ONCE = 8


class Doer(Protocol):
    """What steps are done by."""

    def do(self, step: Step) -> Mapping[str, str]:
        """Do one step and return the thing's outputs. Raises DeployError."""


def apply(want: Callable[[Seen], Sequence[Thing]], seen: Seen, target: Doer, tell: Callable[[Step], None]) -> Seen:
    """Make everything so that is wanted, and return what is there then. `tell` hears of each step that is done. Raises DeployError."""
    while steps := wave(plan(want(seen), seen)):
        for step in steps:
            _check_known(step)
        seen = _after(seen, steps, _do(steps, target, tell))
    return seen


def remove(steps: Sequence[Step], target: Doer, tell: Callable[[Step], None]) -> None:
    """Do removals in their order, those of one row side by side. Raises DeployError."""
    left = tuple(steps)
    while now := wave(left):
        _do(now, target, tell)
        left = left[len(now) :]


def _do(steps: Sequence[Step], target: Doer, tell: Callable[[Step], None]) -> list[Mapping[str, str]]:
    with ThreadPoolExecutor(min(AT_ONCE, len(steps))) as pool:
        futures = {pool.submit(target.do, step): step for step in steps}
        for future in as_completed(futures):
            if future.exception() is None:
                tell(futures[future])
    # After all have ended, so that an error of one never leaves another running unseen.
    return [future.result() for future in futures]


def _after(seen: Seen, steps: Sequence[Step], outputs: Sequence[Mapping[str, str]]) -> Seen:
    things, known = dict(seen.things), dict(seen.outputs)
    for step, given in zip(steps, outputs, strict=True):
        name = key(step.thing)
        if isinstance(step, Delete):
            things.pop(name, None)
        else:
            things[name] = step.thing
        known |= {(name, field): value for field, value in given.items()}
    return Seen(things, known)


def _check_known(step: Step) -> None:
    if unknown := next(refs(step.thing), None):
        raise AssertionError(f"{key(step.thing)} needs {unknown.of}.{unknown.field}, which nothing made")
