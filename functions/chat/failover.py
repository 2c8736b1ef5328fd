"""One question to a route: its models one after the other, until one begins to answer.

It knows when to go on to the next model, when to wait and when to give up; it must know no vendor's words and no strategy. Once a model has begun,
nobody takes over: the text of two models is never passed off as one answer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.chat import routes
from functions.chat.exchange import Exchange, Spent, Terms
from functions.shared.errors import ContextTooLong, UpstreamBusy, UpstreamError, UpstreamInvalid
from functions.shared.outbound import RETRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.chat.board import Board, Lease
    from functions.chat.exchange import Means
    from functions.chat.models import Route
    from functions.chat.routes import Needs
    from functions.chat.share import Share
    from functions.shared.messages import Response
    from functions.shared.providers import Target

    Ask = Callable[[Exchange], Response]

#: Kept back from the time that the platform gives, in seconds, to end an answer honestly.
MARGIN = 1.0
#: Seconds after which a model that is left alone is looked at again.
_STEP = 0.25
_LEFT_ALONE = "This model was busy or has failed, and is left alone for a moment. Wait, or choose another one."


class Desk(NamedTuple):
    """What choosing takes besides: what was seen of the models, a source of chance from 0 to 1, a way to wait, and what other instances have seen."""

    board: Board
    chance: Callable[[], float]
    sleep: Callable[[float], None]
    share: Share | None = None


class Failover:
    """One question to a route; ask once."""

    def __init__(self, route: Route, means: Means, desk: Desk, *, seconds_left: float) -> None:
        self._route = route
        self._means = means
        self._desk = desk
        now = means.clock()
        self._until = now + min(means.patience.total, max(seconds_left - MARGIN, 1.0))
        # Until when a model that is left alone is waited for.
        self._latest = min(self._until - MARGIN, now + means.patience.first_token)
        self._failed: list[dict[str, Any]] = []
        self._spent = Spent()

    def answer(self, document: Mapping[str, Any], size: int) -> Response:
        """Return the answer of the first model that gives one; the request's text has `size` bytes. Raises UpstreamError and InvalidRequest."""
        return self._of(routes.needs(document, size), lambda exchange: exchange.answer(document))

    def embed(self, document: Mapping[str, Any], size: int) -> Response:
        """Return the embeddings of the first model that gives them; the longest text has `size` bytes. Raises UpstreamError and InvalidRequest."""
        return self._of(routes.needs_to_embed(size), lambda exchange: exchange.embed(document))

    def _of(self, needed: Needs, ask: Ask) -> Response:
        able = routes.able(self._route, needed)
        left = routes.order(self._route, able, self._desk.board.standing, self._desk.chance)
        if self._desk.share is not None:
            self._desk.share.look()
        try:
            response = self._first(ask, left)
        except UpstreamError as error:
            error.facts.update(self._facts(), **self._spent._asdict())
            raise
        response.facts.update(self._facts())
        return response

    def _first(self, ask: Ask, left: list[Target]) -> Response:
        last: UpstreamError | None = None
        while left:
            found = self._next(left)
            if isinstance(found, float):
                raise last or UpstreamBusy(_LEFT_ALONE, retry_after=max(1, math.ceil(found)))
            target, lease = found
            left.remove(target)
            try:
                return self._asked(target, lease, ask, retries=0 if self._is_any_free(left) else RETRIES)
            except UpstreamError as error:
                last = error
                left = _after(error, target, left)
        raise last or UpstreamError

    def _next(self, left: list[Target]) -> tuple[Target, Lease] | float:
        """Return the first that may be asked; where none may, wait for whoever may be first, or return the seconds if those are too many."""
        while True:
            for target in left:
                lease = self._desk.board.lease(target.name)
                if lease is not None:
                    return target, lease
            wait = min(self._desk.board.standing(target.name).wait for target in left)
            if self._means.clock() + wait > self._latest:
                return wait
            # Not all at once: who probes it may be back long before that is given up.
            self._desk.sleep(min(wait, _STEP))

    def _is_any_free(self, left: list[Target]) -> bool:
        return any(not self._desk.board.standing(target.name).wait for target in left)

    def _asked(self, target: Target, lease: Lease, ask: Ask, *, retries: int) -> Response:
        exchange = Exchange(target, self._means, lease, Terms(self._until, retries, self._spent))
        try:
            return ask(exchange)
        except UpstreamError as error:
            self._failed.append({"model": target.name, "code": error.code, "upstream_status": error.facts.get("upstream_status")})
            self._spent = exchange.spent
            # What was never sent, since this vendor cannot do it, says nothing of its server.
            failed = ("" if isinstance(error, UpstreamInvalid) else error.code) if _was_sent(error) else None
            lease.end(failed=failed, retry_after=error.retry_after)
            raise
        except BaseException:
            lease.end(failed=None)
            raise

    def _facts(self) -> dict[str, Any]:
        """Return what the log line says besides: the name that was asked for, and who failed before."""
        failed = {"failed": self._failed} if self._failed else {}
        return {"asked": self._route.name, **failed}


def _after(error: UpstreamError, target: Target, left: list[Target]) -> list[Target]:
    """Return the models that may do better. Raises what a server calls the request's own fault: every other would say so, too."""
    if isinstance(error, ContextTooLong):
        known = target.capabilities.context or 0
        return [one for one in left if one.capabilities.context is None or one.capabilities.context > known]
    if isinstance(error, UpstreamInvalid) and _was_sent(error):
        raise error
    return left


def _was_sent(error: UpstreamError) -> bool:
    """Say whether a server had the request: what is refused while it is translated was never sent."""
    return not isinstance(error, UpstreamInvalid) or "upstream_status" in error.facts
