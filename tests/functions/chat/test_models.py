"""models.py: the owner's table of models, checked once at the start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.chat import models
from functions.chat.models import Route
from functions.shared.errors import ModelNotFound, SettingsError
from functions.shared.providers import Capabilities, Price, Target

ROW = {"name": "house", "vendor": "openai", "base_url": "https://models.example/v1", "model": "vendor/model-7", "key": "MAIN"}
KEYS = {"MAIN": "sk-secret"}


def table(*rows: Any, keys: Any = KEYS, routes: Any = ()) -> dict[str, Route]:
    """Return the routes of these rows."""
    return models.table(json.dumps(rows), json.dumps(keys), json.dumps(routes))


def wrong(*rows: Any, keys: Any = KEYS, routes: Any = ()) -> str:
    """Return what the error says of these rows."""
    with pytest.raises(SettingsError) as refused:
        table(*rows, keys=keys, routes=routes)
    return refused.value.message


def test_a_row_becomes_a_target() -> None:
    """Its key is looked up; the cap's name has a default; a slash at the end of the address does not count."""
    expected = Target("house", "openai", "https://models.example/v1", "vendor/model-7", "sk-secret", "max_tokens")

    assert {"house": Route("house", (expected,))} == table({**ROW, "base_url": ROW["base_url"] + "/"})


def test_a_row_may_name_its_cap_and_no_key() -> None:
    """As a server of one's own has it."""
    row = {**ROW, "output_limit": "max_completion_tokens", "base_url": "http://127.0.0.1:8080/v1"}
    del row["key"]

    (target,) = table(row, keys={})["house"].targets
    assert (target.output_limit, target.key) == ("max_completion_tokens", "")


def test_a_row_may_name_the_template_of_its_model() -> None:
    """For a vendor that takes one text."""
    assert ["", "llama2"] == [table({**ROW, "template": name})["house"].targets[0].template for name in ("", "llama2")]


def test_a_template_that_does_not_exist_is_found_at_the_start() -> None:
    """Not at the first question; those that exist are named."""
    assert "MODELS row 1: template must be one of llama2, llama3, chatml, mistral, plain" in wrong({**ROW, "template": "llama7"})


@pytest.mark.parametrize("vendor", ["anthropic", "bedrock", "replicate", "sagemaker"])
def test_a_vendor_without_embeddings_is_found_at_the_start(vendor: str) -> None:
    """Not at the first question."""
    assert f"the vendor {vendor} makes no embeddings" in wrong({**ROW, "vendor": vendor, "embeds": True})


def test_a_route_embeds_or_chats() -> None:
    """It cannot do both."""
    rows = ({**ROW, "embeds": True}, {**ROW, "name": "b"})

    assert "ROUTES row 1: either all targets make embeddings or none does" in wrong(
        *rows, routes=[{"name": "r", "strategy": "ordered", "targets": ["house", "b"]}]
    )


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
        {**ROW, "colour": "red"},
        7,
        {**ROW, "name": "", "output_limit": "none"},
        {"key": "OTHER"},
        {**ROW, "base_url": "ftp://x", "key": "OTHER"},
    ]

    message = wrong(*rows)

    for part in ("row 1: vendor", "row 2 has an unknown member 'colour'", "row 3 must be an object", "row 4 has no name"):
        assert part in message
    for part in (
        "row 4: output_limit",
        "row 5 has no vendor",
        "row 5 has no model",
        "row 6: base_url",
        "its key OTHER is not given",
        "has two rows named",
    ):
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


@pytest.mark.parametrize("row", [None, 7, "house", []], ids=json.dumps)
def test_a_row_is_an_object(row: Any) -> None:
    """Any other is named by its number."""
    assert "row 2 must be an object" in wrong(ROW | {"name": "other"}, row)


ODD = {
    "name": 7,
    "key": None,
    "base_url": ["https://x"],
    "template": "alpaca",
    "listed": "yes",
    "context": 0,
    "vision": 1,
    "price_in": -1,
    "price_date": "1 May",
    "idle_seconds": 901,
    "connect_seconds": True,
}


