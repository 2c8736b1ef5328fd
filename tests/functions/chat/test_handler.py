"""handler.py: the whole walk, from either cloud's event to its answer, against a model's server that does as it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from functions.chat import handler
from functions.shared.errors import SettingsError, Unauthorized
from functions.shared.messages import Request
from tests.fakes.forge import NOW, token
from tests.fakes.platforms import CONTEXTS
from tests.fakes.upstream import DONE, Upstream, completion, event, stream, whole
from tests.fakes.upstream import token as said
from tests.functions.chat.stand import ASKED, ORIGIN, PATIENCE, QUESTION, UPSTREAM_KEY, Stand, documents, ending, settings, text

if TYPE_CHECKING:
    from collections.abc import Mapping


Make = Callable[..., Stand]
HELLO = stream(said("Hel"), said("lo"), said(None, "stop"), DONE)
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
BRISK = PATIENCE._replace(first_token=0.3, idle=0.3)

on_either_cloud = pytest.mark.parametrize("cloud", ["aws", "huawei"])
streamed_or_not = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@on_either_cloud
def test_a_plain_answer_walks_through(stand: Make, cloud: str) -> None:
    """The vendor's answer under the public name; the vendor's own never shows."""
    with Upstream([whole(completion("Hello"))]) as upstream:
        status, headers, body = stand(upstream).ask(cloud)

    assert (status, headers["content-type"], headers["x-fixed"]) == (200, "application/json", "yes")
    assert {**json.loads(completion("Hello")), "model": "house"} == json.loads(body)


@on_either_cloud
def test_a_streamed_answer_walks_through(stand: Make, cloud: str) -> None:
    """Chunk by chunk, then [DONE]."""
    with Upstream(HELLO) as upstream:
        frames = stand(upstream).stream(cloud=cloud)

    assert ("Hello", "[DONE]", 4) == (text(frames), ending(frames), len(frames))
    assert {"house"} == {one["model"] for one in documents(frames)}


@on_either_cloud
def test_a_gateway_gets_its_own_words(stand: Make, cloud: str) -> None:
    """A gateway that cannot stream gets the whole stream as one body."""
    with Upstream(HELLO) as upstream:
        one = stand(upstream)
        answer = one.started(cloud)(one.event(cloud, "POST", "/v1/chat/completions", json.dumps({**ASKED, "stream": True}).encode()), CONTEXTS[cloud])

    assert (200, False, True) == (answer["statusCode"], answer["isBase64Encoded"], answer["body"].endswith("data: [DONE]\n\n"))
    assert f"{cloud}-gateway-id" == answer["headers"]["x-request-id"]


@streamed_or_not
def test_the_vendor_gets_its_words(stand: Make, streamed: bool) -> None:
    """The vendor's model, the owner's key, the cap; nothing of the caller but the question."""
    answer = HELLO if streamed else [whole(completion("x"))]
    with Upstream(answer) as upstream:
        stand(upstream).ask(stream=streamed, tools=TOOLS, next_year=1)

    call = upstream.calls[0]
    assert ("POST", "/v1/chat/completions", f"Bearer {UPSTREAM_KEY}") == (call.method, call.path, call.headers["authorization"])
    assert {**ASKED, "model": "vendor/model-7", "stream": streamed, "tools": TOOLS, "next_year": 1, "max_tokens": 8192} == call.document()
    assert {"host", "user-agent", "accept-encoding", "content-length", "content-type", "accept", "authorization"} == set(call.headers)


def test_a_model_without_a_key_gets_none(stand: Make) -> None:
    """Nor the caller's token in its place."""
    with Upstream([whole(completion("x"))]) as upstream:
        stand(upstream).ask(model="open")

    assert "authorization" not in upstream.calls[0].headers


@on_either_cloud
def test_models_are_listed_in_the_owners_order(stand: Make, cloud: str) -> None:
    """Public names and vendors, no address and no key."""
    with Upstream() as upstream:
        response = stand(upstream).respond(cloud, "GET", "/v1/models")
        listed = json.loads(b"".join(response.body))

    unknown = {"context_length": None, "capabilities": {"vision": None, "tools": None, "streaming": None}, "price": None}
    expected = [{"id": name, "object": "model", "created": 0, "owned_by": "openai", **unknown} for name in ("house", "open")]
    assert (200, {"object": "list", "data": expected}) == (response.status, listed)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
    ],
)
def test_other_addresses_are_refused(stand: Make, method: str, path: str, status: int, code: str) -> None:
    """A function knows its routes whatever its gateway lets through."""
    with Upstream() as upstream:
        response = stand(upstream).respond("aws", method, path)

    assert (status, code) == (response.status, json.loads(b"".join(response.body))["error"]["code"])


