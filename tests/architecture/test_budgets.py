"""How much a cold start loads: counted, since a count is the same on every machine. `make bench` measures the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bench import cold_start
from deploy import bundle
from tests.fakes.upstream import DONE, Upstream, stream, token

if TYPE_CHECKING:
    from pathlib import Path

#: Modules after the first answer, the interpreter's own included. One that is over means: import less, or raise it and say why.
CEILINGS = {"authorizer": 130, "login": 145, "chat": 220, "qa": 135}
#: What no function pays for: heavy, and not needed for an answer.
NOBODYS = {"cryptography", "dataclasses", "inspect", "asyncio", "requests", "unittest"}


class Started(NamedTuple):
    """A function's first answer, and the modules that it took."""

    name: str
    answer: dict[str, Any]
    modules: set[str]


@pytest.fixture(name="started", params=CEILINGS, scope="module")
def _started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Started:
    function = next(one for one in bundle.FUNCTIONS if one.name == request.param)
    folder: Path = tmp_path_factory.mktemp(function.name)
    with Upstream(stream(token("hi"), token(None, "stop"), DONE)) as upstream:
        answer, modules = cold_start.modules(cold_start.prepare(function, folder, f"{upstream.url}/v1"))
    return Started(function.name, answer, set(modules))


def test_a_cold_start_loads_little(started: Started) -> None:
    """Lazy imports count, since the first answer is what somebody waits for."""
    assert CEILINGS[started.name] >= len(started.modules)
    assert set() == NOBODYS & started.modules


def test_what_was_counted_was_an_answer(started: Started) -> None:
    """The authorizer allows, login refuses before the hash, chat streams to its end, qa finds a passage."""
    answer = started.answer
    said = {
        "authorizer": answer.get("policyDocument", {}).get("Statement", [{}])[0].get("Effect"),
        "login": answer.get("statusCode"),
        "chat": (answer.get("statusCode"), answer.get("body", "").endswith("data: [DONE]\n\n")),
        "qa": (answer.get("statusCode"), '"text":"hi!"' in answer.get("body", "")),
    }

    assert {"authorizer": "Allow", "login": 429, "chat": (200, True), "qa": (200, True)}[started.name] == said[started.name]


def test_only_chat_has_a_client(started: Started) -> None:
    """The gatekeeper cannot get out, and login has nobody to call."""
    assert (started.name == "chat") == ("urllib3" in started.modules)


def test_only_login_opens_the_store(started: Started) -> None:
    """A token says who is calling: neither the gatekeeper nor chat looks into the records."""
    assert (started.name == "login") == ("sqlite3" in started.modules)
