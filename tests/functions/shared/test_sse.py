"""sse.py: chunks of bytes to events, by the WHATWG standard, whose own examples are the first rows of tests/fixtures/sse.json."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from functions.shared import sse
from functions.shared.errors import UpstreamError
from functions.shared.sse import Event

CASES = json.loads((Path(__file__).parents[2] / "fixtures" / "sse.json").read_text(encoding="utf-8"))


def events(*chunks: bytes) -> list[Event]:
    """Return the events in these chunks."""
    return [one for one in sse.decode(chunks) if one is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_chunks_become_events(case: dict[str, Any]) -> None:
    """Python and JavaScript read the same events in the same chunks."""
    expected = [Event(one["event"], one["data"], one["id"]) for one in case["events"]]

    assert expected == events(*(chunk.encode() for chunk in case["chunks"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_bytes_one_by_one_become_the_same_events(case: dict[str, Any]) -> None:
    """Where the wire cuts does not matter, within characters too."""
    expected = [Event(one["event"], one["data"], one["id"]) for one in case["events"]]
    raw = "".join(case["chunks"]).encode()

    assert expected == events(*(raw[at : at + 1] for at in range(len(raw))))


def test_a_character_may_be_cut() -> None:
    """Text is decoded only when its line is whole."""
    assert [Event("message", "你", "")] == events(b"data: \xe4", b"\xbd", b"\xa0\n\n")


@pytest.mark.parametrize(
    ("raw", "found"),
    [(b"\xef\xbb\xbfdata: a\n\n", ["a"]), (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"])],
    ids=["one", "two"],
)
def test_one_byte_order_mark_at_the_start_is_left_out(raw: bytes, found: list[str]) -> None:
    """A second one belongs to the first field's name; browsers take the first one off before any parser sees it."""
    assert found == [one.data for one in events(raw)]


def test_a_cut_byte_order_mark_is_left_out_too() -> None:
    """Its three bytes may come one by one."""
    assert [Event("message", "a", "")] == events(b"\xef", b"\xbb", b"\xbfdata: a\n\n")


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"\xff", "\ufffd"), (b"a\xe4\xbdb", "a\ufffdb"), (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"), (b"\xe4", "\ufffd")],
    ids=["never", "cut-short", "surrogate", "line-end"],
)
def test_what_is_no_utf8_is_replaced(raw: bytes, text: str) -> None:
    """The standard decodes with U+FFFD and never fails."""
    assert [Event("message", text, "")] == events(b"data: " + raw + b"\n\n")


def test_a_chunk_without_an_event_is_none() -> None:
    """The reader looks at the clock at every chunk."""
    chunks = [b"", b": beat\n\n", b"data: a\n\ndata: b\n\n", b"data: c", b"\n\n"]

    actual = list(sse.decode(chunks))

    assert actual == [None, None, ("message", "a", ""), ("message", "b", ""), None, ("message", "c", "")]


def test_events_come_as_soon_as_they_are_whole() -> None:
    """Nothing is held back until the next chunk."""
    decoder = sse.Decoder()

    assert [[], [Event("message", "a", "")], []] == [decoder.feed(chunk) for chunk in (b"data: a\r\n", b"\r", b"\n")]


def test_a_last_carriage_return_ends_its_line() -> None:
    """An event need not wait for a line feed that may follow."""
    assert [Event("message", "a", "")] == events(b"data: a\r\r")


def test_an_event_without_end_is_refused() -> None:
    """It would fill the memory."""
    chunk = b"x" * 1_000_000

    with pytest.raises(UpstreamError, match="without end"):
        events(b"data: ", *[chunk] * 5)


def test_many_lines_without_end_are_refused() -> None:
    """The limit is on the event, not on its lines."""
    lines = b"data: x\n" * 100_000

    with pytest.raises(UpstreamError, match="without end"):
        events(*[lines] * 6)


def test_the_longest_event_is_read() -> None:
    """The limit itself is allowed, and counts for each event anew."""
    longest = b"data: " + b"x" * (sse.LONGEST - 8) + b"\n\n"

    assert [len(one.data) for one in events(longest, longest)] == [sse.LONGEST - 8] * 2


def test_a_long_line_in_small_chunks_is_joined_once() -> None:
    """Joining at every chunk would copy the line half a million times; within the test's time limit it is not done."""
    text = b"y" * 3_900_000

    actual = events(b"data: ", *(text[at : at + 8] for at in range(0, len(text), 8)), b"\n\n")

    assert [len(text)] == [len(one.data) for one in actual]


def test_comments_alone_never_add_up_to_an_event() -> None:
    """An hour of heartbeats is not an event over the limit."""
    assert events(*[sse.HEARTBEAT * 50_000] * 40) == []


def test_a_heartbeat_is_no_event() -> None:
    """What keeps the connection alive says nothing."""
    assert [Event("message", "a", "")] == events(sse.HEARTBEAT, b"data: a\n\n", sse.HEARTBEAT)


def test_a_long_line_in_tiny_chunks_takes_no_more_memory_than_its_text() -> None:
    """A list of forty thousand pieces would take ten times as much."""
    decoder = sse.Decoder()
    tracemalloc.start()
    for number in range(40_000):
        decoder.feed(b"%02d" % (number % 100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 400_000
