"""A rollout's laws, on a cloud in memory: what is good takes over, what is bad is taken back, and whoever dies is gone on with."""

from __future__ import annotations

import contextlib
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from deploy import operate, owner, promote
from deploy.clouds import Called, DeployError, Request
from deploy.rollout import Note, Pointer, Reading
from deploy.steps import Index, Route, SiteFile, key
from tests.fakes.cloud import Died
from tests.fakes.rolling import NAMES, RollingCloud, Staged
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.probe import Session
    from deploy.steps import Thing

#: One time for all, so that no two rollouts have one name.
SECONDS = count(1_800_000_000, 10)
OLD = Route("GET", "/v1/old", "chat", guarded=True, streams=False)
FORWARD = ["authorizer", "admin", "chat", "login", "qa"]


def fine(_: Session) -> tuple[str, Reading]:
    """Answer as the gateway of a sound deployment does."""
    return "", Reading(1, (), 0, (1.0,))


def world(ask: Callable[[Session], tuple[str, Reading]] = fine) -> promote.World:
    """Return a world whose time passes with each look at it."""
    return promote.World(lambda: float(next(SECONDS)), lambda _: None, ask)


@pytest.fixture(name="dist", scope="module")
def _dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("page"))


@pytest.fixture(name="newer", scope="module")
def _newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("newer"), app="2")


def applied(cloud: RollingCloud, dist: Path, code: str) -> Staged:
    """Return a stage with this code applied."""
    staged = Staged(cloud, dist, code=code)
    operate.apply(staged, lambda _: None)  # type: ignore[arg-type]
    return staged


def promoted(staged: Any, said: list[str] | None = None, ask: Callable[[Session], tuple[str, Reading]] = fine) -> bool:
    """Promote, and return whether there was anything."""
    return promote.promote(staged, (said if said is not None else []).append, world(ask))


def versions(cloud: RollingCloud) -> set[str]:
    """Return the versions that all traffic goes to."""
    return {pointer.version for pointer in cloud.pointers.values() if not pointer.canary}


def bad(function: str, version: str, answer: Called) -> Callable[[str, str, Any], Called | None]:
    """Return the behaviour of a cloud in which one version of one function answers so."""
    return lambda name, number, _: answer if (name, number) == (function, version) else None


def test_what_is_good_takes_over_step_by_step(dist: Path) -> None:
    """All functions together at each percentage, the authorizer first; once more when the last step was read, to say so; the page last."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    cloud.history.clear()

    assert promoted(staged)
    assert [f"{name} 1+2@{percent}" for percent in (5, 25) for name in FORWARD] + 2 * [f"{name} 2" for name in FORWARD] == cloud.history
    assert not promoted(staged)


BAD = {
    "fails": bad("chat", "2", Called(500, {}, b"", 1.0)),
    "raises": bad("login", "2", Called(0, {}, b"", 1.0, error="ImportError")),
    "refuses good tokens": bad("authorizer", "2", Called(0, {}, b"", 1.0, error="Unauthorized")),
    "admits nobody's questions": lambda name, number, request: (
        Called(200, {}, b'{"data": []}', 1.0) if (name, number) == ("chat", "2") and request.headers == {} else None
    ),
    "admits broken tokens": bad("authorizer", "2", Called(200, {}, b"{}", 1.0)),
    "slow": lambda name, number, _: Called(200, {}, b'{"data": []}', 2000.0) if (name, number) == ("chat", "2") else None,
    "slow first token": lambda name, number, request: (
        Called(200, {}, b"", 5000.0 if number == "2" else 10.0)
        if name == "chat" and isinstance(request, Request) and request.path.endswith("completions")
        else (Called(200, {}, b'{"data": [{"id": "m"}]}', 1.0) if name == "chat" else None)
    ),
}


@pytest.mark.parametrize("behave", BAD.values(), ids=BAD)
def test_what_is_bad_is_taken_back_before_anybody_meets_it(dist: Path, behave: Any) -> None:
    """It is asked directly first, so no alias is moved at all; and the reason is said."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    cloud.behave = behave
    before = dict(cloud.pointers)
    cloud.history.clear()

    with pytest.raises(promote.TakenBack, match=r"asked directly: (chat|login|authorizer): "):
        promoted(staged)
    assert (before, []) == (cloud.pointers, cloud.history)


