"""models.py: the owner's table of models, checked once at the start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.chat import models
from functions.shared.errors import ModelNotFound, SettingsError
from functions.shared.providers import Target

ROW = {"name": "house", "vendor": "openai", "base_url": "https://models.example/v1", "model": "vendor/model-7", "key": "MAIN"}
KEYS = {"MAIN": "sk-secret"}


def table(*rows: Any, keys: Any = KEYS) -> dict[str, Target]:
    """Return the targets of these rows."""
    return models.table(json.dumps(rows), json.dumps(keys))


def wrong(*rows: Any, keys: Any = KEYS) -> str:
    """Return what the error says of these rows."""
    with pytest.raises(SettingsError) as refused:
        table(*rows, keys=keys)
    return refused.value.message


def test_a_row_becomes_a_target() -> None:
    """Its key is looked up; the cap's name has a default; a slash at the end of the address does not count."""
    expected = Target("house", "openai", "https://models.example/v1", "vendor/model-7", "sk-secret", "max_tokens")

    assert {"house": expected} == table({**ROW, "base_url": ROW["base_url"] + "/"})


def test_a_row_may_name_its_cap_and_no_key() -> None:
    """As a server of one's own has it."""
    row = {**ROW, "output_limit": "max_completion_tokens", "base_url": "http://127.0.0.1:8080/v1"}
    del row["key"]

    target = table(row, keys={})["house"]
    assert (target.output_limit, target.key) == ("max_completion_tokens", "")


def test_a_table_keeps_its_order() -> None:
    """The first model is the one that a page offers first."""
    assert list(table({**ROW, "name": "b"}, {**ROW, "name": "a"})) == ["b", "a"]


def test_a_table_may_be_empty() -> None:
    """A deployment without a model yet starts, and says so."""
    assert table(keys={}) == {}


def test_all_faults_are_named_at_once() -> None:
    """Whoever deploys mends them in one go."""
    rows = [
        {**ROW, "vendor": "nobody"},
        {**ROW, "base_url": "ftp://x", "colour": "red"},
        7,
        {**ROW, "name": "", "output_limit": "none"},
        {"key": "OTHER"},
    ]

    message = wrong(*rows)

    for part in ("row 1: vendor", "row 2 has an unknown member 'colour'", "row 2: base_url", "row 3 must hold", "row 4 has no name"):
        assert part in message
    for part in ("row 4: output_limit", "row 5 has no vendor", "row 5 has no model", "its key OTHER is not given", "names a model twice"):
        assert part in message


def test_two_settings_that_are_no_json_are_both_named() -> None:
    """One after the other would be two deployments."""
    with pytest.raises(SettingsError, match=r"MODELS must be a JSON array.*MODEL_KEYS must be a JSON object"):
        models.table("hello", "[]")


@pytest.mark.parametrize("text", ["", "{", "{}", "null", "7", '"x"'])
def test_models_are_an_array(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(SettingsError, match="MODELS must be a JSON array"):
        models.table(text, "{}")


@pytest.mark.parametrize("text", ["", "sk-secret", "[]", '"sk-secret"', '{"MAIN": sk-secret}'])
def test_keys_are_an_object(text: str) -> None:
    """A key that was put there alone is not shown."""
    with pytest.raises(SettingsError, match="MODEL_KEYS must be a JSON object") as refused:
        models.table("[]", text)

    assert "sk-secret" not in refused.value.message


@pytest.mark.parametrize(
    "key", ["sk-secret\r\nx-more: 1", "sk-secret\n", "sk-secret\0", "sk-secret\u00e9", "", 7, None, ["sk-secret"], {"k": "sk-secret"}], ids=json.dumps
)
def test_a_key_is_printable_and_never_shown(key: Any) -> None:
    """It becomes a header, where a line break would begin another one."""
    message = wrong(ROW, keys={"MAIN": key})

    assert ("key MAIN must be printable ASCII" in message, "sk-secret" in message) == (True, False)


@pytest.mark.parametrize("row", [None, 7, "house", [], {**ROW, "name": 7}, {**ROW, "key": None}, {**ROW, "base_url": ["https://x"]}], ids=json.dumps)
def test_a_row_holds_texts(row: Any) -> None:
    """Any other is named by its number."""
    assert "row 2 must hold texts only" in wrong(ROW | {"name": "other"}, row)


def test_a_name_comes_once() -> None:
    """The second row would never be reached."""
    assert "names a model twice" in wrong(ROW, {**ROW, "model": "other"})


def test_no_fault_shows_a_key() -> None:
    """The message is for the owner's log, which is no place for it."""
    assert "sk-secret" not in wrong({**ROW, "vendor": "nobody", "base_url": "nowhere"}, {}, 7)


def test_an_address_holds_no_password() -> None:
    """It stands in plans and in plain settings; and the complaint does not repeat it."""
    message = wrong({**ROW, "base_url": "https://ann:sk-secret@models.example/v1"})

    assert ("row 1: base_url must hold no user name and no password" in message, "sk-secret" in message) == (True, False)


def test_a_model_is_found_by_its_public_name() -> None:
    """And by no other."""
    targets = table(ROW)

    assert targets["house"] == models.find(targets, "house")
    with pytest.raises(ModelNotFound):
        models.find(targets, "vendor/model-7")


def test_an_unknown_model_is_answered_with_those_that_exist() -> None:
    """In one order, and without what was asked for."""
    with pytest.raises(ModelNotFound) as refused:
        models.find(table({**ROW, "name": "b"}, {**ROW, "name": "a"}), "sk-mistaken")

    assert (refused.value.message, refused.value.param, refused.value.status) == ("There is no such model. Models here: a, b", "model", 400)


def test_a_deployment_without_models_says_so() -> None:
    """The owner has something to do, the caller has not."""
    with pytest.raises(ModelNotFound, match="configured no model yet"):
        models.find({}, "house")
