"""APIG's publications: an API goes online as it is, and stays so until it is published again (huawei.md, 3.2).

This file knows records and versions: at most ten to go back to for each API and environment. An API keeps the id of its publication for as long
as it is online, since throttling policies are bound to that id. To add an operation, add its line to `WAYS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_apis import api_of, shown
from deploy.emulator.huawei.apig_checks import Document, Way, moment, page, read, wrong
from deploy.emulator.huawei.apig_groups import environment_of, group_of
from deploy.emulator.huawei.apig_kept import Release, found
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

#: How many publications are remembered, for one API in one environment.
_MOST = 10


def _act(kept: Gateways, call: Call) -> Document:
    given = read(call.document, fields.ACTION)
    api, environment = api_of(kept, given["api_id"]), environment_of(kept, given["env_id"])
    return _acted(kept, given["action"], api, environment, given.get("remark", ""))


def _act_on_many(kept: Gateways, call: Call) -> Document:
    given, action = read(call.document, fields.BATCH), call.query.get("action", "online")
    if action not in {"online", "offline"}:
        raise wrong("action")
    environment = environment_of(kept, given["env_id"])
    tried = [_tried(kept, action, name, environment, given.get("remark", "")) for name in _named(kept, given)]
    return {"success": [one for one in tried if "error_code" not in one], "failure": [one for one in tried if "error_code" in one]}


def _tried(kept: Gateways, action: str, name: str, environment: Document, remark: str) -> Document:
    try:
        return _acted(kept, action, api_of(kept, name), environment, remark)
    except Refused as refused:
        known = kept.apis.get(name, {}).get("name", "")
        return {"api_id": name, "api_name": known, "error_code": refused.code, "error_msg": refused.message}


def _named(kept: Gateways, given: Document) -> list[str]:
    if given.get("apis"):
        return list(given["apis"])
    if not given.get("group_id"):
        raise wrong("apis")
    group = group_of(kept, given["group_id"])["id"]
    return [api["id"] for api in kept.apis.values() if api["group_id"] == group]


def _acted(kept: Gateways, action: str, api: Document, environment: Document, remark: str) -> Document:
    if action == "offline":
        return _take_offline(kept, api, environment, remark)
    key = (api["id"], environment["id"])
    name, number = kept.account.new_id(), str(len(kept.releases.get(key, [])) + 1)
    release = Release(name, moment(kept.account.clock()).translate(str.maketrans("", "", "-T:.Z"))[:14] + number, api, remark, kept.account.clock())
    kept.releases[key] = [*kept.releases.get(key, []), release][-_MOST:]
    return _put_online(kept, release, environment)


def _put_online(kept: Gateways, release: Release, environment: Document) -> Document:
    key = (release.api["id"], environment["id"])
    publication = kept.online[key]["publish_id"] if key in kept.online else kept.account.new_id()
    kept.online[key] = {
        "publish_id": publication,
        "api_id": release.api["id"],
        "api_name": release.api["name"],
        "env_id": environment["id"],
        "env_name": environment["name"],
        "remark": release.remark,
        "publish_time": kept.now(),
        "version_id": release.version_id,
    }
    kept.turn(*key, release)
    return _record(kept.online[key])


def _take_offline(kept: Gateways, api: Document, environment: Document, remark: str) -> Document:
    key = (api["id"], environment["id"])
    if key not in kept.online:
        raise Refused(404, "APIG.3015", "The API publication record does not exist")
    record = kept.online.pop(key)
    kept.bindings = {name: one for name, one in kept.bindings.items() if one["publish_id"] != record["publish_id"]}
    kept.attached = {name: one for name, one in kept.attached.items() if (one["api_id"], one["env_id"]) != key}
    kept.turn(*key, None)
    return {**_record(record), "remark": remark}


def _record(record: Document) -> Document:
    return {name: value for name, value in record.items() if name != "env_name"}


def _list_versions(kept: Gateways, call: Call) -> Document:
    api = api_of(kept, call.names["api"])
    wanted = call.query.get("env_id"), call.query.get("env_name")
    versions: list[Document] = []
    for (name, at), releases in kept.releases.items():
        environment = kept.environments.get(at, {"id": at, "name": ""})
        if name == api["id"] and wanted[0] in {None, "", at} and wanted[1] in {None, "", environment["name"]}:
            versions += [_version(kept, release, environment) for release in reversed(releases)]
    return page(versions, call, "api_versions")


def _version(kept: Gateways, release: Release, environment: Document) -> Document:
    current = kept.online.get((release.api["id"], environment["id"]), {}).get("version_id") == release.version_id
    about = {"version_id": release.version_id, "version_no": release.number, "api_id": release.api["id"], "remark": release.remark}
    where = {"env_id": environment["id"], "env_name": environment["name"], "publish_time": moment(release.at)}
    return {**about, **where, "status": 1 if current else 2}


def _change_version(kept: Gateways, call: Call) -> Document:
    api, given = api_of(kept, call.names["api"]), read(call.document, fields.VERSION)
    release, environment = _release(kept, given["version_id"])
    if release.api["id"] != api["id"]:
        raise _no_version()
    return _put_online(kept, release, environment)


def _show_version(kept: Gateways, call: Call) -> Document:
    release, environment = _release(kept, call.names["version"])
    return {**shown(kept, release.api), **_version(kept, release, environment), "version_id": release.version_id}


def _offline_by_version(kept: Gateways, call: Call) -> None:
    release, environment = _release(kept, call.names["version"])
    current = kept.online.get((release.api["id"], environment["id"]), {})
    if current.get("version_id") != release.version_id:
        raise _no_version()
    _take_offline(kept, release.api, environment, "")


def _release(kept: Gateways, version: str) -> tuple[Release, Document]:
    for (_, at), releases in kept.releases.items():
        for release in releases:
            if release.version_id == version:
                return release, environment_of(kept, at)
    raise _no_version()


def _no_version() -> Refused:
    return Refused(404, "APIG.3022", "The API version does not exist")


def _show_running(kept: Gateways, call: Call) -> Any:
    """Show an API as it is online, which is not as it was edited since."""
    api = api_of(kept, call.names["api"])
    environment = environment_of(kept, call.query.get("env_id", ""))
    record = found({at: one for (name, at), one in kept.online.items() if name == api["id"]}, environment["id"], "APIG.3015", "The publication")
    release, _ = _release(kept, record["version_id"])
    domains = {name: kept.groups[api["group_id"]][name] for name in ("sl_domain", "sl_domains")}
    return {**shown(kept, release.api), **domains, "run_env_id": environment["id"], "run_env_name": environment["name"]}


WAYS = (
    Way("POST", "/apis/action", _act, 201),
    Way("POST", "/apis/publish", _act_on_many),
    Way("GET", "/apis/publish/{api}", _list_versions),
    Way("PUT", "/apis/publish/{api}", _change_version),
    Way("GET", "/apis/versions/{version}", _show_version),
    Way("DELETE", "/apis/versions/{version}", _offline_by_version, 204),
    Way("GET", "/apis/runtime/{api}", _show_running),
)
