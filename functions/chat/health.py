"""What an admin is told of each model: state, errors, and the time to a first token. Pure but for asking what other instances have seen.

It knows what was seen of late, and how that is counted; it must know no vendor's words, and of a model's address no more than the host.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from functions.chat.board import PERIOD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.chat.board import Outcome
    from functions.chat.failover import Desk
    from functions.chat.models import Route
    from functions.shared.providers import Target


def report(routes: Mapping[str, Route], desk: Desk, now: float) -> dict[str, Any]:
    """Return how every model does that a name leads to, the routes' first. `now` is in seconds since 1970. Raises RecordsError."""
    others = desk.share.others() if desk.share else []
    targets = {target.name: target for route in routes.values() for target in route.targets}
    data = []
    for name, target in targets.items():
        seen = [*desk.board.lately(name), *(outcome for other in others for outcome in other.get(name, ()))]
        counted = sorted((outcome for outcome in seen if outcome.ago <= PERIOD), key=lambda outcome: -outcome.ago)
        data.append({**_who(target, routes), **_state(counted, desk.board.standing(name).wait), **_counts(counted, now)})
    about = {"at": int(now), "period_seconds": PERIOD, "shared": desk.share is not None, "instances": 1 + len(others)}
    return {"object": "list", **about, "data": data}


def _who(target: Target, routes: Mapping[str, Route]) -> dict[str, Any]:
    serves = [route.name for route in routes.values() if target in route.targets and route.name != target.name]
    host = urlsplit(target.base_url).netloc
    return {"id": target.name, "vendor": target.vendor, "model": target.model, "host": host, "routes": serves}


def _state(counted: Sequence[Outcome], wait: float) -> dict[str, Any]:
    if wait:
        return {"state": "left_alone", "wait_seconds": math.ceil(wait)}
    if not counted:
        return {"state": "unknown", "wait_seconds": 0}
    return {"state": "failing" if counted[-1].code else "ready", "wait_seconds": 0}


def _counts(counted: Sequence[Outcome], now: float) -> dict[str, Any]:
    failed = [outcome for outcome in counted if outcome.code]
    last = {"code": failed[-1].code, "at": int(now - failed[-1].ago)} if failed else None
    waited = sorted(outcome.first_token for outcome in counted if outcome.first_token is not None)
    first_token = {"p50": _rank(waited, 0.5), "p95": _rank(waited, 0.95)} if waited else None
    return {"asked": len(counted), "failed": len(failed), "first_token_ms": first_token, "last_error": last}


def _rank(waited: Sequence[float], share: float) -> int:
    """Return a percentile by the nearest rank, in milliseconds."""
    return round(waited[math.ceil(share * len(waited)) - 1] * 1000)
