"""Two deployers at once on AWS: the second is refused, a dead one's lock is taken over, and whoever loses it hears of it."""

from __future__ import annotations

import json
import os
import socket
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Event
from typing import TYPE_CHECKING

import pytest

from deploy import lock
from deploy.clouds import DeployError
from tests.matrix.aws import REGION
from tests.matrix.proxy import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.deploy.clouds.conftest import Here
    from tests.matrix.cloud import Call

BUCKET = f"twocan-matrix-123456789012-{REGION}"
LOCK = f"/{BUCKET}/deploying.json"
SOMEBODY = {"host": "elsewhere", "process": 7, "born": "1", "since": "2026-11-21T10:00:00+00:00"}


def put(here: Here, holder: dict[str, object]) -> None:
    """Let somebody hold the lock."""
    here.client("s3").put_object(Bucket=BUCKET, Key="deploying.json", Body=json.dumps(holder).encode())


def test_a_second_deployer_is_refused(applied: Here) -> None:
    """It is told who is at work, and changes nothing."""
    with lock.held(applied.deployment("first").target):
        applied.proxy.lead(applied.account.url)
        error, changes = applied.obey("apply", "other days")["error"], applied.proxy.changes

    assert f"Another deployer is at work: process {os.getpid()} on {socket.gethostname()}, since 20" in error
    assert [] == changes


def test_a_plan_needs_no_lock(applied: Here) -> None:
    """Nor does an apply that has nothing to do."""
    put(applied, SOMEBODY)
    ended = applied.obey("apply", "first")

    assert ([], None, []) == (ended.get("left"), ended.get("error"), applied.proxy.changes)


def test_a_dead_process_on_this_machine_loses_it_at_once(applied: Here) -> None:
    """Its number may be somebody's again: what counts is when that one was born."""
    put(applied, {**SOMEBODY, "host": socket.gethostname(), "process": os.getpid(), "born": "1"})
    ended = applied.obey("apply", "other days")

    assert ([], None) == (ended.get("left"), ended.get("error"))
    assert "object deploying.json" not in applied.account.ask("listed")


def test_another_machine_is_believed_for_ten_minutes(applied: Here) -> None:
    """Nobody here can tell whether it is still at work."""
    put(applied, SOMEBODY)
    error = applied.obey("apply", "other days")["error"]

    assert "process 7 on elsewhere, since 2026-11-21T10:00:00+00:00" in error
    assert "its lock is free 10 minutes after its last sign of life" in error
    assert [] == applied.proxy.changes


@pytest.mark.parametrize(("minutes", "taken"), [(9, False), (11, True)], ids=["younger", "older"])
def test_another_machine_loses_it_after_ten_minutes(applied: Here, minutes: int, taken: bool) -> None:
    """By S3's own clock."""
    put(applied, SOMEBODY)

    def aged(call: Call) -> Answer | None:
        if (call.method, call.path) != ("GET", LOCK):
            return None
        answer = applied.proxy.forward(call)
        then = format_datetime(datetime.now(timezone.utc) - timedelta(minutes=minutes), usegmt=True)
        headers = [(name, value) for name, value in answer.headers if name.lower() != "last-modified"]
        return Answer(answer.status, (*headers, ("last-modified", then)), answer.body)

    applied.proxy.meddle = aged
    ended = applied.obey("apply", "other days")

    assert taken == ("error" not in ended)


def test_who_loses_it_meanwhile_hears_of_it(applied: Here) -> None:
    """Its renewal finds somebody else's, and leaves that alone."""
    target, refused = applied.deployment("first").target, Event()

    def watch(call: Call) -> Answer | None:
        answer = applied.proxy.forward(call) if (call.method, call.path) == ("PUT", LOCK) else None
        if answer and answer.status == 412:
            refused.set()
        return answer

    applied.proxy.meddle = watch
    with pytest.raises(DeployError, match="Another deployer took the lock over meanwhile"):
        _lose(applied, lock.held(target, renewed=0.02), refused)

    assert SOMEBODY == json.loads(applied.client("s3").get_object(Bucket=BUCKET, Key="deploying.json")["Body"].read())


def _lose(here: Here, held: AbstractContextManager[None], refused: Event) -> None:
    with held:
        put(here, SOMEBODY)
        assert refused.wait(20)


def test_two_who_begin_at_once_are_told_apart(have: Callable[..., Here]) -> None:
    """The bucket is made by both, the lock by one."""
    here = have()
    first, second = here.deployment("first").target, here.deployment("first").target
    here.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    assert first.read_lock() is second.read_lock() is None
    assert first.write_lock(b"{}", "")
    assert second.write_lock(b"{}", "") is None
