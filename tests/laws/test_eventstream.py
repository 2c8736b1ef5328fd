"""However a stream of AWS's events is cut, the events are the same, and so is the error that it ends with."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from functions.shared import eventstream
from functions.shared.errors import UpstreamError
from tests.fakes.eventstream import event, exception, message, part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.shared.sse import Event

DATA = st.dictionaries(st.text(max_size=4), st.text(max_size=12), max_size=2)
MESSAGES = st.one_of(
    st.binary(max_size=40).map(part),
    st.builds(event, st.sampled_from(["messageStart", "metadata"]), DATA),
    st.builds(exception, st.sampled_from(["throttlingException", "ModelStreamError"]), DATA),
)
STREAMS = st.lists(MESSAGES, max_size=5).map(b"".join)
ODD = st.lists(MESSAGES | st.binary(max_size=20) | st.binary(max_size=12).map(message), max_size=5).map(b"".join)
CUTS = st.sets(st.integers(0, 600))


def read(chunks: Iterable[bytes]) -> list[Event | str]:
    """Return the events in these chunks, and what they end with if it is an error."""
    found: list[Event | str] = []
    try:
        found += (one for one in eventstream.decode(chunks) if one is not None)
    except UpstreamError as error:
        found.append(error.message)
    return found


def cut(raw: bytes, at: set[int]) -> list[bytes]:
    """Return the pieces between these places."""
    places = sorted({0, len(raw), *(place for place in at if place < len(raw))})
    return [raw[start:end] for start, end in pairwise(places)]


@given(STREAMS, CUTS)
def test_any_chunking_gives_the_same_events(raw: bytes, at: set[int]) -> None:
    """A cut within a prelude, a header, a character or a CRC changes nothing."""
    assert read([raw]) == read(cut(raw, at))


@given(ODD, CUTS)
def test_any_chunking_of_any_bytes_gives_the_same_events(raw: bytes, at: set[int]) -> None:
    """What is no event stream is refused at the same place."""
    assert read([raw]) == read(cut(raw, at))


@given(STREAMS, st.integers(0, 600))
def test_an_end_anywhere_loses_only_what_it_cuts(raw: bytes, at: int) -> None:
    """What came whole before it was read."""
    found = read([raw[:at]])

    assert found == read([raw])[: len(found)]
