"""What `GET /v1/models` says of each public name: OpenAI's members, and what a picker shows besides. Pure.

A member that the owner has not told is null. Of a route it says what can be asked of it, since a question goes to a model that can answer it: the
longest context, what any of them can do, and the highest price that this may cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.chat.models import Route
    from functions.shared.providers import Target


def entry(route: Route) -> dict[str, Any]:
    """Return the entry of one public name."""
    targets = route.targets
    alone = len(targets) == 1 and targets[0].name == route.name
    vendors = sorted({target.vendor for target in targets})
    several = {} if alone else {"route": {"strategy": route.strategy, "models": [target.name for target in targets]}}
    return {
        "id": route.name,
        "object": "model",
        "created": 0,
        "owned_by": ", ".join(vendors),
        "context_length": _most(target.capabilities.context for target in targets),
        "capabilities": {name: _any(getattr(target.capabilities, name) for target in targets) for name in ("vision", "tools", "streaming")},
        "price": _price(targets),
        **several,
    }


def _most(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else max(one for one in known if one is not None)


def _any(values: Iterable[bool | None]) -> bool | None:
    known = list(values)
    return True if True in known else (None if None in known else False)


def _price(targets: Iterable[Target]) -> dict[str, Any] | None:
    """Return US dollars for a million tokens: the highest there may be, as of the earliest date."""
    prices = [target.price for target in targets]
    if None in prices:
        return None
    known = [price for price in prices if price is not None]
    return {
        "currency": "USD",
        "per_tokens": 1_000_000,
        "input": max(one.read for one in known),
        "output": max(one.written for one in known),
        "date": min(one.date for one in known),
    }
