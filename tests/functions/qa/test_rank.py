"""rank.py: which passage speaks of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.qa.rank import Asked, asked, rank

if TYPE_CHECKING:
    from random import Random

MOON = "The Moon is 384,400 km away from the Earth, and has no air."
CAT = "A cat sleeps for sixteen hours a day. Cats dream."
ZH_MOON = "月亮离地球三十八万四千公里，上面没有空气。"
ZH_CAT = "猫一天睡十六个小时，而且会做梦。"
JA = "東京タワーの高さは三百三十三メートルです。"
KO = "고양이는 하루에 열여섯 시간을 잔다."
ALL = [MOON, CAT, ZH_MOON, ZH_CAT, JA, KO]
WORDS = st.lists(st.sampled_from(["moon", "cat", "air", "月亮", "猫", "公里", "of", "the", "。", ",", "１２", "É", "東京タワー"]), max_size=12).map(
    " ".join
)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("How far away is the moon?", MOON),
        ("does a CAT dream", CAT),
        ("384", MOON),
        ("月亮有多远？", ZH_MOON),
        ("小猫会做梦吗", ZH_CAT),
        ("猫", ZH_CAT),
        ("東京タワーはどこですか", JA),
        ("고양이는 얼마나 자나", KO),
        ("What does 月亮 mean", ZH_MOON),
        ("ｃａｔ３", None),
        ("ＣＡＴ", CAT),
    ],
)
def test_a_question_finds_its_passage(question: str, best: str | None) -> None:
    """In its own script, in whatever case and width; a question of two languages as well."""
    found = rank(question, ALL, 1)

    assert ([] if best is None else [best]) == [ALL[place] for place, _ in found]


@pytest.mark.parametrize("question", ["", " ", "?!。", "zebra", "斑马"])
def test_nothing_in_common_is_nothing_found(question: str) -> None:
    """Rather than the least bad."""
    assert [] == rank(question, ALL, 20)
    assert [] == rank(question, [], 20)


def test_words_of_unspaced_scripts_are_pairs() -> None:
    """A character is by itself only where it is alone."""
    assert Asked(frozenset({"iphone15", "ok"}), frozenset({"的", "月亮", "亮船", "猫"})) == asked("iPhone15 的 月亮船 ok猫")


def test_the_score_is_bm25() -> None:
    """Reckoned by hand, with k1 1.2 and b 0.75, for a passage of three words among two with a mean of two and a half."""
    rarity = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    expected = rarity * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2.5))

    ((place, score),) = rank("moon", ["moon moon cat", "cat air"], 5)

    assert 0 == place
    assert pytest.approx(expected) == score


def test_a_rare_word_counts_for_more_than_a_usual_one() -> None:
    """Every passage has `the`, one has `comet`."""
    assert 2 == rank("the comet", ["the the the a", "the the b", "a comet the", "the c"], 4)[0][0]


@given(WORDS, st.lists(WORDS, max_size=8), st.integers(1, 20))
def test_the_best_come_first_and_alike_ones_in_their_order(question: str, passages: list[str], limit: int) -> None:
    """Scores fall and are above nothing; whoever asks again gets the same."""
    found = rank(question, passages, limit)

    assert sorted(found, key=lambda one: (-one[1], one[0])) == found == rank(question, passages, limit)
    assert (True, True) == (len(found) <= limit, all(score > 0 for _, score in found))


@given(WORDS, st.lists(WORDS, max_size=6, unique=True), st.randoms())
def test_the_order_of_passages_does_not_change_their_scores(question: str, passages: list[str], chance: Random) -> None:
    """Only the places of those that are alike."""
    shuffled = sorted(passages, key=lambda _: chance.random())
    before, after = ({texts[place]: score for place, score in rank(question, texts, 20)} for texts in (passages, shuffled))

    assert after == pytest.approx(before)
