"""What is published is what is served: events, authorizers, CORS, throttling and errors, as APIG's documents say (huawei.md, 1.4, 2 and 3.2)."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from deploy.emulator.counted import Misconfigured
from deploy.emulator.huawei.apig_kept import RELEASE
from deploy.emulator.huawei.cross_origin import Mock
from deploy.emulator.huawei.switches import Switches
from deploy.local.dialect import Refusal
from tests.deploy.emulator.huawei.gateways import HELLO, Served, served, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.local.backend import Backend

TOKEN = "Bearer good"


@pytest.fixture(name="api")
def _api() -> Iterator[Served]:
    with served() as api:
        yield api


def test_a_function_sees_the_event_of_the_contract(api: Served) -> None:
    """huawei.md, 1.4: base64, lower-case names, three keys of context, and the path without the group."""
    group = api.cloud.group()["id"]
    made = api.cloud.put(group)
    said = api.ask("POST", f"/{group}/v1?a=1", b"hi", X_Thing="t")
    event = api.fleet.events()[0]

    assert (200, b"hello", "api-gateway") == (said.status, said.body, said.headers["server"])
    assert (base64.b64encode(b"hi").decode(), True, "/v1", {"a": "1"}) == (
        *(event["body"], event["isBase64Encoded"]),
        *(event["path"], event["queryStringParameters"]),
    )
    assert {"requestId": said.headers["x-request-id"], "apiId": made, "stage": "RELEASE"} == event["requestContext"]
    assert ("t", {}) == (event["headers"]["x-thing"], event["pathParameters"])


def test_json_may_arrive_as_text(api: Served) -> None:
    """With both of the API's fields, huawei.md, 1.4."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, content_type="application/json", is_send_fg_body_base64=False)
    api.ask("POST", f"/{group}/v1", b"{}")
    event = api.fleet.events()[0]

    assert ("{}", False) == (event["body"], event["isBase64Encoded"])


def test_a_bound_domain_and_the_groups_own_lead_to_it(api: Served) -> None:
    """By the Host header, with or without a port; any other host leads nowhere."""
    group = api.cloud.group()
    api.cloud.put(group["id"])
    api.cloud.do("associate_domain_v2", {"url_domain": "api.example.com"}, group_id=group["id"])
    statuses = [api.ask("POST", "/v1", Host=host).status for host in ("api.example.com", "API.example.com:80", group["sl_domain"], "b.example.com")]

    assert [200, 200, 200, 404] == statuses


def test_an_edit_is_served_once_it_is_published(api: Served) -> None:
    """Not before (huawei.md, 3.2); and an API that is offline is not there."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    body = cloud.body(group)
    made = cloud.do("create_api_v2", body)["id"]
    statuses = [api.ask("POST", f"/{group}/v1").status]
    cloud.publish(made)
    cloud.do("update_api_v2", {**body, "req_uri": "/v2"}, api_id=made)
    statuses += [api.ask("POST", f"/{group}/{path}").status for path in ("v1", "v2")]
    cloud.publish(made)
    statuses += [api.ask("POST", f"/{group}/{path}").status for path in ("v1", "v2")]
    cloud.publish(made, "offline")

    assert [404, 200, 404, 404, 200, 404] == [*statuses, api.ask("POST", f"/{group}/v2").status]


def test_a_version_that_is_gone_back_to_is_served(api: Served) -> None:
    """The gateway's own rollback (huawei.md, 3.2)."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    body = cloud.body(group)
    made = cloud.do("create_api_v2", body)["id"]
    first = cloud.publish(made)["version_id"]
    cloud.do("update_api_v2", {**body, "req_uri": "/v2"}, api_id=made)
    cloud.publish(made)
    cloud.do("change_api_version_v2", {"version_id": first}, api_id=made)

    assert [200, 404] == [api.ask("POST", f"/{group}/{path}").status for path in ("v1", "v2")]


def test_a_publication_may_need_its_time() -> None:
    """huawei.md, 3.2: 5 to 10 seconds in the cloud."""
    with served(Switches(takes_effect_after=7)) as api:
        group = api.cloud.group()["id"]
        api.cloud.put(group)
        before = api.ask("POST", f"/{group}/v1").status
        api.cloud.clock.forward(7)

        assert (404, 200) == (before, api.ask("POST", f"/{group}/v1").status)


