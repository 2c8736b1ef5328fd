"""FunctionGraph's operations that call a function: now, or later and then again (huawei.md, 1.6, 1.7 and 3.1).

This file knows what requests say and how they are answered; running is the affair of whatever stands in `Functions.runs`.
"""

from __future__ import annotations

import base64
import json
import time
from calendar import timegm
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import fields
from deploy.emulator.huawei.asynchronous import DISCARD, STATES, WAIT, Asynchronous, Invocation, check_settings
from deploy.emulator.huawei.fields import OneOf, Rule, Text
from deploy.emulator.huawei.function_checks import BAD, HTTP
from deploy.emulator.huawei.function_urns import LATEST, parse
from deploy.emulator.huawei.functions_kept import Functions, Invoked
from deploy.emulator.huawei.wire import Answered, Call, Operation, Refused, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_urns import Urn
    from deploy.emulator.huawei.function_values import Function
    from deploy.emulator.huawei.version import Ran

_LARGEST = 6 * 1024 * 1024
_LARGEST_LATER = 256 * 1024
_HOUR = 60 * 60
#: How much of a call's log comes back (huawei.md, 3.1).
_TAIL = 2000


def _invoke(account: Account, call: Call) -> Answered:
    """POST an event: 200, with the result as it is (v0), or within a document (v1). Slow: it waits for the function."""
    kept = account.kept(Functions)
    with account.lock:
        urn = parse(call.names["urn"], account.keys)
        version = kept.snapshot(urn)
        _check_event(call, _LARGEST)
        if not kept.admits(urn.name, version.version):
            kept.counted(urn.name, version.version, 0, failed=False, rejected=True)
            raise Refused(429, "FSS.0429", "The function is disabled: it may have no instance.")
        request_id = account.new_id()
    if kept.runs is None:
        raise Refused(500, "FSS.0500", "Nothing runs functions here.")
    ran = kept.runs(Invoked(call.names["urn"], call.asked.body or b"{}", request_id))
    status = 500 if ran.error and account.switches.raised_is_500 else 200
    tail = ran.log[-_TAIL:] if call.asked.headers.get("x-cff-log-type") == "tail" else ""
    if call.asked.headers.get("x-cff-request-version") == "v1":
        return _document(ran, request_id, tail, status)
    return _raw(ran, request_id, tail, status)


def _document(ran: Ran, request_id: str, tail: str, status: int) -> Answered:
    document = {"request_id": request_id, "result": _result(ran).decode(), "log": tail, "status": 500 if ran.error else 200}
    answered = answer(document, status)
    return answered._replace(headers={**answered.headers, **_summary(ran, request_id)})


def _raw(ran: Ran, request_id: str, tail: str, status: int) -> Answered:
    told = {"content-type": "application/json", **_summary(ran, request_id), "X-Cff-Function-Log": base64.b64encode(tail.encode()).decode()}
    return Answered(status, told, _result(ran))


def _result(ran: Ran) -> bytes:
    # How a function's error looks is UNCONFIRMED; that it flags itself is not.
    return json.dumps({"errorMessage": ran.error}).encode() if ran.error else ran.result


def _summary(ran: Ran, request_id: str) -> dict[str, str]:
    return {
        "X-Cff-Request-Id": request_id,
        "X-Cff-Invoke-Summary": json.dumps({"funcDigest": "", "duration": f"{ran.took_ms:.3f}ms"}),
        "X-CFF-Billing-Duration": str(int(ran.took_ms) + 1),
        "X-Func-Err-Code": "1" if ran.error else "0",
        "X-Is-Func-Err": "true" if ran.error else "false",
    }


def _invoke_later(account: Account, call: Call) -> Answered:
    """POST an event: 202, whatever becomes of it."""
    found, urn = _find(account, call)
    _check_event(call, _LARGEST_LATER)
    if not account.kept(Functions).admits(urn.name, account.kept(Functions).snapshot(urn).version):
        raise Refused(429, "FSS.0429", "The function is disabled: it may have no instance.")
    _check_event_function(found)
    asked = account.kept(Asynchronous).ask(call.names["urn"], call.asked.body or b"{}", account.new_id())
    return answer({"request_id": asked.request_id}, 202)


def _show_settings(account: Account, call: Call) -> Answered:
    """GET the settings for asynchronous invocations: 200."""
    found, urn = _find(account, call)
    if (urn.suffix or LATEST) not in found.asynchronous:
        raise Refused(404, "FSS.0404", "There are no settings for asynchronous invocations.")
    return answer({"func_urn": call.names["urn"], **found.asynchronous[urn.suffix or LATEST]})


