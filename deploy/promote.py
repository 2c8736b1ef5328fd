"""Lets new versions take over, step by step, and takes them back: what rollout.py decides, done.

This file knows the order: publish, ask directly, move, read, move on; the page after the functions, and the reverse on the way back. What it did
stands in the cloud at every moment, so that the next run of any command goes on from there; it keeps nothing.
"""

from __future__ import annotations

import calendar
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, NamedTuple

from deploy import bundle, lock, probe, rollout
from deploy.apply import apply, remove
from deploy.clouds import NOTHING, DeployError
from deploy.plan import leftovers, pending, plan
from deploy.rollout import Note, Reading, Verdict
from deploy.steps import API_PARTS, Index, Live, Put, Release, SiteFile, key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.deployment import Deployment
    from deploy.rollout import Pointer
    from deploy.steps import Seen

GUARD = next(one.name for one in bundle.FUNCTIONS if one.kind == "authorizer")
NAMES = tuple(one.name for one in bundle.FUNCTIONS)
Say = Callable[[str], None]
_STAMP = "%Y%m%dT%H%M%SZ"


class TakenBack(DeployError):
    """The new version was not good enough, and everything is as it was before; the message has the reason."""


class World(NamedTuple):
    """What is outside: the time, in seconds since 1970, a way to let some of it pass, and a client of the API."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    ask: Callable[[probe.Session], tuple[str, Reading]] = probe.through_the_gateway


def promote(deployment: Deployment, say: Say, world: World = World()) -> bool:  # noqa: B008 - a value that never changes
    """Let everything that is pending take over, and return whether there was anything. Raises TakenBack, and DeployError."""
    _pointers(deployment)
    with lock.held(deployment.target):
        seen = _ready(deployment)
        pointers = _pointers(deployment)
        waiting = _waiting(deployment, seen, pointers)
        if waiting:
            _Rollout(deployment, say, world, seen, pointers).run(waiting)
        moved = _move_page(deployment, world, say, alone=not waiting)
        _clean(deployment, say)
        return bool(waiting) or moved


def rollback(deployment: Deployment, say: Say) -> bool:
    """Go back to what was live before the last rollout, the page included, and return whether there was anything. Raises DeployError."""
    _pointers(deployment)
    with lock.held(deployment.target):
        pointers = _pointers(deployment)
        return _back(deployment, pointers, rollout.latest(pointers), say)


def _ready(deployment: Deployment) -> Seen:
    """Return what is there, when an apply has nothing to do any more. Raises DeployError."""
    seen = deployment.target.observe()
    deployment.prepare(seen, complete=False)
    steps = plan(deployment.want(seen), seen)
    if steps and all(isinstance(step.thing, Release) for step in steps):
        # A promotion that died while it tidied up: all parts of the API are as they should be, and only its publishing is owed.
        return apply(deployment.want, seen, deployment.target, lambda _: None)
    if steps:
        raise DeployError(f"Before a promotion `apply` has something to do, {key(steps[0].thing)} for one: run it first.")
    return seen


def _pointers(deployment: Deployment) -> dict[str, Pointer]:
    found = {name: deployment.target.pointer(name) for name in NAMES}
    if not any(found.values()):
        raise DeployError(NOTHING)
    if absent := [name for name, pointer in found.items() if pointer is None]:
        raise DeployError(f"Not live yet: {', '.join(absent)}. Run `apply` first.")
    return {name: pointer for name, pointer in found.items() if pointer is not None}


def _waiting(deployment: Deployment, seen: Seen, pointers: Mapping[str, Pointer]) -> list[str]:
    """Return the functions whose newest release is not live, or not for everybody yet, the authorizer first."""
    late = {thing.function for thing in pending(deployment.want(seen), seen) if isinstance(thing, Live)}
    return rollout.in_order(late | set(rollout.moving(pointers)), GUARD)


class _Rollout:
    """One rollout, from publishing to the last percent."""

    def __init__(self, deployment: Deployment, say: Say, world: World, seen: Seen, pointers: dict[str, Pointer]) -> None:
        self._deployment = deployment
        self._target = deployment.target
        self._bounds = deployment.choices.rollout
        self._say = say
        self._world = world
        self._seen = seen
        self._pointers = pointers
        # One that died is gone on with under its own name, so that taking it back takes back all of it.
        self._name = max((one.note.moving for one in rollout.moving(pointers).values()), default="") or _stamp(world, pointers)
        # Only where it moves with this rollout: so who comes after a deployer that died can tell whether the page is still owed.
        self._page = _shown(seen) if _late_pages(deployment, seen) else ""

    def run(self, waiting: Sequence[str]) -> None:
        """Move these functions to their newest release. Raises TakenBack; what else goes wrong takes them back, too."""
        new = {name: self._target.publish(name) for name in waiting}
        self._drop_strangers(new)
        try:
            self._advance(new)
        except DeployError as error:
            _back(self._deployment, self._pointers, self._name, self._say)
            raise TakenBack(f"Taken back, and everything is as it was: {error}") from error

    def _drop_strangers(self, new: Mapping[str, str]) -> None:
        """End what an earlier rollout left half done with another version than the one that is wanted now."""
        for name, pointer in rollout.moving(self._pointers).items():
            if pointer.canary and pointer.canary != new.get(name):
                self._point(name, rollout.settled(pointer))

    def _advance(self, new: Mapping[str, str]) -> None:
        live = {name: rollout.going(pointer) for name, pointer in self._pointers.items()}
        session = self._signed_in({name: pointer.version for name, pointer in self._pointers.items()}, new)
        try:
            began = self._world.now()
            self._check(new, live, session, began, "asked directly")
            # Who goes on goes on from there: a share that somebody else has given is looked at, and not taken away.
            reached = min(rollout.share(self._pointers[name], version) for name, version in new.items())
            for percent in (step for step in self._bounds.steps if step >= reached):
                for name, version in new.items():
                    self._move(name, version, percent)
                self._say(f"{percent} % of the calls go to the new version of {', '.join(new)}")
                self._check(new, live, session, began, f"at {percent} %")
            for name in new:
                self._point(name, rollout.settled(self._pointers[name]))
        finally:
            probe.sign_out(self._target, self._pointers["admin"].version)

    def _signed_in(self, live: Mapping[str, str], new: Mapping[str, str]) -> probe.Session:
        """Sign in by what is live, or, where that is what needs mending, by what is to come. Raises DeployError."""
        api = self._seen.outputs["api", "origin"]
        try:
            return probe.sign_in(self._target, api, live, new.get("chat", ""))
        except DeployError:
            return probe.sign_in(self._target, api, {**live, **new})

    def _move(self, name: str, version: str, percent: int) -> None:
        now = self._pointers[name]
        if rollout.share(now, version) >= percent:
            return
        whole = percent == 100
        self._point(name, rollout.whole(now, version, self._name, self._page) if whole else rollout.part(now, version, percent, self._name))

    def _point(self, name: str, to: Pointer) -> None:
        self._target.point(name, to)
        self._pointers[name] = to

    def _check(self, new: Mapping[str, str], live: Mapping[str, str], session: probe.Session, began: float, when: str) -> None:
        """Read until there is enough to judge by, or for as long as the owner lets it take. Raises DeployError with the reason."""
        old, young = dict.fromkeys(new, Reading()), dict.fromkeys(new, Reading())
        until = self._world.now() + self._bounds.hold_seconds
        while True:
            fault, _ = self._world.ask(session)
            if fault:
                raise DeployError(f"{when}: {fault}")
            for name, version in new.items():
                old[name] = rollout.together([old[name], probe.directly(self._target, name, live[name], session, self._bounds.probes)])
                young[name] = rollout.together([young[name], probe.directly(self._target, name, version, session, self._bounds.probes)])
            verdicts = [self._judged(name, new[name], old[name], young[name], began) for name in new]
            bad = next((one for one in verdicts if not one.good and one.enough), None)
            few = next((one for one in verdicts if not one.good), None)
            if few is None:
                self._say(f"{when}: sound")
                return
            if bad or self._world.now() > until:
                raise DeployError(f"{when}: {(bad or few).reason}")
            self._world.sleep(min(5.0, self._bounds.hold_seconds))

    def _judged(self, name: str, version: str, old: Reading, young: Reading, began: float) -> Verdict:
        """Judge by our own questions and by what the cloud saw of everybody's."""
        release = self._seen.outputs.get((f"function {name}", "release"), "")
        theirs = self._target.reading(name, version, release, began)
        # Times are compared like with like, old and new as we ask them; what everybody met counts for failures.
        everybody = young._replace(calls=young.calls + theirs.calls, failures=young.failures + theirs.failures, throttled=theirs.throttled)
        return rollout.judge(name, old, everybody, self._bounds)


