"""Sign-in: checks a password, issues access tokens, keeps sessions.

It knows accounts, sessions and tokens; it must not know how an account is made (that is admin's) nor anything of models. Every failed
sign-in is the same bytes after the same work, whatever was wrong. To add an address, write its function and add its line to `ROUTES`.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.login import sessions
from functions.shared import accounts, attempts, bearer, documents, passwords, tokens
from functions.shared.errors import Conflict, InvalidCredentials, RequestTooLarge
from functions.shared.serve import Route, field, reply, route, serve
from functions.shared.stores import Records, open_records

if TYPE_CHECKING:
    from functions.shared.messages import Request, Response
    from functions.shared.settings import Settings

NEEDS = (*bearer.NEEDS, "SITE_ORIGIN", "STORE", "SESSION_DAYS")

#: Longest body that is read, in bytes: a name and a password, or a refresh token.
LONGEST_BODY = 16_384


class Tools(NamedTuple):
    """What signing in takes; `session_seconds` is a session's longest life, `matches` checks a password, `cost` is what new hashes take."""

    records: Records
    issuer: tokens.Issuer
    now: Callable[[], float]
    session_seconds: int
    matches: Callable[[str, str], bool] = passwords.matches
    cost: passwords.Cost = passwords.COST


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError or Unavailable."""
    records = open_records(settings.text("STORE"), lambda: int(time.time()))
    return Tools(records, bearer.issuer(settings), time.time, settings.number("SESSION_DAYS") * 86_400)


def answer(request: Request, tools: Tools) -> Response:
    """Answer by the route."""
    return route(ROUTES, request, tools)


def _login(request: Request, tools: Tools) -> Response:
    document = _document(request)
    name = field(document, "username").strip().lower()
    password = field(document, "password")
    now = int(tools.now())
    attempts.count(tools.records, name=name, address=request.source, now=now)
    account = _checked(tools, name, password)
    session, refresh_token = sessions.begin(tools.records, account, expires=now + tools.session_seconds)
    return _signed_in(tools, session, refresh_token)


def _checked(tools: Tools, name: str, password: str) -> accounts.Account:
    account = accounts.find(tools.records, name)
    good = tools.matches(password, account.password if account else passwords.nobody(tools.cost))
    if account is None or not good or not account.enabled:
        raise InvalidCredentials
    if passwords.outdated(account.password, tools.cost):
        _hash_anew(tools, account, password)
    return account


def _hash_anew(tools: Tools, account: accounts.Account, password: str) -> None:
    """Store the hash with today's parameters. Somebody else's change at the same moment wins: the next sign-in tries again."""
    # The session begins with the account as it was checked, never as it has become: if the change was a new password, it must not outlive that.
    stored = passwords.hashed(password, secrets.token_bytes(16), tools.cost)
    with suppress(Conflict):
        accounts.save(tools.records, account._replace(password=stored))


def _refresh(request: Request, tools: Tools) -> Response:
    session, refresh_token = sessions.turn(tools.records, field(_document(request), "refresh_token"))
    return _signed_in(tools, session, refresh_token)


def _logout(request: Request, tools: Tools) -> Response:
    claims = bearer.caller(request, tools.issuer, int(tools.now()))
    sessions.end(tools.records, claims.session)
    return reply(None, 204, user=claims.subject)


def _me(request: Request, tools: Tools) -> Response:
    claims = bearer.caller(request, tools.issuer, int(tools.now()))
    session = sessions.alive(tools.records, claims.session)
    return reply({"username": session.name, "admin": session.admin, "session_expires": session.expires}, user=session.name)


def _signed_in(tools: Tools, session: sessions.Session, refresh_token: str) -> Response:
    access_token = tokens.issue(tools.issuer, subject=session.name, session=session.id, now=int(tools.now()), admin=session.admin)
    granted = {"access_token": access_token, "token_type": "Bearer", "expires_in": tokens.LIFE}
    return reply({**granted, "refresh_token": refresh_token, "username": session.name, "admin": session.admin}, user=session.name)


def _document(request: Request) -> dict[str, Any]:
    if len(request.body) > LONGEST_BODY:
        raise RequestTooLarge(f"The body may have at most {LONGEST_BODY} bytes.")
    return documents.parse(request.body)


ROUTES = (
    Route("POST", "/auth/login", _login),
    Route("POST", "/auth/refresh", _refresh),
    Route("POST", "/auth/logout", _logout),
    Route("GET", "/auth/me", _me),
)

handler = serve(answer, connect, NEEDS)
