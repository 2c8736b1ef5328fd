"""parse∘write is the identity on objects, and parse never raises but InvalidJSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.shared import documents
from functions.shared.errors import InvalidJSON

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, TEXTS), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=6)


@given(OBJECTS)
def test_what_was_written_is_read(document: dict[str, Any]) -> None:
    """Every object of JSON comes back as it was, zero's sign and all."""
    assert repr(document) == repr(documents.parse(documents.write(document)))


@given(OBJECTS)
def test_any_writers_json_is_read(document: dict[str, Any]) -> None:
    """With blanks and with every character escaped, too."""
    assert document == documents.parse(json.dumps(document, indent=1, ensure_ascii=True).encode())


@given(OBJECTS)
def test_reading_and_writing_settles(document: dict[str, Any]) -> None:
    """Compact JSON is its own compact form."""
    raw = documents.write(document)

    assert raw == documents.write(documents.parse(raw))


@given(
    st.one_of(
        st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), st.text('{}[]":,\\ud8019eE+-. NaNInfity').map(str.encode)
    )
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """One error, and what is read can be written again."""
    try:
        document = documents.parse(raw)
    except InvalidJSON:
        return
    assert documents.parse(documents.write(document)) == document


@given(OBJECTS, st.data())
def test_no_prefix_of_an_object_is_one(document: dict[str, Any], data: st.DataObject) -> None:
    """A body that was cut off is never taken for a whole one."""
    raw = documents.write(document)
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]

    try:
        documents.parse(cut)
    except InvalidJSON:
        return
    raise AssertionError(cut)
