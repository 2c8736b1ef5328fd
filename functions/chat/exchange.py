"""One question to one model, and its answer as a response.

    messages ─provider.to_wire─▶ outbound.send ─▶ sse.decode ─▶ provider.from_wire ─▶ frames ─▶ Response.body

It knows the order of these steps, and what a vendor's status means to our caller; it must not know a vendor's words.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.chat import frames
from functions.chat.gathered import gathered
from functions.shared import providers, sigv4, sse
from functions.shared.errors import ContextTooLong, TwocanError, UpstreamBusy, UpstreamError, UpstreamInvalid, UpstreamRefused, UpstreamTimeout
from functions.shared.messages import Response
from functions.shared.outbound import Incoming, Limits, Outbound, Outgoing, retry_after
from functions.shared.providers import Complaint
from functions.shared.serve import reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from functions.chat.board import Lease

#: Longest whole answer that is read from a vendor, in bytes: what a function may return (aws.md, 6; huawei.md, 1.6) less some room.
LONGEST_ANSWER = 5_000_000
#: Longest stream that is gathered into a whole answer, in bytes: most of it is not text.
_LONGEST_GATHERED = 10_000_000
_LONGEST_COMPLAINT = 65_536
#: Statuses whose body says what is wrong with the request; 424 is SageMaker's for what the container said.
_WITH_WORDS = frozenset({400, 413, 422, 424})
#: Characters of what is taken for a part of a key: less is no secret.
_PART_OF_A_KEY = 8
#: Seconds for telling a vendor to stop.
_GOODBYE = 2.0


class Patience(NamedTuple):
    """The owner's time limits, in seconds."""

    connect: float
    first_token: float
    idle: float
    total: float
    heartbeat: float


class Means(NamedTuple):
    """What every exchange takes: the way out, the owner's limits, a monotonic clock and the date, and who the function itself is on AWS."""

    outbound: Outbound
    patience: Patience
    clock: Callable[[], float]
    now: Callable[[], float]
    role: sigv4.Credentials | None


