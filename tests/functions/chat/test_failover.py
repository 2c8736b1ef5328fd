"""failover.py: several models behind one name, of which some fail, and what the caller sees of it: one answer, or one honest error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.fakes.upstream import DONE, HANG_UP, Upstream, completion, cut, event, head, piece, stream, token, until_gone, whole
from tests.functions.chat.stand import PATIENCE, UPSTREAM_KEY, Stand, documents, ending, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.upstream import Step

Make = Callable[..., Stand]
HELLO = stream(token("Hel"), token("lo"), token(None, "stop"), DONE)
WHOLE = [whole(completion("Hello"))]
BRISK = PATIENCE._replace(first_token=0.3, idle=0.3)
streamed_or_not = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


def tables(*upstreams: Upstream, strategy: str = "ordered", **members: Any) -> dict[str, str]:
    """Return the owner's tables: models a, b, c at these servers, and a route to them all. Members go to the first."""
    names = "abc"[: len(upstreams)]
    models = [
        {"name": name, "vendor": "openai", "base_url": f"{one.url}/v1", "model": f"vendor/{name}", "key": "MAIN"}
        for name, one in zip(names, upstreams, strict=True)
    ]
    models[0] |= members
    route = {"name": "house", "strategy": strategy, "targets": list(names)}
    return {"models": json.dumps(models), "routes": json.dumps([route])}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


