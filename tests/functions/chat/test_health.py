"""health.py: what an admin is told of each model, and that nobody else is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from functions.chat import health, models
from functions.chat.board import FAILURES, Board
from functions.chat.failover import Desk
from functions.chat.share import Share
from functions.shared.stores import open_records
from tests.fakes.clock import Clock
from tests.fakes.forge import NOW, token
from tests.fakes.platforms import CONTEXTS
from tests.fakes.upstream import DONE, Upstream, stream, whole
from tests.fakes.upstream import token as said
from tests.functions.chat.stand import UPSTREAM_KEY, Stand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROW = {"vendor": "openai", "base_url": "https://models.example.com:8443/v1?mark=hidden", "model": "vendor/model-7", "key": "MAIN"}
ROWS = [{**ROW, "name": "b", "listed": False}, {**ROW, "name": "a"}]
PLANS = [{"name": "both", "strategy": "ordered", "targets": ["b", "a"]}]
ROUTES = models.table(json.dumps(ROWS), json.dumps({"MAIN": UPSTREAM_KEY}), json.dumps(PLANS))


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(name="board")
def _board(clock: Clock) -> Board:
    return Board(clock)


def told(board: Board, clock: Clock, share: Share | None = None) -> dict[str, Any]:
    """Return the report."""
    return health.report(ROUTES, Desk(board, lambda: 0.5, lambda _seconds: None, share), clock())


def of(board: Board, clock: Clock, name: str = "a") -> dict[str, Any]:
    """Return what it says of one model."""
    return next(one for one in told(board, clock)["data"] if one["id"] == name)


def ask(board: Board, clock: Clock, seconds: int | None = None, failed: str = "", name: str = "a") -> None:
    """Let a model answer, after so many seconds to its first token, or fail."""
    lease = board.lease(name)
    assert lease
    if seconds is not None:
        clock.forward(seconds)
        lease.first_token()
    lease.end(failed=failed)


def test_a_model_that_nobody_asked_is_unknown(board: Board, clock: Clock) -> None:
    """All that a name leads to are told, the routes' first; of an address the host and neither path nor query."""
    who = {"vendor": "openai", "model": "vendor/model-7", "host": "models.example.com:8443", "routes": ["both"]}
    how = {"state": "unknown", "wait_seconds": 0, "asked": 0, "failed": 0, "first_token_ms": None, "last_error": None}
    about = {"object": "list", "at": NOW, "period_seconds": 3600, "shared": False, "instances": 1}

    assert {**about, "data": [{"id": "b", **who, **how}, {"id": "a", **who, **how}]} == told(board, clock)


def test_no_key_is_told(board: Board, clock: Clock) -> None:
    """Nor its name."""
    text = json.dumps(told(board, clock))

    assert (False, False, False) == (UPSTREAM_KEY in text, "MAIN" in text, "hidden" in text)


def test_times_to_the_first_token_are_ranked(board: Board, clock: Clock) -> None:
    """The usual one and the slow one, in milliseconds; who was not streamed to has not been timed."""
    for number in range(1, 21):
        ask(board, clock, number)
    ask(board, clock)
    found = of(board, clock)

    assert ("ready", 21, 0, {"p50": 10_000, "p95": 19_000}) == (found["state"], found["asked"], found["failed"], found["first_token_ms"])


def test_a_failure_is_told_until_it_answers_again(board: Board, clock: Clock) -> None:
    """With its code and its time; one that answers is well, whatever there was before."""
    ask(board, clock, failed="upstream_timeout")
    clock.forward(60)
    failing = of(board, clock)
    ask(board, clock)
    ready = of(board, clock)

    assert ("failing", 1, 1, {"code": "upstream_timeout", "at": NOW}) == (
        failing["state"],
        failing["asked"],
        failing["failed"],
        failing["last_error"],
    )
    assert ("ready", 2, 1, {"code": "upstream_timeout", "at": NOW}) == (ready["state"], ready["asked"], ready["failed"], ready["last_error"])


def test_what_is_left_alone_is_told_with_its_seconds(board: Board, clock: Clock) -> None:
    """Of its failures all count, and nobody asks it meanwhile."""
    for _ in range(FAILURES):
        ask(board, clock, failed="upstream_error")
    clock.forward(1)
    found = of(board, clock)

    assert ("left_alone", 1, 3) == (found["state"], found["wait_seconds"], found["failed"])


def test_what_is_an_hour_old_counts_no_more(board: Board, clock: Clock) -> None:
    """Neither as an error nor as a question."""
    ask(board, clock, 1, failed="upstream_cut")
    clock.forward(3601)
    found = of(board, clock)

    assert ("unknown", 0, None, None) == (found["state"], found["asked"], found["first_token_ms"], found["last_error"])


def test_instances_that_share_are_added_up(board: Board, clock: Clock, tmp_path: Path) -> None:
    """The state is that of whatever came last, wherever it did."""
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}", clock)
    other = Board(clock)
    there, here = Share(records, other, clock, clock), Share(records, board, clock, clock)
    ask(board, clock, 1)
    ask(other, clock, 3, failed="upstream_cut")
    there._meet()
    found = told(board, clock, here)
    (line,) = [one for one in found["data"] if one["id"] == "a"]

    assert (True, 2) == (found["shared"], found["instances"])
    assert ("failing", 2, 1, {"p50": 1000, "p95": 3000}) == (line["state"], line["asked"], line["failed"], line["first_token_ms"])


def reported(stand: Stand, cloud: str, roles: list[str] | None) -> tuple[int, Mapping[str, Any]]:
    """Ask for the report as somebody with these roles."""
    bearer = token(claims={"roles": roles} if roles else None)
    asked = stand.event(cloud, "GET", "/admin/models")
    headers = {name: value for name, value in asked["headers"].items() if name.lower() != "authorization"}
    plural = {"multiValueHeaders": {"Authorization": [f"Bearer {bearer}"]}} if "multiValueHeaders" in asked else {}
    response = stand.started(cloud).respond({**asked, "headers": {**headers, "Authorization": f"Bearer {bearer}"}, **plural}, CONTEXTS[cloud])
    return response.status, json.loads(b"".join(response.body))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_an_admin_sees_what_the_questions_have_shown(stand: Callable[..., Stand], cloud: str) -> None:
    """From the event to the answer, with what was really asked before."""
    with Upstream(stream(said("Hi"), said(None, "stop"), DONE), *[[whole(b"{}", 500)]] * 3) as upstream:
        desk = stand(upstream)
        desk.stream(cloud=cloud)
        desk.ask(cloud, model="open")
        status, body = reported(desk, cloud, ["admin"])
    lines = {one["id"]: (one["state"], one["asked"], one["failed"], one["last_error"] and one["last_error"]["code"]) for one in body["data"]}

    assert (200, ("ready", 1, 0, None)) == (status, lines["house"])
    assert lines["open"] in (("failing", 1, 1, "upstream_error"), ("left_alone", 1, 1, "upstream_error"))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_nobody_else_does(stand: Callable[..., Stand], cloud: str) -> None:
    """A user who is signed in is known, and refused."""
    with Upstream() as upstream:
        status, body = reported(stand(upstream), cloud, None)

    assert (403, "forbidden", "permission_error") == (status, body["error"]["code"], body["error"]["type"])
