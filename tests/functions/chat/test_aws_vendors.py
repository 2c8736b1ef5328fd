"""exchange.py with AWS's vendors: signed out, AWS's event stream back, whole answers and complaints."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from functions.chat.board import Board
from functions.chat.exchange import Exchange, Means, Spent, Terms
from functions.shared.errors import ContextTooLong, UpstreamBusy, UpstreamError, UpstreamInvalid, UpstreamRefused
from functions.shared.outbound import Outbound, Outgoing
from functions.shared.providers import Target
from functions.shared.sigv4 import Credentials, Scope, signed
from tests.fakes import eventstream as wire
from tests.fakes.forge import NOW
from tests.fakes.upstream import LAST, Call, Upstream, event, head, piece, whole
from tests.functions.chat.stand import PATIENCE

if TYPE_CHECKING:
    from functions.shared.messages import Response

KEY = Credentials("AKIDEXAMPLE", "secret")
ROLE = Credentials("ASIAEXAMPLE", "of-the-function", "session")
ASKED: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
EVENTS = head(headers={"content-type": "application/vnd.amazon.eventstream"})
PROFILE = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.a.b-v1:0"
SAID = [
    wire.event("messageStart", {"role": "assistant"}),
    wire.event("contentBlockDelta", {"delta": {"text": "你好"}, "contentBlockIndex": 0}),
    wire.event("messageStop", {"stopReason": "end_turn"}),
    wire.event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
]
CHUNK = event({"id": "c", "choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}) + b"data: [DONE]\n\n"


def ask(upstream: Upstream, vendor: str, *, key: str = "AKIDEXAMPLE:secret", role: Credentials | None = None, **members: Any) -> Response:
    """Return the answer to a question."""
    target = Target("house", vendor, upstream.url, PROFILE if vendor == "bedrock" else "house-llama", key, "max_tokens")
    slept: list[float] = []
    means = Means(Outbound(sleep=slept.append), PATIENCE, time.monotonic, lambda: NOW, role)
    lease = Board(time.monotonic).lease("house")
    assert lease
    return Exchange(target, means, lease, Terms(time.monotonic() + 60, 0, Spent())).answer({**ASKED, **members})


def frames(response: Response) -> list[Any]:
    """Return what is in the events of a streamed answer, which ends as it should."""
    sent = b"".join(response.body).split(b"\n\n")

    assert b"data: [DONE]" == sent[-2]
    return [json.loads(one.removeprefix(b"data: ")) for one in sent[:-2] if one]


def signature(url: str, call: Call, credentials: Credentials, service: str) -> str:
    """Return the signature that a call as it arrived should have."""
    headers = {name: call.headers[name] for name in ("content-type", "accept")}
    return signed(Outgoing(call.method, url + call.path, headers, call.body), credentials, Scope("us-east-1", service), NOW)["authorization"]


def test_bedrock_is_asked_by_a_signed_call_and_streams() -> None:
    """The model's ARN is one segment of the path, on the wire too, or AWS would find another signature."""
    with Upstream([EVENTS, *map(piece, SAID), LAST]) as upstream:
        response = ask(upstream, "bedrock", stream=True)
        said = frames(response)

    (call,) = upstream.calls
    assert call.path == "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Ainference-profile%2Feu.a.b-v1%3A0/converse-stream"
    assert call.headers["authorization"] == signature(upstream.url, call, KEY, "bedrock")
    assert ("你好", {"house"}) == (said[1]["choices"][0]["delta"]["content"], {one["model"] for one in said})
    assert (3, 2) == (response.facts["prompt_tokens"], response.facts["completion_tokens"])


def test_bedrock_answers_whole() -> None:
    """In OpenAI's shape, under the public name."""
    raw = {"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}}, "stopReason": "end_turn"}
    with Upstream([whole(json.dumps(raw).encode())]) as upstream:
        answer = json.loads(b"".join(ask(upstream, "bedrock").body))

    assert ("house", "Hello") == (answer["model"], answer["choices"][0]["message"]["content"])


def test_a_bedrock_api_key_is_sent_as_it_is() -> None:
    """Nothing is signed."""
    with Upstream([EVENTS, *map(piece, SAID), LAST]) as upstream:
        frames(ask(upstream, "bedrock", key="ABSKexample", stream=True))

    assert ("Bearer ABSKexample", False) == (upstream.calls[0].headers["authorization"], "x-amz-date" in upstream.calls[0].headers)


def test_an_exception_within_a_stream_keeps_its_status_before_the_first_token() -> None:
    """Then the client can try again."""
    with (
        Upstream([EVENTS, piece(SAID[0]), piece(wire.exception("throttlingException", {"message": "slow down"})), LAST]) as upstream,
        pytest.raises(UpstreamBusy),
    ):
        ask(upstream, "bedrock", stream=True)


def test_sagemaker_is_asked_by_a_signed_call_and_streams() -> None:
    """In the function's own name where the row has no key; parts and chunks end anywhere."""
    raw = b"".join(wire.part(CHUNK[at : at + 7]) for at in range(0, len(CHUNK), 7))
    with Upstream([EVENTS, *(piece(raw[at : at + 50]) for at in range(0, len(raw), 50)), LAST]) as upstream:
        said = frames(ask(upstream, "sagemaker", key="", role=ROLE, stream=True))

    (call,) = upstream.calls
    assert ("/endpoints/house-llama/invocations-response-stream", "session") == (call.path, call.headers["x-amz-security-token"])
    assert call.headers["authorization"] == signature(upstream.url, call, ROLE, "sagemaker")
    assert "Hello" == said[0]["choices"][0]["delta"]["content"]


def test_nobody_to_sign_as_is_the_owners_affair() -> None:
    """Nothing is sent: neither key nor role, or a key that is none of AWS's."""
    with Upstream([EVENTS]) as upstream:
        for key in ("", "sk-of-another-vendor"):
            with pytest.raises(UpstreamRefused):
                ask(upstream, "sagemaker", key=key)

    assert [] == upstream.calls


@pytest.mark.parametrize(
    ("status", "raw", "error"),
    [
        (424, {"OriginalStatusCode": 422, "OriginalMessage": '{"error": "`top_p` must be < 1.0"}', "Message": "in account 1111"}, UpstreamInvalid),
        (424, {"OriginalStatusCode": 400, "OriginalMessage": '{"message": "maximum context length is 4096"}'}, ContextTooLong),
        (424, {"OriginalStatusCode": 429, "OriginalMessage": '{"error": "Model is overloaded"}'}, UpstreamBusy),
        (424, {"OriginalStatusCode": 500, "OriginalMessage": "CUDA"}, UpstreamError),
        (400, {"Message": "Endpoint house-llama of account 1111 not found."}, UpstreamError),
        (403, {"Message": "User: arn:aws:iam::1111:user/a is not authorized"}, UpstreamRefused),
        (429, {"Message": "Rate exceeded"}, UpstreamBusy),
        (503, {"Message": "in account 1111"}, UpstreamError),
        (530, {"Message": "in account 1111"}, UpstreamError),
    ],
    ids=["refused", "long", "overloaded", "failed", "endpoint", "denied", "throttled", "unavailable", "dependency"],
)
def test_what_sagemaker_complains_of_is_told_apart(status: int, raw: dict[str, Any], error: type[UpstreamError]) -> None:
    """The container's fault, the caller's or the owner's; the owner's account is in none of our words."""
    with Upstream([whole(json.dumps(raw).encode(), status)]) as upstream, pytest.raises(UpstreamError) as raised:
        ask(upstream, "sagemaker")

    assert error is type(raised.value)
    assert "1111" not in raised.value.message
