"""pdf.py: pages as texts, and files that must not do harm."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from functions.qa import pdf
from functions.shared.errors import UnreadableDocument
from tests.functions.qa.pdfs import drawn, encrypted, lines, packed, stream, written
from tests.functions.qa.pdfs import pdf as made

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = 100_000
FONT = "/Resources << /Font << /F 3 0 R >> >>"


def read(raw: bytes, room: int = ROOM, hurry: Callable[[], None] = lambda: None) -> list[str]:
    """Return the pages of a PDF, without the blanks at their ends."""
    return [page.strip() for page in pdf.pages(raw, room, hurry)]


def refusal(raw: bytes) -> str:
    """Return what is said of a PDF that cannot be read."""
    with pytest.raises(pdf.Unreadable) as caught:
        read(raw)
    return str(caught.value)


def form(content: bytes, resources: str = FONT) -> bytes:
    """Return a form that draws this."""
    return stream(content, more=f"/Type /XObject /Subtype /Form {resources}")


def test_each_page_is_a_text() -> None:
    """A blank one, too, so that the numbers are right; line by line, in any script."""
    assert ["The first", "", "第一页。\n猫喜欢睡觉。"] == read(made("The first", "", "第一页。\n猫喜欢睡觉。"))


def test_a_file_with_packed_objects_is_read() -> None:
    """As most programs write today."""
    assert ["one", "猫"] == read(drawn([lines("one"), lines("猫")], together=True))


@pytest.mark.parametrize(
    "how",
    [
        {"user_password": "x", "algorithm": "RC4-128"},
        {"user_password": "x", "algorithm": "AES-256"},
        {"user_password": "", "owner_password": "x", "algorithm": "RC4-128"},
        {"user_password": "", "owner_password": "x", "algorithm": "AES-128"},
    ],
    ids=["rc4", "aes", "owner-rc4", "owner-aes"],
)
def test_an_encrypted_file_is_told_as_such(how: dict[str, Any]) -> None:
    """Also one that some readers open without asking: the same everywhere, whatever libraries there are."""
    assert refusal(encrypted(made("secret"), **how)).startswith("is encrypted:")


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7", b"\0" * 2_000, b"PK\x03\x04" + b"x" * 500, b"startxref\n-1\n%%EOF"], ids=ascii)
def test_what_is_no_pdf_is_told_as_such(raw: bytes) -> None:
    """Whatever pypdf makes of it."""
    assert refusal(raw).startswith("is not a PDF that can be read:")


@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_is_read_or_refused(part: float) -> None:
    """What is left of it may be whole pages; never another error."""
    raw = made("one", "two", "three")
    try:
        found = read(raw[: int(len(raw) * part)])
    except pdf.Unreadable:
        found = []

    assert set(found) <= {"one", "two", "three", ""}


def test_a_file_with_any_byte_changed_is_read_or_refused() -> None:
    """Each in its turn, among the last of a small file and every seventh before."""
    raw = made("one")
    for place in [*range(0, len(raw) - 60, 7), *range(len(raw) - 60, len(raw))]:
        with suppress(pdf.Unreadable):
            assert 3 >= len(read(raw[:place] + bytes([raw[place] ^ 0x15]) + raw[place + 1 :]))


@pytest.mark.parametrize(
    "raw",
    [
        drawn([b" " * 20_000_000]),
        packed([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"], padding=20_000_000),
        drawn([b"<< /Length 4 /Filter [" + b"/FlateDecode " * 40 + b"] >>\nstream\nabcd\nendstream"]),
    ],
    ids=["content", "object-stream", "filters"],
)
def test_a_part_that_unpacks_to_too_much_is_told_as_such(raw: bytes) -> None:
    """A page too large to be read was called no PDF, and one that hides it from an error within a page only pictures."""
    assert 200_000 > len(raw)
    assert refusal(raw).startswith("unpacks to more than can be read: attach the part that matters")


def test_a_large_page_among_others_is_told_as_such() -> None:
    """What goes wrong within a page is forgiven by pypdf, which would leave its text out."""
    assert refusal(drawn([b"BT /F1 12 Tf (one) Tj ET", b"BT (two) Tj ET" + b" " * 4_100_000])).startswith("unpacks to more than can be read:")


@pytest.mark.parametrize(
    "raw",
    [
        drawn([b"<< /Length 40000 /Filter /LZWDecode >>\nstream\n" + b"\x80\x0b\x60\x50" * 10_000 + b"\nendstream"]),
        drawn([b"q Q " * 200_000]),
        written([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"]),
        drawn([b"[" * 20_000]),
    ],
    ids=["lzw", "operators", "tree", "nested"],
)
def test_a_bomb_is_refused(raw: bytes) -> None:
    """Each is a few kilobytes; none is unpacked beyond its bound, nor walked without an end."""
    assert 200_000 > len(raw)
    assert refusal(raw).startswith("is not a PDF that can be read:")


def test_many_streams_together_are_a_bomb_as_well() -> None:
    """Each is within its own bound; what is unpacked stays in memory, so it is counted."""
    filler = stream(b" " * 3_900_000)
    resources = f"/XObject << {''.join(f'/X{number} {number} 0 R ' for number in range(7, 40))} >>"
    raw = drawn([b"".join(b"/X%d Do " % number for number in range(7, 40))], extra=[filler] * 33, resources=resources)

    assert refusal(raw).startswith("unpacks to more than can be read:")


def test_pictures_are_not_unpacked() -> None:
    """They are most of many files, and never looked at."""
    picture = stream(b" " * 20_000_000, more="/Type /XObject /Subtype /Image /Width 4000 /Height 5000")

    assert ["words"] == read(drawn([b"/X Do " + lines("words")], extra=[picture], resources="/XObject << /X 7 0 R >>"))


def test_text_that_multiplies_itself_runs_out_of_room() -> None:
    """Forms that draw forms: a thousand times the text, from a file of two kilobytes."""
    inner, middle = form(lines("A" * 100)), form(b"/X Do " * 20, "/Resources << /XObject << /X 7 0 R >> >>")
    raw = drawn([b"/X Do " * 20], extra=[inner, middle], resources="/XObject << /X 8 0 R >>")

    with pytest.raises(pdf.TooLong):
        read(raw, room=5_000)


def test_there_may_be_so_many_pages_and_no_more() -> None:
    """Reading takes milliseconds for each."""
    assert refusal(drawn([b""] * (pdf.MOST_PAGES + 1))).startswith("has more than 1000 pages:")


@pytest.mark.parametrize("after", [0, 3, 20, 60])
def test_reading_ends_when_the_time_is_over(after: int) -> None:
    """Wherever it is: in the file's tables, between pages, or within forms, where pypdf forgives all errors."""
    asked: list[int] = []

    def hurry() -> None:
        asked.append(1)
        if len(asked) > after:
            raise UnreadableDocument("late")

    raw = drawn([b"/X Do " * 50] * 3, extra=[form(lines("A\n" * 10))], resources="/XObject << /X 7 0 R >>")
    with pytest.raises(UnreadableDocument, match="late"):
        read(raw, hurry=hurry)
    assert after + 5 > len(asked)


def test_halves_of_characters_are_joined_or_replaced() -> None:
    """A font may map a code to half of a pair, which no UTF-8 could carry on."""
    assert ["a\ufffd"] == read(drawn([b"BT /F 12 Tf <0061> Tj <d83d> Tj ET"], mapped=["\ud83d"]))
    assert ["😀"] == read(drawn([b"BT /F 12 Tf <d83dde00> Tj ET"], mapped=["\ud83d", "\ude00"]))


def test_nothing_of_a_file_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """By pypdf, which tells its logger what is wrong with a file, in the file's own words."""
    broken = made("hush").replace(b"/Parent 2 0 R", b"/Parent /hush").replace(b"startxref\n", b"startxref\n1")
    with caplog.at_level(logging.DEBUG), suppress(pdf.Unreadable):
        read(broken)

    assert ("", "", "") == (caplog.text, *capfd.readouterr())
