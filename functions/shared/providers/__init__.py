"""Model vendors' words ⇄ ours, which are OpenAI's. A provider is a plain module with the functions of `Provider`; it translates, never sends.

To add a vendor, write its module beside these and add its line to `PROVIDERS`; the contract tests then run on it.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol, cast

from functions.shared.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.outbound import Outgoing
    from functions.shared.sse import Event

PROVIDERS = {
    "anthropic": "functions.shared.providers.anthropic",
    "bedrock": "functions.shared.providers.bedrock",
    "openai": "functions.shared.providers.openai",
    "replicate": "functions.shared.providers.replicate",
    "sagemaker": "functions.shared.providers.sagemaker",
}


class Capabilities(NamedTuple):
    """What a model can do: how many tokens it reads, whether it sees images, calls tools and streams. None is what its owner has not said.

    One that `embeds` makes vectors of texts, and does nothing else.
    """

    context: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    streaming: bool | None = None
    embeds: bool = False


class Price(NamedTuple):
    """US dollars for a million tokens, read and written, and the date of that."""

    read: float
    written: float
    date: str


class Target(NamedTuple):
    """One place to ask: a row of the owner's table.

    `output_limit` is the member that caps an answer's tokens there, `template` the name of the one that makes one text of a conversation,
    `patience` the time limits that it has for itself, in seconds. One that is not `listed` is reached by a route only.
    """

    name: str
    vendor: str
    base_url: str
    model: str
    key: str
    output_limit: str
    template: str = ""
    capabilities: Capabilities = Capabilities()
    price: Price | None = None
    patience: Mapping[str, float] = {}
    listed: bool = True


class Complaint(NamedTuple):
    """What a vendor says is wrong with a request: its words, or "", and whether it says that the conversation is longer than the model reads.

    `status` is the one that it means, where the one that it sends says only that something behind it failed; else 0.
    """

    message: str
    too_long: bool = False
    status: int = 0


class Elsewhere(NamedTuple):
    """Where the answer is, for a vendor that answers a question with an address; and how it is told to stop working at it."""

    answer: Outgoing
    cancel: Outgoing


class Provider(Protocol):
    """One vendor's words. Pure: no sockets, no clock.

    `elsewhere` reads what a vendor first answers that answers with an address; it is None for all others. Raises UpstreamError.
    `to_embed` and `from_embedded` are `to_wire` and `from_plain` of embeddings, None for a vendor that makes none.
    """

    elsewhere: Callable[[Target, bytes], Elsewhere] | None
    to_embed: Callable[[Target, Mapping[str, Any]], Outgoing] | None
    from_embedded: Callable[[bytes], dict[str, Any]] | None

    def to_wire(self, target: Target, asked: Mapping[str, Any]) -> Outgoing:
        """Return the request to send for a chat request in OpenAI's shape, whose `max_tokens` is the cap, already applied."""

    def from_wire(self, events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
        """Yield chunks in OpenAI's shape, and None for None; return when the answer is whole.

        Raises UpstreamCut if the events end before that, UpstreamError if they carry an error.
        """

    def from_plain(self, raw: bytes) -> dict[str, Any]:
        """Return a whole answer in OpenAI's shape. Raises UpstreamError if it is none."""

    def complaint(self, raw: bytes) -> Complaint:
        """Return what the vendor says is wrong with a request."""


def load(name: str) -> Provider:
    """Return the provider of that name, importing only it. Raises KeyError."""
    return cast("Provider", import_module(PROVIDERS[name]))


def read_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object that a vendor sent, such that it can be written again. Raises UpstreamError."""
    try:
        value = _decoded(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        # Not `from error`: a decoder's message quotes the text.
        raise UpstreamError("The model's server did not answer in JSON.") from None
    if not isinstance(value, dict):
        raise UpstreamError("The model's server did not answer with a JSON object.")
    return value


def _decoded(text: str) -> Any:
    value = _DECODER.decode(text)
    if "\\ud" not in text and "\\uD" not in text:
        return value
    # Some servers cut an emoji in two, half in each chunk: no UTF-8 can carry a half on. Pairs are one character once they are decoded.
    return _DECODER.decode(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(value, ensure_ascii=False)))


def _finite(digits: str) -> float:
    """Return a number that can be written again: neither NaN nor Infinity, by name or by overflow."""
    number = float(digits)
    if not isfinite(number):
        raise ValueError
    return number


# Made once, as in `documents`. What it accepts can be written again.
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
