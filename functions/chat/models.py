"""The owner's tables of models and routes: from settings to values, checked once at the start.

A model is one place to ask; a route is a name that leads to several. It knows the tables' form (`twocan.example.toml` is its documentation);
it must not know any vendor's wire. To add a member, add its line to `_MEMBERS`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.shared.errors import InvalidRequest, ModelNotFound, SettingsError
from functions.shared.providers import PROVIDERS, Capabilities, Price, Target, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: How a route chooses among its models: in their order, by their weights, the one with the fewest questions open, with the quickest first token of
#: late, or with the lowest price.
STRATEGIES = ("ordered", "weighted", "least-busy", "fastest", "cheapest")
_OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")
#: The limits that a row may have for itself, by their names in it and in `Patience`.
_LIMITS = {"connect_seconds": "connect", "first_token_seconds": "first_token", "idle_seconds": "idle", "total_seconds": "total"}


class Route(NamedTuple):
    """A public name and the models behind it; `weights` go with the strategy "weighted"."""

    name: str
    targets: tuple[Target, ...]
    strategy: str = "ordered"
    weights: tuple[float, ...] = ()

    @property
    def embeds(self) -> bool:
        """Whether its models make embeddings instead of answers: all of a route do, or none."""
        return self.targets[0].capabilities.embeds


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


def _whole(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 1 <= value <= most


def _price(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1_000_000


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


#: What a row may hold: what a member must be, in words and as a check.
_MEMBERS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", _text),
    "vendor": ("a text", _text),
    "base_url": ("a text", _text),
    "model": ("a text", _text),
    "key": ("a text", _text),
    "output_limit": (f"one of {', '.join(_OUTPUT_LIMITS)}", _one_of(*_OUTPUT_LIMITS)),
    "template": ("a text", _text),
    "listed": ("true or false", _truth),
    "context": ("a whole number of tokens", _whole(100_000_000)),
    "vision": ("true or false", _truth),
    "tools": ("true or false", _truth),
    "streaming": ("true or false", _truth),
    "embeds": ("true or false", _truth),
    "price_in": ("US dollars for a million tokens", _price),
    "price_out": ("US dollars for a million tokens", _price),
    "price_date": ("a date such as 2026-11-01", lambda value: _text(value) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is not None),
    **dict.fromkeys(_LIMITS, ("a whole number of seconds from 1 to 900", _whole(900))),
}
_ROUTE_MEMBERS = ("name", "strategy", "targets", "weights")


def table(models: str, keys: str, routes: str = "[]") -> dict[str, Route]:
    """Return the routes by public name from MODELS, MODEL_KEYS and ROUTES; a model is a route of its own.

    Raises SettingsError, naming all that is wrong and no key.
    """
    rows, secrets, plans = _loaded(models, list), _loaded(keys, dict), _loaded(routes, list)
    given = (("MODELS", "array", rows), ("MODEL_KEYS", "object", secrets), ("ROUTES", "array", plans))
    wrong = [f"{name} must be a JSON {form}" for name, form, value in given if value is None]
    wrong = wrong or [*_faults(rows, secrets), *_route_faults(plans, rows)]
    if wrong:
        raise SettingsError("Settings to mend: " + "; ".join(wrong))
    targets = {row["name"]: _target(row, secrets) for row in rows}
    # Routes first: who has them means them to be chosen.
    found = {plan["name"]: _route(plan, targets) for plan in plans}
    return found | {name: Route(name, (target,)) for name, target in targets.items() if target.listed}


def find(routes: Mapping[str, Route], name: str, *, embeds: bool = False) -> Route:
    """Return the route of a public name that answers, or that makes embeddings.

    Raises ModelNotFound, which lists those that do, and InvalidRequest for one that does the other.
    """
    if name in routes and routes[name].embeds == embeds:
        return routes[name]
    there = ", ".join(sorted(one.name for one in routes.values() if one.embeds == embeds))
    if name not in routes:
        what = "Models for embeddings" if embeds else "Models"
        raise ModelNotFound(f"There is no such model. {what} here: {there or 'none: the owner has configured no model yet'}", param="model")
    own, address = ("answers", "/v1/chat/completions") if embeds else ("makes embeddings", "/v1/embeddings")
    raise InvalidRequest(f"{name} {own}: ask it at {address}. For this address there are: {there or 'none'}", param="model")


def _loaded(text: str, kind: type) -> Any:
    """Return the value of that kind in the JSON, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def _faults(rows: list[Any], secrets: Mapping[str, Any]) -> list[str]:
    wrong = [complaint for number, row in enumerate(rows, 1) for complaint in _complaints(f"MODELS row {number}", row, secrets)]
    names = [row.get("name") for row in rows if isinstance(row, dict)]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    return [*wrong, f"MODELS has two rows named {', '.join(map(repr, twice))}: each name leads to one model"] if twice else wrong


