"""eventstream.py: bytes to events, read as botocore reads them, whatever is in them."""

from __future__ import annotations

import struct
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import eventstream
from functions.shared.errors import UpstreamError
from functions.shared.sse import LONGEST, Event
from tests.fakes.eventstream import event, exception, header, message, part, sealed, text

NAMES = st.text(min_size=1, max_size=8)
OTHERS = st.one_of(
    st.tuples(st.sampled_from([0, 1]), st.just(0)),
    *(
        st.tuples(st.just(kind), st.integers(-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1))
        for kind, size in ((2, 1), (3, 2), (4, 4), (5, 8), (8, 8))
    ),
    st.tuples(st.just(6), st.binary(max_size=9)),
    st.tuples(st.just(7), st.text(max_size=9).map(str.encode)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        ":event-type": st.sampled_from(["PayloadPart", "metadata"]),
        ":content-type": st.sampled_from(["application/json", "application/octet-stream"]),
        ":message-type": st.sampled_from(["event", "exception", "error"]),
        ":exception-type": st.sampled_from(["throttlingException", ""]),
        ":error-code": st.just("InternalError"),
    },
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Return a message with headers of every type, in any order."""
    known = draw(KNOWN)
    others = draw(st.dictionaries(NAMES.filter(lambda name: name not in known and not name.startswith(":")), OTHERS, max_size=4))
    headers = [*(text(*one) for one in known.items()), *(header(name, *value) for name, value in others.items())]
    return message(b"".join(draw(st.permutations(headers))), draw(st.binary(max_size=40)))


def events(*chunks: bytes) -> list[Event]:
    """Return the events in these chunks."""
    return [one for one in eventstream.decode(chunks) if one is not None]


def oracle(raw: bytes) -> list[Event]:
    """Return the events that AWS's own client finds."""
    buffer = EventStreamBuffer()
    buffer.add_data(raw)
    return [_named(one.headers, one.payload) for one in buffer]


def _named(headers: dict[str, Any], payload: bytes) -> Event:
    octets = headers.get(":content-type") == "application/octet-stream"
    data = payload.decode("latin-1") if octets else payload.decode("utf-8", "replace")
    if headers.get(":message-type", "event") == "event":
        return Event(headers.get(":event-type", ""), data, "")
    return Event("exception", data, headers.get(":exception-type") or headers.get(":error-code", ""))


@given(st.lists(messages(), max_size=4))
def test_it_reads_what_awss_own_client_reads(sent: list[bytes]) -> None:
    """With headers of every type, known and unknown, in any order."""
    raw = b"".join(sent)

    assert oracle(raw) == events(raw)
    assert len(sent) == len(events(raw))


def test_every_type_of_header_is_passed_over() -> None:
    """What is no text names nothing; its bytes need not be UTF-8."""
    of_all = [header("t", 0, 0), header("f", 1, 0), header("1", 2, -1), header("2", 3, -2), header("3", 4, -3), header("4", 5, -4)]
    of_all += [header("o", 6, b"\xff\xfe"), header("d", 8, 1), header("u", 9, UUID(int=7).bytes), text(":event-type", "metadata")]

    assert [Event("metadata", "{}", "")] == events(message(b"".join(of_all), b"{}"))


def test_a_payload_of_octets_comes_as_one_character_each() -> None:
    """It may end within a character, whose other half is in the next event."""
    first, second = events(part(b'data: "\xe4\xbd'), part(b'\xa0"\n\n'))

    assert "你" in (first.data + second.data).encode("latin-1").decode()
    assert ("PayloadPart", "") == (first.event, first.id)


def test_a_payload_of_json_is_text() -> None:
    """In UTF-8; what is none is replaced, as in an event stream of text."""
    raw = message(text(":event-type", "x") + text(":content-type", "application/json"), b'"\xff"')

    assert [Event("contentBlockDelta", '{"a": "你"}', ""), Event("x", '"\ufffd"', "")] == events(event("contentBlockDelta", {"a": "你"}), raw)


def test_an_exception_says_which() -> None:
    """It is an event of its own name, whatever the service's own events are called."""
    assert [Event("exception", '{"message": "slow down"}', "throttlingException")] == events(
        exception("throttlingException", {"message": "slow down"})
    )


def test_an_error_without_a_payload_says_which_too() -> None:
    """That is how a service ends a stream that it cannot go on with: a code and a message in headers."""
    raw = message(text(":message-type", "error") + text(":error-code", "InternalError") + text(":error-message", "oh"))

    assert [Event("exception", "", "InternalError")] == events(raw)


def test_an_exception_without_a_name_is_still_one() -> None:
    """Whoever reads it must not take it for an answer."""
    assert [Event("exception", "", "")] == events(message(text(":message-type", "exception")))


def test_a_chunk_that_completes_nothing_is_none() -> None:
    """The reader looks at the clock at every chunk; events come as soon as they are whole."""
    raw = part(b"a") + part(b"b")
    size = len(raw) // 2

    actual = list(eventstream.decode([b"", raw[:5], raw[5:20], raw[20 : size + 3], raw[size + 3 :]]))

    assert actual == [None, None, None, ("PayloadPart", "a", ""), ("PayloadPart", "b", "")]


@pytest.mark.parametrize("most", [1, 2, 11, 12, 13])
def test_bytes_in_small_chunks_become_the_same_events(most: int) -> None:
    """Where the wire cuts does not matter, within the prelude too."""
    raw = event("messageStart", {"role": "assistant"}) + part("你".encode()) + exception("validationException", {})

    assert events(raw) == events(*(raw[at : at + most] for at in range(0, len(raw), most)))


def test_what_the_end_cuts_off_is_no_event() -> None:
    """Wherever it cuts: whoever reads knows by what is missing."""
    whole, last = part(b"a"), part(b"b")

    for at in range(len(last)):
        assert [Event("PayloadPart", "a", "")] == events(whole + last[:at])


def test_no_byte_may_be_another() -> None:
    """Each is under one CRC or both; nothing of such a message is passed on, and the events before it are."""
    whole, last = part(b"a"), part(b"bc")

    for at in range(len(last)):
        wrong = bytearray(last)
        wrong[at] ^= 0x10
        found = eventstream.decode([whole, bytes(wrong)])
        assert Event("PayloadPart", "a", "") == next(found)
        with pytest.raises(UpstreamError, match="no event stream"):
            list(found)


def _prelude(size: int, headers: int) -> bytes:
    start = struct.pack(">II", size, headers)
    return start + struct.pack(">I", crc32(start))


@pytest.mark.parametrize(
    ("size", "headers"),
    [(0, 0), (12, 0), (15, 0), (16, 1), (100, 85), (16, 2**32 - 1), (LONGEST + 1, 0), (2**32 - 1, 0), (2**32 - 1, 2**32 - 1)],
)
def test_lengths_that_cannot_be_are_refused_at_once(size: int, headers: int) -> None:
    """Before a byte of such a message is waited for or kept, though its CRC is right."""
    with pytest.raises(UpstreamError, match="no event stream"):
        events(_prelude(size, headers))


def test_the_longest_message_is_read() -> None:
    """One byte more would not be."""
    named = text(":event-type", "x")
    raw = message(named, b"a" * (LONGEST - 16 - len(named)))

    assert (LONGEST, [LONGEST - 16 - len(named)]) == (len(raw), [len(one.data) for one in events(raw)])


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05abc",
        b"\x03abc",
        b"\x03abc\x07",
        b"\x03abc\x07\x00",
        b"\x03abc\x07\x00\x09short",
        b"\x03abc\x06\x00\x09short",
        b"\x03abc\x0a\x00\x00",
        b"\x03abc\x05\x00",
        b"\x03abc\x09\x00",
        b"\x02\xff\xff\x00",
        b"\x01a\x07\x00\x01\xff",
    ],
    ids=["name", "no-type", "no-length", "half-length", "text", "octets", "type", "number", "uuid", "name-no-utf8", "text-no-utf8"],
)
def test_headers_that_cannot_be_are_refused(headers: bytes) -> None:
    """Though the CRCs are right: somebody wrote nonsense with care."""
    with pytest.raises(UpstreamError, match="no event stream"):
        events(message(headers))


@given(st.lists(st.binary(max_size=30) | messages() | st.binary(max_size=20).map(message), max_size=4))
def test_no_bytes_are_too_strange(chunks: list[bytes]) -> None:
    """They are events, or an UpstreamError, and nothing else."""
    try:
        assert all(isinstance(one, Event) for one in events(*chunks))
    except UpstreamError as error:
        assert "no event stream" in error.message  # noqa: PT017 - either is right


def test_html_is_no_event_stream() -> None:
    """What a gateway in between sends for an error."""
    with pytest.raises(UpstreamError, match="no event stream"):
        events(b"<html><body>502 Bad Gateway</body></html>")


def test_a_sealed_message_is_whole() -> None:
    """The fake seals as AWS does: its own client says so."""
    assert [Event("", "", "")] == oracle(sealed(_prelude(16, 0)))
