"""documents.py: one JSON object from strangers, read strictly."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from functions.shared import documents
from functions.shared.errors import InvalidJSON


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a" : [1, -0, 1.5, 1e3, true, false, null, {}]} \n', {"a": [1, 0, 1.5, 1000.0, True, False, None, {}]}),
        ('{"é": "你 😀"}'.encode(), {"é": "你 😀"}),
        (rb'{"a": "\ud83d\ude00 \u0000 \\ud800"}', {"a": "😀 \0 \\ud800"}),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        (b'{"": 1}', {"": 1}),
    ],
    ids=["empty", "all-types", "utf8", "escapes", "same-name-elsewhere", "nameless"],
)
def test_one_object_is_read(raw: bytes, value: dict[str, Any]) -> None:
    """What RFC 8259 calls an object is one."""
    assert value == documents.parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"a"',
        b"1",
        b"{",
        b"{}{}",
        b"{} x",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": "\n"}',
        b"{a: 1}",
        b'{"a": 1} // comment',
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        '{"a": "é"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xed\xa0\x80"}',
        rb'{"a": "\ud800"}',
        rb'{"a": "\uDFFF\uD800"}',
        rb'{"\udead": 1}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"[" * 99 + b"{}" + b"]" * 99 + b"}",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_anything_else_is_refused(raw: bytes) -> None:
    """Whatever it is, one error says so."""
    with pytest.raises(InvalidJSON):
        documents.parse(raw)


@pytest.mark.parametrize(
    "raw",
    [b'{"a": 1, "a": 1}', b'{"a": 1, "b": 2, "a": 3}', b'{"x": [{"a": 1, "a": 2}]}', rb'{"a": 1, "\u0061": 2}'],
    ids=["same", "apart", "inside", "escaped"],
)
def test_a_member_may_not_come_twice(raw: bytes) -> None:
    """Two readers of one body must not see two values."""
    with pytest.raises(InvalidJSON, match="same member twice"):
        documents.parse(raw)


def test_nesting_has_a_limit_that_writers_can_bear() -> None:
    """A hundred levels pass, so that what was read can be written again."""
    raw = b'{"a":' + b"[" * 98 + b"1" + b"]" * 98 + b"}"

    assert raw == documents.write(documents.parse(raw))


def test_many_brackets_are_no_depth() -> None:
    """The limit is on levels, not on how many lists there are."""
    raw = b'{"a":[' + b",".join([b"[]"] * 500) + b"]}"

    assert raw == documents.write(documents.parse(raw))


@pytest.mark.parametrize("raw", [b'{"a": my-secret}', b'{"my-secret": \xff}', b'{"my-secret": NaN}'], ids=["syntax", "utf8", "nan"])
def test_an_error_quotes_nothing(raw: bytes) -> None:
    """A decoder's message holds the text it choked on: it is not passed on."""
    with pytest.raises(InvalidJSON) as refused:
        documents.parse(raw)

    assert "my-secret" not in "".join(traceback.format_exception(refused.value))


def test_writing_is_compact_utf8() -> None:
    """No blanks, no escapes that need not be."""
    assert '{"é":["你",null,1]}'.encode() == documents.write({"é": ["你", None, 1]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"], ids=["nan", "inf", "surrogate"])
def test_what_json_cannot_hold_is_not_written(value: Any) -> None:
    """A ValueError here is a fault of ours, not of the caller's."""
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        documents.write({"a": value})
