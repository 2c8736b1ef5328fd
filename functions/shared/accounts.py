"""Accounts: who may sign in. Written once, on the Records port; the only file that knows how an account is stored.

Names are compared as they are stored: lower-case ASCII, so that no two names look alike. An account's `epoch` grows whenever its sessions
must end (new password, disabled); a session that began in an earlier epoch is over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from functions.shared.errors import AlreadyExists, Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from functions.shared.stores import Record, Records

_PARTITION = "accounts"
#: Longest name, in characters.
LONGEST = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)


class Account(NamedTuple):
    """One account; `password` is the stored hash, `version` the record's. `admin`: may see how the models do."""

    name: str
    password: str
    enabled: bool
    epoch: int
    version: int
    admin: bool = False


def canonical(name: str) -> str | None:
    """Return a name as it is stored, or None if no account can have it."""
    lowered = name.strip().lower()
    return lowered if _NAME.fullmatch(lowered) else None


def find(records: Records, name: str) -> Account | None:
    """Return the account of that name, or None."""
    known = canonical(name)
    record = records.get(_PARTITION, known) if known else None
    return _account(record) if record else None


def get(records: Records, name: str) -> Account:
    """Return the account of that name. Raises NotFound."""
    account = find(records, name)
    if account is None:
        raise NotFound(f"There is no user {name!r}. See who is there with: .venv/bin/python -m deploy users list")
    return account


def add(records: Records, name: str, password: str, *, admin: bool = False) -> None:
    """Create an enabled account with a hashed password. Raises InvalidRequest or AlreadyExists."""
    known = canonical(name)
    if known is None:
        raise InvalidRequest("A user name has 1 to 64 letters a-z, digits and . _ @ + -, and begins with a letter or a digit.", param="username")
    try:
        save(records, Account(known, password, enabled=True, epoch=1, version=0, admin=admin))
    except Conflict:
        raise AlreadyExists(f"There is a user {known!r} already. Change the password with: .venv/bin/python -m deploy users passwd {known}") from None


def save(records: Records, account: Account) -> None:
    """Write an account over the version that was read. Raises Conflict."""
    body = {"password": account.password, "enabled": account.enabled, "epoch": account.epoch, "admin": account.admin}
    records.put(_PARTITION, account.name, body, if_version=account.version)


def listed(records: Records, after: str, limit: int) -> list[Account]:
    """Return up to `limit` accounts past the name `after`, in order. A short page is the last."""
    return [_account(record) for record in records.query(_PARTITION, after=after, limit=limit)]


def _account(record: Record) -> Account:
    body = record.body
    return Account(record.sort, body["password"], body["enabled"], body["epoch"], record.version, body.get("admin") is True)
