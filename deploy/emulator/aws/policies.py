"""What a resource's policy allows, as far as the emulated AWS has to know: statements, principals, actions, resources, conditions. Pure.

Where a policy says something that is not known here, it allows nothing by it, and denies everything. To know one more operator, add its line.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Asked(NamedTuple):
    """Who wants to do what with what: a service's name, or "" for anybody; `context` are the keys that conditions name, in small letters."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


def allows(statements: Iterable[Mapping[str, Any]], asked: Asked) -> bool:
    """Say whether some statement allows it and none denies it."""
    concerned = [(one.get("Effect"), _holds(one.get("Condition") or {}, asked.context)) for one in statements if _concerns(one, asked)]
    denied = any(effect != "Allow" and holds is not False for effect, holds in concerned)
    return not denied and any(effect == "Allow" and holds for effect, holds in concerned)


def like(pattern: str, text: str) -> bool:
    """Say whether a text fits a pattern, in which * is any text and ? any character."""
    words = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(words), text, re.DOTALL) is not None


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": like,
    "ArnLike": like,
    "StringEquals": operator.eq,
    "StringLike": like,
}


def _concerns(statement: Mapping[str, Any], asked: Asked) -> bool:
    who = statement.get("Principal")
    services = _texts(who.get("Service", [])) if isinstance(who, dict) else []
    anybody = who == "*" or (isinstance(who, dict) and who.get("AWS") == "*")
    if not anybody and asked.service not in services:
        return False
    acts = any(like(one.lower(), asked.action.lower()) for one in _texts(statement.get("Action", [])))
    return acts and any(like(one, asked.resource) for one in _texts(statement.get("Resource", [])))


def _holds(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool | None:
    """Say whether all conditions hold; None where one of them is not known here."""
    asked = [(word, key.lower(), pattern) for word, pairs in conditions.items() for key, pattern in pairs.items()]
    if any(word not in _OPERATORS for word, _, _ in asked):
        return None
    return all(key in context and any(_OPERATORS[word](one, context[key]) for one in _texts(pattern)) for word, key, pattern in asked)


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
