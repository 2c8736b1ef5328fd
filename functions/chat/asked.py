"""What a chat request must be before it costs anything: its form, its size, its cap. Pure.

It checks what Twocan itself depends on and leaves everything else to the model's server: unknown members go through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from functions.shared import documents
from functions.shared.errors import InvalidRequest, RequestTooLarge, TextTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator


#: The names by which vendors cap an answer; n_predict is llama.cpp's, and would go over the others there.
_CAPS = ("max_tokens", "max_completion_tokens", "n_predict")
#: Answers to one question at most: each of them may have the full length.
MOST_ANSWERS = 8
#: Members of a message's parts that hold data, not text.
_DATA = ("image_url", "input_audio", "file")


class Sizes(NamedTuple):
    """The owner's limits: bytes of a body, bytes of all its text, tokens of an answer."""

    body: int
    text: int
    output: int


def read(raw: bytes, sizes: Sizes) -> tuple[dict[str, Any], int]:
    """Return a chat request that has `model`, `messages` and a capped `max_tokens`, and the bytes of its text.

    Raises InvalidRequest, RequestTooLarge and TextTooLarge.
    """
    if len(raw) > sizes.body:
        raise RequestTooLarge(f"The request may have at most {sizes.body} bytes. Leave out older messages or use smaller images.")
    asked = documents.parse(raw)
    _check(asked)
    size = sum(len(text.encode("utf-8")) for text in _texts(asked["messages"]))
    if size > sizes.text:
        raise TextTooLarge(f"The messages may have at most {sizes.text} bytes of text. Leave out older ones or shorten them.", param="messages")
    # One member caps an answer inside Twocan; which one the vendor wants is its row's affair.
    asked["max_tokens"] = min(*(_cap(asked, name) for name in _CAPS), sizes.output)
    return {name: value for name, value in asked.items() if name not in _CAPS[1:]}, size


def _check(asked: dict[str, Any]) -> None:
    if not isinstance(asked.get("model"), str):
        raise InvalidRequest("`model` must be a text: one of the names in GET /v1/models.", param="model")
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("`messages` must be a list of one message or more.", param="messages")
    for number, message in enumerate(messages):
        _check_message(number, message)
    if not isinstance(asked.get("stream"), (bool, type(None))):
        raise InvalidRequest("`stream` must be true or false.", param="stream")
    for name in ("n", "best_of"):
        if _cap(asked, name) not in (*range(1, MOST_ANSWERS + 1), float("inf")):
            raise InvalidRequest(f"`{name}` must be a whole number from 1 to {MOST_ANSWERS}.", param=name)


def _check_message(number: int, message: Any) -> None:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise InvalidRequest(f"Message {number} must be an object with a `role`.", param=f"messages.{number}")
    if not isinstance(message.get("content"), (str, list, type(None))):
        raise InvalidRequest(f"Message {number}: `content` must be a text or a list of parts.", param=f"messages.{number}.content")


def _cap(asked: dict[str, Any], name: str) -> int | float:
    value = asked.get(name)
    if value is None:
        return float("inf")
    if type(value) is not int or value < 1:
        raise InvalidRequest(f"`{name}` must be a whole number from 1.", param=name)
    return value


def _texts(messages: list[Any]) -> Iterator[str]:
    """Yield every text in the messages, however deep, names included; images are data, bounded by the body's limit."""
    left: list[Any] = [messages]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            left.extend(value)
        elif isinstance(value, dict):
            left.extend(one for name, one in value.items() if name not in _DATA)
