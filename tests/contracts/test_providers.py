"""What every provider promises, whichever vendor it speaks for: to add one is to have it tested here."""

from __future__ import annotations

import ast
import inspect
import json
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat import frames
from functions.shared import documents, providers
from functions.shared.errors import UpstreamError
from functions.shared.providers import PROVIDERS, Provider, Target
from functions.shared.sse import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.sampled_from(["choices", "delta", "error", "usage", "content", "x", "urls", "stream", "cancel", "status", "output", "reason"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["stop", "\ud83d"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
CHOICES = st.lists(JSON | st.fixed_dictionaries({"delta": JSON, "finish_reason": JSON}), max_size=2)
DOCUMENTS = JSON | st.fixed_dictionaries({"choices": JSON | CHOICES}, optional={"usage": JSON, "error": JSON, "model": JSON})
DATA = st.text(max_size=8) | st.just("[DONE]") | DOCUMENTS.map(json.dumps)
EVENTS = st.lists(st.none() | st.builds(Event, st.sampled_from(["message", "error", "output", "done"]), DATA, st.just("")), max_size=6)
TARGET = Target("house", "any", "https://models.example/v1", "vendor/model-7", "sk-secret", "max_tokens")


@pytest.fixture(name="provider", params=PROVIDERS)
def _provider(request: pytest.FixtureRequest) -> Provider:
    return providers.load(request.param)


def test_every_file_is_registered() -> None:
    """A provider that is not in the table could not be chosen."""
    files = {path.stem for path in Path(inspect.getfile(providers)).parent.glob("*.py")} - {"__init__"}

    assert files == {path.rpartition(".")[2] for path in PROVIDERS.values()} == set(PROVIDERS)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("function", ["to_wire", "from_wire", "from_plain", "complaint"])
def test_every_provider_fits_the_port(name: str, function: str) -> None:
    """Same functions, same arguments."""
    expected = list(inspect.signature(getattr(Provider, function)).parameters)[1:]

    assert expected == list(inspect.signature(getattr(providers.load(name), function)).parameters)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_makes_embeddings_both_ways_or_not_at_all(name: str) -> None:
    """None says that it makes none."""
    ways = (providers.load(name).to_embed, providers.load(name).from_embedded)

    assert ways == (None, None) or [["target", "asked"], ["raw"]] == [list(inspect.signature(one).parameters) for one in ways if one]


@given(document=DOCUMENTS | st.fixed_dictionaries({"data": st.lists(st.fixed_dictionaries({"embedding": JSON}), max_size=2)}))
@pytest.mark.parametrize("name", PROVIDERS)
def test_whatever_comes_as_embeddings_can_be_written_or_is_an_error(name: str, document: Any) -> None:
    """Never another exception."""
    from_embedded = providers.load(name).from_embedded
    if from_embedded:
        with suppress(UpstreamError):
            documents.write(from_embedded(json.dumps(document).encode()))


@pytest.mark.parametrize("path", PROVIDERS.values(), ids=PROVIDERS)
def test_a_provider_only_translates(path: str) -> None:
    """It imports nothing that could send, wait or look at the environment."""
    tree = ast.parse(Path(inspect.getfile(import_module(path))).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert set() == names & {"socket", "ssl", "urllib3", "http", "time", "os", "threading", "asyncio", "subprocess"}


def test_a_question_goes_to_the_owners_address_with_the_owners_key(provider: Provider) -> None:
    """And nowhere else; the public name stays here."""
    asked: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}

    call = provider.to_wire(TARGET, asked)

    # The key is in a header, or whoever sends the call signs it with it; the model is named in the body or in the address.
    assert (call.url.startswith("https://models.example/v1/"), any("sk-secret" in one for one in call.headers.values()) or bool(call.signed)) == (
        True,
        True,
    )
    sent = call.body + unquote(call.url).encode()
    assert (b"vendor/model-7" in sent, b"house" in sent, b"sk-secret" in sent) == (True, False, False)


def written(provider: Provider, events: list[Event | None]) -> Iterator[bytes | None]:
    """Yield every chunk as the frames would write it."""
    for chunk in provider.from_wire(iter(events)):
        yield None if chunk is None else documents.write(chunk)


@pytest.mark.parametrize("name", PROVIDERS)
@given(events=EVENTS)
def test_no_event_is_too_strange(name: str, events: list[Event | None]) -> None:
    """Whatever a server sends is chunks that can be written, or an UpstreamError, and nothing else."""
    with suppress(UpstreamError):
        assert all(isinstance(one, (bytes, type(None))) for one in written(providers.load(name), events))


@pytest.mark.parametrize("name", PROVIDERS)
@given(events=EVENTS)
def test_frames_bear_every_chunk(name: str, events: list[Event | None]) -> None:
    """However strange, it ends with exactly one terminal event, and never as an error of ours."""
    facts: dict[str, Any] = {}
    pace = frames.Pace(lambda: 0.0, 1.0, 1.0, 1.0, 1.0)
    chunks = providers.load(name).from_wire(iter(events))
    with suppress(UpstreamError):
        sent = [one for one in frames.frames(frames.hold(chunks, pace), chunks, pace, facts) if one]

        assert sum(one == b"data: [DONE]\n\n" or one.startswith(b'data: {"error"') for one in sent[-1:]) == 1
    assert ("fault" not in facts, facts.get("code") != "internal_error") == (True, True)


@pytest.mark.parametrize("name", PROVIDERS)
@given(raw=st.binary(max_size=40) | DOCUMENTS.map(lambda value: json.dumps(value).encode()))
def test_no_whole_answer_is_too_strange(name: str, raw: bytes) -> None:
    """It is an object that can be written, or an UpstreamError; a complaint is a text that can be; no address in it is trusted."""
    provider = providers.load(name)
    provider.complaint(raw).message.encode("utf-8")
    with suppress(UpstreamError):
        assert documents.write(provider.from_plain(raw)).startswith(b"{")
    with suppress(UpstreamError):
        assert provider.elsewhere is None or not provider.elsewhere(TARGET, raw)
