"""APIG's management API for one dedicated gateway (huawei.md, 2 and 3.2): the instance, its features, and the table of all operations.

    apig.py ─▶ apig_policies.py, apig_releases.py ─▶ apig_apis.py ─▶ apig_groups.py ─▶ apig_responses.py     what may be asked for
    apig_kept.py     what is kept, and served        apig_fields.py ─▶ apig_checks.py     what a body may hold

The instance is there from the start, since one is bought and not made. Not built, and refused: debugging an API (its answer would be the gateway's,
which is not here), OpenAPI, and every feature but `sse_strategy`, since the others would do nothing. To add an operation, add its line to the
`WAYS` of its resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from deploy.emulator.huawei import apig_apis, apig_groups, apig_policies, apig_releases, apig_responses
from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_checks import Document, Way, filtered, page, read, wrong
from deploy.emulator.huawei.apig_kept import INSTANCE, Gateways
from deploy.emulator.huawei.wire import Answered, Call, Codes, Operation, Refused, Service, answer

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Account

_PREFIX = "/v2/{project}/apigw/instances"
#: Seconds between two changes of a feature (huawei.md, 3.2), and those of them that mean something here.
_ONCE = 60
_FEATURES = {"sse_strategy": {"on", "off"}}
#: Where the gateway can be reached from the internet, if it were one; from the range that is for documentation (RFC 5737).
_ADDRESS = "192.0.2.10"


def _instance(account: Account) -> Document:
    keys = account.keys
    about = {"id": INSTANCE, "project_id": keys.project, "instance_name": "emulated", "status": "Running", "instance_status": 6, "type": "apig"}
    return {**about, "spec": "BASIC", "create_time": 1_700_000_000_000, "enterprise_project_id": "0", "eip_address": _ADDRESS, "charging_mode": 0}


def _list_instances(account: Account, call: Call) -> Answered:
    found = filtered([{**_instance(account), "instance_id": INSTANCE}], call, "instance_id", "instance_name", "status")
    return answer(page(({name: value for name, value in one.items() if name != "instance_id"} for one in found), call, "instances"))


def _show_instance(kept: Gateways, call: Call) -> Document:  # noqa: ARG001 - the path has said which
    return {**_instance(kept.account), "publicips": [{"ip_address": _ADDRESS, "bandwidth_size": 5}], "supported_features": list(_FEATURES)}


def _set_feature(kept: Gateways, call: Call) -> Document:
    given, now = read(call.document, fields.FEATURE), kept.account.clock()
    if given["name"] not in _FEATURES:
        raise wrong("name")
    if given.get("config") not in _FEATURES[given["name"]]:
        raise wrong("config")
    if now - kept.features_at.get(given["name"], -_ONCE) < _ONCE:
        raise Refused(409, "APIG.3711", "A configuration parameter can be modified only once per minute")
    kept.features_at[given["name"]] = now
    name = kept.features.get(given["name"], {}).get("id") or kept.account.new_id()
    kept.features[given["name"]] = {"id": name, **given, "instance_id": kept.instance, "update_time": kept.now()}
    return kept.features[given["name"]]


def _list_features(kept: Gateways, call: Call) -> Document:
    return page(kept.features.values(), call, "features")


def _refuse(kept: Gateways, call: Call) -> NoReturn:  # noqa: ARG001 - whatever it is
    raise Refused(403, "APIG.1005", "No permissions to request this method: the emulated gateway has not got it")


def _operation(way: Way) -> Operation:
    """Return the operation on the instance that its path names. Raises Refused for any other."""

    def do(account: Account, call: Call) -> Answered:
        kept = account.kept(Gateways)
        if call.names["instance"] != kept.instance:
            raise Refused(404, "APIG.3030", f"The instance does not exist;id:{call.names['instance']}")
        document: Any = way.do(kept, call)
        if way.method != "GET":
            kept.changed()
        return answer(document, way.status)

    return Operation(way.method, f"{_PREFIX}/{{instance}}{way.path}", do)


_WAYS = (
    Way("GET", "", _show_instance),
    Way("POST", "/features", _set_feature, 201),
    Way("GET", "/features", _list_features),
    Way("POST", "/apis/debug/{api}", _refuse),
    Way("POST", "/openapi/import", _refuse),
    Way("POST", "/openapi/export", _refuse),
    *apig_groups.WAYS,
    *apig_responses.WAYS,
    *apig_apis.WAYS,
    *apig_releases.WAYS,
    *apig_policies.WAYS,
)
SERVICE = Service(
    "apig",
    "/v2/[^/]+/apigw(/|$)",
    Codes(malformed="APIG.2000", unsigned="APIG.1002", forbidden="APIG.1005", unknown="APIGW.0101", too_large="APIGW.0201"),
    [Operation("GET", _PREFIX, _list_instances), *map(_operation, _WAYS)],
)