class Spent(NamedTuple):
    """Tokens that a question has cost, all that were asked together."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Terms(NamedTuple):
    """What holds for one exchange of several: a point of the clock for its end, how often it may try again, and what was spent before it."""

    until: float
    retries: int
    spent: Spent


class Exchange:
    """One question to one target; ask once, either way. Its lease ends with the answer; who asked ends it after an error."""

    def __init__(self, target: providers.Target, means: Means, lease: Lease, terms: Terms) -> None:
        self._target = target
        self._provider = providers.load(target.vendor)
        self._means = means
        self._lease = lease
        self._patience = means.patience._replace(**target.patience)
        self._clock = means.clock
        self._started = self._clock()
        self._until = min(terms.until, self._started + self._patience.total)
        self._terms = terms
        self._facts: dict[str, Any] = {"model": target.name}
        self._cancel: Outgoing | None = None

    @property
    def spent(self) -> Spent:
        """What the question has cost until now, with what it had cost before."""
        return self._terms.spent._replace(**{name: self._facts[name] for name in Spent._fields if name in self._facts})

    def answer(self, document: Mapping[str, Any]) -> Response:
        """Return the whole answer, or a streaming one whose first token is here. Raises UpstreamError."""
        try:
            return self._streamed(document) if document.get("stream") else self._plain(document)
        except TwocanError as error:
            error.facts.update(self._facts)
            raise

    def embed(self, document: Mapping[str, Any]) -> Response:
        """Return the embeddings. Raises UpstreamError."""
        to_embed, from_embedded = self._provider.to_embed, self._provider.from_embedded
        if to_embed is None or from_embedded is None:
            raise UpstreamInvalid("This model's vendor makes no embeddings. Choose another model.")
        try:
            return self._whole(self._read(to_embed(self._target, document), from_embedded))
        except TwocanError as error:
            error.facts.update(self._facts)
            raise

    def _plain(self, document: Mapping[str, Any]) -> Response:
        if self._provider.elsewhere:
            return self._whole(self._gathered(document))
        return self._whole(self._read(self._provider.to_wire(self._target, document), self._provider.from_plain))

    def _whole(self, whole: dict[str, Any]) -> Response:
        self._count(whole)
        self._lease.end()
        return reply({**whole, "model": self._target.name}, **self._facts)

    def _read(self, call: Outgoing, ours: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
        incoming = self._sent(call, self._patience.total)
        try:
            return ours(incoming.read(LONGEST_ANSWER, self._until, self._clock))
        finally:
            incoming.close()

    def _gathered(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole answer of a vendor that only tells where it is."""
        incoming = self._begun({**document, "stream": True}, self._patience.total)
        whole = False
        try:
            answer = gathered(self._in_time(self._provider.from_wire(_events(incoming, _LONGEST_GATHERED))))
            whole = True
        finally:
            incoming.close(whole=whole)
            self._cancelled()
        return answer

    def _streamed(self, document: Mapping[str, Any]) -> Response:
        incoming = self._begun(document, self._patience.first_token)
        try:
            chunks = self._named(self._provider.from_wire(_events(incoming)))
            pace = self._pace()
            held = frames.hold(chunks, pace)
        except BaseException:
            incoming.close()
            self._cancelled()
            raise
        self._lease.first_token()
        self._facts["first_token_ms"] = round((self._clock() - self._started) * 1000, 1)
        body = _Body(frames.frames(held, chunks, pace, self._facts), incoming, self._over)
        return Response(200, {"content-type": "text/event-stream"}, body, self._facts)

    def _pace(self) -> frames.Pace:
        first_token = self._started + self._patience.first_token
        return frames.Pace(self._clock, first_token, self._patience.idle, self._patience.heartbeat, self._until)

    def _in_time(self, chunks: Iterator[dict[str, Any] | None]) -> Iterator[dict[str, Any] | None]:
        for chunk in chunks:
            if self._clock() > self._until:
                raise UpstreamTimeout
            yield chunk
        self._cancel = None

    def _begun(self, document: Mapping[str, Any], status: float) -> Incoming:
        """Return the answer that will stream, wherever it is. Raises UpstreamError."""
        incoming = self._sent(self._provider.to_wire(self._target, document), status)
        if self._provider.elsewhere is None:
            return incoming
        try:
            place = self._provider.elsewhere(self._target, incoming.read(LONGEST_ANSWER, self._until, self._clock))
        finally:
            incoming.close()
        self._cancel = place.cancel
        try:
            return self._sent(place.answer, status)
        except BaseException:
            self._cancelled()
            raise

    def _over(self, *, whole: bool) -> None:
        """End what a streamed answer has held: who hangs up says nothing of the model."""
        self._cancelled()
        self._lease.end(failed=str(self._facts.get("code", "")) if whole else None)

    def _cancelled(self) -> None:
        """Tell the vendor that nobody wants the rest, where hanging up does not."""
        call, self._cancel = self._cancel, None
        if call is not None:
            with suppress(UpstreamError):
                soon = min(self._patience.connect, _GOODBYE)
                self._means.outbound.send(call, Limits(soon, soon, soon, self._clock() + soon), retries=0).close()

    def _sent(self, call: Outgoing, status: float) -> Incoming:
        """Send, and return an answer whose status is that of success. Raises UpstreamError."""
        limits = Limits(self._patience.connect, status, max(status, self._patience.idle), self._until)
        incoming = self._means.outbound.send(self._signed(call), limits, retries=self._terms.retries)
        if incoming.status == 200 or (incoming.status == 201 and self._provider.elsewhere):
            return incoming
        self._facts["upstream_status"] = incoming.status
        try:
            raise self._refusal(incoming)
        finally:
            incoming.close()

    def _signed(self, call: Outgoing) -> Outgoing:
        """Return the call as it is sent: for a service of AWS's, signed with the row's key, or as the function itself. Raises UpstreamRefused."""
        if call.signed is None:
            return call
        credentials = sigv4.credentials(self._target.key) if self._target.key else self._means.role
        if credentials is None:
            raise UpstreamRefused
        return call._replace(headers=sigv4.signed(call, credentials, sigv4.Scope(*call.signed), int(self._means.now())))

    def _refusal(self, incoming: Incoming) -> UpstreamError:
        """Return what a vendor's status means to our caller: its view of our key is the owner's affair, not the caller's."""
        complaint = self._complaint(incoming) if incoming.status in _WITH_WORDS else Complaint("")
        status = complaint.status or incoming.status
        if status in (401, 403):
            return UpstreamRefused()
        if status == 402:
            return UpstreamRefused("The model's server wants to be paid first. Ask the owner to look at the account behind this model.")
        if status in (429, 529):
            return UpstreamBusy(retry_after=round(retry_after(incoming.headers) or 1))
        if status in (400, 413, 422):
            return ContextTooLong() if complaint.too_long else UpstreamInvalid(self._clean(complaint.message))
        if status == 404:
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
        # Where a key has parts, as AWS's has, each of them.
        for part in (self._target.key, *self._target.key.split(":")):
            complaint = complaint.replace(part, "…") if len(part) >= _PART_OF_A_KEY else complaint
        return f"The model's server does not accept this request: {complaint[:500]}" if complaint else None

    def _named(self, chunks: Iterator[dict[str, Any] | None]) -> Iterator[dict[str, Any] | None]:
        for chunk in chunks:
            if chunk is not None:
                chunk["model"] = self._target.name
                if "usage" in chunk:
                    self._count(chunk)
            yield chunk
        # The vendor has said that the answer is whole. After anything else, a time limit that passed too, it may still be at work.
        self._cancel = None

    def _count(self, answer: Mapping[str, Any]) -> None:
        """Note the token counts that the vendor gives, on top of what others have taken before it."""
        usage = answer.get("usage")
        if isinstance(usage, dict):
            for name, before in self._terms.spent._asdict().items():
                if isinstance(usage.get(name), int):
                    self._facts[name] = before + usage[name]


def _events(incoming: Incoming, most: float = math.inf) -> Iterator[sse.Event | None]:
    """Return what comes as events, by the form that the server says it has. Raises UpstreamError over `most` bytes."""
    # A media type has no case (RFC 9110, 8.3.1).
    kind = incoming.headers.get("content-type", "").lower()
    chunks = incoming.chunks() if most == math.inf else _limited(incoming.chunks(), most)
    if kind.startswith("text/event-stream"):
        return sse.decode(chunks)
    if kind.startswith("application/vnd.amazon.eventstream"):
        from functions.shared import eventstream

        return eventstream.decode(chunks)
    raise UpstreamError("The model's server did not stream its answer. Ask the owner to check the address of this model.")


def _limited(chunks: Iterator[bytes], most: float) -> Iterator[bytes]:
    for chunk in chunks:
        most -= len(chunk)
        if most < 0:
            raise UpstreamError("The model's server sent more than an answer can be.")
        yield chunk


class _Body:
    """A body that closes its upstream call when it ends or is closed; a class, because a generator that was never begun runs nothing on close.

    `over` is told then whether the end was reached.
    """

    def __init__(self, body: Iterator[bytes], incoming: Incoming, over: Callable[..., None]) -> None:
        self._body = body
        self._incoming = incoming
        self._over = over
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
        self._over(whole=self._whole)
