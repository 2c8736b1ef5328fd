"""outbound.py: the one HTTP client, against a real server on the loopback."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.shared.errors import UpstreamCut, UpstreamError, UpstreamTimeout
from functions.shared.outbound import RETRIES, Incoming, Limits, Outbound, Outgoing, retry_after
from tests.fakes.upstream import HANG_UP, LAST, Upstream, cut, head, opening, piece, reset, stream, until_gone, whole

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator, Sequence

    from tests.fakes.clock import Clock
    from tests.fakes.upstream import Step

ROOT = Path(__file__).parents[3]
#: Long enough for any machine; nothing that is right waits so long.
PATIENCE = 30.0
UNANSWERED = [until_gone]
CLOSING = {"content-type": "text/plain", "connection": "close"}


@pytest.fixture(name="slept")
def _slept() -> list[float]:
    return []


@pytest.fixture(name="outbound")
def _outbound(slept: list[float]) -> Iterator[Outbound]:
    """Return a client that notes how long it would have slept; after the test no reader thread is left."""
    yield Outbound(sleep=slept.append)
    for one in readers():
        one.join(PATIENCE)
    assert readers() == []


def readers() -> list[threading.Thread]:
    """Return the threads that read sockets."""
    return [one for one in threading.enumerate() if one.name == "outbound"]


def get(url: str) -> Outgoing:
    """Return a small request."""
    return Outgoing("GET", f"{url}/path", {}, b"")


def soon(status: float = PATIENCE, until: float = PATIENCE) -> Limits:
    """Return limits that begin now."""
    return Limits(PATIENCE, status, PATIENCE, time.monotonic() + until)


def read(incoming: Incoming) -> bytes:
    """Return the whole body."""
    return incoming.read(1_000_000_000, time.monotonic() + PATIENCE, time.monotonic)


def test_status_and_headers_come_first(outbound: Outbound) -> None:
    """Headers have lower-case names, whatever the server writes; the body may be on its way still."""
    with Upstream([opening(418, {"Content-Type": "Text/Plain", "X-ONE": "Two"}), until_gone]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        incoming.close()

    assert (incoming.status, incoming.headers) == (418, {"content-type": "Text/Plain", "x-one": "Two"})


def test_a_request_is_sent_as_it_is_given(outbound: Outbound) -> None:
    """Nothing is added that would change its meaning, and no encoding is asked for."""
    call = Outgoing("POST", "/v1/x?y=%20", {"content-type": "a/b", "authorization": "Bearer k"}, "你".encode())
    with Upstream([whole(b"{}")]) as upstream:
        read(outbound.send(call._replace(url=upstream.url + call.url), soon()))

    sent = upstream.calls[0]
    assert (call.method, call.url, call.body) == (sent.method, sent.path, sent.body)
    assert tuple(sent.headers[name] for name in ("content-type", "authorization", "content-length", "accept-encoding")) == (
        "a/b",
        "Bearer k",
        "3",
        "identity",
    )


def test_chunks_come_one_by_one(outbound: Outbound) -> None:
    """Each is here while the server still waits to send the next one."""
    turns = [threading.Event() for _ in range(3)]
    with Upstream([head(), piece(b"one"), turns[0], piece(b"two"), turns[1], piece(b"three"), turns[2], LAST]) as upstream:
        found: list[bytes] = []
        for chunk in outbound.send(get(upstream.url), soon()).chunks():
            if chunk:
                turns[len(found)].set()
                found.append(chunk)

    assert found == [b"one", b"two", b"three"]


def test_silence_ticks(outbound: Outbound) -> None:
    """Whoever reads gets a moment to look at the clock, and the silence breaks nothing."""
    turn = threading.Event()
    with Upstream([head(), turn, piece(b"late"), LAST]) as upstream:
        chunks = outbound.send(get(upstream.url), soon()).chunks()
        first, second = next(chunks), next(chunks)
        turn.set()
        rest = b"".join(chunks)

    assert (first, second, rest) == (b"", b"", b"late")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_passing_trouble_is_tried_again(outbound: Outbound, slept: list[float], status: int) -> None:
    """These statuses say that it may go better next time."""
    with Upstream([whole(b"no", status)], [whole(b"yes")]) as upstream:
        body = read(outbound.send(get(upstream.url), soon()))

    assert (body, slept, len(upstream.calls)) == (b"yes", [0.5], 2)


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 413, 422, 501])
def test_a_final_word_is_not_asked_for_again(outbound: Outbound, slept: list[float], status: int) -> None:
    """A second try would get the same."""
    with Upstream([whole(b"", status)]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        read(incoming)

    assert (status, [], 1) == (incoming.status, slept, len(upstream.calls))


def test_two_more_tries_are_enough(outbound: Outbound, slept: list[float]) -> None:
    """The third refusal is passed on, with its body."""
    with Upstream([whole(b"no", 503)]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())

        assert (incoming.status, read(incoming)) == (503, b"no")
    assert (slept, len(upstream.calls)) == ([0.5, 1.0], 1 + RETRIES)


FAILURES: dict[str, Sequence[Step]] = {
    "hang-up": HANG_UP,
    "reset-before-status": [reset],
    "close-before-status": [cut],
    "no-http": [b"hello\r\n\r\n", cut],
    "endless-header": [b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", cut],
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_connection_that_fails_is_tried_again(outbound: Outbound, slept: list[float], answer: Sequence[Step]) -> None:
    """Without a status nothing was answered."""
    with Upstream(answer, [whole(b"yes")]) as upstream:
        body = read(outbound.send(get(upstream.url), soon()))

    assert (body, slept, upstream.connections) == (b"yes", [0.5], 2)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_connection_that_always_fails_is_an_error(outbound: Outbound, slept: list[float], answer: Sequence[Step]) -> None:
    """The error says what to do, and each connection is closed."""
    with Upstream(answer) as upstream:
        with pytest.raises(UpstreamError, match="cannot be reached"):
            outbound.send(get(upstream.url), soon())
        left = [upstream.gone.acquire(timeout=PATIENCE) for _ in range(3)]

    assert (slept, left) == ([0.5, 1.0], [True, True, True])


def test_nobody_listens(outbound: Outbound, slept: list[float]) -> None:
    """A refused connection is tried again."""
    with Upstream() as upstream:
        pass
    with pytest.raises(UpstreamError, match="cannot be reached"):
        outbound.send(get(upstream.url), soon())

    assert slept == [0.5, 1.0]


@pytest.mark.parametrize("url", ["", "nowhere", "ftp://127.0.0.1/", "http://", "http://[::1", "http://127.0.0.1:99999/"], ids=ascii)
def test_an_address_that_is_none_is_an_upstream_error(outbound: Outbound, url: str) -> None:
    """Whatever the owner's table says, nothing else is raised."""
    with pytest.raises(UpstreamError):
        outbound.send(Outgoing("GET", url, {}, b""), soon())


