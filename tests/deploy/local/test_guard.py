"""How long a gateway remembers its authorizer's answer, for both clouds."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local.dialect import Call, Kind, Refusal
from deploy.local.guard import Guard
from tests.deploy.local.scripted import ALLOW, DIALECTS, Gatekeeper, allow_aws, say_huawei
from tests.fakes.clock import Clock

both = pytest.mark.parametrize("cloud", ["aws", "huawei"])


def call(token: str = "Bearer good", path: str = "/v1/models") -> Call:
    """Return a call with this token."""
    return Call("GET", path, (), (("Authorization", token),), b"", "10.0.0.1", "id-1")


def kinds(guard: Guard, *calls: Call) -> list[Kind | None]:
    """Return how each call ends; None is admitted."""
    return [kind_of(guard, one) for one in calls]


def kind_of(guard: Guard, one: Call) -> Kind | None:
    """Return the refusal's kind, or None."""
    try:
        guard.admit(one)
    except Refusal as refusal:
        return refusal.kind
    return None


@both
def test_an_allow_serves_every_address_until_it_is_too_old(cloud: str) -> None:
    """The key is the token alone, so a kept verdict answers for another address too."""
    keeper, clock = Gatekeeper(ALLOW[cloud]), Clock()
    guard = Guard(DIALECTS[cloud](), keeper, ttl=60, clock=clock)
    kinds(guard, call(), call(path="/auth/me"))
    clock.forward(59)
    kinds(guard, call())
    within = len(keeper.events)
    clock.forward(1)
    kinds(guard, call())

    assert (within, len(keeper.events)) == (1, 2)


@both
def test_another_token_is_asked_for_itself(cloud: str) -> None:
    """Nobody travels on somebody else's verdict."""
    keeper = Gatekeeper(ALLOW[cloud])
    kinds(Guard(DIALECTS[cloud](), keeper, clock=Clock()), call("a"), call("b"), call("a"))

    assert [sum(token in str(event) for event in keeper.events) for token in ("'a'", "'b'")] == [1, 1]


@both
def test_a_ttl_of_0_keeps_nothing(cloud: str) -> None:
    """Every call asks."""
    keeper = Gatekeeper(ALLOW[cloud])
    kinds(Guard(DIALECTS[cloud](), keeper, ttl=0, clock=Clock()), call(), call())

    assert len(keeper.events) == 2


@both
def test_a_missing_identity_asks_nobody(cloud: str) -> None:
    """An empty header is a missing one."""
    keeper = Gatekeeper(ALLOW[cloud])
    ends = kinds(Guard(DIALECTS[cloud](), keeper, clock=Clock()), call(""))

    assert (ends, keeper.events) == ([Kind.NO_IDENTITY], [])


@pytest.mark.parametrize(
    ("cloud", "verdict", "kind", "asked"),
    [
        ("aws", "Unauthorized", Kind.UNAUTHENTICATED, 2),
        ("aws", "boom", Kind.AUTHORIZER_FAILED, 2),
        ("aws", {"principalId": 1}, Kind.AUTHORIZER_MALFORMED, 2),
        ("aws", allow_aws("nothing"), Kind.FORBIDDEN, 1),
        ("huawei", "Unauthorized", Kind.AUTHORIZER_FAILED, 2),
        ("huawei", say_huawei(status="deny"), Kind.UNAUTHENTICATED, 2),
        ("huawei", {"statusCode": 500}, Kind.AUTHORIZER_MALFORMED, 2),
    ],
)
def test_what_is_kept_of_a_refusal(cloud: str, verdict: Any, kind: Kind, asked: int) -> None:
    """A policy is kept, whatever it says; errors and APIG's denials are not."""
    keeper = Gatekeeper(verdict)
    ends = kinds(Guard(DIALECTS[cloud](), keeper, clock=Clock()), call(), call())

    assert ([kind, kind], asked) == (ends, len(keeper.events))
