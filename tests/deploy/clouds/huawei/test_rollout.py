"""A promotion and its way back on Huawei Cloud, as somebody else reads them there; tests/laws has what is good, bad, slow and interrupted."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from deploy import promote
from deploy.clouds import DeployError
from deploy.rollout import Reading
from tests.deploy.clouds.huawei.standin import reply, verdict
from tests.deploy.clouds.huawei.world import CHOICES, MODELS, NAMES, PLACE, SECRETS, Cut, called

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.probe import Session
    from tests.deploy.clouds.huawei.world import World

#: One time for all, so that no two rollouts have one name.
SECONDS = count(1_800_000_000, 10)
CLEARS = pytest.mark.parametrize("clears", [True, False], ids=["an empty map clears", "an empty map does nothing"])


def fine(_: Session) -> tuple[str, Reading]:
    """Answer as the gateway of a sound deployment does."""
    return "", Reading(1, (), 0, (1.0,))


def promoted(world: World, ask: Callable[[Session], tuple[str, Reading]] = fine, **about: Any) -> bool:
    """Promote, and return whether there was anything."""
    return promote.promote(world.deployment(**about), lambda _: None, promote.World(lambda: float(next(SECONDS)), lambda _: None, ask))


def aliases(world: World) -> dict[str, tuple[str, dict[str, int]]]:
    """Return where the aliases lead: a share of nothing is none."""
    found = {name: world.function(name).aliases["live"] for name in NAMES}
    return {name: (one.version, {version: share for version, share in one.weights.items() if share}) for name, one in found.items()}


def moves(world: World, function: str) -> list[dict[str, Any]]:
    """Return what a function's alias was told."""
    return [json.loads(one.body) for one in world.control.calls if one.method != "GET" and called(one).endswith(f"/{function}/aliases/live")]


@CLEARS
def test_a_promotion_moves_everything(have: Callable[..., World], clears: bool) -> None:
    """All aliases, whole, whatever an empty map of weights means; and the page."""
    world = have(empty_weights_clear=clears)
    before = world.bucket.objects["index.html"]
    world.apply(code="2", page="2")
    something = promoted(world, code="2", page="2")

    assert something
    assert dict.fromkeys(NAMES, ("2", {})) == aliases(world)
    assert before != world.bucket.objects["index.html"]
    assert not promoted(world, code="2", page="2")


def test_an_alias_is_moved_by_put_only(applied: World) -> None:
    """Between delete and create nobody would be served (huawei.md, 8); and the APIs are not published again."""
    applied.apply(code="2")
    applied.forget()
    promoted(applied, code="2")
    shares = [(one["version"], one["additional_version_weights"]) for one in moves(applied, "chat")]

    assert [("1", {"2": 25}), ("2", {}), ("2", {})] == shares
    assert {"PUT"} == {one.partition(" ")[0] for one in applied.changed if "/aliases/" in one}
    assert not [one for one in applied.changed if "/apis" in one or "/api-groups" in one]


@CLEARS
def test_a_bad_version_is_taken_back(have: Callable[..., World], clears: bool) -> None:
    """While it has a quarter of the calls: the aliases are as they were, and what was wrong is said."""
    world = have(empty_weights_clear=clears)
    world.apply(code="2")
    world.functions.behave = lambda function, version, event: reply(500) if (function, version) == ("chat", "2") and _late(world) else None
    with pytest.raises(promote.TakenBack, match="at 25 %: chat: status 500 instead of 401"):
        promoted(world, code="2")

    assert dict.fromkeys(NAMES, ("1", {})) == aliases(world)
    assert moves(world, "chat")


def _late(world: World) -> bool:
    return bool(moves(world, "chat"))


@pytest.mark.parametrize("raised", [True, False], ids=["500", "200"])
def test_a_version_that_raises_is_taken_back(have: Callable[..., World], raised: bool) -> None:
    """Whatever the status of an invocation is then; no text of the function's is told."""
    world = have(raised_is_500=raised)
    world.apply(code="2")
    world.functions.behave = lambda function, version, event: "ValueError: a secret" if (function, version) == ("login", "2") else None
    with pytest.raises(promote.TakenBack, match=r"login: .* calls failed, such as: ") as said:
        promoted(world, code="2")

    assert "a secret" not in str(said.value)
    assert dict.fromkeys(NAMES, ("1", {})) == aliases(world)


def test_an_authorizer_that_lets_anybody_in_is_taken_back(applied: World) -> None:
    """One broken token is too many."""
    applied.apply(code="2")
    applied.functions.behave = lambda function, version, event: verdict(allow=True) if (function, version) == ("authorizer", "2") else None
    with pytest.raises(promote.TakenBack, match="a broken token is not refused"):
        promoted(applied, code="2")

    assert dict.fromkeys(NAMES, ("1", {})) == aliases(applied)


def test_a_rollback_leads_back(have: Callable[..., World]) -> None:
    """To the versions and the page that were live before; a second time there is nothing to do."""
    world = have(empty_weights_clear=False)
    before = world.bucket.objects["index.html"]
    world.apply(code="2", page="2")
    promoted(world, code="2", page="2")
    deployment = world.deployment(code="2", page="2")

    assert promote.rollback(deployment, lambda _: None)
    assert dict.fromkeys(NAMES, ("1", {})) == aliases(world)
    assert (before.etag, before.headers) == (world.bucket.objects["index.html"].etag, world.bucket.objects["index.html"].headers)
    assert not promote.rollback(deployment, lambda _: None)


