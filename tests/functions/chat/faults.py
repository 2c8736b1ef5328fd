"""Every way in which a model's server fails, as data: what it does, where in its answer, streamed and plain.

Whatever such a server says quotes the owner's key and the question, as the worst of them do. To add a fault, add its row to the list of its
place; `python -m tests.functions.chat.test_faults` then writes what comes of it into `docs/faults.md`.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from tests.fakes.upstream import DONE, HANG_UP, LAST, completion, cut, event, head, opening, piece, reset, stream, until_gone, whole
from tests.fakes.upstream import token as said
from tests.functions.chat.stand import QUESTION, UPSTREAM_KEY

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from tests.fakes.upstream import Step

    Answer = Sequence[Step]

BEFORE, BETWEEN, AFTER = "Before the status", "After the status, before the first token", "After the first token"
#: What a server says that it had better not.
LEAK = f"no: {UPSTREAM_KEY} {QUESTION}"
NI = "你好".encode()


class Fault(NamedTuple):
    """One row of the page. `streamed` and `plain` are the answers in turn, the last one for all that follow; without any, there is no such case.

    `slow`: it is found out by a time limit only. `reach` is how the server stands there: "open", "shut", or "tls" with a certificate of nobody's.
    """

    does: str
    place: str
    streamed: tuple[Answer, ...] = ()
    plain: tuple[Answer, ...] = ()
    slow: bool = False
    reach: str = "open"
    vendor: str = "openai"


def again(data: bytes) -> Callable[[socket.socket], None]:
    """Return the step that sends this until the client has gone."""

    def send(wire: socket.socket) -> None:
        while True:
            wire.sendall(data)

    return send


def early(does: str, *steps: Step, **how: Any) -> Fault:
    """Return a fault that comes before anything tells a streamed answer from a plain one."""
    return Fault(does, BEFORE, (steps,), (steps,), **how)


def between(does: str, streamed: Answer = (), plain: Answer = (), **how: Any) -> Fault:
    """Return a fault after the status; of a plain answer, in its body."""
    return Fault(does, BETWEEN, (streamed,) if streamed else (), (plain,) if plain else (), **how)


def after(does: str, *steps: Step, **how: Any) -> Fault:
    """Return a fault after the first token, which is "Hel"."""
    return Fault(does, AFTER, ((head(), piece(said("Hel")), *steps),), **how)


def refusal(status: int, headers: Mapping[str, str] | None = None) -> Fault:
    """Return a refusal in OpenAI's shape."""
    words = json.dumps({"error": {"message": LEAK}}).encode()
    after_that = f", to be asked again in {headers['retry-after']} s" if headers else ""
    return early(f"answers {status}{after_that}", whole(words, status, headers))


def usage(*told: Any) -> list[Step]:
    """Return a streamed answer with these counts."""
    return stream(said("Hel"), said("lo"), *(event({"choices": [], "usage": one}) for one in told), said(None, "stop"), DONE)


def counted(told: Any) -> list[Step]:
    """Return a plain answer with these counts, or None for none."""
    answer = json.loads(completion("Hello"))
    del answer["usage"]
    return [whole(json.dumps({**answer, **({} if told is None else {"usage": told})}).encode())]


HTML = f"<html><title>{LEAK}</title></html>".encode()
ROLE = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
CALL = event({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "add", "arguments": '{"a":'}}]}}]})
ERROR = event({"error": {"message": LEAK}})
#: 64 MB of one letter in 64 kB.
BOMB = gzip.compress(b"data: " + b"x" * 64_000_000)
ZIPPED = {"content-encoding": "gzip"}
BODY = completion("Hello")
PART = opening(200, {"content-type": "application/json", "content-length": "1000"})
ENDLESS = head(headers={"content-type": "application/json"})
SAYS_NOTHING = piece(event({"choices": [], "padding": "x" * 1_000_000}))