def test_another_environment_is_asked_for_by_name(api: Served) -> None:
    """X-Stage (huawei.md, 3.2)."""
    group = api.cloud.group()["id"]
    environment = api.cloud.do("create_environment_v2", {"name": "TEST"})["id"]
    made = api.cloud.api(group)["id"]
    api.cloud.publish(made, environment=environment)

    assert [404, 404, 200] == [api.ask("POST", f"/{group}/v1", X_Stage=stage).status for stage in ("RELEASE", "OTHER", "TEST")]
    assert "TEST" == api.fleet.events()[0]["requestContext"]["stage"]


@pytest.mark.parametrize(
    ("path", "found"),
    [("/a", "/a"), ("/a/b/c", "/a"), ("/ab", "/"), ("/a/x", "/a/{one}"), ("/a/exact", "/a/exact"), ("/", "/")],
)
def test_the_best_match_answers(api: Served, path: str, found: str) -> None:
    """The whole path before a prefix; a prefix by whole parts, and its remainder under the empty name (huawei.md, 1.4)."""
    group = api.cloud.group()["id"]
    addresses = (("/", "SWA"), ("/a", "SWA"), ("/a/{one}", "NORMAL"), ("/a/exact", "NORMAL"))
    by_path = {uri: api.cloud.put(group, req_uri=uri, match_mode=mode) for uri, mode in addresses}
    api.ask("POST", f"/{group}{path}")
    event = api.fleet.events()[0]

    assert by_path[found] == event["requestContext"]["apiId"]
    assert ({"": path.removeprefix(found).lstrip("/")} if found in {"/", "/a"} else {}) == event["pathParameters"]


def test_parameters_arrive_where_they_are_mapped(api: Served) -> None:
    """System ones, constants, and what the caller said (huawei.md, 2.4)."""
    group = api.cloud.group()["id"]
    mapped = [
        ("SYSTEM", "x-source", "HEADER", "$context.sourceIp"),
        ("SYSTEM", "api", "QUERY", "$context.apiId"),
        ("CONSTANT", "X-One", "HEADER", "1"),
    ]
    mapped += [
        ("REQUEST", "who", "PATH", "user"),
        ("REQUEST", "kind", "QUERY", "k"),
        ("SYSTEM", "x-user", "HEADER", "$context.authorizer.frontend.user"),
    ]
    asked = [
        {"name": "user", "type": "STRING", "location": "PATH"},
        {"name": "k", "type": "STRING", "location": "HEADER", "default_value": "none"},
    ]
    params = [{"origin": origin, "name": name, "location": location, "value": value} for origin, name, location, value in mapped]
    made = api.cloud.put(group, req_uri="/u/{user}", req_params=asked, backend_params=params, **api.cloud.guard())
    api.ask("POST", f"/{group}/u/ann", Authorization=TOKEN)
    event = api.fleet.events()[0]

    assert {"x-source": "127.0.0.1", "x-one": "1", "x-user": "ann"}.items() <= event["headers"].items()
    assert ({"api": made, "kind": "none"}, {"who": "ann"}) == (event["queryStringParameters"], event["pathParameters"])


