"""The walk: gateway event ──read──▶ Request ──answer──▶ Response ──write──▶ gateway response, and its shorter sister for the authorizer.

This file knows the order of the steps, turns errors into responses, and logs one line per request; it knows no cloud and no function.
`serve` and `guard` do nothing but remember; `start`, called by the entry point that the packager writes, reads the settings and connects.
Who consumes `Response.body` decides whether it streams: calling a started function joins it, `respond` hands it over.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Generic, NamedTuple, TypeVar

from functions.shared import clouds, documents, log, settings
from functions.shared.errors import Forbidden, InvalidRequest, MethodNotAllowed, NotFound, TwocanError
from functions.shared.messages import Allow, Decision, Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.shared.tokens import Claims

Tools = TypeVar("Tools")
Get = Callable[[str], "str | None"]
Connect = Callable[[settings.Settings], Tools]
Answer = Callable[[Request, Tools], Response]
Decide = Callable[[Request, Tools], Decision]


class serve(Generic[Tools]):  # noqa: N801 - reads as the verb that it is: handler = serve(answer, connect, NEEDS)
    """A function that answers requests, not yet started."""

    def __init__(self, answer: Answer[Tools], connect: Connect[Tools], needs: Sequence[str]) -> None:
        self.answer = answer
        self.connect = connect
        self.needs = tuple(needs)

    def start(self, dialect: str, get: Get, release: str = "") -> Started[Tools]:
        """Read the settings through `get` and connect. Raises SettingsError, naming all that is wrong.

        Answers and log lines name the `release` that they came from, if there is one.
        """
        values = settings.read(self.needs, get)
        origin = values.text("SITE_ORIGIN") if "SITE_ORIGIN" in self.needs else ""
        return Started(clouds.load(dialect), self.answer, self.connect(values), _fixed_headers(origin), release=release)


class Started(Generic[Tools]):
    """A function at work: call it with an event and a context."""

    def __init__(self, dialect: clouds.Dialect, answer: Answer[Tools], tools: Tools, headers: Mapping[str, str], *, release: str = "") -> None:
        self._dialect = dialect
        self._answer = answer
        self._tools = tools
        self._headers = {**headers, "x-twocan-release": release} if release else headers
        self._release = release or None

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer in the gateway's words, as one document."""
        response = self.respond(event, context)
        try:
            body = [b"".join(response.body)]
        except Exception as error:  # noqa: BLE001 - nothing was sent yet: a body that failed, and has logged it, is a failure like any other
            failed = refuse(error if isinstance(error, TwocanError) else TwocanError())
            return self._dialect.write(failed._replace(headers={**failed.headers, **self._fixed(response.headers["x-request-id"])}))
        return self._dialect.write(response._replace(body=body))

    def respond(self, event: Any, context: Any) -> Response:
        """Answer with a body that may stream. Never raises; the body writes the log line when it ends or is closed."""
        started = time.perf_counter()
        request, response = self._try(event, context)
        headers = {**response.headers, **self._fixed(request.request_id)}
        about = {"request_id": request.request_id, "method": request.method, "status": response.status, "release": self._release}
        return response._replace(headers=headers, body=_Logged(response, about, started))

    def _fixed(self, request_id: str) -> dict[str, str]:
        return {**self._headers, "x-request-id": request_id}

    def _try(self, event: Any, context: Any) -> tuple[Request, Response]:
        request = Request("", "", {}, b"", "")
        try:
            request = self._dialect.read(event, context)
            return request, self._answer(request, self._tools)
        except TwocanError as error:
            return request, refuse(error)
        except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it was, the caller gets an answer and the log its place
            return request, refuse(TwocanError(), **log.fault(error))


class guard(Generic[Tools]):  # noqa: N801 - the sister of `serve`
    """An authorizer, not yet started."""

    def __init__(self, decide: Decide[Tools], connect: Connect[Tools], needs: Sequence[str]) -> None:
        self.decide = decide
        self.connect = connect
        self.needs = tuple(needs)

    def start(self, dialect: str, get: Get, release: str = "") -> Guarding[Tools]:
        """Read the settings through `get` and connect. Raises SettingsError, naming all that is wrong.

        Log lines name the `release`; a verdict has no place for it.
        """
        return Guarding(clouds.load_gatekeeping(dialect), self.decide, self.connect(settings.read(self.needs, get)), release=release)


