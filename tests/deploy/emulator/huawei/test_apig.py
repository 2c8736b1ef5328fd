"""The emulated APIG by the real SDK: what is made is shown, and what the contract refuses is refused with its code (huawei.md, 2 and 3.2)."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from deploy.emulator.huawei import apig, signing
from deploy.emulator.huawei.apig_kept import INSTANCE, RELEASE
from deploy.emulator.huawei.wire import Asked
from tests.deploy.emulator.huawei.gateways import Cloud, cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.emulator.huawei.wire import Operation

THROTTLE = {"name": "thr", "time_unit": "SECOND", "api_call_limits": 50, "type": 1, "time_interval": 1}
CORS = {"plugin_name": "cors", "plugin_type": "cors", "plugin_scope": "global", "plugin_content": '{"allow_origin": "https://a"}'}
CERTIFICATE = {
    "name": "cert",
    "cert_content": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
    "private_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
}
SOURCE = {"origin": "SYSTEM", "name": "x-source", "location": "HEADER", "value": "$context.sourceIp"}
USER = {"origin": "SYSTEM", "name": "x-user", "location": "HEADER", "value": "$context.authorizer.frontend.user"}
INVALID = (400, "APIG.2011")


@pytest.fixture(name="here")
def _here() -> Iterator[Cloud]:
    with cloud() as here:
        yield here


@pytest.fixture(name="group")
def _group(here: Cloud) -> str:
    return str(here.group()["id"])


def send(here: Cloud, method: str, path: str, body: bytes = b"", *, signed: bool = True) -> tuple[int, str]:
    """Send a request by hand, and return status and code."""
    where = urlsplit(here.url)
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(here.account.clock()))
    headers = {"host": where.netloc, "x-sdk-date": date, "content-type": "application/json"}
    signature = signing.sign(Asked(method, where.netloc, path, "", headers, body), here.account.keys.secret, ["host", "x-sdk-date"])
    if signed:
        headers["authorization"] = f"SDK-HMAC-SHA256 Access={here.account.keys.access}, SignedHeaders=host;x-sdk-date, Signature={signature}"
    connection = http.client.HTTPConnection(where.netloc, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["error_code"]
    finally:
        connection.close()


def path_of(here: Cloud, operation: Operation, instance: str = INSTANCE) -> str:
    """Return a path of an operation, with nothing that there is in it."""
    path = operation.path.replace("{project}", here.account.keys.project).replace("{instance}", instance)
    return "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("operation", apig.SERVICE.operations, ids=lambda one: f"{one.method} {one.path}")
def test_every_operation_wants_a_signature_its_instance_and_json(here: Cloud, operation: Operation) -> None:
    """401, 404 and 400, in this order (huawei.md, 3.2)."""
    assert (401, "APIG.1002") == send(here, operation.method, path_of(here, operation), signed=False)
    if "{instance}" in operation.path:
        assert (404, "APIG.3030") == send(here, operation.method, path_of(here, operation, "other"))
    assert (400, "APIG.2000") == send(here, operation.method, path_of(here, operation), b"[]")


def test_another_project_is_forbidden(here: Cloud) -> None:
    """403 (huawei.md, 3.2)."""
    assert (403, "APIG.1005") == send(here, "GET", f"/v2/other/apigw/instances/{INSTANCE}/apis")


def test_the_instance_runs_and_has_an_address(here: Cloud) -> None:
    """It is found by listing, and by its id."""
    listed = here.instances()
    shown = here.do("show_details_of_instance_v2")

    assert [INSTANCE] == [one["id"] for one in listed]
    assert ("Running", listed[0]["eip_address"]) == (shown["status"], shown["eip_address"])


@pytest.mark.parametrize(
    ("body", "refused"),
    [({"name": "other"}, INVALID), ({"config": "maybe"}, INVALID), ({"enable": None}, INVALID)],
)
def test_a_feature_is_validated(here: Cloud, body: dict[str, Any], refused: tuple[int, str]) -> None:
    """Name, config and enable."""
    assert refused == here.refused("create_feature_v2", {"name": "sse_strategy", "enable": True, "config": "on", **body})


def test_a_feature_changes_once_a_minute(here: Cloud) -> None:
    """409 APIG.3711 (huawei.md, 3.2)."""
    feature = {"name": "sse_strategy", "enable": True, "config": "on"}
    here.do("create_feature_v2", feature)
    here.clock.forward(59)
    refused = here.refused("create_feature_v2", feature)
    here.clock.forward(1)
    here.do("create_feature_v2", {**feature, "config": "off"})

    assert (409, "APIG.3711") == refused
    assert [("sse_strategy", "off")] == [(one["name"], one["config"]) for one in here.do("list_features_v2")["features"]]


def test_a_group_is_kept(here: Cloud) -> None:
    """As the contract shows it; its name is its own, and it stays while it has APIs."""
    made = here.group()
    here.do("update_api_group_v2", {"name": "renamed"}, group_id=made["id"])
    shown = here.do("show_details_of_api_group_v2", group_id=made["id"])
    other = here.group()
    here.api(made["id"])

    assert (f"{made['id']}.apig.cn-north-4.huaweicloudapis.com", 1, 2, 2) == (
        *(made["sl_domain"], made["status"]),
        *(made["on_sell_status"], made["is_default"]),
    )
    assert "renamed" == shown["name"]
    assert [other["id"]] == [one["id"] for one in here.do("list_api_groups_v2", name=other["name"])["groups"]]
    assert (400, "APIG.3201") == here.refused("create_api_group_v2", {"name": "renamed"})
    assert (403, "APIG.3415") == here.refused("delete_api_group_v2", group_id=made["id"])
    here.do("delete_api_group_v2", group_id=other["id"])
    assert (404, "APIG.3001") == here.refused("show_details_of_api_group_v2", group_id=other["id"])


def test_environments(here: Cloud, group: str) -> None:
    """RELEASE is there, and stays; another goes when nothing is online in it."""
    made = here.do("create_environment_v2", {"name": "TEST"})["id"]
    api = here.api(group)["id"]
    here.publish(api, environment=made)
    used = here.refused("delete_environment_v2", env_id=made)
    here.publish(api, "offline", made)
    renamed = here.do("update_environment_v2", {"name": "TEST2"}, env_id=made)["name"]

    assert [RELEASE, made] == [one["id"] for one in here.do("list_environments_v2", limit=500)["envs"]]
    assert ("TEST2", (403, "APIG.3418"), INVALID) == (renamed, used, here.refused("delete_environment_v2", env_id=RELEASE))
    assert [(400, "APIG.3205"), INVALID] == [here.refused("create_environment_v2", {"name": name}) for name in ("RELEASE", "1")]
    assert INVALID == here.refused("update_environment_v2", {"name": "OTHER"}, env_id=RELEASE)
    here.do("delete_environment_v2", env_id=made)


def test_an_api_is_shown_with_all_that_a_list_leaves_out(here: Cloud, group: str) -> None:
    """A list has no backend and no mapped parameters; times have nine decimals (SDK, huawei.md, 3.2)."""
    made = here.api(group, backend_params=[SOURCE], tags=["a"])
    shown = here.do("show_details_of_api_v2", api_id=made["id"])
    listed = here.do("list_apis_v2", group_id=group, name=made["name"])["apis"]

    assert (made["func_info"]["function_urn"], "$context.sourceIp") == (here.urn(), shown["backend_params"][0]["value"])
    assert [made["id"]] == [one["id"] for one in listed]
    assert set() == {"func_info", "mock_info", "backend_params"} & {name for name, value in listed[0].items() if value}
    assert [] == here.do("list_apis_v2", env_id=RELEASE)["apis"]
    assert here.kept.apis[made["id"]]["register_time"].endswith("000Z")


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        *((({field: None}), INVALID) for field in ("name", "type", "req_protocol", "req_method", "req_uri", "auth_type", "backend_type", "group_id")),
        ({"name": "ab"}, INVALID),
        ({"name": "-abc"}, INVALID),
        ({"type": 3}, INVALID),
        ({"req_protocol": "FTP"}, INVALID),
        ({"req_protocol": "GRPCS", "req_method": "GET"}, INVALID),
        ({"req_method": "CONNECT"}, INVALID),
        ({"req_uri": "v1"}, INVALID),
        ({"req_uri": "/" + "a" * 512}, INVALID),
        ({"match_mode": "PREFIX"}, INVALID),
        ({"auth_type": "JWT"}, INVALID),
        ({"auth_type": "AUTHORIZER"}, INVALID),
        ({"authorizer_id": "x", "auth_type": "AUTHORIZER"}, (404, "APIG.3081")),
        ({"backend_type": "MOCK"}, INVALID),
        ({"backend_type": "HTTP"}, INVALID),
        ({"func_info": {"function_urn": "x"}}, INVALID),
        ({"func": {"timeout": 0}}, INVALID),
        ({"func": {"timeout": 60_001}}, INVALID),
        ({"func": {"timeout": "60000"}}, INVALID),
        ({"func": {"invocation_type": "later"}}, INVALID),
        ({"func": {"network_type": "V3"}}, INVALID),
        ({"func": {"function_urn": "urn:x"}}, (404, "APIG.3019")),
        ({"func": {"function_urn": "nowhere"}}, (404, "APIG.3019")),
        ({"func": {"alias_urn": "nowhere:!live"}}, INVALID),
        ({"func": {"alias_urn": "echo"}}, INVALID),
        ({"group_id": "x"}, (404, "APIG.3001")),
        ({"response_id": "x"}, INVALID),
        ({"content_type": "text/html"}, INVALID),
        ({"is_send_fg_body_base64": False}, INVALID),
        ({"cors": "true"}, INVALID),
        ({"tags": ["a"] * 2}, INVALID),
        ({"backend_params": [USER]}, (400, "APIG.2036")),
        ({"backend_params": [{**SOURCE, "value": "$context.unknown"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "name": "x-stage"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "name": "X-Apig-a"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "name": "x-sdk-a"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "location": "BODY"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "origin": "REQUEST"}]}, INVALID),
        ({"backend_params": [{**SOURCE, "origin": "CLIENT"}]}, INVALID),
        ({"backend_params": [SOURCE, SOURCE]}, (400, "APIG.3209")),
        ({"backend_params": {}}, INVALID),
        ({"backend_params": ["x"]}, INVALID),
        ({"req_params": [{"name": "authorization", "type": "STRING", "location": "HEADER"}]}, INVALID),
        ({"req_params": [{"name": "X-Auth-Token", "type": "STRING", "location": "HEADER"}]}, INVALID),
        ({"req_params": [{"name": f"p{number}", "type": "STRING", "location": "QUERY"} for number in range(51)]}, (403, "APIG.3111")),
    ],
    ids=str,
)
def test_an_api_is_validated(here: Cloud, group: str, changed: dict[str, Any], refused: tuple[int, str]) -> None:
    """Every field of huawei.md, 3.2, create_api_v2, and the rules of 2.4."""
    function = {name: here.urn(value) if value in {"nowhere", "nowhere:!live", "echo"} else value for name, value in changed.get("func", {}).items()}

    assert refused == here.refused("create_api_v2", here.body(group, **{**changed, **({"func": function} if function else {})}))
    assert [] == here.do("list_apis_v2")["apis"]


def test_names_and_addresses_are_an_apis_own(here: Cloud, group: str) -> None:
    """Within its group: 3202 for the name, 3301 for method and path, whatever a part of it is called."""
    here.api(group, name="one", req_uri="/a/{b}")

    assert (400, "APIG.3202") == here.refused("create_api_v2", here.body(group, name="one"))
    assert (400, "APIG.3301") == here.refused("create_api_v2", here.body(group, req_uri="/a/{c}"))
    here.api(group, req_uri="/a/{c}", req_method="GET")
    here.api(str(here.group()["id"]), name="one", req_uri="/a/{b}")


def test_an_update_takes_the_place_of_what_was(here: Cloud, group: str) -> None:
    """What it leaves out is gone, but the group stays."""
    body = here.body(group, cors=True, remark="r")
    made = here.do("create_api_v2", body)["id"]
    here.do("update_api_v2", {name: value for name, value in body.items() if name not in {"cors", "remark", "group_id"}}, api_id=made)
    shown = here.do("show_details_of_api_v2", api_id=made)

    assert (group, False, None) == (shown["group_id"], shown["cors"], shown.get("remark"))
    assert INVALID == here.refused("update_api_v2", {**body, "group_id": here.group()["id"]}, api_id=made)


def test_a_published_api_stays_until_it_is_offline(here: Cloud, group: str) -> None:
    """403 APIG.3416; what is online is shown with the API (huawei.md, 3.2)."""
    made = here.api(group)["id"]
    record = here.publish(made)
    shown = here.do("show_details_of_api_v2", api_id=made)
    refused = here.refused("delete_api_v2", api_id=made)
    here.publish(made, "offline")
    here.do("delete_api_v2", api_id=made)

    assert ((403, "APIG.3416"), (404, "APIG.3002")) == (refused, here.refused("show_details_of_api_v2", api_id=made))
    assert (RELEASE, "RELEASE", record["publish_id"]) == (shown["run_env_id"], shown["run_env_name"], shown["publish_id"])


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"action": "on"}, INVALID),
        ({"env_id": "x"}, (404, "APIG.3003")),
        ({"api_id": "x"}, (404, "APIG.3002")),
        ({"action": "offline"}, (404, "APIG.3015")),
    ],
    ids=str,
)
def test_a_publication_is_validated(here: Cloud, group: str, changed: dict[str, Any], refused: tuple[int, str]) -> None:
    """Action, environment and API; what is not online cannot be taken offline."""
    body = {"action": "online", "env_id": RELEASE, "api_id": here.api(group)["id"], **changed}

    assert refused == here.refused("create_or_delete_publish_record_for_api_v2", body)


def test_many_are_published_at_once(here: Cloud, group: str) -> None:
    """By their ids or by their group; each that fails is named with its code."""
    apis = [here.api(group, req_uri=uri)["id"] for uri in ("/a", "/b")]
    some = here.do("batch_publish_or_offline_api_v2", {"apis": [apis[0], "x"], "env_id": RELEASE}, action="online")
    every = here.do("batch_publish_or_offline_api_v2", {"group_id": group, "env_id": RELEASE}, action="online")

    assert ([apis[0]], [("x", "APIG.3002")]) == (
        [one["api_id"] for one in some["success"]],
        [(one["api_id"], one["error_code"]) for one in some["failure"]],
    )
    assert (apis, []) == ([one["api_id"] for one in every["success"]], every["failure"])
    assert [INVALID, INVALID] == [
        here.refused("batch_publish_or_offline_api_v2", body, action=action)
        for body, action in (({"env_id": RELEASE}, "online"), ({"env_id": RELEASE, "group_id": group}, "x"))
    ]


def test_versions_are_remembered_and_gone_back_to(here: Cloud, group: str) -> None:
    """The ten newest, of which one is current; the publication's id stays (huawei.md, 3.2)."""
    made = here.api(group)["id"]
    records = [here.publish(made) for _ in range(12)]
    listed = here.do("list_api_versions_v2", api_id=made, env_id=RELEASE)["api_versions"]
    oldest = listed[-1]["version_id"]
    back = here.do("change_api_version_v2", {"version_id": oldest}, api_id=made)
    shown = here.do("list_api_version_detail_v2", version_id=oldest)

    assert [one["version_id"] for one in reversed(records[2:])] == [one["version_id"] for one in listed]
    assert [1, *[2] * 9] == [one["status"] for one in listed]
    assert {back["publish_id"]} == {one["publish_id"] for one in records}
    assert (made, oldest) == (shown["id"], here.kept.online[made, RELEASE]["version_id"])
    assert [(404, "APIG.3022")] * 2 == [
        here.refused("change_api_version_v2", {"version_id": one}, api_id=api)
        for one, api in (("x", made), (oldest, here.api(group, req_uri="/b")["id"]))
    ]
    here.do("delete_api_by_version_id_v2", version_id=oldest)
    assert (404, "APIG.3022") == here.refused("delete_api_by_version_id_v2", version_id=oldest)


