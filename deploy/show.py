"""Plans, progress and state as text for a person, and as JSON for a script.

This file knows words and colours; it decides nothing. Secrets never get here: a thing holds only their marks.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from string import hexdigits
from typing import TYPE_CHECKING, Any

from rich.text import Text

from deploy.steps import Answer, Delete, Preflight, Ref, SiteFile, key, verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deploy.steps import Step, Thing, Verb

_SIGNS: dict[Verb, tuple[str, str]] = {"create": ("+", "green"), "change": ("~", "yellow"), "delete": ("-", "red")}
_MANY = {Answer: "answers of the gateway's own", Preflight: "preflights, which need no token", SiteFile: "files of the page"}


#: Characters of a SHA-256.
_DIGEST = 64


def steps(planned: Sequence[Step]) -> Text:
    """Return a plan: a line for each step and an indented one for each member that changes; what is many and alike in one line."""
    text = Text()
    several = Counter((type(step.thing), verb(step)) for step in planned if _one_of_many(step))
    for step in planned:
        if not _one_of_many(step):
            text.append_text(line(step))
            for change in changes(step):
                text.append(f"      {change}\n", "dim")
    for (kind, word), number in several.items():
        sign, colour = _SIGNS[word]
        text.append(f"  {sign} {number} {_MANY[kind]}\n", colour)
    return text.append(summary(planned))


def _one_of_many(step: Step) -> bool:
    """Say whether a step is one of many alike, that nobody reads one by one; what changes is always shown."""
    return type(step.thing) in _MANY and verb(step) != "change"


def line(step: Step) -> Text:
    """Return one step in one line."""
    sign, colour = _SIGNS[verb(step)]
    return Text(f"  {sign} {key(step.thing)}\n", colour)


def summary(planned: Sequence[Step]) -> str:
    """Return how many steps there are of each kind."""
    words = [verb(step) for step in planned]
    return f"{words.count('create')} to create, {words.count('change')} to change, {words.count('delete')} to delete\n"


def changes(step: Step) -> Iterator[str]:
    """Yield a text for each member of a thing that changes, or, for a new one, for each that says more than its name."""
    if isinstance(step, Delete):
        return
    if step.was is None:
        # Nothing to compare a secret's mark with, which is another one in each plan until the stage is made; and nothing is no news.
        yield from (f"{name}: {'(secret)' if value.startswith('(secret ') else value}" for name, value in _members(step.thing).items() if value)
        return
    before = _members(step.was)
    for name, value in _members(step.thing).items():
        if before.get(name) != value:
            yield f"{name}: {before[name]} → {value}" if name in before else f"{name}: {value}"
    yield from (f"{name}: {value} → gone" for name, value in before.items() if name not in _members(step.thing))


def sizes(zips: Iterable[tuple[str, int]]) -> str:
    """Return how large the zips of functions are."""
    return "".join(f"  zip of {name}: {size / 1000:,.0f} kB\n" for name, size in zips)


def as_json(planned: Iterable[Step]) -> list[dict[str, Any]]:
    """Return steps as JSON values."""
    return [{"verb": verb(step), "thing": key(step.thing), "changes": list(changes(step))} for step in planned]


def _members(thing: Thing) -> dict[str, str]:
    """Return a thing's members as short texts, pairs each by its own name; a secret's mark is shown as a word."""
    shown: dict[str, str] = {}
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if field.name == "secrets":
            shown |= {name: f"(secret {mark[:6]})" for name, mark in value}
        elif isinstance(value, tuple):
            shown |= {name: _short(one) for name, one in value}
        elif field.name not in {"name", "of", "path", "type"}:
            shown[field.name] = _short(value)
    return shown


def _short(value: object) -> str:
    text = str(value)
    if len(text) == _DIGEST and set(text) <= set(hexdigits):
        return text[:16]
    if isinstance(value, Ref) or len(text) <= 72:
        return text
    return f"{text[:60]}… ({len(text)} characters)"


def done(step: Step) -> str:
    """Return what to tell when a step is done."""
    past = {"create": "created", "change": "changed", "delete": "deleted"}[verb(step)]
    return f"{past} {key(step.thing)}"


def pending(things: Sequence[Thing]) -> str:
    """Return what waits for a promotion, or ""."""
    names = ", ".join(key(thing).removeprefix("live ") for thing in things)
    return f"Promotion pending: {names}. `promote` lets it take over, step by step." if things else ""
