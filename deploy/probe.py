"""What a new version is asked before and while it gets traffic: sign-in, tokens, lists and one real chat, directly and through the gateway.

The deployer is a client like any other: it has an account of its own, `twocan-probe`, whose password is made anew for each rollout and forgotten, and
uses the official `openai` client. This file knows what a sound answer is; it must not know what a sound share of them is (rollout.py).
"""

from __future__ import annotations

import json
import secrets
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.clouds import DeployError, Request
from deploy.rollout import Reading, together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.clouds import Called, Target

ACCOUNT = "twocan-probe"
_JSON = {"content-type": "application/json"}
#: Seconds that one question through the gateway may take; a function may be cold and its model slow.
_PATIENCE = 60.0


class Session(NamedTuple):
    """Who asks: the API's address, and an access token of the probe's account. `model` "" means that the owner has none yet."""

    api: str
    token: str
    model: str


class Check(NamedTuple):
    """One question to a version, and whether its answer is sound: "" or what is wrong with it. `absolute`: once wrong is too often."""

    request: Request | str | Mapping[str, object]
    fault: Callable[[Called], str]
    absolute: bool = False


def sign_in(target: Target, api: str, pointers: Mapping[str, str], newest: str = "") -> Session:
    """Make the probe's account ready, sign in with it, and choose a model. `pointers` are the versions that are live, `newest` is chat's to come.

    Raises DeployError: without a sign-in through what is live, nothing of the new version could be told from nothing at all.
    """
    password = secrets.token_urlsafe(24)
    given = {"username": ACCOUNT, "password": password}
    answer = invoke(target, pointers["admin"], "users.passwd", given)
    if answer.get("status") == 404:
        answer = invoke(target, pointers["admin"], "users.add", given)
    if answer.get("status") != 200:
        raise DeployError("The probe's account could not be made: see `python -m deploy logs`.")
    called = target.call("login", pointers["login"], Request("POST", "/auth/login", _JSON, json.dumps(given).encode()))
    if called.status != 200:
        raise DeployError(f"What is live does not let the probe sign in ({called.error or called.status}): see `python -m deploy logs`.")
    token = str(json.loads(called.body)["access_token"])
    # What is to come may have the first model there is.
    names = [name for version in (pointers["chat"], newest) if version for name in _models(target, version, token)]
    return Session(api, token, names[0] if names else "")


def _models(target: Target, version: str, token: str) -> list[str]:
    listed = target.call("chat", version, Request("GET", "/v1/models", {"authorization": f"Bearer {token}"}))
    return [one["id"] for one in json.loads(listed.body)["data"]] if listed.status == 200 else []


def sign_out(target: Target, version: str) -> None:
    """Shut the probe's account again. Raises DeployError."""
    invoke(target, version, "users.disable", {"username": ACCOUNT})


def invoke(target: Target, version: str, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return what the admin function answers: {"status", "body"}. Raises DeployError when it fails."""
    called = target.call("admin", version, {"command": command, "arguments": arguments})
    if called.error:
        raise DeployError(f"The admin function failed ({called.error}): see `python -m deploy logs`.")
    answer: dict[str, Any] = json.loads(called.body)
    return answer


def directly(target: Target, function: str, version: str, session: Session, count: int) -> Reading:
    """Ask one version this many questions by its number, each kind as often, but for the real one, and return what came of it."""
    kinds = _kinds(function, session)
    checks = [*_real(function, session), *islice(cycle(kinds), count)]
    # Once more at first, and not counted: what is asked first meets a cold function.
    target.call(function, version, kinds[0].request)
    return together(_asked(target, function, version, check) for check in checks)


def _asked(target: Target, function: str, version: str, check: Check) -> Reading:
    called = target.call(function, version, check.request)
    fault = check.fault(called)
    intolerable = fault if check.absolute else ""
    if isinstance(check.request, Request) and check.request.path.endswith("/completions"):
        return Reading(1, (fault,) if fault else (), 0, (), () if fault else (called.took,), intolerable)
    return Reading(1, (fault,) if fault else (), 0, (called.took,), (), intolerable)


def _real(function: str, session: Session) -> list[Check]:
    return [Check(_chat(session), _is(200))] if function == "chat" and session.model else []


def _kinds(function: str, session: Session) -> list[Check]:
    bearer = {"authorization": f"Bearer {session.token}"}
    match function:
        case "authorizer":
            return [Check(session.token, _allows), Check(f"{session.token}x", _refuses, absolute=True)]
        case "login":
            nobody = {"username": ACCOUNT, "password": ""}
            empty = Request("POST", "/auth/login", _JSON, json.dumps(nobody).encode())
            spent = Request("POST", "/auth/refresh", _JSON, b'{"refresh_token": "none"}')
            return [Check(Request("GET", "/auth/me", bearer), _is(200)), Check(spent, _is(401)), Check(empty, _is(400))]
        case "chat":
            nobody_asks = Request("GET", "/v1/models", {})
            return [Check(Request("GET", "/v1/models", bearer), _is(200)), Check(nobody_asks, _is(401), absolute=True)]
        case "qa":
            # A document of one word: both clouds answer without a model or a record.
            document = {"name": "probe", "type": "text/plain", "data": "eWVz"}
            asked = json.dumps({"question": "yes", "documents": [document]}).encode()
            finds = Request("POST", "/v1/passages", {**bearer, **_JSON}, asked)
            return [Check(finds, _is(200)), Check(finds._replace(headers=_JSON), _is(401), absolute=True)]
        case _:
            return [Check({"command": "users.list", "arguments": {"after": "~"}}, _is(200))]


def _chat(session: Session) -> Request:
    question = {"model": session.model, "max_tokens": 1, "stream": True, "messages": [{"role": "user", "content": "Say yes."}]}
    return Request("POST", "/v1/chat/completions", {"authorization": f"Bearer {session.token}", **_JSON}, json.dumps(question).encode())


def _is(status: int) -> Callable[[Called], str]:
    return lambda called: called.error or ("" if called.status == status else f"status {called.status} instead of {status}")


def _allows(called: Called) -> str:
    return called.error and f"a good token is refused: {called.error}"


def _refuses(called: Called) -> str:
    return "" if called.error == "Unauthorized" else "a broken token is not refused"


def through_the_gateway(session: Session, clock: Callable[[], float] = time.perf_counter) -> tuple[str, Reading]:
    """Ask as any client does, list and chat, and return what is wrong, "" for nothing, and how long it took."""
    from openai import OpenAI, OpenAIError

    began = clock()
    try:
        with OpenAI(api_key=session.token, base_url=f"{session.api}/v1", timeout=_PATIENCE, max_retries=0) as client:
            client.models.list()
            took = (clock() - began) * 1000
            first = _first_token(client, session.model, clock) if session.model else ()
    except OpenAIError as error:
        # Its type and status only: a text may quote what was asked.
        fault = f"through the gateway: {type(error).__name__} {getattr(error, 'status_code', '')}".strip()
        return fault, Reading(1, (fault,))
    return "", Reading(1, (), 0, (took,), first)


def _first_token(client: Any, model: str, clock: Callable[[], float]) -> tuple[float]:
    began = clock()
    question = [{"role": "user", "content": "Say yes."}]
    with client.chat.completions.create(model=model, max_tokens=1, messages=question, stream=True) as answer:
        for _ in answer:
            first = (clock() - began) * 1000
            break
        else:
            first = (clock() - began) * 1000
    return (first,)
