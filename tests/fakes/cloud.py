"""A cloud in memory: it keeps things, gives outputs, takes two calls for each step, and dies at whichever call it is told to."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from deploy.steps import Api, Bucket, Cdn, Delete, Function, Records, Release, Role, Route, Seen, key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.steps import Step, Thing

OUTPUTS: dict[type, dict[str, str]] = {
    Api: {"id": "api1", "origin": "https://api.example.org/live"},
    Bucket: {"origin": "http://bucket.example.org"},
    Cdn: {"id": "cdn1", "origin": "https://page.example.org"},
}


class Died(BaseException):
    """The deployer's end: nothing catches it."""


class MemoryCloud:
    """A target. `dies` is the number of the changing call at which it ends, `after` whether the call was still carried out."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.served: tuple[Thing, ...] = ()
        self.calls = 0
        self.dies: int | None = None
        self.after = False
        self.done: list[Step] = []
        self._lock = threading.Lock()

    def store(self) -> str:
        """Return an address."""
        return "memory:"

    def observe(self) -> Seen:
        """Return what is there."""
        outputs = {(name, field): value for name, thing in self.things.items() for field, value in _outputs(thing).items()}
        return Seen(dict(self.things), outputs)

    def do(self, step: Step) -> Mapping[str, str]:
        """Do a step in two calls: half of it, then the whole."""
        with self._lock:
            name = key(step.thing)
            if isinstance(step, Delete):
                self._call(lambda: self.things.pop(name, None))
                return {}
            half = _half(step.thing)
            if half is not None:
                self._call(lambda: self.things.__setitem__(name, half))
            self._call(lambda: self._put(step.thing))
            self.done.append(step)
            return _outputs(step.thing)

    def _put(self, thing: Thing) -> None:
        self.things[key(thing)] = thing
        if isinstance(thing, Release) and thing.digest:
            self.served = tuple(one for name, one in sorted(self.things.items()) if name.startswith(("authorizer", "route", "preflight", "answer")))

    def _call(self, change: object) -> None:
        self.calls += 1
        if self.calls == self.dies and not self.after:
            raise Died
        change()  # type: ignore[operator]
        if self.calls == self.dies:
            raise Died


def _half(thing: Thing) -> Thing | None:
    """Return what a thing looks like after the first of its calls."""
    match thing:
        case Bucket():
            return replace(thing, public=None)
        case Records():
            return replace(thing, whole=False)
        case Role():
            return replace(thing, records=None)
        case Function():
            return replace(thing, code="")
        case Route():
            return replace(thing, function="")
        case _:
            return None


def _outputs(thing: Thing) -> dict[str, str]:
    if isinstance(thing, Function):
        return {"release": f"{thing.code}-{hash((thing.settings, thing.secrets))}"}
    return OUTPUTS.get(type(thing), {})
