"""frames.py: held until the first token, then forwarded, and ended by exactly one terminal event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat import frames
from functions.chat.frames import Pace
from functions.shared import sse
from functions.shared.errors import UpstreamCut, UpstreamError, UpstreamTimeout
from tests.fakes.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

DONE = b"data: [DONE]\n\n"
Chunk = dict[str, Any]


class Wait(NamedTuple):
    """In a script: so many seconds pass."""

    seconds: int


Step = Chunk | Wait | Exception | None


def delta(**members: Any) -> Chunk:
    """Return a chunk whose one choice has this delta."""
    return {"choices": [{"index": 0, "delta": members, "finish_reason": None}]}


ROLE, HI, THERE = delta(role="assistant", content=""), delta(content="hi"), delta(content="there")
STOP: Chunk = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE: Chunk = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}


class Play:
    """Plays a script of chunks, ticks (None), pauses and exceptions to the functions under test, on a clock of its own."""

    def __init__(self, *script: Step, first_token: int = 60, idle: int = 60, heartbeat: int = 10, total: int = 600) -> None:
        self.clock = Clock(0)
        self.pace = Pace(self.clock, first_token, idle, heartbeat, total)
        self.facts: dict[str, Any] = {}
        self.chunks = self._chunks(script)

    def _chunks(self, script: tuple[Step, ...]) -> Iterator[Chunk | None]:
        for step in script:
            if isinstance(step, Wait):
                self.clock.forward(step.seconds)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    def hold(self) -> list[Chunk]:
        """Return what is held until the first token."""
        return frames.hold(self.chunks, self.pace)

    def sent(self, *held: Chunk) -> list[bytes]:
        """Return every frame, b"" included."""
        return list(frames.frames(list(held), self.chunks, self.pace, self.facts))


def event(chunk: Chunk) -> bytes:
    """Return the frame of a chunk."""
    return b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode()


def code(frame: bytes) -> str:
    """Return the code in an in-band error."""
    return str(json.loads(frame.removeprefix(b"data: "))["error"]["code"])


@pytest.mark.parametrize(
    "token",
    [
        HI,
        delta(reasoning_content="hm"),
        delta(reasoning="hm"),
        delta(tool_calls=[{"index": 0}]),
        delta(function_call={"name": "f"}),
        delta(refusal="no"),
        delta(audio={"id": "a"}),
        STOP,
        {"choices": [{"delta": {}}, {"delta": {"content": "second"}}]},
    ],
    ids=["text", "thought", "thought-too", "tool", "function", "refusal", "audio", "finish", "second-choice"],
)
def test_it_is_held_until_there_is_substance(token: Chunk) -> None:
    """A role, usage, silence and empty deltas are none; what came before goes out with the first token."""
    play = Play(None, ROLE, None, USAGE, {}, {"choices": None}, {"choices": [None, 7, {"delta": None}]}, token, THERE)

    assert play.hold()[-1] == token
    assert next(play.chunks) == THERE


def test_nothing_is_lost_by_holding() -> None:
    """The held chunks come first, in their order."""
    play = Play(ROLE, None, USAGE, HI, THERE, STOP)

    assert [event(one) for one in (ROLE, USAGE, HI, THERE, STOP)] + [DONE] == play.sent(*play.hold())


@pytest.mark.parametrize("script", [[Wait(61), None], [ROLE, Wait(61), None], [Wait(30), None, Wait(31), ROLE]], ids=["silence", "role", "roles"])
def test_a_first_token_has_its_time(script: list[Step]) -> None:
    """After it there is still a status to say so: 504."""
    with pytest.raises(UpstreamTimeout) as refused:
        Play(*script).hold()

    assert refused.value.status == 504


def test_a_first_token_at_the_last_moment_is_one() -> None:
    """The limit itself is allowed, and a token that is there is never thrown away for its time."""
    assert Play(Wait(60), None, HI).hold() == [HI]
    assert Play(Wait(61), HI).hold() == [HI]


def test_the_whole_answers_time_bounds_the_first_token() -> None:
    """What the platform gives may be less than the owner allows."""
    with pytest.raises(UpstreamTimeout):
        Play(Wait(6), None, total=5).hold()


@pytest.mark.parametrize("script", [[], [ROLE], [None, USAGE], [{}]], ids=["nothing", "role", "usage", "empty"])
def test_an_answer_without_a_token_is_an_error(script: list[Step]) -> None:
    """An empty bubble says nothing; the status does."""
    with pytest.raises(UpstreamError, match="empty answer"):
        Play(*script).hold()


def test_empty_chunks_do_not_hide_that_a_model_fell_silent() -> None:
    """A vendor may keep its stream alive with chunks of nothing; the idle limit counts substance only."""
    nothing: list[Step] = [Wait(1), {"choices": []}]
    play = Play(HI, *nothing * 10, idle=5)
    sent = list(frames.frames(play.hold(), play.chunks, play.pace, play.facts))

    assert b"upstream_timeout" in sent[-1]


def test_roles_without_end_fill_no_memory() -> None:
    """A server that sends chunks without substance is given up, however fast it is."""
    with pytest.raises(UpstreamError, match="empty answer"):
        Play(*[ROLE] * 2_000).hold()


@pytest.mark.parametrize("error", [UpstreamCut(), UpstreamError(), ValueError("hush")], ids=["cut", "error", "unforeseen"])
def test_an_error_before_the_first_token_keeps_its_status(error: Exception) -> None:
    """It comes out as it is, whatever was held."""
    with pytest.raises(type(error)) as refused:
        Play(ROLE, error).hold()

    assert refused.value is error


def test_silence_yields_nothing_to_send() -> None:
    """The host gets a moment to see whether anybody listens."""
    assert [event(HI), b"", b"", event(THERE), DONE] == Play(None, None, THERE).sent(HI)


def test_a_heartbeat_comes_after_its_silence() -> None:
    """Not a second earlier, then again after as much; a token begins the count anew."""
    beats = Play(Wait(9), None, Wait(1), None, Wait(9), None, Wait(1), None, THERE, Wait(9), None, Wait(1), None).sent(HI)

    assert [event(HI), b"", sse.HEARTBEAT, b"", sse.HEARTBEAT, event(THERE), b"", sse.HEARTBEAT, DONE] == beats


def test_no_heartbeat_before_the_first_token() -> None:
    """It would send the status."""
    play = Play(*[Wait(11), None] * 5, HI)

    assert play.hold() == [HI]
    assert play.sent(HI) == [event(HI), DONE]


def test_heartbeats_do_not_feed_the_idle_limit() -> None:
    """A silent model is found out however well the connection is kept alive."""
    sent = Play(*[Wait(10), None] * 20).sent(HI)

    assert [event(HI)] + [sse.HEARTBEAT] * 6 == sent[:-1]
    assert code(sent[-1]) == "upstream_timeout"


def test_tokens_feed_the_idle_limit() -> None:
    """Slow is not silent."""
    script: list[Step] = [Wait(60), THERE] * 5

    assert [event(HI), *[event(THERE)] * 5, DONE] == Play(*script).sent(HI)


def test_the_idle_limit_itself_is_allowed() -> None:
    """One second more is not."""
    assert Play(Wait(60), None, heartbeat=99).sent(HI) == [event(HI), b"", DONE]
    assert code(Play(Wait(61), None, heartbeat=99).sent(HI)[-1]) == "upstream_timeout"


@pytest.mark.parametrize("step", [THERE, None], ids=["talking", "silent"])
def test_an_answer_has_its_time(step: Step) -> None:
    """However busy it is, it ends, and says that it is not complete."""
    script: list[Step] = [Wait(50), step] * 20
    play = Play(*script, idle=900)

    sent = play.sent(HI)

    # The answer's own chunk, twelve until the limit, which is allowed, and the error.
    assert (14, "upstream_timeout", "upstream_timeout") == (len(sent), code(sent[-1]), play.facts["code"])
    assert b"not complete" in sent[-1]


@pytest.mark.parametrize(("error", "said"), [(UpstreamCut(), "upstream_cut"), (UpstreamError("x"), "upstream_error")], ids=["cut", "error"])
def test_an_error_after_the_first_token_is_said_in_band(error: Exception, said: str) -> None:
    """One event, and no [DONE] after it: cut text is never passed off as whole."""
    play = Play(THERE, error)

    sent = play.sent(HI)

    assert [event(HI), event(THERE)] == sent[:-1]
    assert (said, said) == (code(sent[-1]), play.facts["code"])


def test_what_nobody_foresaw_ends_honestly_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Its type and places go into the facts, its words nowhere: they may quote the answer."""
    play = Play(ValueError("hush"))

    sent = play.sent(HI)

    assert (2, "internal_error", "internal_error", "ValueError") == (len(sent), code(sent[-1]), play.facts["code"], play.facts["fault"])
    assert "hush" not in f"{sent}{play.facts}{capsys.readouterr()}"


