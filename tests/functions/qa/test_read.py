"""read.py: what a document must be, and what is said of one that is not."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from functions.qa import read
from functions.qa.read import Text
from functions.shared.errors import InvalidRequest, TextTooLarge, TwocanError, UnreadableDocument
from tests.functions.qa.pdfs import drawn, encrypted, pdf

GOOD = {"name": "a.txt", "type": "text/plain", "data": "eWVz"}


def sent(raw: bytes, kind: str = "text/plain", name: str = "a") -> dict[str, str]:
    """Return a document as the page sends it."""
    return {"name": name, "type": kind, "data": b64encode(raw).decode()}


def documents(value: Any) -> list[Text]:
    """Read documents, without a hurry."""
    return read.documents(value, lambda: None)


def refusal(value: Any) -> TwocanError:
    """Return the error that says what is wrong."""
    with pytest.raises(TwocanError) as caught:
        documents(value)
    return caught.value


def test_texts_and_pages_come_in_their_order() -> None:
    """With names, and with numbers of pages from 1; only Markdown has headings."""
    found = documents([sent(b"# one", name="1"), sent(b"# two", "text/markdown", "2"), sent(pdf("three", "猫"), "application/pdf", "3")])

    assert [("1", None, "# one", False), ("2", None, "# two", True), ("3", 1, "three", False), ("3", 2, "猫", False)] == [
        (one.document, one.page, one.text.strip(), one.markdown) for one in found
    ]


def test_a_text_is_what_a_browser_reads() -> None:
    """Without a byte order mark, with its line ends as they are, so that places are the same on both sides."""
    assert "a\r\n猫\n" == documents([sent("\ufeffa\r\n猫\n".encode())])[0].text


def test_an_empty_text_is_a_text() -> None:
    """There is nothing in it to find, and nothing wrong with it."""
    assert [Text("a", None, "")] == documents([sent(b"")])


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (None, "documents"),
        ({}, "documents"),
        ([], "documents"),
        ([GOOD] * 21, "documents"),
        ([GOOD, "x"], "documents.1"),
        ([{**GOOD, "name": ""}], "documents.0.name"),
        ([{**GOOD, "name": 1}], "documents.0.name"),
        ([{**GOOD, "name": "x" * 513}], "documents.0.name"),
        ([{**GOOD, "type": "text/html"}], "documents.0.type"),
        ([{**GOOD, "type": ["text/plain"]}], "documents.0.type"),
        ([{**GOOD, "type": None}], "documents.0.type"),
        ([{**GOOD, "data": None}], "documents.0.data"),
        ([{**GOOD, "data": "eWVz!"}], "documents.0.data"),
        ([{**GOOD, "data": "eWV"}], "documents.0.data"),
        ([{**GOOD, "data": "é"}], "documents.0.data"),
        ([{**GOOD, "data": "data:text/plain;base64,eWVz"}], "documents.0.data"),
    ],
)
def test_a_wrong_form_is_told_with_its_place(value: Any, param: str) -> None:
    """By the member that is wrong."""
    error = refusal(value)

    assert (InvalidRequest, 400, param) == (type(error), error.status, error.param)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (sent(b"\xff\xfeh\0u\0s\0h\0"), "is not a text in UTF-8"),
        (sent("嘘".encode("gbk"), "text/markdown"), "is not a text in UTF-8"),
        (sent(b"hush", "application/pdf"), "is not a PDF"),
        (sent(pdf("hush")[:700], "application/pdf"), "is not a PDF"),
        (sent(encrypted(pdf("hush"), user_password="x", algorithm="RC4-128"), "application/pdf"), "is encrypted"),
        (sent(drawn([b"0 0 9 9 re f"] * 3), "application/pdf"), "has no text in it"),
        (sent(pdf("", " "), "application/pdf"), "has no text in it"),
    ],
    ids=["utf-16", "gbk", "no-pdf", "cut", "encrypted", "scanned", "blank"],
)
def test_what_cannot_be_read_is_told_by_its_number(document: dict[str, str], says: str) -> None:
    """What to do about it, too; and not a word of it, nor its name."""
    error = refusal([GOOD, {**document, "name": "hush"}])

    assert (UnreadableDocument, 400, "documents.1") == (type(error), error.status, error.param)
    assert error.message.startswith(f"Document 2 {says}")
    assert "hush" not in error.message


def test_all_documents_together_have_a_limit() -> None:
    """The one that goes over it is refused with the rest; up to it all is read."""
    half = "x" * (read.MOST_TEXT // 2)

    assert read.MOST_TEXT == sum(len(one.text) for one in documents([sent(half.encode())] * 2))
    error = refusal([sent(half.encode()), sent(half.encode()), sent(b"x")])
    assert (TextTooLarge, 413, "documents") == (type(error), error.status, error.param)


def test_a_pdf_has_the_room_that_is_left() -> None:
    """It is not read any further than that."""
    error = refusal([sent(b"x" * (read.MOST_TEXT - 3)), sent(pdf("four"), "application/pdf")])

    assert 413 == error.status


def test_a_wrong_form_is_told_before_anything_is_read() -> None:
    """The last document's, too: reading the others takes its time."""
    assert "documents.1.type" == refusal([sent(b"hush", "application/pdf"), {**GOOD, "type": "x"}]).param


def test_each_document_looks_at_the_time() -> None:
    """Whatever its type."""
    asked: list[int] = []
    read.documents([GOOD, GOOD], lambda: asked.append(1))

    assert 2 == len(asked)
