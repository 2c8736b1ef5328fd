"""Sessions: a sign-in that stays alive by a rotating refresh token. The only file that knows how they are stored.

A refresh token is 256 random bits and is stored as its SHA-256 only. Each is good once; a spent one that comes back means that two parties
hold it, so the whole session ends (RFC 9700, 4.14.2).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, NamedTuple

from functions.shared import accounts
from functions.shared.errors import Conflict, SessionEnded
from functions.shared.stores import ANY

if TYPE_CHECKING:
    from functions.shared.accounts import Account
    from functions.shared.stores import Records

_SESSIONS = "sessions"
_REFRESH = "refresh"


class Session(NamedTuple):
    """One sign-in of one account; it is over at `expires`, in seconds since 1970."""

    id: str
    name: str
    epoch: int
    expires: int
    admin: bool = False


def begin(records: Records, account: Account, *, expires: int) -> tuple[Session, str]:
    """Start a session and return it with its first refresh token."""
    session = Session(secrets.token_urlsafe(16), account.name, account.epoch, expires, account.admin)
    body = {"name": session.name, "epoch": session.epoch}
    records.put(_SESSIONS, session.id, body, if_version=0, expires=expires)
    return session, _hand_out(records, session)


def turn(records: Records, refresh_token: str) -> tuple[Session, str]:
    """Spend a refresh token and return its session with the next one. Raises SessionEnded; a spent token ends its session."""
    name = _digest(refresh_token)
    found = records.get(_REFRESH, name)
    if found is None:
        raise SessionEnded
    session_id = found.body["session"]
    session = alive(records, session_id)
    # The next one first: if the store fails in between, the one in hand is still good, and nobody has seen the other.
    token = _hand_out(records, session)
    try:
        # Spending is one conditional write: of two that come at once with the same token, one is the second use.
        if found.body["spent"]:
            raise Conflict
        records.put(_REFRESH, name, {"session": session_id, "spent": True}, if_version=found.version, expires=found.expires)
    except Conflict:
        end(records, session_id)
        raise SessionEnded from None
    return session, token


def alive(records: Records, session_id: str) -> Session:
    """Return the session if it is alive and its account may still use it. Raises SessionEnded."""
    found = records.get(_SESSIONS, session_id)
    if found is None:
        raise SessionEnded
    session = Session(session_id, found.body["name"], found.body["epoch"], found.expires or 0)
    account = accounts.find(records, session.name)
    if account is None or not account.enabled or account.epoch != session.epoch:
        raise SessionEnded
    # What the account is now, not what it was when the session began.
    return session._replace(admin=account.admin)


def end(records: Records, session_id: str) -> None:
    """End a session; its refresh tokens are worth nothing from here on."""
    records.delete(_SESSIONS, session_id, if_version=ANY)


def _hand_out(records: Records, session: Session) -> str:
    token = secrets.token_urlsafe(32)
    records.put(_REFRESH, _digest(token), {"session": session.id, "spent": False}, if_version=0, expires=session.expires)
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