def test_what_is_online_is_shown_as_it_was_published(here: Cloud, group: str) -> None:
    """Not as it was edited since."""
    body = here.body(group)
    made = here.do("create_api_v2", body)["id"]
    here.publish(made)
    here.do("update_api_v2", {**body, "req_uri": "/v2"}, api_id=made)

    assert "/v1" == here.do("list_api_runtime_definition_v2", api_id=made, env_id=RELEASE)["req_uri"]


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"name": "ab"}, INVALID),
        ({"type": "BOTH"}, INVALID),
        ({"authorizer_type": "JWT"}, INVALID),
        ({"authorizer_uri": None}, INVALID),
        ({"authorizer_uri": "keeper:v1"}, (404, "APIG.3019")),
        ({"authorizer_uri": "nobody"}, (404, "APIG.3019")),
        ({"authorizer_alias_uri": "other:!live"}, INVALID),
        ({"ttl": 3601}, INVALID),
        ({"ttl": 60, "identities": []}, INVALID),
        ({"identities": [{"name": "a", "location": "BODY"}]}, INVALID),
        ({"identities": [{"name": "a", "location": "QUERY", "validation": "("}]}, INVALID),
        ({"identities": [{"name": "a", "location": "QUERY"}] * 2}, (400, "APIG.3212")),
        ({"user_data": "x" * 2049}, INVALID),
        ({"need_body": "true"}, INVALID),
        ({"name": "taken"}, (400, "APIG.3211")),
    ],
    ids=str,
)
def test_an_authorizer_is_validated(here: Cloud, changed: dict[str, Any], refused: tuple[int, str]) -> None:
    """huawei.md, 2.3: its URN is without a version, and what is kept is kept by identities."""
    here.guard(name="taken")
    plain = {"name": "new", "type": "FRONTEND", "authorizer_type": "FUNC", "authorizer_uri": "keeper", "network_type": "V1"}
    body = {**plain, **changed}
    urns = {name: here.urn(body[name]) for name in ("authorizer_uri", "authorizer_alias_uri") if body.get(name)}

    assert refused == here.refused("create_custom_authorizer_v2", {**body, **urns})


