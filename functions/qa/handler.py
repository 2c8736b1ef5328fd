"""Passages of somebody's documents that speak of a question: read, split, ranked, told with their places.

It knows the address, the caller and the form of question and answer; it asks no model and keeps nothing: the documents come with each question, and
go with the answer. `read` knows documents, `split` where passages begin, `rank` which are best. To add a type of document, see read.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.qa import rank, read, split
from functions.shared import bearer, documents, tokens
from functions.shared.errors import InvalidRequest, RequestTooLarge, UnreadableDocument
from functions.shared.serve import Route, field, reply, route_for, serve

if TYPE_CHECKING:
    from functions.shared.messages import Request, Response
    from functions.shared.settings import Settings

NEEDS = (*bearer.NEEDS, "SITE_ORIGIN", "MAX_BODY_BYTES")

LONGEST_QUESTION = 32_768
#: Passages that are told: unless the request says otherwise, and at most.
LIMIT, MOST = 6, 20
#: The share of the time left that reading may take; the rest is for what follows.
_READING = 0.5


class Tools(NamedTuple):
    """What finding passages takes; `clock` counts seconds, from whenever."""

    issuer: tokens.Issuer
    most: int
    now: Callable[[], float]
    clock: Callable[[], float]


def connect(settings: Settings) -> Tools:
    """Build the tools. Raises SettingsError."""
    return Tools(bearer.issuer(settings), settings.number("MAX_BODY_BYTES"), time.time, time.monotonic)


def answer(request: Request, tools: Tools) -> Response:
    """Answer a caller with a valid token, by the route."""
    return route_for(bearer.caller(request, tools.issuer, int(tools.now())), ROUTES, request, tools)


def _passages(request: Request, tools: Tools) -> Response:
    late = tools.clock() + request.seconds_left * _READING
    if len(request.body) > tools.most:
        raise RequestTooLarge(f"The request may have at most {tools.most} bytes. Attach fewer or smaller documents.")
    document = documents.parse(request.body)
    question = field(document, "question", most=LONGEST_QUESTION)
    limit = _limit(document.get("limit"))

    def hurry() -> None:
        if tools.clock() > late:
            raise UnreadableDocument("The documents take too long to read: attach fewer, or the part that matters.", param="documents")

    texts = read.documents(document.get("documents"), hurry)
    found = [(one, start, end) for one in texts for start, end in split.split(one.text, markdown=one.markdown)]
    best = rank.rank(question, [one.text[start:end] for one, start, end in found], limit)
    told = [_told(*found[place], score) for place, score in best]
    return reply({"passages": told}, documents=len(document["documents"]), searched=len(found), passages=len(told))


def _limit(value: Any) -> int:
    if value is None:
        return LIMIT
    if type(value) is not int or not 1 <= value <= MOST:
        raise InvalidRequest(f"`limit` must be a whole number from 1 to {MOST}.", param="limit")
    return value


def _told(one: read.Text, start: int, end: int, score: float) -> dict[str, Any]:
    return {"document": one.document, "page": one.page, "start": start, "end": end, "text": one.text[start:end], "score": round(score, 6)}


ROUTES = (Route("POST", "/v1/passages", _passages),)

handler = serve(answer, connect, NEEDS)
