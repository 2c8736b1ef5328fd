"""A started function in this process: what crosses to it, what comes back, and how its body is closed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.backend import AwsContext, FunctionFailed, HuaweiContext, InProcess, InProcessAuthorizer
from functions.shared.messages import Response
from tests.deploy.local.scripted import PATIENCE, Body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Started:
    """A function that answers with what it is given, and remembers how it was called."""

    def __init__(self, answer: Any = None, body: Iterable[bytes] = (), headers: Any = None) -> None:
        self._answer = answer
        self._response = Response(200, headers or {}, body, {})
        self.seen: list[Any] = []

    def __call__(self, event: Any, context: Any) -> Any:
        """Answer whole."""
        self.seen.append((event, context))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def respond(self, event: Any, context: Any) -> Response:
        """Answer with a body."""
        self(event, context)
        return self._response


def test_each_platform_has_its_context() -> None:
    """The names are the platform's; the time left is the shorter of the function's and the gateway's."""
    aws, huawei = Started(), Started()
    InProcess(aws, "aws", 25).answer({}, 900)
    InProcess(huawei, "huawei", 900).answer({}, 60)
    lambda_context, graph_context = aws.seen[0][1], huawei.seen[0][1]

    assert lambda_context.aws_request_id
    assert 24_000 < lambda_context.get_remaining_time_in_millis() <= 25_000
    assert graph_context.getRequestID()
    assert 59_000 < graph_context.getRemainingTimeInMilliSeconds() <= 60_000


@pytest.mark.parametrize("context", [AwsContext(-1).get_remaining_time_in_millis, HuaweiContext(-1).getRemainingTimeInMilliSeconds])
def test_no_time_is_left_below_nothing(context: Any) -> None:
    """Past the limit it is 0."""
    assert context() == 0


def test_events_and_answers_cross_as_json() -> None:
    """Neither side can change what the other one holds, and a tuple arrives as a list."""
    started, event = Started({"list": (1, 2)}), {"headers": {"a": "b"}}
    answer = InProcess(started, "aws", 1).answer(event, 1)

    assert answer == {"list": [1, 2]}
    assert event == started.seen[0][0]
    assert event is not started.seen[0][0]


@pytest.mark.parametrize("answer", [b"bytes", {"n": float("nan")}, {"o": object()}], ids=["bytes", "nan", "object"])
def test_what_is_no_json_fails(answer: Any) -> None:
    """A platform could not carry it either."""
    with pytest.raises(FunctionFailed):
        InProcess(Started(answer), "aws", 1).answer({}, 1)


def test_an_exceptions_text_is_kept() -> None:
    """AWS compares an authorizer's with `Unauthorized`."""
    failing = Started(ValueError("Unauthorized"))
    texts = []
    for call in (InProcessAuthorizer(failing, "aws", 1).decide, InProcess(failing, "aws", 1).answer, InProcess(failing, "aws", 1).stream):
        with pytest.raises(FunctionFailed) as failed:
            call({}, 1)
        texts.append(failed.value.message)

    assert texts == ["Unauthorized"] * 3


def test_a_head_that_is_no_json_closes_the_body() -> None:
    """Nobody else would."""
    body = Body([])
    with pytest.raises(FunctionFailed):
        InProcess(Started(body=body, headers={"a": b"b"}), "aws", 1).stream({}, 1)

    assert body.closed.is_set()


def test_a_body_is_pulled_not_pushed() -> None:
    """A chunk is made when it is asked for."""
    made = []

    def chunks() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    answer = InProcess(Started(body=chunks()), "aws", 1).stream({}, 1)
    first = next(answer.body)

    assert (first, made) == (b"0", [0])
    assert list(answer.body) == [b"1", b"2"]


def test_a_body_is_closed_when_its_next_chunk_is_there() -> None:
    """A close while another thread waits for a chunk does not wait; the body is closed by that thread, in order."""
    asked, go, closed = threading.Event(), threading.Event(), threading.Event()

    def chunks() -> Iterator[bytes]:
        try:
            asked.set()
            go.wait(PATIENCE)
            yield b"late"
        finally:
            closed.set()

    body = InProcess(Started(body=chunks()), "aws", 1).stream({}, 1).body
    reader = threading.Thread(target=lambda: next(body))
    reader.start()
    asked.wait(PATIENCE)
    body.close()
    before = closed.is_set()
    go.set()
    reader.join(PATIENCE)

    assert (before, closed.is_set()) == (False, True)
    assert list(body) == []


def test_a_body_is_closed_once() -> None:
    """Closing again, and closing what cannot be closed, does nothing."""
    answers = [InProcess(Started(body=body), "aws", 1).stream({}, 1) for body in ([b"a"], iter([b"a"]))]
    for answer in answers:
        answer.body.close()
        answer.body.close()

    assert [list(answer.body) for answer in answers] == [[], []]
