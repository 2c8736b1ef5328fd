"""The functions behind chalice's own local gateway and test client: a second maker of events, which has never heard of ours."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from urllib.parse import urlsplit

import pytest
from chalice.config import Config
from chalice.local import LocalGateway, NotAuthorizedError
from chalice.test import Client

from authorizer import handler as authorizer
from deploy import bundle
from deploy.chalice import host
from deploy.local.aws import Aws
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard
from functions.login import handler as login
from functions.shared import clouds
from functions.shared.errors import SettingsError
from functions.shared.serve import Guarding, Started
from tests.conftest import EVENTS
from tests.deploy.local.scripted import listening
from tests.fakes.clock import Clock
from tests.fakes.desk import PASSWORD
from tests.fakes.forge import ISSUER, KEY, token
from tests.fakes.platforms import CONTEXTS
from tests.fakes.upstream import DONE, Upstream, completion, stream, whole
from tests.fakes.upstream import token as piece
from tests.walk.test_goldens import FIXED, SITUATIONS, desk, golden, place

if TYPE_CHECKING:
    from pathlib import Path

    from chalice.app import Chalice

#: Recorded requests that chalice's gateway answers itself, in front of a function: no token, no such address, or no such method, which it
#: calls 405 where API Gateway says 403.
STOPPED = {"identity_from_outside": 401, "null_maps": 401, "header_sent_twice": 401, "unknown_path": 403, "wrong_method": 405}
#: What chalice cannot ask: it knows TOKEN authorizers only.
UNKNOWN = {"aws/authorizer_request_type"}
RECORDED = [one for one in SITUATIONS if one.startswith("aws/") and one not in UNKNOWN]
REQUESTS = [one for one in RECORDED if "/authorizer" not in one]
TOKENS = [one for one in RECORDED if "/authorizer" in one]
#: What differs from answer to answer and from gateway to gateway.
PASSING = {"x-request-id", "x-amzn-requestid", "x-amzn-errortype", "date", "server", "content-length", "transfer-encoding"}
CHAT = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}


class Said(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def plain(self) -> Any:
        """Return it without what is fresh each time: a gateway's own answer by its body only, since it is the gateway's to dress it."""
        body = re.sub(rb'eyJ[\w.-]+|(?<=refresh_token":")[\w-]+|\d{10}', b"<fresh>", self.body)
        if body.startswith(b'{"message"'):
            return self.status, json.loads(body)
        return self.status, {name.lower(): value for name, value in self.headers.items() if name.lower() not in PASSING}, body


Ask = Callable[..., Said]


def asking(client: Client) -> Ask:
    """Return how to ask through chalice's test client."""

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Said:
        answer = client.http.request(method, path, headers={"content-type": "application/json", **headers}, body=body)
        return Said(answer.status_code, answer.headers, answer.body)

    return ask


