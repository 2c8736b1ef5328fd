"""One API of the emulated APIG as it is served: its gateway, made of the documents that were published and of what stands before it now.

This file knows what APIG's words mean to a caller (huawei.md, 2 and 3.2). Understood are functions that are called synchronously, and mocks, each
for anybody or behind a custom authorizer; what is published and not understood answers 500 and is never open. To understand more, see `_backend`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from deploy.bundle import Route
from deploy.emulator.counted import Misconfigured
from deploy.emulator.huawei.cross_origin import Mock, Preflight, readable
from deploy.emulator.huawei.wire import Refused
from deploy.gateway_responses import GatewayResponse
from deploy.local.backend import FunctionFailed
from deploy.local.dialect import Kind, Refusal
from deploy.local.gateway import Gateway
from deploy.local.guard import Guard
from deploy.local.huawei import LIMITS, Doubts, Huawei
from deploy.local.huawei_api import Address, Api, Asked, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.apig_checks import Document
    from deploy.emulator.huawei.apig_kept import Gateways, Published
    from deploy.local.backend import Answer, Authorizer, Backend, Event
    from deploy.local.dialect import Call

#: Seconds that an authorizer may take. The contract names none.
_AUTHORIZER_SECONDS = 60
#: Calls a day at the debug domain (huawei.md, 3.2).
_DEBUG_CALLS = 1000
_UNITS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
# What an error says where a response sets no body of its own (huawei.md, 2.5).
_OWN_BODY = '{"error_code":"$context.error.code","error_msg":"$context.error.message","request_id":"$context.requestId"}'


class Reaches(Protocol):
    """What runs functions by their URN: the fleet. Both methods block, and raise FunctionFailed, with a TimeoutError as its cause for a time-out."""

    def answer(self, urn: str, event: Event, seconds: float) -> Any:
        """Return the function's whole answer: JSON, not yet trusted."""

    def stream(self, urn: str, event: Event, seconds: float) -> Answer:
        """Return the function's answer as soon as it has a head."""


