"""APIG's APIs: made, shown, changed and deleted; what is served of them is apig_releases.py's (huawei.md, 2.4 and 3.2).

This file knows the rules that look at more than one field of an API. To add a rule, see `_checked`; to add an operation, add its line to `WAYS`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_checks import Document, Way, filtered, page, read, wrong
from deploy.emulator.huawei.apig_groups import group_of
from deploy.emulator.huawei.apig_kept import found
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

_BACKENDS = {"FUNCTION": "func_info", "MOCK": "mock_info", "HTTP": "backend_api", "GRPC": "backend_api"}
_OWN = ("sourceIp", "stage", "apiId", "appId", "requestId", "serverAddr", "serverName", "handleTime")
_SYSTEM = re.compile(rf"\$context\.(?:{'|'.join(_OWN)}|authorizer\.(frontend|backend)\.[A-Za-z][A-Za-z0-9_-]{{0,31}})")
# huawei.md, 2.4: a request parameter may not be named so; an authorizer reads these by its identities.
_CREDENTIALS = {"authorization", "x-auth-token"}
#: What a list leaves out of an API: it has to be shown for these.
_SHOWN_ALONE = {"func_info", "mock_info", "backend_params"}
_MOST_PARAMETERS = 50
_MOST_APIS = 1000


def api_of(kept: Gateways, name: str) -> Document:
    """Return an API. Raises Refused."""
    return found(kept.apis, name, "APIG.3002", "The API")


def shown(kept: Gateways, api: Document) -> Document:
    """Return an API as it is shown: with its group, and where it is online."""
    group = kept.groups[api["group_id"]]
    about = {
        "group_name": group["name"],
        "group_version": group["version"],
        "api_group_info": {name: group[name] for name in ("id", "name", "status")},
    }
    online = [record for (name, _), record in kept.online.items() if name == api["id"]]
    if not online:
        return {**api, **about}
    where = {"run_env_id": "env_id", "run_env_name": "env_name", "publish_id": "publish_id", "publish_time": "publish_time"}
    return {**api, **about, **{name: "|".join(record[field] for record in online) for name, field in where.items()}}


def _create(kept: Gateways, call: Call) -> Document:
    given = _checked(kept, read(call.document, fields.API), "")
    if sum(api["group_id"] == given["group_id"] for api in kept.apis.values()) >= _MOST_APIS:
        raise Refused(403, "APIG.3125", "The number of APIs in the API group exceeds the maximum allowed limit")
    return _keep(kept, given, {"id": kept.account.new_id(), "register_time": kept.now()})


def _list(kept: Gateways, call: Call) -> Document:
    asked = filtered(kept.apis.values(), call, "id", "name", "group_id", "req_protocol", "req_method", "req_uri", "auth_type", "type")
    environment = call.query.get("env_id")
    there = [api for api in asked if not environment or (api["id"], environment) in kept.online]
    return page(({name: value for name, value in shown(kept, api).items() if name not in _SHOWN_ALONE} for api in there), call, "apis")


def _show(kept: Gateways, call: Call) -> Document:
    return shown(kept, api_of(kept, call.names["api"]))


def _update(kept: Gateways, call: Call) -> Document:
    api = api_of(kept, call.names["api"])
    given = _checked(kept, read({"group_id": api["group_id"], **call.document}, fields.API), api["id"])
    if given["group_id"] != api["group_id"]:
        # Whether an API may move to another group is not said; so it may not.
        raise wrong("group_id")
    return _keep(kept, given, api)


def _delete(kept: Gateways, call: Call) -> None:
    api = api_of(kept, call.names["api"])
    if any(name == api["id"] for name, _ in kept.online):
        raise Refused(403, "APIG.3416", "The API cannot be deleted because it has been published")
    kept.releases = {key: releases for key, releases in kept.releases.items() if key[0] != api["id"]}
    del kept.apis[api["id"]]


def _keep(kept: Gateways, given: Document, before: Document) -> Document:
    """Keep an API: what an update leaves out is as if it had never been."""
    now = kept.now()
    about = {"id": before["id"], "status": 1, "arrange_necessary": 2, "register_time": before["register_time"], "update_time": now}
    ids = {one["name"]: kept.account.new_id() for one in given["req_params"]}
    parts: Document = {
        "auth_opt": {"app_code_auth_type": "DISABLE"},
        "req_params": [{**one, "id": ids[one["name"]]} for one in given["req_params"]],
        "backend_params": [{**one, "id": kept.account.new_id(), "req_param_id": ids.get(one["value"], "")} for one in given["backend_params"]],
    }
    backend = _BACKENDS[given["backend_type"]]
    parts[backend] = {**given[backend], "id": kept.account.new_id(), "status": 1, "register_time": before["register_time"], "update_time": now}
    unused = set(_BACKENDS.values()) - {backend}
    kept.apis[before["id"]] = {**{name: value for name, value in given.items() if name not in unused}, **about, **parts}
    return shown(kept, kept.apis[before["id"]])


def _checked(kept: Gateways, given: Document, but: str) -> Document:
    """Return what was given if it holds together, and with all that there is. Raises Refused."""
    group = group_of(kept, given["group_id"])["id"]
    if given.get("response_id") and kept.responses.get(given["response_id"], {}).get("group_id") != group:
        raise wrong("response_id")
    if given["req_protocol"] == "GRPCS" and given["req_method"] != "POST":
        raise wrong("req_method")
    if _BACKENDS[given["backend_type"]] not in given:
        raise wrong(_BACKENDS[given["backend_type"]])
    if not given["is_send_fg_body_base64"] and given.get("content_type") != "application/json":
        raise wrong("is_send_fg_body_base64")
    _unique(kept, given, but)
    _check_authorizers(kept, given)
    if given["backend_type"] == "FUNCTION":
        check_function(kept, given["func_info"]["function_urn"], given["func_info"].get("alias_urn"), "alias_urn")
    _check_parameters(given)
    return given


def check_function(kept: Gateways, urn: str, alias: str | None, field: str, *, plain: bool = False) -> None:
    """Return if there is such a function, and the alias is its own. Raises Refused."""
    kept.runtime(urn, plain=plain)
    if not alias:
        return
    function, _, name = alias.partition(":!")
    if not name or not (urn == function or urn.startswith(f"{function}:")):
        raise wrong(field)
    kept.runtime(alias)


def _unique(kept: Gateways, given: Document, but: str) -> None:
    others = [one for one in kept.apis.values() if one["group_id"] == given["group_id"] and one["id"] != but]
    if any(one["name"] == given["name"] for one in others):
        raise Refused(400, "APIG.3202", "The API name already exists")
    if any(_address(one) == _address(given) for one in others):
        raise Refused(400, "APIG.3301", "The API already exists")


def _address(api: Document) -> tuple[str, str]:
    return api["req_method"], re.sub(r"\{[^}]*\}", "{}", api["req_uri"])


def _check_authorizers(kept: Gateways, given: Document) -> None:
    behind: str | None = given.get("func_info", {}).get("authorizer_id")
    for name, kind in ((given.get("authorizer_id"), "FRONTEND"), (behind, "BACKEND")):
        if name and found(kept.authorizers, name, "APIG.3081", "The authorizer")["type"] != kind:
            raise wrong("authorizer_id")
    if (given["auth_type"] == "AUTHORIZER") != bool(given.get("authorizer_id")):
        raise wrong("authorizer_id")


def _check_parameters(given: Document) -> None:
    asked, passed = given["req_params"], given["backend_params"]
    if max(len(asked), len(passed)) > _MOST_PARAMETERS:
        raise Refused(403, "APIG.3111", "The number of parameters in req_params exceeds the maximum allowed limit")
    for field, parameters in (("req_params", asked), ("backend_params", passed)):
        if any(times > 1 for times in Counter((one["name"].lower(), one["location"]) for one in parameters).values()):
            raise Refused(400, "APIG.3209", f"The parameter name already exists;parameterName:{field}")
    if any(one["location"] == "HEADER" and one["name"].lower() in _CREDENTIALS for one in asked):
        raise wrong("req_params")
    names = {one["name"] for one in asked}
    for one in passed:
        _check_value(one, names, given)


def _check_value(parameter: dict[str, Any], names: set[str], given: Document) -> None:
    if parameter["origin"] == "REQUEST" and parameter["value"] not in names:
        raise wrong("backend_params")
    if parameter["origin"] != "SYSTEM":
        return
    said = _SYSTEM.fullmatch(parameter["value"])
    if said is None:
        raise wrong("backend_params")
    asked = {"frontend": given["auth_type"] == "AUTHORIZER", "backend": bool(given.get("func_info", {}).get("authorizer_id"))}
    if said[1] and not asked[said[1]]:
        raise Refused(400, "APIG.2036", f"Invalid system parameter without custom authentication;parameterName:{parameter['name']}")


WAYS = (
    Way("POST", "/apis", _create, 201),
    Way("GET", "/apis", _list),
    Way("GET", "/apis/{api}", _show),
    Way("PUT", "/apis/{api}", _update),
    Way("DELETE", "/apis/{api}", _delete, 204),
)