def asking_at(address: str) -> Ask:
    """Return how to ask a server."""

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Said:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
        connection.request(method, path, body or None, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        said = Said(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return said

    return ask


def conversation(ask: Ask) -> list[Any]:
    """Sign in, ask who and which, chat, turn the tokens and sign out, with what goes wrong on the way; return all that was said."""

    def sign_in(password: str) -> Said:
        return ask("POST", "/auth/login", json.dumps({"username": "ann", "password": password}).encode())

    def refresh(token: str) -> Said:
        return ask("POST", "/auth/refresh", json.dumps({"refresh_token": token}).encode())

    opened = sign_in(PASSWORD)
    tokens = json.loads(opened.body)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    turned = refresh(tokens["refresh_token"])
    said = [
        opened,
        sign_in("some other password"),
        ask("POST", "/auth/login", b"not json"),
        ask("GET", "/v1/models"),
        ask("GET", "/v1/models", authorization=f"{bearer['authorization'][:-1]}!"),
        ask("GET", "/v1/nothing"),
        ask("GET", "/auth/me", **bearer),
        ask("GET", "/v1/models", **bearer),
        ask("POST", "/v1/chat/completions", json.dumps(CHAT).encode(), **bearer),
        ask("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}).encode(), **bearer),
        ask("POST", "/v1/chat/completions", json.dumps({**CHAT, "model": "nobody"}).encode(), **bearer),
        turned,
        ask("POST", "/auth/logout", **bearer),
        refresh(json.loads(turned.body)["refresh_token"]),
    ]
    return [one.plain() for one in said]


def settings(folder: Path, upstream: Upstream) -> dict[str, str]:
    """Return a stage's settings, its records in that folder."""
    model = {"name": "mock", "vendor": "openai", "base_url": f"{upstream.url}/v1", "model": "m"}
    known = {"TOKEN_ISSUER": "twocan/test", "TOKEN_AUDIENCE": "twocan/test", "TOKEN_KEY": KEY, "SITE_ORIGIN": "https://chat.example.com"}
    return {**known, "STORE": f"sqlite:///{folder / 'twocan.db'}", "MODELS": json.dumps([model])}


def model() -> Upstream:
    """Return a model's server that answers whole, then in pieces."""
    return Upstream([whole(completion("hi"))], stream(piece("h"), piece("i"), piece(None, "stop"), DONE))


def through_chalice(folder: Path) -> list[Any]:
    """Return the conversation as chalice's gateway carries it; the account comes from the function that has no address."""
    with model() as upstream:
        client = Client(host.app("twocan", host.started(settings(folder, upstream))), project_dir=str(folder))
        made = client.lambda_.invoke("admin", {"command": "users.add", "arguments": {"username": "ann", "password": PASSWORD}})
        assert 200 == made.payload["status"]
        return conversation(asking(client))


async def through_ours(folder: Path) -> list[Any]:
    """Return the conversation as our gateway carries it in AWS's words."""
    with model() as upstream:
        started: dict[str, Any] = host.started(settings(folder, upstream))
        started["admin"]({"command": "users.add", "arguments": {"username": "ann", "password": PASSWORD}}, None)
        # Without an origin it answers as API Gateway does when no gateway responses are configured, as chalice's never are.
        dialect = Aws()
        backends = {one.name: InProcess(started[one.name], "aws", one.seconds) for one in bundle.FUNCTIONS if one.kind == "gateway"}
        gateway = Gateway(dialect, bundle.ROUTES, backends, Guard(dialect, InProcessAuthorizer(started["authorizer"], "aws", 10)))
        async with listening(runner(gateway)) as address:
            return await asyncio.to_thread(conversation, asking_at(address))


def walking() -> Chalice:
    """Return the app with the functions of the walk's tests, whose tokens and clock are those of the recorded events."""
    keeper = Guarding(clouds.load_gatekeeping("aws"), authorizer.decide, authorizer.Tools(ISSUER, Clock()))
    desk_of_login = Started(clouds.load("aws"), login.answer, desk().tools, FIXED)
    return host.app("twocan", {**every(keeper), "login": desk_of_login})


def every(function: host.Handler) -> dict[str, host.Handler]:
    """Return this function in the place of each."""
    return dict.fromkeys((one.name for one in bundle.FUNCTIONS), function)


def recorded(situation: str) -> dict[str, Any]:
    """Return a recorded event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{situation}.json").read_text(encoding="utf-8").replace("$TOKEN", token()))
    return event


def said_by(text: str) -> dict[str, Any]:
    """Return the answer in a golden."""
    answer: dict[str, Any] = json.loads(text)["answer"]
    return answer


def sent_again(situation: str) -> Said:
    """Send the request of a recorded event through chalice's gateway."""
    event = recorded(situation)
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else (event["body"] or "").encode()
    answer = Client(walking()).http.request(event["httpMethod"], event["path"], headers=event["headers"] or {}, body=body)
    return Said(answer.status_code, answer.headers, answer.body)


def test_both_gateways_carry_the_same_conversation(tmp_path: Path) -> None:
    """Two independent makers of events, one authorizer, the same functions: no caller can tell which is which."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = through_chalice(tmp_path / "theirs")
    ours = asyncio.run(through_ours(tmp_path / "ours"))

    assert ours == theirs
    assert [200, 401, 400, 401, 401, 403, 200, 200, 200, 200, 400, 200, 204, 401] == [one[0] for one in theirs]


@pytest.mark.parametrize("situation", [one for one in REQUESTS if one.partition("/")[2] not in STOPPED])
def test_a_recorded_request_has_its_golden_answer(situation: str) -> None:
    """The walk's own goldens, but for the request id: chalice gives none, so that Lambda's own is used."""
    said = sent_again(situation)
    came = {"answer": {"statusCode": said.status, "headers": said.headers, "body": said.body.decode(), "isBase64Encoded": False}}
    found, expected = said_by(golden(came)), said_by(place(situation).read_text(encoding="utf-8"))
    for one in (found, expected):
        del one["headers"]["x-request-id"]

    assert expected == found


@pytest.mark.parametrize("situation", [one for one in REQUESTS if one.partition("/")[2] not in STOPPED])
def test_api_gateways_own_event_passes_as_it_is(situation: str) -> None:
    """As Lambda would call the app, request id and all."""
    event = recorded(situation)
    event["requestContext"]["httpMethod"] = event["httpMethod"]
    answer = walking()(event, CONTEXTS["aws"])
    del answer["multiValueHeaders"]

    assert said_by(place(situation).read_text(encoding="utf-8")) == said_by(golden({"answer": {**answer, "isBase64Encoded": False}}))


@pytest.mark.parametrize("situation", STOPPED)
def test_what_the_gateway_refuses_reaches_no_function(situation: str) -> None:
    """In the gateway's own words."""
    said = sent_again(f"aws/{situation}")

    assert STOPPED[situation] == said.status
    assert b'"error"' not in said.body


@pytest.mark.parametrize("situation", TOKENS)
def test_a_recorded_token_is_admitted_or_not(situation: str) -> None:
    """As the golden of the authorizer says: chalice evaluates the policy, and takes our refusal for a 401."""
    sent = recorded(situation)["authorizationToken"]
    answer = Client(walking()).http.get("/auth/me", headers={} if sent is None else {"authorization": sent})
    admitted = "answer" in json.loads(place(situation).read_text(encoding="utf-8"))

    assert (200 if admitted else 401) == answer.status_code


def test_a_refusal_says_what_lambda_must_say() -> None:
    """Were the app deployed, API Gateway would go by the text alone (aws.md, 5)."""
    keeper: Any = walking().routes["/auth/me"]["GET"].authorizer

    with pytest.raises(NotAuthorizedError, match=r"^Unauthorized$"):
        keeper(recorded("aws/authorizer_garbage"), None)


def test_an_authorizer_that_fails_lets_nobody_in() -> None:
    """Whatever it was, it is no 401, and chalice has no answer of its own for it."""

    def broken(event: Any, context: Any) -> dict[str, Any]:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Client(host.app("twocan", every(broken))).http.get("/auth/me", headers={"authorization": "x"})


@pytest.mark.parametrize("route", bundle.ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_an_address_is_guarded_as_the_bundle_says(route: bundle.Route) -> None:
    """Without a token nothing behind a guarded one is asked, nor is the authorizer."""
    asked = []

    def function(event: Any, context: Any) -> dict[str, Any]:
        asked.append(event["path"])
        return {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}

    answer = Client(host.app("twocan", every(function))).http.request(route.method, route.path)

    assert (401, []) == (answer.status_code, asked) if route.guarded else (200, [route.path]) == (answer.status_code, asked)


def test_a_preflight_is_the_gateways() -> None:
    """No function is asked; that the test client cannot show the answer is chalice's own fault, and this test fails once it is mended."""
    app = walking()

    assert 200 == LocalGateway(app, Config.create()).handle_request("OPTIONS", "/auth/me", {}, None)["statusCode"]
    with pytest.raises(AttributeError):
        Client(app).http.options("/auth/me")


def test_the_environment_stays_as_it_was(tmp_path: Path) -> None:
    """An app is made without a setting, reads none and writes none; a function that is started wants all of its own."""
    host.outline("twocan")

    with pytest.raises(SettingsError):
        host.started({"TOKEN_ISSUER": "twocan/test"})
    with pytest.raises(AssertionError, match="read, never called"):
        Client(host.outline("twocan"), project_dir=str(tmp_path)).lambda_.invoke("admin")