def test_a_parameter_that_has_to_be_there(api: Served) -> None:
    """Without it the function is not asked (huawei.md, 3.2, APIG.0201)."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, req_params=[{"name": "q", "type": "STRING", "location": "QUERY", "required": 1}])
    said = api.ask("POST", f"/{group}/v1")

    assert (400, "APIG.0201", []) == (said.status, said.code, api.fleet.asked)


@pytest.mark.parametrize(("wins", "arrives"), [(False, "127.0.0.1"), (True, "6.6.6.6")])
def test_a_clients_header_of_a_mapped_name(wins: bool, arrives: str) -> None:
    """UNCONFIRMED in 2.4: both."""
    with served(Switches(client_header_wins=wins)) as api:
        group = api.cloud.group()["id"]
        source = {"origin": "SYSTEM", "name": "x-source", "location": "HEADER", "value": "$context.sourceIp"}
        api.cloud.put(group, backend_params=[source])
        api.ask("POST", f"/{group}/v1", X_Source="6.6.6.6")

        assert arrives == api.fleet.events()[0]["headers"]["x-source"]


@pytest.mark.parametrize(("strips", "arrives"), [(False, TOKEN), (True, None)])
def test_authorization_may_not_arrive(strips: bool, arrives: str | None) -> None:
    """UNCONFIRMED in 2.4: both. The authorizer gets it either way."""
    with served(Switches(strips_authorization=strips)) as api:
        group = api.cloud.group()["id"]
        api.cloud.put(group, **api.cloud.guard())
        api.ask("POST", f"/{group}/v1", Authorization=TOKEN)

        assert arrives == api.fleet.events()[0]["headers"].get("authorization")
        assert TOKEN == api.fleet.events("keeper")[0]["headers"]["authorization"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (verdict("deny"), 401, "APIG.0305"),
        (verdict("Allow"), 401, "APIG.0305"),
        ({"statusCode": 403, "body": "{}"}, 500, "APIG.0601"),
        ({"statusCode": 200, "body": "allow"}, 500, "APIG.0601"),
        (ValueError(), 500, "APIG.0601"),
        (TimeoutError(), 500, "APIG.0601"),
    ],
    ids=["deny", "neither", "status", "no JSON", "raises", "late"],
)
def test_who_is_not_let_in(api: Served, answer: Any, status: int, code: str) -> None:
    """huawei.md, 2.5: 401 for a deny, 500 for what is no verdict; and no CORS headers, whatever the API says."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, cors=True, **api.cloud.guard())
    api.fleet.answers["keeper"] = answer
    said = api.ask("POST", f"/{group}/v1", Authorization=TOKEN)

    assert (status, code) == (said.status, said.code)
    assert ([], False) == (api.fleet.events(), "access-control-allow-origin" in said.headers)


def test_a_denied_caller_may_get_500() -> None:
    """The table of gateway responses says so (2.5, CONFLICT); a response's own status wins."""
    with served(Switches(denies_with_500=True)) as api:
        group = api.cloud.group()["id"]
        own = api.cloud.do("create_gateway_response_v2", {"name": "own", "responses": {"AUTHORIZER_FAILURE": {"status": 401}}}, group_id=group)["id"]
        guard = api.cloud.guard()
        api.cloud.put(group, **guard)
        api.cloud.put(group, req_uri="/own", response_id=own, **guard)
        api.fleet.answers["keeper"] = verdict("deny")

        assert [500, 401] == [api.ask("POST", f"/{group}/{path}", Authorization=TOKEN).status for path in ("v1", "own")]


def test_identities_come_first(api: Served) -> None:
    """Missing or not as it has to be: 401, and nobody is asked (huawei.md, 2.5)."""
    group = api.cloud.group()["id"]
    identities = [{"name": "Authorization", "location": "HEADER", "validation": "Bearer .+"}, {"name": "key", "location": "QUERY"}]
    api.cloud.put(group, **api.cloud.guard(identities=identities))
    asked: list[tuple[str, dict[str, str]]] = [("?key=k", {}), ("?key=k", {"Authorization": "Basic x"}), ("", {"Authorization": TOKEN})]
    statuses = [api.ask("POST", f"/{group}/v1{query}", b"", **headers).status for query, headers in asked]

    assert ([401, 401, 401], []) == (statuses, api.fleet.asked)
    assert 200 == api.ask("POST", f"/{group}/v1?key=k", Authorization=TOKEN).status


def test_a_verdict_is_kept_by_its_identities(api: Served) -> None:
    """For ttl seconds, beyond the next publication, and for each value of its own (huawei.md, 2.3)."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, **api.cloud.guard(ttl=60))
    counts = []
    for token, forward in (("a", 0), ("a", 59), ("b", 0), ("a", 1)):
        api.cloud.clock.forward(forward)
        api.cloud.group()
        api.ask("POST", f"/{group}/v1", Authorization=token)
        counts.append(len(api.fleet.events("keeper")))

    assert [1, 1, 2, 3] == counts


def test_an_authorizer_gets_the_documented_keys(api: Served) -> None:
    """And its alias before its version; the body if it asks for it (huawei.md, 2.1 and 2.3)."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    alias = f"{cloud.urn('keeper')}:!live"
    guard = cloud.guard(authorizer_version="latest", authorizer_alias_uri=alias, user_data="u", need_body=True)
    cloud.put(group, func={"alias_urn": f"{cloud.urn()}:!live", "version": "v1"}, **guard)
    api.ask("POST", f"/{group}/v1", b"hi", Authorization=TOKEN)
    event = api.fleet.events("keeper")[0]

    assert [alias, f"{cloud.urn()}:!live"] == [urn for urn, _ in api.fleet.asked]
    assert {"headers", "queryStringParameters", "user_data", "body"} == set(event)
    assert ("u", base64.b64encode(b"hi").decode()) == (event["user_data"], event["body"])