def test_an_authorizer_is_kept_while_an_api_uses_it(here: Cloud, group: str) -> None:
    """Also one that only the published API uses; it is listed under its own name."""
    guard = here.guard(ttl=60)
    body = here.body(group, **guard)
    api = here.do("create_api_v2", body)["id"]
    here.publish(api)
    here.do("update_api_v2", {**body, "auth_type": "NONE", "authorizer_id": None}, api_id=api)
    name = here.do("list_custom_authorizers_v2")["authorizer_list"][0]["name"]
    refused = here.refused("delete_custom_authorizer_v2", authorizer_id=guard["authorizer_id"])
    shown = here.do("show_details_of_custom_authorizers_v2", authorizer_id=guard["authorizer_id"])
    changed = {key: value for key, value in shown.items() if value is not None and key not in {"id", "create_time"}}
    here.do("update_custom_authorizer_v2", {**changed, "ttl": 0}, authorizer_id=guard["authorizer_id"])
    here.publish(api, "offline")

    assert (shown["name"], 403, 0) == (name, refused[0], here.kept.authorizers[guard["authorizer_id"]]["ttl"])
    assert INVALID == here.refused("update_custom_authorizer_v2", {**changed, "type": "BACKEND"}, authorizer_id=guard["authorizer_id"])
    here.do("delete_custom_authorizer_v2", authorizer_id=guard["authorizer_id"])