@pytest.mark.parametrize(("asked", "wait"), [("3", 3.0), ("10", 10.0), ("0", 0.5), ("soon", 0.5)])
def test_a_server_may_say_when_to_come_back(outbound: Outbound, slept: list[float], asked: str, wait: float) -> None:
    """Never sooner than we would ourselves."""
    with Upstream([whole(b"no", 429, {"Retry-After": asked})], [whole(b"yes")]) as upstream:
        body = read(outbound.send(get(upstream.url), soon(until=600)))

    assert (b"yes", [wait]) == (body, slept)


@pytest.mark.parametrize(("asked", "until"), [("11", 600), ("9", 8)], ids=["too-long", "past-the-end"])
def test_who_wants_too_long_a_wait_is_believed(outbound: Outbound, slept: list[float], asked: str, until: int) -> None:
    """The refusal is passed on: our caller may wait better than we."""
    with Upstream([whole(b"no", 429, {"retry-after": asked})]) as upstream:
        incoming = outbound.send(get(upstream.url), soon(until=until))
        read(incoming)

    assert (incoming.status, slept, len(upstream.calls)) == (429, [], 1)


@pytest.mark.parametrize("answer", [[whole(b"no", 503)], [cut]], ids=["refused", "failed"])
def test_no_retry_after_time_is_up(slept: list[float], clock: Clock, answer: list[Step]) -> None:
    """What is too late to be of use is not begun."""
    late = Outbound(clock, slept.append)
    with Upstream([lambda _: clock.forward(40), *answer]) as upstream:
        try:
            status = late.send(get(upstream.url), Limits(5, 30, 30, clock() + 40)).status
        except UpstreamError as error:
            status = error.status

    assert (status in (502, 503), slept, len(upstream.calls)) == (True, [], 1)


