"""Serves the page on one machine, as the CDN does: fixed files, their cache rules, and the headers of deploy/site.py.

This file knows HTTP and nothing of what it serves. Every path is looked up as it is, in a table: no path is ever joined to a folder. To add a
header, see `HEADERS` in deploy/site.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from deploy.site import HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

    from deploy.site import SiteFile


def pages(files: Sequence[SiteFile]) -> web.Application:
    """Return the application that serves these files, `index.html` at `/` too."""
    table = {f"/{file.path}": file for file in files}
    table["/"] = table["/index.html"]

    # A middleware that never calls on: so that no path is read in any other way than by this table.
    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001 - see above
        if request.url.host == "localhost":
            # By that name the page would be another origin to the API, which would refuse its every call.
            raise web.HTTPTemporaryRedirect(f"http://127.0.0.1:{request.url.port}/")
        return _answer(table.get(request.raw_path.partition("?")[0]), request.method)

    return web.Application(middlewares=[handle])


def _answer(file: SiteFile | None, method: str) -> web.Response:
    if method not in {"GET", "HEAD"}:
        return web.Response(status=405, text="This address takes GET and HEAD only.\n", headers={**HEADERS, "allow": "GET, HEAD"})
    if file is None:
        return web.Response(status=404, text="There is no such page. Go back to the first page: /\n", headers=HEADERS)
    return web.Response(body=file.body, headers={**HEADERS, "content-type": file.type, "cache-control": file.cache})
