"""The chat function as an HTTP function, on the emulated Huawei Cloud in a region that streams (huawei.md, 1.8 and 1.9)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

from deploy.local import model
from tests.browser.deployed import Deployed
from tests.browser.test_deployed import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUESTION: Any = [{"role": "user", "content": "Count from 1 to 30."}]


@pytest.fixture(scope="module", name="deployed")
def _deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Deployed(tmp_path_factory.mktemp("streaming"), "huawei", streams=True) as deployed:
        hand: Any = deployed.hand
        hand.let_answers_stream()
        yield deployed


@pytest.fixture(name="client")
def _client(deployed: Deployed) -> Iterator[openai.OpenAI]:
    token = json.loads(ask(deployed, "POST", "/auth/login", body=deployed.somebody()._asdict())[2])["access_token"]
    with openai.OpenAI(base_url=f"{deployed.ready['api']}/v1", api_key=token, max_retries=0) as client:
        yield client


def test_an_answer_comes_piece_by_piece(client: openai.OpenAI) -> None:
    """Not at once when it is whole: the last chunk comes long after the first."""
    asked: Any = [{"role": "user", "content": "Tell me a long story of a toucan and an owl."}]
    with client.chat.completions.create(model=model.NAME, messages=asked, max_tokens=60, temperature=0, stream=True) as answer:
        moments = [time.perf_counter() for _ in answer]

    assert len(moments) > 10
    assert moments[-1] - moments[0] > (moments[-1] - moments[-2]) * 3


def test_a_whole_answer_and_the_list_are_as_ever(client: openai.OpenAI) -> None:
    """The same handler, the same walk."""
    answer = client.chat.completions.create(model=model.NAME, messages=_QUESTION, max_tokens=8)

    assert [model.NAME] == [one.id for one in client.models.list()]
    assert answer.choices[0].message.content


def test_a_version_can_be_asked_directly(deployed: Deployed) -> None:
    """As a promotion asks it before it gets calls; UNCONFIRMED (huawei.md, 1.8), so the emulator has a switch for it."""
    event = {"httpMethod": "GET", "path": "/v1/models", "headers": {}, "queryStringParameters": {}, "body": "", "isBase64Encoded": True}
    said, failure = deployed.hand.invoke("chat", "live", {**event, "requestContext": {"requestId": "1"}})

    assert ("", 401) == (failure, said["statusCode"])