def test_a_gateway_response_is_what_is_stored_now(api: Served) -> None:
    """With status, headers, and the context of a deny; changed without a publication (huawei.md, 2.5)."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    said = {"status": 403, "body": '{"c":"$context.authorizer.frontend.code","e":"$context.error.code"}', "headers": [{"key": "X-A", "value": "1"}]}
    own = cloud.do("create_gateway_response_v2", {"name": "own", "responses": {"AUTHORIZER_FAILURE": said}}, group_id=group)["id"]
    cloud.put(group, response_id=own, **cloud.guard())
    api.fleet.answers["keeper"] = verdict("deny", code="forbidden")
    first = api.ask("POST", f"/{group}/v1", Authorization=TOKEN)
    names = {"group_id": group, "response_id": own, "response_type": "AUTHORIZER_FAILURE"}
    cloud.do("update_gateway_response_type_v2", {**said, "status": 418}, **names)

    assert (403, "1", {"c": "forbidden", "e": "APIG.0305"}) == (first.status, first.headers["x-a"], json.loads(first.body))
    assert 418 == api.ask("POST", f"/{group}/v1", Authorization=TOKEN).status


@pytest.mark.parametrize(("headers", "arrives"), [({}, "*"), ({"Access-Control-Allow-Origin": "https://a"}, "https://a")])
def test_the_cors_flag_adds_a_header_where_the_function_has_none(api: Served, headers: dict[str, str], arrives: str) -> None:
    """huawei.md, 3.2, CORS."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, cors=True)
    api.fleet.answers["echo"] = {**HELLO, "headers": headers}

    assert arrives == api.ask("POST", f"/{group}/v1").headers["access-control-allow-origin"]


def test_a_preflight_needs_an_api_of_its_own(api: Served) -> None:
    """Without one it is 404, before ANY with an authorizer 401, with a mock it is answered (huawei.md, 3.2, CORS)."""
    cloud, groups = api.cloud, [api.cloud.group()["id"] for _ in range(3)]
    cloud.put(groups[0], cors=True)
    cloud.put(groups[1], cors=True, req_method="ANY", **cloud.guard())
    mock = {"backend_type": "MOCK", "mock_info": {"result_content": ""}, "req_method": "OPTIONS", "match_mode": "SWA", "req_uri": "/"}
    cloud.put(groups[2])
    cloud.put(groups[2], cors=True, **mock)
    said = [api.ask("OPTIONS", f"/{group}/v1", Origin="https://a") for group in groups]

    assert [(404, "APIG.0101"), (401, "APIG.0305")] == [(one.status, one.code) for one in said[:2]]
    assert (200, "*", "172800") == (said[2].status, said[2].headers["access-control-allow-origin"], said[2].headers["access-control-max-age"])
    assert "Authorization" in said[2].headers["access-control-allow-headers"].split(",")


