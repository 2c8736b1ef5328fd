"""The deployer's lock: one at a time, and nobody has to clean up after one that died."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deploy import lock
from deploy.clouds import DeployError
from deploy.lock import Held

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = {"host": socket.gethostname(), "process": os.getpid(), "born": lock._born(os.getpid()), "since": "2026-11-21T08:00:00+00:00"}


class Place:
    """Where a lock lies: as S3 keeps it, with a mark for each writing."""

    def __init__(self, there: dict[str, Any] | bytes | None = None, age: float = 1.0) -> None:
        body = json.dumps(there).encode() if isinstance(there, dict) else there
        self.held = None if body is None else Held(body, "theirs", age)
        self.writings = 0
        self.on_write: Callable[[], None] = lambda: None

    def read_lock(self) -> Held | None:
        """Return it."""
        return self.held

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write it if it is as marked."""
        self.on_write()
        if (self.held.mark if self.held else "") != mark:
            return None
        self.writings += 1
        self.held = Held(body, f"mark {self.writings}", 0.0)
        return self.held.mark

    def drop_lock(self, mark: str) -> None:
        """Remove it if it is as marked."""
        if self.held is not None and self.held.mark == mark:
            self.held = None


def test_a_lock_is_held_and_let_go() -> None:
    """It names host, process and start meanwhile; afterwards there is none."""
    place = Place()
    with lock.held(place):
        assert place.held is not None
        said = json.loads(place.held.body)

    assert (HERE["host"], HERE["process"], HERE["born"]) == (said["host"], said["process"], said["born"])
    assert place.held is None


def test_it_is_let_go_when_the_work_fails() -> None:
    """Else the next try would wait ten minutes."""
    place = Place()
    with pytest.raises(ValueError, match="work"), lock.held(place):
        raise ValueError("work")

    assert place.held is None


@pytest.mark.parametrize("other", [HERE, {**HERE, "host": "elsewhere"}], ids=["this-host", "another-host"])
def test_another_living_deployer_is_named(other: dict[str, Any]) -> None:
    """Host, process and start, and what becomes of its lock."""
    place = Place(other)

    with (
        pytest.raises(DeployError, match=rf"process {other['process']} on {other['host']}, since 2026-11-21T08:00:00\+00:00.*10 minutes"),
        lock.held(place),
    ):
        raise AssertionError("two at once")
    assert place.held is not None


def died() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


FREE = {
    "dead-process": (lambda: {**HERE, "process": died(), "born": "1"}, 1.0),
    "number-came-again": (lambda: {**HERE, "born": "0"}, 1.0),
    "forgotten": (lambda: {**HERE, "host": "elsewhere"}, 601.0),
    "unreadable-and-old": (lambda: b"{", 601.0),
}


@pytest.mark.parametrize("case", FREE.values(), ids=FREE)
def test_a_lock_that_nobody_holds_any_more_is_taken_over(case: tuple[Callable[[], Any], float]) -> None:
    """At once from a dead process on this host, whatever has its number now; from elsewhere after ten minutes without a sign of life."""
    make, age = case
    place = Place(make(), age)
    with lock.held(place):
        pass

    assert place.held is None


@pytest.mark.parametrize("there", [{**HERE, "host": "elsewhere"}, b"{", b"[]", b'{"host": "h"}'], ids=["elsewhere", "broken", "list", "part"])
def test_a_young_lock_from_elsewhere_is_respected(there: Any) -> None:
    """Also one that cannot be read."""
    with pytest.raises(DeployError, match="Another deployer is at work"), lock.held(Place(there, 599.0)):
        raise AssertionError("two at once")


def test_of_two_at_the_same_moment_one_is_refused() -> None:
    """Whoever finds it written between reading and writing."""
    place = Place()

    def overtake() -> None:
        place.held, place.on_write = Held(b"{}", "theirs", 0.0), lambda: None

    place.on_write = overtake

    with pytest.raises(DeployError, match="at the same moment"), lock.held(place):
        raise AssertionError("two at once")


def test_it_is_renewed_while_the_work_goes_on() -> None:
    """So that long work does not look forgotten."""
    place, renewed = Place(), threading.Event()
    with lock.held(place, renewed=0.001):
        place.on_write = renewed.set
        assert renewed.wait(10)

    assert place.held is None


def test_a_lock_that_was_lost_is_said() -> None:
    """What this run did then may not be what is there."""
    place, tried = Place(), threading.Event()

    def work() -> None:
        with lock.held(place, renewed=0.001):
            place.on_write = tried.set
            place.held = Held(b"{}", "theirs", 0.0)
            assert tried.wait(10)

    with pytest.raises(DeployError, match="took the lock over meanwhile"):
        work()
    assert place.held == Held(b"{}", "theirs", 0.0)


def test_a_moment_without_network_does_not_lose_it() -> None:
    """It is good for nine more tries."""
    place, failed = Place(), threading.Event()

    def fail() -> None:
        failed.set()
        raise DeployError("no network")

    with lock.held(place, renewed=0.001):
        place.on_write = fail
        assert failed.wait(10)
        place.on_write = lambda: None

    assert place.held is None