def _complaints(where: str, row: Any, secrets: Mapping[str, Any]) -> list[str]:
    if not isinstance(row, dict):
        return [f"{where} must be an object"]
    wrong = [f"{where} has an unknown member {name!r} (there are: {', '.join(_MEMBERS)})" for name in sorted(set(row) - set(_MEMBERS))]
    wrong += [f"{where}: {name} must be {must}" for name, (must, fits) in _MEMBERS.items() if name in row and not fits(row[name])]
    wrong += [f"{where} has no {name}" for name in ("name", "vendor", "base_url", "model") if not row.get(name)]
    if wrong:
        return wrong
    if row["vendor"] not in PROVIDERS:
        wrong.append(f"{where}: vendor must be one of {', '.join(PROVIDERS)}")
    if ("price_in" in row, "price_out" in row).count(True) == 1 or ("price_in" in row) != ("price_date" in row):
        wrong.append(f"{where}: a price has price_in, price_out and price_date")
    wrong += [*_template_faults(where, row.get("template", "")), *_embedding_faults(where, row)]
    return [*wrong, *_address_complaints(where, row["base_url"]), *_key_complaints(where, row.get("key", ""), secrets)]


def _address_complaints(where: str, address: str) -> Iterator[str]:
    if not address.startswith(("https://", "http://")):
        yield f"{where}: base_url must begin with https:// or http://"
    if "@" in address.partition("://")[2].partition("/")[0]:
        yield f"{where}: base_url must hold no user name and no password; what is secret goes into the key"


def _key_complaints(where: str, name: str, secrets: Mapping[str, Any]) -> Iterator[str]:
    if name and name not in secrets:
        yield f"{where}: its key {name} is not given"
    elif name and not _printable(secrets[name]):
        yield f"the key {name} must be printable ASCII"


def _template_faults(where: str, name: str) -> list[str]:
    if not name:
        return []
    # Only now: a table without templates is the rule, and its start need not wait for them.
    from functions.shared.templates import NAMES

    return [] if name in NAMES else [f"{where}: template must be one of {', '.join(NAMES)}"]


def _embedding_faults(where: str, row: Mapping[str, Any]) -> Iterator[str]:
    if row.get("embeds") and row["vendor"] in PROVIDERS and load(row["vendor"]).to_embed is None:
        yield f"{where}: the vendor {row['vendor']} makes no embeddings"


def _printable(key: Any) -> bool:
    # It becomes a header's value, where a line break would begin another header.
    return isinstance(key, str) and key.isascii() and key.isprintable() and bool(key)


def _route_faults(plans: list[Any], rows: list[Any]) -> Iterator[str]:
    models = [row.get("name") for row in rows if isinstance(row, dict)]
    embedding = [row.get("name") for row in rows if isinstance(row, dict) and row.get("embeds")]
    taken = list(models)
    for number, plan in enumerate(plans, 1):
        where = f"ROUTES row {number}"
        if not isinstance(plan, dict) or not isinstance(plan.get("name"), str) or not plan["name"]:
            yield f"{where} must be an object with a name"
            continue
        yield from _route_complaints(where, plan, models)
        if isinstance(plan.get("targets"), list) and len({one in embedding for one in plan["targets"]}) > 1:
            yield f"{where}: either all targets make embeddings or none does"
        if plan["name"] in taken:
            yield f"{where}: there is a model or a route of that name already"
        taken.append(plan["name"])


def _route_complaints(where: str, plan: Mapping[str, Any], models: list[Any]) -> Iterator[str]:
    yield from (
        f"{where} has an unknown member {name!r} (there are: {', '.join(_ROUTE_MEMBERS)})" for name in sorted(set(plan) - set(_ROUTE_MEMBERS))
    )
    if plan.get("strategy") not in STRATEGIES:
        yield f"{where}: strategy must be one of {', '.join(STRATEGIES)}"
    targets, weights = plan.get("targets"), plan.get("weights", [])
    if not isinstance(targets, list) or not targets or any(targets.count(one) > 1 or one not in models for one in targets):
        yield f"{where}: targets must be names of models, each once, and not of routes; there are: {', '.join(map(repr, models)) or 'none'}"
    if not isinstance(weights, list) or not all(type(one) in (int, float) and 0 < one < 1_000_000 for one in weights):
        yield f"{where}: weights must be numbers above 0"
    elif ("weights" in plan) != (plan.get("strategy") == "weighted") or (weights and isinstance(targets, list) and len(weights) != len(targets)):
        yield f"{where}: weights go with the strategy weighted, one for each target"


def _route(plan: Mapping[str, Any], targets: Mapping[str, Target]) -> Route:
    return Route(plan["name"], tuple(targets[name] for name in plan["targets"]), plan["strategy"], tuple(map(float, plan.get("weights", ()))))


def _target(row: Mapping[str, Any], secrets: Mapping[str, str]) -> Target:
    priced = "price_in" in row
    return Target(
        name=row["name"],
        vendor=row["vendor"],
        base_url=row["base_url"].rstrip("/"),
        model=row["model"],
        key=secrets[row["key"]] if row.get("key") else "",
        output_limit=row.get("output_limit", "max_tokens"),
        template=row.get("template", ""),
        capabilities=Capabilities(row.get("context"), row.get("vision"), row.get("tools"), row.get("streaming"), row.get("embeds", False)),
        price=Price(row["price_in"], row["price_out"], row["price_date"]) if priced else None,
        patience={ours: float(row[theirs]) for theirs, ours in _LIMITS.items() if theirs in row},
        listed=row.get("listed", True),
    )
