"""However a stream of events is cut, the events are the same."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from functions.shared import sse
from functions.shared.sse import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE_ENDS = st.sampled_from(["\n", "\r", "\r\n"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
LINES = st.one_of(
    st.just(""),
    st.tuples(st.sampled_from(["data", "event", "id", "retry", "", "other", "\ufeffdata"]), st.sampled_from(["", ":", ": "]), TEXT).map("".join),
    TEXT,
)
STREAMS = st.lists(st.tuples(LINES, LINE_ENDS).map("".join)).map(lambda lines: "".join(lines).encode())
ANY_BYTES = st.lists(
    st.sampled_from([b"data:", b" ", b"\r", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xe4\xbd\xa0", b"\xe4", b"\0", b"id:", b"event:", b"a"])
).map(b"".join)
CUTS = st.sets(st.integers(0, 400))


def events(chunks: Iterable[bytes]) -> list[Event]:
    """Return the events in these chunks."""
    return [one for one in sse.decode(chunks) if one is not None]


def cut(raw: bytes, at: set[int]) -> list[bytes]:
    """Return the pieces between these places."""
    places = sorted({0, len(raw), *(place for place in at if place < len(raw))})
    return [raw[start:end] for start, end in pairwise(places)]


@given(STREAMS, CUTS)
def test_any_chunking_gives_the_same_events(raw: bytes, at: set[int]) -> None:
    """A cut within a character, a line end or a byte order mark changes nothing."""
    assert events([raw]) == events(cut(raw, at))


@given(ANY_BYTES, CUTS)
def test_any_chunking_of_any_bytes_gives_the_same_events(raw: bytes, at: set[int]) -> None:
    """What is no UTF-8 and no event stream is read alike too."""
    assert events([raw]) == events(cut(raw, at))


@given(st.lists(TEXT))
def test_what_is_encoded_is_decoded(texts: list[str]) -> None:
    """One event for each text, and heartbeats between them change nothing."""
    raw = sse.HEARTBEAT.join(map(sse.encode, texts))

    assert [Event("message", text, "") for text in texts] == events([raw])


@given(STREAMS, CUTS)
def test_every_chunk_says_something(raw: bytes, at: set[int]) -> None:
    """Each chunk gives an event or None, so that the clock is looked at."""
    chunks = cut(raw, at)

    assert len(chunks) <= len(list(sse.decode(chunks)))
