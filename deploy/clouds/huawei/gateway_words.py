"""Our things in APIG's words, and APIG's words as our things (huawei.md, 2 and 3.2). Pure.

What is not quite as we would write it is read as a thing that differs from every one that is wanted, so that the next apply writes it anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deploy.clouds import LIVE
from deploy.steps import Answer, Authorizer, Preflight, Release, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deploy.clouds.huawei.account import Names

Words = dict[str, Any]
#: Milliseconds: the longest that a function may take behind the gateway (huawei.md, 1.6).
_LONGEST = 60_000
_REMARK = re.compile(r"release=([0-9a-f]{0,64}) rate=(\d+) burst=(\d+)")
#: What the function is told of the caller (huawei.md, 2.4); the last only where the authorizer was asked, else APIG.2036.
_SOURCE = {"origin": "SYSTEM", "name": "x-twocan-source", "location": "HEADER", "value": "$context.sourceIp"}
_TOKEN = {"origin": "SYSTEM", "name": "x-twocan-token", "location": "HEADER", "value": "$context.authorizer.frontend.token"}
#: What stands on an address whose function streams: nothing else of it differs.
_STREAMS = "Its answers stream."
# The key of what is remembered, too (huawei.md, 2.3).
_IDENTITY = {"name": "Authorization", "location": "HEADER"}


def authorizer_words(names: Names, authorizer: Authorizer) -> Words:
    """Return the authorizer: what it calls is the function's alias; without a token nobody is called."""
    return {
        "name": names.word,
        "type": "FRONTEND",
        "authorizer_type": "FUNC",
        "authorizer_uri": names.urn(authorizer.function),
        "authorizer_alias_uri": names.urn(authorizer.function, f"!{LIVE}"),
        "network_type": "V2",
        "identities": [_IDENTITY],
        "ttl": authorizer.seconds,
        "need_body": False,
    }


def route_words(names: Names, route: Route, guard: str) -> Words:
    """Return an address that a function's alias answers; a guarded one asks the authorizer of this id."""
    auth = {"auth_type": "AUTHORIZER", "authorizer_id": guard} if route.guarded else {"auth_type": "NONE"}
    function = {
        "function_urn": names.urn(route.function),
        "alias_urn": names.urn(route.function, f"!{LIVE}"),
        "invocation_type": "sync",
        "network_type": "V2",
        "timeout": _LONGEST,
    }
    return {
        **_address(names, route.method, route.path),
        **auth,
        "remark": _STREAMS if route.streams else "",
        "cors": False,
        "backend_type": "FUNCTION",
        "func_info": function,
        "backend_params": _mapped(guarded=route.guarded),
    }


def preflight_words(names: Names, preflight: Preflight) -> Words:
    """Return an OPTIONS that asks nobody for a token, since browsers send none; APIG itself says what is allowed (huawei.md, 3.2, CORS)."""
    mock = {"auth_type": "NONE", "cors": True, "backend_type": "MOCK", "mock_info": {"result_content": ""}}
    return {**_address(names, "OPTIONS", preflight.path), **mock}


def _address(names: Names, method: str, path: str) -> Words:
    return {
        "name": "_".join([names.word, method, *path.strip("/").replace("-", "_").split("/")]),
        "type": 1,
        "req_protocol": "HTTPS",
        "req_method": method,
        "req_uri": path,
        "match_mode": "NORMAL",
    }


def _mapped(*, guarded: bool) -> list[dict[str, str]]:
    return [_SOURCE, _TOKEN] if guarded else [_SOURCE]


def answer_words(answer: Answer) -> Words:
    """Return what the gateway answers by itself for a type of error."""
    headers = [{"key": name, "value": str(value)} for name, value in answer.headers]
    return {**({} if answer.status is None else {"status": answer.status}), "body": answer.body, "headers": headers}


def release_words(release: Release) -> str:
    """Return the remark that says what was published."""
    return f"Twocan release={release.digest} rate={release.rate} burst={release.burst}"


def throttle_words(names: Names, rate: int) -> Words:
    """Return the policy that lets so many requests a second through, all addresses together: that is its type, which else would be each by itself."""
    return {"name": names.word, "time_unit": "SECOND", "time_interval": 1, "api_call_limits": rate, "type": 2}


def throttle_rate(names: Names, one: Mapping[str, Any], addresses: int) -> int:
    """Return the rate of a policy that so many addresses are bound to; 0 for one that is not quite ours, or not for all of them."""
    rate = int(one["api_call_limits"])
    sound = all(one.get(name) == value for name, value in throttle_words(names, rate).items()) and one.get("bind_num") == addresses
    return rate if sound else 0


def authorizer_thing(names: Names, one: Mapping[str, Any]) -> Authorizer:
    """Return the authorizer as it is; one that is not quite ours is no function's."""
    name = _called(names, one.get("authorizer_alias_uri") or "")
    identities = [{key: each.get(key) for key in _IDENTITY} for each in one.get("identities") or []]
    sound = (one.get("type"), one.get("authorizer_type"), one.get("need_body")) == ("FRONTEND", "FUNC", False) and identities == [_IDENTITY]
    return Authorizer(name if sound else "", one.get("ttl", 0))


def route_thing(names: Names, one: Mapping[str, Any], guards: set[str], answers: str) -> Route:
    """Return the address as it is; one that is not quite ours has no function."""
    function = one.get("func_info") or {}
    guarded = one["auth_type"] == "AUTHORIZER" and one.get("authorizer_id") in guards
    sound = (
        (guarded or one["auth_type"] == "NONE")
        and _pairs(one.get("backend_params") or []) == _pairs(_mapped(guarded=guarded))
        and (one["backend_type"], one["req_protocol"], one.get("match_mode")) == ("FUNCTION", "HTTPS", "NORMAL")
        and (function.get("invocation_type"), function.get("timeout")) == ("sync", _LONGEST)
        and one.get("response_id") == answers
    )
    name = _called(names, function.get("alias_urn") or "") if sound else ""
    return Route(one["req_method"], one["req_uri"], name, guarded, one.get("remark") == _STREAMS)


def preflight_thing(one: Mapping[str, Any]) -> Preflight:
    """Return the OPTIONS as it is; one that is not quite ours has headers, which none of ours has."""
    sound = (one["auth_type"], one["backend_type"], one.get("cors"), one.get("match_mode")) == ("NONE", "MOCK", True, "NORMAL")
    return Preflight(one["req_uri"], () if sound else (("not", "ours"),))


def answer_thing(kind: str, one: Mapping[str, Any]) -> Answer:
    """Return what the gateway answers by itself for a type of error."""
    return Answer(kind, one.get("status"), tuple(sorted((each["key"], each["value"]) for each in one.get("headers") or [])), one.get("body") or "")


def release_thing(remark: str, limits: Iterable[int], published: Iterable[bool]) -> Release | None:
    """Return what was published last, from the remark, the throttling policies and whether each address is published.

    Its digest is "" where one is not or the limit is another; None where none is published.
    """
    found, each = _REMARK.search(remark), list(published)
    if found is None or not any(each):
        return None
    whole = list(limits) == [int(found[2])] and all(each)
    return Release(found[1] if whole else "", int(found[2]), int(found[3]))


def _called(names: Names, urn: str) -> str:
    """Return the function whose alias a URN names; "" for anything else."""
    head, tail = names.urn("\0", f"!{LIVE}").split("\0")
    name = urn.removeprefix(head).removesuffix(tail)
    return name if head + name + tail == urn else ""


def _pairs(params: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((one["name"], one["location"], one["value"]) for one in params)
