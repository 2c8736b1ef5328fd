"""What a request for embeddings must be before it costs anything: its form and its size, by the limits of chat. Pure.

It checks what Twocan itself depends on and leaves everything else to the model's server: unknown members go through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.chat.routes import BYTES_A_TOKEN
from functions.shared import documents
from functions.shared.errors import InvalidRequest, RequestTooLarge, TextTooLarge

if TYPE_CHECKING:
    from functions.chat.asked import Sizes

#: Texts of one request, as OpenAI has it.
MOST = 2048


def read(raw: bytes, sizes: Sizes) -> tuple[dict[str, Any], int]:
    """Return a request that has `model` and `input`, and the bytes of its longest text.

    Raises InvalidRequest, RequestTooLarge and TextTooLarge.
    """
    if len(raw) > sizes.body:
        raise RequestTooLarge(f"The request may have at most {sizes.body} bytes. Ask for fewer texts at once.")
    asked = documents.parse(raw)
    if not isinstance(asked.get("model"), str):
        raise InvalidRequest("`model` must be a text: the name of a model that makes embeddings.", param="model")
    lengths = [_length(one) for one in _inputs(asked.get("input"))]
    if sum(lengths) > sizes.text:
        raise TextTooLarge(f"The texts may have at most {sizes.text} bytes together. Ask for fewer at once, or shorten them.", param="input")
    return asked, max(lengths)


def _inputs(given: Any) -> list[Any]:
    """Return the texts, each a text or a list of tokens. Raises InvalidRequest."""
    # A list of tokens is one text.
    inputs = given if isinstance(given, list) and not _are_tokens(given) else [given]
    if not 0 < len(inputs) <= MOST or not all((isinstance(one, str) and one) or _are_tokens(one) for one in inputs):
        raise InvalidRequest(f"`input` must be a text, a list of tokens, or a list of 1 to {MOST} of either, none empty.", param="input")
    return inputs


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int and one >= 0 for one in value)


def _length(one: Any) -> int:
    """Return bytes: of a text its own, of tokens what as many would stand for."""
    return len(one.encode("utf-8")) if isinstance(one, str) else len(one) * BYTES_A_TOKEN