def test_one_broken_token_that_is_let_in_is_too_many(dist: Path) -> None:
    """However many probes there are, and however many failures are allowed: it was once a share like any other."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    staged.choices = owner.Owner(rollout=owner.Rollout(probes=500, most_errors=90))
    let_in = [True]
    cloud.behave = lambda name, number, request: (
        Called(200, {}, b"{}", 1.0) if (name, number) == ("authorizer", "2") and request == "tx" and let_in and let_in.pop() else None
    )

    with pytest.raises(promote.TakenBack, match="authorizer: a broken token is not refused"):
        promoted(staged)


def test_one_broken_address_is_seen_whatever_the_number_of_probes(dist: Path) -> None:
    """Each kind of question is asked as often as the others."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    staged.choices = owner.Owner(rollout=owner.Rollout(probes=500))
    cloud.behave = lambda name, number, request: (
        Called(500, {}, b"", 1.0) if (name, number) == ("login", "2") and request.path == "/auth/refresh" else None
    )

    with pytest.raises(promote.TakenBack, match=r"login: 16\d of 500 calls failed, such as: status 500 instead of 401"):
        promoted(staged)


@pytest.mark.parametrize("percent", [5, 25, 100])
def test_what_turns_out_bad_with_traffic_is_taken_back(dist: Path, percent: int) -> None:
    """Whatever the percentage: everything is as it was, the authorizer last of all."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    before = {name: pointer.version for name, pointer in cloud.pointers.items()}

    def ask(_: Session) -> tuple[str, Reading]:
        pointer = cloud.pointers["chat"]
        reached = pointer.percent or (100 if pointer.version == "2" else 0)
        return ("it is broken", Reading()) if reached == percent else ("", Reading(1))

    with pytest.raises(promote.TakenBack, match=f"at {percent} %: it is broken"):
        promoted(staged, ask=ask)
    assert before == {name: pointer.version for name, pointer in cloud.pointers.items()}
    assert {("", 0)} == {(pointer.canary, pointer.percent) for pointer in cloud.pointers.values()}
    assert "authorizer 1" == cloud.history[-1]


def test_the_page_follows_the_functions_and_goes_back_first(dist: Path, newer: Path) -> None:
    """To the release that was shown before, whose files are still there."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    old = shown(cloud)
    staged = applied(cloud, newer, "b")
    assert old == shown(cloud)

    promoted(staged)
    new = shown(cloud)
    cloud.history.clear()
    back = promote.rollback(staged, [].append)  # type: ignore[arg-type]

    assert (True, True, f"page {old}", old) == (new != old, back, cloud.history[0], shown(cloud))
    assert [f"{name} 1" for name in reversed(FORWARD)] == cloud.history[1:]
    assert not promote.rollback(staged, [].append)  # type: ignore[arg-type]


def shown(cloud: RollingCloud) -> str:
    """Return the release that the page shows, and prove that its files are there."""
    index = cloud.things["index"]
    assert isinstance(index, Index)
    assert any(isinstance(one, SiteFile) and one.path.startswith(f"releases/{index.release}/") for one in cloud.things.values())
    return str(index.release)


