"""The API on Huawei Cloud: one group on the owner's dedicated gateway, APIG (huawei.md, 2 and 3.2).

This file knows APIG's keys and its order (group, answers, authorizer, APIs, then a publication); it must not know FunctionGraph's but for the alias
that is called. What is edited is invisible until it is published, and the group's remark says what of ours was published last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.clouds import DeployError
from deploy.clouds.huawei import gateway_words as words
from deploy.clouds.huawei.account import pages
from deploy.steps import Api, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.clouds.huawei.account import Account
    from deploy.steps import Answer, Authorizer, Preflight, Route, Thing

#: The environment that a request without `X-Stage` is for; its id is this word itself (huawei.md, 3.2).
ENVIRONMENT = "DEFAULT_ENVIRONMENT_RELEASE_ID"
NO_GATEWAY = 'Write the id of your APIG gateway as gateway = "…" under [deploy] in twocan.toml; `doctor` says how to get one.'
_GONE = ("APIG.3001", "APIG.3002", "APIG.3004", "APIG.3006", "APIG.3081", "APIG.3093")


class Gateway(NamedTuple):
    """The owner's gateway, and the stage's group on it, by their ids; "" while there is no group."""

    account: Account
    instance: str
    group: str = ""

    def call(self, operation: str, **arguments: Any) -> Any:
        """Call APIG. Raises DeployError."""
        return self.account.call("apig", operation, instance_id=self.instance, **arguments)

    def find(self, operation: str, absent: tuple[str, ...], **arguments: Any) -> Any:
        """Call APIG, and return None for these codes. Raises DeployError."""
        return self.account.find("apig", operation, absent, instance_id=self.instance, **arguments)

    def make(self, operation: str, there: Callable[[], bool], **arguments: Any) -> None:
        """Create, unless it is there. Raises DeployError."""
        self.account.make("apig", operation, there, instance_id=self.instance, **arguments)

    def listed(self, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items of a list. Raises DeployError."""
        return pages(lambda offset: self.call(operation, offset=offset, limit=500, **arguments), member)


def find(account: Account, instance: str) -> tuple[Gateway, Mapping[str, Any]]:
    """Return the stage's group and what APIG says of it, {} if there is none. Raises DeployError."""
    if not instance:
        raise DeployError(NO_GATEWAY)
    gateway = Gateway(account, instance)
    named = [one for one in gateway.listed("list_api_groups_v2", "groups", name=account.names.word) if one["name"] == account.names.word]
    if not named:
        return gateway, {}
    about = gateway.find("show_details_of_api_group_v2", _GONE, group_id=named[0]["id"])
    return (gateway._replace(group=named[0]["id"]), about) if about else (gateway, {})


def put_api(gateway: Gateway, api: Api) -> tuple[Gateway, Mapping[str, Any]]:
    """Make the group, the set of answers of its own, and bind the owner's domain; return the group."""
    account = gateway.account
    if not gateway.group:
        body = {"name": account.names.word, "remark": words.release_words(Release("", 1, 1))}
        gateway.make("create_api_group_v2", lambda: bool(find(account, gateway.instance)[0].group), body=body)
        gateway, _ = find(account, gateway.instance)
    if not _answers(gateway):
        answers = {"name": "twocan", "responses": {}}
        gateway.make("create_gateway_response_v2", lambda: bool(_answers(gateway)), group_id=gateway.group, body=answers)
    _put_domain(gateway, api.domain)
    return find(account, gateway.instance)


def _put_domain(gateway: Gateway, domain: str) -> None:
    """Bind the owner's domain, if he has one, and no other."""
    bound = _bound(gateway)
    for name, identity in bound.items():
        if name != domain:
            gateway.find("disassociate_domain_v2", _GONE, group_id=gateway.group, domain_id=identity)
    if domain and domain not in bound:
        body = {"url_domain": domain, "min_ssl_version": "TLSv1.2"}
        gateway.make("associate_domain_v2", lambda: domain in _bound(gateway), group_id=gateway.group, body=body)


def _bound(gateway: Gateway) -> dict[str, str]:
    _, about = find(gateway.account, gateway.instance)
    return {one["domain"]: one["id"] for one in about.get("url_domains") or []}


