"""routes.py: which of a route's models can answer, and which is asked first."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from functions.chat import routes
from functions.chat.board import Standing
from functions.chat.models import STRATEGIES, Route
from functions.chat.routes import Needs
from functions.shared.errors import ContextTooLong, InvalidRequest
from functions.shared.providers import Capabilities, Price, Target

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def target(name: str, price: float | None = None, **can: Any) -> Target:
    """Return a model."""
    cost = None if price is None else Price(price, price, "2026-11-01")
    return Target(name, "openai", "https://m.example/v1", name, "", "max_tokens", capabilities=Capabilities(**can), price=cost)


A, B, C = target("a", 3.0), target("b"), target("c", 1.0)


def chance(*values: float) -> Callable[[], float]:
    """Return a source of chance that gives these values."""
    return iter(values).__next__


def order(route: Route, **standings: Standing) -> str:
    """Return the order in which a route's models are asked."""
    source = random.Random(7)
    return "".join(one.name for one in routes.order(route, route.targets, lambda name: standings.get(name, Standing()), source.random))


def test_every_strategy_has_an_order() -> None:
    """None that an owner may write is unknown."""
    assert set(STRATEGIES) == set(routes._ORDERS)


def test_ordered_is_as_written() -> None:
    """Whatever is known of them."""
    assert "abc" == order(Route("r", (A, B, C)), a=Standing(open=9, first_token=9.0))


def test_weighted_is_by_chance_in_proportion() -> None:
    """Three times as often first, and everybody has a place."""
    source = random.Random(7)
    route = Route("r", (A, B), "weighted", (3.0, 1.0))
    first = Counter(routes.order(route, route.targets, lambda _: Standing(), source.random)[0].name for _ in range(4000))

    assert 2900 < first["a"] < 3100
    assert {"a", "b"} == set(order(route))


def test_weights_belong_to_names() -> None:
    """Also where one of them cannot answer this question."""
    route = Route("r", (A, B, C), "weighted", (1e-9, 1.0, 1.0))

    assert "c" == routes.order(route, (A, C), lambda _: Standing(), chance(0.5, 0.5))[0].name


def test_least_busy_is_who_has_fewest_questions_open() -> None:
    """By chance among equals."""
    source = random.Random(7)
    route = Route("r", (A, B, C), "least-busy")
    equals = Counter(routes.order(route, route.targets, lambda _: Standing(), source.random)[0].name for _ in range(300))

    assert "cba" == order(route, a=Standing(open=5), b=Standing(open=2), c=Standing(open=1))
    assert all(equals[name] > 50 for name in "abc")


def test_fastest_is_who_was_quick_of_late() -> None:
    """One that nobody has timed comes first, or it never would be."""
    route = Route("r", (A, B, C), "fastest")

    assert "cba" == order(route, a=Standing(first_token=3.0), b=Standing(first_token=1.0))


def test_cheapest_is_by_price() -> None:
    """What has none comes last."""
    assert "cab" == order(Route("r", (A, B, C), "cheapest"))


@pytest.mark.parametrize(
    ("needed", "can", "says"),
    [
        (Needs(images=True), {"vision": False}, "r cannot see images"),
        (Needs(tools=True), {"tools": False}, "r cannot call tools"),
        (Needs(streams=True), {"streaming": False}, "r cannot stream"),
    ],
)
def test_what_no_model_can_is_refused(needed: Needs, can: dict[str, bool], says: str) -> None:
    """Before it costs anything; one whose owner has not said so is tried."""
    with pytest.raises(InvalidRequest, match=says):
        routes.able(Route("r", (target("a", **can),)), needed)
    assert (B,) == routes.able(Route("r", (target("a", **can), B)), needed)


def test_what_is_too_long_for_one_goes_to_another() -> None:
    """Or is refused as a vendor would, for nothing."""
    small, large = target("s", context=1000), target("l", context=100_000)

    assert (large,) == routes.able(Route("r", (small, large)), Needs(tokens=1001))
    with pytest.raises(ContextTooLong):
        routes.able(Route("r", (small,)), Needs(tokens=1001))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, Needs(tokens=10)),
        ({"stream": True}, Needs(tokens=10, streams=True)),
        ({"tools": [{}]}, Needs(tokens=10, tools=True)),
        ({"tools": []}, Needs(tokens=10)),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, IMAGE]}]}, Needs(tokens=10, images=True)),
        ({"messages": [{"role": "user", "content": ["odd", {"type": "text"}]}]}, Needs(tokens=10)),
    ],
)
def test_what_a_question_needs(members: dict[str, Any], expected: Needs) -> None:
    """Of tokens only what is certain: eight bytes make one at least."""
    document = {"messages": [{"role": "user", "content": "hi"}], **members}

    assert expected == routes.needs(document, 80)
