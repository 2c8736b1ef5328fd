"""Which models a run offers: the owner's, the environment's, the embedded one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deploy import owner
from deploy.local import models
from tests.fakes.upstream import HANG_UP, Step, Upstream, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

EMBEDDED = "http://127.0.0.1:1/v1"
OPENAI = "https://api.openai.com/v1"


def listing(*names: str) -> list[Step]:
    """Return the answer of a server that lists these models."""
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "them"} for name in names]
    return [whole(json.dumps({"object": "list", "data": data}).encode())]


def names(rows: tuple[Mapping[str, str], ...]) -> list[str]:
    """Return the public names, in order."""
    return [row["name"] for row in rows]


def row(name: str, **members: str) -> dict[str, str]:
    """Return a row of the owner's table."""
    return {"name": name, "vendor": "openai", "base_url": "https://models.example.com/v1", "model": name, **members}


def test_there_is_always_the_embedded_model() -> None:
    """Behind the ordinary provider, without a key."""
    rows, keys = models.offered((), EMBEDDED, {"PATH": "/bin"})

    assert ({"name": "smollm2-135m", "vendor": "openai", "base_url": EMBEDDED, "model": "smollm2-135m"},) == rows
    assert {} == keys


def test_the_owners_models_come_first_with_their_keys() -> None:
    """In the order in which they were written."""
    rows, keys = models.offered((row("b", key="B_KEY"), row("a")), EMBEDDED, {"B_KEY": "sk-b"})

    assert (["b", "a", "smollm2-135m"], {"B_KEY": "sk-b"}) == (names(rows), keys)


def test_a_key_that_is_not_there_is_named() -> None:
    """The run does not begin with a model that cannot answer."""
    with pytest.raises(owner.OwnerError, match="B_KEY"):
        models.offered((row("b", key="B_KEY"),), EMBEDDED, {})


def test_a_key_alone_means_openai() -> None:
    """Its newer models want another member for the cap. Named models need no list, so nothing is asked."""
    rows, keys = models.offered((), EMBEDDED, {"OPENAI_API_KEY": "sk-1", "OPENAI_MODELS": " gpt-5 , , gpt-5-mini "})

    common = {"vendor": "openai", "base_url": OPENAI, "key": "OPENAI_API_KEY", "output_limit": "max_completion_tokens"}
    assert tuple({"name": name, "model": name, **common} for name in ("gpt-5", "gpt-5-mini")) == rows[:-1]
    assert {"OPENAI_API_KEY": "sk-1"} == keys


def test_any_other_server_caps_as_most_do() -> None:
    """And a server that wants no key is given none."""
    rows, keys = models.offered((), EMBEDDED, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/", "OPENAI_MODELS": "llama"})

    assert {"name": "llama", "model": "llama", "vendor": "openai", "base_url": "http://127.0.0.1:9/v1"} == rows[0]
    assert {} == keys


def test_a_server_is_asked_for_its_list() -> None:
    """With its key; the names come sorted."""
    with Upstream(listing("zeta", "alpha")) as server:
        rows, _ = models.offered((), EMBEDDED, {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": f"{server.url}/v1"})

    assert ["alpha", "zeta", "smollm2-135m"] == names(rows)
    assert ("GET", "/v1/models", "Bearer sk-1") == (server.calls[0].method, server.calls[0].path, server.calls[0].headers["authorization"])


def test_an_endless_list_is_cut() -> None:
    """A picker of hundreds helps nobody."""
    with Upstream(listing(*(f"m{number:03}" for number in range(80)))) as server:
        rows, _ = models.offered((), EMBEDDED, {"OPENAI_BASE_URL": f"{server.url}/v1"})

    assert 50 + 1 == len(rows)


@pytest.mark.parametrize(
    "answer", [HANG_UP, [whole(b"{}", 401)], [whole(b"{}", 500)], [whole(b"{}")]], ids=["hangs-up", "refuses", "fails", "lists-nothing"]
)
def test_a_server_without_a_list_is_said_and_left_out(answer: list[Step], capsys: pytest.CaptureFixture[str]) -> None:
    """The run begins all the same, and the key is not in what is said."""
    with Upstream(answer) as server:
        rows, keys = models.offered((), EMBEDDED, {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": f"{server.url}/v1"})
    said = capsys.readouterr()

    assert (["smollm2-135m"], {}, "") == (names(rows), keys, said.out)
    assert f"The models at {server.url}/v1 are left out" in said.err
    assert "OPENAI_MODELS" in said.err
    assert "sk-1" not in said.err


def test_the_owners_name_wins() -> None:
    """Over the same name from the environment, and over the embedded model's."""
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODELS": "gpt,other"}
    rows, _ = models.offered((row("gpt"), row("smollm2-135m")), EMBEDDED, environment)

    assert {"gpt": "https://models.example.com/v1", "smollm2-135m": "https://models.example.com/v1", "other": "http://127.0.0.1:9/v1"} == {
        one["name"]: one["base_url"] for one in rows
    }


@pytest.mark.parametrize(
    ("name", "chats"),
    [
        ("gpt-5", True),
        ("gpt-4o-mini", True),
        ("o3", True),
        ("chatgpt-4o-latest", True),
        ("gpt-4o-realtime-preview", False),
        ("gpt-4o-mini-tts", False),
        ("gpt-image-1", False),
        ("gpt-3.5-turbo-instruct", False),
        ("text-embedding-3-large", False),
        ("whisper-1", False),
        ("dall-e-3", False),
    ],
)
def test_openais_list_is_sifted(name: str, chats: bool) -> None:
    """It names what cannot chat, too."""
    assert chats == bool(models._CHATS.fullmatch(name))
