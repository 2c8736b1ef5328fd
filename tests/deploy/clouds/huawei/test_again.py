"""The second apply on Huawei Cloud, and all later ones: nothing where nothing changed, else only what did; and what was spoiled is mended."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deploy import operate, show
from deploy.clouds import DeployError
from tests.deploy.clouds.huawei.world import CHOICES, DATABASE, MODEL_KEY, NAMES, PLACE, SECRETS, SITE, urn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.clouds.huawei.world import World


def test_a_second_apply_changes_nothing(applied: World) -> None:
    """Not a single call of it does."""
    found = applied.apply()

    assert ([], []) == (applied.changed, list(found.steps))
    assert applied.control.calls


def test_a_plan_changes_nothing_and_shows_no_secret(empty: World) -> None:
    """Neither to a person nor to a script; what is not there yet is said."""
    found = operate.outlook(empty.deployment())
    shown = show.steps(found.steps).plain + json.dumps(show.as_json(found.steps))

    assert [] == empty.changed
    assert "(known after apply)" in shown
    assert [] == [secret for secret in SECRETS if secret in shown]


def test_other_code_changes_functions_and_nothing_else(applied: World) -> None:
    """Unpublished ones: no version is made and no alias moves."""
    before = applied.listed()
    applied.apply(code="2")

    assert {f"PUT /fgs/functions/{name}/{part}" for name in NAMES for part in ("code", "config")} == set(applied.changed)
    assert before == applied.listed()
    assert {"1"} == {applied.function(name).aliases["live"].version for name in NAMES}


def test_other_days_change_the_logs_and_nothing_else(applied: World) -> None:
    """No function, no address and no file is touched."""
    found = applied.apply(CHOICES._replace(deploy=PLACE._replace(log_days=7)))
    ((group_id, group),) = applied.logs.groups.items()

    assert {f"POST /groups/{group_id}"} == set(applied.changed)
    assert ([], 7) == (list(found.steps), group.days)


def test_another_rate_changes_the_policy_and_nothing_of_the_addresses(applied: World) -> None:
    """All addresses share the new one."""
    found = applied.apply(CHOICES._replace(deploy=PLACE._replace(rate=5)))

    assert [] == list(found.steps)
    assert [5] * len(applied.gateway.apis) == [one["api_call_limits"] for one in applied.served.throttles.values()]
    assert not [one for one in applied.changed if "/fgs/" in one or "PUT /apis" in one]


def test_another_page_changes_files_and_nothing_else(applied: World) -> None:
    """The page that is shown stays: a promotion moves it."""
    before = applied.bucket.objects["index.html"]
    found = applied.apply(page="2")

    assert before == applied.bucket.objects["index.html"]
    assert ([], 1) == (list(found.steps), len(found.pending))
    assert {"PUT"} == {one.partition(" ")[0] for one in applied.changed}
    assert not [one for one in applied.changed if "/releases/" not in one]


def test_another_domain_of_the_page_takes_the_place_of_the_first(applied: World) -> None:
    """In OBS, in what browsers may call from, and in the gateway's own errors as they are served."""
    found = applied.apply(CHOICES._replace(site=SITE._replace(domain="other.example.org")))
    (mine,) = [one for one in applied.served.responses.values() if not one["default"]]
    origins = {each["value"] for one in mine["responses"].values() for each in one["headers"] if each["key"] == "access-control-allow-origin"}

    assert (["other.example.org"], []) == (list(applied.bucket.domains), list(found.steps))
    assert {"https://other.example.org"} == origins
    assert "https://other.example.org" == json.loads(applied.function("chat").latest.settings["user_data"])["SITE_ORIGIN"]


def test_the_apis_own_domain_is_bound_and_the_page_calls_it(applied: World) -> None:
    """By TLS 1.2 at least; and it goes when the owner takes it back."""
    with_domain = CHOICES._replace(deploy=PLACE._replace(api_domain="api.example.org"))
    found = applied.apply(with_domain)
    (group,) = applied.gateway.groups.values()
    bound = [(one["domain"], one["min_ssl_version"]) for one in group["url_domains"]]
    origin = applied.deployment(with_domain).target.observe().outputs["api", "origin"]
    again = applied.apply()

    assert ([("api.example.org", "TLSv1.2")], "https://api.example.org", []) == (bound, origin, list(found.steps))
    assert ([], []) == (list(again.steps), [one for group in applied.gateway.groups.values() for one in group["url_domains"]])


