"""The gatekeeper: a bearer token in, a Decision out. It fails closed.

It knows tokens; it must not know the network, the store or any model: it has no way out. To admit by another proof, change `bearer.py`,
which the functions use too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, NamedTuple

from functions.shared import bearer, tokens
from functions.shared.errors import Unauthorized
from functions.shared.messages import Allow, Decision, Request, Unauthenticated
from functions.shared.serve import guard

if TYPE_CHECKING:
    from functions.shared.settings import Settings

NEEDS = bearer.NEEDS


class Tools(NamedTuple):
    """What a decision takes."""

    issuer: tokens.Issuer
    now: Callable[[], float]


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError."""
    return Tools(bearer.issuer(settings), time.time)


def decide(request: Request, tools: Tools) -> Decision:
    """Allow whoever brings a valid token; everybody else is unauthenticated."""
    try:
        claims = bearer.caller(request, tools.issuer, int(tools.now()))
    except Unauthorized:
        return Unauthenticated()
    return Allow(claims.subject, bearer.token(request))


handler = guard(decide, connect, NEEDS)
