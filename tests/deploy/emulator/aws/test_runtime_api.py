"""The Runtime API as a worker meets it: who is given an event, which answers count, and how a stream is cut."""

from __future__ import annotations

import http.client
import json
import queue
import threading
from typing import TYPE_CHECKING

import pytest

from deploy.emulator.aws.runtime_api import AHEAD, Abandoned, Exchange, Faulty, RuntimeApi, fault

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0
NEXT = "/2018-06-01/runtime/invocation/next"
STREAMING = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
EXIT = fault("Runtime.ExitError", "exit")


class Worker:
    """A worker's side, spoken by hand."""

    def __init__(self, api: RuntimeApi) -> None:
        self.wire = http.client.HTTPConnection(api.address, timeout=PATIENCE)

    def next(self) -> str:
        """Ask for an event; return its id."""
        self.wire.request("GET", NEXT)
        answer = self.wire.getresponse()
        answer.read()
        return answer.headers["Lambda-Runtime-Aws-Request-Id"]

    def say(self, path: str, body: bytes = b"{}", headers: dict[str, str] | None = None) -> int:
        """Post something; return the status."""
        self.wire.request("POST", f"/2018-06-01/runtime/{path}", body, headers or {})
        answer = self.wire.getresponse()
        answer.read()
        return answer.status

    def begin(self, request_id: str, *pieces: bytes) -> None:
        """Begin a streamed answer, and send these bytes as they are."""
        self.wire.putrequest("POST", f"/2018-06-01/runtime/invocation/{request_id}/response")
        for name, value in STREAMING.items():
            self.wire.putheader(name, value)
        self.wire.endheaders()
        for piece in pieces:
            self.wire.send(piece)


@pytest.fixture(name="exchange")
def _exchange() -> Exchange:
    return Exchange(b'{"a": 1}')


@pytest.fixture(name="idle")
def _idle() -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture(name="api")
def _api(exchange: Exchange, idle: threading.Semaphore) -> Iterator[RuntimeApi]:
    api = RuntimeApi(exchange, arn="arn:aws:lambda:r:0:function:f:live", seconds=PATIENCE, init=PATIENCE, idle=idle.release)
    yield api
    api.close(EXIT)


@pytest.fixture(name="worker")
def _worker(api: RuntimeApi) -> Iterator[Worker]:
    worker = Worker(api)
    yield worker
    worker.wire.close()


def test_an_event_goes_to_its_worker_and_the_answer_comes_back(api: RuntimeApi, worker: Worker, exchange: Exchange) -> None:
    """With the names that a runtime expects."""
    worker.wire.request("GET", NEXT)
    given = worker.wire.getresponse()

    assert b'{"a": 1}' == given.read()
    assert (exchange.request_id, api.arn) == (given.headers["Lambda-Runtime-Aws-Request-Id"], given.headers["Lambda-Runtime-Invoked-Function-Arn"])
    assert 202 == worker.say(f"invocation/{exchange.request_id}/response", b"[]")
    assert (b"[]", None) == (exchange.take(PATIENCE), exchange.take(PATIENCE))


@pytest.mark.parametrize("path", ["invocation/another/response", "invocation/another/error", "invocation/x", "elsewhere"])
def test_only_the_event_at_hand_can_be_answered(worker: Worker, exchange: Exchange, path: str) -> None:
    """Anything else is refused, and changes nothing."""
    worker.next()

    assert 400 == worker.say(path)
    with pytest.raises(TimeoutError):
        exchange.take(0)


def test_an_event_cannot_be_answered_before_it_was_asked_for(worker: Worker, exchange: Exchange) -> None:
    """Nobody has seen it yet."""
    assert 400 == worker.say(f"invocation/{exchange.request_id}/response")


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b"\xff"], ids=["nothing", "a list", "no message", "no text"])
def test_an_error_that_says_little_is_an_error(worker: Worker, exchange: Exchange, said: bytes) -> None:
    """Its text is empty then; its document is passed on as it is."""
    worker.say(f"invocation/{worker.next()}/error", said)
    with pytest.raises(Faulty) as caught:
        exchange.take(PATIENCE)

    assert ("", said) == caught.value.fault


def test_an_error_before_the_first_event_ends_it(worker: Worker, exchange: Exchange) -> None:
    """It is the event that the worker was started for."""
    worker.say("init/error", b'{"errorMessage": "no"}')
    with pytest.raises(Faulty) as caught:
        exchange.take(PATIENCE)

    assert "no" == caught.value.fault.message


