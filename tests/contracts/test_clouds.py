"""The port of clouds/, on every dialect that is registered: a new gateway is tested by being registered."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import clouds
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Request, Response
from tests.conftest import EVENTS
from tests.fakes.platforms import CONTEXTS

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(clouds.__file__).parent
SHARED = {"__init__", "events"}
GATEKEEPING = ("aws", "huawei")
RECORDED = {name: [json.loads(path.read_text(encoding="utf-8")) for path in sorted((EVENTS / name).glob("*.json"))] for name in ("aws", "huawei")}
VALID: dict[str, list[Any]] = {
    **{name: [one for one in events if "httpMethod" in one and one.get("type") != "REQUEST"] for name, events in RECORDED.items()},
    "direct": [{"command": "users.add", "arguments": {"username": "alice"}}, {"command": "users.list"}],
}
ASKED: dict[str, list[Any]] = {
    "aws": [one for one in RECORDED["aws"] if one.get("type") == "TOKEN"],
    "huawei": [one for one in RECORDED["huawei"] if "httpMethod" not in one],
}

# What a platform's JSON reader may hand over: NaN and lone surrogates too.
TEXTS = st.one_of(st.text(max_size=8), st.text(st.characters(categories=["Cs"]), max_size=2), st.sampled_from(["", "true", "a===", "Bearer x"]))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
JSON = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)), max_leaves=8)


def places(event: Any) -> list[tuple[Any, ...]]:
    """Return the path to every member of an event, at any depth."""
    inside = event.items() if isinstance(event, dict) else enumerate(event) if isinstance(event, list) else ()
    return [path for name, value in inside for path in [(name,), *((name, *rest) for rest in places(value))]]


def replaced(event: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of an event with one member replaced."""
    copied = dict(event) if isinstance(event, dict) else list(event)
    copied[path[0]] = replaced(copied[path[0]], path[1:], value) if path[1:] else value
    return copied


@st.composite
def spoiled(draw: st.DrawFn, events: list[Any]) -> Any:
    """Draw a valid event with any one member replaced by arbitrary JSON."""
    event = draw(st.sampled_from(events))
    return replaced(event, draw(st.sampled_from(places(event))), draw(JSON))


def outcome(read: Callable[[Any, Any], Request], event: Any, name: str) -> Request | None:
    """Return the request, or None if it is refused; anything else goes up and fails the test."""
    try:
        return read(event, CONTEXTS[name])
    except InvalidRequest:
        return None


def sound(request: Request | None) -> bool:
    """Say whether a request is refused, or of the types that its fields declare."""
    if request is None:
        return True
    texts = [request.method, request.path, request.request_id, request.source, *request.headers, *request.headers.values()]
    return all(isinstance(one, str) for one in texts) and isinstance(request.body, bytes) and all(one == one.lower() for one in request.headers)


def test_every_file_in_the_folder_is_registered() -> None:
    """A module that nobody can name does not exist."""
    modules = {path.stem for path in FOLDER.glob("*.py")} - SHARED

    assert {f"functions.shared.clouds.{name}" for name in modules} == set(clouds.DIALECTS.values())


@pytest.mark.parametrize("name", clouds.DIALECTS)
def test_a_dialect_has_the_ports_functions(name: str) -> None:
    """With the port's own parameters, by name and order."""
    module = import_module(clouds.DIALECTS[name])
    ports = [clouds.Dialect, clouds.Gatekeeping] if name in GATEKEEPING else [clouds.Dialect]
    wanted = {(method, tuple(inspect.signature(getattr(port, method)).parameters)[1:]) for port in ports for method in vars(port) if method[0] != "_"}

    assert wanted == {(method, tuple(inspect.signature(getattr(module, method)).parameters)) for method, _ in wanted}


@pytest.mark.parametrize("name", clouds.DIALECTS)
def test_a_dialect_is_loaded_by_its_name(name: str) -> None:
    """And is a plain module."""
    assert import_module(clouds.DIALECTS[name]) is clouds.load(name)


@pytest.mark.parametrize("name", ["", "AWS", "azure", "functions.shared.clouds.aws"])
def test_another_name_is_a_fault(name: str) -> None:
    """Names are looked up, never imported."""
    with pytest.raises(KeyError):
        clouds.load(name)


@pytest.mark.parametrize("name", clouds.DIALECTS)
def test_every_recorded_event_is_read(name: str) -> None:
    """None of them is refused."""
    assert [] == [event for event in VALID[name] if outcome(clouds.load(name).read, event, name) is None]


@pytest.mark.parametrize("name", clouds.DIALECTS)
@given(event=JSON)
def test_any_json_is_read_or_refused(name: str, event: Any) -> None:
    """InvalidRequest is the only error."""
    assert sound(outcome(clouds.load(name).read, event, name))


@pytest.mark.parametrize("name", clouds.DIALECTS)
@given(data=st.data())
def test_an_event_with_one_member_replaced_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Whichever member, at whatever depth, by whatever value."""
    assert sound(outcome(clouds.load(name).read, data.draw(spoiled(VALID[name])), name))


@pytest.mark.parametrize("name", clouds.DIALECTS)
@given(data=st.data())
def test_an_event_with_one_member_missing_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Nothing in an event is certain to be there."""
    event = data.draw(st.sampled_from(VALID[name]))
    missing = data.draw(st.sampled_from(sorted(event)))

    assert sound(outcome(clouds.load(name).read, {key: value for key, value in event.items() if key != missing}, name))


@pytest.mark.parametrize("name", GATEKEEPING)
@given(event=JSON)
def test_any_json_is_read_or_refused_by_the_gatekeeper(name: str, event: Any) -> None:
    """InvalidRequest is the only error."""
    assert sound(outcome(clouds.load_gatekeeping(name).read_authorizer, event, name))


@pytest.mark.parametrize("name", GATEKEEPING)
@given(data=st.data())
def test_an_authorizer_event_with_one_member_replaced_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """And never has another header than the one that is asked for."""
    request = outcome(clouds.load_gatekeeping(name).read_authorizer, data.draw(spoiled(ASKED[name])), name)

    assert sound(request)
    assert request is None or set(request.headers) <= {"authorization"}


@pytest.mark.parametrize("name", clouds.DIALECTS)
@given(status=st.integers(200, 599), body=st.dictionaries(st.text(max_size=4), st.text(), max_size=3), cut=st.integers(0, 40))
def test_an_answer_is_json_that_keeps_status_and_body(name: str, status: int, body: dict[str, str], cut: int) -> None:
    """However its bytes are chunked, also within a character."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    answer = json.loads(json.dumps(clouds.load(name).write(Response(status, {"a": "b"}, iter([raw[:cut], b"", raw[cut:]]), {}))))

    assert status == answer.get("statusCode", answer.get("status"))
    assert body == (json.loads(answer["body"]) if isinstance(answer["body"], str) else answer["body"])
