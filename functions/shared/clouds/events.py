"""Reading parts of an untrusted event: what the dialects share. Knows no gateway's key."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from functions.shared.errors import InvalidRequest


def mapping(value: Any, what: str) -> dict[str, Any]:
    """Return a map; an absent one is null on AWS (aws.md, 6) and means empty. Raises InvalidRequest."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"The event's {what} is not a map.")
    return value


def text(value: Any, what: str) -> str:
    """Return a non-empty string. Raises InvalidRequest."""
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"The event has no {what}.")
    return value


def lower(headers: dict[str, Any]) -> dict[str, str]:
    """Return headers with lower-case names. A name that comes twice, or a list, is joined: two tokens never become one."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise InvalidRequest("The event has a header that is not text.")
        key = name.lower()
        found[key] = ", ".join(([found[key]] if key in found else []) + values)
    return found


def body(value: Any, is_base64: Any) -> bytes:
    """Return the body's bytes; null is empty. Raises InvalidRequest."""
    if value is None:
        return b""
    if not isinstance(value, str):
        raise InvalidRequest("The event's body is not text.")
    if is_base64 is not None and not isinstance(is_base64, bool):
        raise InvalidRequest("The event's isBase64Encoded is neither true nor false.")
    try:
        return base64.b64decode(value, validate=True) if is_base64 else value.encode("utf-8")
    except (binascii.Error, ValueError):
        # ValueError covers both non-ASCII text given as base64 and lone surrogates given as text.
        raise InvalidRequest("The event's body is not what it says it is.") from None
