"""Bytes that are not HTTP, or not quite: the answer is the gateway's own error, never the server's words, and never quotes what was sent."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.deploy.local.scripted import ORIGIN, exchange, serving

HOST = b"Host: x\r\n"
NAME = b"Authorization: Bearer good\r\n"
LONG = b"secret" * 25_000
GET = b"GET /v1/models HTTP/1.1\r\n" + HOST + NAME
POST = b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + NAME
CLOSE = b"Connection: close\r\n"

both = pytest.mark.parametrize("cloud", ["aws", "huawei"])

MALFORMED = {
    "space before the colon": b"GET /v1/models HTTP/1.1\r\nHost : secret\r\n\r\n",
    "header without a colon": b"GET /v1/models HTTP/1.1\r\nauthorization secret\r\n\r\n",
    "folded header": GET + b"A: b\r\n secret\r\n\r\n",
    "NUL in a header": GET + b"A: secret\x00\r\n\r\n",
    "no host": b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer secret\r\n\r\n",
    "unknown method": b"S=CRET /v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01secret\r\n\r\n",
    "unknown version": b"GET /v1/models HTTP/9.9\r\n" + HOST + b"\r\n",
    "bare line feeds": GET.replace(b"\r", b"") + b"\n",
    "bad chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nsecret\r\n0\r\n\r\n",
    "negative chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nsecret\r\n0\r\n\r\n",
    "chunk longer than its size": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nsecret\r\n0\r\n\r\n",
    "two framings": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}s",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "length that is no number": POST + b"Content-Length: 2x\r\n\r\n{}",
    "unknown expectation": POST + b"Expect: secret\r\nContent-Length: 2\r\n\r\n{}",
}


@both
@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_http_gets_one_clear_error(cloud: str, sent: bytes) -> None:
    """One 400 with code, CORS and request id; the connection ends, no function is asked, and nothing of the request comes back."""
    answer, asked = _say(cloud, sent)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert json.loads(body)["error"]["code"] == "invalid_request"
    assert f"access-control-allow-origin: {ORIGIN}".encode() in head
    assert b"\r\nx-request-id: " in head
    assert b"secret" not in answer.lower()
    assert asked == 0


@both
@pytest.mark.parametrize("sent", [b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n", GET + b"A: " + LONG + b"\r\n\r\n"], ids=["url", "header"])
def test_a_line_over_the_servers_own_limit_is_too_large(cloud: str, sent: bytes) -> None:
    """It is refused in the words of the dialect's own limit."""
    answer, asked = _say(cloud, sent)

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_too_large"
    assert b"secret" not in answer
    assert asked == 0


@both
def test_what_is_not_http_is_logged_by_its_kind_only(cloud: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Its bytes may be a token's; its request id is what the sender was shown."""
    answers = [_say(cloud, sent)[0] for sent in MALFORMED.values()]

    out, err = capfd.readouterr()
    shown = [answer.partition(b"x-request-id: ")[2].split(b"\r\n")[0].decode() for answer in answers]
    assert shown == [json.loads(line)["request_id"] for line in out.splitlines()]
    assert {"malformed"} == {json.loads(line)["refusal"] for line in out.splitlines()}
    assert ["", "", False] == [err, caplog.text, "secret" in out]


@both
def test_a_whole_address_as_target_is_its_path(cloud: str) -> None:
    """A server takes the absolute form too (RFC 9112, 3.2.2)."""
    answer, asked = _say(cloud, b"GET HTTP://x:80/v1/models?a=b HTTP/1.1\r\n" + HOST + NAME + CLOSE + b"\r\n")

    assert (answer.split(b" ")[1], asked) == (b"200", 1)


@both
def test_a_body_that_asks_first_is_told_to_come(cloud: str) -> None:
    """`Expect: 100-continue` gets its interim answer, then the real one (RFC 9110, 10.1.1)."""
    answer, asked = _say(cloud, POST + CLOSE + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}")

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert asked == 1


@both
def test_a_body_that_asks_first_is_not_told_to_come_in_vain(cloud: str) -> None:
    """At an unknown address the answer comes at once."""
    answer, _ = _say(cloud, b"POST /nowhere HTTP/1.1\r\n" + HOST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 ")


def _say(cloud: str, sent: bytes) -> tuple[bytes, int]:
    """Return all that comes back until the server closes, and how often a function was asked."""

    async def run() -> tuple[bytes, int]:
        async with serving(cloud) as api:
            return await exchange(api.base, sent), len(api.chat.events)

    return asyncio.run(run())
