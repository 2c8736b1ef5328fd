"""The deployer's laws (design, 5.3), on a cloud in memory: what was applied is what is wanted, wherever an earlier run died."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy import owner, plan
from deploy.apply import apply, remove
from deploy.steps import API_PARTS, Delete, Function, Index, Live, Put, Readers, Records, Release, Route, key
from tests.fakes.cloud import Died, MemoryCloud
from tests.fakes.wishes import built, want, wish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.wanted import Wish


@pytest.fixture(name="dist", scope="module")
def _dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("page"))


def run(cloud: MemoryCloud, one: Wish) -> None:
    """Apply, whether or not it lives to the end."""
    with contextlib.suppress(Died):
        apply(want(one), cloud.observe(), cloud, lambda _: None)
    cloud.dies = None


def left(cloud: MemoryCloud, one: Wish) -> list[Any]:
    """Return what a plan still finds to do."""
    seen = cloud.observe()
    return list(plan.plan(want(one)(seen), seen))


def fresh(_dist: Path) -> MemoryCloud:
    """Return an empty account."""
    return MemoryCloud()


def older(dist: Path) -> MemoryCloud:
    """Return an account with an earlier state of everything that can change."""
    cloud = MemoryCloud()
    run(cloud, wish(dist, code="z", site=owner.Site(name="Old"), deploy=owner.Place(log_days=7, rate=5)))
    return cloud


BEGINNINGS: dict[str, Callable[[Path], MemoryCloud]] = {"fresh": fresh, "older": older}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_nothing_is_left_to_do_after_an_apply(dist: Path, beginning: str) -> None:
    """And a second one makes no call that changes anything."""
    cloud = BEGINNINGS[beginning](dist)
    run(cloud, wish(dist))
    calls = cloud.calls
    run(cloud, wish(dist))

    assert ([], calls) == (left(cloud, wish(dist)), cloud.calls)


@pytest.mark.parametrize("after", [False, True], ids=["before-the-call", "after-it"])
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_run_that_died_anywhere_is_mended_by_the_next(dist: Path, beginning: str, after: bool) -> None:
    """The same end as a run that never died: nothing twice, nothing lost; and no pointer leads to nothing meanwhile."""
    clean = BEGINNINGS[beginning](dist)
    run(clean, wish(dist))

    for number in range(1, clean.calls + 1):
        cloud = BEGINNINGS[beginning](dist)
        cloud.dies, cloud.after = cloud.calls + number, after
        run(cloud, wish(dist))
        assert [] == loose(cloud)
        run(cloud, wish(dist))

        assert (clean.things, clean.served) == (cloud.things, cloud.served)


def loose(cloud: MemoryCloud) -> list[str]:
    """Return what must never be: an alias without its function, a page without its files, an address served that is open and should not be."""
    things = cloud.things
    pages = [one.release for one in things.values() if isinstance(one, Index)]
    found = [name for name, one in things.items() if isinstance(one, Live) and f"function {one.function}" not in things]
    found += [str(page) for page in pages if not any(name.startswith(f"sitefile releases/{page}/") for name in things)]
    served = [one for one in cloud.served if isinstance(one, Route)]
    return found + [key(one) for one in served if not one.guarded and one.path not in {"/auth/login", "/auth/refresh"}]


def test_pointers_are_not_moved_by_an_apply(dist: Path, tmp_path: Path) -> None:
    """Users keep the version that they have; what waits for a promotion is said."""
    cloud = older(dist)
    before = {name: thing for name, thing in cloud.things.items() if isinstance(thing, (Live, Index))}
    newer = wish(built(tmp_path / "newer", app="2"))
    run(cloud, newer)
    seen = cloud.observe()

    assert before == {name: thing for name, thing in cloud.things.items() if isinstance(thing, (Live, Index))}
    assert {"live authorizer", "live login", "live chat", "live qa", "live admin", "index"} == {
        key(thing) for thing in plan.pending(want(newer)(seen), seen)
    }


def test_the_order_is_the_designs(dist: Path) -> None:
    """The API's address before the page's, that before the functions' setting; the pointer to the page last of all."""
    cloud = MemoryCloud()
    run(cloud, wish(dist))
    done = [key(step.thing) for step in cloud.done]

    assert done.index("api") < done.index("cdn") < done.index("function chat") < done.index("live chat") < done.index("route GET /auth/me")
    assert ["release", "index"] == [done[max(done.index(one) for one in done if one.startswith("answer")) + 1], done[-1]]


def test_an_api_is_marked_while_it_is_edited(dist: Path) -> None:
    """Before its first part is touched; and it is published whole, once."""
    cloud = older(dist)
    cloud.things["route GET /auth/me"] = Route("GET", "/auth/me", "login", guarded=False, streams=False)
    cloud.done.clear()
    run(cloud, wish(dist, code="z", site=owner.Site(name="Old"), deploy=owner.Place(log_days=7, rate=5)))

    releases = [step.thing.digest != "" if isinstance(step.thing, Release) else key(step.thing) for step in cloud.done]
    assert [False, "route GET /auth/me", True] == releases