def test_a_cors_plugin_answers_preflights_and_wins_over_the_function(api: Served) -> None:
    """For its origins only (huawei.md, 3.2, CORS)."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    made = cloud.put(group)
    content = {
        "allow_origin": "https://a,https://b",
        "allow_methods": "POST",
        "allow_headers": "Authorization",
        "expose_headers": "X-R",
        "max_age": 9,
    }
    plugin = {"plugin_name": "cors", "plugin_type": "cors", "plugin_scope": "global", "plugin_content": json.dumps(content)}
    cloud.do("attach_api_to_plugin", {"env_id": RELEASE, "api_ids": [made]}, plugin_id=cloud.do("create_plugin", plugin)["plugin_id"])
    api.fleet.answers["echo"] = {**HELLO, "headers": {"access-control-allow-origin": "*"}}
    asked = [
        api.ask(method, f"/{group}/v1", Origin=origin) for method, origin in (("OPTIONS", "https://b"), ("POST", "https://a"), ("POST", "https://c"))
    ]

    assert (200, "POST", "9") == (asked[0].status, *(asked[0].headers[f"access-control-{name}"] for name in ("allow-methods", "max-age")))
    assert ["https://b", "https://a", None] == [one.headers.get("access-control-allow-origin") for one in asked]


@pytest.mark.parametrize(("kind", "statuses"), [(1, [200, 200, 429, 200, 429, 200]), (2, [200, 200, 429, 429, 429, 200])])
def test_a_policy_limits_what_it_is_bound_to(api: Served, kind: int, statuses: list[int]) -> None:
    """Each API, or all together; in windows, through the gateway response of THROTTLED (huawei.md, 3.2)."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    own = cloud.do(
        "create_gateway_response_v2", {"name": "own", "responses": {"THROTTLED": {"headers": [{"key": "X-T", "value": "t"}]}}}, group_id=group
    )
    apis = [cloud.api(group, req_uri=uri, response_id=own["id"])["id"] for uri in ("/a", "/b")]
    limit = {"name": "thr", "time_unit": "MINUTE", "api_call_limits": 2, "ip_call_limits": 1, "time_interval": 1, "type": kind}
    throttle = cloud.do("create_request_throttling_policy_v2", {**limit, "ip_call_limits": 0})["id"]
    bound = [cloud.publish(one)["publish_id"] for one in apis]
    cloud.do("associate_request_throttling_policy_v2", {"strategy_id": throttle, "publish_ids": bound})
    said = [api.ask("POST", f"/{group}/{path}") for path in "aaa"]
    limited = [api.ask("POST", f"/{group}/b").status, api.ask("POST", f"/{group}/a").status]
    cloud.clock.forward(60)

    assert statuses == [*(one.status for one in said), *limited, api.ask("POST", f"/{group}/a").status]
    assert ("APIG.0308", "t") == (said[2].code, said[2].headers["x-t"])


def test_one_address_may_be_limited_for_itself(api: Served) -> None:
    """ip_call_limits."""
    cloud, group = api.cloud, api.cloud.group()["id"]
    made = cloud.api(group)["id"]
    limit = {"name": "thr", "time_unit": "SECOND", "api_call_limits": 5, "ip_call_limits": 1, "time_interval": 1}
    throttle = cloud.do("create_request_throttling_policy_v2", limit)["id"]
    cloud.do("associate_request_throttling_policy_v2", {"strategy_id": throttle, "publish_ids": [cloud.publish(made)["publish_id"]]})

    assert [200, 429] == [api.ask("POST", f"/{group}/v1").status for _ in range(2)]


def test_the_debug_domain_takes_a_thousand_calls_a_day(api: Served) -> None:
    """huawei.md, 3.2: then it is 429, until the next day."""
    group = api.cloud.group()
    mock = {"backend_type": "MOCK", "mock_info": {"result_content": "m"}, "req_method": "GET"}
    api.cloud.put(group["id"], **mock)
    statuses = {said.status for said in api.ask_often(1000, "GET", "/v1", Host=group["sl_domain"])}
    over = api.ask("GET", "/v1", Host=group["sl_domain"])
    api.cloud.clock.forward(86_400)

    assert ({200}, 429, "APIG.0308") == (statuses, over.status, over.code)
    assert [200, 200] == [api.ask("GET", "/v1", Host=group["sl_domain"]).status, api.ask("GET", f"/{group['id']}/v1").status]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (TimeoutError(), 504, "APIG.0203"),
        (ValueError(), 500, "FSS.1202"),
        ("text", 500, "FSS.1202"),
        ({"body": ""}, 500, "FSS.1202"),
        ({"statusCode": 200, "body": "x" * 6 * 1024 * 1024}, 500, "FSS.1202"),
    ],
    ids=["late", "raises", "text", "no status", "large"],
)
def test_what_a_function_does_not_answer(api: Served, answer: Any, status: int, code: str) -> None:
    """huawei.md, 1.5, 1.6 and 3.2."""
    group = api.cloud.group()["id"]
    api.cloud.put(group)
    api.fleet.answers["echo"] = answer
    said = api.ask("POST", f"/{group}/v1")

    assert (status, code) == (said.status, said.code)


