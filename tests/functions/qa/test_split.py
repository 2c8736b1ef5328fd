"""split.py: where passages begin and end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.qa.split import LEAST, MOST, OVERLAP, split

WORDS = "A fox sleeps in the moss. "
BITS = st.sampled_from(
    [
        *(
            "word ",
            "a",
            "。",
            "，",
            "猫",
            "喜欢睡觉。",
            ". ",
            "\n",
            "\n\n",
            "# ",
            "```",
            "\n```\n",
            "~~~~\n",
            "- one\n",
            "1. ",
            "\r\n",
            " ",
            "\t",
            "\u3000",
        ),
        *("e\u0301", "😀", "👩\u200d🚀", "“Yes!” ", "x" * 700, "天" * 500, "A sentence of some words. " * 12, "\n\n## Head\n", "\x1c", "\u2028"),
    ]
)
TEXTS = st.lists(BITS, max_size=40).map("".join)


def texts(text: str, *, markdown: bool = False) -> list[str]:
    """Return the passages of a text."""
    return [text[start:end] for start, end in split(text, markdown=markdown)]


@given(TEXTS, st.booleans())
def test_every_character_is_in_a_passage(text: str, markdown: bool) -> None:
    """But for blank ones; and no passage is blank at its ends, or longer than it may be."""
    spans = split(text, markdown=markdown)
    covered = {place for start, end in spans for place in range(start, end)}

    assert [] == [place for place, sign in enumerate(text) if not sign.isspace() and place not in covered]
    assert [] == [text[start:end] for start, end in spans if not 0 < end - start <= MOST or text[start:end] != text[start:end].strip()]


@given(TEXTS, st.booleans())
def test_passages_go_forward_and_repeat_little(text: str, markdown: bool) -> None:
    """Each begins and ends after the one before it, and no more than the overlap before that one's end."""
    spans = split(text, markdown=markdown)

    assert [] == [(one, two) for one, two in pairwise(spans) if not (one[0] < two[0] and one[1] < two[1] and one[1] - two[0] <= OVERLAP)]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=600))
def test_no_word_is_cut(lengths: list[int]) -> None:
    """Where there are blanks between words, passages begin and end there."""
    text = " ".join("x" * length for length in lengths)
    words = {place for place in range(len(text)) if not place or text[place - 1] == " "}

    assert [] == [start for start, _ in split(text) if start not in words]
    assert [] == [end for _, end in split(text) if end < len(text) and text[end] != " "]


def test_a_long_text_has_passages_of_the_length_that_is_aimed_at() -> None:
    """All but the last."""
    lengths = [len(one) for one in texts(WORDS * 400)]

    assert [] == [one for one in lengths[:-1] if not LEAST <= one <= MOST]


def test_a_passage_within_a_paragraph_repeats_the_last_sentences() -> None:
    """Whole ones, so that what is said across the cut is in one of the two."""
    spans = split(WORDS * 400)
    repeated = [(WORDS * 400)[two[0] : one[1]] for one, two in pairwise(spans)]

    assert {"A fox sleeps in the moss. A fox sleeps in the moss."} <= {one[:51] for one in repeated}
    assert all(0 < len(one) <= OVERLAP for one in repeated)


def test_paragraphs_stay_whole_where_they_can() -> None:
    """The cut is at the blank line, and nothing is repeated there."""
    paragraph = WORDS * 17

    assert [f"{paragraph}\n\n{paragraph}".strip(), paragraph.strip()] == texts(f"{paragraph}\n\n{paragraph}\n\n{paragraph}")


def test_chinese_is_cut_after_its_sentences() -> None:
    """Which have no blank behind them; a closing quotation mark stays with what it closes."""
    text = "老人说：“月亮离地球三十八万公里，比你想的要远得多。”" * 120

    assert [] == [one for one in texts(text) if not (one.startswith("老人说") and one.endswith("。”"))]
    assert len(texts(text)) > 2


def test_a_chinese_sentence_that_does_not_end_is_cut_at_a_comma() -> None:
    """As a reader would pause."""
    text = "月亮离地球很远，" * 400

    assert [] == [one for one in texts(text) if not one.endswith("，")]


def test_a_text_without_any_pause_is_cut_between_characters() -> None:
    """And an accent, a joiner or a skin tone stays with its character."""
    cuts = [one[0] for one in texts("e\u0301" * 2_000) + texts("👩🏽\u200d🚀" * 900)]

    assert {"e", "👩"} == set(cuts)


def test_a_heading_begins_a_passage() -> None:
    """It stays with what it heads, and what came before is not repeated."""
    body = WORDS * 12

    assert [f"# One\n\n{body}".strip(), f"## Two\n{body}".strip()] == texts(f"# One\n\n{body}\n## Two\n{body}", markdown=True)


def test_a_short_section_goes_with_the_next() -> None:
    """A passage of a few words would say nothing to anybody."""
    text = "# One\n\nShort.\n\n# Two\n\nShort, too."

    assert [text] == texts(text, markdown=True)


def test_a_sign_in_a_plain_text_is_no_heading() -> None:
    """A script's comments are not Markdown."""
    text = f"{WORDS * 12}\n# a comment\n{WORDS * 12}"

    assert [text.strip()] == texts(text)
    assert 2 == len(texts(text, markdown=True))


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_code_stays_whole(fence: str) -> None:
    """Its blank lines are no paragraphs, its comments no headings, and another fence does not end it."""
    code = f"{fence}python\n" + "# a step\n\nprint('x. y')\n" * 30 + f"```` no end\n{fence}"
    found = texts(f"{WORDS * 25}\n\n{code}\n\n{WORDS * 25}", markdown=True)

    assert [True] == [code in one for one in found if fence in one]


def test_long_code_is_cut_between_its_lines() -> None:
    """A fence that nobody closes is code to the end."""
    found = texts("```\n" + "value = [1. , 2. ]  # so\n" * 200, markdown=True)

    assert [] == [one for one in found if not one.endswith("# so")]


def test_backticks_within_a_line_open_nothing() -> None:
    """Three of them with others behind are code in a sentence."""
    assert 2 == len(texts(f"```x``` is short. {WORDS * 12}\n\n# Head\n\n{WORDS * 12}", markdown=True))


@pytest.mark.parametrize("text", ["", " \n\t\n "])
def test_a_blank_text_has_no_passage(text: str) -> None:
    """There is nothing to tell."""
    assert [] == split(text)


@pytest.mark.parametrize("bit", ["\n", "\n ", " ", ". ", '."', "#\n", "```\n", "\n- a", "。", "\r\n\r\n", "~~~"], ids=ascii)
def test_no_text_takes_long(bit: str) -> None:
    """A text that was made to keep an expression busy takes as long as any other of its length: a square of it would be hours."""
    text = bit * (150_000 // len(bit))

    assert len(split(text, markdown=True)) < 1_000
