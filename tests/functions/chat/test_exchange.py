"""exchange.py: what a model's server does, and what our caller sees of it. Its faults, one by one, are in test_faults.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from functions.shared import documents as json_documents
from functions.shared.messages import Request
from tests.fakes.forge import token
from tests.fakes.upstream import DONE, LAST, Upstream, completion, cut, event, head, opening, piece, stream, until_gone, whole
from tests.fakes.upstream import token as said
from tests.functions.chat.stand import ASKED, PATIENCE, QUESTION, UPSTREAM_KEY, Stand, documents, ending, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.upstream import Step

Make = Callable[..., Stand]
HELLO = stream(said("Hel"), said("lo"), said(None, "stop"), DONE)
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
BRISK = PATIENCE._replace(first_token=0.3, idle=0.3)

on_either_cloud = pytest.mark.parametrize("cloud", ["aws", "huawei"])
streamed_or_not = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


STATUSES = [
    (201, 502, "upstream_error", 1),
    (204, 502, "upstream_error", 1),
    (302, 502, "upstream_error", 1),
    (400, 400, "upstream_invalid_request", 1),
    (401, 502, "upstream_refused", 1),
    (402, 502, "upstream_refused", 1),
    (403, 502, "upstream_refused", 1),
    (404, 502, "upstream_error", 1),
    (408, 502, "upstream_error", 3),
    (413, 400, "upstream_invalid_request", 1),
    (422, 400, "upstream_invalid_request", 1),
    (429, 429, "upstream_busy", 3),
    (500, 502, "upstream_error", 3),
    (503, 502, "upstream_error", 3),
    (529, 429, "upstream_busy", 3),
]


@streamed_or_not
@pytest.mark.parametrize("row", STATUSES, ids=lambda row: str(row[0]))
def test_a_vendors_status_means_this_to_our_caller(
    stand: Make, capsys: pytest.CaptureFixture[str], streamed: bool, row: tuple[int, int, str, int]
) -> None:
    """Its view of our key is the owner's affair; the log says what it was, and no key is in answer or log."""
    theirs, ours, code, calls = row
    complaint = json.dumps({"error": {"message": f"no: {UPSTREAM_KEY} {QUESTION}"}}).encode()
    headers = {"location": f"http://127.0.0.1/{UPSTREAM_KEY}", "x-key": UPSTREAM_KEY}
    with Upstream([whole(b"" if theirs == 204 else complaint, theirs, headers)]) as upstream:
        status, answered, body = stand(upstream).ask(stream=streamed)

    line = capsys.readouterr().out
    assert (ours, code, calls) == (status, json.loads(body)["error"]["code"], len(upstream.calls))
    assert (theirs, code, "house", "/v1/chat/completions") == tuple(json.loads(line)[name] for name in ("upstream_status", "code", "model", "route"))
    assert UPSTREAM_KEY not in f"{answered}{body!r}{line}"
    assert QUESTION not in line


def test_a_conversation_that_is_too_long_has_a_code_of_its_own(stand: Make) -> None:
    """What the vendor says of it ("try increasing it") is for the owner; our caller is told what they can do."""
    complaint = {"error": {"code": 400, "type": "exceed_context_size_error", "message": "try increasing it"}}
    with Upstream([whole(json.dumps(complaint).encode(), 400)]) as upstream:
        status, _, body = stand(upstream).ask()

    error = json.loads(body)["error"]
    assert (400, "context_too_long", True) == (status, error["code"], "Start a new one" in error["message"])


def test_a_busy_vendors_retry_after_is_passed_on(stand: Make) -> None:
    """Our caller waits as long as the vendor asks."""
    with Upstream([whole(b"", 429, {"retry-after": "30"})]) as upstream:
        status, headers, _ = stand(upstream).ask()

    assert (429, "30", 1) == (status, headers["retry-after"], len(upstream.calls))


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        (b'{"error": {"message": "too long"}}', "does not accept this request: too long"),
        (b"<html>nginx</html>", "does not accept this request."),
        (b"", "does not accept this request."),
        (json.dumps({"error": "x" * 9_000}).encode(), "x" * 500),
        (rb'{"error": "half \ud83d"}', "half \ufffd"),
    ],
    ids=["said", "html", "nothing", "long", "half-an-emoji"],
)
def test_a_complaint_about_the_request_is_passed_on(stand: Make, raw: bytes, end: str) -> None:
    """The caller can mend it, if it is a text, short, and can be written; the walk never raises over it."""
    with Upstream([whole(raw, 400)]) as upstream:
        status, _, body = stand(upstream).ask()

    assert (400, True) == (status, json.loads(body)["error"]["message"].endswith(end))


HEL = piece(said("Hel"))

