"""The other end of AWS's event streams: what the services write. It knows the bytes of a message; it must know nobody who reads them."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How a value of each type is written, but for the two that begin with their length.
_FORMS = {0: "", 1: "", 2: "b", 3: "h", 4: "i", 5: "q", 8: "q"}


def text(name: str, value: str) -> bytes:
    """Return one header whose value is a text."""
    return header(name, 7, value.encode())


def header(name: str, kind: int, value: int | bytes) -> bytes:
    """Return one header of that type."""
    if isinstance(value, int):
        written = struct.pack(f">{_FORMS[kind]}", *([value] if _FORMS[kind] else []))
    else:
        written = value if kind == 9 else len(value).to_bytes(2, "big") + value
    return bytes([len(name.encode())]) + name.encode() + bytes([kind]) + written


def message(headers: bytes, payload: bytes = b"") -> bytes:
    """Return one message, sealed."""
    start = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    return sealed(start + struct.pack(">I", crc32(start)) + headers + payload)


def sealed(raw: bytes) -> bytes:
    """Return these bytes with their CRC."""
    return raw + struct.pack(">I", crc32(raw))


def part(payload: bytes) -> bytes:
    """Return a piece of what a container on SageMaker sends."""
    headers = text(":event-type", "PayloadPart") + text(":content-type", "application/octet-stream") + text(":message-type", "event")
    return message(headers, payload)


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return an event whose payload is JSON, as Bedrock sends them."""
    headers = text(":event-type", name) + text(":content-type", "application/json") + text(":message-type", "event")
    return message(headers, json.dumps(data, ensure_ascii=False).encode())


def exception(name: str, data: Mapping[str, Any]) -> bytes:
    """Return the exception of that name."""
    headers = text(":exception-type", name) + text(":content-type", "application/json") + text(":message-type", "exception")
    return message(headers, json.dumps(data).encode())
