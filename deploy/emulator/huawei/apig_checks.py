"""How the body of a request to APIG is read: tables of fields in, what is kept out, or APIG.2011 with the name of the first field that is wrong.

This file knows tables, pages of lists and times, and no resource of APIG's; the tables are in apig_fields.py. Fields that no table names are
ignored, as the real one does (huawei.md, 10).
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

Document = dict[str, Any]
Check = Callable[[Any], bool]

# huawei.md, 3.2: `limit` of a list, where none or none that counts is asked for, and at most.
_PAGE, _LONGEST_PAGE = 20, 500


class Way(NamedTuple):
    """One operation on the gateway that the path names: `do` returns what is answered, with `status`; None is nothing."""

    method: str
    path: str
    do: Callable[[Gateways, Call], Any]
    status: int = 200


class Field(NamedTuple):
    """One field: what it must hold, whether it must be there, and what is kept when it is not.

    `inside`: it is an object with these fields, or with `many` a list of such.
    """

    holds: Check = lambda _: True
    required: bool = False
    default: Any = None
    inside: Mapping[str, Field] | None = None
    many: bool = False


def wrong(name: str) -> Refused:
    """Return the refusal of a field (huawei.md, 3.2)."""
    return Refused(400, "APIG.2011", f"Invalid parameter value,parameterName:{name}. Please refer to the support documentation")


def text(pattern: str = "", most: int = 255) -> Check:
    """Return the check of a text: it is like the pattern, and at most so long."""
    like = re.compile(pattern, re.DOTALL)
    return lambda value: isinstance(value, str) and len(value) <= most and (not pattern or like.fullmatch(value) is not None)


def whole(least: int, most: int) -> Check:
    """Return the check of a whole number."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def one_of(*values: Any) -> Check:
    """Return the check of an enumeration. True is not 1."""
    return lambda value: any(value == one and type(value) is type(one) for one in values)


def truth(value: Any) -> bool:
    """Check a truth value."""
    return isinstance(value, bool)


def texts(pattern: str, most: int) -> Check:
    """Return the check of a list of texts, none of them twice."""
    each = text(pattern, 512)
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(each, value)) and len(set(value)) == len(value)


def read(document: Mapping[str, Any], fields: Mapping[str, Field]) -> Document:
    """Return what a table knows of a body, with its defaults. Raises Refused; null is absent."""
    pairs = ((name, _value(document.get(name), name, field)) for name, field in fields.items())
    return {name: value for name, value in pairs if value is not None}


def page(items: Iterable[Document], call: Call, key: str) -> Document:
    """Return the part of a list that was asked for. Raises Refused."""
    every = list(items)
    offset, limit = max(0, _number(call, "offset", 0)), _number(call, "limit", _PAGE)
    shown = every[offset : offset + (min(limit, _LONGEST_PAGE) if limit > 0 else _PAGE)]
    return {"size": len(shown), "total": len(every), key: shown}


def filtered(items: Iterable[Document], call: Call, *names: str) -> list[Document]:
    """Return the items that the query asks for: any that hold the name it says, and otherwise those that are as it says."""
    wanted = {name: call.query[name] for name in names if call.query.get(name)}
    precise = call.query.get("precise_search", "").split(",")
    return [one for one in items if all(_is(one.get(name), value, whole=name in precise or name != "name") for name, value in wanted.items())]


def moment(seconds: float) -> str:
    """Return a time as APIG writes it: RFC 3339 with nine decimals (huawei.md, 3.2)."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def _value(given: Any, name: str, field: Field) -> Any:
    if given is None:
        if field.required:
            raise wrong(name)
        return field.default
    if not field.holds(given):
        raise wrong(name)
    if field.inside is None:
        return given
    if not field.many:
        return _object(given, name, field.inside)
    if not isinstance(given, list):
        raise wrong(name)
    return [_object(one, name, field.inside) for one in given]


def _object(given: Any, name: str, fields: Mapping[str, Field]) -> Document:
    if not isinstance(given, dict):
        raise wrong(name)
    return read(given, fields)


def _number(call: Call, name: str, otherwise: int) -> int:
    said = call.query.get(name, "")
    if not said:
        return otherwise
    if not re.fullmatch(r"-?\d{1,9}", said):
        raise wrong(name)
    return int(said)


def _is(value: Any, wanted: str, *, whole: bool) -> bool:
    return str(value) == wanted if whole else wanted in str(value)
