"""The gateway on real sockets, in both clouds' words: what a caller sees, and what reaches a function."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import Any

import aiohttp
import pytest

from deploy.bundle import ROUTES as DEPLOYED
from deploy.local.aws import LIMITS
from functions.shared import clouds
from tests.deploy.local.scripted import HELLO, ORIGIN, PATIENCE, TOKEN, Script, broken, exchange, raises, serving
from tests.fakes.platforms import CONTEXTS

CLOUDS = ("aws", "huawei")
SMALL = LIMITS._replace(body=1000, event=4000, answer=200)
HASTY = LIMITS._replace(seconds=0.05, stream_seconds=0.05)

both = pytest.mark.parametrize("cloud", CLOUDS)


@both
def test_forwards_an_answer(cloud: str) -> None:
    """A function's status, headers and body reach the caller."""

    async def run() -> tuple[int, Any, bytes]:
        async with serving(cloud) as api:
            return await api.ask("GET", "/v1/models", headers=TOKEN)

    status, headers, body = asyncio.run(run())

    assert (status, headers["content-type"], body) == (200, "text/plain", b"hello")


@both
def test_every_answer_has_the_request_id_of_its_event(cloud: str) -> None:
    """The id that a caller is shown is the one that the function logged, whatever the caller sent."""

    async def run() -> tuple[str, str]:
        async with serving(cloud) as api:
            _, headers, _ = await api.ask("GET", "/v1/models", headers={**TOKEN, "x-request-id": "mine"})
            return headers["x-request-id"], clouds.load(cloud).read(api.chat.events[0], CONTEXTS[cloud]).request_id

    shown, logged = asyncio.run(run())

    assert shown == logged
    assert shown != "mine"


@both
def test_a_caller_cannot_choose_its_address(cloud: str) -> None:
    """The source is the peer's address; headers that claim another one change nothing."""
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "X-Twocan-Source": "6.6.6.6"}

    async def run() -> str:
        async with serving(cloud) as api:
            await api.ask("POST", "/auth/login", headers=claims, data=b"{}")
            return clouds.load(cloud).read(api.chat.events[0], CONTEXTS[cloud]).source

    assert asyncio.run(run()) == "127.0.0.1"


@both
def test_without_a_token_nobody_is_asked(cloud: str) -> None:
    """A guarded address without Authorization is a 401 that neither authorizer nor function sees."""

    async def run() -> tuple[int, Any, bytes, int]:
        async with serving(cloud) as api:
            status, headers, body = await api.ask("GET", "/v1/models")
            return status, headers, body, len(api.gatekeeper.events) + len(api.chat.events)

    status, headers, body, asked = asyncio.run(run())

    assert (status, asked) == (401, 0)
    assert json.loads(body)["error"]["code"] == "unauthenticated"
    assert headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("cloud", "status", "body"),
    [
        ("aws", 401, {"message": "Unauthorized"}),
        ("huawei", 401, {"error_code": "APIG.0305", "error_msg": "Incorrect authentication information: frontend authorizer"}),
    ],
    ids=CLOUDS,
)
def test_unconfigured_errors_are_the_clouds_own(cloud: str, status: int, body: dict[str, str]) -> None:
    """Without gateway responses an error has the cloud's body and no CORS header, so that a page could not read it."""

    async def run() -> tuple[int, Any, bytes]:
        async with serving(cloud, origin="") as api:
            return await api.ask("GET", "/v1/models")

    seen, headers, raw = asyncio.run(run())

    assert status == seen
    assert body.items() <= json.loads(raw).items()
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(("method", "path"), [("GET", "/v2"), ("DELETE", "/v1/models"), ("HEAD", "/v1/models"), ("OPTIONS", "/v2"), ("PUT", "/")])
@pytest.mark.parametrize(("cloud", "origin", "status"), [("aws", "", 403), ("aws", ORIGIN, 404), ("huawei", "", 404), ("huawei", ORIGIN, 404)])
def test_an_unknown_address_or_method_is_refused(cloud: str, origin: str, status: int, method: str, path: str) -> None:
    """AWS says 403 until it is told to say 404; APIG says 404."""

    async def run() -> int:
        async with serving(cloud, origin=origin) as api:
            return (await api.ask(method, path, headers=TOKEN))[0]

    assert status == asyncio.run(run())


