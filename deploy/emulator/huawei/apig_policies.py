"""What APIG puts before an API: authorizers, throttling policies and their bindings, and plugins with their attachments (huawei.md, 2.3 and 3.2).

This file knows when each may be made, changed, bound and deleted. To add an operation, add its line to `WAYS`.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_apis import api_of, check_function
from deploy.emulator.huawei.apig_checks import Document, Way, filtered, page, read, wrong
from deploy.emulator.huawei.apig_groups import environment_of
from deploy.emulator.huawei.apig_kept import found
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

_MOST_AUTHORIZERS = 50
_MOST_THROTTLES = 300


def _create_authorizer(kept: Gateways, call: Call) -> Document:
    given = _authorizer(kept, call, "")
    if len(kept.authorizers) >= _MOST_AUTHORIZERS:
        raise Refused(403, "APIG.3116", "The number of authorizers exceeds the maximum allowed limit")
    name = kept.account.new_id()
    kept.authorizers[name] = {**given, "id": name, "create_time": kept.now()}
    return kept.authorizers[name]


def _list_authorizers(kept: Gateways, call: Call) -> Document:
    return page(filtered(kept.authorizers.values(), call, "id", "name", "type"), call, "authorizer_list")


def _show_authorizer(kept: Gateways, call: Call) -> Document:
    return found(kept.authorizers, call.names["authorizer"], "APIG.3081", "The authorizer")


def _update_authorizer(kept: Gateways, call: Call) -> Document:
    before = _show_authorizer(kept, call)
    given = _authorizer(kept, call, before["id"])
    if given["type"] != before["type"]:
        raise wrong("type")
    kept.authorizers[before["id"]] = {**given, "id": before["id"], "create_time": before["create_time"]}
    return kept.authorizers[before["id"]]


def _delete_authorizer(kept: Gateways, call: Call) -> None:
    authorizer = _show_authorizer(kept, call)["id"]
    served = [record.api for releases in kept.releases.values() for record in releases if _is_online(kept, record.version_id)]
    if any(authorizer in {one.get("authorizer_id"), one.get("func_info", {}).get("authorizer_id")} for one in [*kept.apis.values(), *served]):
        # That it is refused is said, its code is not.
        raise Refused(403, "APIG.1005", "The authorizer cannot be deleted because APIs use it")
    del kept.authorizers[authorizer]


def _is_online(kept: Gateways, version: str) -> bool:
    return any(record["version_id"] == version for record in kept.online.values())


def _authorizer(kept: Gateways, call: Call, but: str) -> Document:
    given = read(call.document, fields.AUTHORIZER)
    if any(one["name"] == given["name"] and one["id"] != but for one in kept.authorizers.values()):
        raise Refused(400, "APIG.3211", "The authorizer name already exists")
    if any(times > 1 for times in Counter((one["name"].lower(), one["location"]) for one in given["identities"]).values()):
        raise Refused(400, "APIG.3212", "The identity source name already exists")
    # Identities are the key by which a verdict is kept (huawei.md, 2.3).
    if given["ttl"] and given["type"] == "FRONTEND" and not given["identities"]:
        raise wrong("identities")
    check_function(kept, given["authorizer_uri"], given.get("authorizer_alias_uri"), "authorizer_alias_uri", plain=True)
    return given


def _create_throttle(kept: Gateways, call: Call) -> Document:
    given = _throttle(kept, call, "")
    if len(kept.throttles) >= _MOST_THROTTLES:
        raise Refused(403, "APIG.3107", "The number of request throttling policies exceeds the maximum allowed limit")
    name = kept.account.new_id()
    kept.throttles[name] = {**given, "id": name, "is_inclu_special_throttle": 2, "create_time": kept.now()}
    return _with_bindings(kept, kept.throttles[name])


def _list_throttles(kept: Gateways, call: Call) -> Document:
    return page((_with_bindings(kept, one) for one in filtered(kept.throttles.values(), call, "id", "name")), call, "throttles")


def _show_throttle(kept: Gateways, call: Call) -> Document:
    return _with_bindings(kept, _throttle_of(kept, call.names["throttle"]))


def _update_throttle(kept: Gateways, call: Call) -> Document:
    before = _throttle_of(kept, call.names["throttle"])
    kept.throttles[before["id"]] = {**before, **_throttle(kept, call, before["id"])}
    return _with_bindings(kept, kept.throttles[before["id"]])


def _delete_throttle(kept: Gateways, call: Call) -> None:
    throttle = _throttle_of(kept, call.names["throttle"])["id"]
    if any(one["strategy_id"] == throttle for one in kept.bindings.values()):
        raise Refused(403, "APIG.3451", "The request throttling policy cannot be deleted because it has been bound to APIs")
    del kept.throttles[throttle]


def _throttle(kept: Gateways, call: Call, but: str) -> Document:
    given = read(call.document, fields.THROTTLE)
    if any(one["name"] == given["name"] and one["id"] != but for one in kept.throttles.values()):
        raise Refused(400, "APIG.3204", "The request throttling policy name already exists")
    for part, whole in (("user_call_limits", "api_call_limits"), ("app_call_limits", "user_call_limits"), ("ip_call_limits", "api_call_limits")):
        if given.get(part, 0) > given.get(whole, given["api_call_limits"]):
            raise wrong(part)
    return given


def _throttle_of(kept: Gateways, name: str) -> Document:
    return found(kept.throttles, name, "APIG.3005", "The request throttling policy")


def _with_bindings(kept: Gateways, throttle: Document) -> Document:
    return {**throttle, "bind_num": sum(one["strategy_id"] == throttle["id"] for one in kept.bindings.values())}


def _bind(kept: Gateways, call: Call) -> Document:
    given = read(call.document, fields.BINDING)
    throttle, published = _throttle_of(kept, given["strategy_id"]), {record["publish_id"] for record in kept.online.values()}
    for publication in given["publish_ids"]:
        if publication not in published:
            raise Refused(404, "APIG.3015", "The API publication record does not exist")
    # An API has one policy: a new one takes the place of what was bound.
    kept.bindings = {name: one for name, one in kept.bindings.items() if one["publish_id"] not in given["publish_ids"]}
    made = []
    for publication in given["publish_ids"]:
        about = {"id": kept.account.new_id(), "publish_id": publication, "strategy_id": throttle["id"], "scope": 1, "apply_time": kept.now()}
        made.append(about)
        kept.bindings[about["id"]] = about
    return {"throttle_applys": made}


def _unbind(kept: Gateways, call: Call) -> None:
    del kept.bindings[found(kept.bindings, call.names["binding"], "APIG.3012", "The request throttling policy binding record")["id"]]


def _list_bound_apis(kept: Gateways, call: Call) -> Document:
    throttle = _throttle_of(kept, call.query.get("throttle_id", ""))
    return page((_bound(kept, throttle, one) for one in kept.bindings.values() if one["strategy_id"] == throttle["id"]), call, "apis")


def _bound(kept: Gateways, throttle: Document, binding: Document) -> Document:
    record = next(one for one in kept.online.values() if one["publish_id"] == binding["publish_id"])
    api = kept.apis[record["api_id"]]
    about = {name: api[name] for name in ("id", "name", "type", "auth_type", "group_id", "req_uri", "req_method", "tags")}
    where = {"publish_id": binding["publish_id"], "run_env_id": record["env_id"], "run_env_name": record["env_name"]}
    when = {"throttle_apply_id": binding["id"], "apply_time": binding["apply_time"], "throttle_name": throttle["name"]}
    return {**about, "group_name": kept.groups[api["group_id"]]["name"], **where, **when}


def _list_bound_throttles(kept: Gateways, call: Call) -> Document:
    api = api_of(kept, call.query.get("api_id", ""))
    records = {record["publish_id"]: record for (name, _), record in kept.online.items() if name == api["id"]}
    bound = [one for one in kept.bindings.values() if one["publish_id"] in records]
    return page((_as_bound(kept, one, records[one["publish_id"]]) for one in bound), call, "throttles")


def _as_bound(kept: Gateways, binding: Document, record: Document) -> Document:
    throttle = _with_bindings(kept, kept.throttles[binding["strategy_id"]])
    return {**throttle, "env_name": record["env_name"], "bind_id": binding["id"], "bind_time": binding["apply_time"]}


def _create_plugin(kept: Gateways, call: Call) -> Document:
    given, name = _plugin(call), kept.account.new_id()
    kept.plugins[name] = {**given, "plugin_id": name, "create_time": kept.now(), "update_time": kept.now()}
    return kept.plugins[name]


def _list_plugins(kept: Gateways, call: Call) -> Document:
    return page(filtered(kept.plugins.values(), call, "plugin_id", "plugin_name", "plugin_type", "plugin_scope"), call, "plugins")


def _show_plugin(kept: Gateways, call: Call) -> Document:
    # The code is UNCONFIRMED.
    return found(kept.plugins, call.names["plugin"], "APIG.3701", "The plugin")


def _update_plugin(kept: Gateways, call: Call) -> Document:
    before = _show_plugin(kept, call)
    kept.plugins[before["plugin_id"]] = {**before, **_plugin(call), "update_time": kept.now()}
    return kept.plugins[before["plugin_id"]]


def _delete_plugin(kept: Gateways, call: Call) -> None:
    plugin = _show_plugin(kept, call)["plugin_id"]
    if any(one["plugin_id"] == plugin for one in kept.attached.values()):
        raise Refused(403, "APIG.1005", "The plugin cannot be deleted because it has been bound to APIs")
    del kept.plugins[plugin]


def _plugin(call: Call) -> Document:
    given = read(call.document, fields.PLUGIN)
    return {**given, "plugin_content": json.dumps(read(json.loads(given["plugin_content"]), fields.CORS))}


def _attach(kept: Gateways, call: Call) -> Document:
    plugin, given = _show_plugin(kept, call), read(call.document, fields.ATTACHMENT)
    environment = environment_of(kept, given["env_id"])
    apis = [api_of(kept, name) for name in given["api_ids"]]
    for api in apis:
        _check_attachable(kept, api, environment["id"])
    kept.attached = {name: one for name, one in kept.attached.items() if not _is_at(one, given)}
    made = [_attachment(kept, plugin, api, environment) for api in apis]
    kept.attached.update({one["plugin_attach_id"]: one for one in made})
    return {"attached_plugins": made}


def _check_attachable(kept: Gateways, api: Document, environment: str) -> None:
    if (api["id"], environment) not in kept.online:
        raise Refused(409, "APIG.3707", "Only published APIs can be bound with plug-ins")
    beside = [one for one in kept.apis.values() if (one["group_id"], one["req_uri"]) == (api["group_id"], api["req_uri"])]
    if any(one["req_method"] == "OPTIONS" for one in beside):
        raise Refused(409, "APIG.3309", "There is an OPTIONS API at this path already")


def _attachment(kept: Gateways, plugin: Document, api: Document, environment: Document) -> Document:
    what = {name: plugin[name] for name in ("plugin_id", "plugin_name", "plugin_type", "plugin_scope")}
    where = {"api_id": api["id"], "api_name": api["name"], "env_id": environment["id"], "env_name": environment["name"]}
    return {"plugin_attach_id": kept.account.new_id(), **what, **where, "attached_time": kept.now()}


def _detach(kept: Gateways, call: Call) -> None:
    plugin, given = _show_plugin(kept, call), read(call.document, fields.ATTACHMENT)
    kept.attached = {name: one for name, one in kept.attached.items() if not (_is_at(one, given) and one["plugin_id"] == plugin["plugin_id"])}


def _is_at(attachment: Document, given: Document) -> bool:
    return attachment["env_id"] == given["env_id"] and attachment["api_id"] in given["api_ids"]


def _list_attached_apis(kept: Gateways, call: Call) -> Document:
    plugin = _show_plugin(kept, call)["plugin_id"]
    return page((one for one in kept.attached.values() if one["plugin_id"] == plugin), call, "apis")


def _list_attached_plugins(kept: Gateways, call: Call) -> Document:
    api = api_of(kept, call.names["api"])["id"]
    attached = (one for one in kept.attached.values() if one["api_id"] == api)
    return page(({**kept.plugins[one["plugin_id"]], **one} for one in attached), call, "plugins")


WAYS = (
    Way("POST", "/authorizers", _create_authorizer, 201),
    Way("GET", "/authorizers", _list_authorizers),
    Way("GET", "/authorizers/{authorizer}", _show_authorizer),
    Way("PUT", "/authorizers/{authorizer}", _update_authorizer),
    Way("DELETE", "/authorizers/{authorizer}", _delete_authorizer, 204),
    Way("POST", "/throttles", _create_throttle, 201),
    Way("GET", "/throttles", _list_throttles),
    Way("GET", "/throttles/{throttle}", _show_throttle),
    Way("PUT", "/throttles/{throttle}", _update_throttle),
    Way("DELETE", "/throttles/{throttle}", _delete_throttle, 204),
    Way("POST", "/throttle-bindings", _bind, 201),
    Way("DELETE", "/throttle-bindings/{binding}", _unbind, 204),
    Way("GET", "/throttle-bindings/binded-apis", _list_bound_apis),
    Way("GET", "/throttle-bindings/binded-throttles", _list_bound_throttles),
    Way("POST", "/plugins", _create_plugin, 201),
    Way("GET", "/plugins", _list_plugins),
    Way("GET", "/plugins/{plugin}", _show_plugin),
    Way("PUT", "/plugins/{plugin}", _update_plugin),
    Way("DELETE", "/plugins/{plugin}", _delete_plugin, 204),
    Way("POST", "/plugins/{plugin}/attach", _attach, 201),
    Way("PUT", "/plugins/{plugin}/detach", _detach, 204),
    Way("GET", "/plugins/{plugin}/attached-apis", _list_attached_apis),
    Way("GET", "/apis/{api}/attached-plugins", _list_attached_plugins),
)
