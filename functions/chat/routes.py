"""Which of a route's models to ask, and in which order. Pure: standings and a source of chance in, an order out.

It knows the strategies and what a question needs; it must know no vendor and send nothing. To add a strategy, add its function to `_ORDERS`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.shared.errors import ContextTooLong, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.chat.board import Standing
    from functions.chat.models import Route
    from functions.shared.providers import Target

    Look = Callable[[str], Standing]
    Chance = Callable[[], float]

#: Bytes of text that one token stands for at most, in prose of any language: what has more tokens than that makes cannot fit.
BYTES_A_TOKEN = 8


class Needs(NamedTuple):
    """What a question takes of a model: tokens to read at least, and whether it must see images, call tools, stream."""

    tokens: int = 0
    images: bool = False
    tools: bool = False
    streams: bool = False


def needs(document: Mapping[str, Any], size: int) -> Needs:
    """Return what a chat request needs, whose text has this many bytes."""
    return Needs(size // BYTES_A_TOKEN, _has_images(document["messages"]), bool(document.get("tools")), bool(document.get("stream")))


def needs_to_embed(size: int) -> Needs:
    """Return what texts need to become vectors, the longest of which has this many bytes."""
    return Needs(size // BYTES_A_TOKEN)


def able(route: Route, needed: Needs) -> tuple[Target, ...]:
    """Return those of a route's models that can answer. Raises InvalidRequest or ContextTooLong where none can."""
    left = tuple(target for target in route.targets if _lacks(target, needed) is None)
    if left:
        return left
    lacks = {_lacks(target, needed) for target in route.targets}
    if "context" in lacks:
        raise ContextTooLong
    raise InvalidRequest(f"{route.name} cannot {' or '.join(sorted(map(str, lacks)))}. Choose another model, or leave that out.", param="model")


def order(route: Route, able: Sequence[Target], look: Look, chance: Chance) -> list[Target]:
    """Return models in the order in which a route asks them."""
    return _ORDERS[route.strategy](route, able, look, chance)


def _has_images(messages: Any) -> bool:
    parts = [part for message in messages if isinstance(message.get("content"), list) for part in message["content"]]
    return any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def _lacks(target: Target, needed: Needs) -> str | None:
    """Return what a model cannot do that is needed; what its owner has not said it can."""
    can = target.capabilities
    if can.context is not None and needed.tokens > can.context:
        return "context"
    wanted = (("see images", needed.images, can.vision), ("call tools", needed.tools, can.tools), ("stream", needed.streams, can.streaming))
    return next((what for what, wants, able in wanted if wants and able is False), None)


def _ordered(_: Route, able: Sequence[Target], _look: Look, _chance: Chance) -> list[Target]:
    return list(able)


def _weighted(route: Route, able: Sequence[Target], _look: Look, chance: Chance) -> list[Target]:
    """A draw without replacement, each by its weight (Efraimidis and Spirakis, 2006)."""
    weights = dict(zip((target.name for target in route.targets), route.weights, strict=True))
    return sorted(able, key=lambda target: -math.log(1.0 - chance()) / weights[target.name])


def _least_busy(_: Route, able: Sequence[Target], look: Look, chance: Chance) -> list[Target]:
    """By chance among equals: most platforms give an instance one question at a time, and then all are."""
    return sorted(able, key=lambda target: (look(target.name).open, chance()))


def _fastest(_: Route, able: Sequence[Target], look: Look, chance: Chance) -> list[Target]:
    """One that nobody has timed of late comes first: else it never would be."""
    return sorted(able, key=lambda target: (look(target.name).first_token or 0.0, chance()))


def _cheapest(_: Route, able: Sequence[Target], _look: Look, _chance: Chance) -> list[Target]:
    """By what is read and written together; what has no price comes last."""
    return sorted(able, key=lambda target: target.price.read + target.price.written if target.price else math.inf)


_ORDERS = {"ordered": _ordered, "weighted": _weighted, "least-busy": _least_busy, "fastest": _fastest, "cheapest": _cheapest}
