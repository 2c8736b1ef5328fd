"""service.py: what a service of the cloud's own, and the way to it, can do wrong. What it means for records is in stores/test_dynamodb.py."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from functions.shared.service import Answer, Asked, Late, Limits, Lost, Service, Unreached
from tests.fakes.upstream import Upstream, cut, head, opening, piece, stream, until_gone, whole
from tests.functions.shared.conftest import served

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from pathlib import Path

PATIENT = Limits(5.0, 30.0, 1000)


def asked(upstream: Upstream, path: str = "/") -> Asked:
    """Return a request to it."""
    return Asked("POST", upstream.url + path, {"host": "service.example", "x-one": "1"}, b"body")


def ask(upstream: Upstream, limits: Limits = PATIENT) -> Answer:
    """Ask once."""
    return Service(upstream.url, limits).ask(asked(upstream))


@pytest.mark.parametrize(
    "answer",
    [[whole(b"yes", 418)], [head(418), piece(b"y"), piece(b"es"), b"0\r\n\r\n"], [opening(418, {"connection": "close"}) + b"yes", cut]],
    ids=["length", "chunks", "to-the-end"],
)
def test_an_answer_is_whole_whatever_ends_it(answer: list[bytes]) -> None:
    """And of any status."""
    with Upstream(answer) as upstream:
        assert Answer(418, b"yes") == ask(upstream)


def test_a_request_arrives_as_it_was_signed() -> None:
    """Its path and query as they were written, its host as it was named, its body whole."""
    with Upstream([whole(b"")]) as upstream:
        Service(upstream.url, PATIENT).ask(asked(upstream, "/a%2Fb?c=d%20e"))
    method, path, headers, body = upstream.calls[0]

    assert ("POST", "/a%2Fb?c=d%20e", b"body") == (method, path, body)
    assert ("service.example", "1") == (headers["host"], headers["x-one"])


def test_a_connection_is_kept() -> None:
    """A handshake is dear."""
    with Upstream([whole(b"{}")], stream(b"{}")) as upstream:
        service = Service(upstream.url, PATIENT)
        for _ in range(4):
            service.ask(asked(upstream))

    assert (4, 1) == (len(upstream.calls), upstream.connections)


def test_a_connection_that_ended_meanwhile_is_not_used() -> None:
    """What is sent into it would be lost, and nobody would know whether it was carried out."""
    with Upstream([whole(b"{}"), cut], [whole(b"{}")]) as upstream:
        service = Service(upstream.url, PATIENT)
        service.ask(asked(upstream))
        gone = upstream.gone.acquire(timeout=30)
        service.ask(asked(upstream))

    assert (True, 2, 2) == (gone, len(upstream.calls), upstream.connections)


def test_connections_that_are_forgotten_are_ended() -> None:
    """Not left to the service to find out."""
    with Upstream([whole(b"{}")]) as upstream:
        service = Service(upstream.url, PATIENT)
        service.ask(asked(upstream))
        service.forget()

        assert upstream.gone.acquire(timeout=30)


def test_a_service_that_is_not_there_is_unreached() -> None:
    """Nothing was sent."""
    with Upstream() as upstream:
        pass

    with pytest.raises(Unreached):
        ask(upstream)


def drip(wire: socket.socket) -> None:
    """Send a byte now and then, as long as somebody reads."""
    while True:
        wire.sendall(piece(b"."))
        time.sleep(0.02)


@pytest.mark.parametrize("answer", [[until_gone], [head(), until_gone], [head(), drip]], ids=["no-status", "no-body", "drip"])
def test_an_answer_that_takes_too_long_is_late(answer: list[Callable[[socket.socket], None]]) -> None:
    """Also one of which something comes all the time."""
    with Upstream(answer) as upstream, pytest.raises(Late):
        ask(upstream, PATIENT._replace(patience=0.3))


@pytest.mark.parametrize(
    "answer",
    [[cut], [b"hello\r\n\r\n", cut], [opening(200, {"content-length": "9"}), b"half", cut], [head(), piece(b"half"), cut], [whole(b"x" * 1001)]],
    ids=["nothing", "no-http", "cut", "cut-chunks", "too-long"],
)
def test_an_answer_that_cannot_be_read_is_lost(answer: list[bytes]) -> None:
    """Half of one is none."""
    with Upstream(answer) as upstream, pytest.raises(Lost):
        ask(upstream)


def test_a_certificate_that_nobody_trusts_is_refused(tls: ssl.SSLContext) -> None:
    """Nothing is sent, the signature above all."""
    with Upstream([whole(b"{}")], tls=tls) as upstream:
        with pytest.raises(Unreached):
            ask(upstream)

        assert [] == upstream.calls


def test_a_certificate_of_another_host_is_refused(monkeypatch: pytest.MonkeyPatch, certify: Callable[[str], Path]) -> None:
    """However trusted it is."""
    certificate = certify("DNS:elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Upstream([whole(b"{}")], tls=served(certificate)) as upstream:
        with pytest.raises(Unreached):
            ask(upstream)

        assert [] == upstream.calls


def test_a_trusted_host_is_asked_over_tls(monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, certificate: Path) -> None:
    """And its connection kept."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Upstream([whole(b"yes")], tls=tls) as upstream:
        service = Service(upstream.url, PATIENT)
        answers = [service.ask(asked(upstream)) for _ in range(2)]

    assert ([Answer(200, b"yes")] * 2, 1) == (answers, upstream.connections)