def delete_api(gateway: Gateway) -> None:
    """Delete the group with all that is in it, what is published first (APIG.3415, APIG.3416)."""
    if not gateway.group:
        return
    delete_release(gateway)
    for one in _listed(gateway):
        gateway.find("delete_api_v2", _GONE, api_id=one["id"])
    for one in _guards(gateway):
        gateway.find("delete_custom_authorizer_v2", _GONE, authorizer_id=one["id"])
    gateway.find("delete_api_group_v2", _GONE, group_id=gateway.group)


def observe(gateway: Gateway, about: Mapping[str, Any]) -> Iterator[Thing]:
    """Yield the group and its parts as they are edited now, and the release as it was published last."""
    names = gateway.account.names
    guards = {one["id"]: one for one in _guards(gateway)}
    answers = _answers(gateway)
    # Without a set of answers of its own, the group is not whole.
    yield Api(",".join(sorted(one["domain"] for one in about.get("url_domains") or [])) if answers else "unfinished")
    for one in guards.values():
        yield words.authorizer_thing(names, one)
    with ThreadPoolExecutor(8) as pool:
        listed = pool.map(lambda one: gateway.find("show_details_of_api_v2", _GONE, api_id=one["id"]), list(_listed(gateway)))
        whole = [one for one in listed if one is not None]
    for one in whole:
        if one["req_method"] == "OPTIONS":
            yield words.preflight_thing(one)
        else:
            yield words.route_thing(names, one, set(guards), answers.get("id", ""))
    for kind, one in (answers.get("responses") or {}).items():
        if not one.get("default"):
            yield words.answer_thing(kind, one)
    published = [bool(one.get("run_env_id")) for one in whole]
    limits = [words.throttle_rate(gateway.account.names, one, sum(published)) for one in _throttles(gateway)]
    release = words.release_thing(about.get("remark") or "", limits, published)
    if release is not None:
        yield release


def put_authorizer(gateway: Gateway, authorizer: Authorizer) -> None:
    """Make the authorizer, or make it anew."""
    body = words.authorizer_words(gateway.account.names, authorizer)
    there = next(iter(_guards(gateway)), None)
    if there is None:
        gateway.make("create_custom_authorizer_v2", lambda: bool(_guards(gateway)), body=body)
        return
    gateway.call("update_custom_authorizer_v2", authorizer_id=there["id"], body=body)


def put_route(gateway: Gateway, route: Route) -> None:
    """Make the address as it should be. A guarded one has its authorizer from its first call on, so that it is never open, whenever this ends."""
    guard = next((one["id"] for one in _guards(gateway)), "")
    _put(gateway, words.route_words(gateway.account.names, route, guard))


def put_preflight(gateway: Gateway, preflight: Preflight) -> None:
    """Make the address's OPTIONS as it should be."""
    _put(gateway, words.preflight_words(gateway.account.names, preflight))


def delete_address(gateway: Gateway, method: str, path: str) -> None:
    """Take an address off the gateway, and delete it."""
    for one in _listed(gateway):
        if (one["req_method"], one["req_uri"]) == (method, path):
            if one.get("run_env_id"):
                body = {"action": "offline", "env_id": ENVIRONMENT, "api_id": one["id"]}
                gateway.find("create_or_delete_publish_record_for_api_v2", _GONE, body=body)
            gateway.find("delete_api_v2", _GONE, api_id=one["id"])


def put_answer(gateway: Gateway, answer: Answer) -> None:
    """Say what the gateway answers by itself for a type of error."""
    where = {"group_id": gateway.group, "response_id": _answers_id(gateway), "response_type": answer.type}
    gateway.call("update_gateway_response_type_v2", **where, body=words.answer_words(answer))


def delete_answer(gateway: Gateway, answer: Answer) -> None:
    """Go back to the gateway's own words."""
    where = {"group_id": gateway.group, "response_id": _answers_id(gateway), "response_type": answer.type}
    gateway.find("delete_gateway_response_type_v2", _GONE, **where)


def delete_authorizer(gateway: Gateway) -> None:
    """Delete the authorizer, once no address has it any more."""
    for one in _guards(gateway):
        gateway.find("delete_custom_authorizer_v2", _GONE, authorizer_id=one["id"])


def put_release(gateway: Gateway, release: Release) -> None:
    """Publish the API as it is edited now, or, without a digest, only say that it is being edited."""
    if release.digest:
        _publish(gateway, "online", [one["id"] for one in _listed(gateway)])
        _throttle(gateway, release.rate)
    # Last: it says that all the others are so.
    body = {"name": gateway.account.names.word, "remark": words.release_words(release)}
    gateway.call("update_api_group_v2", group_id=gateway.group, body=body)


