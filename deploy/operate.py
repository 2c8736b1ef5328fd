"""What the deployer's commands do: plan, apply, destroy and status, each from observing to telling.

This file knows the order of lock, observation, plan and deeds; it must know no cloud and print nothing. Whoever calls it hears of each step.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from deploy import lock
from deploy.apply import apply as do_apply
from deploy.apply import remove
from deploy.plan import destruction, leftovers, pending, plan
from deploy.steps import Bucket, Live, Put, Records, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.deployment import Deployment
    from deploy.steps import Seen, Step, Thing


class Outlook(NamedTuple):
    """What an apply would do, what a promotion would move, and what it would then remove."""

    steps: Sequence[Step]
    pending: Sequence[Thing]
    leftovers: Sequence[Step]
    seen: Seen


def outlook(deployment: Deployment, seen: Seen | None = None, *, complete: bool = True) -> Outlook:
    """Return what would be done to what is seen, or there now; nothing is. Raises DeployError, for keys that are nowhere only if `complete`."""
    seen = seen or deployment.target.observe()
    deployment.prepare(seen, complete=complete)
    wanted = deployment.want(seen)
    return Outlook(plan(wanted, seen), pending(wanted, seen), leftovers(wanted, seen), seen)


def apply(deployment: Deployment, tell: Callable[[Step], None]) -> Outlook:
    """Make everything so that is wanted, pointers apart, and return what is left for a promotion. Raises DeployError."""
    before = outlook(deployment)
    if not before.steps:
        return before
    with _locked(deployment, before.seen, tell):
        deployment.keep()
        seen = deployment.target.observe()
        deployment.prepare(seen)
        seen = do_apply(deployment.want, seen, deployment.target, tell)
    wanted = deployment.want(seen)
    return Outlook(plan(wanted, seen), pending(wanted, seen), leftovers(wanted, seen), seen)


def destroy(deployment: Deployment, tell: Callable[[Step], None], *, delete_data: bool) -> Sequence[Thing]:
    """Remove everything, what users wrote only when asked to, and return what is left, as observed afterwards. Raises DeployError."""
    seen = deployment.target.observe()
    if key(Bucket(None)) not in seen.things:
        # The lock would lie in the bucket. It goes last, so without it nothing is left but data and what ended halfway.
        remove(destruction(seen, delete_data=delete_data), deployment.target, tell)
    else:
        with _locked(deployment, seen, tell):
            steps = destruction(deployment.target.observe(), delete_data=delete_data)
            remove([step for step in steps if not isinstance(step.thing, Bucket)], deployment.target, tell)
        remove([step for step in steps if isinstance(step.thing, Bucket)], deployment.target, tell)
    left = deployment.target.observe().things
    # Where only a function of ours could see the records, nobody can any more; they are there all the same.
    kept = {} if delete_data else {name: thing for name, thing in seen.things.items() if isinstance(thing, Records)}
    return tuple({**kept, **left}.values())


def kept(left: Sequence[Thing]) -> tuple[Sequence[Thing], Sequence[Thing]]:
    """Return what was left on purpose, and what should have gone."""
    return [one for one in left if isinstance(one, Records)], [one for one in left if not isinstance(one, Records)]


def functions(seen: Seen) -> Iterator[tuple[str, str, str]]:
    """Yield each function that is live: its name, the release that callers reach, and the one that is there unpublished."""
    for thing in seen.things.values():
        if isinstance(thing, Live):
            yield thing.function, str(thing.release), seen.outputs.get((f"function {thing.function}", "release"), "")


@contextmanager
def _locked(deployment: Deployment, seen: Seen, tell: Callable[[Step], None]) -> Iterator[None]:
    """Hold the lock; the bucket that it lies in is made before everything else, and two who make it at once make one."""
    if key(Bucket(None)) not in seen.things:
        first = next(Put(thing, None) for thing in deployment.want(seen) if isinstance(thing, Bucket))
        deployment.target.do(first)
        tell(first)
    with lock.held(deployment.target):
        yield