@pytest.mark.parametrize("name", ODD)
def test_a_member_has_its_form(name: str) -> None:
    """A wrong one is named, with what it must be."""
    assert f"row 2: {name} must be " in wrong(ROW, {**ROW, "name": "other", name: ODD[name]})


def test_a_price_is_whole() -> None:
    """Half of one compares with nothing, and one without a date is soon wrong."""
    said = "row 1: a price has price_in, price_out and price_date"

    assert said in wrong({**ROW, "price_in": 1})
    assert said in wrong({**ROW, "price_in": 1, "price_out": 2})
    assert said in wrong({**ROW, "price_date": "2026-11-01"})


def test_a_row_says_what_its_model_can() -> None:
    """What it does not say is unknown, and its own limits go over the owner's."""
    row = {**ROW, "context": 8192, "vision": False, "price_in": 0.5, "price_out": 2, "price_date": "2026-11-01", "first_token_seconds": 9}
    (target,) = table(row)["house"].targets

    assert (Capabilities(8192, vision=False), Price(0.5, 2, "2026-11-01"), {"first_token": 9.0}) == (
        target.capabilities,
        target.price,
        target.patience,
    )


def test_a_route_is_a_name_for_several() -> None:
    """It comes before the models, and one that is not listed is reached by it only."""
    rows = [{**ROW, "name": "a", "listed": False}, {**ROW, "name": "b"}]
    found = table(*rows, routes=[{"name": "best", "strategy": "weighted", "targets": ["b", "a"], "weights": [3, 1]}])

    assert ["best", "b"] == list(found)
    assert (["b", "a"], "weighted", (3.0, 1.0)) == ([one.name for one in found["best"].targets], found["best"].strategy, found["best"].weights)


BEST = {"name": "best", "strategy": "ordered", "targets": ["house"]}
WRONG_ROUTES = [
    (7, "row 1 must be an object with a name"),
    ({}, "row 1 must be an object with a name"),
    ({**BEST, "colour": "red"}, "row 1 has an unknown member 'colour'"),
    ({**BEST, "strategy": "best"}, "row 1: strategy must be one of ordered, weighted"),
    ({**BEST, "targets": []}, "row 1: targets must be names of models"),
    ({**BEST, "targets": ["other"]}, "row 1: targets must be names of models"),
    ({**BEST, "targets": ["house", "house"]}, "row 1: targets must be names of models"),
    ({**BEST, "targets": [["house"]]}, "row 1: targets must be names of models"),
    ({**BEST, "weights": [1]}, "row 1: weights go with the strategy weighted"),
    ({**BEST, "strategy": "weighted"}, "row 1: weights go with the strategy weighted"),
    ({**BEST, "strategy": "weighted", "weights": [1, 2]}, "row 1: weights go with the strategy weighted, one for each target"),
    ({**BEST, "strategy": "weighted", "weights": [0]}, "row 1: weights must be numbers above 0"),
    ({**BEST, "strategy": "weighted", "weights": 1}, "row 1: weights must be numbers above 0"),
    ({**BEST, "name": "house"}, "row 1: there is a model or a route of that name already"),
]


@pytest.mark.parametrize(("route", "says"), WRONG_ROUTES)
def test_a_route_has_its_form(route: Any, says: str) -> None:
    """What is wrong is named by its number."""
    assert f"ROUTES {says}" in wrong(ROW, routes=[route])


def test_a_route_leads_to_no_route() -> None:
    """Nor does a name come twice."""
    assert "row 2: targets must be names of models" in wrong(ROW, routes=[BEST, {**BEST, "name": "two", "targets": ["best"]}])
    assert "row 2: there is a model or a route of that name already" in wrong(ROW, routes=[BEST, BEST])


def test_a_name_comes_once() -> None:
    """The second row would never be reached."""
    assert "has two rows named" in wrong(ROW, {**ROW, "model": "other"})


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

    assert targets["house"] is models.find(targets, "house")
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
