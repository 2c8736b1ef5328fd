"""APIG's gateway responses: sets of a group, each with what is answered for a type of error (huawei.md, 2.5).

Every group has a set that cannot be deleted, `default`; up to four others may be made, and an API names the one that it answers with. To add an
operation, add its line to `WAYS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_checks import Document, Way, page, read, wrong
from deploy.emulator.huawei.apig_kept import found
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

#: huawei.md, 2.5; whether `default` counts is UNCONFIRMED: here it does not.
_MOST = 4


def first_set(kept: Gateways, group: str) -> None:
    """Give a new group its default set, which says nothing of its own."""
    _put(kept, {"id": kept.account.new_id(), "group_id": group, "default": True, "create_time": kept.now()}, {"name": "default", "responses": {}})


def _create(kept: Gateways, call: Call) -> Document:
    group = _group(kept, call)
    given = _read(call.document)
    _unique(kept, group, given["name"], "")
    if sum(not one["default"] for one in _sets(kept, group)) >= _MOST:
        raise Refused(403, "APIG.3136", "The number of responses exceeds the maximum allowed limit")
    about = {"id": kept.account.new_id(), "group_id": group, "default": False, "create_time": kept.now()}
    return _shown(_put(kept, about, given))


def _list(kept: Gateways, call: Call) -> Document:
    return page(map(_shown, _sets(kept, _group(kept, call))), call, "responses")


def _show(kept: Gateways, call: Call) -> Document:
    return _shown(_set(kept, call))


def _update(kept: Gateways, call: Call) -> Document:
    one, given = _set(kept, call), _read(call.document)
    if one["default"] and given["name"] != one["name"]:
        raise Refused(409, "APIG.3492", "The default response name cannot be modified")
    _unique(kept, one["group_id"], given["name"], one["id"])
    return _shown(_put(kept, one, given))


def _delete(kept: Gateways, call: Call) -> None:
    one = _set(kept, call)
    if one["default"]:
        raise Refused(409, "APIG.3491", "The default response cannot be deleted")
    if any(api.get("response_id") == one["id"] for api in kept.apis.values()):
        # Its code is UNCONFIRMED; an API without its answers is what nobody wants.
        raise Refused(403, "APIG.1005", "The response cannot be deleted because APIs use it")
    del kept.responses[one["id"]]


def _show_type(kept: Gateways, call: Call) -> Document:
    one, name = _set(kept, call), _type(call)
    return {name: {**one["responses"].get(name, {}), "default": name not in one["responses"]}}


def _update_type(kept: Gateways, call: Call) -> Document:
    one, name = _set(kept, call), _type(call)
    _put(kept, one, {"responses": {**one["responses"], name: read(call.document, fields.RESPONSE)}})
    return _show_type(kept, call)


def _delete_type(kept: Gateways, call: Call) -> None:
    one, name = _set(kept, call), _type(call)
    _put(kept, one, {"responses": {kind: said for kind, said in one["responses"].items() if kind != name}})


def _read(document: Mapping[str, Any]) -> Document:
    given = read(document, fields.RESPONSES)
    unknown = [name for name in given["responses"] if not fields.ERRORS.fullmatch(name)]
    if unknown or not all(isinstance(said, dict) for said in given["responses"].values()):
        raise wrong("responses")
    return {**given, "responses": {name: read(said, fields.RESPONSE) for name, said in given["responses"].items()}}


def _group(kept: Gateways, call: Call) -> str:
    return str(found(kept.groups, call.names["group"], "APIG.3001", "The API group")["id"])


def _set(kept: Gateways, call: Call) -> Document:
    group = _group(kept, call)
    # The code is UNCONFIRMED.
    return found({one["id"]: one for one in _sets(kept, group)}, call.names["response"], "APIG.3091", "The response")


def _sets(kept: Gateways, group: str) -> list[Document]:
    return [one for one in kept.responses.values() if one["group_id"] == group]


def _type(call: Call) -> str:
    if not fields.ERRORS.fullmatch(call.names["type"]):
        raise wrong("response_type")
    return call.names["type"]


def _unique(kept: Gateways, group: str, name: str, but: str) -> None:
    if any(one["name"] == name and one["id"] != but for one in _sets(kept, group)):
        raise Refused(400, "APIG.3216", "The response name already exists")


def _put(kept: Gateways, one: Document, given: Document) -> Document:
    kept.responses[one["id"]] = {**one, **given, "update_time": kept.now()}
    return kept.responses[one["id"]]


def _shown(one: Document) -> Document:
    said = {name: {**response, "default": False} for name, response in one["responses"].items()}
    return {**{name: value for name, value in one.items() if name != "group_id"}, "responses": said}


WAYS = (
    Way("POST", "/api-groups/{group}/gateway-responses", _create, 201),
    Way("GET", "/api-groups/{group}/gateway-responses", _list),
    Way("GET", "/api-groups/{group}/gateway-responses/{response}", _show),
    Way("PUT", "/api-groups/{group}/gateway-responses/{response}", _update),
    Way("DELETE", "/api-groups/{group}/gateway-responses/{response}", _delete, 204),
    Way("GET", "/api-groups/{group}/gateway-responses/{response}/{type}", _show_type),
    Way("PUT", "/api-groups/{group}/gateway-responses/{response}/{type}", _update_type),
    Way("DELETE", "/api-groups/{group}/gateway-responses/{response}/{type}", _delete_type, 204),
)
