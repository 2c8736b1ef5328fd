"""Two deployers at once on Huawei Cloud: the second is refused, a dead one's lock is taken over by exactly one, and whoever loses it hears of it."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from deploy import lock
from deploy.clouds import DeployError
from deploy.emulator.huawei.functions_kept import Functions
from tests.deploy.clouds.huawei.world import Cut, called

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.deploy.clouds.huawei.world import World

SOMEBODY = {"host": "elsewhere", "process": 7, "born": "1", "since": "2026-11-21T10:00:00+00:00"}


def put(world: World, holder: dict[str, object], minutes: float = 0.0) -> str:
    """Let somebody hold the lock, since so many minutes, and return its mark."""
    world.function("lock").aliases.clear()
    mark = world.deployment().target.write_lock(json.dumps(holder).encode(), "")
    assert mark
    aliases = world.function("lock").aliases
    then = time.time() - minutes * 60
    aliases[mark] = aliases[mark]._replace(modified=then, description=f"{int(then)} {json.dumps(holder)}")
    world.forget()
    return mark


def refused(world: World) -> str:
    """Return what an apply that has something to do ends with."""
    with pytest.raises(DeployError) as error:
        world.apply(code="2")
    return str(error.value)


def test_a_second_deployer_is_refused(applied: World) -> None:
    """It is told who is at work, and changes nothing."""
    with lock.held(applied.deployment().target):
        applied.forget()
        said = refused(applied)

    assert f"Another deployer is at work: process {os.getpid()} on {socket.gethostname()}, since 20" in said
    assert [] == applied.changed


def test_an_apply_that_has_nothing_to_do_needs_no_lock(applied: World) -> None:
    """Nor does a plan."""
    put(applied, SOMEBODY)

    assert [] == list(applied.apply().steps)
    assert [] == applied.changed


def test_a_dead_process_on_this_machine_loses_it_at_once(applied: World) -> None:
    """Its number may be somebody's again: what counts is when that one was born."""
    put(applied, {**SOMEBODY, "host": socket.gethostname(), "process": os.getpid(), "born": "1"})
    found = applied.apply(code="2")

    assert ([], {}) == (list(found.steps), applied.function("lock").aliases)


@pytest.mark.parametrize(("minutes", "taken"), [(9, False), (11, True)], ids=["younger", "older"])
def test_another_machine_loses_it_after_ten_minutes(applied: World, minutes: int, taken: bool) -> None:
    """By its own word and FunctionGraph's."""
    put(applied, SOMEBODY, minutes)
    if taken:
        assert [] == list(applied.apply(code="2").steps)
        return

    said = refused(applied)
    assert "process 7 on elsewhere, since 2026-11-21T10:00:00+00:00" in said
    assert "its lock is free 10 minutes after its last sign of life" in said
    assert [] == applied.changed


@pytest.mark.parametrize("stale", ["modified", "description"])
def test_a_lock_is_alive_if_either_clock_says_so(applied: World, stale: str) -> None:
    """An update that changes nothing else may leave the cloud's own time as it was, and this machine's clock may be another's."""
    mark = put(applied, SOMEBODY)
    aliases, then = applied.function("lock").aliases, time.time() - 3600
    old: Any = {"modified": then, "description": f"{int(then)} {json.dumps(SOMEBODY)}"}
    aliases[mark] = aliases[mark]._replace(**{stale: old[stale]})

    assert "Another deployer is at work" in refused(applied)


@pytest.mark.parametrize("dead", [True, False], ids=["of a dead one", "that is free"])
def test_of_many_who_take_the_lock_one_has_it(applied: World, dead: bool) -> None:
    """However exactly they come at the same moment."""
    mark = put(applied, SOMEBODY, 11) if dead else ""
    targets, start = [applied.deployment().target for _ in range(6)], Barrier(6)

    def take(process: int) -> str | None:
        start.wait(20)
        return targets[process].write_lock(json.dumps({**SOMEBODY, "process": process}).encode(), mark)

    with ThreadPoolExecutor(6) as pool:
        marks = [one for one in pool.map(take, range(6)) if one]

    assert marks == list(applied.function("lock").aliases)
    assert 1 == len(marks)


def test_a_lock_whose_answer_was_lost_is_ones_own(applied: World) -> None:
    """Nobody else could have drawn its name."""
    lost: list[str] = []

    def lose(asked: Any) -> None:
        if not lost and called(asked) == "POST /fgs/functions/lock/aliases":
            lost.append(called(asked))
            applied.control.service(asked)
            raise Cut

    applied.control.meddle = lose
    mark = applied.deployment().target.write_lock(b"{}", "")

    assert [mark] == list(applied.function("lock").aliases)
    assert lost


def test_a_lock_is_renewed_under_its_name(applied: World) -> None:
    """And is young again."""
    mark = put(applied, SOMEBODY, 9)
    target = applied.deployment().target
    again = target.write_lock(json.dumps(SOMEBODY).encode(), mark)
    held = target.read_lock()

    assert held
    assert (mark, mark) == (again, held.mark)
    assert held.age < 60


def test_who_loses_it_meanwhile_hears_of_it(applied: World) -> None:
    """Its renewal finds somebody else's, and leaves that alone."""
    with pytest.raises(DeployError, match="Another deployer took the lock over meanwhile"):
        _lose(applied, lock.held(applied.deployment().target, renewed=0.02))

    assert [json.dumps(SOMEBODY)] == [one.description.partition(" ")[2] for one in applied.function("lock").aliases.values()]


def _lose(world: World, held: AbstractContextManager[None]) -> None:
    with held:
        put(world, SOMEBODY)
        # Who renews it stops when it is lost.
        for renewing in [one for one in threading.enumerate() if one.name == "lock"]:
            renewing.join(20)


def test_nobody_drops_another_ones_lock(applied: World) -> None:
    """It has another name."""
    mark = put(applied, SOMEBODY)
    applied.deployment().target.drop_lock("hffffffffffffffffffffffff")

    assert [mark] == list(applied.function("lock").aliases)


def test_a_bucket_without_its_lock_is_no_obstacle(applied: World) -> None:
    """Whoever began may have ended between the two: the next one makes what the lock hangs on."""
    del applied.account.kept(Functions).functions["twocan-mine-lock"]
    found = applied.apply(code="2")

    assert [] == list(found.steps)
    assert ["1", "latest"] == sorted(applied.function("lock").versions)
