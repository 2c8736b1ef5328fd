"""deployment.py: where the parts of a stage come from, and what is said when one is missing."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from deploy import bundle, clouds, deployment, owner
from deploy.clouds import DeployError
from deploy.deployment import Deployment
from deploy.local.stage import Stage
from deploy.steps import Function, Seen

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.gateway_responses import Cloud

ROW = {"name": "gpt", "vendor": "openai", "base_url": "https://m.example", "model": "m", "key": "KEY_ONE"}


def keys(there: list[dict[str, str]] | None, environment: dict[str, str], *, complete: bool = True) -> str | None:
    """Return the models' keys of a stage that wants KEY_ONE; `there` are the models that the cloud has with their keys."""
    stage = Deployment.__new__(Deployment)
    stage.choices, stage._environment = owner.Owner(models=(ROW,)), environment
    secrets = (("MODEL_KEYS", "mark"),)
    chat = Function("chat", "python3.13/arm64", "", "", (("MODELS", json.dumps(there)),), secrets, 900, 512, streams=True)
    return stage._model_keys(Seen({} if there is None else {"function chat": chat}, {}), complete=complete)


def secretive(folder: Path) -> Deployment:
    """Return a stage that keeps its secrets in a folder."""
    stage = Deployment.__new__(Deployment)
    stage.name, stage._secrets, stage._made, stage._module = "try", Stage(folder), {}, clouds.load("aws")
    return stage


def test_keys_come_from_the_environment() -> None:
    """Whatever the cloud has."""
    assert {"KEY_ONE": "sk"} == json.loads(keys([ROW], {"KEY_ONE": "sk"}) or "")


def test_keys_that_are_in_the_cloud_may_stay_there() -> None:
    """None says so."""
    assert keys([ROW], {}) is None


@pytest.mark.parametrize("there", [None, [], [{**ROW, "key": "KEY_TWO"}]], ids=["no-stage", "no-models", "another-key"])
def test_a_key_that_is_nowhere_is_said(there: list[dict[str, str]] | None) -> None:
    """A new model's key was once missed only when the model was asked."""
    with pytest.raises(owner.OwnerError, match="KEY_ONE"):
        keys(there, {})


def test_a_key_that_is_nowhere_hides_no_status() -> None:
    """What is live can be told without it; only an apply wants all."""
    assert keys([], {}, complete=False) is None


def test_a_doctor_says_what_is_missing_on_this_machine(tmp_path: Path) -> None:
    """A key and the page: a plan would be refused for both."""
    stage = secretive(tmp_path)
    stage.choices, stage._environment, stage._dist = owner.Owner(models=(ROW,)), {}, tmp_path / "nowhere"
    stage.target = SimpleNamespace(observe=lambda: Seen({}, {}), findings=list, store=lambda: "here")
    found = [one.text for one in stage.findings() if not one.good]

    assert ["KEY_ONE" in found[0], "make frontend" in found[1]] == [True, True]


def test_a_new_stages_secrets_are_in_no_file_until_it_is_made(tmp_path: Path) -> None:
    """To look at a plan once left a file behind; the secrets of the plan are those that an apply then writes, and those that are there stay."""
    first, second = secretive(tmp_path / "new"), secretive(tmp_path / "new")
    told = first._secret("token_key"), first._secret("token_key")
    before = (tmp_path / "new").exists()
    first.keep()
    second._made = {"token_key": "other"}
    second.keep()

    assert (1, False) == (len(set(told)), before)
    assert told[0] == second._secret("token_key")


def test_to_keep_nothing_makes_no_file(tmp_path: Path) -> None:
    """As when a stage is applied from a machine that has its secrets elsewhere."""
    secretive(tmp_path / "new").keep()

    assert not (tmp_path / "new").exists()


def test_a_handler_that_cannot_be_read_is_named() -> None:
    """Without a traceback; a syntax error with its line."""
    with pytest.raises(DeployError, match=r"^functions/nothing/handler\.py cannot be imported \(ModuleNotFoundError\): mend it first\.$"):
        deployment._check_import(bundle.Function("nothing", "functions.nothing.handler", "gateway", 1, 128))


def many(count: int, *, keys: int = 1) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return so many ordinary rows, and an environment with so many keys for them."""
    about = {"vendor": "openai", "context": 128_000, "tools": True, "price_in": 1.25, "price_out": 10, "price_date": "2026-11-01"}
    rows = [
        {"name": f"model-{one}", "model": f"vendor/model-{one}", "base_url": f"https://{one % 5}.example.com/v1", "key": f"KEY_{one % keys}", **about}
        for one in range(count)
    ]
    return rows, {f"KEY_{one}": hashlib.sha512(str(one).encode()).hexdigest()[:80] for one in range(keys)}


def roomy(cloud: Cloud, rows: list[dict[str, Any]]) -> Deployment:
    """Return a stage of these models."""
    stage = Deployment.__new__(Deployment)
    stage.name, stage.choices, stage._module = "try", owner.Owner(models=tuple(rows)), clouds.load(cloud)
    return stage


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_a_table_of_forty_models_has_room(cloud: Cloud) -> None:
    """Packed, they take a third of what a function may be given."""
    rows, environment = many(40, keys=4)

    roomy(cloud, rows)._check_room({"MODEL_KEYS": json.dumps(environment)})


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_more_than_a_function_may_be_given_is_said_before_anything_is_made(cloud: Cloud) -> None:
    """By `plan`, `apply` and `doctor`, with what to do."""
    rows, environment = many(60, keys=60)

    with pytest.raises(DeployError, match=r"^The settings of chat take [\d,]+ bytes, and a function may have 3,840: write fewer"):
        roomy(cloud, rows)._check_room({"MODEL_KEYS": json.dumps(environment)})


def test_a_stage_may_stand_in_the_owners_file(tmp_path: Path) -> None:
    """It is checked there as it is on the command line."""
    path = tmp_path / "twocan.toml"
    path.write_text('[deploy]\nstage = "team"\n', encoding="utf-8")
    named = owner.read(path).deploy.stage
    path.write_text('[deploy]\nstage = "Team"\n', encoding="utf-8")
    with pytest.raises(owner.OwnerError, match="stage must be 1 to 20 small letters"):
        owner.read(path)

    assert ("team", "prod") == (named, owner.Place().stage)
