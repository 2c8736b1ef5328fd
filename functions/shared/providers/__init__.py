"""Model vendors' words ⇄ ours, which are OpenAI's. A provider is a plain module with the functions of `Provider`; it translates, never sends.

To add a vendor, write its module beside these and add its line to `PROVIDERS`; the contract tests then run on it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.outbound import Outgoing
    from functions.shared.sse import Event

PROVIDERS = {"openai": "functions.shared.providers.openai"}


class Target(NamedTuple):
    """Where a public model name leads: one row of the owner's table. `output_limit` is the member that caps an answer's tokens there."""

    name: str
    vendor: str
    base_url: str
    model: str
    key: str
    output_limit: str


class Complaint(NamedTuple):
    """What a vendor says is wrong with a request: its words, or "", and whether it says that the conversation is longer than the model reads."""

    message: str
    too_long: bool = False


class Provider(Protocol):
    """One vendor's words. Pure: no sockets, no clock."""

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
