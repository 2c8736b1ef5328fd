"""exchange.py with a vendor that answers a question with an address: create, stream, cancel. Replicate is the one that there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.fakes.upstream import HANG_UP, LAST, Upstream, cut, head, piece, until_gone, whole
from tests.functions.chat.stand import PATIENCE, UPSTREAM_KEY, Stand, documents, ending, rows, text

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from tests.fakes.upstream import Step

Make = Callable[..., Stand]
BRISK = PATIENCE._replace(first_token=0.5, idle=0.5)
CREATE, STREAM, CANCEL = ("POST", "/v1/models/vendor/model-7/predictions"), ("GET", "/stream/p1"), ("POST", "/v1/predictions/p1/cancel")

streamed_or_not = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


def said(name: str, data: str) -> bytes:
    """Return an event as Replicate has it."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return piece(f"event: {name}\nid: 1690212292:0\n{lines}\n".encode())


def ok(*events: bytes) -> list[Step]:
    """Return the steps of a stream with these events."""
    return [head(), *events, LAST]


HELLO = ok(said("logs", "Seed: 7"), said("output", "Hel"), said("output", "lo\n"), said("output", "!"), said("done", "{}"))
CANCELLED = [whole(b'{"id": "p1", "status": "canceled"}')]


class Created:
    """Scripts a server: a prediction whose addresses are on that server itself, then these answers, then the one to a cancel."""

    def __init__(self, *answers: Sequence[Step], **urls: str) -> None:
        self._urls = urls
        self.upstream = Upstream([self._answer], *answers, CANCELLED)

    def _answer(self, wire: socket.socket) -> None:
        urls = {"stream": f"{self.upstream.url}/stream/p1", "cancel": f"{self.upstream.url}/v1/predictions/p1/cancel", **self._urls}
        wire.sendall(whole(json.dumps({"id": "p1", "status": "starting", "urls": urls}).encode(), 201))

    def calls(self) -> list[tuple[str, str]]:
        """Return what the server was asked, in order."""
        return [(call.method, call.path) for call in self.upstream.calls]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_stream_is_created_and_followed(stand: Make) -> None:
    """To its end, with the key on both calls; there is nothing to cancel then."""
    created = Created(HELLO)
    with created.upstream as upstream:
        frames = stand(upstream, models=rows(upstream.url, "replicate")).stream()

    assert ("[DONE]", "Hello\n!", [CREATE, STREAM]) == (ending(frames), text(frames), created.calls())
    assert {"house"} == {one["model"] for one in documents(frames)}
    assert [f"Bearer {UPSTREAM_KEY}"] * 2 == [call.headers["authorization"] for call in upstream.calls]
    assert (True, "text/event-stream") == (upstream.calls[0].document()["stream"], upstream.calls[1].headers["accept"])


def test_a_plain_answer_is_gathered(stand: Make) -> None:
    """For a caller that does not stream, of a vendor that only does."""
    created = Created(HELLO)
    with created.upstream as upstream:
        status, _, body = stand(upstream, models=rows(upstream.url, "replicate")).ask()

    answer = json.loads(body)
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello\n!"}, "finish_reason": "stop"}
    assert (200, "house", "chat.completion", [choice]) == (status, answer["model"], answer["object"], answer["choices"])
    assert [CREATE, STREAM] == created.calls()


@pytest.mark.parametrize("read", [0, 1], ids=["nothing read", "one read"])
def test_a_caller_that_goes_cancels(stand: Make, capsys: pytest.CaptureFixture[str], read: int) -> None:
    """Once, however often the body is closed: hanging up alone would leave the model at work."""
    created = Created([head(), said("output", "Hel"), until_gone])
    with created.upstream as upstream:
        body: Any = stand(upstream, models=rows(upstream.url, "replicate")).respond(stream=True).body
        for _ in range(read):
            next(body)
        body.close()
        body.close()

    assert [CREATE, STREAM, CANCEL] == created.calls()
    assert (1, f"Bearer {UPSTREAM_KEY}") == (len(lines(capsys)), upstream.calls[2].headers["authorization"])


@streamed_or_not
def test_an_answer_that_never_begins_is_cancelled(stand: Make, streamed: bool) -> None:
    """A model that starts too slowly for us would start all the same, at the owner's cost."""
    created = Created([head(), until_gone])
    with created.upstream as upstream:
        refusal = stand(upstream, BRISK._replace(total=1.0), models=rows(upstream.url, "replicate")).refusal(stream=streamed)

    assert ((504, "upstream_timeout"), [CREATE, STREAM, CANCEL]) == (refusal, created.calls())


def test_an_answer_that_falls_silent_is_cancelled(stand: Make) -> None:
    """Its body ends by itself, with an error in it; the prediction does not."""
    created = Created([head(), said("output", "Hel"), until_gone])
    with created.upstream as upstream:
        frames = stand(upstream, BRISK, models=rows(upstream.url, "replicate")).stream()

    assert ("upstream_timeout", "Hel", [CREATE, STREAM, CANCEL]) == (ending(frames), text(frames[:-1]), created.calls())


