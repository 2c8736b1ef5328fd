"""FunctionGraph's other operations: triggers, reserved instances, numbers of calls, quotas, and where logs go (huawei.md, 3.1).

Triggers are refused: one for a gateway makes and publishes an API, which has no authorizer then, so nobody here makes APIs that way; make them at
APIG. Reserved instances are kept and told, and run as all others do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import fields
from deploy.emulator.huawei.fields import OneOf, Rule, Shape, Text, Whole
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_urns import Urn, parse
from deploy.emulator.huawei.functions_kept import FUNCTIONS, Functions
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.wire import Answered, Call, Operation, Refused, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Function
    from deploy.emulator.huawei.numbers import Minute

_TRIGGERS = ("TIMER", "APIG", "CTS", "DDS", "DMS", "DIS", "LTS", "OBS", "SMN", "KAFKA", "RABBITMQ", "DEDICATEDGATEWAY", "EVENTGRID", "APIC")
_TRIGGER: Mapping[str, Rule] = {
    "trigger_type_code": OneOf(BAD, _TRIGGERS),
    "trigger_status": OneOf(BAD, ("ACTIVE", "DISABLED")),
    "event_type_code": Text(BAD),
    "event_data": Shape(BAD, dict),
}
_RESERVED: Mapping[str, Rule] = {"count": Whole(BAD, 0, 1000), "idle_mode": Shape(BAD, bool), "tactics_config": Shape(BAD, dict)}
#: The longest time that statistics are told for, in minutes: a day.
_LONGEST = 24 * 60
_SERIES: Mapping[str, Callable[[Minute], float]] = {
    "count": lambda one: one.calls,
    "duration": lambda one: one.total / one.ran if one.ran else 0,
    "fail_count": lambda one: one.failed,
    "max_duration": lambda one: one.longest,
    "min_duration": lambda one: one.shortest,
    "reject_count": lambda one: one.rejected,
    "function_error_count": lambda one: one.failed,
}


def _create_trigger(account: Account, call: Call) -> Answered:
    """POST a trigger: refused, see above."""
    _find(account, call)
    kind = fields.read(call.document, _TRIGGER, ("trigger_type_code", "event_data"))["trigger_type_code"]
    raise Refused(400, "FSS.1107", f"Triggers of the type {kind} are not emulated.")


def _list_triggers(account: Account, call: Call) -> Answered:
    """GET the triggers, as a bare array: 200."""
    _find(account, call)
    return answer([])


def _no_trigger(account: Account, call: Call) -> Answered:
    """Do something with one trigger: there is none."""
    _find(account, call)
    raise Refused(404, "FSS.1131", "The trigger does not exist.")


def _delete_triggers(account: Account, call: Call) -> Answered:
    """DELETE all triggers: 204."""
    _find(account, call)
    return answer(None, 204)


def _reserve(account: Account, call: Call) -> Answered:
    """PUT reserved instances: 200. Not for both an alias and the version behind it (huawei.md, 1.6)."""
    found, urn = _find(account, call)
    wanted = {"idle_mode": False, **fields.read(call.document, _RESERVED, ("count",))}
    if wanted["count"] and _behind(found, urn) & {suffix for suffix, one in found.reserved.items() if one["count"]}:
        raise Refused(400, BAD, "There are reserved instances for the alias or the version already.")
    found.reserved[urn.suffix or "latest"] = wanted
    return answer(wanted)


def _list_reserved(account: Account, call: Call) -> Answered:
    """GET all reserved instances: 200."""
    kept = account.kept(Functions)
    wanted = call.query.get("function_urn")
    functions = [kept.find(parse(wanted, account.keys))] if wanted else list(kept.functions.values())
    shown = [{"qualifier_name": suffix, "min_count": one["count"], **one} for each in functions for suffix, one in each.reserved.items()]
    return answer(
        {"reserved_instances": shown, "page_info": {"next_marker": 0, "previous_marker": 0, "current_count": len(shown)}, "count": len(shown)}
    )


def _statistics(account: Account, call: Call) -> Answered:
    """GET the numbers of the last so many minutes, of one version or of the whole function (a switch): 200."""
    _, urn = _find(account, call)
    minutes = call.names["period"]
    if not minutes.isdecimal() or not 1 <= int(minutes) <= _LONGEST:
        raise Refused(400, BAD, "The period is invalid.")
    kept, now = account.kept(Functions), account.clock()
    # The whole function's if the URN names no version; what an alias's URN gives, nobody says: its main version's.
    version = kept.snapshot(urn).version if account.switches.statistics_by_version and urn.suffix else None
    found = kept.numbers.between(urn.name, version, now - int(minutes) * 60, now)
    series = {name: [{"timestamp": begin * 1000, "value": of(one)} for begin, one in found.items()] for name, of in _SERIES.items()}
    return answer({**series, "system_error_count": []})


def _enable_logs(account: Account, call: Call) -> Answered:  # noqa: ARG001 - fits the table
    """POST: FunctionGraph may write to LTS from now on. 200."""
    account.kept(Functions).keep_logs()
    return answer({})


def _show_logs(account: Account, call: Call) -> Answered:
    """GET where a function's lines go: 200."""
    found, _ = _find(account, call)
    where = account.kept(Functions).log_stream(found.name)
    place = account.kept(Logs).place(*where) if where else None
    if place is None:
        raise Refused(404, "FSS.0404", "The function writes to no log.")
    return answer(place)


