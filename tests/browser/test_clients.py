"""The running product without its page: the official client, the gateway's own answers, and an end that leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import openai
import pytest

from deploy.local import model
from tests.browser.product import Product
from tests.browser.scripted import ScriptedModels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_QUESTION: Any = [{"role": "user", "content": "Say hello in one short sentence."}]


@pytest.fixture(name="client")
def _client(product: Product) -> Iterator[openai.OpenAI]:
    person = product.somebody()
    granted = _post(product, "/auth/login", {"username": person.username, "password": person.password})
    with openai.OpenAI(base_url=f"{product.ready['api']}/v1", api_key=granted["access_token"], max_retries=0) as client:
        yield client


def test_the_official_client_streams(client: openai.OpenAI) -> None:
    """The official client streams an answer of the real model to its end, with the usage that it asked for."""
    stream = client.chat.completions.create(model=model.NAME, messages=_QUESTION, max_tokens=24, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)

    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in {"stop", "length"}
    assert chunks[-1].usage is not None


def test_the_official_client_gets_a_whole_answer(client: openai.OpenAI) -> None:
    """The official client gets an answer of the real model in one piece."""
    answer = client.chat.completions.create(model=model.NAME, messages=_QUESTION, max_tokens=24)

    assert answer.choices[0].message.content
    assert answer.model == model.NAME


def test_the_official_client_lists_the_models(client: openai.OpenAI) -> None:
    """The list holds the embedded model and those that the environment names."""
    names = {one.id for one in client.models.list()}

    assert {model.NAME, "code", "error"} <= names


def test_an_unknown_model_is_a_bad_request_that_lists_the_known(client: openai.OpenAI) -> None:
    """The official client raises its own error, with our code and the list."""
    with pytest.raises(openai.BadRequestError, match=model.NAME) as caught:
        client.chat.completions.create(model="unheard-of", messages=_QUESTION)

    assert caught.value.code == "model_not_found"


def test_a_broken_off_stream_raises_in_the_official_client(client: openai.OpenAI) -> None:
    """Text that was cut off is never taken for a whole answer."""
    stream = client.chat.completions.create(model="error", messages=_QUESTION, stream=True)

    with pytest.raises(openai.APIError, match="not complete"):
        list(stream)


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer nonsense", "Basic abc"], ids=["none", "empty", "nonsense", "basic"])
def test_the_gateway_lets_nobody_in_without_a_token(product: Product, token: str) -> None:
    """The gateway's own 401 is in OpenAI's shape and carries CORS, so that the page can read it."""
    request = urllib.request.Request(f"{product.ready['api']}/v1/models", headers={"authorization": token} if token else {})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)

    with caught.value as answer:
        assert answer.status == 401
        assert json.load(answer)["error"]["code"] == "unauthenticated"
        assert answer.headers["access-control-allow-origin"] == product.page.rstrip("/")


def test_a_preflight_needs_no_token(product: Product) -> None:
    """Browsers send no token with a preflight; the gateway answers it for the page's origin only."""
    headers = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    request = urllib.request.Request(f"{product.ready['api']}/v1/chat/completions", method="OPTIONS", headers=headers)
    with urllib.request.urlopen(request) as answer:
        allowed = answer.headers["access-control-allow-origin"]

    assert allowed == product.page.rstrip("/")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_the_end_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C ends everything that was started, and takes back the word that it is ready."""
    with Product(tmp_path, "aws") as product:
        children = subprocess.run(["pgrep", "-P", str(product.process.pid)], capture_output=True, text=True, check=True).stdout.split()
        product.process.send_signal(number)
        code = product.process.wait(20)

    left = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(children)], capture_output=True, text=True, check=False).stdout
    assert (0, "") == (code, left.strip())
    assert not (tmp_path / "ready.json").exists()


def _post(product: Product, path: str, document: dict[str, str]) -> dict[str, Any]:
    url = product.ready["api"] + path
    request = urllib.request.Request(url, json.dumps(document).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        granted: dict[str, Any] = json.load(answer)
    return granted


def test_ctrl_c_does_not_wait_for_an_open_answer(tmp_path: Path) -> None:
    """An answer that is still streaming is cut; the end does not wait for its model."""
    with ScriptedModels() as models, Product(tmp_path, "aws", **models.environment()) as product:
        person = product.somebody()
        granted = _post(product, "/auth/login", {"username": person.username, "password": person.password})
        client = openai.OpenAI(base_url=f"{product.ready['api']}/v1", api_key=granted["access_token"], max_retries=0)
        with client, client.chat.completions.create(model="stall", messages=_QUESTION, stream=True) as stream:
            next(stream)
            product.process.send_signal(signal.SIGINT)

            assert product.process.wait(15) == 0
