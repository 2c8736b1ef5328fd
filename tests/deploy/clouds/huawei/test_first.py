"""What a first apply makes on Huawei Cloud, read back by another hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deploy import bundle
from tests.deploy.clouds.huawei.world import BUCKET, NAMES, SECRETS, called, urn

if TYPE_CHECKING:
    from tests.deploy.clouds.huawei.world import World

ORIGIN = "https://chat.example.org"
OPEN = {("POST", "/auth/login"), ("POST", "/auth/refresh")}
ADDRESSES = {(route.method, route.path): route for route in bundle.ROUTES}


def test_every_address_calls_an_alias(first: World) -> None:
    """By its URN, which wins over any version; never the newest code."""
    called_by = {(one["req_method"], one["req_uri"]): one["func_info"] for one in first.served.apis if one["req_method"] != "OPTIONS"}

    assert {key: urn(route.function, "!live") for key, route in ADDRESSES.items()} == {key: one["alias_urn"] for key, one in called_by.items()}
    assert {("sync", 60_000)} == {(one["invocation_type"], one["timeout"]) for one in called_by.values()}


def test_every_address_but_signing_in_asks_the_authorizer(first: World) -> None:
    """As it is served, not only as it is edited."""
    (guard,) = first.served.authorizers
    found = {(one["req_method"], one["req_uri"]): (one["auth_type"], one.get("authorizer_id")) for one in first.served.apis}

    assert {("NONE", None)} == {found[key] for key in OPEN}
    assert {("AUTHORIZER", guard)} == {found[key] for key in ADDRESSES.keys() - OPEN}


def test_the_authorizer_is_asked_through_its_alias_and_forgets_soon(first: World) -> None:
    """By the token and nothing else; one that was taken back passes for a minute at most; nobody passes while it cannot be asked."""
    (guard,) = first.served.authorizers.values()

    assert ("FRONTEND", urn("authorizer"), urn("authorizer", "!live")) == (guard["type"], guard["authorizer_uri"], guard["authorizer_alias_uri"])
    assert [("Authorization", "HEADER")] == [(one["name"], one["location"]) for one in guard["identities"]]
    assert 0 < guard["ttl"] <= 60
    assert (False, False) == (guard["need_body"], guard.get("auth_downgrade_enabled", False))


def test_browsers_may_ask_first_without_a_token(first: World) -> None:
    """Every path has an OPTIONS that nobody guards, no function answers, and that says what CORS wants."""
    asked = {one["req_uri"]: (one["auth_type"], one["backend_type"], one["cors"]) for one in first.served.apis if one["req_method"] == "OPTIONS"}

    assert {path: ("NONE", "MOCK", True) for _, path in ADDRESSES} == asked


def test_functions_are_told_the_caller_by_the_gateway(first: World) -> None:
    """The source everywhere; the token's claims only where the authorizer was asked, else APIG.2036."""
    mapped = {
        (one["req_method"], one["req_uri"]): {each["name"]: (each["location"], each["value"]) for each in one["backend_params"]}
        for one in first.served.apis
        if one["req_method"] != "OPTIONS"
    }
    source = {"x-twocan-source": ("HEADER", "$context.sourceIp")}
    token = {"x-twocan-token": ("HEADER", "$context.authorizer.frontend.token")}

    assert {key: source if key in OPEN else {**source, **token} for key in ADDRESSES} == mapped