def _quotas(account: Account, call: Call) -> Answered:  # noqa: ARG001 - fits the table
    """GET quotas: 200."""
    kept = account.kept(Functions)
    reserved = sum(one["count"] for function in kept.functions.values() for one in function.reserved.values())
    resources: list[dict[str, Any]] = [
        {"type": "fgs_func_num", "quota": FUNCTIONS, "used": len(kept.functions)},
        {"type": "fgs_func_code_size", "quota": 10_240, "used": kept.stored_bytes() // 1024**2, "unit": "MB"},
        {"type": "fgs_func_occurs", "quota": 90, "used": reserved},
        {"type": "fgs_on_demand_instance_limit", "quota": 400, "used": 0},
    ]
    return answer({"quotas": {"resources": resources}})


def _find(account: Account, call: Call) -> tuple[Function, Urn]:
    urn = parse(call.names["urn"], account.keys)
    kept = account.kept(Functions)
    kept.snapshot(urn)
    return kept.find(urn), urn


def _behind(found: Function, urn: Urn) -> set[str]:
    """Return the aliases of a version, or the version of an alias."""
    if urn.alias:
        return {found.aliases[urn.alias].version}
    return {f"!{one.name}" for one in found.aliases.values() if one.version == (urn.version or "latest")}


_PREFIX = "/v2/{project}/fgs"
_TRIGGERS_OF = f"{_PREFIX}/triggers/{{urn}}"
_ONE_TRIGGER = f"{_TRIGGERS_OF}/{{type}}/{{trigger}}"
OPERATIONS = (
    Operation("POST", _TRIGGERS_OF, _create_trigger),
    Operation("GET", _TRIGGERS_OF, _list_triggers),
    Operation("DELETE", _TRIGGERS_OF, _delete_triggers),
    Operation("GET", _ONE_TRIGGER, _no_trigger),
    Operation("PUT", _ONE_TRIGGER, _no_trigger),
    Operation("DELETE", _ONE_TRIGGER, _no_trigger),
    Operation("PUT", f"{_PREFIX}/functions/{{urn}}/reservedinstances", _reserve),
    Operation("GET", f"{_PREFIX}/functions/reservedinstanceconfigs", _list_reserved),
    Operation("GET", f"{_PREFIX}/functions/{{urn}}/statistics/{{period}}", _statistics),
    Operation("POST", f"{_PREFIX}/functions/enable-lts-logs", _enable_logs),
    Operation("GET", f"{_PREFIX}/functions/{{urn}}/lts-log-detail", _show_logs),
    Operation("GET", f"{_PREFIX}/quotas", _quotas),
)