@pytest.mark.parametrize("delete_data", [False, True], ids=["keep-data", "delete-data"])
def test_destroying_leaves_what_it_should(dist: Path, delete_data: bool) -> None:
    """The door is closed first; what users wrote stays unless it is asked for. What lies within something else went with it."""
    cloud = older(dist)
    steps = plan.destruction(cloud.observe(), delete_data=delete_data)
    remove(steps, cloud, lambda _: None)

    kept = [name for name, thing in cloud.things.items() if not isinstance(thing, (*API_PARTS, *plan.WITHIN))]
    assert ([] if delete_data else [key(Records())]) == kept
    assert "release" == key(steps[0].thing)


def test_what_is_wanted_no_more_is_left_until_a_promotion(dist: Path) -> None:
    """An apply removes nothing: the page that is live may still call it."""
    cloud = older(dist)
    gone = Route("GET", "/v1/old", "chat", guarded=True, streams=False)
    cloud.things[key(gone)] = gone
    seen = cloud.observe()
    wanted = want(wish(dist))(seen)

    assert Delete(gone) in plan.leftovers(wanted, seen)
    assert [] == [step for step in plan.plan(wanted, seen) if not isinstance(step, Put)]


def test_an_unknown_secret_stays_as_it_is(dist: Path) -> None:
    """Another machine, without the stage's file: nothing is made anew, and nothing is changed."""
    cloud = MemoryCloud()
    run(cloud, wish(dist))

    assert [] == left(cloud, wish(dist, marks={}))


def test_another_secret_is_another_release(dist: Path) -> None:
    """Though no one can see the secret: its mark is in the fingerprint, of those that need it only."""
    cloud = MemoryCloud()
    run(cloud, wish(dist))
    changed = wish(dist, marks={"TOKEN_KEY": "mark-of-key", "STORE": "mark-of-store", "MODEL_KEYS": "another"})
    run(cloud, changed)
    seen = cloud.observe()

    assert ["live chat"] == [key(thing) for thing in plan.pending(want(changed)(seen), seen)]


@given(
    st.sets(
        st.sampled_from(
            ["function chat", "role login", "log admin", "grant chat", "authorizer", "route GET /auth/me", "readers", "release", "records"]
        )
    )
)
@settings(max_examples=40)
def test_whatever_is_missing_is_made_again(dist: Path, missing: set[str]) -> None:
    """Somebody took it away by hand; it comes back, and the rest stays."""
    cloud = MemoryCloud()
    run(cloud, wish(dist))
    whole, published = dict(cloud.things), cloud.served
    for name in missing:
        del cloud.things[name]
    run(cloud, wish(dist))

    assert (whole, published) == (cloud.things, cloud.served)


@pytest.mark.parametrize("name", ["function chat", "live chat", "index", "cdn", "readers"])
def test_what_is_not_known_yet_is_said(dist: Path, name: str) -> None:
    """In the first plan there is no address; whoever reads it sees that, not an empty text."""
    seen = MemoryCloud().observe()
    steps = {key(step.thing): step for step in plan.plan(want(wish(dist))(seen), seen)}

    assert name in steps
    assert ("(known after apply)" in str([str(value) for value in _values(steps[name].thing)])) == (name != "cdn")


def _values(thing: object) -> list[object]:
    values = [getattr(thing, name) for name in thing.__dataclass_fields__]  # type: ignore[attr-defined]
    return [*values, *(value for pairs in values if isinstance(pairs, tuple) for pair in pairs if isinstance(pair, tuple) for value in pair)]


def test_a_website_has_no_cdn(dist: Path) -> None:
    """And everybody may read it."""
    cloud = MemoryCloud()
    run(cloud, wish(dist, site=owner.Site(hosting="website")))

    assert "cdn" not in cloud.things
    assert (Readers(""), "http://bucket.example.org") == (cloud.things["readers"], dict(_function(cloud, "chat").settings)["SITE_ORIGIN"])


def _function(cloud: MemoryCloud, name: str) -> Function:
    found = cloud.things[f"function {name}"]
    assert isinstance(found, Function)
    return found


def test_shared_breakers_give_chat_the_records_and_take_them_again(dist: Path) -> None:
    """Who turns it off leaves neither the right nor the address behind; and nobody else gets anything."""
    cloud = MemoryCloud()
    found = []
    for breaker in ("instance", "shared", "instance"):
        asked = want(wish(dist, deploy=owner.Place(breaker=breaker)))
        apply(asked, cloud.observe(), cloud, lambda _: None)
        chat, login = (cloud.things[f"function {name}"] for name in ("chat", "login"))
        assert isinstance(chat, Function)
        assert isinstance(login, Function)
        found.append((getattr(cloud.things["role chat"], "records", None), "BREAKER" in dict(chat.secrets), "BREAKER" in dict(login.secrets)))

    assert [(False, False, False), (True, True, False), (False, False, False)] == found