def test_a_page_alone_is_promoted_and_taken_back(dist: Path, newer: Path) -> None:
    """Though no function moved; nor is it said of one."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    old = shown(cloud)
    staged = applied(cloud, newer, "a")

    assert promoted(staged)
    assert old != shown(cloud)
    told: list[str] = []
    assert promote.rollback(staged, told.append)  # type: ignore[arg-type]
    assert [f"the page is back at {old}"] == told
    assert (old, {"1"}) == (shown(cloud), versions(cloud))


def test_a_rollback_goes_to_what_was_live_and_not_to_what_was_tried(dist: Path) -> None:
    """A version that was taken back in between is nobody's past."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    promoted(applied(cloud, dist, "b"))
    tried = applied(cloud, dist, "c")
    cloud.behave = bad("chat", "3", Called(500, {}, b"", 1.0))
    with pytest.raises(promote.TakenBack):
        promoted(tried)

    assert promote.rollback(tried, [].append)  # type: ignore[arg-type]
    assert {"1"} == versions(cloud)


def test_a_promotion_wants_an_apply_first(dist: Path) -> None:
    """What is not there cannot take over."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")

    with pytest.raises(DeployError, match="Before a promotion `apply` has something to do"):
        promoted(Staged(cloud, dist, code="b"))


def test_a_broken_version_that_is_live_can_be_mended(dist: Path) -> None:
    """The probe signs in by what is to come where what is live lets nobody in."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    cloud.behave = bad("login", "1", Called(500, {}, b"", 1.0))

    assert promoted(applied(cloud, dist, "b"))
    assert {"2"} == versions(cloud)


def test_old_versions_go_and_needed_ones_stay(dist: Path) -> None:
    """The live one, the one before it, and two to spare."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    for code in "bcdef":
        promoted(applied(cloud, dist, code))

    kept = {number for number, release in cloud.versions["chat"].items() if release != "gone"}
    assert ({"5", "6"}, Pointer("6", note=Note(cloud.pointers["chat"].note.rollout, "5", cloud.pointers["chat"].note.page))) == (
        kept,
        cloud.pointers["chat"],
    )


@pytest.mark.parametrize("after", [False, True], ids=["before-the-call", "after-it"])
@pytest.mark.parametrize("then", ["promote", "rollback"])
def test_whoever_dies_in_a_promotion_is_gone_on_with_or_back_from(dist: Path, newer: Path, then: str, after: bool) -> None:
    """At every call that changes something: the next promotion ends as one that never died, the next rollback as if none had begun."""
    for number in deaths(dist, newer):
        cloud, staged = begun(dist, newer)
        cloud.dies, cloud.after = cloud.calls + number, after
        with contextlib.suppress(Died):
            promoted(staged)
        cloud.dies, cloud._held = None, None
        if then == "promote":
            promoted(staged)
            assert ({"2"}, {""}) == (versions(cloud), {pointer.canary for pointer in cloud.pointers.values()})
        else:
            promote.rollback(staged, [].append)  # type: ignore[arg-type]
            assert ({"1"}, {""}) == (versions(cloud), {pointer.canary for pointer in cloud.pointers.values()})
        shown(cloud)


def interrupted_at_the_end(staged: Staged) -> None:
    """Promote until everybody has the new version and nobody has looked at it."""

    def ask(_: Session) -> tuple[str, Reading]:
        if versions(staged.target) == {"2"}:
            raise KeyboardInterrupt
        return "", Reading(1)

    with pytest.raises(KeyboardInterrupt):
        promoted(staged, ask=ask)


def test_the_last_step_is_read_by_whoever_goes_on(dist: Path) -> None:
    """It once was not: who was interrupted while everybody had the new version was told next time that there was nothing to promote."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")
    interrupted_at_the_end(staged)
    said: list[str] = []

    with pytest.raises(promote.TakenBack, match="at 100 %: it is broken"):
        promoted(staged, said, lambda _: ("it is broken" if len(said) > 1 else "", Reading(1)))
    assert ["asked directly: sound", f"100 % of the calls go to the new version of {', '.join(FORWARD)}"] == said[:2]
    assert {"1"} == versions(cloud)


