"""Documents as they were sent → texts to look through. It knows their form, their types and their bounds, and no question.

Nothing of a document stands in an error, its name included: a document is told by its number. To add a type, write what reads it and add its line
to `_READERS`.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.qa import pdf
from functions.shared.errors import InvalidRequest, TextTooLarge, UnreadableDocument

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_DOCUMENTS = 20
#: Characters of all documents together.
MOST_TEXT = 4_000_000
MOST_NAME = 512


class Text(NamedTuple):
    """One text of a document: all of it, or a page with its number from 1."""

    document: str
    page: int | None
    text: str
    markdown: bool = False


class Sent(NamedTuple):
    """A document as it was sent, its form checked."""

    name: str
    type: str
    raw: bytes


def documents(value: Any, hurry: Callable[[], None]) -> list[Text]:
    """Return the texts of all documents in a request. `hurry` raises when the time is over, an error of its own.

    Raises InvalidRequest, UnreadableDocument and TextTooLarge.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_DOCUMENTS:
        raise InvalidRequest(f"`documents` must be a list of 1 to {MOST_DOCUMENTS} documents.", param="documents")
    found: list[Text] = []
    room = MOST_TEXT
    # All are looked at before the first is read: a wrong one is told at once.
    for number, sent in enumerate([_sent(number, one) for number, one in enumerate(value)]):
        texts = _read(number, sent, room, hurry)
        room -= sum(len(one.text) for one in texts)
        found += texts
    return found


def _sent(number: int, value: Any) -> Sent:
    param = f"documents.{number}"
    if not isinstance(value, dict):
        raise InvalidRequest(f"Document {number + 1} must be an object with `name`, `type` and `data`.", param=param)
    name, kind = value.get("name"), value.get("type")
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_NAME:
        raise InvalidRequest(f"Document {number + 1}: `name` must be a text of 1 to {MOST_NAME} characters.", param=f"{param}.name")
    if not isinstance(kind, str) or kind not in _READERS:
        raise InvalidRequest(f"Document {number + 1}: `type` must be one of {', '.join(_READERS)}.", param=f"{param}.type")
    try:
        # KeyError and TypeError: nothing, or no text at all.
        return Sent(name, kind, b64decode(value["data"], validate=True))
    except (KeyError, TypeError, ValueError):
        raise InvalidRequest(f"Document {number + 1}: `data` must be its bytes in base64.", param=f"{param}.data") from None


def _read(number: int, sent: Sent, room: int, hurry: Callable[[], None]) -> list[Text]:
    param = f"documents.{number}"
    hurry()
    try:
        texts = _READERS[sent.type](sent, room, hurry)
    except pdf.Unreadable as error:
        raise UnreadableDocument(f"Document {number + 1} {error}", param=param) from error
    except pdf.TooLong:
        raise _too_long() from None
    if sum(len(one.text) for one in texts) > room:
        raise _too_long()
    return texts


def _too_long() -> TextTooLarge:
    return TextTooLarge(f"The documents may have at most {MOST_TEXT} characters of text. Attach fewer, or the part that matters.", param="documents")


def _plain(sent: Sent, room: int, hurry: Callable[[], None]) -> list[Text]:  # noqa: ARG001 - every reader takes all three
    try:
        # As a browser reads a file: a byte order mark is no character of the text.
        text = sent.raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise pdf.Unreadable("is not a text in UTF-8: save it as UTF-8, and attach that.") from None
    return [Text(sent.name, None, text, markdown=sent.type == "text/markdown")]


def _paged(sent: Sent, room: int, hurry: Callable[[], None]) -> list[Text]:
    texts = pdf.pages(sent.raw, room, hurry)
    if not any(text.strip() for text in texts):
        raise pdf.Unreadable("has no text in it, only pictures: run text recognition (OCR) over it, and attach that.")
    return [Text(sent.name, number, text) for number, text in enumerate(texts, 1)]


_READERS: dict[str, Callable[[Sent, int, Callable[[], None]], list[Text]]] = {
    "text/plain": _plain,
    "text/markdown": _plain,
    "application/pdf": _paged,
}
