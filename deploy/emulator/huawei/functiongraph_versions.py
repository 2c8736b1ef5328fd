"""FunctionGraph's operations on versions and aliases (huawei.md, 3.1).

This file knows what requests say and how they are answered; the rules are function_versions.py's and function_aliases.py's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.emulator.huawei import fields, function_aliases, function_versions
from deploy.emulator.huawei.function_answers import aliased, listed
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_urns import parse
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.wire import Answered, Call, Operation, answer

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Function

_PAGE = 400


def _publish(account: Account, call: Call) -> Answered:
    """POST a version: 200."""
    found = account.kept(Functions).changeable(parse(call.names["urn"], account.keys))
    return answer(listed(account.keys, found, function_versions.publish(account, found, call.document)))


def _list_versions(account: Account, call: Call) -> Answered:
    """GET the versions, the latest among them: 200."""
    start, length = fields.page(call.query, code=BAD, most=_PAGE)
    found = _found(account, call)
    shown = [listed(account.keys, found, one) for one in list(found.versions.values())[start : start + length]]
    return answer({"versions": shown, "next_marker": start + len(shown), "count": len(found.versions)})


def _create_alias(account: Account, call: Call) -> Answered:
    """POST an alias: 200."""
    found = _found(account, call)
    return answer(aliased(account.keys, found, function_aliases.create(account, found, call.document)))


def _list_aliases(account: Account, call: Call) -> Answered:
    """GET the aliases, as a bare array: 200."""
    found = _found(account, call)
    return answer([aliased(account.keys, found, one, rules=False) for one in found.aliases.values()])


def _show_alias(account: Account, call: Call) -> Answered:
    """GET one alias: 200."""
    found = _found(account, call)
    return answer(aliased(account.keys, found, function_aliases.find(found, call.names["alias"])))


def _update_alias(account: Account, call: Call) -> Answered:
    """PUT an alias: 200."""
    found = _found(account, call)
    return answer(aliased(account.keys, found, function_aliases.update(account, found, call.names["alias"], call.document), rules=False))


def _delete_alias(account: Account, call: Call) -> Answered:
    """DELETE an alias: 204."""
    found = _found(account, call)
    del found.aliases[function_aliases.find(found, call.names["alias"]).name]
    return answer(None, 204)


def _found(account: Account, call: Call) -> Function:
    return account.kept(Functions).find(parse(call.names["urn"], account.keys))


_ONE = "/v2/{project}/fgs/functions/{urn}"
OPERATIONS = (
    Operation("POST", f"{_ONE}/versions", _publish),
    Operation("GET", f"{_ONE}/versions", _list_versions),
    Operation("POST", f"{_ONE}/aliases", _create_alias),
    Operation("GET", f"{_ONE}/aliases", _list_aliases),
    Operation("GET", f"{_ONE}/aliases/{{alias}}", _show_alias),
    Operation("PUT", f"{_ONE}/aliases/{{alias}}", _update_alias),
    Operation("DELETE", f"{_ONE}/aliases/{{alias}}", _delete_alias),
)