def test_the_gateways_own_errors_can_be_read_by_the_page(first: World) -> None:
    """Each type names the page's origin, and its body is OpenAI's; every address has them."""
    (mine,) = [one for one in first.served.responses.values() if not one["default"]]
    answers = mine["responses"]
    named = {kind: {each["key"]: each["value"] for each in one["headers"]} for kind, one in answers.items()}

    assert {ORIGIN} == {one["access-control-allow-origin"] for one in named.values()}
    assert {"AUTHORIZER_FAILURE", "AUTHORIZER_IDENTITIES_FAILURE", "THROTTLED", "BACKEND_TIMEOUT", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    assert all("error" in json.loads(one["body"]) for one in answers.values())
    assert {mine["id"]} == {one["response_id"] for one in first.served.apis if one["req_method"] != "OPTIONS"}


def test_all_is_published_and_throttled_together(first: World) -> None:
    """One policy for all addresses, which share it: fifty requests a second for the stage, not for each."""
    (policy,) = first.gateway.throttles.values()
    throttled = {api: one["id"] for api, one in first.served.throttles.items()}

    assert set(first.gateway.apis) == {api for api, _ in first.gateway.online}
    assert dict.fromkeys(first.gateway.apis, policy["id"]) == throttled
    assert (2, 50, "SECOND", 1) == (policy["type"], policy["api_call_limits"], policy["time_unit"], policy["time_interval"])


def test_secrets_are_encrypted_and_their_marks_stand_beside(first: World) -> None:
    """Only what a function needs; the marks say nothing of the values."""
    kept = {name: json.loads(first.live(name).get("encrypted_user_data") or "{}") for name in NAMES}
    marks = {name: json.loads(json.loads(first.live(name)["user_data"]).get("TWOCAN_MARKS", "{}")) for name in NAMES}

    keyed = {"authorizer": {"TOKEN_KEY"}, "login": {"STORE", "TOKEN_KEY"}, "chat": {"MODEL_KEYS", "TOKEN_KEY"}}
    assert {**keyed, "qa": {"TOKEN_KEY"}, "admin": {"STORE"}} == {name: set(one) for name, one in kept.items()}
    assert {name: set(one) for name, one in kept.items()} == {name: set(one) for name, one in marks.items()}
    assert not {value for one in marks.values() for value in one.values()} & {value for one in kept.values() for value in one.values()}


def test_only_functiongraph_is_ever_told_a_secret(first: World) -> None:
    """In all that was sent; and there only as encrypted user data."""
    told = [one for wire in (first.control, first.storage) for one in wire.calls if _tells(one.body.decode("latin-1"))]
    bodies = [json.loads(one.body) for one in told]
    elsewhere = [json.dumps({name: value for name, value in one.items() if name != "encrypted_user_data"}) for one in bodies]

    assert {"POST /fgs/functions"} == {called(one) for one in told}
    assert [] == [one for one in elsewhere if _tells(one)]
    assert not [one for wire in (first.control, first.storage) for one in wire.calls if _tells(one.path + one.query + str(one.headers))]


def _tells(text: str) -> bool:
    return any(secret in text for secret in SECRETS)


def test_functions_are_what_the_bundle_says(first: World) -> None:
    """Python 3.10 with an initializer; and whoever stands behind the gateway gives up before it does."""
    about = {name: first.live(name) for name in NAMES}

    assert {("Python3.10", "index.handler", "index.initializer", 20, "v2")} == {
        (one["runtime"], one["handler"], one["initializer_handler"], one["initializer_timeout"], one["type"]) for one in about.values()
    }
    assert {"authorizer": 10, "login": 25, "chat": 55, "qa": 25, "admin": 60} == {name: one["timeout"] for name, one in about.items()}
    assert {"authorizer": 256, "login": 1024, "chat": 512, "qa": 1792, "admin": 1024} == {name: one["memory_size"] for name, one in about.items()}
    assert [] == [name for name, one in about.items() if one.get("func_vpc") or one.get("xrole")]


def test_each_function_has_one_version_that_is_live(first: World) -> None:
    """Its alias leads to it whole."""
    aliases = {name: first.function(name).aliases["live"] for name in NAMES}

    assert {("1", ())} == {(one.version, tuple(one.weights)) for one in aliases.values()}
    assert [["1", "latest"]] * len(NAMES) == [sorted(first.function(name).versions) for name in NAMES]


def test_each_function_writes_to_a_log_of_its_own(first: World) -> None:
    """Which keeps as long as the owner says."""
    ((group_id, group),) = first.logs.groups.items()
    places = {name: first.live(name)["log_config"] for name in NAMES}

    assert ("twocan-mine", 30) == (group.name, group.days)
    assert {name: f"twocan-mine-{name}" for name in NAMES} == {name: group.streams[one["stream_id"]].name for name, one in places.items()}
    assert {(True, group_id)} == {(first.live(name)["enable_lts_log"], one["group_id"]) for name, one in places.items()}


def test_everybody_may_read_the_page_and_nothing_else(first: World) -> None:
    """Neither may anybody list it, or write there."""
    (statement,) = json.loads(first.bucket.policy)["Statement"]

    assert ("Allow", {"ID": ["*"]}, ["GetObject"]) == (statement["Effect"], statement["Principal"], statement["Action"])
    assert [f"{BUCKET}/index.html", f"{BUCKET}/releases/*"] == statement["Resource"]
    assert {"private"} == {first.bucket.acl, *(one.acl for one in first.bucket.objects.values())}


def test_the_page_is_written_last_and_never_cached(first: World) -> None:
    """Its files are kept for a year, and are all there before it."""
    written = [one.path.removeprefix("/") for one in first.storage.calls if one.method == "PUT" and one.path != "/" and not one.query]
    caches = {key: one.headers["cache-control"] for key, one in first.bucket.objects.items()}

    assert "index.html" == written[-1]
    assert set(written) == set(caches)
    assert "no-cache" == caches.pop("index.html")
    assert {"public, max-age=31536000, immutable"} == set(caches.values())


def test_the_page_has_types_and_the_owners_domain(first: World) -> None:
    """Which is the only address where browsers show it."""
    types = {key.rpartition("/")[2]: one.headers["content-type"].partition(";")[0] for key, one in first.bucket.objects.items()}

    assert ("text/html", "text/javascript") == (types["index.html"], types["app.js"])
    assert ["chat.example.org"] == list(first.bucket.domains)
    assert first.bucket.website
    assert "index.html" == first.bucket.website.first


def test_the_lock_hangs_on_a_function_that_nobody_calls(first: World) -> None:
    """It is free again when the apply is through."""
    lock = first.function("lock")

    assert ({}, ["1", "latest"]) == (lock.aliases, sorted(lock.versions))
    assert not [one for one in first.served.apis if "lock" in str(one.get("func_info"))]


def test_nothing_is_left_to_do_afterwards(first: World) -> None:
    """And every output that a person needs is there: the page, the name that its record leads to, the API."""
    seen = first.deployment().target.observe()
    (group,) = first.gateway.groups.values()

    assert ORIGIN == seen.outputs["bucket", "origin"]
    assert f"{BUCKET}.obs-website.cn-north-4.myhuaweicloud.com" == seen.outputs["bucket", "host"]
    assert f"https://{group['sl_domain']}" == seen.outputs["api", "origin"]
