"""CES: the numbers of FunctionGraph's functions as a monitoring service tells them. UNCONFIRMED: from the SDK's models.

This file knows one question, ShowMetricData for `SYS.FunctionGraph`; counting is numbers.py's. To tell another metric, add its line to `_METRICS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.numbers import Minute
from deploy.emulator.huawei.wire import Answered, Call, Codes, Operation, Refused, Service, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.account import Account

BAD = "ces.0014"
NAMESPACE = "SYS.FunctionGraph"
DIMENSION = "package-functionname"
_PERIODS = (1, 60, 300, 1200, 3600, 14_400, 86_400)
_EARLIEST, _LATEST = 1_111_111_111_111, 9_999_999_999_999


def _sum(minute: Minute, metric: str) -> float:
    sums = {"count": minute.calls, "failcount": minute.failed, "rejectcount": minute.rejected, "duration": minute.total}
    return sums[metric]


_METRICS = {"count": "Count", "failcount": "Count", "rejectcount": "Count", "duration": "ms"}
# A duration is one number for each call, any other metric one for each minute.
_DURATIONS: Mapping[str, Callable[[Minute], float]] = {
    "max": lambda one: one.longest,
    "min": lambda one: one.shortest,
    "average": lambda one: one.total / one.ran if one.ran else 0,
    "sum": lambda one: one.total,
}


def _show(account: Account, call: Call) -> Answered:
    """GET a metric's data: 200, and a point for each period in which there was a call."""
    query = call.query
    metric, how = query.get("metric_name", ""), query.get("filter", "")
    _require(query.get("namespace") == NAMESPACE, "namespace")
    _require(metric in _METRICS, "metric_name")
    _require(how in _DURATIONS, "filter")
    since, until = (_whole(query, name) for name in ("from", "to"))
    _require(_EARLIEST <= since < until <= _LATEST, "from")
    period = _whole(query, "period")
    _require(period in _PERIODS, "period")
    minutes = account.kept(Functions).numbers.between(_function(query), None, since / 1000, until / 1000)
    points = [
        {how: _value(inside, metric, how), "timestamp": begin * 1000, "unit": _METRICS[metric]}
        for begin, inside in _by_period(minutes, max(period, 60)).items()
    ]
    return answer({"metric_name": metric, "datapoints": points})


def _require(good: bool, name: str) -> None:  # noqa: FBT001 - what must hold is the first thing to read
    if not good:
        raise Refused(400, BAD, f"The parameter {name} is invalid.")


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    _require(text.isdecimal(), name)
    return int(text)


def _function(query: Mapping[str, str]) -> str:
    # "package-functionname,default-chat": a package's name has no hyphen in what we deploy, a function's may.
    key, _, value = query.get("dim.0", "").partition(",")
    package, _, name = value.partition("-")
    _require(key == DIMENSION and bool(package) and bool(name), "dim.0")
    return name


def _by_period(minutes: Mapping[int, Minute], period: int) -> dict[int, list[Minute]]:
    found: dict[int, list[Minute]] = {}
    for begin, one in minutes.items():
        found.setdefault(begin - begin % period, []).append(one)
    return found


def _value(inside: list[Minute], metric: str, how: str) -> float:
    whole = Minute()
    for one in inside:
        whole = whole.plus(one)
    if metric == "duration":
        return _DURATIONS[how](whole)
    sums = [_sum(one, metric) for one in inside]
    return {"max": max(sums), "min": min(sums), "average": sum(sums) / len(sums), "sum": sum(sums)}[how]


SERVICE = Service(
    "ces",
    r"/V1\.0/",
    Codes(BAD, "ces.0001", "ces.0003", "ces.0004", "ces.0005"),
    (Operation("GET", "/V1.0/{project}/metric-data", _show),),
)
