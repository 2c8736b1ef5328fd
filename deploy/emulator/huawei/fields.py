"""Rules for the fields of a request's body, as tables: what a value may be, and the code with which a service refuses all others.

This file knows JSON and no service. To check a field, add its line to a service's table; to add a kind of rule, write its class here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Rule(Protocol):
    """What a value may be."""

    @property
    def code(self) -> str:
        """With which the service refuses."""

    def admits(self, value: Any) -> bool:
        """Say whether it may be this."""


class Text(NamedTuple):
    """A string of this form."""

    code: str
    pattern: str = r"(?s).*"

    def admits(self, value: Any) -> bool:
        """Say whether it may be this."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


class Whole(NamedTuple):
    """A whole number in a range. A number in a string is none, and `true` is none."""

    code: str
    least: int
    most: int

    def admits(self, value: Any) -> bool:
        """Say whether it may be this."""
        return type(value) is int and self.least <= value <= self.most


class OneOf(NamedTuple):
    """One of these values."""

    code: str
    values: Collection[Any]

    def admits(self, value: Any) -> bool:
        """Say whether it may be this."""
        return type(value) in {str, int} and value in self.values


class Shape(NamedTuple):
    """A value of this JSON type."""

    code: str
    type: type

    def admits(self, value: Any) -> bool:
        """Say whether it may be this."""
        return isinstance(value, self.type)


def read(document: Mapping[str, Any], rules: Mapping[str, Rule], required: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields that are there and have a rule; others are ignored, as the services do (huawei.md, 10). Raises Refused with 400."""
    for name in required:
        if document.get(name) is None:
            raise Refused(400, rules[name].code, f"The parameter {name} is missing.")
    found = {name: document[name] for name in rules if document.get(name) is not None}
    for name, value in found.items():
        if not rules[name].admits(value):
            raise Refused(400, rules[name].code, f"The parameter {name} is invalid.")
    return found


def page(query: Mapping[str, str], *, code: str, most: int, size: str = "maxitems") -> tuple[int, int]:
    """Return where a page begins and how long it is: 0 or too many is as many as there may be (SDK-FG). Raises Refused with 400."""
    start, length = query.get("marker") or "0", query.get(size) or "0"
    if not (start.isdecimal() and length.isdecimal()):
        raise Refused(400, code, f"marker and {size} must be numbers.")
    return int(start), int(length) if 0 < int(length) <= most else most