def _open_address(world: World) -> None:
    api = world.edited("GET", "/auth/me")
    params = [one for one in api["backend_params"] if "authorizer" not in one["value"]]
    opened = {name: value for name, value in api.items() if name != "authorizer_id"}
    world.gateway.apis[api["id"]] = {**opened, "auth_type": "NONE", "backend_params": params}
    _publish(world, api["id"])


def _publish(world: World, api: str) -> None:
    body = {"apis": [api], "env_id": "DEFAULT_ENVIRONMENT_RELEASE_ID"}
    world.deployment().target.account.call("apig", "batch_publish_or_offline_api_v2", instance_id=PLACE.gateway, action="online", body=body)  # type: ignore[attr-defined]


def _unguard(world: World) -> None:
    ((name, guard),) = world.gateway.authorizers.items()
    world.gateway.authorizers[name] = {**guard, "authorizer_alias_uri": urn("chat", "!live"), "ttl": 3600}


def _forget_alias_of_guard(world: World) -> None:
    ((name, guard),) = world.gateway.authorizers.items()
    world.gateway.authorizers[name] = {key: value for key, value in guard.items() if key != "authorizer_alias_uri"}


def _open_bucket(world: World) -> None:
    statement = {"Sid": "page", "Effect": "Allow", "Principal": {"ID": ["*"]}, "Action": ["*"], "Resource": [f"{world.bucket.name}/*"]}
    world.bucket.policy = json.dumps({"Statement": [statement]})


def _close_bucket(world: World) -> None:
    world.bucket.policy = ""


def _stop_website(world: World) -> None:
    world.bucket.website = None


def _unbind_page(world: World) -> None:
    world.bucket.domains.clear()


def _mute_errors(world: World) -> None:
    (mine,) = [one for one in world.gateway.responses.values() if not one["default"]]
    silent = {**mine["responses"]["AUTHORIZER_FAILURE"], "headers": []}
    world.gateway.responses[mine["id"]] = {**mine, "responses": {**mine["responses"], "AUTHORIZER_FAILURE": silent}}


def _say_more(world: World) -> None:
    (mine,) = [one for one in world.gateway.responses.values() if not one["default"]]
    world.gateway.responses[mine["id"]] = {**mine, "responses": {}}


def _answer_otherwise(world: World) -> None:
    _edit(world, "GET", "/v1/models", response_id=next(one["id"] for one in world.gateway.responses.values() if one["default"]))


def _unbind_throttle(world: World) -> None:
    world.gateway.bindings.clear()


def _delete_throttle(world: World) -> None:
    world.gateway.bindings.clear()
    world.gateway.throttles.clear()


def _throttle_each(world: World) -> None:
    ((name, policy),) = world.gateway.throttles.items()
    world.gateway.throttles[name] = {**policy, "type": 1}


def _edit(world: World, method: str, path: str, **fields: Any) -> None:
    api = world.edited(method, path)
    world.gateway.apis[api["id"]] = {**api, **fields}


def _edit_in_secret(world: World) -> None:
    api = world.edited("GET", "/v1/models")
    _edit(world, "GET", "/v1/models", func_info={**api["func_info"], "alias_urn": urn("login", "!live")})


def _call_the_newest(world: World) -> None:
    api = world.edited("GET", "/v1/models")
    function = {name: value for name, value in api["func_info"].items() if name != "alias_urn"}
    _edit(world, "GET", "/v1/models", func_info=function)
    _publish(world, api["id"])


def _trust_the_client(world: World) -> None:
    _edit(world, "GET", "/v1/models", backend_params=[])
    _publish(world, world.edited("GET", "/v1/models")["id"])


