"""OBS's XML, read and written. Pure.

Bodies are read with the standard library: the attacks that it does not stop need a document type, and none that has one is read. To write an
answer, nest pairs of a name and a text or a list of pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from deploy.emulator.huawei.wire import Answered, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

Content = Union[str, "Sequence[tuple[str, Content]]"]
_FIRST = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def read(body: bytes, root: str, *, allowed: frozenset[str]) -> ET.Element:
    """Return a document whose root has this name and that has none but the allowed elements. Raises Refused: MalformedXML."""
    try:
        text = body.decode()
        if "<!DOCTYPE" in text:
            raise ValueError
        found = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except (ET.ParseError, ValueError):
        raise malformed() from None
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    if found.tag != root or not {element.tag for element in found.iter()} <= allowed | {root}:
        raise malformed()
    return found


def texts(element: ET.Element, path: str) -> tuple[str, ...]:
    """Return what stands in the elements at a path."""
    return tuple((found.text or "").strip() for found in element.findall(path))


def text(element: ET.Element, path: str) -> str:
    """Return what stands in the one element at a path; "" for none. Raises Refused for several."""
    found = texts(element, path)
    if len(found) > 1:
        raise malformed()
    return found[0] if found else ""


def malformed() -> Refused:
    """Return the refusal of XML that is not as the schema wants it."""
    return Refused(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")


def answer(root: str, content: Content, status: int = 200) -> Answered:
    """Return an answer in XML."""
    return Answered(status, {"content-type": "application/xml"}, (_FIRST + _written(root, content)).encode())


def _written(name: str, content: Content) -> str:
    inside = escape(content) if isinstance(content, str) else "".join(_written(*pair) for pair in content)
    return f"<{name}>{inside}</{name}>"
