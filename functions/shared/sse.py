"""text/event-stream: chunks of bytes to events, events to bytes. No I/O. WHATWG HTML, 9.2.5 and 9.2.6.

A chunk may end anywhere: within a character, between CR and LF, within the byte order mark. However a stream is cut into chunks, the events
are the same; a law tests it. An event that the end of the stream cuts off is not an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from functions.shared.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Longest event in bytes; a longer one is no answer but a fault, and would fill the memory.
LONGEST = 4_000_000
#: A comment: keeps connections alive, is no event.
HEARTBEAT = b": \n\n"
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event. `id` is the last one that the stream set."""

    event: str
    data: str
    id: str


def decode(chunks: Iterable[bytes]) -> Iterator[Event | None]:
    """Yield the events in a stream of chunks; None for a chunk that completes none, so that the reader can look at the clock.

    Raises UpstreamError for an event over LONGEST.
    """
    decoder = Decoder()
    for chunk in chunks:
        events = decoder.feed(chunk)
        if not events:
            yield None
        yield from events


def encode(data: str) -> bytes:
    """Return the bytes of one unnamed event. `data` holds no line break, as JSON never does."""
    return b"data: %b\n\n" % data.encode("utf-8")


class Decoder:
    """Takes chunks, returns the events that they complete, and keeps what they leave over."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._size = 0
        self._after_cr = False
        self._begun = False
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes. Raises UpstreamError for an event over LONGEST."""
        self._size += len(chunk)
        if self._size > LONGEST:
            raise UpstreamError("The model's server sent an event without end.")
        if self._is_whole(chunk):
            self._size = 0
            return [Event("message", chunk[6:-2].decode("utf-8", "replace"), self._id)]
        return [event for line in self._lines(chunk) if (event := self._line(line))]

    def _is_whole(self, chunk: bytes) -> bool:
        """Say whether the chunk is one plain event and nothing is left from before: how nearly every chunk of a model comes."""
        fresh = self._begun and not (self._left or self._data or self._event or self._after_cr)
        return fresh and chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and chunk.count(b"\n") == 2 and b"\r" not in chunk and len(chunk) > 8

    def _lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            # The LF of a CRLF that was cut in two ends no second line.
            chunk = chunk[1:] if chunk.startswith(b"\n") else chunk
            self._after_cr = False
        if b"\n" not in chunk and b"\r" not in chunk:
            # Added to one array: for a long line in small chunks, joining at each is quadratic, and a list takes many times their size.
            self._left += chunk
            return []
        # bytes.splitlines, unlike str.splitlines, knows CR, LF and CRLF only, which is what the standard says.
        lines = bytes(self._left + chunk).splitlines(keepends=True)
        self._after_cr = lines[-1].endswith(b"\r")
        self._left = bytearray() if lines[-1].endswith((b"\n", b"\r")) else bytearray(lines.pop())
        return lines

    def _line(self, raw: bytes) -> Event | None:
        line = raw.rstrip(b"\r\n")
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" ").decode("utf-8", "replace"))
        return None

    def _field(self, name: bytes, value: str) -> None:
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and "\0" not in value:
            self._id = value

    def _dispatch(self) -> Event | None:
        data, event = self._data, self._event
        self._size = 0
        self._data = []
        self._event = ""
        # By the lines, not by the text: one empty line of data is an event whose data is empty.
        return Event(event or "message", "\n".join(data), self._id) if data else None