def test_a_status_that_does_not_come_is_a_timeout(outbound: Outbound, slept: list[float]) -> None:
    """It is not tried again: the time is gone. The connection is let go soon."""
    with Upstream(UNANSWERED) as upstream:
        with pytest.raises(UpstreamTimeout):
            outbound.send(get(upstream.url), soon(status=0.2, until=1.0))
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert (left, slept, len(upstream.calls)) == (True, [], 1)


def test_time_that_is_up_already_is_a_timeout(outbound: Outbound) -> None:
    """No answer is waited for."""
    with Upstream(UNANSWERED) as upstream, pytest.raises(UpstreamTimeout):
        outbound.send(get(upstream.url), soon(until=-1.0))


def test_a_redirect_is_not_followed(outbound: Outbound) -> None:
    """Another address would get the key and the question."""
    with Upstream([whole(b"{}")]) as elsewhere, Upstream([whole(b"", 307, {"location": elsewhere.url})]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        read(incoming)

    assert (307, elsewhere.url, []) == (incoming.status, incoming.headers["location"], elsewhere.calls)


def test_nothing_is_decompressed(outbound: Outbound) -> None:
    """A small answer cannot become an endless one."""
    packed = gzip.compress(b"0" * 100_000)
    with Upstream([whole(packed, headers={"content-encoding": "gzip"})]) as upstream:
        body = read(outbound.send(get(upstream.url), soon()))

    assert packed == body


CUTS: dict[str, list[Step]] = {
    "within-a-chunk": [head(), b"10\r\nhalf", cut],
    "within-a-size": [head(), piece(b"a"), b"1", cut],
    "after-a-size": [head(), piece(b"a"), b"1\r\n", cut],
    "before-the-last": [head(), piece(b"a"), cut],
    "within-a-length": [opening(200, {"content-length": "10"}), b"half", cut],
    "no-size": [head(), b"xyz\r\n", cut],
}


@pytest.mark.parametrize("answer", CUTS.values(), ids=CUTS)
def test_a_cut_answer_is_not_a_whole_one(outbound: Outbound, answer: list[Step]) -> None:
    """What the wire promised and did not keep is an error, and the connection is not used again."""
    with Upstream(answer, [whole(b"yes")]) as upstream:
        with pytest.raises(UpstreamCut):
            read(outbound.send(get(upstream.url), soon()))
        again = read(outbound.send(get(upstream.url), soon()))

    assert (again, upstream.connections) == (b"yes", 2)


def test_a_reset_is_a_cut(outbound: Outbound) -> None:
    """After the first chunk a reset cannot be tried again."""
    turn = threading.Event()
    with Upstream([head(), piece(b"a"), turn, reset]) as upstream:
        chunks = outbound.send(get(upstream.url), soon()).chunks()
        first = next(chunks)
        turn.set()
        with pytest.raises(UpstreamCut):
            list(chunks)

    assert first == b"a"


def test_an_answer_may_end_with_the_connection(outbound: Outbound) -> None:
    """Without a length and without chunks the end is all there is."""
    with Upstream([opening(200, CLOSING), b"all", cut]) as upstream:
        body = read(outbound.send(get(upstream.url), soon()))

    assert body == b"all"


STALLS: dict[str, list[Step]] = {
    "chunked": [head(), piece(b"a"), until_gone],
    "length": [opening(200, {"content-length": "10"}), b"a", until_gone],
    "to-the-end": [opening(200, CLOSING), b"a", until_gone],
}


@pytest.mark.parametrize("answer", STALLS.values(), ids=STALLS)
def test_closing_ends_a_read_that_blocks(outbound: Outbound, answer: list[Step]) -> None:
    """From another thread: the server sees the end, the reader thread goes, and whoever waits for bytes waits no more."""
    with Upstream(answer) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        begun, consumer = consuming(incoming)
        heard = begun.wait(PATIENCE)
        incoming.close()
        consumer.join(PATIENCE)
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert (heard, consumer.is_alive(), left) == (True, False, True)


def consuming(incoming: Incoming) -> tuple[threading.Event, threading.Thread]:
    """Read in another thread; the event says that the first bytes are here."""
    begun = threading.Event()

    def consume() -> None:
        try:
            for chunk in incoming.chunks():
                if chunk:
                    begun.set()
        except UpstreamCut:
            pass

    thread = threading.Thread(target=consume)
    thread.start()
    return begun, thread


@pytest.mark.parametrize("answer", [*STALLS.values(), [whole(b"x" * 10_000_000)]], ids=[*STALLS, "unread"])
def test_closing_unread_lets_go(outbound: Outbound, answer: list[Step]) -> None:
    """Nobody has to read in order to close, and closing twice is closing once."""
    with Upstream(answer) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        incoming.close()
        incoming.close()
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert left


def test_a_refused_try_is_closed(outbound: Outbound) -> None:
    """An answer that is given up for another try leaves no connection behind."""
    with Upstream([head(503), until_gone], [whole(b"yes")]) as upstream:
        body = read(outbound.send(get(upstream.url), soon()))
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert (body, left) == (b"yes", True)


@pytest.mark.parametrize("answer", [[whole(b"yes")], stream(b"y", b"es"), [whole(b"", 204)]], ids=["length", "chunked", "empty"])
def test_a_connection_is_used_again_after_a_whole_answer(outbound: Outbound, answer: list[Step]) -> None:
    """A second handshake would cost the next one its time."""
    with Upstream(answer) as upstream:
        for _ in range(3):
            incoming = outbound.send(get(upstream.url), soon())
            read(incoming)
            incoming.close()

    assert (upstream.connections, len(upstream.calls)) == (1, 3)


def test_an_end_on_its_way_is_waited_for(outbound: Outbound) -> None:
    """Whoever has read all that matters says so, and the connection is kept."""
    with Upstream(stream(b"data: [DONE]\n\n")) as upstream:
        for _ in range(3):
            incoming = outbound.send(get(upstream.url), soon())
            next(incoming.chunks())
            incoming.close(whole=True)

    assert upstream.connections == 1


@pytest.mark.parametrize("rest", [[until_gone], [piece(b"more"), until_gone]], ids=["silence", "more"])
def test_an_end_that_does_not_come_is_not(outbound: Outbound, rest: list[Step]) -> None:
    """A server that goes on after the end is left."""
    with Upstream([head(), piece(b"[DONE]"), *rest]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        next(incoming.chunks())
        incoming.close(whole=True)
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert left


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(outbound: Outbound) -> None:
    """Keeping connections costs no answer."""
    with Upstream([whole(b"one"), cut], [whole(b"two")]) as upstream:
        first = read(outbound.send(get(upstream.url), soon()))
        upstream.gone.acquire(timeout=PATIENCE)
        second = read(outbound.send(get(upstream.url), soon()))

    assert (first, second) == (b"one", b"two")


def test_answers_do_not_wait_for_each_other(outbound: Outbound) -> None:
    """Eight requests are at the server before the first is answered."""
    meeting = threading.Barrier(8)
    bodies: list[bytes] = []
    with Upstream([lambda _: note(meeting), whole(b"yes")]) as upstream:
        threads = [threading.Thread(target=lambda: bodies.append(read(outbound.send(get(upstream.url), soon())))) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(PATIENCE)

    assert bodies == [b"yes"] * 8


def note(meeting: threading.Barrier) -> None:
    """Wait for the others."""
    meeting.wait(PATIENCE)


def test_a_server_that_sends_without_end_is_held_back(outbound: Outbound) -> None:
    """What nobody reads stays in the server: the memory is bounded."""
    flood = Flood()
    with Upstream([opening(200, CLOSING), flood]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        held = flood.over.wait(PATIENCE)
        incoming.close()

    assert (held, flood.sent < Flood.MOST) == (True, True)


class Flood:
    """Sends until nobody takes it for a second, or until it is far too much."""

    MOST = 128_000_000

    def __init__(self) -> None:
        self.sent = 0
        self.over = threading.Event()

    def __call__(self, wire: socket.socket) -> None:
        """Send."""
        wire.settimeout(1.0)
        block = b"x" * 65_536
        try:
            while self.sent < self.MOST:
                self.sent += wire.send(block)
        except TimeoutError:
            pass
        self.over.set()


def test_a_silence_to_the_end_is_a_timeout_and_no_cut(outbound: Outbound) -> None:
    """The socket's own limit lies behind the reader's, who alone knows what a limit that passed is called."""
    with Upstream([head(), piece(b"a"), until_gone]) as upstream:
        limits = soon(until=0.5)
        incoming = outbound.send(get(upstream.url), limits)
        with pytest.raises(UpstreamTimeout):
            incoming.read(100, limits.until, time.monotonic)
        incoming.close()

        assert upstream.gone.acquire(timeout=PATIENCE)


def test_too_much_is_not_read(outbound: Outbound) -> None:
    """The limit of a whole answer itself is allowed, one byte more is not."""
    with Upstream([whole(b"12345")]) as upstream:
        body = outbound.send(get(upstream.url), soon()).read(5, time.monotonic() + PATIENCE, time.monotonic)
        with pytest.raises(UpstreamError, match="more than an answer"):
            outbound.send(get(upstream.url), soon()).read(4, time.monotonic() + PATIENCE, time.monotonic)

    assert body == b"12345"


def test_a_whole_answer_must_come_in_time(outbound: Outbound, clock: Clock) -> None:
    """Ticks of silence end it."""
    with Upstream([head(), piece(b"a"), until_gone]) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        with pytest.raises(UpstreamTimeout):
            incoming.read(100, clock() - 1, clock)
        incoming.close()

        assert upstream.gone.acquire(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("7", 7.0), ("999999", 999999.0)],
)
def test_retry_after_is_seconds(value: str, seconds: float) -> None:
    """Plain digits, few enough to mean something."""
    assert seconds == retry_after({"retry-after": value})


@pytest.mark.parametrize(
    "value", ["1000000", "", "-1", "1.5", "\u0663", "\u00b2", "Wed, 21 Oct 2026 07:28:00 GMT", "1e3", " 1", "inf", "nan"], ids=ascii
)
def test_retry_after_is_nothing_else(value: str) -> None:
    """A date there is not worth a parser, and nonsense is not worth a wait."""
    assert retry_after({"retry-after": value}) is None


def test_proxies_of_the_environment_are_ignored() -> None:
    """A key goes to the address in the owner's table and to nobody else, whatever a platform sets."""
    with Upstream([whole(b"proxy")]) as proxy, Upstream([whole(b"direct")]) as upstream:
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        found = run(f"print(read(outbound.send(get({upstream.url!r}), soon())).decode())", dict.fromkeys(names, proxy.url))

    assert (found, proxy.calls) == ("direct", [])


def run(line: str, environment: dict[str, str]) -> str:
    """Run a line in an interpreter of its own and return what it prints."""
    script = f"from tests.functions.shared.test_outbound import *\noutbound = Outbound()\n{line}\n"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_a_handshake_that_breaks_off_is_an_upstream_error(outbound: Outbound, slept: list[float]) -> None:
    """Before the request nothing was answered: it is tried again, and never in plain text."""
    with Upstream(HANG_UP) as upstream:
        with pytest.raises(UpstreamError, match="cannot be reached"):
            outbound.send(get(upstream.url.replace("http:", "https:")), soon())

        assert (upstream.calls, slept) == ([], [0.5, 1.0])


def test_a_certificate_that_nobody_trusts_is_an_upstream_error(outbound: Outbound, tls: ssl.SSLContext) -> None:
    """The request, and the key in it, is not sent."""
    with Upstream([whole(b"{}")], tls=tls) as upstream:
        with pytest.raises(UpstreamError):
            outbound.send(get(upstream.url), soon())

        assert upstream.calls == []


@pytest.mark.parametrize("answer", STALLS.values(), ids=STALLS)
def test_closing_ends_a_read_over_tls(
    monkeypatch: pytest.MonkeyPatch, outbound: Outbound, tls: ssl.SSLContext, certificate: Path, answer: list[Step]
) -> None:
    """The same promise as over plain TCP, where a read blocks within another library."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Upstream(answer, tls=tls) as upstream:
        incoming = outbound.send(get(upstream.url), soon())
        first = next(chunk for chunk in incoming.chunks() if chunk)
        incoming.close()
        left = upstream.gone.acquire(timeout=PATIENCE)

    assert (first, left) == (b"a", True)


def test_answers_over_tls_share_a_connection(monkeypatch: pytest.MonkeyPatch, outbound: Outbound, tls: ssl.SSLContext, certificate: Path) -> None:
    """A handshake is dear."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Upstream(stream(b"y", b"es"), tls=tls) as upstream:
        bodies = [read(outbound.send(get(upstream.url), soon())) for _ in range(3)]

    assert (bodies, upstream.connections) == ([b"yes"] * 3, 1)