def test_a_clock_that_was_set_back_hides_no_rollout(dist: Path) -> None:
    """A rollout's name is its time, and the last one is gone back from."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    promoted(applied(cloud, dist, "b"))
    staged = applied(cloud, dist, "c")
    promote.promote(staged, [].append, promote.World(lambda: 1_000_000_000.0, lambda _: None, fine))  # type: ignore[arg-type]
    promote.rollback(staged, [].append)  # type: ignore[arg-type]

    assert {"2"} == versions(cloud)


def test_whoever_goes_on_takes_no_share_away(dist: Path) -> None:
    """A promotion that was interrupted at 25 % once began again at 5 %."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    staged = applied(cloud, dist, "b")

    def ask(_: Session) -> tuple[str, Reading]:
        if cloud.pointers["chat"].percent == 25:
            raise KeyboardInterrupt
        return "", Reading(1)

    with pytest.raises(KeyboardInterrupt):
        promoted(staged, ask=ask)
    said: list[str] = []
    cloud.history.clear()
    promoted(staged, said)

    assert said[1].startswith("25 % of the calls go to")
    assert 2 * [f"{name} 2" for name in FORWARD] == cloud.history


def test_what_nobody_looked_at_is_left_behind_with_what_came_after_it(dist: Path) -> None:
    """A newer version takes over from it in the same rollout; back leads to where that began."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    interrupted_at_the_end(applied(cloud, dist, "b"))
    staged = applied(cloud, dist, "c")
    promoted(staged)
    after = versions(cloud)
    promote.rollback(staged, [].append)  # type: ignore[arg-type]

    assert ({"3"}, {"1"}) == (after, versions(cloud))


def test_a_rollout_that_was_gone_on_with_is_taken_back_whole(dist: Path, newer: Path) -> None:
    """Functions and page together, also when the deployer died between the two: the page's move was part of it."""
    for number in deaths(dist, newer):
        cloud, staged = begun(dist, newer)
        before = shown(cloud)
        cloud.dies = cloud.calls + number
        with contextlib.suppress(Died):
            promoted(staged)
        cloud.dies, cloud._held = None, None
        promoted(staged)
        promote.rollback(staged, [].append)  # type: ignore[arg-type]

        assert ({"1"}, before) == (versions(cloud), shown(cloud))


def test_whoever_dies_while_tidying_up_is_gone_on_with(dist: Path, newer: Path) -> None:
    """An address that is wanted no more goes, and what is served without it is published, whatever of it was done before."""
    for number in deaths(dist, newer, OLD):
        cloud, staged = begun(dist, newer, OLD)
        cloud.dies = cloud.calls + number
        with contextlib.suppress(Died):
            promoted(staged)
        cloud.dies, cloud._held = None, None
        promoted(staged)

        assert key(OLD) not in cloud.things
        assert OLD not in cloud.served
        assert "" != getattr(cloud.things["release"], "digest", "")


def test_a_page_after_a_rollout_of_functions_is_a_rollout_of_its_own(dist: Path, newer: Path) -> None:
    """What was finished is finished: going back from the page leaves the functions where they are."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    before = shown(cloud)
    promoted(applied(cloud, dist, "b"))
    staged = applied(cloud, newer, "b")
    promoted(staged)
    promote.rollback(staged, [].append)  # type: ignore[arg-type]

    assert ({"2"}, before) == (versions(cloud), shown(cloud))


def begun(dist: Path, newer: Path, *older: Thing) -> tuple[RollingCloud, Staged]:
    """Return a stage on which everything waits for a promotion, with these things of an earlier release."""
    cloud = RollingCloud()
    applied(cloud, dist, "a")
    cloud.things |= {key(thing): thing for thing in older}
    return cloud, applied(cloud, newer, "b")


def deaths(dist: Path, newer: Path, *older: Thing) -> Iterator[int]:
    """Yield the number of each call that a whole promotion makes to change something."""
    cloud, staged = begun(dist, newer, *older)
    calls = cloud.calls
    promoted(staged)
    yield from range(1, cloud.calls - calls + 1)


def test_every_function_is_rolled_out() -> None:
    """None is forgotten."""
    assert set(FORWARD) == set(NAMES)
