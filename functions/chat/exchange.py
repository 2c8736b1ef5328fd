"""One question to one model, and its answer as a response.

    messages ─provider.to_wire─▶ outbound.send ─▶ sse.decode ─▶ provider.from_wire ─▶ frames ─▶ Response.body

It knows the order of these steps, and what a vendor's status means to our caller; it must not know a vendor's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.chat import frames
from functions.shared import providers, sse
from functions.shared.errors import ContextTooLong, TwocanError, UpstreamBusy, UpstreamError, UpstreamInvalid, UpstreamRefused
from functions.shared.messages import Response
from functions.shared.outbound import Incoming, Limits, Outbound, retry_after
from functions.shared.providers import Complaint
from functions.shared.serve import reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Kept back from the time that the platform gives, in seconds, to end an answer honestly.
MARGIN = 1.0
#: Longest whole answer that is read from a vendor, in bytes: what a function may return (aws.md, 6; huawei.md, 1.6) less some room.
LONGEST_ANSWER = 5_000_000
_LONGEST_COMPLAINT = 65_536


class Patience(NamedTuple):
    """The owner's time limits, in seconds."""

    connect: float
    first_token: float
    idle: float
    total: float
    heartbeat: float


class Exchange:
    """One question to one target; ask once, either way."""

    def __init__(self, target: providers.Target, outbound: Outbound, patience: Patience, clock: Callable[[], float], *, seconds_left: float) -> None:
        self._target = target
        self._provider = providers.load(target.vendor)
        self._outbound = outbound
        self._patience = patience
        self._clock = clock
        self._started = clock()
        self._until = self._started + min(patience.total, max(seconds_left - MARGIN, 1.0))
        self._facts: dict[str, Any] = {"model": target.name}

    def answer(self, document: Mapping[str, Any]) -> Response:
        """Return the whole answer, or a streaming one whose first token is here. Raises UpstreamError."""
        try:
            return self._streamed(document) if document.get("stream") else self._plain(document)
        except TwocanError as error:
            error.facts.update(self._facts)
            raise

    def _plain(self, document: Mapping[str, Any]) -> Response:
        incoming = self._sent(document, self._patience.total)
        try:
            raw = incoming.read(LONGEST_ANSWER, self._until, self._clock)
        finally:
            incoming.close()
        whole = {**self._provider.from_plain(raw), "model": self._target.name}
        frames.count_usage(whole, self._facts)
        return reply(whole, **self._facts)

    def _streamed(self, document: Mapping[str, Any]) -> Response:
        incoming = self._sent(document, self._patience.first_token)
        try:
            _check_type(incoming)
            chunks = self._named(self._provider.from_wire(sse.decode(incoming.chunks())))
            pace = self._pace()
            held = frames.hold(chunks, pace)
        except BaseException:
            incoming.close()
            raise
        self._facts["first_token_ms"] = round((self._clock() - self._started) * 1000, 1)
        body = _Body(frames.frames(held, chunks, pace, self._facts), incoming)
        return Response(200, {"content-type": "text/event-stream"}, body, self._facts)

    def _pace(self) -> frames.Pace:
        first_token = self._started + self._patience.first_token
        return frames.Pace(self._clock, first_token, self._patience.idle, self._patience.heartbeat, self._until)

    def _sent(self, document: Mapping[str, Any], status: float) -> Incoming:
        """Send, and return an answer whose status is 200. Raises UpstreamError."""
        call = self._provider.to_wire(self._target, document)
        incoming = self._outbound.send(call, Limits(self._patience.connect, status, max(status, self._patience.idle), self._until))
        if incoming.status == 200:
            return incoming
        self._facts["upstream_status"] = incoming.status
        try:
            raise self._refusal(incoming)
        finally:
            incoming.close()

    def _refusal(self, incoming: Incoming) -> UpstreamError:
        """Return what a vendor's status means to our caller: its view of our key is the owner's affair, not the caller's."""
        if incoming.status in (401, 403):
            return UpstreamRefused()
        if incoming.status == 429:
            return UpstreamBusy(retry_after=round(retry_after(incoming.headers) or 1))
        if incoming.status in (400, 413, 422):
            complaint = self._complaint(incoming)
            return ContextTooLong() if complaint.too_long else UpstreamInvalid(self._clean(complaint.message))
        if incoming.status == 404:
            return UpstreamError("The model's server does not know this model. Ask the owner to check its row: base_url and model.")
        return UpstreamError()

    def _complaint(self, incoming: Incoming) -> Complaint:
        try:
            return self._provider.complaint(incoming.read(_LONGEST_COMPLAINT, self._until, self._clock))
        except UpstreamError:
            # Too long, or cut: the status alone already says whose mistake it is.
            return Complaint("")

    def _clean(self, complaint: str) -> str | None:
        """Return a vendor's words as ours to show, or None: short, and without our key, which some vendors quote."""
        if self._target.key:
            complaint = complaint.replace(self._target.key, "…")
        return f"The model's server does not accept this request: {complaint[:500]}" if complaint else None

    def _named(self, chunks: Iterator[dict[str, Any] | None]) -> Iterator[dict[str, Any] | None]:
        for chunk in chunks:
            if chunk is not None:
                chunk["model"] = self._target.name
            yield chunk


def _check_type(incoming: Incoming) -> None:
    # A media type has no case (RFC 9110, 8.3.1).
    if not incoming.headers.get("content-type", "").lower().startswith("text/event-stream"):
        raise UpstreamError("The model's server did not stream its answer. Ask the owner to check the address of this model.")


class _Body:
    """A body that closes its upstream call when it ends or is closed; a class, because a generator that was never begun runs nothing on close."""

    def __init__(self, body: Iterator[bytes], incoming: Incoming) -> None:
        self._body = body
        self._incoming = incoming
        self._whole = False

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._body)
        except StopIteration:
            self._whole = True
            raise

    def close(self) -> None:
        self._incoming.close(whole=self._whole)