def _guard_preflight(world: World) -> None:
    (guard,) = world.gateway.authorizers
    _edit(world, "OPTIONS", "/v1/models", auth_type="AUTHORIZER", authorizer_id=guard)


def _unpublish(world: World) -> None:
    api = world.edited("GET", "/v1/models")["id"]
    body = {"apis": [api], "env_id": "DEFAULT_ENVIRONMENT_RELEASE_ID"}
    world.deployment().target.account.call("apig", "batch_publish_or_offline_api_v2", instance_id=PLACE.gateway, action="offline", body=body)  # type: ignore[attr-defined]


def _delete_address(world: World) -> None:
    _unpublish(world)
    del world.gateway.apis[world.edited("GET", "/v1/models")["id"]]


def _set_variable(world: World) -> None:
    function = world.function("chat")
    settings = dict(function.latest.settings)
    settings["user_data"] = json.dumps({**json.loads(settings["user_data"]), "OPENAI_LOG": "debug"})
    function.versions["latest"] = function.latest._replace(settings=settings)


def _swap_secret(world: World) -> None:
    function = world.function("chat")
    settings = dict(function.latest.settings)
    settings["encrypted_user_data"] = json.dumps({"TOKEN_KEY": "x" * 40})
    function.versions["latest"] = function.latest._replace(settings=settings)


def _keep_logs(world: World) -> None:
    for group in world.logs.groups.values():
        group.days = 365


def _replace_file(world: World) -> None:
    key = next(key for key in world.bucket.objects if key.endswith("app.js"))
    world.bucket.objects[key] = world.bucket.objects[key]._replace(body=b"evil", etag='"4034a346ccee15292d823416f7510a2f"')


