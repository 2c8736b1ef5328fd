"""Logs on Huawei Cloud: LTS, one group for a stage and one stream for each function.

LTS is not in the contract but by its address (huawei.md, 1.2 and WIRE 46): what is asked here comes from the SDK's models. A line is what a function
wrote, which may be the platform's own framing, too.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from deploy.clouds import Logged
from deploy.steps import Log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.huawei.account import Account
    from deploy.steps import Thing

#: Lines of one answer, and of one reading of one release at most; more would say nothing else.
_PAGE, _LINES = 500, 1000
#: The platform's own lines around each call (huawei.md, 1.2), of which there would be two for each of ours.
_FRAMES = ("Start invoke request", "Finish invoke request")


def group(account: Account) -> Mapping[str, Any] | None:
    """Return the stage's group, or None."""
    listed = account.call("lts", "list_log_groups")["log_groups"]
    found: Mapping[str, Any] | None = next((one for one in listed if one["log_group_name"] == account.names.all), None)
    return found


def streams(account: Account, group_id: str) -> dict[str, str]:
    """Return the streams of a group: ids by name."""
    listed = account.call("lts", "list_log_stream", log_group_id=group_id)["log_streams"]
    return {one["log_stream_name"]: one["log_stream_id"] for one in listed}


def observe(account: Account, names: tuple[str, ...]) -> dict[Thing, str]:
    """Return the logs that are there, each with its stream's id.

    For an empty group it is one that nobody wants so, for such a group is what a deployer left that died on its way in or out.
    """
    there = group(account)
    if there is None:
        return {}
    known = streams(account, there["log_group_id"])
    found: dict[Thing, str] = {
        Log(name, there["ttl_in_days"]): known[account.names.function(name)] for name in names if account.names.function(name) in known
    }
    return found or {Log(names[0], 0): ""}


def put_log(account: Account, log: Log) -> None:
    """Make the group and the function's stream, and set how long they keep."""
    there = group(account)
    if there is None:
        body = {"log_group_name": account.names.all, "ttl_in_days": log.days}
        account.make("lts", "create_log_group", lambda: group(account) is not None, body=body)
        there = group(account) or {}
    if there["ttl_in_days"] != log.days:
        account.call("lts", "update_log_group", log_group_id=there["log_group_id"], body={"ttl_in_days": log.days})
    name, identity = account.names.function(log.of), there["log_group_id"]
    if name not in streams(account, identity):
        body = {"log_stream_name": name}
        account.make("lts", "create_log_stream", lambda: name in streams(account, identity), log_group_id=identity, body=body)


def delete_log(account: Account, log: Log) -> None:
    """Delete the function's stream with all it holds; with the last one goes the group."""
    there = group(account)
    if there is None:
        return
    known = streams(account, there["log_group_id"])
    stream = known.pop(account.names.function(log.of), None)
    if stream is not None:
        account.find("lts", "delete_log_stream", ("LTS.0208",), log_group_id=there["log_group_id"], log_stream_id=stream)
    if not known:
        account.find("lts", "delete_log_group", ("LTS.0104", "LTS.0201"), log_group_id=there["log_group_id"])


def configuration(account: Account, function: str) -> dict[str, str]:
    """Return where a function's lines go, as its configuration has it."""
    there = group(account) or {}
    name = account.names.function(function)
    stream = streams(account, there["log_group_id"])[name]
    return {"group_name": account.names.all, "group_id": there["log_group_id"], "stream_name": name, "stream_id": stream}


def logs(account: Account, functions: tuple[str, ...], since: float) -> Iterator[Logged]:
    """Yield what functions wrote since a moment, in order of time."""
    there = group(account)
    if there is None:
        return
    known = streams(account, there["log_group_id"])
    lines = [
        (number, Logged(moment, function, text, f"{function} {number}"))
        for function in functions
        if account.names.function(function) in known
        for moment, text, number in _lines(account, there["log_group_id"], known[account.names.function(function)], since)
        if not text.lstrip().startswith(_FRAMES)
    ]
    # By number: a line's time is the same as its neighbour's for a whole millisecond.
    yield from (line for _, line in sorted(lines))


def of_release(account: Account, function: str, release: str, since: float) -> list[dict[str, Any]]:
    """Return our own log lines of one release."""
    there = group(account)
    stream = streams(account, there["log_group_id"]).get(account.names.function(function)) if there else None
    if there is None or stream is None:
        return []
    found = []
    for _, text, _ in _lines(account, there["log_group_id"], stream, since, keywords=release[:16]):
        line = _ours(text)
        if line.get("release") == release[:16]:
            found.append(line)
        if len(found) >= _LINES:
            break
    return found


def _lines(account: Account, group_id: str, stream_id: str, since: float, *, keywords: str = "") -> Iterator[tuple[float, str, int]]:
    """Yield when, what, and the number by which LTS knows a line of the stream."""
    # A minute ahead, since this machine's clock is not the cloud's; and it may have been set back since.
    until = max(time.time(), since) + 60
    asked: dict[str, Any] = {"start_time": str(int(since * 1000)), "end_time": str(int(until * 1000)), "limit": _PAGE, "is_desc": False}
    if keywords:
        asked["keywords"] = keywords
    while True:
        page = account.call("lts", "list_logs", log_group_id=group_id, log_stream_id=stream_id, body=asked).get("logs") or []
        for one in page:
            # A line's number is its time in nanoseconds (or finer), which no other member tells.
            yield int(str(one["line_num"])[:13]) / 1000, one["content"].rstrip(), int(one["line_num"])
        if len(page) < _PAGE:
            return
        asked |= {"line_num": page[-1]["line_num"], "search_type": "forwards"}


def _ours(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text[text.index("{") :])
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