class Meters:
    """Counted calls, in windows of the account's clock. Used by one event loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counted: dict[tuple[str, ...], tuple[int, int]] = {}

    def count(self, key: tuple[str, ...], most: int, seconds: int) -> None:
        """Count a call. Raises Refusal for one too many within so many seconds."""
        window = int(self._clock()) // seconds
        before, calls = self._counted.get(key, (window, 0))
        calls = calls + 1 if before == window else 1
        if calls > most:
            raise Refusal(Kind.THROTTLED)
        self._counted[key] = window, calls


class Maker:
    """Makes what is served of what is published. What guards remember, and what was counted, outlives the next publication."""

    def __init__(self, kept: Gateways, fleet: Reaches) -> None:
        self._kept = kept
        self._fleet = fleet
        self._meters = Meters(kept.account.clock)
        self._guards: dict[str, Guard] = {}

    def make(self, published: Published) -> tuple[ServedApi, ...]:
        """Return the APIs of a group, the best match for a path first: the whole path before a prefix, what is written out before any part."""
        apis = [self._api(published, api) for api in published.apis]
        preflights = [self._preflight(published, api) for api in published.apis if api["id"] in published.plugins]
        return tuple(sorted([*apis, *preflights], key=lambda one: one.rank))

    def _api(self, published: Published, api: Document) -> ServedApi:
        guarded = api["auth_type"] == "AUTHORIZER"
        authorizer = published.authorizers.get(api.get("authorizer_id", ""), {}) if guarded else {}
        can_stream = published.features.get("sse_strategy", {}).get("config") == "on" and published.features["sse_strategy"]["enable"]
        configured = _configured(published, api, authorizer, streams=bool(can_stream))
        dialect = self._dialect(published, api, configured)
        backend = self._backend(api, published.plugins.get(api["id"]))
        return ServedApi(published, api, _Parts(dialect, backend, self._guard(authorizer, configured), self._meters))

    def _preflight(self, published: Published, api: Document) -> ServedApi:
        """Return what a cors plugin answers to OPTIONS where its API is."""
        options = {**api, "req_method": "OPTIONS", "auth_type": "NONE"}
        dialect = self._dialect(published, options, _configured(published, options, {}, streams=False))
        parts = _Parts(dialect, Preflight(published.plugins[api["id"]]), Guard(dialect, Misconfigured()), self._meters)
        return ServedApi(published, options, parts)

    def _dialect(self, published: Published, api: Document, configured: Api) -> Huawei:
        switches = self._kept.account.switches
        doubts = Doubts(switches.strips_authorization, switches.client_header_wins, switches.denies_with_500)
        seconds = api.get("func_info", {}).get("timeout", 60_000) / 1000
        # The function's own time is told to what runs it; the whole call may take its authorizer's besides.
        limits = LIMITS._replace(seconds=seconds + _AUTHORIZER_SECONDS, stream_seconds=seconds, idle_seconds=seconds)
        return Huawei(responses=_responses(published, api), api=configured, limits=limits, doubts=doubts)

    def _backend(self, api: Document, plugin: Document | None) -> Backend:
        """Return what stands behind an API. One whose authentication is not understood has nothing behind it."""
        if api["auth_type"] not in {"NONE", "AUTHORIZER"} or api["req_protocol"] == "GRPCS":
            return Misconfigured()
        if api["backend_type"] == "MOCK":
            return Mock(api["mock_info"].get("result_content", ""), cors=api["cors"], plugin=plugin)
        if api["backend_type"] == "FUNCTION" and api["func_info"]["invocation_type"] == "sync":
            return _Function(self._kept, self._fleet, api, plugin)
        return Misconfigured()

    def _guard(self, authorizer: Document, configured: Api) -> Guard:
        """Return the guard of an authorizer as it is now: one for all its APIs that send it the same, so that they share what it remembers."""
        key = json.dumps([authorizer, configured.base64])
        if key not in self._guards:
            asked: Authorizer = _Asked(self._kept, self._fleet, authorizer) if authorizer else Misconfigured()
            identify = _Identity(authorizer.get("identities", []))
            memory = {"ttl": authorizer.get("ttl", 0), "clock": self._kept.account.clock}
            self._guards[key] = Guard(Huawei(api=configured), asked, **memory, identify=identify)
        return self._guards[key]


class _Parts(NamedTuple):
    """What an API is made of."""

    dialect: Huawei
    backend: Backend
    guard: Guard
    meters: Meters


class ServedApi(Gateway):
    """The gateway of one API: every call that comes here is for it."""

    def __init__(self, published: Published, api: Document, parts: _Parts) -> None:
        super().__init__(parts.dialect, (), {}, parts.guard)
        self._method = api["req_method"]
        self._address = Address.of(api["req_uri"], prefix=api["match_mode"] == "SWA")
        self._route = Route(self._method, api["req_uri"], api["name"], guarded=api["auth_type"] == "AUTHORIZER", streams=False)
        self._parts = parts
        self._api, self._group = api["id"], published.group
        self._throttle = published.throttles.get(api["id"])
        #: Smaller is a better match.
        self.rank = (api["match_mode"] == "SWA", api["req_uri"].count("{"), -len(api["req_uri"]), self._method == "ANY")

    def takes(self, method: str, path: str) -> bool:
        """Say whether a request is for this API."""
        return self._method in {method, "ANY"} and self._address.read(path) is not None

    def find(self, call: Call) -> tuple[Route, Backend]:
        """Return the API's own route, and count the call. Raises Refusal for one too many."""
        if call.header("host").partition(":")[0] == self._group["sl_domain"]:
            self._parts.meters.count(("debug", self._group["id"]), _DEBUG_CALLS, _UNITS["DAY"])
        if self._throttle is not None:
            self._count(self._throttle, call)
        streams = self._parts.dialect.streams and isinstance(self._parts.backend, _Function) and self._parts.backend.can_stream()
        return self._route._replace(streams=streams), self._parts.backend

    def _count(self, throttle: Document, call: Call) -> None:
        """Count against a policy. Nobody here has credentials of an app or a user of IAM, so the limits for those count nothing."""
        seconds = _UNITS[throttle["time_unit"]] * throttle["time_interval"]
        # Type 2 is shared by all APIs that are bound to it.
        key = (throttle["id"], "" if throttle["type"] == 2 else self._api)
        if throttle.get("ip_call_limits"):
            self._parts.meters.count((*key, call.source), throttle["ip_call_limits"], seconds)
        self._parts.meters.count(key, throttle["api_call_limits"], seconds)


