"""log.py: one line, and nothing said that should not be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from functions.shared import log

if TYPE_CHECKING:
    import pytest


def failed(message: str) -> Exception:
    """Return an exception that was really raised, two calls deep."""

    def inner() -> None:
        raise LookupError(message)

    try:
        inner()
    except LookupError as error:
        return error
    raise AssertionError


def test_a_line_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a fact holds, it breaks no line, and is ASCII that every terminal bears."""
    log.line({"user": "a\nb\u2028\udead", "ms": 1.5})
    written = capsys.readouterr().out

    assert ("\n", 1, True) == (written[-1], len(written.splitlines()), written.isascii())
    assert {"user": "a\nb\u2028\udead", "ms": 1.5} == json.loads(written)


def test_what_is_none_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """None means that there is nothing to say; 0, false and the empty text are said."""
    log.line({"a": None, "b": 0, "c": False, "d": ""})

    assert '{"b":0,"c":false,"d":""}\n' == capsys.readouterr().out


def test_a_fault_is_its_type_and_places() -> None:
    """Innermost last."""
    fault = log.fault(failed("x"))

    assert "LookupError" == fault["fault"]
    assert ["failed", "inner"] == [place.partition(":")[0] for place in fault["at"].split(" > ")]


def test_a_fault_never_quotes() -> None:
    """Messages quote what they choked on, and that may be a secret or what somebody wrote."""
    assert "my-secret" not in json.dumps(log.fault(failed("my-secret")))


def test_a_fault_that_was_never_raised_has_no_places() -> None:
    """Nothing breaks on an exception without a traceback."""
    assert {"fault": "KeyError", "at": ""} == log.fault(KeyError("x"))


def test_a_deep_fault_keeps_its_innermost_places() -> None:
    """A runaway recursion makes a short line."""

    def deeper(levels: int) -> None:
        if levels == 0:
            raise LookupError
        deeper(levels - 1)

    try:
        deeper(50)
    except LookupError as error:
        places = log.fault(error)["at"].split(" > ")

    assert 6 == len(places)