FAULTS: dict[str, Sequence[Step]] = {
    "hangs up": HANG_UP,
    "500": [whole(b"no", 500)],
    "503 with HTML": [whole(b"<html>", 503, {"content-type": "text/html"})],
    "429": [whole(b"{}", 429, {"retry-after": "30"})],
    "401": [whole(b"{}", 401)],
    "403": [whole(b"{}", 403)],
    "404": [whole(b"{}", 404)],
    "HTML with 200": [whole(b"<html>", 200, {"content-type": "text/html"})],
    "nothing": [whole(b"")],
    "stalls before the status": [until_gone],
}
BEFORE_THE_FIRST_TOKEN: dict[str, Sequence[Step]] = {
    **FAULTS,
    "stalls before the first token": [head(), piece(event({"choices": [{"index": 0, "delta": {"role": "assistant"}}]})), until_gone],
    "cut before the first token": [head(), cut],
    "an error before the first token": stream(event({"error": {"message": "overloaded"}})),
    "an empty answer": stream(DONE),
}


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
def test_before_the_first_token_another_takes_over_in_silence(stand: Make, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    """The caller sees one whole answer of one model, by its own name; the log says who failed, and no key."""
    with Upstream(BEFORE_THE_FIRST_TOKEN[fault]) as bad, Upstream(HELLO) as good:
        desk = stand(bad, BRISK, **tables(bad, good))
        frames = desk.stream()
    (line,) = lines(capsys)

    assert ("Hello", "[DONE]", {"b"}, []) == (text(frames), ending(frames), {one["model"] for one in documents(frames)}, desk.slept)
    assert ("house", "b", ["a"]) == (line["asked"], line["model"], [one["model"] for one in line["failed"]])
    assert UPSTREAM_KEY not in json.dumps(line)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_whole_answer_is_taken_from_another(stand: Make, fault: str) -> None:
    """As a streamed one is."""
    with Upstream(FAULTS[fault]) as bad, Upstream(WHOLE) as good:
        status, _, body = stand(bad, BRISK._replace(total=0.5) if "stalls" in fault else BRISK, **tables(bad, good)).ask()

    if "stalls" in fault:
        # The time for a whole answer is the request's own: there is none left for another.
        assert 504 == status
    else:
        assert (200, "b", "Hello") == (status, json.loads(body)["model"], json.loads(body)["choices"][0]["message"]["content"])


@streamed_or_not
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_the_requests_own_fault_goes_to_nobody_else(stand: Make, streamed: bool, status: int) -> None:
    """Everybody would say so, and somebody would be paid for it."""
    with Upstream([whole(b'{"error": {"message": "no"}}', status)]) as strict, Upstream(HELLO) as other:
        refusal = stand(strict, **tables(strict, other)).refusal(stream=streamed)

    assert ((400, "upstream_invalid_request"), []) == (refusal, other.calls)


@streamed_or_not
def test_what_one_vendor_cannot_do_goes_to_one_that_can(stand: Make, streamed: bool) -> None:
    """It is refused before it is sent, so nothing is known of the first one's server; where none can, the reason is said."""
    with Upstream(WHOLE) as narrow, Upstream(HELLO if streamed else WHOLE) as wide:
        both = stand(narrow, **tables(narrow, wide, vendor="replicate"))
        status, _, _ = both.ask(stream=streamed, logprobs=True)
        refusal = stand(narrow, **tables(narrow, vendor="replicate")).refusal(stream=streamed, logprobs=True)

    assert (200, [], (400, "upstream_invalid_request")) == (status, narrow.calls, refusal)


def test_a_herd_waits_for_the_probe_and_not_for_its_time(stand: Make) -> None:
    """All who come while one probes go on as soon as it is back."""
    with Upstream(HELLO) as upstream:
        desk = stand(upstream, **tables(upstream))
        for _ in range(3):
            lease = desk.board.lease("a")
            assert lease
            lease.end(failed="upstream_error")
        desk.waited.append(desk.board.standing("a").wait)
        probe = desk.board.lease("a")
        assert probe

        def sleep(seconds: float) -> None:
            desk.waited.append(seconds)
            probe.end()

        desk.tools = desk.tools._replace(desk=desk.tools.desk._replace(sleep=sleep))
        answer = text(desk.stream())

    assert ("Hello", [0.25]) == (answer, desk.waited[1:])


def test_a_talk_that_is_too_long_for_one_goes_to_one_that_reads_more(stand: Make) -> None:
    """As far as their owner has said how much they read."""
    said = [whole(b'{"error": {"message": "no", "code": "context_length_exceeded"}}', 400)]
    with Upstream(said) as small, Upstream(WHOLE) as large:
        status, _, body = stand(small, **tables(small, large, context=1000)).ask()

    assert (200, "b") == (status, json.loads(body)["model"])


@streamed_or_not
def test_when_all_fail_the_last_one_is_tried_again_and_then_believed(stand: Make, streamed: bool) -> None:
    """One error with its own status, and the tries that a lone model gets are for the last."""
    with Upstream([whole(b"no", 500)]) as first, Upstream([whole(b"no", 503)]) as second:
        desk = stand(first, **tables(first, second))
        refusal = desk.refusal(stream=streamed)

    assert ((502, "upstream_error"), 1, 3, [0.5, 1.0]) == (refusal, len(first.calls), len(second.calls), desk.slept)


def test_after_the_first_token_nobody_takes_over(stand: Make) -> None:
    """The text so far, one honest error, and not a word of another model."""
    with Upstream([head(), piece(token("Hel")), cut]) as bad, Upstream(HELLO) as good:
        frames = stand(bad, **tables(bad, good)).stream()

    assert ("Hel", "upstream_cut", []) == (text(frames), ending(frames), good.calls)


def test_a_model_that_fails_again_and_again_is_left_alone(stand: Make) -> None:
    """After three failures it is not asked any more, and the others answer without waiting for it."""
    with Upstream([whole(b"no", 500)]) as bad, Upstream(HELLO) as good:
        desk = stand(bad, **tables(bad, good))
        answers = [text(desk.stream()) for _ in range(5)]

    assert (["Hello"] * 5, 3, 5) == (answers, len(bad.calls), len(good.calls))


def test_an_answer_that_broke_off_counts_as_a_failure(stand: Make) -> None:
    """Its first token was no proof of health."""
    with Upstream([head(), piece(token("Hel")), cut]) as bad, Upstream(HELLO) as good:
        desk = stand(bad, **tables(bad, good))
        endings = [ending(desk.stream()) for _ in range(4)]

    assert ["upstream_cut"] * 3 + ["[DONE]"] == endings


def test_who_hangs_up_says_nothing_of_the_model(stand: Make) -> None:
    """Neither that it failed nor that it is well."""
    with Upstream([head(), piece(token("Hel")), until_gone]) as upstream:
        desk = stand(upstream, **tables(upstream))
        for _ in range(4):
            desk.respond(stream=True).body.close()  # type: ignore[attr-defined]  # a host closes what it consumes

    assert (0.0, 0, 0, 4) == desk.board.standing("a")[:4]


def test_retry_after_is_obeyed_by_all_that_follow(stand: Make) -> None:
    """Who was told to come back in half a minute is not asked before."""
    with Upstream([whole(b"{}", 429, {"retry-after": "30"})]) as busy, Upstream(HELLO) as good:
        desk = stand(busy, **tables(busy, good))
        desk.stream()
        wait = desk.board.standing("a").wait
        desk.stream()

    assert (1, 2, True) == (len(busy.calls), len(good.calls), 29 < wait <= 30)


def test_when_all_are_left_alone_the_earliest_is_waited_for(stand: Make) -> None:
    """Rather than to refuse at once, if it comes back within the request's time."""
    with Upstream([whole(b"{}", 429, {"retry-after": "20"})]) as one, Upstream([whole(b"{}", 429, {"retry-after": "11"})], HELLO) as two:
        desk = stand(one, **tables(one, two))
        first = desk.refusal(stream=True)
        waits = [desk.board.standing(name).wait for name in "ab"]
        answer = text(desk.stream())

    assert ((429, "upstream_busy"), "Hello", 2, 1) == (first, answer, len(two.calls), len(one.calls))
    assert waits[1] - 1 <= sum(desk.waited) <= waits[1] < waits[0]


def test_who_cannot_be_waited_for_is_said_when_to_be_asked_again(stand: Make) -> None:
    """At once, with the time in Retry-After."""
    with Upstream([whole(b"{}", 429, {"retry-after": "300"})]) as busy:
        desk = stand(busy, **tables(busy))
        desk.refusal()
        status, headers, body = desk.ask()

    assert (429, "upstream_busy", 1, []) == (status, json.loads(body)["error"]["code"], len(busy.calls), desk.slept)
    assert 295 <= int(headers["retry-after"]) <= 300


def test_usage_of_all_attempts_is_added_up(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """What one that failed had told it cost before, and what the one that answered did, each once."""
    told = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 0}}
    failed = stream(event(told), event(told), event({"error": {"message": "overloaded"}}))
    good = stream(token("Hi"), event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}), token(None, "stop"), DONE)
    with Upstream(failed) as bad, Upstream(good) as other:
        stand(bad, **tables(bad, other)).stream()
    (line,) = lines(capsys)

    assert (16, 2) == (line["prompt_tokens"], line["completion_tokens"])