@both
def test_a_preflight_needs_no_token_and_no_function(cloud: str) -> None:
    """OPTIONS on a known path is answered by the gateway alone."""

    async def run() -> tuple[int, Any, int]:
        async with serving(cloud) as api:
            status, headers, _ = await api.ask("OPTIONS", "/v1/chat/completions", headers={"Origin": ORIGIN})
            return status, headers, len(api.chat.events) + len(api.gatekeeper.events)

    status, headers, asked = asyncio.run(run())

    assert (status in {200, 204}, asked) == (True, 0)
    assert (headers["access-control-allow-origin"], headers["access-control-allow-methods"]) == (ORIGIN, "POST, OPTIONS")
    assert headers["access-control-allow-headers"] == "authorization, content-type"


@pytest.mark.parametrize(("cloud", "status"), [("aws", 403), ("huawei", 404)], ids=CLOUDS)
def test_an_unconfigured_preflight_is_refused(cloud: str, status: int) -> None:
    """Neither gateway answers a preflight by itself."""

    async def run() -> int:
        async with serving(cloud, origin="") as api:
            return (await api.ask("OPTIONS", "/v1/models"))[0]

    assert status == asyncio.run(run())


@both
@pytest.mark.parametrize("size", [1001, 5_000, 999], ids=["over the gateway's limit", "far over", "over the function's limit"])
def test_too_large_a_request_is_a_413(cloud: str, size: int) -> None:
    """The gateway's limit counts the body, the function's counts the event's JSON."""
    limits = SMALL._replace(event=900)

    async def run() -> tuple[int, int]:
        async with serving(cloud, limits=limits) as api:
            return (await api.ask("POST", "/auth/login", data=b"x" * size))[0], len(api.chat.events)

    assert asyncio.run(run()) == (413, 0)


@both
def test_a_body_without_a_length_is_counted_too(cloud: str) -> None:
    """Chunked encoding does not pass the limit by."""

    async def endless() -> Any:
        for _ in range(50):
            yield b"x" * 100

    async def run() -> int:
        async with serving(cloud, limits=SMALL) as api:
            return (await api.ask("POST", "/auth/login", data=endless()))[0]

    assert asyncio.run(run()) == 413


@pytest.mark.parametrize(("cloud", "status"), [("aws", 502), ("huawei", 500)], ids=CLOUDS)
@pytest.mark.parametrize(
    "answer",
    [raises, "hello", None, {"body": "x"}, {**HELLO, "body": 7}, {**HELLO, "body": "x" * 500}, {**HELLO, "headers": {"a": "b\r\nset-cookie: c"}}],
    ids=["raises", "bare text", "nothing", "no statusCode", "no text", "over the limit", "a line break in a header"],
)
def test_an_answer_that_cannot_be_used_is_an_error(cloud: str, status: int, answer: Any) -> None:
    """A function that fails, or answers malformed, never reaches the caller as it is."""

    async def run() -> int:
        async with serving(cloud, Script(answer), limits=SMALL) as api:
            return (await api.ask("GET", "/v1/models", headers=TOKEN))[0]

    assert status == asyncio.run(run())


@both
def test_a_function_over_the_time_limit_is_a_504(cloud: str) -> None:
    """The gateway gives up; the function runs on."""
    done = threading.Event()

    async def run() -> tuple[int, bytes]:
        async with serving(cloud, Script(lambda: done.wait(PATIENCE)), limits=HASTY) as api:
            status, _, body = await api.ask("GET", "/v1/models", headers=TOKEN)
            done.set()
            return status, body

    status, body = asyncio.run(run())

    assert (status, json.loads(body)["error"]["code"]) == (504, "gateway_timeout")


