"""Gateways' words ⇄ ours. A dialect is a plain module with the functions of `Dialect`; which one speaks is configured, never sniffed.

To add a gateway, write its module beside these and add its line to `DIALECTS`; the contract tests then run on it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from functions.shared.messages import Decision, Request, Response

DIALECTS = {
    "aws": "functions.shared.clouds.aws",
    "huawei": "functions.shared.clouds.huawei",
    "direct": "functions.shared.clouds.direct",
}


class Dialect(Protocol):
    """One gateway's words. `event` is what the platform hands over: JSON, not yet trusted in any part."""

    def read(self, event: Any, context: Any) -> Request:
        """Return the request in an event. Raises InvalidRequest."""

    def write(self, response: Response) -> dict[str, Any]:
        """Return the gateway's answer; consumes the body."""


class Gatekeeping(Protocol):
    """A gateway's words to and from its custom authorizer."""

    def read_authorizer(self, event: Any, context: Any) -> Request:
        """Return a request whose only header is `authorization`. Raises InvalidRequest."""

    def write_decision(self, decision: Decision, event: Any) -> dict[str, Any]:
        """Return the verdict in the gateway's words, or raise what the gateway takes for one."""


def load(name: str) -> Dialect:
    """Return the dialect of that name, importing only it. Raises KeyError."""
    return cast("Dialect", import_module(DIALECTS[name]))


def load_gatekeeping(name: str) -> Gatekeeping:
    """Return the authorizer's side of that dialect, importing only it. Raises KeyError."""
    return cast("Gatekeeping", import_module(DIALECTS[name]))
