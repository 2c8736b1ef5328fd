"""The chat function at work, between a recorded gateway event and a scripted model's server."""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Callable

from functions.chat import asked, handler, models
from functions.chat.board import Board
from functions.chat.exchange import Means, Patience
from functions.chat.failover import Desk
from functions.shared import clouds
from functions.shared.outbound import Outbound
from functions.shared.serve import Started
from tests.fakes.forge import ISSUER, KEY, NOW
from tests.fakes.platforms import CONTEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.shared.messages import Request, Response

UPSTREAM_KEY = "sk-of-the-owner-0123456789"
ORIGIN = "https://chat.example.com"
QUESTION = "a question that no log may hold"
ASKED: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": QUESTION}]}
SIZES = asked.Sizes(body=4_194_304, text=262_144, output=8_192)
PATIENCE = Patience(connect=30, first_token=30, idle=30, total=60, heartbeat=10)


def rows(url: str, vendor: str = "openai") -> str:
    """Return the owner's table: one model with a key, one without, and one that embeds."""
    row = {"name": "house", "vendor": vendor, "base_url": f"{url}/v1", "model": "vendor/model-7", "key": "MAIN"}
    vectors = [{**row, "name": "vectors", "embeds": True}] if vendor == "openai" else []
    return json.dumps([row, {**row, "name": "open", "key": ""}, *vectors])


def settings(url: str) -> dict[str, str]:
    """Return what the deployer would set."""
    owner = {"SITE_ORIGIN": ORIGIN, "MODELS": rows(url), "MODEL_KEYS": json.dumps({"MAIN": UPSTREAM_KEY})}
    return {**owner, "TOKEN_ISSUER": ISSUER.issuer, "TOKEN_AUDIENCE": ISSUER.audience, "TOKEN_KEY": KEY}


class Stand:
    """Asks; `slept` notes how long the function would have slept between tries, `waited` how long for a model that was left alone."""

    def __init__(self, url: str, recorded: Callable[[str], Any], patience: Patience = PATIENCE, **tables: str) -> None:
        self.slept: list[float] = []
        self.waited: list[float] = []
        self._recorded = recorded
        self.board = Board(self.clock)
        routes = models.table(tables.get("models") or rows(url), json.dumps({"MAIN": UPSTREAM_KEY}), tables.get("routes", "[]"))
        means = Means(Outbound(sleep=self.slept.append), patience, self.clock, lambda: NOW, None)
        self.tools = handler.Tools(ISSUER, routes, SIZES, means, Desk(self.board, random.random, self.waited.append))

    def clock(self) -> float:
        """Return a time that goes on by itself, and by what was waited."""
        return time.monotonic() + sum(self.waited)

    def event(self, cloud: str, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Return a recorded event of a signed-in caller, with this address and body."""
        sent = b64encode(body).decode() if cloud == "huawei" else body.decode()
        changed = {"httpMethod": method, "path": path, "body": sent, "isBase64Encoded": cloud == "huawei"}
        return {**self._recorded(f"{cloud}/me"), **changed}

    def respond(self, cloud: str = "aws", method: str = "POST", path: str = "/v1/chat/completions", **members: Any) -> Response:
        """Answer one event; who calls consumes and closes the body."""
        body = json.dumps({**ASKED, **members}).encode() if method == "POST" else b""
        return self.started(cloud).respond(self.event(cloud, method, path, body), CONTEXTS[cloud])

    def ask(self, cloud: str = "aws", **members: Any) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and the whole body of the answer to a question."""
        response = self.respond(cloud, **members)
        return response.status, response.headers, b"".join(response.body)

    def refusal(self, **members: Any) -> tuple[int, str]:
        """Return the status and the code of a refusal."""
        status, _, body = self.ask(**members)
        return status, json.loads(body)["error"]["code"]

    def stream(self, **members: Any) -> list[bytes]:
        """Return the events of a streamed answer that began."""
        status, headers, body = self.ask(stream=True, **members)
        assert (status, headers["content-type"]) == (200, "text/event-stream"), body
        return [one + b"\n\n" for one in body.split(b"\n\n") if one not in (b"", b": ")]

    def answer(self, request: Request) -> Response:
        """Answer a neutral request. Raises what the function raises."""
        return handler.answer(request, self.tools)

    def started(self, cloud: str) -> Started[handler.Tools]:
        """Return the whole walk behind a gateway."""
        return Started(clouds.load(cloud), handler.answer, self.tools, {"x-fixed": "yes"})


def documents(frames: list[bytes]) -> list[Any]:
    """Return what is in the events, [DONE] left out."""
    return [json.loads(one.removeprefix(b"data: ")) for one in frames if one != b"data: [DONE]\n\n"]


def text(frames: list[bytes]) -> str:
    """Return the text that a reader of these events sees."""
    deltas = [choice["delta"] for one in documents(frames) for choice in one.get("choices", [])]
    return "".join(delta.get("content") or "" for delta in deltas)


def ending(frames: list[bytes]) -> str:
    """Return how a streamed answer ended: [DONE], or an error's code."""
    if frames[-1] == b"data: [DONE]\n\n":
        return "[DONE]"
    return str(json.loads(frames[-1].removeprefix(b"data: "))["error"]["code"])
