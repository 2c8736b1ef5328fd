"""Versions on AWS: publish, point, call and read (aws.md, 7). Everything by version number or by the alias, nothing by $LATEST.

This file knows an alias's routing, Lambda's Invoke, CloudWatch's metrics of one executed version and our own lines in the log; it decides nothing.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from deploy.clouds import NOTHING, Called, DeployError, Logged
from deploy.clouds.aws import compute
from deploy.local.aws import Aws as Dialect
from deploy.local.dialect import Call, Refusal
from deploy.rollout import Pointer, Reading, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.aws.account import Account

_NOT_THERE = ("ResourceNotFoundException",)
_NULS = bytes(8)
_PERIOD = 60
#: Log lines that are read of one version at most; more would say nothing else.
_LINES = 1000


def pointer(account: Account, function: str) -> Pointer | None:
    """Return a function's alias, or None."""
    found = account.find("lambda", "get_alias", _NOT_THERE, FunctionName=account.names.function(function), Name=compute.ALIAS)
    if found is None:
        return None
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    canary, weight = next(iter(weights.items()), ("", 0.0))
    return Pointer(found["FunctionVersion"], canary, round(weight * 100), read_note(found.get("Description", "")))


def point(account: Account, function: str, to: Pointer) -> None:
    """Move a function's alias, in one call."""
    weights = {to.canary: to.percent / 100} if to.canary else {}
    account.call(
        "lambda",
        "update_alias",
        again=("ResourceConflictException",),
        FunctionName=account.names.function(function),
        Name=compute.ALIAS,
        FunctionVersion=to.version,
        RoutingConfig={"AdditionalVersionWeights": weights},
        Description=write_note(to.note),
    )


def published(account: Account, function: str) -> dict[str, str]:
    """Return the published versions' numbers, each with the release that it says it is."""
    listed = account.pages("lambda", "list_versions_by_function", "Versions", FunctionName=account.names.function(function))
    return {one["Version"]: compute.release_of(one) for one in listed if one["Version"] != "$LATEST"}


def unpublish(account: Account, function: str, version: str) -> None:
    """Delete one version; AWS refuses one that an alias names."""
    account.find("lambda", "delete_function", _NOT_THERE, FunctionName=account.names.function(function), Qualifier=version)


def call(account: Account, function: str, version: str, event: Any) -> Called:
    """Call one version and return what it answers; a streamed answer arrives whole, behind its prelude (aws.md, 1.1)."""
    began = time.perf_counter()
    name = account.names.function(function)
    answer = account.find("lambda", "invoke", _NOT_THERE, FunctionName=name, Qualifier=version, Payload=json.dumps(event).encode())
    if answer is None:
        raise DeployError(NOTHING)
    body: bytes = answer["Payload"].read()
    took = (time.perf_counter() - began) * 1000
    if answer.get("FunctionError"):
        return Called(0, {}, b"", took, error=_error(body))
    head, nuls, rest = body.partition(_NULS)
    if nuls:
        prelude = json.loads(head)
        return Called(prelude["statusCode"], prelude.get("headers", {}), rest, took)
    document = json.loads(body)
    if isinstance(document, dict) and "statusCode" in document:
        try:
            reply = Dialect().reply(document)
        except Refusal:
            return Called(0, {}, b"", took, error="the answer is not one that the gateway takes")
        return Called(reply.status, dict(reply.headers), reply.body, took)
    return Called(200, {}, body, took)


def http_event(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event that the gateway would make of a request."""
    pairs = tuple((name, value) for name, value in headers.items())
    return Dialect().event(Call(method, path, (), pairs, body, "127.0.0.1", str(uuid.uuid4())), None)


def authorizer_event(account: Account, api: str, token: str) -> dict[str, Any]:
    """Return the event by which the gateway would ask its authorizer."""
    arn = account.names.arn("execute-api", f"{api}/live/GET/v1/models")
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}


def reading(account: Account, function: str, version: str, release: str, since: float) -> Reading:
    """Return what CloudWatch and our own log say of one version's calls since a moment, in seconds since 1970."""
    counts = _metrics(account, function, version, since)
    lines = _lines(account, function, release, since)
    failed = [f"status {line['status']}" for line in lines if isinstance(line.get("status"), int) and line["status"] >= 500]
    errors = [f"{counts['Errors']} errors counted by CloudWatch"] * max(0, counts["Errors"] - len(failed))
    took = tuple(float(line["ms"]) for line in lines if isinstance(line.get("ms"), (int, float)) and "first_token_ms" not in line)
    first = tuple(float(line["first_token_ms"]) for line in lines if isinstance(line.get("first_token_ms"), (int, float)))
    return Reading(max(len(lines), counts["Invocations"]), (*failed, *errors), counts["Throttles"], took, first)


#: How the runtime logs what an authorizer must raise for every token that it refuses (aws.md, 5); its own line says the same.
_REFUSES = "[ERROR] Exception: Unauthorized"


def logs(account: Account, functions: tuple[str, ...], since: float) -> Iterator[Logged]:
    """Yield what functions wrote since a moment, in order of time."""
    lines = [
        Logged(one["timestamp"] / 1000, function, one["message"].rstrip(), one["eventId"])
        for function in functions
        if account.call("logs", "describe_log_groups", logGroupNamePrefix=account.names.log(function))["logGroups"]
        for one in account.pages("logs", "filter_log_events", "events", logGroupName=account.names.log(function), startTime=int(since * 1000))
        if not one["message"].startswith(_REFUSES)
    ]
    yield from sorted(lines)


def _metrics(account: Account, function: str, version: str, since: float) -> dict[str, int]:
    """Return the sums of one executed version's metrics; they come some minutes late, which is why our own probes are counted, too."""
    name = account.names.function(function)
    dimensions = {"FunctionName": name, "Resource": f"{name}:{compute.ALIAS}", "ExecutedVersion": version}
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    wanted = ("Invocations", "Errors", "Throttles")
    queries = [
        {
            "Id": metric.lower(),
            "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": listed},
                "Period": _PERIOD,
                "Stat": "Sum",
            },
        }
        for metric in wanted
    ]
    begin = datetime.fromtimestamp(since - since % _PERIOD, timezone.utc)
    end = datetime.fromtimestamp(since + 3600, timezone.utc)
    results = account.call("cloudwatch", "get_metric_data", MetricDataQueries=queries, StartTime=begin, EndTime=end)["MetricDataResults"]
    found = {one["Id"]: int(sum(one["Values"])) for one in results}
    return {metric: found.get(metric.lower(), 0) for metric in wanted}


def _lines(account: Account, function: str, release: str, since: float) -> list[dict[str, Any]]:
    """Return our own log lines of one release."""
    about = {"logGroupName": account.names.log(function), "startTime": int(since * 1000), "filterPattern": f'"{release[:16]}"'}
    lines = []
    for one in account.pages("logs", "filter_log_events", "events", **about):
        try:
            line = json.loads(one["message"])
        except ValueError:
            continue
        if isinstance(line, dict) and line.get("release") == release[:16]:
            lines.append(line)
        if len(lines) >= _LINES:
            break
    return lines


def _error(body: bytes) -> str:
    """Return a function's error: its type, and its text only where that is the contract's own word (aws.md, 5)."""
    try:
        document = json.loads(body)
    except ValueError:
        return "an error that is not JSON"
    if not isinstance(document, dict):
        raise DeployError("Lambda answered something that is no error document.")
    message = str(document.get("errorMessage", ""))
    return (
        message
        if message == "Unauthorized" or message.startswith(("Task timed out", "Settings to mend"))
        else str(document.get("errorType", "Error"))
    )
