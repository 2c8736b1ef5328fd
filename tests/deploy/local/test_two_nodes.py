"""Two embedded models behind one name, under the gateway: questions spread over both, and one is killed while many wait."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from deploy import bundle
from deploy.local import model, stage
from deploy.local.alone import free_port
from deploy.local.aws import Aws
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard
from deploy.local.model import EmbeddedModel
from deploy.owner import model_settings
from functions.shared import tokens
from tests.deploy.local.scripted import listening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from aiohttp import web

#: More than both answer at a time: some wait for their first token when the node is killed.
QUESTIONS = 12
_KEY = "a key of this test, long enough for HS256"
_PATIENCE = dict.fromkeys(("FIRST_TOKEN_SECONDS", "IDLE_SECONDS", "TOTAL_SECONDS"), "120")


class Heard(NamedTuple):
    """What one caller heard: the status, the models that spoke, and how it ended: [DONE], an error's code, or "" for neither."""

    status: int
    models: frozenset[str]
    endings: tuple[str, ...]


class Callers:
    """Many who ask at once; `begun` is set when node a has said its first word to one of them."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/v1/chat/completions"
        name = tokens.issue(tokens.Issuer("i", "a", tokens.keys(_KEY, "")), subject="ann", session="s", now=int(time.time()))
        self._headers = {"authorization": f"Bearer {name}"}
        self.begun = asyncio.Event()

    async def ask(self, most: int) -> Heard:
        """Ask for exactly so many tokens."""
        messages = [{"role": "user", "content": "Tell me a long story about a lighthouse."}]
        question = {"model": "house", "stream": True, "max_tokens": most, "ignore_eos": True, "messages": messages}
        models: set[str] = set()
        endings: list[str] = []
        async with aiohttp.ClientSession() as client, client.post(self._url, json=question, headers=self._headers) as answer:
            async for line in answer.content:
                self._hear(line, models, endings)
            return Heard(answer.status, frozenset(models), tuple(endings))

    def _hear(self, line: bytes, models: set[str], endings: list[str]) -> None:
        if line.startswith(b"data: [DONE]"):
            endings.append("[DONE]")
        elif line.startswith(b"data: "):
            said = json.loads(line[6:])
            endings += [said["error"]["code"]] if "error" in said else []
            models |= {said["model"]} if "model" in said else set()
            if said.get("model") == "a":
                self.begun.set()


@contextmanager
def _nodes() -> Iterator[tuple[EmbeddedModel, EmbeddedModel]]:
    with ExitStack() as stack:
        both = EmbeddedModel(free_port()), EmbeddedModel(free_port())
        for one in both:
            stack.callback(one.stop)
        for one in both:
            one.wait()
        yield both


def _api(folder: Path, nodes: Sequence[EmbeddedModel]) -> web.BaseRunner:
    rows: list[Mapping[str, str]] = [
        {"name": name, "vendor": "openai", "base_url": node.base_url, "model": model.NAME} for name, node in zip("ab", nodes, strict=True)
    ]
    route = {"name": "house", "strategy": "least-busy", "targets": ["a", "b"]}
    given = {"SITE_ORIGIN": "http://127.0.0.1:1", "TOKEN_ISSUER": "i", "TOKEN_AUDIENCE": "a", "TOKEN_KEY": _KEY, **_PATIENCE}
    values = stage.Stage(folder).settings({**given, **model_settings(tuple(rows), (route,), {})})
    started = {one.name: stage.start(one, "aws", values) for one in bundle.FUNCTIONS if one.kind != "direct"}
    backends = {name: InProcess(function, "aws", 900) for name, function in started.items() if name != "authorizer"}
    dialect = Aws()
    return runner(Gateway(dialect, bundle.ROUTES, backends, Guard(dialect, InProcessAuthorizer(started["authorizer"], "aws", 10))))


async def _run(folder: Path) -> tuple[list[Heard], list[Heard]]:
    """Return what all heard while both nodes were well, and what all heard of whom one was killed."""
    with _nodes() as nodes:
        async with listening(_api(folder, nodes)) as base:
            calm = await asyncio.gather(*(Callers(base).ask(1) for _ in range(QUESTIONS)))
            callers = Callers(base)
            asked = [asyncio.create_task(callers.ask(16)) for _ in range(QUESTIONS)]
            await callers.begun.wait()
            await asyncio.to_thread(nodes[0].stop)
            return calm, await asyncio.gather(*asked)


def test_two_nodes_share_the_work_and_one_may_die(tmp_path: Path) -> None:
    """Who had no word yet gets a whole answer from the other; who had is told once that it broke off; nobody hears two models."""
    calm, rough = asyncio.run(_run(tmp_path))
    shares = [sum(one.models == {name} for one in calm) for name in "ab"]
    cut = [one for one in rough if one.endings != ("[DONE]",)]

    assert [(200, ("[DONE]",))] * QUESTIONS == [(one.status, one.endings) for one in calm]
    assert sum(shares) == QUESTIONS
    assert min(shares) >= QUESTIONS // 4
    assert {(200, frozenset("a"), ("upstream_cut",))} == set(cut)
    assert len(cut) < len([one for one in rough if one.models == {"b"}])
    assert {200} == {one.status for one in rough}
