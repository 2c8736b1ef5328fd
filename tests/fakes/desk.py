"""The login function's desk: its tools with cheap hashes, one account, and a tally of hash runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.login import handler
from functions.shared import accounts, clouds, passwords
from functions.shared.errors import TwocanError
from functions.shared.messages import Request, Response
from functions.shared.serve import Started, refuse
from tests.fakes.forge import ISSUER

if TYPE_CHECKING:
    from functions.shared.stores import Records
    from tests.fakes.clock import Clock

CHEAP = passwords.Cost(16, 1, 1)
PASSWORD = "seven kettles sing at noon"
SALT = b"0123456789abcdef"
MONTH = 30 * 86_400


class Desk:
    """Signs people in. `works` has each password check's parameters, `hashes` how many there were."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self.works: list[str] = []
        self.records = records
        self.clock = clock
        self.tools = handler.Tools(records, ISSUER, clock, MONTH, self._matches, CHEAP)

    def open_account(self, name: str = "alice", password: str = PASSWORD) -> None:
        """Make an account."""
        accounts.add(self.records, name, passwords.hashed(password, SALT, CHEAP))

    @property
    def hashes(self) -> int:
        """Return how many hashes were run to check a password."""
        return len(self.works)

    def _matches(self, password: str, stored: str) -> bool:
        self.works.append(stored.rpartition("$")[0].rpartition("$")[0])
        return passwords.matches(password, stored)

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, source: str = "192.0.2.1") -> Response:
        """Send one request and return the response, errors included."""
        request = Request(method, path, headers or {}, body, "desk-id", source)
        try:
            return handler.answer(request, self.tools)
        except TwocanError as error:
            return refuse(error)

    def login(self, name: str = "alice", password: str = PASSWORD, source: str = "192.0.2.1") -> Response:
        """Try to sign in."""
        return self.ask("POST", "/auth/login", json.dumps({"username": name, "password": password}).encode(), source=source)

    def refresh(self, token: str) -> Response:
        """Ask for fresh tokens."""
        return self.ask("POST", "/auth/refresh", json.dumps({"refresh_token": token}).encode())

    def started(self, dialect: str) -> Started[handler.Tools]:
        """Return the whole walk behind a gateway."""
        return Started(clouds.load(dialect), handler.answer, self.tools, {"x-fixed": "yes"})


def said(response: Response) -> Any:
    """Return a response's JSON; consumes it."""
    return json.loads(b"".join(response.body))


def code(response: Response) -> tuple[int, str]:
    """Return a refusal's status and code; consumes it."""
    return response.status, said(response)["error"]["code"]