def test_fifty_authorizers_are_enough(here: Cloud) -> None:
    """huawei.md, 2.3."""
    for _ in range(50):
        here.guard()
    plain = {"name": "new", "type": "FRONTEND", "authorizer_type": "FUNC", "authorizer_uri": here.urn("keeper")}

    assert (403, "APIG.3116") == here.refused("create_custom_authorizer_v2", plain)


def test_a_thousand_apis_and_three_hundred_policies_are_enough(here: Cloud, group: str) -> None:
    """APIG.3125 and APIG.3107."""
    api = here.kept.apis[here.api(group)["id"]]
    here.kept.apis.update({str(number): {**api, "name": str(number)} for number in range(999)})
    here.kept.throttles.update({str(number): {**THROTTLE, "id": str(number), "name": str(number)} for number in range(300)})

    assert (403, "APIG.3125") == here.refused("create_api_v2", here.body(group, req_uri="/b"))
    assert (403, "APIG.3107") == here.refused("create_request_throttling_policy_v2", THROTTLE)


def test_a_backend_authorizer_is_not_for_callers(here: Cloud, group: str) -> None:
    """FRONTEND is; and a backend's parameters need a backend's."""
    backend = here.guard(type="BACKEND")

    assert INVALID == here.refused("create_api_v2", here.body(group, **backend))
    mapped = [{**USER, "value": "$context.authorizer.backend.user"}]
    assert (400, "APIG.2036") == here.refused("create_api_v2", here.body(group, backend_params=mapped))
    here.api(group, func={"authorizer_id": backend["authorizer_id"]}, backend_params=mapped)