REFUSALS: list[tuple[int, dict[str, Any], tuple[int, str], str]] = [
    (401, {"title": "Unauthenticated", "detail": "no"}, (502, "upstream_refused"), ""),
    (402, {"title": "Insufficient credit", "detail": "You have insufficient credit to run this model."}, (502, "upstream_refused"), "paid"),
    (404, {"detail": "The requested resource could not be found."}, (502, "upstream_error"), "model"),
    (422, {"title": "Input validation failed", "detail": "- input.top_p: too big\n"}, (400, "upstream_invalid_request"), "- input.top_p: too big"),
    (422, {"title": "Invalid version or not permitted", "detail": "no"}, (502, "upstream_error"), "check its row"),
    (429, {"detail": "Request was throttled.", "status": 429, "retry_after": 30}, (429, "upstream_busy"), "busy"),
]


@streamed_or_not
@pytest.mark.parametrize("row", REFUSALS, ids=[f"{row[0]} {row[1].get('title', '')}" for row in REFUSALS])
def test_what_is_not_created_is_refused(stand: Make, streamed: bool, row: tuple[int, Mapping[str, Any], tuple[int, str], str]) -> None:
    """As any vendor's refusal is, and there is nothing to cancel."""
    status, problem, refusal, words = row
    with Upstream([whole(json.dumps(problem).encode(), status, {"retry-after": "30"})]) as upstream:
        ours, _, body = stand(upstream, models=rows(upstream.url, "replicate")).ask(stream=streamed)

    error = json.loads(body)["error"]
    assert (refusal, True) == ((ours, error["code"]), words in error["message"])
    assert [CREATE] == [(call.method, call.path) for call in upstream.calls]


@streamed_or_not
@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ([whole(b"{}", 401)], (502, "upstream_refused")),
        ([whole(b"{}", 404)], (502, "upstream_error")),
        ([whole(b"{}")], (502, "upstream_error")),
        (ok(said("error", '{"detail": "CUDA out of memory"}'), said("done", '{"reason": "error"}')), (502, "upstream_error")),
        (ok(said("done", '{"reason": "canceled"}')), (502, "upstream_cut")),
        ([head(), piece(b":408: 408 Request Timeout\n\n"), LAST], (502, "upstream_cut")),
        ([head(), cut], (502, "upstream_cut")),
    ],
    ids=["unauthorized", "gone", "no stream", "error", "canceled", "timed out", "cut"],
)
def test_a_stream_that_fails_before_its_first_token_has_a_status(
    stand: Make, streamed: bool, answer: Sequence[Step], refusal: tuple[int, str]
) -> None:
    """And what was created is cancelled, which does no harm where it has ended."""
    created = Created(answer)
    with created.upstream as upstream:
        found = stand(upstream, models=rows(upstream.url, "replicate")).refusal(stream=streamed)

    assert (refusal, [CREATE, STREAM, CANCEL]) == (found, created.calls())


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (said("error", '{"detail": "CUDA out of memory"}'), "upstream_error"),
        (said("done", '{"reason": "error"}'), "upstream_error"),
        (said("done", '{"reason": "canceled"}'), "upstream_cut"),
        (b"", "upstream_cut"),
    ],
    ids=["error", "done by error", "canceled", "no end"],
)
def test_a_stream_that_fails_later_says_so(stand: Make, end: bytes, code: str) -> None:
    """Never by [DONE], and never in the vendor's words; plain callers get an error alone."""
    steps = [head(), said("output", "Hel"), *([end] if end else []), LAST]
    created, other = Created(steps), Created(steps)
    with created.upstream as upstream, other.upstream as second:
        frames = stand(upstream, models=rows(upstream.url, "replicate")).stream()
        refusal = stand(second, models=rows(second.url, "replicate")).refusal()

    assert (code, (502, code)) == (ending(frames), refusal)
    assert b"CUDA" not in b"".join(frames)


@pytest.mark.parametrize(
    "answer", [[until_gone], [cut], [whole(b"no", 500)], [whole(b"no", 404)]], ids=["says nothing", "cuts", "fails", "knows nothing"]
)
def test_a_cancel_that_fails_changes_nothing(stand: Make, answer: Sequence[Step]) -> None:
    """The caller has gone, or has its error already."""
    created = Created([whole(b"{}", 404)], answer)
    with created.upstream as upstream:
        refusal = stand(upstream, PATIENCE._replace(connect=0.3), models=rows(upstream.url, "replicate")).refusal(stream=True)

    assert (502, "upstream_error") == refusal


@streamed_or_not
@pytest.mark.parametrize("urls", [{"stream": "{other}/stream/p1"}, {"cancel": "{other}/cancel"}], ids=["stream", "cancel"])
def test_a_strangers_address_never_gets_the_owners_key(stand: Make, streamed: bool, urls: Mapping[str, str]) -> None:
    """Whatever the answer to our question says, another server is not even called."""
    with Upstream(HELLO) as stranger:
        created = Created(HELLO, **{name: url.format(other=stranger.url) for name, url in urls.items()})
        with created.upstream as upstream:
            refusal = stand(upstream, models=rows(upstream.url, "replicate")).refusal(stream=streamed)

    assert ((502, "upstream_error"), [CREATE], []) == (refusal, created.calls(), stranger.calls)


@streamed_or_not
def test_what_cannot_be_done_costs_nothing(stand: Make, streamed: bool) -> None:
    """No prediction is created for it."""
    with Upstream(HANG_UP) as upstream:
        refusal = stand(upstream, models=rows(upstream.url, "replicate")).refusal(
            stream=streamed, tools=[{"type": "function", "function": {"name": "add"}}]
        )

    assert ((400, "upstream_invalid_request"), 0) == (refusal, upstream.connections)
