"""Chat in OpenAI's shape: who asks, what is asked, of which model; `failover` then sees that one answers.

It knows the addresses and the caller; it must not know a vendor's words (`providers/`) nor a socket (`outbound`). To add a model, add a row
to `twocan.toml`; to add a vendor, a file in `providers/`.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from functions.chat import asked, catalogue, models
from functions.chat.board import Board
from functions.chat.exchange import Means, Patience
from functions.chat.failover import Desk, Failover
from functions.shared import bearer, sigv4, tokens
from functions.shared.outbound import Outbound
from functions.shared.serve import Route, reply, route_for, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.chat.share import Share
    from functions.shared.messages import Request, Response
    from functions.shared.settings import Settings

_SIZES = ("MAX_BODY_BYTES", "MAX_TEXT_BYTES", "MAX_OUTPUT_TOKENS")
_TIMES = ("CONNECT_SECONDS", "FIRST_TOKEN_SECONDS", "IDLE_SECONDS", "TOTAL_SECONDS", "HEARTBEAT_SECONDS")
NEEDS = (*bearer.NEEDS, "SITE_ORIGIN", "MODELS", "MODEL_KEYS", "ROUTES", "BREAKER", *_SIZES, *_TIMES)


class Tools(NamedTuple):
    """What chatting takes."""

    issuer: tokens.Issuer
    routes: Mapping[str, models.Route]
    sizes: asked.Sizes
    means: Means
    desk: Desk


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError."""
    board = Board(time.monotonic)
    return Tools(
        issuer=bearer.issuer(settings),
        routes=models.table(settings.text("MODELS"), settings.text("MODEL_KEYS"), settings.text("ROUTES")),
        sizes=asked.Sizes(*map(settings.number, _SIZES)),
        # As the store does: AWS tells a function who it is by variables of its own.
        means=Means(Outbound(), Patience(*map(settings.number, _TIMES)), time.monotonic, time.time, sigv4.role(os.environ)),
        desk=Desk(board, random.random, time.sleep, _share(settings.text("BREAKER"), board)),
    )


def _share(address: str, board: Board) -> Share | None:
    """Return what other instances have seen of the models, if the owner wants that shared. Raises SettingsError."""
    if not address:
        return None
    # Only now: what keeps records is a fifth of a start.
    from functions.chat.share import Share
    from functions.shared.stores import open_records

    return Share(open_records(address, lambda: int(time.time())), board, time.time, time.monotonic)


def answer(request: Request, tools: Tools) -> Response:
    """Answer a caller with a valid token, by the route."""
    return route_for(bearer.caller(request, tools.issuer, int(tools.means.now())), ROUTES, request, tools)


def _models(request: Request, tools: Tools) -> Response:  # noqa: ARG001 - every route's function takes both
    return reply({"object": "list", "data": [catalogue.entry(one) for one in tools.routes.values() if not one.embeds]})


def _complete(request: Request, tools: Tools) -> Response:
    document, size = asked.read(request.body, tools.sizes)
    route = models.find(tools.routes, document["model"])
    return Failover(route, tools.means, tools.desk, seconds_left=request.seconds_left).answer(document, size)


def _embed(request: Request, tools: Tools) -> Response:
    # Only now: most instances never embed.
    from functions.chat import embedding

    document, size = embedding.read(request.body, tools.sizes)
    route = models.find(tools.routes, document["model"], embeds=True)
    return Failover(route, tools.means, tools.desk, seconds_left=request.seconds_left).embed(document, size)


def _health(_: Request, tools: Tools) -> Response:
    # Only now: few ask.
    from functions.chat import health

    return reply(health.report(tools.routes, tools.desk, tools.means.now()))


ROUTES = (
    Route("GET", "/v1/models", _models),
    Route("POST", "/v1/chat/completions", _complete),
    Route("POST", "/v1/embeddings", _embed),
    Route("GET", "/admin/models", _health, admins=True),
)

handler = serve(answer, connect, NEEDS)
