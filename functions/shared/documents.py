"""JSON from strangers: one object, read strictly, or InvalidJSON.

This file knows what `json.loads` lets through and must not: duplicate members (two readers may each see another one), NaN and Infinity,
numbers that overflow to infinity, lone surrogates (no UTF-8 can carry them on), nesting that exhausts the stack.
"""

from __future__ import annotations

import json
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]  # undocumented, and there since Python 2.7
from typing import Any

from functions.shared.errors import InvalidJSON

#: Levels of nesting; more would let a reader through and exhaust the stack of a writer further down.
DEEPEST = 100
# CPython's own encoder, made once: json.dumps and JSONEncoder make one per call, which costs as much as what it then does for a streamed chunk.
# Compact, as it is, without NaN; nothing that was read from JSON can contain itself, so no value is checked for it.
_ENCODE = c_make_encoder(None, json.JSONEncoder().default, encode_basestring, None, ":", ",", False, False, False)


def parse(raw: bytes) -> dict[str, Any]:
    """Return the one JSON object that `raw`, UTF-8 without a byte order mark, holds. Raises InvalidJSON."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite)
        if r"\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # Not `from error`: a decoder's message quotes the text it choked on.
        raise InvalidJSON from None
    if not isinstance(value, dict):
        raise InvalidJSON
    if raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _check_depth(value)
    return value


def write(value: Any) -> bytes:
    """Return compact JSON in UTF-8."""
    return "".join(_ENCODE(value, 0)).encode("utf-8")


def _check_depth(value: Any) -> None:
    layer = [value]
    for _ in range(DEEPEST):
        layer = [inner for outer in layer if isinstance(outer, (dict, list)) for inner in (outer.values() if isinstance(outer, dict) else outer)]
        if not layer:
            return
    raise InvalidJSON(f"The body is nested more than {DEEPEST} levels deep.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidJSON("The body has the same member twice in one object.")
    return members


def _refuse(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number
