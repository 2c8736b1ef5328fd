"""Asynchronous invocations: what waits, how often it is tried, how old it may get, and who is told of its end (huawei.md, 1.7).

The queue is kept with the account, as plain values. A `Courier` takes from it, in threads of its own that are kept nowhere: start one where
functions are run. SMN and DIS are refused as destinations.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei import fields
from deploy.emulator.huawei.fields import OneOf, Rule, Shape, Text, Whole
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_urns import LATEST, parse
from deploy.emulator.huawei.functions_kept import Functions, Invoked
from deploy.emulator.huawei.version import Ran
from deploy.emulator.huawei.wire import Refused
from functions.shared import log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.switches import Switches

WAIT, RUNNING, SUCCESS, FAIL, DISCARD = STATES = ("WAIT", "RUNNING", "SUCCESS", "FAIL", "DISCARD")
DEFAULTS: Mapping[str, Any] = {"max_async_event_age_in_seconds": 3600, "max_async_retry_attempts": 1}
_DESTINATION: Mapping[str, Rule] = {"destination": OneOf(BAD, ("OBS", "FunctionGraph")), "param": Text(BAD)}
_DESTINATIONS: Mapping[str, Rule] = {"on_success": Shape(BAD, dict), "on_failure": Shape(BAD, dict)}
_OBS: Mapping[str, Rule] = {"bucket": Text(BAD, ".{3,63}"), "prefix": Text(BAD), "expires": Whole(BAD, 0, 365)}
_FUNCTION: Mapping[str, Rule] = {"func_urn": Text(BAD, ".+")}
#: How long, in seconds, the courier looks away when nothing waits.
_IDLE = 0.02
#: How many are run at once, and how many are remembered.
_AT_ONCE, _MOST = 32, 10_000


class Invocation(NamedTuple):
    """One invocation: `tried` is how often it was run, `state` one of `STATES`."""

    request_id: str
    urn: str
    payload: bytes
    asked: float
    state: str = WAIT
    tried: int = 0
    began: float = 0
    ended: float = 0
    error: str = ""


class Asynchronous:
    """Every asynchronous invocation, by its request's id, the oldest first."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.invocations: dict[str, Invocation] = {}
        self._waiting: deque[str] = deque()

    def ask(self, urn: str, payload: bytes, request_id: str) -> Invocation:
        """Let an invocation wait."""
        while len(self.invocations) >= _MOST:
            del self.invocations[next(iter(self.invocations))]
        return self.put(Invocation(request_id, urn, payload, self._account.clock()))

    def next(self) -> Invocation | None:
        """Return what is to be run next, running from now on."""
        while self._waiting:
            found = self.invocations.get(self._waiting.popleft())
            # One that was cancelled waits no more.
            if found is not None and found.state == WAIT:
                return self.put(found._replace(state=RUNNING, began=self._account.clock(), tried=found.tried + 1))
        return None

    def put(self, one: Invocation) -> Invocation:
        """Keep what has become of an invocation, and return it."""
        self.invocations[one.request_id] = one
        if one.state == WAIT:
            self._waiting.append(one.request_id)
        return one