def test_six_megabytes_as_base64_are_too_many(api: Served) -> None:
    """huawei.md, 3.2: the function's limit bites before the gateway's."""
    group = api.cloud.group()["id"]
    api.cloud.put(group)

    assert [200, 413] == [api.ask("POST", f"/{group}/v1", b"x" * size).status for size in (4_400_000, 4_800_000)]


@pytest.mark.parametrize(
    "also",
    [
        {"auth_type": "APP"},
        {"auth_type": "IAM"},
        {"backend_type": "HTTP", "backend_api": {"url_domain": "a"}},
        {"func": {"invocation_type": "async"}},
    ],
    ids=["app", "iam", "http", "async"],
)
def test_what_is_not_understood_is_not_open(api: Served, also: dict[str, Any]) -> None:
    """Whoever asks."""
    group = api.cloud.group()["id"]
    api.cloud.put(group, **also)

    assert (500, []) == (api.ask("POST", f"/{group}/v1").status, api.fleet.asked)


def test_a_function_that_is_gone_is_not_called(api: Served) -> None:
    """Nor an authorizer: both are the gateway's own 500."""
    group, guard = api.cloud.group()["id"], api.cloud.guard()
    api.cloud.put(group)
    api.cloud.put(group, req_uri="/g", **guard)
    api.cloud.do("create_feature_v2", {"name": "sse_strategy", "enable": True, "config": "on"})
    api.cloud.kept.runtime_of = lambda _: None

    assert ([500, 500], []) == ([api.ask("POST", f"/{group}/{path}", Authorization=TOKEN).status for path in ("v1", "g")], api.fleet.asked)


@pytest.mark.parametrize(("name", "config", "body"), [("http-sse", "on", b"onetwo"), ("http-sse", "off", b"hello"), ("echo", "on", b"hello")])
def test_an_answer_streams_where_function_and_gateway_do(api: Served, name: str, config: str, body: bytes) -> None:
    """An HTTP function, and `sse_strategy` (huawei.md, 1.9)."""
    group = api.cloud.group()["id"]
    api.cloud.do("create_feature_v2", {"name": "sse_strategy", "enable": True, "config": config})
    api.cloud.put(group, cors=True, func={"function_urn": api.cloud.urn(name)})
    api.fleet.answers[name] = HELLO
    said = api.ask("POST", f"/{group}/v1")

    assert (body, "*", "api-gateway") == (said.body, said.headers["access-control-allow-origin"], said.headers["server"])


def test_a_cheap_function_is_asked_a_hundred_times_a_second(api: Served) -> None:
    """Because nothing is made anew for a request."""
    group = api.cloud.group()["id"]
    api.cloud.put(group)
    began = time.perf_counter()
    statuses = {api.ask("POST", f"/{group}/v1").status for _ in range(200)}
    took = time.perf_counter() - began

    assert {200} == statuses
    assert took < 10, f"{200 / took:.0f} a second"


@pytest.mark.parametrize("backend", [Misconfigured(), Mock("m", cors=True, plugin=None)], ids=["misconfigured", "mock"])
def test_what_has_nothing_to_stream_does_not(backend: Backend) -> None:
    """Both are asked for a whole answer only."""
    with pytest.raises(Refusal):
        backend.stream({}, 1)


def test_many_ask_at_once_while_the_gateway_changes(api: Served) -> None:
    """Each is answered by what is published."""
    group = api.cloud.group()["id"]
    api.cloud.put(group)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(api.ask, "POST", f"/{group}/v1") for _ in range(100)]
        for number in range(10):
            api.cloud.put(group, req_uri=f"/{number}")

    assert {200} == {one.result().status for one in asked}


def test_what_is_not_http_is_answered(api: Served) -> None:
    """In APIG's words, and for no group."""
    said = api.ask("POST", "/v1", Transfer_Encoding="nonsense")

    assert 400 == said.status