@pytest.mark.parametrize(
    "changed",
    [
        {"time_unit": "WEEK"},
        {"time_interval": 0},
        {"api_call_limits": 0},
        {"type": 3},
        {"ip_call_limits": 51},
        {"user_call_limits": 51},
        {"name": "1"},
    ],
    ids=str,
)
def test_a_throttling_policy_is_validated(here: Cloud, changed: dict[str, Any]) -> None:
    """Names, units, and that a part is not more than the whole."""
    assert INVALID == here.refused("create_request_throttling_policy_v2", {**THROTTLE, **changed})


def test_a_throttling_policy_is_bound_to_publications(here: Cloud, group: str) -> None:
    """One for each API; a bound one stays, and offline unbinds (APIG.3451, 3012, 3015)."""
    made = here.do("create_request_throttling_policy_v2", THROTTLE)["id"]
    api = here.api(group)["id"]
    publication = here.publish(api)["publish_id"]
    bind = {"strategy_id": made, "publish_ids": [publication]}
    here.do("associate_request_throttling_policy_v2", bind)
    here.do("update_request_throttling_policy_v2", {**THROTTLE, "api_call_limits": 9}, throttle_id=made)
    here.publish(api)
    bound = here.do("list_request_throttling_policies_binded_to_api_v2", api_id=api)["throttles"]
    apis = here.do("list_apis_binded_to_request_throttling_policy_v2", throttle_id=made)["apis"]

    assert [(made, 9, "RELEASE", 1)] == [(one["id"], one["api_call_limits"], one["env_name"], one["bind_num"]) for one in bound]
    assert [(api, bound[0]["bind_id"])] == [(one["id"], one["throttle_apply_id"]) for one in apis]
    assert (403, "APIG.3451") == here.refused("delete_request_throttling_policy_v2", throttle_id=made)
    here.do("disassociate_request_throttling_policy_v2", throttle_binding_id=bound[0]["bind_id"])
    assert (404, "APIG.3012") == here.refused("disassociate_request_throttling_policy_v2", throttle_binding_id=bound[0]["bind_id"])
    assert (400, "APIG.3204") == here.refused("create_request_throttling_policy_v2", THROTTLE)
    assert (404, "APIG.3015") == here.refused("associate_request_throttling_policy_v2", {**bind, "publish_ids": ["x"]})
    assert (404, "APIG.3005") == here.refused("associate_request_throttling_policy_v2", {**bind, "strategy_id": "x"})
    here.do("associate_request_throttling_policy_v2", bind)
    here.publish(api, "offline")
    assert 0 == here.do("show_details_of_request_throttling_policy_v2", throttle_id=made)["bind_num"]
    here.do("delete_request_throttling_policy_v2", throttle_id=made)
    assert [] == here.do("list_request_throttling_policy_v2")["throttles"]