FAULTS = (
    early("is not there", reach="shut"),
    early("shows a certificate that nobody vouches for", whole(BODY), reach="tls"),
    Fault("hangs up at once", BEFORE, (HANG_UP,), (HANG_UP,)),
    early("reads the question, then resets", reset),
    early("breaks off within its headers", b"HTTP/1.1 200 OK\r\ncontent-type: text/ev", cut),
    early("speaks no HTTP", LEAK.encode() + b"\r\n\r\n", cut),
    early("says nothing", until_gone, slow=True),
    *map(refusal, (302, 400, 401, 402, 403, 404, 408, 409, 413, 422)),
    refusal(429),
    refusal(429, {"retry-after": "30"}),
    *map(refusal, (500, 502, 503, 504, 529)),
    early("answers 400 in HTML", whole(HTML, 400, {"content-type": "text/html"})),
    early("answers 400 without a word", whole(b"", 400)),
    early("answers 400 without end", head(400, {"content-type": "application/json"}), again(piece(b"x" * 60_000))),
    early("answers 503 in HTML", whole(HTML, 503, {"content-type": "text/html"})),
    between("sends HTML", [whole(HTML, 200, {"content-type": "text/html"})], [whole(HTML, 200, {"content-type": "text/html"})]),
    between("sends nothing", [whole(b"", 200, {"content-type": "text/event-stream"})], [whole(b"")]),
    between("names no type", [opening(200, {"content-length": "2"}), b"{}"], [opening(200, {"content-length": "2"}), b"{}"]),
    between("answers in the other form", [whole(BODY)], stream(said("Hello", "stop"), DONE)),
    between("sends what is no JSON", stream(b"data: <html>\n\n"), [whole(b"hello")]),
    between("sends a list", stream(b"data: []\n\n"), [whole(b"[]")]),
    between("sends a number that is none", stream(b'data: {"choices": [{"x": NaN}]}\n\n'), [whole(b'{"choices": [{"x": NaN}]}')]),
    between("sends an answer without a choice", stream(DONE), [whole(b'{"choices": []}')]),
    between("stalls", [head(), until_gone], [PART, BODY[:40], until_gone], slow=True),
    between("stalls after the role", [head(), piece(ROLE), until_gone], slow=True),
    between("sends pings without end", [head(), again(piece(b": ping\n\n"))], slow=True),
    between("sends chunks that say nothing, without end", [head(), again(SAYS_NOTHING)]),
    between("breaks off", [head(), cut], [PART, cut]),
    between("breaks off within an event", [head(), piece(said("Hello")[:-9]), cut], [PART, BODY[:40], cut]),
    between("breaks off within a character", [head(), piece(b'data: {"choices":[{"delta":{"content":"' + NI[:2]), cut], [PART, NI[:2], cut]),
    between("resets", [head(), piece(ROLE), reset], [PART, BODY[:40], reset]),
    between("sends an error", stream(ROLE, ERROR), [whole(ERROR[6:-2])]),
    between("sends a line without end", [head(), piece(b"data: "), again(piece(b"x" * 60_000))], [ENDLESS, again(piece(b"x" * 60_000))]),
    between(
        "sends 64 MB that are 64 kB",
        [head(headers=ZIPPED), *(piece(BOMB[at : at + 8_000]) for at in range(0, len(BOMB), 8_000)), LAST],
        [whole(BOMB, headers=ZIPPED)],
    ),
    after("stalls", until_gone, slow=True),
    after("sends pings without end", again(piece(b": ping\n\n")), slow=True),
    after("breaks off", cut),
    after("breaks off within an event", piece(said("lo")[:-9]), cut),
    after("breaks off within a chunk of HTTP", b"40\r\ndata: {", cut),
    after("breaks off within a character", piece(b'data: {"choices":[{"delta":{"content":"' + NI[:2]), cut),
    after("breaks off within a tool call", piece(CALL), cut),
    after("resets", reset),
    after("sends an error", piece(ERROR), until_gone),
    after("sends what is no JSON", piece(b"data: <html>\n\n"), until_gone),
    after("sends a line without end", piece(b"data: "), again(piece(b"x" * 60_000))),
    after("ends without a word", LAST),
    after("ends within its last event", piece(said("lo", "stop")[:-2]), LAST),
    after("forgets `[DONE]`", piece(said("lo")), piece(said(None, "stop")), LAST),
    Fault("goes on after `[DONE]`", AFTER, (stream(said("Hello", "stop"), DONE, ERROR),)),
    after("talks without end", again(piece(said("l"))), slow=True),
    Fault("sends 20,000 deltas", AFTER, (stream(*[said("x") * 100] * 200, said(None, "stop"), DONE),)),
    Fault("tells no usage", AFTER, (usage(),), (counted(None),)),
    Fault("tells usage twice", AFTER, (usage({"prompt_tokens": 7, "completion_tokens": 1}, {"prompt_tokens": 7, "completion_tokens": 2}),)),
    Fault("tells usage that is none", AFTER, (usage({"prompt_tokens": "many"}, "many", [7]),), (counted({"prompt_tokens": "many"}),)),
)


