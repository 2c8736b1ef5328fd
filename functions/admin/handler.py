"""The owner's function: users, and the table of the records. No route leads here; the deployer invokes it through the cloud's own API.

It knows accounts, what makes a password good enough, and that a store may have a table; it must not know tokens or models. To add a command,
write its function and add its line to `COMMANDS`.
"""

from __future__ import annotations

import secrets
import time
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.shared import accounts, attempts, documents, passwords
from functions.shared.errors import InvalidRequest, WeakPassword
from functions.shared.serve import Route, field, reply, route, serve
from functions.shared.stores import Records, Table, open_records, open_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.shared.messages import Request, Response
    from functions.shared.settings import Settings

NEEDS = ("STORE", "PASSWORD_MIN_LENGTH")

#: How many accounts one `users.list` returns at most.
PAGE = 200


class Tools(NamedTuple):
    """What the commands take."""

    records: Records
    table: Table
    least: int
    cost: passwords.Cost = passwords.COST


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError or Unavailable; a table that is yet to be made is no error."""
    store = settings.text("STORE")
    return Tools(open_records(store, _now), open_table(store, _now), settings.number("PASSWORD_MIN_LENGTH"))


def _now() -> int:
    return int(time.time())


def answer(request: Request, tools: Tools) -> Response:
    """Answer by the command."""
    return route(COMMANDS, request, tools)


def _add(request: Request, tools: Tools) -> Response:
    document = documents.parse(request.body)
    name = field(document, "username", most=accounts.LONGEST)
    accounts.add(tools.records, name, _hashed(field(document, "password"), name, tools), admin=_admin(document))
    return reply({"username": accounts.canonical(name)})


def _list(request: Request, tools: Tools) -> Response:
    after = documents.parse(request.body).get("after", "")
    if not isinstance(after, str):
        raise InvalidRequest("`after` must be a user name.", param="after")
    page = accounts.listed(tools.records, after, PAGE)
    users = [{"username": one.name, "enabled": one.enabled, "admin": one.admin} for one in page]
    return reply({"users": users, "more": len(page) == PAGE})


def _disable(request: Request, tools: Tools) -> Response:
    account = accounts.get(tools.records, field(documents.parse(request.body), "username", most=accounts.LONGEST))
    accounts.save(tools.records, account._replace(enabled=False, epoch=account.epoch + 1))
    return reply({"username": account.name})


def _passwd(request: Request, tools: Tools) -> Response:
    document = documents.parse(request.body)
    account = accounts.get(tools.records, field(document, "username", most=accounts.LONGEST))
    stored = _hashed(field(document, "password"), account.name, tools)
    accounts.save(tools.records, account._replace(password=stored, enabled=True, epoch=account.epoch + 1))
    attempts.forget(tools.records, account.name)
    return reply({"username": account.name})


def _grant(request: Request, tools: Tools) -> Response:
    return _made(request, tools, admin=True)


def _revoke(request: Request, tools: Tools) -> Response:
    return _made(request, tools, admin=False)


def _made(request: Request, tools: Tools, *, admin: bool) -> Response:
    account = accounts.get(tools.records, field(documents.parse(request.body), "username", most=accounts.LONGEST))
    # Sessions go on: the next token, within 15 minutes, says what the account is then.
    accounts.save(tools.records, account._replace(admin=admin))
    return reply({"username": account.name})


def _admin(document: Mapping[str, Any]) -> bool:
    admin = document.get("admin", False)
    if not isinstance(admin, bool):
        raise InvalidRequest("`admin` must be true or false.", param="admin")
    return admin


def _prepare(_: Request, tools: Tools) -> Response:
    tools.table.prepare()
    return reply({"ready": True})


def _state(_: Request, tools: Tools) -> Response:
    return reply({"ready": tools.table.ready()})


def _delete(_: Request, tools: Tools) -> Response:
    tools.table.delete()
    return reply({"ready": False})


def _hashed(password: str, name: str, tools: Tools) -> str:
    """Return the hash of a password that is good enough (NIST SP 800-63B: long, not common, no composition rule). Raises WeakPassword."""
    known = unicodedata.normalize("NFKC", password)
    if len(known) < tools.least:
        raise WeakPassword(f"A password must have {tools.least} characters or more.", param="password")
    if _common(known.casefold(), name.strip().casefold()):
        raise WeakPassword("This password is among those that are tried first. Choose another one: a few unrelated words do well.", param="password")
    return passwords.hashed(password, secrets.token_bytes(16), tools.cost)


def _common(password: str, name: str) -> bool:
    # Imported here: the lists take half a second to load, and only these two commands need them.
    from zxcvbn import zxcvbn
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    if password in FREQUENCY_LISTS["passwords"]:
        return True
    # Long but guessed at once: repetitions, keyboard rows, the name, a common password with something before or behind.
    guesses: float = zxcvbn(password[:72], user_inputs=[name, "twocan"])["guesses"]
    return guesses < 10**8


COMMANDS = (
    Route("INVOKE", "users.add", _add),
    Route("INVOKE", "users.list", _list),
    Route("INVOKE", "users.disable", _disable),
    Route("INVOKE", "users.passwd", _passwd),
    Route("INVOKE", "users.grant", _grant),
    Route("INVOKE", "users.revoke", _revoke),
    Route("INVOKE", "records.prepare", _prepare),
    Route("INVOKE", "records.state", _state),
    Route("INVOKE", "records.delete", _delete),
)

handler = serve(answer, connect, NEEDS)