def test_usage_of_attempts_that_all_failed_is_in_the_log(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """It was paid for, too."""
    told = event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 0}})
    failed = stream(told, event({"error": {"message": "overloaded"}}))
    with Upstream(failed) as first, Upstream(failed) as second:
        stand(first, **tables(first, second)).refusal(stream=True)
    (line,) = lines(capsys)

    assert (14, ["a", "b"]) == (line["prompt_tokens"], [one["model"] for one in line["failed"]])


def test_a_row_has_time_limits_of_its_own(stand: Make) -> None:
    """One that is known to be slow need not make the others wait."""
    with Upstream([until_gone]) as slow, Upstream(HELLO) as good:
        frames = stand(slow, **tables(slow, good, first_token_seconds=1)).stream()

    assert "Hello" == text(frames)


def test_what_none_can_do_is_refused_before_it_costs_anything(stand: Make) -> None:
    """And what one can do goes to that one."""
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
    with Upstream(WHOLE) as blind, Upstream(WHOLE) as seeing:
        refusal = stand(blind, **tables(blind, vision=False)).refusal(messages=[image])
        _, _, body = stand(blind, **tables(blind, seeing, vision=False)).ask(messages=[image])

    assert ((400, "invalid_request"), [], "b") == (refusal, blind.calls, json.loads(body)["model"])