@pytest.mark.parametrize(
    "responses",
    [
        {"OTHER": {}},
        {"NOT_FOUND": {"status": 444}},
        {"NOT_FOUND": {"status": 199}},
        {"NOT_FOUND": {"status": 600}},
        {"NOT_FOUND": {"headers": [{"key": f"x-{number}", "value": "1"} for number in range(11)]}},
        {"NOT_FOUND": {"headers": [{"key": "a b", "value": "1"}]}},
        {"NOT_FOUND": {"headers": [{"key": "a", "value": ""}]}},
        {"NOT_FOUND": "x"},
    ],
    ids=str,
)
def test_a_gateway_response_is_validated(here: Cloud, group: str, responses: dict[str, Any]) -> None:
    """Types, statuses and headers of huawei.md, 2.5."""
    assert INVALID == here.refused("create_gateway_response_v2", {"name": "own", "responses": responses}, group_id=group)


def test_gateway_responses_are_kept_by_group(here: Cloud, group: str) -> None:
    """Four, besides the default one, which stays; one that an API answers with stays, too."""
    said = {"AUTHORIZER_FAILURE": {"status": 401, "body": "{}", "headers": [{"key": "a", "value": "b"}]}}
    made = [here.do("create_gateway_response_v2", {"name": f"r{number}", "responses": said}, group_id=group)["id"] for number in range(4)]
    default = here.do("list_gateway_responses_v2", group_id=group)["responses"][0]
    api = here.api(group, response_id=made[0])["id"]
    place = {"group_id": group, "response_id": made[1]}
    here.do("delete_gateway_response_type_v2", **place, response_type="AUTHORIZER_FAILURE")
    here.do("update_gateway_response_v2", {"name": "renamed", "responses": {"THROTTLED": {"status": 429}}}, **place)
    shown = here.do("show_details_of_gateway_response_v2", **place)

    assert ("default", True, "renamed", ["THROTTLED"]) == (default["name"], default["default"], shown["name"], list(shown["responses"]))
    assert (403, "APIG.3136") == here.refused("create_gateway_response_v2", {"name": "r9"}, group_id=group)
    assert (400, "APIG.3216") == here.refused("create_gateway_response_v2", {"name": "r0"}, group_id=group)
    assert (409, "APIG.3491") == here.refused("delete_gateway_response_v2", group_id=group, response_id=default["id"])
    assert (409, "APIG.3492") == here.refused("update_gateway_response_v2", {"name": "x"}, group_id=group, response_id=default["id"])
    assert 403 == here.refused("delete_gateway_response_v2", group_id=group, response_id=made[0])[0]
    assert INVALID == here.refused("show_details_of_gateway_response_type_v2", **place, response_type="OTHER")
    here.do("delete_api_v2", api_id=api)
    here.do("delete_gateway_response_v2", group_id=group, response_id=made[0])
    assert 404 == here.refused("show_details_of_gateway_response_v2", group_id=group, response_id=made[0])[0]