NI_HAO = said("你好 😀")
WHOLE: dict[str, Sequence[Step]] = {
    "one-by-one": stream(*(b"%c" % byte for byte in NI_HAO + said(None, "stop") + DONE)),
    "escaped": stream(NI_HAO, said(None, "stop"), DONE),
    "utf8": stream(json.dumps(json.loads(NI_HAO[6:]), ensure_ascii=False).join(["data: ", "\n\n"]).encode(), said(None, "stop"), DONE),
    "crlf": stream(*(one.replace(b"\n", b"\r\n") for one in (NI_HAO, said(None, "stop"), DONE))),
    "cr": stream(*(one.replace(b"\n", b"\r") for one in (NI_HAO, said(None, "stop"), DONE))),
    "no-done": stream(NI_HAO, said(None, "stop")),
    "no-done-no-chunks": [opening(200, {"content-type": "text/event-stream"}), NI_HAO, said(None, "stop"), cut],
    "pings": stream(b": ping\n\n", b"data:\n\n", b":\n", b"\xef\xbb\xbf", NI_HAO, b": ping\n\ndata:\n\n", said(None, "stop"), DONE),
    "byte-order-mark": stream(b"\xef\xbb\xbf" + NI_HAO, said(None, "stop"), DONE),
    "one-piece": stream(NI_HAO + said(None, "stop") + DONE),
    "after-the-end": stream(NI_HAO, said(None, "stop"), DONE, b"data: more\n\n"),
    "type-with-charset": [head(headers={"content-type": "Text/Event-Stream; charset=UTF-8"}), *map(piece, (NI_HAO, said(None, "stop"), DONE)), LAST],
    "named-events": stream(b"event: chunk\nid: 7\nretry: 5\n" + NI_HAO, said(None, "stop"), DONE),
}
# In a stream that has begun, a byte order mark belongs to the next line's field name.
WHOLE["pings"] = [step for step in WHOLE["pings"] if step != piece(b"\xef\xbb\xbf")]


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_however_a_whole_answer_is_sent_it_is_whole(stand: Make, answer: Sequence[Step]) -> None:
    """Servers differ in cuts, line ends, comments and how they end."""
    with Upstream(answer) as upstream:
        frames = stand(upstream).stream()

    assert ("你好 😀", "[DONE]") == (text(frames), ending(frames))


def test_tools_and_usage_go_through(stand: Make) -> None:
    """Members that Twocan does not know of, too."""
    call = {"index": 0, "id": "t1", "function": {"name": "add", "arguments": '{"a":'}}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}], "model": "m"},
        {"choices": [], "usage": {"total_tokens": 3}, "next_year": 1},
    ]
    with Upstream(stream(*map(event, chunks), said(None, "tool_calls"), DONE)) as upstream:
        found = documents(stand(upstream).stream(tools=TOOLS))

    assert [{**one, "model": "house"} for one in chunks] == found[:2]


def test_the_last_usage_counts(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Some servers send one with every chunk."""
    usages = [{"prompt_tokens": 7, "completion_tokens": 1}, {"prompt_tokens": 7, "completion_tokens": 2}]
    with Upstream(stream(said("Hi"), *(event({"choices": [], "usage": one}) for one in usages), said(None, "stop"), DONE)) as upstream:
        stand(upstream).stream()
    (line,) = lines(capsys)

    assert (7, 2) == (line["prompt_tokens"], line["completion_tokens"])


@streamed_or_not
@pytest.mark.parametrize("usage", [None, "hush", [1], {}, {"prompt_tokens": "hush"}, {"prompt_tokens": 1.5}], ids=json.dumps)
def test_strange_usage_is_not_noted(stand: Make, capsys: pytest.CaptureFixture[str], usage: Any, streamed: bool) -> None:
    """The log line takes whole numbers, never a vendor's text."""
    answer = {**json.loads(completion("Hi")), "usage": usage}
    answers = (
        stream(said("Hi"), event({"choices": [], "usage": usage}), said(None, "stop"), DONE) if streamed else [whole(json_documents.write(answer))]
    )
    with Upstream(answers) as upstream:
        stand(upstream).ask(stream=streamed)
    (line,) = lines(capsys)

    assert (200, set()) == (line["status"], {"prompt_tokens", "completion_tokens"} & set(line))


def test_closing_the_body_leaves_the_server(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asked has gone: the tokens that nobody reads are not paid for, and the line is written all the same."""
    with Upstream([head(), HEL, until_gone]) as upstream:
        body = stand(upstream).respond(stream=True).body
        first = next(iter(body))
        body.close()  # type: ignore[attr-defined]  # a host closes what it consumes
        left = upstream.gone.acquire(timeout=30)

    assert (True, True, 1) == (b"Hel" in first, left, len(lines(capsys)))


def test_closing_a_body_that_nobody_read_leaves_the_server(stand: Make) -> None:
    """A host may find its client gone before the first chunk."""
    with Upstream([head(), HEL, until_gone]) as upstream:
        stand(upstream).respond(stream=True).body.close()  # type: ignore[attr-defined]  # as above

        assert upstream.gone.acquire(timeout=30)


@pytest.mark.parametrize(
    ("answer", "members"),
    [(HELLO, {"stream": True}), ([whole(completion("x"))], {}), ([whole(b"{}", 400)], {}), ([whole(b"{}", 400)], {"stream": True})],
    ids=["streamed", "plain", "refused", "refused-stream"],
)
def test_one_connection_serves_many_whole_answers(stand: Make, answer: Sequence[Step], members: dict[str, Any]) -> None:
    """A warm function greets the server once, whatever it answered, as long as it answered to the end."""
    with Upstream(answer) as upstream:
        one = stand(upstream)
        for _ in range(3):
            one.ask(**members)

    assert (1, 3) == (upstream.connections, len(upstream.calls))


def test_the_platforms_time_ends_an_answer_honestly(stand: Make) -> None:
    """A function that is killed says nothing: it stops a second before."""
    request = Request("POST", "/v1/chat/completions", {"authorization": f"Bearer {token()}"}, json_documents.write({**ASKED, "stream": True}), "id")
    with Upstream([head(), HEL, until_gone]) as upstream:
        body = stand(upstream).answer(request._replace(seconds_left=0.0)).body
        frames = [one for one in body if one]
        body.close()  # type: ignore[attr-defined]  # as above

    assert "upstream_timeout" == ending(frames)
