"""A PDF's pages as texts, by pypdf, within bounds: a file of kilobytes may unpack to gigabytes, or keep a processor busy for hours.

This file knows pypdf, which is imported when the first PDF comes, and how much of a file is too much; it must know nothing of requests. Nothing of
a file ever reaches a log or an error: what pypdf would say about it, it is not asked to. To change a bound, change its line.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pypdf import PdfReader

MOST_PAGES = 1_000
#: Bytes of one stream unpacked, and of all streams of a file; LZW, which pypdf undoes in Python, is slow.
MOST_STREAM, MOST_LZW, MOST_UNPACKED = 4_000_000, 1_000_000, 64_000_000
_BOUNDS: dict[str, Any] = {
    "maximum_declared_stream_length": MOST_STREAM,
    "array_based_stream_maximum_output_length": MOST_STREAM,
    "zlib_maximum_output_length": MOST_STREAM,
    "zlib_maximum_recovery_input_length": 100_000,
    "brotli_maximum_output_length": MOST_STREAM,
    "run_length_maximum_output_length": MOST_STREAM,
    "lzw_maximum_output_length": MOST_LZW,
    "stream_filters_maximum_length": 4,
    "stream_decoding_work_maximum_length": 4 * MOST_STREAM,
    "stream_parsing_work_maximum_count": 300_000,
    "page_tree_maximum_entries": 4 * MOST_PAGES,
    "page_tree_maximum_page_entries": 100 * MOST_PAGES,
    "xform_maximum_invocations_per_extraction": 500,
    # No program is ever started for a picture in a file.
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}
_LONE = re.compile("[\ud800-\udfff]")


class Unreadable(Exception):
    """The file cannot be read; the text says why and what to do, and quotes nothing of it."""


class TooLong(Exception):
    """There is more text than there is room for."""


def pages(raw: bytes, room: int, hurry: Callable[[], None]) -> list[str]:
    """Return the text of each page, blank ones included. `room`: characters in all; `hurry` raises when the time is over.

    Raises Unreadable, TooLong, and what `hurry` raises.
    """
    import logging

    from pypdf import apply_configuration

    # What it says about broken files quotes them, and without a handler goes to standard error.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    watch = _Watch(room, hurry)
    with apply_configuration(**_BOUNDS):
        try:
            return _texts(raw, watch)
        except Exception as error:
            watch.check()
            if isinstance(error, Unreadable):
                raise
            # pypdf's own errors, and whatever else a broken file makes of it. Not `from error`: it quotes the file.
            raise Unreadable("is not a PDF that can be read: save or print it as a new PDF, and attach that.") from None


def _texts(raw: bytes, watch: _Watch) -> list[str]:
    reader = _opened(raw, watch)
    if len(reader.pages) > MOST_PAGES:
        raise Unreadable(f"has more than {MOST_PAGES} pages: attach the part that matters.")
    found = []
    for page in reader.pages:
        text = page.extract_text(visitor_operand_before=watch.operand, visitor_text=watch.text)
        # Errors within a page are forgiven by pypdf, these too.
        watch.check()
        found.append(_sound(text))
    return found


def _opened(raw: bytes, watch: _Watch) -> PdfReader:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError
    from pypdf.generic import StreamObject

    class Reader(PdfReader):
        """A reader that unpacks each stream at once, to have it counted, but for pictures, which are never looked at."""

        def cache_indirect_object(self, generation: int, idnum: int, obj: Any) -> Any:
            watch.check()
            if isinstance(obj, StreamObject) and obj.get("/Subtype") != "/Image":
                watch.count(obj.get_data)
            return super().cache_indirect_object(generation, idnum, obj)

    encrypted = Unreadable("is encrypted: save it without a password, and attach that.")
    try:
        reader = Reader(io.BytesIO(raw))
    except (DependencyError, FileNotDecryptedError):
        raise encrypted from None
    if reader.is_encrypted:
        raise encrypted
    return reader


class _Watch:
    """Sees to it that reading ends: asked at every object and every operator."""

    def __init__(self, room: int, hurry: Callable[[], None]) -> None:
        self.unpacked = 0
        self._room = room
        self._hurry = hurry

    def count(self, unpack: Callable[[], bytes]) -> None:
        """Unpack a stream, and count it; one that goes over its own bound is too much, too. Raises Unreadable."""
        from pypdf.errors import LimitReachedError

        try:
            self.unpacked += len(unpack())
        except LimitReachedError:
            self.unpacked = MOST_UNPACKED + 1
        self.check()

    def check(self) -> None:
        """Raise if it is enough: each time from then on, since pypdf forgives what is raised within a page."""
        self._hurry()
        if self.unpacked > MOST_UNPACKED:
            raise Unreadable("unpacks to more than can be read: attach the part that matters.")
        if self._room < 0:
            raise TooLong

    def operand(self, *_: Any) -> None:
        """Look at the time before an operator."""
        self.check()

    def text(self, text: str, *_: Any) -> None:
        """Count what a page says."""
        self._room -= len(text)
        self.check()


def _sound(text: str) -> str:
    """Return a text that UTF-8 can carry: fonts may map to halves of a pair, which are joined, or to one alone."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _LONE.search(text) else text
    return joined.replace("\0", "")
