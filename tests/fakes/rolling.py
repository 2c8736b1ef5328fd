"""A cloud in memory whose functions have versions, answer as they are told, and can be promoted and taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deploy import bundle, owner
from deploy.clouds import Called, Finding, Request
from deploy.lock import Held
from deploy.rollout import Pointer, Reading
from deploy.steps import Function, Index, Live, Seen
from tests.fakes.cloud import MemoryCloud
from tests.fakes.wishes import want, wish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from deploy.steps import Step, Thing

NAMES = tuple(one.name for one in bundle.FUNCTIONS)


class RollingCloud(MemoryCloud):
    """`behave` says what a version of a function answers; None is the sound answer. Moving an alias and the page are calls that may be the last."""

    def __init__(self, behave: Callable[[str, str, Any], Called | None] = lambda *_: None) -> None:
        super().__init__()
        self.behave = behave
        self.versions: dict[str, dict[str, str]] = {name: {} for name in NAMES}
        self.pointers: dict[str, Pointer] = {}
        self.history: list[str] = []
        self._held: Held | None = None

    def read_lock(self) -> Held | None:
        """Return the lock."""
        return self._held

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write the lock."""
        if (self._held.mark if self._held else "") != mark:
            return None
        self._held = Held(body, "1", 0.0)
        return "1"

    def drop_lock(self, mark: str) -> None:
        """Remove the lock."""
        self._held = None

    def do(self, step: Step) -> Mapping[str, str]:
        """Do a step; what is put as live is published and pointed to."""
        outputs = super().do(step)
        if isinstance(step.thing, Live):
            self.pointers.setdefault(step.thing.function, Pointer(self.publish(step.thing.function)))
        return outputs

    def observe(self) -> Seen:
        """Return what is there; an alias says where it leads."""
        for name, pointer in self.pointers.items():
            if f"live {name}" in self.things:
                self.things[f"live {name}"] = Live(name, self.versions[name][pointer.version])
        return super().observe()

    def release(self, function: str) -> str:
        """Return the release of the unpublished function."""
        return super().observe().outputs[f"function {function}", "release"]

    def publish(self, function: str) -> str:
        """Publish; the same release has the number that it had."""
        known = self.versions[function]
        release = self.release(function)
        found = next((number for number, one in known.items() if one == release), None)
        if found is None:
            found = str(len(known) + 1)
            self._call(lambda: known.__setitem__(str(len(known) + 1), release))
        return found

    def pointer(self, function: str) -> Pointer | None:
        """Return an alias."""
        return self.pointers.get(function)

    def point(self, function: str, to: Pointer) -> None:
        """Move an alias."""
        self._call(lambda: self.pointers.__setitem__(function, to))
        self.history.append(f"{function} {to.version}" + (f"+{to.canary}@{to.percent}" if to.canary else ""))

    def published(self, function: str) -> Mapping[str, str]:
        """Return the versions."""
        return self.versions[function]

    def unpublish(self, function: str, version: str) -> None:
        """Delete a version, never one that is needed."""
        pointer = self.pointers[function]
        assert version not in {pointer.version, pointer.canary}
        self._call(lambda: self.versions[function].__setitem__(version, "gone"))

    def show_page(self, release: str) -> None:
        """Move the page's pointer."""
        self._call(lambda: self.things.__setitem__("index", Index(f"md5 of {release}", release)))
        self.history.append(f"page {release}")

    def reading(self, function: str, version: str, release: str, since: float) -> Reading:
        """Nobody else calls."""
        return Reading()

    def call(self, function: str, version: str, request: Any) -> Called:
        """Answer as the version does."""
        return self.behave(function, version, request) or _sound(function, request)


def _sound(function: str, request: Any) -> Called:
    if function == "authorizer":
        return Called(0, {}, b"", 1.0, error="Unauthorized") if request.endswith("x") else Called(200, {}, b"{}", 1.0)
    if function == "admin":
        return Called(200, {}, json.dumps({"status": 200, "body": {}}).encode(), 1.0)
    assert isinstance(request, Request)
    if request.path == "/auth/refresh" or (request.path.startswith("/v1/") and "authorization" not in request.headers):
        return Called(401, {}, b"", 1.0)
    if request.path == "/auth/login" and b'"password": ""' in request.body:
        return Called(400, {}, b"", 1.0)
    body: dict[str, Any] = {"access_token": "t"} if request.path == "/auth/login" else {"data": []}
    return Called(200, {}, json.dumps(body).encode(), 1.0)


class Staged:
    """What the commands take for a deployment: a wish that may change, and a cloud."""

    def __init__(self, cloud: MemoryCloud, dist: Path, **wishes: Any) -> None:
        self.name = "test"
        self.choices = owner.Owner()
        self.own_records = True
        self.target: Any = cloud
        self._dist = dist
        self._wishes = wishes

    def prepare(self, seen: Seen, *, complete: bool = True) -> None:
        """There is nothing to prepare."""

    def findings(self) -> tuple[Finding, ...]:
        """What stands in the way in the cloud, and on this machine that there is no model."""
        return (*self.target.findings(), Finding(good=False, text="no model"))

    def keep(self) -> None:
        """There is nothing to keep."""

    def want(self, seen: Seen) -> Sequence[Thing]:
        """Return what is wanted, with the releases that this cloud gives."""
        things = want(wish(self._dist, **self._wishes))(seen)
        return [replace(one, release=_release(one.function, things, seen)) if isinstance(one, Live) else one for one in things]


def _release(name: str, things: Sequence[Thing], seen: Seen) -> Any:
    function = next(one for one in things if isinstance(one, Function) and one.name == name)
    return f"{function.code}-{hash((function.settings, function.secrets))}"