def test_a_chunk_that_cannot_be_written_ends_honestly() -> None:
    """Whatever a provider lets through."""
    assert code(Play(delta(content="\ud83d"), THERE).sent(HI)[-1]) == "internal_error"


def test_facts_count_chunks() -> None:
    """For the log line."""
    play = Play(THERE, USAGE)
    play.sent(HI)

    assert {"chunks": 3} == play.facts


def test_closing_early_ends_nothing_in_band() -> None:
    """Nobody is there to read it, and nothing may be yielded then."""
    play = Play(THERE)
    body = frames.frames([HI], play.chunks, play.pace, play.facts)
    next(body)
    body.close()  # type: ignore[attr-defined]  # it is a generator, whose type promises an iterator only

    assert "code" not in play.facts


CHUNKS = st.sampled_from([ROLE, HI, THERE, STOP, USAGE, {}, {"choices": None}])
ERRORS = st.sampled_from([UpstreamCut(), UpstreamError(), UpstreamTimeout(), ValueError("hush"), RuntimeError(), OSError()])
SCRIPTS = st.lists(CHUNKS | st.none() | st.integers(0, 70).map(Wait) | ERRORS, max_size=14)


@given(SCRIPTS)
def test_every_answer_ends_with_exactly_one_terminal_event(script: list[Step]) -> None:
    """Whatever happens in whatever order: [DONE] only if the chunks ended by themselves, else one error, and it is the last."""
    play = Play(*script, idle=100, total=300)

    sent = [one for one in play.sent(HI) if one not in (b"", sse.HEARTBEAT)]

    terminal = [one == DONE or one.startswith(b'data: {"error"') for one in sent]
    assert [False] * (len(sent) - 1) + [True] == terminal
    assert (sent[-1] == DONE) == ("code" not in play.facts)
    assert sent[-1] != DONE or not any(isinstance(step, Exception) for step in script)


@given(SCRIPTS)
def test_holding_changes_no_order(script: list[Step]) -> None:
    """What is held and what follows are together what came, none twice and none left out."""
    play = Play(*(step for step in script if not isinstance(step, Exception)), first_token=10_000, idle=10_000, total=10_000)
    expected = [event(step) for step in script if isinstance(step, dict)]

    try:
        sent = play.sent(*play.hold())
    except UpstreamError:
        sent = [*expected, DONE]
    assert [*expected, DONE] == [one for one in sent if one not in (b"", sse.HEARTBEAT)]