def test_one_who_died_on_the_way_is_gone_on_with(have: Callable[..., World]) -> None:
    """By the next promotion, from where it stands."""
    world = have(empty_weights_clear=False)
    world.apply(code="2")

    def dies(_: Session) -> tuple[str, Reading]:
        if any(moves(world, name) for name in NAMES):
            raise KeyboardInterrupt
        return fine(_)

    with pytest.raises(KeyboardInterrupt):
        promoted(world, dies, code="2")
    half = aliases(world)
    promoted(world, code="2")

    assert dict.fromkeys(NAMES, ("1", {"2": 25})) == half
    assert dict.fromkeys(NAMES, ("2", {})) == aliases(world)


def test_publishing_twice_is_publishing_once(applied: World) -> None:
    """What has not changed has the version that it had; FunctionGraph would refuse another (FSS.1016)."""
    applied.apply(code="2")
    target = applied.deployment(code="2").target
    published = [target.publish("chat"), target.publish("chat")]

    assert ["2", "2"] == published
    assert ["1", "2", "latest"] == sorted(applied.function("chat").versions)


def test_a_version_whose_answer_was_lost_is_found(applied: World) -> None:
    """It is there already (FSS.1062), and is ours."""
    applied.apply(code="2")
    lost: list[str] = []

    def lose(asked: Any) -> None:
        if not lost and called(asked) == "POST /fgs/functions/chat/versions":
            lost.append(called(asked))
            applied.control.service(asked)
            raise Cut

    applied.control.meddle = lose

    assert "2" == applied.deployment(code="2").target.publish("chat")
    assert ["1", "2", "latest"] == sorted(applied.function("chat").versions)


def test_a_configuration_of_its_own_is_a_release(applied: World) -> None:
    """Its fingerprint is in the zip, so that FunctionGraph publishes it."""
    changed = CHOICES._replace(models=(*MODELS, {**MODELS[0], "name": "another"}))
    applied.apply(changed)

    assert "2" == applied.deployment(changed).target.publish("chat")
    assert ["1", "latest"] == sorted(applied.function("login").versions)


def test_old_versions_go_and_the_one_before_stays(applied: World) -> None:
    """FunctionGraph keeps twenty at most."""
    for code in ("2", "3"):
        applied.apply(code=code)
        promoted(applied, code=code)

    assert ["2", "3", "latest"] == sorted(applied.function("chat").versions)
    assert dict.fromkeys(NAMES, ("3", {})) == aliases(applied)


@pytest.mark.parametrize("by_version", [True, False], ids=["by version", "by function"])
def test_what_everybody_met_counts_where_it_is_told_by_version(have: Callable[..., World], by_version: bool) -> None:
    """Where a version's numbers are the whole function's, they say nothing of the version."""
    world = have(statistics_by_version=by_version)
    world.apply(code="2")
    target: Any = world.deployment(code="2").target
    target.publish("chat")
    world.functions.behave = lambda function, version, event: "Error" if version == "1" else None
    for version in ("1", "1", "2"):
        target.call("chat", version, {"path": "/v1/models", "headers": {}})
    readings = [target.reading("chat", version, "0" * 64, world.account.clock() - 30) for version in ("1", "2")]

    assert [(2, 2), (1, 0)] if by_version else [(0, 0), (0, 0)] == [(one.calls, len(one.failures)) for one in readings]


def test_our_own_lines_are_read_by_release(applied: World) -> None:
    """How long an answer took, its first token, and its status; another release's are not counted."""
    target: Any = applied.deployment().target
    line = {"release": "ab" * 8, "status": 200, "ms": 12.5}
    _write(applied, "chat", [line, {**line, "status": 503}, {**line, "first_token_ms": 3.0}, {**line, "release": "cd" * 8}])
    found = target.reading("chat", "1", "ab" * 32, applied.account.clock() - 30)

    assert (3, ("status 503",)) == (found.calls, found.failures)
    assert ((12.5, 12.5), (3.0,)) == (found.took, found.first_tokens)


def _write(world: World, function: str, lines: list[dict[str, Any]]) -> None:
    ((group_id, group),) = world.logs.groups.items()
    stream = next(one.id for one in group.streams.values() if one.name.endswith(function))
    for line in lines:
        world.logs.write(group_id, stream, int(world.account.clock() * 1000), f"2026-11-21T10:00:00Z req INFO {json.dumps(line)}", {})


def test_no_secret_is_told_by_a_promotion(applied: World) -> None:
    """An alias's note says versions and digests."""
    applied.apply(code="2")
    applied.forget()
    promoted(applied, code="2")

    assert [] == [called(one) for one in applied.control.calls if any(secret.encode() in one.body for secret in SECRETS)]


def test_a_promotion_before_an_apply_is_refused(applied: World) -> None:
    """And changes nothing."""
    changed = CHOICES._replace(deploy=PLACE._replace(log_days=7))
    with pytest.raises(DeployError, match="Before a promotion `apply` has something to do, log authorizer for one: run it first"):
        promoted(applied, choices=changed)

    assert [] == applied.changed


def test_what_is_not_there_cannot_be_promoted(empty: World) -> None:
    """Nor taken back."""
    with pytest.raises(DeployError, match="Nothing of this stage is live yet"):
        promoted(empty)