def test_domains_and_certificates(here: Cloud, group: str) -> None:
    """Five for a group, each for one group only; a certificate is looked at in its shape, and its key is not kept."""
    made = [here.do("associate_domain_v2", {"url_domain": f"a{number}.example.com"}, group_id=group)["id"] for number in range(5)]
    place = {"group_id": group, "domain_id": made[0]}
    certificate = here.do("associate_certificate_v2", CERTIFICATE, **place)["ssl_id"]
    here.do("update_domain_v2", {"min_ssl_version": "TLSv1.2"}, **place)
    shown = here.do("show_details_of_api_group_v2", group_id=group)["url_domains"][0]

    assert ("a0.example.com", "TLSv1.2", certificate) == (shown["domain"], shown["min_ssl_version"], shown["ssl_id"])
    assert (403, "APIG.3108") == here.refused("associate_domain_v2", {"url_domain": "b.example.com"}, group_id=group)
    assert (400, "APIG.3305") == here.refused("associate_domain_v2", {"url_domain": "a0.example.com"}, group_id=here.group()["id"])
    assert INVALID == here.refused("associate_domain_v2", {"url_domain": "nothing"}, group_id=group)
    assert INVALID == here.refused("associate_certificate_v2", {**CERTIFICATE, "private_key": "x"}, **place)
    assert "PRIVATE" not in str(vars(here.kept))
    assert "cert" == here.do("show_details_of_domain_name_certificate_v2", certificate_id=certificate, **place)["name"]
    assert (404, "APIG.3097") == here.refused("disassociate_certificate_v2", certificate_id=certificate, group_id=group, domain_id=made[1])
    here.do("disassociate_certificate_v2", certificate_id=certificate, **place)
    here.do("disassociate_domain_v2", **place)
    assert (404, "APIG.3020") == here.refused("disassociate_domain_v2", **place)


