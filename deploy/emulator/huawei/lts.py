"""LTS: groups and streams of logs, and questions for their lines. UNCONFIRMED but for WIRE 46: from the SDK's models, as the contract has no section.

This file knows what requests say and how they are answered; the lines are lts_kept.py's. To add an operation, add its line to `SERVICE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.fields import OneOf, Rule, Shape, Text, Whole, read
from deploy.emulator.huawei.lts_kept import Group, Line, Logs, Stream
from deploy.emulator.huawei.wire import Answered, Call, Codes, Operation, Refused, Service, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account

BAD = "LTS.0009"
_NAME = Text(BAD, r"[A-Za-z0-9\u4e00-\u9fff_][A-Za-z0-9\u4e00-\u9fff_.-]{0,63}(?<!\.)")
_DAYS = Whole("LTS.0202", 1, 365)
_GROUP: Mapping[str, Rule] = {"log_group_name": _NAME, "ttl_in_days": _DAYS}
_STREAM: Mapping[str, Rule] = {"log_stream_name": _NAME, "ttl_in_days": _DAYS}
_QUERY: Mapping[str, Rule] = {
    # Both are numbers in strings (WIRE 46).
    "start_time": Text(BAD, r"\d{1,16}"),
    "end_time": Text(BAD, r"\d{1,16}"),
    "keywords": Text(BAD),
    "labels": Shape(BAD, dict),
    "line_num": Text(BAD, r"\d{1,19}"),
    "limit": Whole(BAD, 1, 5000),
    "is_desc": Shape(BAD, bool),
    "is_iterative": Shape(BAD, bool),
    "is_count": Shape(BAD, bool),
    "search_type": OneOf(BAD, ("init", "forwards", "backwards")),
}
_LIMIT = 50


def _create_group(account: Account, call: Call) -> Answered:
    """POST groups: 201."""
    wanted = read(call.document, _GROUP, tuple(_GROUP))
    return answer({"log_group_id": account.kept(Logs).add_group(wanted["log_group_name"], wanted["ttl_in_days"]).id}, 201)


def _list_groups(account: Account, call: Call) -> Answered:  # noqa: ARG001 - fits the table
    """GET groups: 200."""
    return answer({"log_groups": [_group(one) for one in account.kept(Logs).groups.values()]})


def _update_group(account: Account, call: Call) -> Answered:
    """POST one group with other days: 200."""
    found = account.kept(Logs).group(call.names["group"])
    found.days = read(call.document, {"ttl_in_days": _DAYS}, ("ttl_in_days",))["ttl_in_days"]
    return answer(_group(found))


def _delete_group(account: Account, call: Call) -> Answered:
    """DELETE a group with its streams: 204."""
    kept = account.kept(Logs)
    del kept.groups[kept.group(call.names["group"]).id]
    return answer(None, 204)


def _create_stream(account: Account, call: Call) -> Answered:
    """POST streams: 201."""
    kept = account.kept(Logs)
    wanted = read(call.document, _STREAM, ("log_stream_name",))
    made = kept.add_stream(kept.group(call.names["group"]), wanted["log_stream_name"], wanted.get("ttl_in_days"))
    return answer({"log_stream_id": made.id}, 201)


def _list_streams(account: Account, call: Call) -> Answered:
    """GET the streams of a group: 200."""
    return answer({"log_streams": [_stream(one) for one in account.kept(Logs).group(call.names["group"]).streams.values()]})


def _delete_stream(account: Account, call: Call) -> Answered:
    """DELETE a stream: 204."""
    kept = account.kept(Logs)
    stream = kept.stream(call.names["group"], call.names["stream"])
    del kept.group(call.names["group"]).streams[stream.id]
    return answer(None, 204)


def _list_logs(account: Account, call: Call) -> Answered:
    """POST a question for lines: 200. The next page begins behind the line whose number is given."""
    stream = account.kept(Logs).stream(call.names["group"], call.names["stream"])
    wanted = read(call.document, _QUERY, ("start_time", "end_time"))
    if int(wanted["start_time"]) >= int(wanted["end_time"]):
        raise Refused(400, BAD, "start_time must be before end_time.")
    found = [one for one in stream.lines if _asked_for(one, wanted)]
    down = wanted.get("is_desc", False)
    rest = [one for one in (reversed(found) if down else found) if _is_behind(one, wanted, down=down)]
    document = {"count": len(found), "is_query_complete": True}
    if wanted.get("is_count"):
        return answer(document)
    limit = wanted.get("limit", _LIMIT)
    # Backwards are the lines that lie nearest before the one that is given.
    page = rest[-limit:] if wanted.get("search_type") == "backwards" else rest[:limit]
    return answer({**document, "logs": [_line(one) for one in page]})


def _asked_for(line: Line, wanted: Mapping[str, Any]) -> bool:
    timely = int(wanted["start_time"]) <= line.at_ms <= int(wanted["end_time"])
    labelled = all(line.labels.get(name) == value for name, value in wanted.get("labels", {}).items())
    # In the cloud a keyword is a whole word between separators; a part of a line is enough here.
    return timely and labelled and wanted.get("keywords", "") in line.text


def _is_behind(line: Line, wanted: Mapping[str, Any], *, down: bool) -> bool:
    if "line_num" not in wanted:
        return True
    number = int(wanted["line_num"])
    backwards = wanted.get("search_type") == "backwards"
    return line.number < number if down is not backwards else line.number > number


def _group(one: Group) -> dict[str, Any]:
    return {"log_group_id": one.id, "log_group_name": one.name, "ttl_in_days": one.days, "creation_time": one.made_ms, "tag": {}}


def _stream(one: Stream) -> dict[str, Any]:
    days = -1 if one.days is None else one.days
    return {"log_stream_id": one.id, "log_stream_name": one.name, "ttl_in_days": days, "creation_time": one.made_ms, "filter_count": 0, "tag": {}}


def _line(one: Line) -> dict[str, Any]:
    return {"content": one.text, "line_num": str(one.number), "labels": dict(one.labels)}


_GROUPS = "/v2/{project}/groups"
_STREAMS = f"{_GROUPS}/{{group}}/streams"
SERVICE = Service(
    "lts",
    r"/v2/[^/]+/groups(/|$)",
    Codes(BAD, "LTS.0001", "LTS.0003", "LTS.0004", "LTS.0005"),
    (
        Operation("POST", _GROUPS, _create_group),
        Operation("GET", _GROUPS, _list_groups),
        Operation("POST", f"{_GROUPS}/{{group}}", _update_group),
        Operation("DELETE", f"{_GROUPS}/{{group}}", _delete_group),
        Operation("POST", _STREAMS, _create_stream),
        Operation("GET", _STREAMS, _list_streams),
        Operation("DELETE", f"{_STREAMS}/{{stream}}", _delete_stream),
        Operation("POST", f"{_STREAMS}/{{stream}}/content/query", _list_logs),
    ),
)
