"""From a vendor's chunks to what the client reads: held until the first token, then forwarded, ended by exactly one terminal event.

It knows time limits and honesty: before the first token everything that goes wrong keeps its HTTP status; after it there is one in-band
error or [DONE], never both and never neither, and cut text is never ended with [DONE]. It must know no vendor and no socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.shared import documents, log, sse
from functions.shared.errors import TwocanError, UpstreamError, UpstreamTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator

_DONE = b"data: [DONE]\n\n"
#: The members of a delta that are an answer's substance; a role alone is not.
_SUBSTANCE = ("content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal", "audio")

#: Chunks without substance that are held at most, and their bytes: there is one as a rule.
_MOST_HELD = 1000
_LONGEST_HELD = 1_000_000


class Pace(NamedTuple):
    """The limits of one answer: seconds of silence, and points of `clock` for the first token and the end."""

    clock: Callable[[], float]
    first_token: float
    idle: float
    heartbeat: float
    until: float


def hold(chunks: Iterator[dict[str, Any] | None], pace: Pace) -> list[dict[str, Any]]:
    """Return the chunks up to and with the first token. Raises UpstreamTimeout, or whatever the chunks raise."""
    latest = min(pace.first_token, pace.until)
    held: list[dict[str, Any]] = []
    size = 0
    for chunk in chunks:
        if chunk is not None:
            held.append(chunk)
            if _has_substance(chunk):
                return held
            size += len(documents.write(chunk))
            if len(held) > _MOST_HELD or size > _LONGEST_HELD:
                break
        if pace.clock() > latest:
            raise UpstreamTimeout
    raise UpstreamError("The model's server sent an empty answer. Try again, or choose another model.")


def frames(held: list[dict[str, Any]], chunks: Iterator[dict[str, Any] | None], pace: Pace, facts: dict[str, Any]) -> Iterator[bytes]:
    """Yield the held chunks, then the others as they come; b"" when there is nothing, so that the host can see whether anybody listens."""
    facts["chunks"] = 0
    try:
        for chunk in held:
            yield _frame(chunk, facts)
        yield from _rest(chunks, pace, facts)
        yield _DONE
    except TwocanError as error:
        facts["code"] = error.code
        yield _error(error)
    except Exception as error:  # noqa: BLE001 - the status is sent: what was not foreseen must still end the answer honestly
        facts.update(log.fault(error), code=TwocanError.code)
        yield _error(TwocanError())


def _rest(chunks: Iterator[dict[str, Any] | None], pace: Pace, facts: dict[str, Any]) -> Iterator[bytes]:
    token = sent = pace.clock()
    for chunk in chunks:
        now = pace.clock()
        if now > pace.until:
            raise UpstreamTimeout("The answer took longer than one may take. What came so far is not complete.")
        if chunk is not None and _has_substance(chunk):
            token = now
        # Neither a heartbeat nor an empty chunk feeds `token`: a silent model is found out however well the connection is kept alive.
        if now - token > pace.idle:
            raise UpstreamTimeout("The model fell silent. What came so far is not complete.")
        if chunk is not None:
            sent = now
            yield _frame(chunk, facts)
            continue
        beat = now - sent >= pace.heartbeat
        sent = now if beat else sent
        yield sse.HEARTBEAT if beat else b""


def _frame(chunk: dict[str, Any], facts: dict[str, Any]) -> bytes:
    facts["chunks"] += 1
    return b"data: " + documents.write(chunk) + b"\n\n"


def _error(error: TwocanError) -> bytes:
    return b"data: %b\n\n" % documents.write(error.body())


def _has_substance(chunk: dict[str, Any]) -> bool:
    choices: Any = chunk.get("choices")
    try:
        if choices[0]["delta"]["content"]:  # nearly every chunk is of this form; whatever is not is looked at below
            return True
    except (LookupError, TypeError):
        pass
    for choice in choices if isinstance(choices, list) else []:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and any(delta.get(name) for name in _SUBSTANCE):
            return True
        if isinstance(choice, dict) and choice.get("finish_reason"):
            return True
    return False
