"""A text cut into passages of about 800 to 1,200 characters, each at a place where a reader would pause. Pure.

    text ─ fences, paragraphs ─▶ blocks ─ sentences ─▶ pieces ─ as many as fit ─▶ passages

Pieces lie side by side and are the whole text; a passage is a few of them in a row, without the blanks at its ends. One that begins within a
paragraph repeats the end of the one before it. This file knows characters only; it must know neither documents nor questions. Places are counted
in Python's characters, which are code points, so no passage ends within a surrogate pair. To cut at another place, add it to the expressions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Characters that a passage has where the text allows it.
LEAST, MOST = 800, 1_200
#: Characters that a passage repeats at most.
OVERLAP = 160
#: Characters before a heading that are a passage of their own; fewer go with what follows.
_ENOUGH = 240
#: Characters below which a sentence goes with the next: what ends so soon was an abbreviation or a number.
_SHORTEST = 16

# Each expression matches up to the cut. Repetitions never meet what may follow them, so that no text takes more than one look at each character.
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]*\s+|[。！？…]+[”’」』）】\"')]*\s*|\n(?=[ \t]*(?:[-*+•|]|\d{1,3}[.)、]))")
_LINE = re.compile(r"\n")
_PAUSE = re.compile(r"[\s，、；：,;]+")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)\n?", re.MULTILINE)
# What belongs to the character before it: accents, joiners, variants and skin tones of pictures.
_CLINGS = re.compile("[\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


class Piece(NamedTuple):
    """Some characters that are not cut further. `opens`: a block, or even a section, begins with them."""

    start: int
    end: int
    opens: int


_NOTHING_OPENS, _BLOCK_OPENS, _SECTION_OPENS = 0, 1, 2


def split(text: str, *, markdown: bool = False) -> list[tuple[int, int]]:
    """Return where each passage of a text starts and ends, in order. Every character that is not blank is in one."""
    pieces = [piece for start, end, opens, code in _blocks(text, markdown=markdown) for piece in _pieces(text, start, end, opens=opens, code=code)]
    spans = (_trimmed(text, start, end) for start, end in _packed(pieces))
    return [(start, end) for start, end in spans if start < end]


def _blocks(text: str, *, markdown: bool) -> Iterator[tuple[int, int, int, bool]]:
    """Yield the blocks, side by side: start, end, what opens with them, and whether they are code."""
    at = 0
    for start, end in _fenced(text) if markdown else ():
        yield from _prose(text, at, start, markdown=markdown)
        yield start, end, _BLOCK_OPENS, True
        at = end
    yield from _prose(text, at, len(text), markdown=markdown)


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """Yield Markdown's fenced code; a fence that nobody closes goes on to the end (CommonMark 0.31, 4.5)."""
    opened: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        if opened is None:
            # With a backtick behind them, three of them are code within a line.
            opened = None if found[1][0] in found[2] else found
        elif found[1].startswith(opened[1]) and not found[2].strip():
            yield opened.start(), found.end()
            opened = None
    if opened is not None:
        yield opened.start(), len(text)


def _prose(text: str, start: int, end: int, *, markdown: bool) -> Iterator[tuple[int, int, int, bool]]:
    headings = {found.start() for found in _HEADING.finditer(text, start, end)} if markdown else set()
    here = start
    for there in sorted(headings | {found.end() for found in _PARAGRAPH.finditer(text, start, end)} | {end}):
        # What is very short goes with the next, or a text of such would be a million blocks.
        if there == end or there - here >= _SHORTEST or (there in headings and here not in headings):
            yield here, there, _SECTION_OPENS if here in headings else _BLOCK_OPENS, False
            here = there


def _pieces(text: str, start: int, end: int, *, opens: int, code: bool) -> Iterator[Piece]:
    """Yield the pieces of a block. Code that fits into a passage stays whole, and is else cut between its lines."""
    here, most = start, MOST if code else _SHORTEST
    for found in (_LINE if code else _SENTENCE).finditer(text, start, end) if end - start > most else ():
        if found.end() - here >= _SHORTEST and found.end() < end:
            yield from _short(text, here, found.end(), opens if here == start else _NOTHING_OPENS)
            here = found.end()
    yield from _short(text, here, end, opens if here == start else _NOTHING_OPENS)


def _short(text: str, start: int, end: int, opens: int) -> Iterator[Piece]:
    """Yield a sentence in pieces that fit, cut where a reader would pause, or else, as in a text without blanks, anywhere between characters."""
    while end - start > MOST:
        pauses = [found.end() for found in _PAUSE.finditer(text, start + 1, start + MOST)]
        cut = pauses[-1] if pauses else start + MOST
        while not pauses and cut > start + LEAST and (_CLINGS.match(text, cut) or text[cut - 1] == "\u200d"):
            cut -= 1
        yield Piece(start, cut, opens)
        start, opens = cut, _NOTHING_OPENS
    if start < end:
        yield Piece(start, end, opens)


def _packed(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Yield the passages: as many pieces as fit, up to a better place near the end if there is one."""
    first = 0
    for number, piece in enumerate(pieces):
        if piece.opens == _SECTION_OPENS and piece.start - pieces[first].start >= _ENOUGH:
            yield pieces[first].start, piece.start
            first = number
        while piece.end - pieces[first].start > MOST:
            after = _break(pieces, first, number)
            yield pieces[first].start, pieces[after].start
            first = _repeated(pieces, first, after) if piece.end - pieces[after].start <= LEAST else after
    if pieces:
        yield pieces[first].start, pieces[-1].end


def _break(pieces: Sequence[Piece], first: int, number: int) -> int:
    """Return which piece begins the next passage: the last that opens a block and leaves enough before it, or else the one that does not fit."""
    for one in range(number, first, -1):
        if pieces[one].start - pieces[first].start < LEAST:
            break
        if pieces[one].opens:
            return one
    return number


def _repeated(pieces: Sequence[Piece], first: int, after: int) -> int:
    """Return the piece from which on the end of a passage is repeated in the next: some short sentences of the same block, or none."""
    begin = after
    while begin - 1 > first and not pieces[begin].opens and pieces[after].start - pieces[begin - 1].start <= OVERLAP:
        begin -= 1
    return begin


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