BAD_TOKENS: dict[str, Mapping[str, str]] = {
    "missing": {},
    "empty": {"authorization": "Bearer "},
    "garbage": {"authorization": "Bearer garbage"},
    "basic": {"authorization": "Basic YWxpY2U6eA=="},
    "expired": {"authorization": f"Bearer {token(claims={'iat': NOW - 1000, 'exp': NOW - 100})}"},
    "other-audience": {"authorization": f"Bearer {token(claims={'aud': 'other'})}"},
    "other-header": {"authorization": "Bearer x", "x-twocan-token": token()},
}


@pytest.mark.parametrize("headers", BAD_TOKENS.values(), ids=BAD_TOKENS)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/nowhere"])
def test_without_a_valid_token_nothing_is_asked(stand: Make, headers: Mapping[str, str], path: str) -> None:
    """The function verifies for itself, before anything else, and the model's server hears nothing."""
    with Upstream() as upstream:
        with pytest.raises(Unauthorized) as refused:
            stand(upstream).answer(Request("POST", path, headers, json.dumps(ASKED).encode(), "id"))

        assert (401, []) == (refused.value.status, upstream.calls)


@pytest.mark.parametrize("part", ["header", "claims", "signature"])
def test_a_token_that_was_altered_is_refused(stand: Make, part: str) -> None:
    """Each of its three parts counts."""
    parts = token().split(".")
    at = ["header", "claims", "signature"].index(part)
    parts[at] = parts[at][:-2] + ("A" if parts[at][-2] != "A" else "B") + parts[at][-1]
    with Upstream() as upstream, pytest.raises(Unauthorized):
        stand(upstream).answer(Request("GET", "/v1/models", {"authorization": "Bearer " + ".".join(parts)}, b"", "id"))


@on_either_cloud
@streamed_or_not
def test_one_line_tells_who_asked_what_of_whom(stand: Make, capsys: pytest.CaptureFixture[str], cloud: str, streamed: bool) -> None:
    """Names, numbers and codes: never the question, the answer, the token or the key."""
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
    answer = stream(said("secret answer"), said(None, "stop"), event(usage), DONE) if streamed else [whole(completion("secret answer"))]
    with Upstream(answer) as upstream:
        stand(upstream).ask(cloud, stream=streamed)

    raw = capsys.readouterr().out
    line = json.loads(raw)
    expected = {
        "request_id": f"{cloud}-gateway-id",
        "method": "POST",
        "status": 200,
        "route": "/v1/chat/completions",
        "user": "alice",
        "model": "house",
    }
    assert {**expected, "prompt_tokens": 7, "completion_tokens": 2}.items() <= line.items()
    assert {True} == {secret not in raw for secret in (QUESTION, "secret answer", UPSTREAM_KEY, token(), "vendor/model-7")}


def test_a_streams_line_tells_when_it_began_and_how_much_came(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """The deployer's readings come from these."""
    with Upstream(HELLO) as upstream:
        stand(upstream).stream()

    line = lines(capsys)[0]
    assert (3, True) == (line["chunks"], 0 < line["first_token_ms"] <= line["ms"])


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"model": "vendor/model-7"}, 400, "model_not_found"),
        ({"messages": []}, 400, "invalid_request"),
        ({"max_tokens": 0}, 400, "invalid_request"),
        ({"messages": [{"role": "user", "content": "天" * 90_000}]}, 413, "text_too_large"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "A" * 4_194_304}]}]}, 413, "request_too_large"),
    ],
    ids=["model", "messages", "cap", "text", "body"],
)
def test_what_is_wrong_with_a_request_costs_nothing(stand: Make, members: dict[str, Any], status: int, code: str) -> None:
    """The model's server hears nothing of it."""
    with Upstream() as upstream:
        refusal = stand(upstream).refusal(**members)

    assert ((status, code), []) == (refusal, upstream.calls)


@on_either_cloud
def test_a_function_starts_from_its_settings_alone(recorded: Callable[[str], Any], cloud: str) -> None:
    """Nothing is passed in; a caller without a token learns so, on a page that may read it."""
    with Upstream() as upstream:
        started = handler.handler.start(cloud, settings(upstream.url).get)
        answer = started({**recorded(f"{cloud}/me"), "path": "/v1/models", "headers": {}, "multiValueHeaders": {}}, CONTEXTS[cloud])

    assert (401, ORIGIN) == (answer["statusCode"], answer["headers"]["access-control-allow-origin"])
    assert "unauthenticated" == json.loads(answer["body"])["error"]["code"]


def test_missing_settings_are_all_named() -> None:
    """The function does not start half."""
    with pytest.raises(SettingsError) as refused:
        handler.handler.start("aws", lambda _: None)

    assert {True} == {name in refused.value.message for name in ("SITE_ORIGIN", "TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_KEY")}


def test_it_sees_no_setting_that_it_does_not_need() -> None:
    """Neither the store nor anything of other functions."""
    assert set() == {"STORE", "PASSWORD_MIN_LENGTH", "SESSION_DAYS"} & set(handler.NEEDS)
