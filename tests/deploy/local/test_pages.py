"""The page's server on a real socket."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from deploy.local.pages import pages
from deploy.site import HEADERS, SiteFile
from tests.deploy.local.scripted import listening

FILES = (SiteFile("releases/1/app.js", b"1", "text/javascript; charset=utf-8", "immutable"), SiteFile("index.html", b"<p>", "text/html", "no-cache"))


def ask(method: str, path: str) -> tuple[int, Any, bytes]:
    """Return status, headers and body."""

    async def run() -> tuple[int, Any, bytes]:
        async with (
            listening(web.AppRunner(pages(FILES), access_log=None)) as base,
            aiohttp.ClientSession() as client,
            client.request(method, URL(base + path, encoded=True)) as answer,
        ):
            return answer.status, answer.headers, await answer.read()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "cache"),
    [
        ("GET", "/", b"<p>", "text/html", "no-cache"),
        ("GET", "/index.html?x", b"<p>", "text/html", "no-cache"),
        ("HEAD", "/", b"", "text/html", "no-cache"),
        ("GET", "/releases/1/app.js", b"1", "text/javascript; charset=utf-8", "immutable"),
    ],
)
def test_serves_the_files(method: str, path: str, body: bytes, kind: str, cache: str) -> None:
    """Each with its type and its cache rule."""
    status, headers, seen = ask(method, path)

    assert (200, body) == (status, seen)
    assert (kind, cache) == (headers["content-type"], headers["cache-control"])


@pytest.mark.parametrize("path", ["/x", "/releases/1/", "/releases/1/%2e%2e/1/app.js", "//index.html", "/../deploy/site.py", "/%", "/INDEX.html"])
def test_knows_no_other_path(path: str) -> None:
    """A path is a name in a table, nothing else."""
    assert ask("GET", path)[0] == 404


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 200), ("GET", "/x", 404), ("POST", "/", 405)])
def test_every_answer_has_the_security_headers(method: str, path: str, status: int) -> None:
    """Errors too."""
    seen, headers, _ = ask(method, path)

    assert status == seen
    assert HEADERS.items() <= {name.lower(): value for name, value in headers.items()}.items()


def test_localhost_is_sent_to_the_address_that_the_api_admits() -> None:
    """Whoever opens the page as localhost is sent on, since the API admits one origin."""

    async def run() -> tuple[int, str, str]:
        async with (
            listening(web.AppRunner(pages(FILES), access_log=None)) as base,
            aiohttp.ClientSession() as client,
            client.get(base.replace("127.0.0.1", "localhost"), allow_redirects=False) as answer,
        ):
            return answer.status, answer.headers["location"], f"{base}/"

    status, location, expected = asyncio.run(run())

    assert (status, location) == (307, expected)