def messages(*documents: Mapping[str, Any]) -> list[bytes]:
    """Return events as Anthropic has them."""
    return [piece(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode()) for one in documents]


def block(index: int, **content: Any) -> dict[str, Any]:
    """Return the beginning of a block."""
    return {"type": "content_block_start", "index": index, "content_block": content}


def grown(index: int, **delta: Any) -> dict[str, Any]:
    """Return what a block grows by."""
    return {"type": "content_block_delta", "index": index, "delta": delta}


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": LEAK}}
STARTED = {"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}}
HEL = (STARTED, block(0, type="text", text=""), grown(0, type="text_delta", text="Hel"))
USED = (block(1, type="tool_use", id="t1", name="add", input={}), grown(1, type="input_json_delta", partial_json='{"a":'))
ENDED = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
WORDS = json.dumps(OVERLOADED).encode()


def anthropic(does: str, place: str, streamed: Answer, plain: Answer = (), **how: Any) -> Fault:
    """Return a fault of that vendor's server."""
    return Fault(does, place, (streamed,), (plain,) if plain else (), vendor="anthropic", **how)


ANTHROPIC = (
    anthropic("answers 529", BEFORE, [whole(WORDS, 529)], [whole(WORDS, 529)]),
    anthropic("is overloaded", BETWEEN, [head(), *messages(STARTED, OVERLOADED), LAST], [whole(WORDS)]),
    anthropic("stalls after its first event", BETWEEN, [head(), *messages(STARTED), until_gone], slow=True),
    anthropic("breaks off", BETWEEN, [head(), *messages(STARTED), cut], [PART, b'{"type"', cut]),
    anthropic("sends pings without end", BETWEEN, [head(), *messages(STARTED), again(messages({"type": "ping"})[0])], slow=True),
    anthropic("is overloaded", AFTER, [head(), *messages(*HEL, OVERLOADED), LAST]),
    anthropic("stalls", AFTER, [head(), *messages(*HEL), until_gone], slow=True),
    anthropic("breaks off within a tool call", AFTER, [head(), *messages(*HEL, *USED), cut]),
    anthropic("ends without `message_stop`", AFTER, [head(), *messages(*HEL), LAST]),
    anthropic("says why it stopped, and no more", AFTER, [head(), *messages(*HEL, ENDED), LAST]),
)


def created(wire: socket.socket) -> None:
    """Answer with the address of an answer on this very server."""
    here = f"http://127.0.0.1:{wire.getsockname()[1]}"
    urls = {"stream": f"{here}/stream/p1", "cancel": f"{here}/v1/predictions/p1/cancel"}
    wire.sendall(whole(json.dumps({"id": "p1", "status": "starting", "urls": urls}).encode(), 201))


CANCELLED = [whole(b'{"id": "p1", "status": "canceled"}')]


def event_of(name: str, data: str) -> bytes:
    """Return an event as Replicate has it."""
    return piece(f"event: {name}\ndata: {data}\n\n".encode())


def replicate(does: str, place: str, *steps: Step, **how: Any) -> Fault:
    """Return a fault of that vendor's server in the stream of what was created; plain answers are gathered from the same."""
    answers: tuple[Answer, ...] = ([created], steps, CANCELLED)
    return Fault(does, place, answers, answers, vendor="replicate", **how)


OUTPUT = event_of("output", "Hel")
REPLICATE = (
    Fault("answers 500", BEFORE, ([whole(WORDS, 500)],), ([whole(WORDS, 500)],), vendor="replicate"),
    Fault("sends no address", BEFORE, ([whole(b"{}", 201)],), ([whole(b"{}", 201)],), vendor="replicate"),
    replicate("answers 404 at that address", BEFORE, whole(b"{}", 404)),
    replicate("stalls", BETWEEN, head(), until_gone, slow=True),
    replicate("breaks off", BETWEEN, head(), cut),
    replicate("sends an error", BETWEEN, head(), event_of("error", json.dumps({"detail": LEAK})), LAST),
    replicate("stalls", AFTER, head(), OUTPUT, until_gone, slow=True),
    replicate("breaks off", AFTER, head(), OUTPUT, cut),
    replicate("sends an error", AFTER, head(), OUTPUT, event_of("error", json.dumps({"detail": LEAK})), LAST),
    replicate("was cancelled", AFTER, head(), OUTPUT, event_of("done", '{"reason": "canceled"}'), LAST),
    Fault("talks without end", AFTER, (), ([created], [head(), again(event_of("output", "l" * 1_000_000))], CANCELLED), vendor="replicate"),
)
