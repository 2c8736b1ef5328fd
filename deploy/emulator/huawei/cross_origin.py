"""What APIG does for pages of other origins: the `cors` flag, the `cors` plugin, and the mock that answers a preflight (huawei.md, 3.2, CORS).

This file knows headers. The flag adds one header and answers no preflight; the plugin wins over it, and answers preflights itself. Neither touches
what the gateway says of its own errors (UNCONFIRMED there: assumed not).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from deploy.local.dialect import Kind, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.apig_checks import Document
    from deploy.local.backend import Event

_ORIGIN = "access-control-allow-origin"
# What an OPTIONS API with a mock and the flag answers.
_PREFLIGHT = {
    "access-control-allow-headers": "X-Stage,X-Sdk-Date,X-Sdk-Nonce,X-Proxy-Signed-Headers,X-Sdk-Content-Sha256,X-Forwarded-For,Authorization,"
    "Content-Type,Accept,Accept-Ranges,Cache-Control,Range",
    "access-control-allow-methods": "GET,POST,PUT,DELETE,HEAD,OPTIONS,PATCH",
    "access-control-max-age": "172800",
}


def readable(headers: Mapping[str, Any], event: Event, cors: bool, plugin: Document | None) -> dict[str, Any]:  # noqa: FBT001 - as APIG has it
    """Return an answer's headers, with those that let a page read it."""
    if plugin is not None:
        # The plugin's own take the place of the function's.
        others = {name: value for name, value in headers.items() if not name.lower().startswith("access-control-")}
        return {**others, **_allowed(json.loads(plugin["plugin_content"]), event)}
    if not cors or any(name.lower().startswith("access-control-") for name in headers):
        return dict(headers)
    return {**headers, _ORIGIN: "*"}


class Mock:
    """A MOCK backend: it answers by itself, and a preflight with the default headers if the flag is on."""

    def __init__(self, content: str, *, cors: bool, plugin: Document | None) -> None:
        self._content, self._cors, self._plugin = content, cors, plugin

    def answer(self, event: Event, seconds: float) -> Any:  # noqa: ARG002 - it takes no time
        """Return what it was told to."""
        own = _PREFLIGHT if self._cors and event["httpMethod"] == "OPTIONS" else {}
        headers = {**own, **readable({}, event, self._cors, self._plugin)}
        return {"statusCode": 200, "headers": headers, "body": self._content}

    def stream(self, event: Event, seconds: float) -> NoReturn:  # noqa: ARG002 - as above
        """Refuse: it has nothing to stream."""
        raise Refusal(Kind.MISCONFIGURED)


class Preflight(Mock):
    """What a cors plugin answers to OPTIONS."""

    def __init__(self, plugin: Document) -> None:
        super().__init__("", cors=False, plugin=plugin)
        self._said = json.loads(plugin["plugin_content"])

    def answer(self, event: Event, seconds: float) -> Any:  # noqa: ARG002 - it takes no time
        """Return what a browser may do, if its page is of an origin that may do anything."""
        allowed = _allowed(self._said, event)
        own = {
            "access-control-allow-methods": self._said.get("allow_methods", ""),
            "access-control-allow-headers": self._said.get("allow_headers", ""),
            "access-control-max-age": str(self._said.get("max_age", 172_800)),
        }
        return {"statusCode": 200, "headers": {**allowed, **({name: value for name, value in own.items() if value} if allowed else {})}, "body": ""}


def _allowed(said: Document, event: Event) -> dict[str, str]:
    origins = {one.strip() for one in said["allow_origin"].split(",")}
    origin = event["headers"].get("origin", "")
    if "*" not in origins and origin not in origins:
        return {}
    exposed = {"access-control-expose-headers": said["expose_headers"]} if said.get("expose_headers") else {}
    credentials = {"access-control-allow-credentials": "true"} if said.get("allow_credentials") else {}
    return {_ORIGIN: "*" if "*" in origins else origin, **exposed, **credentials}