class Courier:
    """`with Courier(account, put):` runs what waits. `put` writes an object into a bucket: (bucket, key, body)."""

    def __init__(self, account: Account, put: Callable[[str, str, bytes], object]) -> None:
        self._account, self._put = account, put
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="asynchronous")
        self._thread = threading.Thread(target=self._work, name="asynchronous", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._pool.shutdown()

    def step(self) -> bool:
        """Run one invocation that waits, if there is one; say whether there was."""
        one = self._next()
        if one is not None:
            self._do(one)
        return one is not None

    def _work(self) -> None:
        while not self._ended.is_set():
            one = self._next()
            if one is None:
                self._ended.wait(_IDLE)
            else:
                self._pool.submit(self._do, one)

    def _next(self) -> Invocation | None:
        with self._account.lock:
            return self._account.kept(Asynchronous).next()

    def _do(self, one: Invocation) -> None:
        with self._account.lock:
            settings = _settings(self._account, one.urn)
        if settings is None or self._account.clock() - one.asked > settings["max_async_event_age_in_seconds"]:
            self._end(one, DISCARD, settings or DEFAULTS, Ran(b"", "The request is too old, or its function is gone.", 0, ""))
            return
        ran = self._ran(one)
        if ran.error and one.tried <= settings["max_async_retry_attempts"]:
            with self._account.lock:
                self._account.kept(Asynchronous).put(one._replace(state=WAIT, error=ran.error))
            return
        self._end(one, FAIL if ran.error else SUCCESS, settings, ran)

    def _ran(self, one: Invocation) -> Ran:
        runs = self._account.kept(Functions).runs
        if runs is None:
            return Ran(b"", "Nothing runs functions here.", 0, "")
        try:
            return runs(Invoked(one.urn, one.payload, one.request_id))
        except Exception as error:  # noqa: BLE001 - a thread's outermost frame: whatever fails is the invocation's failure
            return Ran(b"", f"{type(error).__name__}: {error}", 0, "")

    def _end(self, one: Invocation, state: str, settings: Mapping[str, Any], ran: Ran) -> None:
        with self._account.lock:
            queue = self._account.kept(Asynchronous)
            ended = queue.put(one._replace(state=state, error=ran.error, ended=self._account.clock()))
        wanted = settings.get("destination_config", {}).get("on_success" if state == SUCCESS else "on_failure")
        if wanted:
            self._tell(wanted, ended, ran)

    def _tell(self, wanted: Mapping[str, Any], one: Invocation, ran: Ran) -> None:
        body = json.dumps(_told(one, ran)).encode()
        where = json.loads(wanted["param"])
        try:
            if wanted["destination"] == "OBS":
                # What such an object is called is UNCONFIRMED.
                self._put(where["bucket"], f"{where.get('prefix', '')}{one.request_id}", body)
                return
            with self._account.lock:
                self._account.kept(Asynchronous).ask(where["func_urn"], body, f"{one.request_id}-told")
        except Exception as error:  # noqa: BLE001 - a destination that is gone must not end the thread
            log.line({"emulator": "destination failed", **log.fault(error)})


def check_settings(document: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """Return the settings for asynchronous invocations that a request brings. Raises Refused."""
    rules: Mapping[str, Rule] = {
        "max_async_event_age_in_seconds": Whole(BAD, 1, 86_400),
        "max_async_retry_attempts": Whole(BAD, 0, 8 if switches.many_retries else 3),
        "destination_config": Shape(BAD, dict),
        "enable_async_status_log": Shape(BAD, bool),
    }
    wanted = fields.read(document, rules)
    for destination in fields.read(wanted.get("destination_config", {}), _DESTINATIONS).values():
        _check_destination(destination)
    return {**DEFAULTS, **wanted}


def _check_destination(wanted: Mapping[str, Any]) -> None:
    found = fields.read(wanted, _DESTINATION, tuple(_DESTINATION))
    try:
        where = json.loads(found["param"])
    except ValueError:
        where = None
    if not isinstance(where, dict):
        raise Refused(400, BAD, "param must be a JSON object, as a string.")
    rules, needed = (_OBS, "bucket") if found["destination"] == "OBS" else (_FUNCTION, "func_urn")
    fields.read(where, rules, (needed,))


def _settings(account: Account, urn: str) -> Mapping[str, Any] | None:
    """Return the settings of the version or alias that a URN names; None if it is gone."""
    kept = account.kept(Functions)
    try:
        parsed = parse(urn, account.keys)
        kept.snapshot(parsed)
        found = kept.find(parsed)
    except Refused:
        return None
    settings: Mapping[str, Any] = found.asynchronous.get(parsed.suffix or LATEST, DEFAULTS)
    return settings


def _told(one: Invocation, ran: Ran) -> dict[str, Any]:
    """Return what a destination is told."""
    conditions = {SUCCESS: "Success", FAIL: "RetriesExhausted", DISCARD: "EventAgeExceeded"}
    context = {
        "request_id": one.request_id,
        "function_urn": one.urn,
        "condition": conditions[one.state],
        "approximate_invoke_count": one.tried,
    }
    return {
        "timestamp": time.strftime("%Y/%m/%d %H:%M:%S UTC", time.gmtime(one.ended)),
        "request_context": context,
        "request_payload": one.payload.decode(errors="replace"),
        "response_context": {"status_code": 500 if ran.error else 200, "function_error": ran.error},
        "response_payload": ran.result.decode(errors="replace"),
    }