def delete_release(gateway: Gateway) -> None:
    """Take the API from its address."""
    _publish(gateway, "offline", [one["id"] for one in _listed(gateway) if one.get("run_env_id")])
    for one in _throttles(gateway):
        gateway.find("delete_request_throttling_policy_v2", (*_GONE, "APIG.3005"), throttle_id=one["id"])
    body = {"name": gateway.account.names.word, "remark": words.release_words(Release("", 1, 1))}
    gateway.find("update_api_group_v2", _GONE, group_id=gateway.group, body=body)


def origin(about: Mapping[str, Any]) -> str:
    """Return where a group is called: at the owner's domain if one is bound, else at the address that is for trying out (1,000 calls a day)."""
    bound = [one["domain"] for one in about.get("url_domains") or []]
    return f"https://{bound[0] if bound else about['sl_domain']}"


def _put(gateway: Gateway, body: Mapping[str, Any]) -> None:
    # Without the group's answers by their id, the address would have APIG's own (huawei.md, 2.5).
    body = {**body, "group_id": gateway.group, "response_id": _answers_id(gateway)}
    where = (body["req_method"], body["req_uri"])
    known = _addresses(gateway).get(where)
    if known is None:
        gateway.make("create_api_v2", lambda: where in _addresses(gateway), body=body)
        return
    gateway.call("update_api_v2", api_id=known, body=body)


def _addresses(gateway: Gateway) -> dict[tuple[str, str], str]:
    return {(one["req_method"], one["req_uri"]): one["id"] for one in _listed(gateway)}


def _publish(gateway: Gateway, action: str, apis: list[str]) -> None:
    if not apis:
        return
    body = {"apis": apis, "env_id": ENVIRONMENT}
    said = gateway.call("batch_publish_or_offline_api_v2", action=action, body=body)
    if failed := said.get("failure"):
        raise DeployError(
            f"{len(failed)} of {len(apis)} addresses could not be put {action}: {failed[0].get('error_msg')}. Run the same command again."
        )


def _throttle(gateway: Gateway, rate: int) -> None:
    """Let so many requests a second through, all addresses together (a shared policy), and bind every address to it."""
    body = words.throttle_words(gateway.account.names, rate)
    there = next(iter(_throttles(gateway)), None)
    if there is None:
        gateway.make("create_request_throttling_policy_v2", lambda: bool(_throttles(gateway)), body=body)
        there = next(iter(_throttles(gateway)))
    elif any(there.get(name) != value for name, value in body.items()):
        gateway.call("update_request_throttling_policy_v2", throttle_id=there["id"], body=body)
    bound = gateway.listed("list_apis_binded_to_request_throttling_policy_v2", "apis", throttle_id=there["id"])
    missing = {one["publish_id"] for one in _listed(gateway) if one.get("publish_id")} - {one["publish_id"] for one in bound}
    if missing:
        gateway.call("associate_request_throttling_policy_v2", body={"strategy_id": there["id"], "publish_ids": sorted(missing)})


def _listed(gateway: Gateway) -> list[Any]:
    return list(gateway.listed("list_apis_v2", "apis", group_id=gateway.group))


def _guards(gateway: Gateway) -> list[Any]:
    name = gateway.account.names.word
    return [one for one in gateway.listed("list_custom_authorizers_v2", "authorizer_list", name=name) if one["name"] == name]


def _throttles(gateway: Gateway) -> list[Any]:
    name = gateway.account.names.word
    return [one for one in gateway.listed("list_request_throttling_policy_v2", "throttles", name=name) if one["name"] == name]


def _answers_id(gateway: Gateway) -> str:
    """Return the id of the group's own set of answers, "" if there is none."""
    listed = gateway.listed("list_gateway_responses_v2", "responses", group_id=gateway.group)
    return str(next((one["id"] for one in listed if one["name"] == "twocan"), ""))


def _answers(gateway: Gateway) -> Mapping[str, Any]:
    """Return the group's own set of answers, {} if there is none."""
    known = _answers_id(gateway)
    if not known:
        return {}
    whole: Mapping[str, Any] = gateway.call("show_details_of_gateway_response_v2", group_id=gateway.group, response_id=known)
    return whole
