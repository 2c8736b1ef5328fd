"""application/vnd.amazon.eventstream: chunks of bytes to events, as SageMaker and Bedrock stream them. No I/O.

A message is a prelude (its length, its headers' length, a CRC-32 of the two), headers, a payload, and a CRC-32 of all that:
https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html. An event is named by its `:event-type`, "exception" for one of AWS's faults
or the server's, whose name then stands in `id`. Octets, which are no text and may end within a character, come as one character each (Latin-1).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from zlib import crc32

from functions.shared.errors import UpstreamError
from functions.shared.sse import LONGEST, Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
#: Bytes of a header's value by its type; those of octets and of a text stand before it.
_WIDTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_OCTETS, _TEXT = 6, 7
_BROKEN = "The model's server sent what is no event stream of AWS's."


def decode(chunks: Iterable[bytes]) -> Iterator[Event | None]:
    """Yield the events in a stream of chunks; None for a chunk that completes none. What the end cuts off is no event. Raises UpstreamError."""
    left = bytearray()
    for chunk in chunks:
        left += chunk
        whole = False
        while (size := _size(left)) and len(left) >= size:
            whole = True
            yield _event(bytes(left[:size]))
            del left[:size]
        if not whole:
            yield None


def _size(left: bytearray) -> int:
    """Return the size of the message that begins here, 0 while that is not known. Raises UpstreamError."""
    if len(left) < _PRELUDE.size:
        return 0
    size, headers, crc = _PRELUDE.unpack_from(left)
    if crc32(left[:8]) != crc or not headers + _PRELUDE.size + _CRC.size <= size <= LONGEST:
        raise UpstreamError(_BROKEN)
    return int(size)


def _event(message: bytes) -> Event:
    if _CRC.unpack(message[-_CRC.size :])[0] != crc32(message[: -_CRC.size]):
        raise UpstreamError(_BROKEN)
    start = _PRELUDE.size + _PRELUDE.unpack_from(message)[1]
    headers, payload = _headers(message[_PRELUDE.size : start]), message[start : -_CRC.size]
    data = payload.decode("latin-1") if headers.get(":content-type") == "application/octet-stream" else payload.decode("utf-8", "replace")
    if headers.get(":message-type", "event") != "event":
        return Event("exception", data, headers.get(":exception-type") or headers.get(":error-code", ""))
    return Event(headers.get(":event-type", ""), data, "")


def _headers(raw: bytes) -> dict[str, str]:
    """Return the headers that are texts, by name. Raises UpstreamError."""
    found: dict[str, str] = {}
    place = 0
    try:
        while place < len(raw):
            start = place + 1 + raw[place]
            name, kind = raw[place + 1 : start].decode("utf-8"), raw[start]
            start += 1
            if kind in (_OCTETS, _TEXT):
                start += 2
                place = start + int.from_bytes(raw[start - 2 : start], "big")
            else:
                place = start + _WIDTHS[kind]
            if kind == _TEXT:
                found[name] = raw[start:place].decode("utf-8")
    except (LookupError, ValueError):
        raise UpstreamError(_BROKEN) from None
    if place != len(raw):
        raise UpstreamError(_BROKEN)
    return found
