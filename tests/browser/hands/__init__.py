"""Another hand than the deployer's in an emulated account: what a test of a deployed stage does to it, in each cloud's own words.

To add a cloud, write its module with a class that fits `Hand`, and add its line to `HANDS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

HANDS = {"aws": "tests.browser.hands.aws", "huawei": "tests.browser.hands.huawei"}


class Hand(Protocol):
    """One account. Functions are named as in the bundle, versions as their cloud names them, qualifiers are versions or `live`."""

    #: Whether an answer is forwarded chunk by chunk.
    streams: bool

    def invoke(self, function: str, qualifier: str, event: Any) -> tuple[dict[str, Any], str]:
        """Return what a function answers, and what it says of its failure, "" for none."""

    def publish(self, function: str, code: bytes | None = None) -> str:
        """Publish a function as it is now, or with other code, and return the version's name."""

    def split(self, function: str, version: str, percent: int) -> None:
        """Let a version have this share of the alias's calls; none at 0."""

    def counted(self, function: str, version: str, since: float) -> int:
        """Return how many calls of a version the cloud has counted."""

    def edited(self, api: str) -> AbstractContextManager[None]:
        """Within the block, a wrong token is to be told as a teapot; nobody publishes it."""

    def unreachable(self, function: str) -> AbstractContextManager[None]:
        """Within the block, the gateway cannot call a function."""


def hand(cloud: str, told: Mapping[str, Any], stage: str) -> Hand:
    """Return the hand in the account that an emulator has told of."""
    return cast("Hand", import_module(HANDS[cloud]).Account(told, stage))