def _back(deployment: Deployment, pointers: Mapping[str, Pointer], name: str, say: Say) -> bool:
    """Take a rollout back: the page first, then the functions, the authorizer last."""
    steps = {one: to for one in NAMES if (to := rollout.back(pointers[one], name)) is not None}
    pages = {pointers[one].note.page for one in steps if steps[one].version == pointers[one].note.before and pointers[one].note.rollout == name} - {
        ""
    }
    for page in pages - {_shown(deployment.target.observe())}:
        deployment.target.show_page(page)
        say(f"the page is back at {page}")
    for one in reversed(rollout.in_order(steps, GUARD)):
        deployment.target.point(one, steps[one])
        if (steps[one].version, "") != (pointers[one].version, pointers[one].canary):
            say(f"{one} is back at version {steps[one].version}")
    return bool(steps)


def _stamp(world: World, pointers: Mapping[str, Pointer]) -> str:
    """Return a new rollout's name: its time, and after the last one's, also where a clock was set back since."""
    moment = world.now()
    with suppress(ValueError):
        moment = max(moment, calendar.timegm(time.strptime(rollout.latest(pointers), _STAMP)) + 1)
    return time.strftime(_STAMP, time.gmtime(moment))


def _shown(seen: Seen) -> str:
    """Return the page's release that is shown now."""
    index = seen.things.get("index")
    return str(index.release) if isinstance(index, Index) else ""


