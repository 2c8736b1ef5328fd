"""FunctionGraph's management API: the table of its operations, and those on functions themselves (huawei.md, 3.1).

    functiongraph.py ─▶ functiongraph_versions.py     versions and aliases
                     ─▶ functiongraph_calls.py        invocations, now and later
                     ─▶ functiongraph_rest.py         triggers, reserved instances, numbers, quotas, logs
                     ─▶ dependencies.py

These files know what requests say and how they are answered; functions are functions_kept.py's. To add an operation, add its line to its file's
`OPERATIONS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import dependencies, fields, function_checks, functiongraph_calls, functiongraph_rest, functiongraph_versions
from deploy.emulator.huawei.function_answers import coded, configured
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_code import Source, read_code
from deploy.emulator.huawei.function_urns import parse
from deploy.emulator.huawei.function_versions import delete
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.wire import Answered, Call, Codes, Operation, Service, answer

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Account

#: The most functions or versions in one page.
PAGE = 400


def _create(account: Account, call: Call) -> Answered:
    """POST a function: 200."""
    kept = account.kept(Functions)
    named, settings = function_checks.created(call.document, account.switches)
    code = read_code(call.document, Source(account.keys, kept.fetch))
    made = kept.create(named, settings, code, dependencies.named(account, call.document) or ())
    return answer(configured(account.keys, made, made.latest))


def _list(account: Account, call: Call) -> Answered:
    """GET functions, those whose name has `func_name` in it: 200. The next page begins at `next_marker`."""
    start, length = fields.page(call.query, code=BAD, most=PAGE)
    name, package = call.query.get("func_name", ""), call.query.get("package_name", "")
    found = [one for one in account.kept(Functions).functions.values() if name in one.name and package in {"", one.package}]
    shown = [configured(account.keys, one, one.latest) for one in found[start : start + length]]
    return answer({"functions": shown, "next_marker": start + len(shown), "count": len(found)})


def _show_config(account: Account, call: Call) -> Answered:
    """GET a version's settings: 200."""
    kept, urn = account.kept(Functions), parse(call.names["urn"], account.keys)
    return answer(configured(account.keys, kept.find(urn), kept.snapshot(urn)))


def _show_code(account: Account, call: Call) -> Answered:
    """GET a version's code: 200."""
    kept, urn = account.kept(Functions), parse(call.names["urn"], account.keys)
    return answer(coded(account.keys, kept.find(urn), kept.snapshot(urn), whole=True))


def _update_code(account: Account, call: Call) -> Answered:
    """PUT the latest version's code: 200."""
    kept = account.kept(Functions)
    found = kept.changeable(parse(call.names["urn"], account.keys))
    parts: dict[str, Any] = {"code": read_code(call.document, Source(account.keys, kept.fetch))}
    depends = dependencies.named(account, call.document)
    after = kept.change(found, **parts, **({} if depends is None else {"depends": depends}))
    return answer(coded(account.keys, found, after, whole=False))


def _update_config(account: Account, call: Call) -> Answered:
    """PUT the latest version's settings: 200."""
    kept = account.kept(Functions)
    found = kept.changeable(parse(call.names["urn"], account.keys))
    fields.read(call.document, {"func_name": fields.OneOf("FSS.1002", (found.name,))}, ("func_name",))
    after = kept.change(found, settings=function_checks.settings(found.latest.settings, call.document, account.switches))
    return answer(configured(account.keys, found, after))


def _update_most(account: Account, call: Call) -> Answered:
    """PUT the highest number of instances: 200."""
    kept = account.kept(Functions)
    found = kept.changeable(parse(call.names["urn"], account.keys))
    after = kept.change(found, settings=function_checks.most_instances(found.latest.settings, call.document))
    return answer(configured(account.keys, found, after))


def _delete(account: Account, call: Call) -> Answered:
    """DELETE a version that the URN names, else the function with all of them: 204."""
    kept, urn = account.kept(Functions), parse(call.names["urn"], account.keys)
    found = kept.find(urn)
    if not urn.suffix:
        kept.remove(found)
        return answer(None, 204)
    # An alias names no version of its own: whoever deletes by it means something else.
    delete(found, urn.version or urn.suffix)
    return answer(None, 204)


_ALL = "/v2/{project}/fgs/functions"
_ONE = f"{_ALL}/{{urn}}"
OPERATIONS = (
    Operation("POST", _ALL, _create),
    Operation("GET", _ALL, _list),
    Operation("GET", f"{_ONE}/config", _show_config),
    Operation("GET", f"{_ONE}/code", _show_code),
    Operation("PUT", f"{_ONE}/code", _update_code),
    Operation("PUT", f"{_ONE}/config", _update_config),
    Operation("PUT", f"{_ONE}/config-max-instance", _update_most),
    Operation("DELETE", _ONE, _delete),
)
SERVICE = Service(
    "functiongraph",
    r"/v2/[^/]+/fgs/",
    Codes(BAD, "FSS.0401", "FSS.0403", "FSS.0404", "FSS.0413"),
    (
        *OPERATIONS,
        *functiongraph_versions.OPERATIONS,
        *functiongraph_calls.OPERATIONS,
        *functiongraph_rest.OPERATIONS,
        *dependencies.OPERATIONS,
    ),
)
