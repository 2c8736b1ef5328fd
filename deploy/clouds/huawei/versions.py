"""Versions on Huawei Cloud: publish, point, call and read (huawei.md, 3.1 and 8). Everything by version or by the alias, nothing by `latest`.

This file knows an alias's weights, FunctionGraph's invocation and its statistics, and our own lines in the log; it decides nothing. A version's name
is a number, as the console has none of its own that says an order.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import requests
from huaweicloudsdkcore.exceptions import exceptions

from deploy.clouds import LIVE, NOTHING, Called, DeployError
from deploy.clouds.huawei import compute, logs
from deploy.clouds.huawei.account import code, explained
from deploy.local.dialect import Call, Refusal
from deploy.local.huawei import Huawei as Dialect
from deploy.rollout import Pointer, Reading, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.clouds import Request
    from deploy.clouds.huawei.account import Account

#: What says that a version of this name, or of this code, is there already.
_THERE = ("FSS.1062", "FSS.1016")


def pointer(account: Account, function: str) -> Pointer | None:
    """Return a function's alias, or None."""
    found = account.find("fgs", "show_version_alias", compute.ABSENT, function_urn=account.names.urn(function), alias_name=LIVE)
    if not found:
        return None
    weights = {version: percent for version, percent in (found.get("additional_version_weights") or {}).items() if percent}
    canary, percent = next(iter(weights.items()), ("", 0))
    return Pointer(found["version"], canary, int(percent), read_note(found.get("description") or ""))


def point(account: Account, function: str, to: Pointer) -> None:
    """Move a function's alias by PUT, never by delete and create, between which nobody would be served (huawei.md, 8)."""
    before = pointer(account, function)
    weights = {to.canary: to.percent} if to.canary else {}
    _put(account, function, to, weights)
    if to.canary or before is None:
        return
    after = pointer(account, function)
    if after is None or not after.canary:
        return
    # UNCONFIRMED (huawei.md, 3.1): whether an empty map clears the shifting. A share of nothing surely ends it.
    _put(account, function, to, {after.canary: 0})


def _put(account: Account, function: str, to: Pointer, weights: Mapping[str, int]) -> None:
    body = {"version": to.version, "description": write_note(to.note), "additional_version_weights": dict(weights)}
    try:
        account.call("fgs", "update_version_alias", function_urn=account.names.urn(function), alias_name=LIVE, body=body)
    except DeployError as error:
        # The main version is still the additional one, too, where an empty map leaves that as it was: it gives way to the old main first.
        before = pointer(account, function)
        if code(error) != "FSS.1093" or weights or before is None:
            raise
        account.call(
            "fgs",
            "update_version_alias",
            function_urn=account.names.urn(function),
            alias_name=LIVE,
            body={**body, "additional_version_weights": {before.version: 0}},
        )


def publish(account: Account, function: str) -> str:
    """Publish the function as it is now, and return the version; what has not changed since the last one has that one's name."""
    urn = account.names.urn(function)
    description = account.call("fgs", "show_function_config", function_urn=urn)["description"]
    wanted = compute.release_of({"description": description})
    for _ in range(2):
        numbers = sorted(map(int, published_names(account, function)))
        if numbers and _release(account, function, str(numbers[-1])) == wanted:
            return str(numbers[-1])
        name = str(numbers[-1] + 1 if numbers else 1)
        made = account.find("fgs", "create_function_version", _THERE, function_urn=urn, body={"version": name, "description": description})
        if made is not None:
            return name
    raise DeployError(f"{function} could not be published: its code has not changed since its last version. Run `apply`, then try again.")


def put_live(account: Account, function: str) -> None:
    """Publish what is there and let the alias lead to it."""
    body = {"name": LIVE, "version": publish(account, function)}
    account.find("fgs", "create_version_alias", ("FSS.1063",), function_urn=account.names.urn(function), body=body)


def delete_live(account: Account, function: str) -> None:
    """Delete the alias."""
    account.find("fgs", "delete_version_alias", compute.ABSENT, function_urn=account.names.urn(function), alias_name=LIVE)


def published_names(account: Account, function: str) -> list[str]:
    """Return the names of the versions that are published."""
    found: list[str] = []
    marker: str | None = "0"
    while marker is not None:
        page = account.call("fgs", "list_function_versions", function_urn=account.names.urn(function), marker=marker, maxitems="100")
        found += [one["version"] for one in page["versions"] if one["version"].isdecimal()]
        following = str(page.get("next_marker") or "0")
        marker = following if page["versions"] and following not in {"0", marker} and int(following) < int(page["count"]) else None
    return found


def published(account: Account, function: str) -> dict[str, str]:
    """Return the published versions, each with its release."""
    return {name: _release(account, function, name) for name in published_names(account, function)}


def _release(account: Account, function: str, version: str) -> str:
    found = account.find("fgs", "show_function_config", compute.ABSENT, function_urn=account.names.urn(function, version))
    return compute.release_of(found or {})


