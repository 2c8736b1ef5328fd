"""Which passages speak of what a question speaks of: BM25 over words, and over pairs of characters where words have no blanks between. Pure.

No model and no index: the passages are counted anew for each question. This file knows texts; it must know neither documents nor places. To treat
another script as Chinese is treated, add its range to `_UNSPACED`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: How soon a word's further occurrences count for less, and how much a long passage is held against it (Robertson and Zaragoza 2009, 3.4).
K1, B = 1.2, 0.75
#: Kana, bopomofo, Han with its extensions, Hangul.
_UNSPACED = "\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(f"[{_UNSPACED}]+")
_WORD = re.compile(f"[^\\W_{_UNSPACED}]+")


class Counted(NamedTuple):
    """A passage: how often each of the question's words is in it, and how many words it has."""

    times: Mapping[str, int]
    length: int


class Asked(NamedTuple):
    """A question's words, folded: those between blanks and signs, and the pairs of unspaced scripts, or one character that is alone."""

    spaced: frozenset[str]
    unspaced: frozenset[str]


def asked(question: str) -> Asked:
    """Return what a question asks for."""
    folded = _folded(question)
    runs = _RUN.findall(folded)
    return Asked(frozenset(_WORD.findall(folded)), frozenset(run[place : place + 2] for run in runs for place in range(max(1, len(run) - 1))))


def rank(question: str, passages: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """Return the places of the best passages with their scores, best first; the earlier of two that are alike. None without a word in common."""
    wanted = asked(question)
    every = sorted(wanted.spaced | wanted.unspaced)
    counted = [_count(passage, wanted) for passage in passages] if every else []
    rarity = {word: _rarity(len(counted), sum(word in one.times for one in counted)) for word in every}
    mean = sum(one.length for one in counted) / (len(counted) or 1)
    scores = ((place, _score(one, rarity, mean)) for place, one in enumerate(counted) if one.times)
    return sorted(scores, key=lambda one: (-one[1], one[0]))[:limit]


def _folded(text: str) -> str:
    """Return a text without the differences that nobody asks for: upper case, and the wide forms of letters and digits."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def _count(passage: str, wanted: Asked) -> Counted:
    folded = _folded(passage)
    words = _WORD.findall(folded)
    length = len(words) if folded.isascii() else len(words) + sum(map(len, _RUN.findall(folded)))
    times: dict[str, int] = {}
    for word in words:
        if word in wanted.spaced:
            times[word] = times.get(word, 0) + 1
    for pair in wanted.unspaced:
        if number := folded.count(pair):
            times[pair] = number
    return Counted(times, length)


def _rarity(passages: int, with_it: int) -> float:
    # One is added, so that a word that most passages have still counts for a little, rather than against them.
    return math.log(1 + (passages - with_it + 0.5) / (with_it + 0.5))


def _score(one: Counted, rarity: Mapping[str, float], mean: float) -> float:
    damped = K1 * (1 - B + B * one.length / mean)
    # In a fixed order: a sum of the same numbers in another one may differ in its last digit.
    return sum(rarity[word] * times * (K1 + 1) / (times + damped) for word, times in sorted(one.times.items()))