def test_a_worker_without_an_event_waits(api: RuntimeApi, worker: Worker, idle: threading.Semaphore) -> None:
    """It says that it is idle, once, and is given what comes then."""
    following = Exchange(b"{}")
    worker.say(f"invocation/{worker.next()}/response")
    ids: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: ids.put(worker.next()), daemon=True).start()

    assert idle.acquire(timeout=PATIENCE)
    api.hand(following)
    assert following.request_id == ids.get(timeout=PATIENCE)
    assert not idle.acquire(blocking=False)


def test_who_asks_for_more_has_given_up_what_was_before(worker: Worker, exchange: Exchange) -> None:
    """An event that nobody will answer any more fails."""
    worker.next()
    worker.wire.request("GET", NEXT)
    with pytest.raises(Faulty):
        exchange.take(PATIENCE)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"3\r\none\r\n"],
        [b"3\r\none\r\n", b"9\r\ntw"],
        [b"3\r\none\r\n", b"0\r\n"],
        [b"3\r\none\r\n", b"no size\r\n"],
        [b"3\r\none\r\n", b"3\r\ntwo!!"],
    ],
    ids=["between chunks", "in a chunk", "before the trailers", "a size that is none", "a chunk without an end"],
)
def test_a_stream_that_is_cut_has_no_clean_end(worker: Worker, exchange: Exchange, pieces: list[bytes]) -> None:
    """However the worker went."""
    worker.begin(worker.next(), *pieces)
    first = exchange.take(PATIENCE)
    worker.wire.close()

    assert b"one" == first
    with pytest.raises(Faulty):
        exchange.take(PATIENCE)


@pytest.mark.parametrize("taken", [True, False], ids=["begun", "not yet begun"])
def test_a_stream_that_nobody_reads_is_cut(worker: Worker, exchange: Exchange, taken: bool) -> None:
    """The worker sees its connection end, and there is no other answer."""
    request_id = worker.next()
    if not taken:
        exchange.close()
    worker.begin(request_id, b"3\r\none\r\n")
    if taken:
        exchange.take(PATIENCE)
        exchange.close()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        worker.wire.getresponse()

    assert exchange.take(PATIENCE) is None


def test_a_whole_answer_that_nobody_reads_is_taken(worker: Worker, exchange: Exchange) -> None:
    """The worker has done its work, and goes on."""
    request_id = worker.next()
    exchange.close()

    assert 202 == worker.say(f"invocation/{request_id}/response", b"[]")


def test_a_whole_answer_may_come_in_chunks(worker: Worker, exchange: Exchange) -> None:
    """How it is sent does not make a stream of it."""
    request_id = worker.next()
    worker.say(f"invocation/{request_id}/response", b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"})

    assert b"[]" == exchange.take(PATIENCE)


def test_trailers_that_hold_no_document_still_end_in_a_fault(worker: Worker, exchange: Exchange) -> None:
    """The type alone says that it is not whole."""
    worker.begin(worker.next(), b"0\r\nLambda-Runtime-Function-Error-Type: X\r\n\r\n")
    with pytest.raises(Faulty) as caught:
        exchange.take(PATIENCE)

    assert "" == caught.value.fault.message


def test_a_closed_server_ends_what_its_worker_was_at(api: RuntimeApi, worker: Worker, exchange: Exchange) -> None:
    """A worker that died never swallows an event: its server goes with it (aws.md, 2)."""
    worker.next()
    api.close(EXIT)

    with pytest.raises(Faulty):
        exchange.take(PATIENCE)
    with pytest.raises(OSError):
        worker.next()


def test_a_reader_that_is_behind_holds_the_worker_back(exchange: Exchange) -> None:
    """The worker waits for room rather than filling the memory; and is let go when nobody reads on."""
    said: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work() -> None:
        for number in range(AHEAD + 2):
            said.put("put")
            try:
                exchange.put(bytes([number]))
            except Abandoned:
                said.put("abandoned")

    exchange.begin(lambda: said.put("cut"))
    threading.Thread(target=work, daemon=True).start()
    before = [said.get(timeout=PATIENCE) for _ in range(AHEAD + 1)]
    first = exchange.take(PATIENCE)
    following = said.get(timeout=PATIENCE)
    exchange.close()

    assert (["put"] * (AHEAD + 1), b"\x00", "put") == (before, first, following)
    assert {"cut", "abandoned"} == {said.get(timeout=PATIENCE), said.get(timeout=PATIENCE)}


def test_the_first_end_counts() -> None:
    """A worker that is killed after its last word has answered."""
    exchange = Exchange(b"{}")
    exchange.put(json.dumps([]).encode())
    exchange.end()
    exchange.end(EXIT)

    assert exchange.answered
    assert (b"[]", None) == (exchange.take(), exchange.take())