@both
@pytest.mark.parametrize(
    "target",
    [b"//", b"/..", b"/%", b"/%zz?a=%zz", b"/v1/../auth/login", b"//auth/login", b"/auth/login/", b"/\xff?\xfe=\xff", b"*", b"http://x/y", b"/a#b"],
)
def test_a_strange_address_is_only_unknown(cloud: str, target: bytes) -> None:
    """No path crashes the gateway, and none reaches a function by another name."""

    async def run() -> tuple[bytes, int]:
        async with serving(cloud) as api:
            answer = await exchange(api.base, b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return answer.split(b" ")[1], len(api.chat.events)

    status, asked = asyncio.run(run())

    assert status in {b"404", b"400"}
    assert asked == 0


@both
def test_headers_of_one_hop_do_not_travel(cloud: str) -> None:
    """Neither the caller's nor the function's hop-by-hop headers go on, nor those that `connection` names."""
    answer = {**HELLO, "headers": {"connection": "x-inner", "x-inner": "1", "keep-alive": "5", "x-outer": "2"}}

    async def run() -> tuple[Any, Any]:
        async with serving(cloud, Script(answer)) as api:
            sent = {**TOKEN, "Connection": "keep-alive, X-Private", "X-Private": "1", "TE": "trailers", "X-Public": "2"}
            _, headers, _ = await api.ask("GET", "/v1/models", headers=sent)
            return headers, clouds.load(cloud).read(api.chat.events[0], CONTEXTS[cloud]).headers

    answered, received = asyncio.run(run())

    assert (answered.get("x-inner"), answered.get("x-outer")) == (None, "2")
    assert (received.get("x-private"), received.get("te"), received.get("x-public")) == (None, None, "2")


@both
def test_two_tokens_never_become_one(cloud: str) -> None:
    """A header that comes twice reaches the authorizer joined, which no token survives."""

    async def run() -> Any:
        async with serving(cloud) as api:
            await api.ask("GET", "/v1/models", headers=[("Authorization", "Bearer a"), ("Authorization", "Bearer b")])
            return clouds.load_gatekeeping(cloud).read_authorizer(api.gatekeeper.events[0], CONTEXTS[cloud])

    assert asyncio.run(run()).headers == {"authorization": "Bearer a, Bearer b"}


def test_apig_buffers_what_could_stream() -> None:
    """An event function behind APIG answers one document (huawei.md, 1.9)."""

    async def run() -> tuple[bytes, int]:
        async with serving("huawei", Script(HELLO, lambda: [b"streamed"])) as api:
            _, _, body = await api.ask("POST", "/v1/chat/completions", headers=TOKEN, data=b"{}")
            return body, len(api.chat.bodies)

    assert asyncio.run(run()) == (b"hello", 0)


@both
def test_the_log_holds_no_header_and_no_body(cloud: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong, what the caller sent is not written anywhere."""
    nonsense = b"GET / HTTP/1.1\r\nauthorization secret\r\n\r\n"

    async def run() -> None:
        async with serving(cloud, Script(raises, broken)) as api:
            for path in ("/v1/chat/completions", "/auth/login", "/secret"):
                with contextlib.suppress(aiohttp.ClientPayloadError):
                    await api.ask("POST", path, headers={"Authorization": "Bearer secret"}, data=b"secret")
            await exchange(api.base, nonsense)

    asyncio.run(run())

    assert "secret" not in "".join(capfd.readouterr())


def test_every_deployed_route_has_one_of_each_kind() -> None:
    """The routes of these tests are of the kinds that are deployed: open, guarded, streaming."""
    assert {(False, False), (True, False), (True, True)} == {(one.guarded, one.streams) for one in DEPLOYED}
