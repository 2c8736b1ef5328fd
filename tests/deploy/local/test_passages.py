"""A question about documents through a gateway on this machine, with the real authorizer and the real function behind it."""

from __future__ import annotations

import asyncio
import io
import json
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from deploy import bundle
from deploy.local import stage
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard
from deploy.local.run import DIALECTS
from functions.shared import tokens
from tests.deploy.local.scripted import listening
from tests.functions.qa.pdfs import pdf

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from deploy.gateway_responses import Cloud

_KEY = "a key of this test, long enough for HS256"
PAPER = {"name": "月亮.pdf", "type": "application/pdf", "data": b64encode(pdf("first", "月亮离地球很远。")).decode()}
#: As much as a request may hold by default.
BOOK = {"name": "book.txt", "type": "text/plain", "data": b64encode(b"A cat sleeps all day.\n\n" * 136_000).decode()}

on_either_cloud = pytest.mark.parametrize("cloud", ["aws", "huawei"])


def _api(folder: Path, cloud: Cloud) -> web.BaseRunner:
    given = {"SITE_ORIGIN": "http://127.0.0.1:1", "TOKEN_ISSUER": "i", "TOKEN_AUDIENCE": "a", "TOKEN_KEY": _KEY}
    values = stage.Stage(folder).settings(given)
    started = {one.name: stage.start(one, cloud, values) for one in bundle.FUNCTIONS if one.kind != "direct"}
    backends = {name: InProcess(function, cloud, 25) for name, function in started.items() if name != "authorizer"}
    dialect = DIALECTS[cloud](origin="http://127.0.0.1:1")
    return runner(Gateway(dialect, bundle.ROUTES, backends, Guard(dialect, InProcessAuthorizer(started["authorizer"], cloud, 10))))


def asked(folder: Path, cloud: Cloud, headers: dict[str, str], *documents: dict[str, str]) -> tuple[int, Any]:
    """Return status and document of the answer."""

    async def ask() -> tuple[int, Any]:
        question = io.BytesIO(json.dumps({"question": "月亮多远", "documents": documents}).encode())
        async with (
            listening(_api(folder, cloud)) as base,
            aiohttp.ClientSession() as client,
            client.post(f"{base}/v1/passages", data=question, headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    return asyncio.run(ask())


def signed_in() -> dict[str, str]:
    """Return the headers of somebody who has signed in."""
    token = tokens.issue(tokens.Issuer("i", "a", tokens.keys(_KEY, "")), subject="ann", session="s", now=int(time.time()))
    return {"authorization": f"Bearer {token}"}


@on_either_cloud
def test_a_passage_is_found_among_as_much_as_a_request_may_hold(tmp_path: Path, cloud: Cloud) -> None:
    """Four megabytes of body, a PDF among them; the answer is whole."""
    status, said = asked(tmp_path, cloud, signed_in(), BOOK, PAPER)

    assert (200, [("月亮.pdf", 2, "月亮离地球很远。")]) == (status, [(one["document"], one["page"], one["text"]) for one in said["passages"]])


@on_either_cloud
def test_nobody_gets_there_without_a_token(tmp_path: Path, cloud: Cloud) -> None:
    """The gateway asks the authorizer first."""
    assert 401 == asked(tmp_path, cloud, {}, PAPER)[0]