class _Function:
    """A function behind an API: its alias, else its version, else what is newest (huawei.md, 3.2)."""

    def __init__(self, kept: Gateways, fleet: Reaches, api: Document, plugin: Document | None) -> None:
        about = api["func_info"]
        self._kept, self._fleet = kept, fleet
        self._urn = _urn(about["function_urn"], about.get("version"), about.get("alias_urn"))
        self._seconds = about["timeout"] / 1000
        self._cors: tuple[bool, Document | None] = (api["cors"], plugin)

    def can_stream(self) -> bool:
        """Say whether the function is an HTTP function (huawei.md, 1.9)."""
        with suppress(Refused):
            return self._kept.runtime(self._urn) == "http"
        return False

    def answer(self, event: Event, seconds: float) -> Any:
        """Return the function's whole answer, which the page may read if it is to. Raises FunctionFailed and Refusal."""
        answer = self._call(lambda: self._fleet.answer(self._urn, event, min(seconds, self._seconds)))
        headers = answer.get("headers") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(headers, (dict, type(None))):
            return answer
        return {**answer, "headers": readable(headers or {}, event, *self._cors)}

    def stream(self, event: Event, seconds: float) -> Answer:
        """Return the function's answer as soon as it has a head. Raises FunctionFailed and Refusal."""
        answer: Answer = self._call(lambda: self._fleet.stream(self._urn, event, min(seconds, self._seconds)))
        return answer._replace(headers=readable(answer.headers, event, *self._cors))

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            self._kept.runtime(self._urn)
            return call()
        except Refused:
            raise Refusal(Kind.MISCONFIGURED) from None
        except FunctionFailed as error:
            if isinstance(error.__cause__, TimeoutError):
                raise Refusal(Kind.TIMEOUT) from error
            raise


class _Asked:
    """The function that is asked first."""

    def __init__(self, kept: Gateways, fleet: Reaches, authorizer: Document) -> None:
        self._kept, self._fleet = kept, fleet
        self._urn = _urn(authorizer["authorizer_uri"], authorizer.get("authorizer_version"), authorizer.get("authorizer_alias_uri"))

    def decide(self, event: Event, seconds: float) -> Any:
        """Return the verdict. Raises FunctionFailed and Refusal."""
        try:
            self._kept.runtime(self._urn)
        except Refused:
            raise Refusal(Kind.AUTHORIZER_MALFORMED) from None
        return self._fleet.answer(self._urn, event, min(seconds, _AUTHORIZER_SECONDS))


class _Identity:
    """By what an authorizer knows a caller (huawei.md, 2.3). Without identities everybody is asked for, and nothing can be remembered."""

    def __init__(self, identities: list[Document]) -> None:
        self._identities = identities

    def __call__(self, call: Call) -> str:
        """Return the values, together. Raises Refusal where one is missing, or not as it has to be."""
        values = [_said(one, call) for one in self._identities]
        if any(value is None for value in values):
            raise Refusal(Kind.NO_IDENTITY)
        return json.dumps(values)


def _said(identity: Document, call: Call) -> str | None:
    value = call.header(identity["name"].lower()) if identity["location"] == "HEADER" else dict(call.query).get(identity["name"], "")
    like = identity.get("validation")
    return value if value and (not like or re.fullmatch(like, value)) else None


def _urn(urn: str, version: str | None, alias: str | None) -> str:
    return alias or (f"{urn}:{version}" if version and urn.count(":") == 6 else urn)


def _configured(published: Published, api: Document, authorizer: Document, *, streams: bool) -> Api:
    asked = {one["name"]: _asked(one) for one in api["req_params"]}
    parameters = [
        Parameter(one["location"], one["name"], one["value"], asked.get(one["value"]) if one["origin"] == "REQUEST" else None)
        for one in api["backend_params"]
    ]
    return Api(
        id=api["id"],
        stage=published.stage,
        address=Address.of(api["req_uri"], prefix=api["match_mode"] == "SWA"),
        asked=tuple(asked.values()),
        parameters=tuple(parameters),
        base64=api["is_send_fg_body_base64"],
        user_data=authorizer.get("user_data", ""),
        sends_body=authorizer.get("need_body", False),
        streams=streams,
    )


def _asked(one: Document) -> Asked:
    # Of a path's parts each is there, or it would be another path.
    return Asked(one["name"], one["location"], one.get("required") == 1 and one["location"] != "PATH", one.get("default_value"))


def _responses(published: Published, api: Document) -> list[GatewayResponse]:
    """Return what an API says of errors: by the set that it names, else by its group's default."""
    default: Document = next((one for one in published.responses.values() if one["default"]), {"responses": {}})
    chosen = published.responses.get(api.get("response_id", ""), default)
    return [_response(name, said) for name, said in chosen["responses"].items()]


def _response(name: str, said: Document) -> GatewayResponse:
    headers = {one["key"].lower(): one["value"] for one in said.get("headers", [])}
    return GatewayResponse(name, said.get("status"), {"content-type": "application/json", **headers}, said.get("body", _OWN_BODY))
