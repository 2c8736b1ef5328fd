"""WHAT should exist, on every cloud: functions and routes. Cloud-neutral, pure data.

This file knows names; it must know no cloud's word for them. To add a function, add its folder and its line here; to add an address, its
route in the function's handler and its line here. A test compares both.
"""

from __future__ import annotations

from importlib import import_module
from typing import Literal, NamedTuple


class Function(NamedTuple):
    """One function: `module` holds `handler` and `NEEDS`. `seconds` is how long it may run; a gateway may wait for less. `memory` is in MB, and
    with it comes the processor's share: hashing a password wants more than passing text on.
    """

    name: str
    module: str
    kind: Literal["gateway", "authorizer", "direct"]
    seconds: int
    memory: int

    def keeps(self, breaker: str) -> bool:
        """Say whether it reaches the records: for accounts and sessions, or because the owner wants its breakers "shared"."""
        return not {"STORE", "BREAKER"}.isdisjoint(self.given(breaker))

    def given(self, breaker: str) -> tuple[str, ...]:
        """Return the names of the settings that it is given: those that it needs, and the breakers' place only where they are "shared"."""
        return tuple(name for name in self.needs if name != "BREAKER" or breaker == "shared")

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the settings that this function is given, and no others."""
        return tuple(import_module(self.module).NEEDS)


class Route(NamedTuple):
    """One address. `guarded`: the authorizer is asked first. `streams`: forwarded chunk by chunk where the gateway can."""

    method: str
    path: str
    function: str
    guarded: bool = True
    streams: bool = False


FUNCTIONS = (
    Function("authorizer", "authorizer.handler", "authorizer", seconds=10, memory=256),
    Function("login", "functions.login.handler", "gateway", seconds=25, memory=1024),
    Function("chat", "functions.chat.handler", "gateway", seconds=900, memory=512),
    Function("qa", "functions.qa.handler", "gateway", seconds=25, memory=1792),
    Function("admin", "functions.admin.handler", "direct", seconds=60, memory=1024),
)

ROUTES = (
    Route("POST", "/auth/login", "login", guarded=False),
    Route("POST", "/auth/refresh", "login", guarded=False),
    Route("POST", "/auth/logout", "login"),
    Route("GET", "/auth/me", "login"),
    Route("GET", "/v1/models", "chat"),
    Route("POST", "/v1/chat/completions", "chat", streams=True),
    Route("POST", "/v1/embeddings", "chat"),
    Route("GET", "/admin/models", "chat"),
    Route("POST", "/v1/passages", "qa"),
)