SPOILED: dict[str, Callable[[World], None]] = {
    "an open address": _open_address,
    "another authorizer": _unguard,
    "an authorizer that is the newest code": _forget_alias_of_guard,
    "an open bucket": _open_bucket,
    "a closed bucket": _close_bucket,
    "no website": _stop_website,
    "no domain": _unbind_page,
    "an error without CORS": _mute_errors,
    "no errors of our own": _say_more,
    "an address with the gateway's own errors": _answer_otherwise,
    "addresses without a limit": _unbind_throttle,
    "no limit": _delete_throttle,
    "a limit for each address": _throttle_each,
    "an edit that is not published": _edit_in_secret,
    "an address to the newest code": _call_the_newest,
    "an address that trusts its caller": _trust_the_client,
    "a guarded preflight": _guard_preflight,
    "an address taken offline": _unpublish,
    "no address": _delete_address,
    "a variable more": _set_variable,
    "a secret less": _swap_secret,
    "a log for a year": _keep_logs,
    "a file that is not ours": _replace_file,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_somebody_changed_is_seen_and_mended(applied: World, spoil: Callable[[World], None]) -> None:
    """Also in what is served. Nothing else is doubled or lost, and then there is nothing to do any more."""
    before, served, files = applied.listed(), serving(applied), stored(applied)
    spoil(applied)
    applied.apply()
    again = operate.outlook(applied.deployment())

    assert applied.changed
    assert (before, []) == (applied.listed(), list(again.steps))
    assert (served, files) == (serving(applied), stored(applied))


def serving(world: World) -> dict[str, Any]:
    """Return what the stage serves and how, apart from ids and times."""
    found = world.served
    return {
        "addresses": sorted(map(_served, found.apis), key=str),
        "guards": [(one["authorizer_alias_uri"], one["ttl"], one["identities"]) for one in found.authorizers.values()],
        "answers": [one["responses"] for one in found.responses.values()],
        "limits": sorted((one["api_call_limits"], one["type"]) for one in found.throttles.values()),
        "settings": {name: {**world.function(name).latest.settings, "log_config": ""} for name in NAMES},
        "days": [group.days for group in world.logs.groups.values()],
    }


def _served(api: Any) -> Any:
    names = ("req_method", "req_uri", "auth_type", "backend_type", "cors", "response_id")
    params = sorted((one["name"], one["value"]) for one in api["backend_params"])
    return [*(api.get(name) for name in names), bool(api.get("authorizer_id")), api.get("func_info", {}).get("alias_urn"), params]


def stored(world: World) -> Any:
    """Return what lies in the bucket, and who may read it."""
    bucket = world.bucket
    return {key: one.etag for key, one in bucket.objects.items()}, bucket.policy, bucket.website, list(bucket.domains)


def test_what_is_wanted_no_more_stays_until_a_promotion(applied: World) -> None:
    """Somebody may still use it; but it is told."""
    target: Any = applied.deployment().target
    api = applied.edited("GET", "/v1/models")
    applied.gateway.apis["f" * 32] = {**api, "id": "f" * 32, "name": "twocan_mine_old", "req_uri": "/v1/old"}
    found = operate.outlook(applied.deployment())

    assert "route GET /v1/old" in target.observe().things
    assert ["route GET /v1/old"] == [show.as_json([step])[0]["thing"] for step in found.leftovers]


def test_secrets_of_another_machine_stay(applied: World) -> None:
    """Code changes without them: they are left out of what is sent, and FunctionGraph keeps them."""
    before = {name: applied.function(name).latest.settings.get("encrypted_user_data") for name in NAMES}
    environment = {name: value for name, value in applied.environment.items() if value not in {DATABASE, MODEL_KEY}}
    found = applied.apply(environment=environment, code="2", machine="elsewhere")

    assert [] == list(found.steps)
    assert before == {name: applied.function(name).latest.settings.get("encrypted_user_data") for name in NAMES}
    assert not [one for one in applied.control.calls if b"encrypted_user_data" in one.body]


def test_secrets_that_functiongraph_forgets_are_missed(have: Callable[..., World]) -> None:
    """It may be that it keeps none that are left out: then the apply says so, and what is live has its own."""
    world = have(keeps_omitted_secrets=False)
    live = {name: world.live(name) for name in NAMES}
    environment = {name: value for name, value in world.environment.items() if value not in {DATABASE, MODEL_KEY}}
    with pytest.raises(DeployError, match=r"has forgotten the secrets of the unpublished .* What is live is not touched") as said:
        world.apply(environment=environment, code="2", machine="elsewhere")
    found = world.apply(code="2")

    assert 1 == len(str(said.value).splitlines())
    assert live == {name: world.live(name) for name in NAMES}
    assert [] == list(found.steps)


def test_one_secret_is_not_changed_without_the_others(applied: World) -> None:
    """All are written together, so those that nobody knows here would be lost."""
    environment = {**applied.environment, "MODEL_KEY": "another", "DATABASE_URL": ""}
    with pytest.raises(DeployError, match=r"MODEL_KEYS of chat cannot be changed here: .* does not know TOKEN_KEY") as said:
        applied.apply(environment=environment, machine="elsewhere")

    assert "another" not in str(said.value)
    assert not [one for one in applied.changed if "/chat/" in one]


def test_a_secret_that_changed_is_sent_with_the_others(applied: World) -> None:
    """To the function that needs it."""
    found = applied.apply(environment={**applied.environment, "MODEL_KEY": "another"})
    kept = json.loads(applied.function("chat").latest.settings["encrypted_user_data"])

    assert [] == list(found.steps)
    assert ({"MODEL_KEY": "another"}, {"MODEL_KEYS", "TOKEN_KEY"}) == (json.loads(kept["MODEL_KEYS"]), set(kept))
    assert {"PUT /fgs/functions/chat/code", "PUT /fgs/functions/chat/config"} == set(applied.changed)


def test_a_stage_beside_it_is_left_alone(applied: World) -> None:
    """What has another name is not seen: not its bucket, group, functions or logs."""
    target: Any = applied.deployment().target
    before = target.observe()
    group = next(iter(applied.gateway.groups.values()))
    applied.gateway.groups["f" * 32] = {**group, "id": "f" * 32, "name": "twocan_mine_too", "url_domains": []}
    ((_, log),) = applied.logs.groups.items()
    applied.logs.groups["e" * 32] = replace(log, id="e" * 32, name="twocan-mine-too", streams={})

    assert before == target.observe()
