"""Chat in OpenAI's shape: who asks, what is asked, of which model; `exchange` then asks it.

It knows the addresses and the caller; it must not know a vendor's words (`providers/`) nor a socket (`outbound`). To add a model, add a row
to `twocan.toml`; to add a vendor, a file in `providers/`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from functions.chat import asked, models
from functions.chat.exchange import Exchange, Patience
from functions.shared import bearer, tokens
from functions.shared.errors import TwocanError
from functions.shared.outbound import Outbound
from functions.shared.serve import Route, reply, route, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.shared.messages import Request, Response
    from functions.shared.providers import Target
    from functions.shared.settings import Settings

_SIZES = ("MAX_BODY_BYTES", "MAX_TEXT_BYTES", "MAX_OUTPUT_TOKENS")
_TIMES = ("CONNECT_SECONDS", "FIRST_TOKEN_SECONDS", "IDLE_SECONDS", "TOTAL_SECONDS", "HEARTBEAT_SECONDS")
NEEDS = (*bearer.NEEDS, "SITE_ORIGIN", "MODELS", "MODEL_KEYS", *_SIZES, *_TIMES)


class Tools(NamedTuple):
    """What chatting takes; `clock` is monotonic, `now` is the date."""

    issuer: tokens.Issuer
    targets: Mapping[str, Target]
    outbound: Outbound
    sizes: asked.Sizes
    patience: Patience
    clock: Callable[[], float]
    now: Callable[[], float]


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError."""
    return Tools(
        issuer=bearer.issuer(settings),
        targets=models.table(settings.text("MODELS"), settings.text("MODEL_KEYS")),
        outbound=Outbound(),
        sizes=asked.Sizes(*map(settings.number, _SIZES)),
        patience=Patience(*map(settings.number, _TIMES)),
        clock=time.monotonic,
        now=time.time,
    )


def answer(request: Request, tools: Tools) -> Response:
    """Answer a caller with a valid token, by the route."""
    caller = bearer.caller(request, tools.issuer, int(tools.now()))
    try:
        response = route(ROUTES, request, tools)
    except TwocanError as error:
        error.facts["user"] = caller.subject
        raise
    response.facts["user"] = caller.subject
    return response


def _models(request: Request, tools: Tools) -> Response:  # noqa: ARG001 - every route's function takes both
    listed = [{"id": one.name, "object": "model", "created": 0, "owned_by": one.vendor} for one in tools.targets.values()]
    return reply({"object": "list", "data": listed})


def _complete(request: Request, tools: Tools) -> Response:
    document = asked.read(request.body, tools.sizes)
    target = models.find(tools.targets, document["model"])
    return Exchange(target, tools.outbound, tools.patience, tools.clock, seconds_left=request.seconds_left).answer(document)


ROUTES = (
    Route("GET", "/v1/models", _models),
    Route("POST", "/v1/chat/completions", _complete),
)

handler = serve(answer, connect, NEEDS)
