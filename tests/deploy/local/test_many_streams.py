"""Two hundred streams through everything at once: gateway, authorizer, chat function, and a model's server that holds all of them back."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import aiohttp

from deploy import bundle
from deploy.local import stage
from deploy.local.aws import Aws
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard
from deploy.owner import model_settings
from functions.shared import tokens
from tests.deploy.local.scripted import listening
from tests.fakes.upstream import DONE, LAST, Upstream, head, piece, token

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

STREAMS = 200
_KEY = "a key of this test, long enough for HS256"


def test_200_answers_have_begun_before_any_ends(tmp_path: Path) -> None:
    """All 200 callers have their first byte before the model says its second word, and every one of their answers is whole."""
    go = threading.Event()
    with Upstream([head(), piece(token("first")), go, piece(token(" last", "stop")), piece(DONE), LAST]) as upstream:
        answers = asyncio.run(_all(tmp_path, upstream.url, go))

    assert [answer.endswith(b"data: [DONE]\n\n") for answer in answers] == [True] * STREAMS


async def _all(folder: Path, upstream: str, go: threading.Event) -> list[bytes]:
    begun: list[int] = []
    name = tokens.issue(tokens.Issuer("i", "a", tokens.keys(_KEY, "")), subject="ann", session="s", now=int(time.time()))
    question = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}

    async def follow(client: aiohttp.ClientSession, url: str, number: int) -> bytes:
        async with client.post(url, json=question, headers={"authorization": f"Bearer {name}"}) as answer:
            first = await answer.content.readany()
            begun.append(number)
            if len(begun) == STREAMS:
                go.set()
            return first + await answer.read()

    connector = aiohttp.TCPConnector(limit=STREAMS)
    async with listening(_api(folder, upstream)) as base, aiohttp.ClientSession(connector=connector) as client:
        return await asyncio.gather(*(follow(client, f"{base}/v1/chat/completions", number) for number in range(STREAMS)))


def _api(folder: Path, upstream: str) -> web.BaseRunner:
    row = {"name": "m", "vendor": "openai", "base_url": upstream, "model": "m"}
    given = {"SITE_ORIGIN": "http://127.0.0.1:1", "TOKEN_ISSUER": "i", "TOKEN_AUDIENCE": "a", "TOKEN_KEY": _KEY, **model_settings((row,), (), {})}
    values = stage.Stage(folder).settings(given)
    started = {one.name: stage.start(one, "aws", values) for one in bundle.FUNCTIONS if one.kind != "direct"}
    backends = {name: InProcess(function, "aws", 900) for name, function in started.items() if name != "authorizer"}
    dialect = Aws()
    return runner(Gateway(dialect, bundle.ROUTES, backends, Guard(dialect, InProcessAuthorizer(started["authorizer"], "aws", 10))))