@pytest.mark.parametrize("changed", [{"plugin_type": "breaker"}, {"plugin_scope": "api"}, {"plugin_content": "x"}, {"plugin_content": "{}"}], ids=str)
def test_a_plugin_is_validated(here: Cloud, changed: dict[str, Any]) -> None:
    """Its content is JSON, as text."""
    assert INVALID == here.refused("create_plugin", {**CORS, **changed})


def test_a_plugin_is_attached_to_what_is_online(here: Cloud, group: str) -> None:
    """409 APIG.3707 for what is not; and not where an OPTIONS API is (huawei.md, 3.2, CORS)."""
    made = here.do("create_plugin", CORS)["plugin_id"]
    api, other = here.api(group)["id"], here.api(group, req_uri="/b")["id"]
    attach = {"env_id": RELEASE, "api_ids": [api]}
    early = here.refused("attach_api_to_plugin", attach, plugin_id=made)
    here.publish(api)
    here.do("attach_api_to_plugin", attach, plugin_id=made)
    here.put(group, req_uri="/b", req_method="OPTIONS")
    here.publish(other)
    used = here.refused("delete_plugin", plugin_id=made)
    here.do("update_plugin", {**CORS, "remark": "r"}, plugin_id=made)

    assert ((409, "APIG.3707"), 403) == (early, used[0])
    assert (409, "APIG.3309") == here.refused("attach_api_to_plugin", {**attach, "api_ids": [other]}, plugin_id=made)
    assert [made] == [one["plugin_id"] for one in here.do("list_api_attached_plugins", api_id=api)["plugins"]]
    assert [api] == [one["api_id"] for one in here.do("list_plugin_attached_apis", plugin_id=made)["apis"]]
    here.do("detach_api_from_plugin", attach, plugin_id=made)
    assert "r" == here.do("show_plugin", plugin_id=made)["remark"]
    here.do("delete_plugin", plugin_id=made)
    assert [] == here.do("list_plugins")["plugins"]


@pytest.mark.parametrize(
    ("query", "size"),
    [({}, 20), ({"limit": 0}, 20), ({"limit": -1}, 20), ({"limit": 501}, 25), ({"limit": 7}, 7), ({"offset": 20}, 5), ({"offset": 30}, 0)],
    ids=str,
)
def test_a_list_has_pages(here: Cloud, query: dict[str, int], size: int) -> None:
    """huawei.md, 3.2: at or below nothing it is 20, above 500 it is 500."""
    for _ in range(25):
        here.group()
    listed = here.do("list_api_groups_v2", **query)

    assert (size, 25, size) == (listed["size"], listed["total"], len(listed["groups"]))


def test_a_page_is_a_number(here: Cloud) -> None:
    """Anything else is refused."""
    assert INVALID == here.refused("list_apis_v2", limit="many")


@pytest.mark.parametrize("operation", ["debug_api_v2", "export_api_definitions_v2"])
def test_what_is_not_built_is_refused(here: Cloud, operation: str) -> None:
    """Rather than to answer something else."""
    names = {"api_id": "x"} if operation == "debug_api_v2" else {}

    assert (403, "APIG.1005") == here.refused(operation, {}, **names)
