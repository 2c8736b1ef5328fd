"""FunctionGraph's private dependencies: kept and checked (huawei.md, 1.6 and 3.1). They are not run: a function's zip must hold what it needs.

This file knows dependencies and their operations; functions name them by the id of one of their versions.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei import fields
from deploy.emulator.huawei.fields import OneOf, Rule, Text
from deploy.emulator.huawei.function_checks import BAD, RUNTIMES
from deploy.emulator.huawei.function_code import decode
from deploy.emulator.huawei.wire import Answered, Call, Operation, Refused, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account, Keys

_MEGABYTE = 1024 * 1024
_PAGE = 400
_RULES: Mapping[str, Rule] = {
    "depend_type": OneOf(BAD, ("zip", "obs")),
    "depend_file": Text(BAD),
    "depend_link": Text(BAD),
    "runtime": OneOf("FSS.1005", RUNTIMES),
    "name": Text(BAD, r"[A-Za-z]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9])?"),
    "description": Text("FSS.1019", r"(?s).{0,512}"),
}


class Dependency(NamedTuple):
    """One version of a dependency: `id` is its own, `dep_id` that of all of them."""

    id: str
    dep_id: str
    name: str
    version: int
    runtime: str
    description: str
    size: int
    etag: str
    modified: float


class Dependencies:
    """Every version of every dependency, by its id."""

    def __init__(self, _: Account) -> None:
        self.versions: dict[str, Dependency] = {}


def named(account: Account, document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the dependencies that a request names, None if it says nothing. Raises Refused if one is not there."""
    wanted = document.get("depend_version_list")
    if wanted is None:
        return None
    known = account.kept(Dependencies).versions
    if not isinstance(wanted, list) or not all(isinstance(one, str) and one in known for one in wanted):
        raise Refused(400, BAD, "A dependency of depend_version_list does not exist.")
    return tuple(wanted)


def _create(account: Account, call: Call) -> Answered:
    """POST a dependency, or its next version if there is one of its name: 200."""
    kept = account.kept(Dependencies)
    wanted = fields.read(call.document, _RULES, ("depend_type", "runtime", "name"))
    if wanted["depend_type"] == "obs":
        raise Refused(400, BAD, "Dependencies in buckets are not emulated.")
    file = decode(wanted.get("depend_file"), BAD)
    most = 40 if account.switches.large_dependencies else 10
    if len(file) > most * _MEGABYTE:
        raise Refused(413, "FSS.0413", f"The dependency is larger than {most} MB.")
    before = [one for one in kept.versions.values() if one.name == wanted["name"]]
    whole = before[0].dep_id if before else account.new_id()
    etag = hashlib.md5(file, usedforsecurity=False).hexdigest()
    number = max((one.version for one in before), default=0) + 1
    texts = (wanted["name"], number, wanted["runtime"], wanted.get("description", ""))
    made = Dependency(account.new_id(), whole, *texts, len(file), etag, account.clock())
    kept.versions[made.id] = made
    return answer(_told(account.keys, made))


def _list(account: Account, call: Call) -> Answered:
    """GET the newest version of each dependency: 200. There are no public ones."""
    start, length = fields.page(call.query, code=BAD, most=_PAGE, size="limit")
    public = call.query.get("dependency_type") == "public" or call.query.get("ispublic") == "true"
    newest = {} if public else {one.dep_id: one for one in account.kept(Dependencies).versions.values()}
    runtime, name = call.query.get("runtime", ""), call.query.get("name", "")
    found = [one for one in newest.values() if runtime in {"", one.runtime} and name in one.name]
    return _page(account.keys, found, start, length)


def _list_versions(account: Account, call: Call) -> Answered:
    """GET the versions of one dependency: 200."""
    start, length = fields.page(call.query, code=BAD, most=_PAGE)
    found = [one for one in account.kept(Dependencies).versions.values() if one.dep_id == call.names["dependency"]]
    return _page(account.keys, found, start, length)


def _show(account: Account, call: Call) -> Answered:
    """GET one version: 200."""
    return answer(_told(account.keys, _find(account, call)))


def _delete(account: Account, call: Call) -> Answered:
    """DELETE one version: 204."""
    del account.kept(Dependencies).versions[_find(account, call).id]
    return answer(None, 204)


def _find(account: Account, call: Call) -> Dependency:
    wanted = (call.names["dependency"], call.names["version"])
    for one in account.kept(Dependencies).versions.values():
        if (one.dep_id, str(one.version)) == wanted:
            return one
    raise Refused(404, "FSS.0404", "The dependency does not exist.")


def _page(keys: Keys, found: list[Dependency], start: int, length: int) -> Answered:
    shown = [_told(keys, one) for one in found[start : start + length]]
    return answer({"dependencies": shown, "next_marker": start + len(shown), "count": len(found)})


def _told(keys: Keys, one: Dependency) -> dict[str, Any]:
    told = {**one._asdict(), "last_modified": int(one.modified), "owner": keys.project, "file_name": f"{one.name}.zip", "link": ""}
    del told["modified"]
    return told


_ALL = "/v2/{project}/fgs/dependencies"
OPERATIONS = (
    Operation("POST", f"{_ALL}/version", _create),
    Operation("GET", _ALL, _list),
    Operation("GET", f"{_ALL}/{{dependency}}/version", _list_versions),
    Operation("GET", f"{_ALL}/{{dependency}}/version/{{version}}", _show),
    Operation("DELETE", f"{_ALL}/{{dependency}}/version/{{version}}", _delete),
)