def unpublish(account: Account, function: str, version: str) -> None:
    """Delete one version; FunctionGraph refuses an additional one (FSS.1094), which is not ours to force."""
    account.find("fgs", "delete_function", (*compute.ABSENT, "FSS.1094"), function_urn=account.names.urn(function, version))


def call(account: Account, function: str, version: str, event: Any) -> Called:
    """Call one version, or the one that is live, and return what it answers."""
    began = time.perf_counter()
    urn = account.names.urn(function, f"!{LIVE}" if version == LIVE else version)
    try:
        answer = account.ask("fgs", "invoke_function", function_urn=urn, x_cff_log_type="tail", x_cff_request_version="v1", body=event)
    except exceptions.ServiceResponseException as error:
        took = (time.perf_counter() - began) * 1000
        if error.error_code in compute.ABSENT:
            raise DeployError(NOTHING) from error
        if error.status_code >= 500:
            # UNCONFIRMED (huawei.md, 3.1): the status of a function that raised. The text may hold anything, so only the code is told.
            return Called(0, {}, b"", took, error=f"FunctionGraph says {error.error_code}")
        raise explained("fgs", "invoke_function", error) from error
    except (exceptions.SdkException, requests.RequestException) as error:
        raise explained("fgs", "invoke_function", error) from error
    return _called(answer, (time.perf_counter() - began) * 1000)


def _called(answer: Mapping[str, Any], took: float) -> Called:
    """Return an answer of the invocation's second form: the result is a text, and `status` is the platform's own."""
    try:
        document = json.loads(answer.get("result") or "null")
    except ValueError:
        document = None
    if answer.get("status") != 200 or not isinstance(document, dict):
        return Called(0, {}, b"", took, error="the function failed")
    if "statusCode" not in document:
        return Called(200, {}, json.dumps(document).encode(), took)
    try:
        reply = Dialect().reply(document)
    except Refusal:
        return Called(0, {}, b"", took, error="the answer is not one that the gateway takes")
    return Called(reply.status, dict(reply.headers), reply.body, took)


def verdict(called: Called) -> Called:
    """Return an authorizer's answer as every cloud's is judged: a refusal is the error that says so."""
    if called.error:
        return called
    try:
        said = Dialect().verdict({"statusCode": called.status, "body": called.body.decode()})
    except (Refusal, UnicodeDecodeError):
        return called._replace(status=0, error="the verdict is not one that the gateway takes")
    return called if said.allow else called._replace(status=0, error="Unauthorized")


def http_event(request: Request) -> dict[str, Any]:
    """Return the event that the gateway would make of a request."""
    return Dialect().event(_asked(request.method, request.path, request.headers, request.body), None)


def authorizer_event(token: str) -> dict[str, Any]:
    """Return the event by which the gateway would ask its authorizer."""
    return Dialect().authorizer_event(_asked("GET", "/v1/models", {"authorization": f"Bearer {token}"}, b""))


def _asked(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    return Call(method, path, (), tuple(headers.items()), body, "127.0.0.1", str(uuid.uuid4()))


def reading(account: Account, function: str, version: str, release: str, since: float) -> Reading:
    """Return what FunctionGraph's statistics and our own log say of one version's calls since a moment, in seconds since 1970."""
    lines = logs.of_release(account, function, release, since)
    calls, wrong, rejected = _counted(account, function, version, since)
    failed = [f"status {line['status']}" for line in lines if isinstance(line.get("status"), int) and line["status"] >= 500]
    errors = [f"{wrong} errors counted by FunctionGraph"] * max(0, wrong - len(failed))
    took = tuple(float(line["ms"]) for line in lines if isinstance(line.get("ms"), (int, float)) and "first_token_ms" not in line)
    first = tuple(float(line["first_token_ms"]) for line in lines if isinstance(line.get("first_token_ms"), (int, float)))
    return Reading(max(len(lines), calls), (*failed, *errors), rejected, took, first)


def _counted(account: Account, function: str, version: str, since: float) -> tuple[int, int, int]:
    """Return how many calls of a version there were, how many failed and how many were refused.

    UNCONFIRMED (huawei.md, 3.1): whether a version's URN gives the version's own numbers. Where it gives the whole function's, they say nothing
    of the version, and only our own lines count.
    """
    mine = _statistics(account, account.names.urn(function, version), since)
    whole = _statistics(account, account.names.urn(function), since)
    return (0, 0, 0) if mine == whole else mine


def _statistics(account: Account, urn: str, since: float) -> tuple[int, int, int]:
    minutes = max(1, -int(-(time.time() - since) // 60))
    found = account.find("fgs", "list_function_statistics", compute.ABSENT, func_urn=urn, period=str(minutes)) or {}
    count, failed, rejected = (int(sum(one["value"] for one in found.get(name) or [])) for name in ("count", "fail_count", "reject_count"))
    return count, failed, rejected