def _move_page(deployment: Deployment, world: World, say: Say, *, alone: bool) -> bool:
    """Let the page's pointer follow, once every function is where the page expects it. `alone`: nothing else moves in this rollout."""
    seen = deployment.target.observe()
    late = _late_pages(deployment, seen)
    for index in late:
        pointers = _pointers(deployment)
        if alone and not _owed(pointers, _shown(seen)):
            # Noted where every rollout is noted, so that going back finds it: on an alias, which stays where it is.
            pointer = pointers[GUARD]
            deployment.target.point(GUARD, pointer._replace(note=Note(_stamp(world, pointers), before=pointer.version, page=_shown(seen))))
        deployment.target.show_page(str(index.release))
        say(f"the page is at {index.release}")
    return bool(late)


def _late_pages(deployment: Deployment, seen: Seen) -> list[Index]:
    return [thing for thing in pending(deployment.want(seen), seen) if isinstance(thing, Index)]


def _owed(pointers: Mapping[str, Pointer], page: str) -> bool:
    """Say whether the last rollout was to move this page, and died before it did: then going back takes back both."""
    last = rollout.latest(pointers)
    return any(one.note.rollout == last and one.note.page == page for one in pointers.values())


def _clean(deployment: Deployment, say: Say) -> None:
    """Remove what nobody can need any more: addresses that are no longer wanted, old files of the page, old versions."""
    seen = deployment.target.observe()
    pointers = _pointers(deployment)
    kept = {pointer.note.page for pointer in pointers.values()}
    steps = [
        step for step in leftovers(deployment.want(seen), seen) if not (isinstance(step.thing, SiteFile) and step.thing.path.split("/")[1] in kept)
    ]
    release = seen.things.get("release")
    if isinstance(release, Release) and any(isinstance(step.thing, API_PARTS) for step in steps):
        # As before every edit: whoever dies in between leaves an API that the next apply publishes.
        deployment.target.do(Put(replace(release, digest=""), release))
    remove(steps, deployment.target, lambda step: say(f"removed {key(step.thing)}"))
    apply(deployment.want, deployment.target.observe(), deployment.target, lambda _: None)
    for name, pointer in pointers.items():
        for version in rollout.prunable(list(deployment.target.published(name)), pointer):
            deployment.target.unpublish(name, version)