def _put_settings(account: Account, call: Call) -> Answered:
    """PUT the settings for asynchronous invocations: 200."""
    found, urn = _find(account, call)
    _check_event_function(found)
    wanted = check_settings(call.document, account.switches)
    now = _moment(account.clock())
    before = found.asynchronous.get(urn.suffix or LATEST, {"created_time": now})
    found.asynchronous[urn.suffix or LATEST] = {**wanted, "created_time": before["created_time"], "last_modified": now}
    return answer({"func_urn": call.names["urn"], **found.asynchronous[urn.suffix or LATEST]})


def _delete_settings(account: Account, call: Call) -> Answered:
    """DELETE the settings for asynchronous invocations, there or not: 204."""
    found, urn = _find(account, call)
    found.asynchronous.pop(urn.suffix or LATEST, None)
    return answer(None, 204)


def _list_invocations(account: Account, call: Call) -> Answered:
    """GET the asynchronous invocations of a function, the last hour's unless a time is named: 200."""
    _, urn = _find(account, call)
    query = call.query
    start, length = fields.page(query, code=BAD, most=500, size="limit")
    fields.read(query, {"status": OneOf(BAD, STATES)})
    since = _seconds(query.get("query_begin_time"), account.clock() - _HOUR)
    until = _seconds(query.get("query_end_time"), account.clock())
    mine = [one for one in account.kept(Asynchronous).invocations.values() if parse(one.urn, account.keys)[:2] == urn[:2]]
    found = [one for one in mine if since <= one.asked <= until and _asked_for(one, query)]
    shown = [_told(one) for one in found[start : start + length]]
    return answer({"invocations": shown, "count": len(found), "next_marker": start + len(shown)})


def _cancel(account: Account, call: Call) -> Answered:
    """POST an invocation's id: it is discarded if it still waits. One that runs is not stopped here. 200."""
    _find(account, call)
    rules: Mapping[str, Rule] = {"request_id": Text(BAD, ".+"), "type": OneOf(BAD, ("recursive", "force"))}
    wanted = fields.read(call.document, rules, ("request_id",))
    queue = account.kept(Asynchronous)
    one = queue.invocations.get(wanted["request_id"])
    if one is None or one.state != WAIT:
        raise Refused(400, BAD, "The request does not wait.")
    queue.put(one._replace(state=DISCARD, ended=account.clock()))
    return answer({})


def _find(account: Account, call: Call) -> tuple[Function, Urn]:
    urn, kept = parse(call.names["urn"], account.keys), account.kept(Functions)
    kept.snapshot(urn)
    return kept.find(urn), urn


def _check_event(call: Call, most: int) -> None:
    if len(call.asked.body) > most:
        raise Refused(413, "FSS.0413", f"The event is larger than {most} bytes.")


def _check_event_function(found: Function) -> None:
    if found.latest.settings["runtime"] == HTTP:
        raise Refused(400, BAD, "HTTP functions are not invoked asynchronously.")


def _asked_for(one: Invocation, query: Mapping[str, str]) -> bool:
    return query.get("status", one.state) == one.state and query.get("request_id", one.request_id) == one.request_id


def _told(one: Invocation) -> dict[str, Any]:
    # A time that is not yet is left out: the SDK takes "" for a broken one.
    times = {name: _moment(moment) for name, moment in (("start_time", one.began), ("end_time", one.ended)) if moment}
    return {
        "request_id": one.request_id,
        "status": one.state,
        "error_code": 500 if one.error else 0,
        "error_message": one.error,
        **times,
    }


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _seconds(text: str | None, otherwise: float) -> float:
    if not text:
        return otherwise
    try:
        return timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise Refused(400, BAD, "A time must look like 2026-01-31T00:00:00.") from None


_ONE = "/v2/{project}/fgs/functions/{urn}"
OPERATIONS = (
    Operation("POST", f"{_ONE}/invocations", _invoke, slow=True),
    Operation("POST", f"{_ONE}/invocations-async", _invoke_later),
    Operation("GET", f"{_ONE}/async-invoke-config", _show_settings),
    Operation("PUT", f"{_ONE}/async-invoke-config", _put_settings),
    Operation("DELETE", f"{_ONE}/async-invoke-config", _delete_settings),
    Operation("GET", f"{_ONE}/async-invocations", _list_invocations),
    Operation("POST", f"{_ONE}/cancel", _cancel),
)