class Guarding(Generic[Tools]):
    """An authorizer at work. Whatever goes wrong in it raises, which every gateway takes for a refusal: it fails closed."""

    def __init__(self, dialect: clouds.Gatekeeping, decide: Decide[Tools], tools: Tools, *, release: str = "") -> None:
        self._dialect = dialect
        self._decide = decide
        self._tools = tools
        self._release = release or None

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Return the verdict in the gateway's words, or raise what it takes for one."""
        started = time.perf_counter()
        request = self._dialect.read_authorizer(event, context)
        decision = self._decide(request, self._tools)
        about = {"decision": type(decision).__name__, "user": decision.subject if isinstance(decision, Allow) else None}
        log.line({"request_id": request.request_id, **about, "release": self._release, "ms": _since(started)})
        return self._dialect.write_decision(decision, event)


class Route(NamedTuple):
    """One address of a function, and what answers there; `admins`: to nobody else."""

    method: str
    path: str
    answer: Callable[[Request, Any], Response]
    admins: bool = False


def route(routes: Sequence[Route], request: Request, tools: Any, *, admin: bool = False) -> Response:
    """Answer by the route of this method and path; who is no verified admin meets Forbidden at some. Raises NotFound or MethodNotAllowed, too."""
    here = [one for one in routes if one.path == request.path]
    if not here:
        raise NotFound
    for one in here:
        if one.method == request.method:
            return _routed(one, request, tools, admin=admin)
    raise MethodNotAllowed(", ".join(one.method for one in here))


def route_for(caller: Claims, routes: Sequence[Route], request: Request, tools: Any) -> Response:
    """Answer by the route, and name who asks in the log line either way. Raises as `route`."""
    try:
        response = route(routes, request, tools, admin=caller.admin)
    except TwocanError as error:
        error.facts["user"] = caller.subject
        raise
    response.facts["user"] = caller.subject
    return response


def _routed(one: Route, request: Request, tools: Any, *, admin: bool) -> Response:
    """Answer, and name the route in the log line either way; never the path as it was sent, which may hold anything."""
    try:
        if one.admins and not admin:
            raise Forbidden
        response = one.answer(request, tools)
    except TwocanError as error:
        error.facts["route"] = one.path
        raise
    response.facts["route"] = one.path
    return response


def reply(value: Any, status: int = 200, **facts: Any) -> Response:
    """Return a JSON response; None is an empty one."""
    body = [] if value is None else [documents.write(value)]
    return Response(status, {"content-type": "application/json"} if body else {}, body, facts)


def refuse(error: TwocanError, **facts: Any) -> Response:
    """Return the response that says this error, in OpenAI's shape."""
    response = reply(error.body(), error.status, code=error.code, **error.facts, **facts)
    return response._replace(headers={**response.headers, **error.headers()})


def field(document: Mapping[str, Any], name: str, *, most: int = 1024) -> str:
    """Return a member that must be a string of 1 to `most` characters. Raises InvalidRequest, naming it."""
    value = document.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise InvalidRequest(f"`{name}` must be a text of 1 to {most} characters.", param=name)
    return value


def _fixed_headers(origin: str) -> dict[str, str]:
    fixed = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if origin:
        # The gateways answer only preflights; an answer's own CORS headers are the function's (aws.md, 1.4; huawei.md, 3.2).
        fixed |= {"access-control-allow-origin": origin, "access-control-expose-headers": "x-request-id, retry-after", "vary": "origin"}
    return fixed


class _Logged:
    """A body that writes its request's log line once, when it ends, fails or is closed; a class, because a generator that was never
    started runs nothing on close.
    """

    def __init__(self, response: Response, about: Mapping[str, Any], started: float) -> None:
        self._response = response
        self._chunks = iter(response.body)
        self._about = about
        self._started = started
        self._open = True

    def __iter__(self) -> _Logged:
        return self

    def __next__(self) -> bytes:
        if not self._open:
            raise StopIteration
        try:
            return next(self._chunks)
        except StopIteration:
            self.close()
            raise
        except BaseException as error:
            self._response.facts.update(log.fault(error))
            self.close()
            raise

    def close(self) -> None:
        """Close the body and log, the first time."""
        if not self._open:
            return
        self._open = False
        try:
            if hasattr(self._chunks, "close"):
                self._chunks.close()
        finally:
            log.line({**self._about, **self._response.facts, "ms": _since(self._started)})


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
