"""The stage on this machine: what it keeps, for whose eyes, and what it gives to each function."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from deploy import bundle
from deploy.local import stage
from functions.shared import settings
from functions.shared.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "seven kettles sing at noon"


@pytest.fixture(name="here")
def _here(tmp_path: Path) -> stage.Stage:
    return stage.Stage(tmp_path / "stage")


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_its_owners_alone(here: stage.Stage) -> None:
    """What lies in it need not be guarded one by one; making it twice is no error."""
    here.make()
    here.make()

    assert 0o700 == mode(here.folder)


def test_secrets_are_their_owners_alone(here: stage.Stage) -> None:
    """Nobody else on the machine reads the key that signs tokens."""
    here.secret("token_key")

    assert 0o600 == mode(here.folder / "secrets.json")


def test_a_secret_stays(here: stage.Stage) -> None:
    """The next run signs with the same key, and the password still fits; another name is another secret."""
    first = here.secret("token_key")
    other = here.secret("password")

    assert (first, other) == (stage.Stage(here.folder).secret("token_key"), stage.Stage(here.folder).secret("password"))
    assert first != other
    assert len(first) >= 32


def test_a_private_file_is_written_whole(tmp_path: Path) -> None:
    """Over what was there, with nothing left beside it, even by a run that broke off."""
    path = tmp_path / "ready.json"
    path.write_text("{}")
    path.chmod(0o644)
    (tmp_path / "ready.new").write_text("half")
    stage.write_private(path, {"page": "here"})

    assert ({"page": "here"}, 0o600) == (json.loads(path.read_text()), mode(path))
    assert ["ready.json"] == [one.name for one in tmp_path.iterdir()]


def test_its_settings_are_all_that_have_no_default(here: stage.Stage) -> None:
    """With the page's origin, which the run knows, every function can start."""
    given = here.settings({"SITE_ORIGIN": "http://127.0.0.1:8700"})
    required = {row.name for row in settings.TABLE if row.default is None}

    assert required == set(given)


def test_what_a_run_says_goes_over_the_stages_own(here: stage.Stage) -> None:
    """Limits and models are the owner's."""
    given = here.settings({"SESSION_DAYS": "7", "TOKEN_ISSUER": "other"})

    assert ("7", "other") == (given["SESSION_DAYS"], given["TOKEN_ISSUER"])


@pytest.mark.parametrize("dialect", ["aws", "huawei"])
def test_a_function_is_started_with_what_it_needs_only(here: stage.Stage, dialect: str) -> None:
    """Not even a setting that would be refused reaches a function that does not name it."""
    gatekeeper = next(one for one in bundle.FUNCTIONS if one.kind == "authorizer")
    values = here.settings({"SESSION_DAYS": "not a number"})

    assert callable(stage.start(gatekeeper, dialect, values))


def test_a_start_without_settings_names_them(here: stage.Stage) -> None:
    """As in a cloud."""
    with pytest.raises(SettingsError, match="TOKEN_KEY is missing"):
        stage.start(bundle.FUNCTIONS[0], "aws", {})


def test_the_owners_function_is_invoked_without_a_gateway(here: stage.Stage) -> None:
    """Users are made and listed as the deployer would do it in a cloud."""
    made = stage.invoke("users.add", {"username": "Ann", "password": PASSWORD}, here.settings({}))
    listed = stage.invoke("users.list", {}, here.settings({}))

    assert {"status": 200, "body": {"username": "ann"}} == made
    assert [{"username": "ann", "enabled": True, "admin": False}] == listed["body"]["users"]


def test_a_refusal_comes_back_as_an_answer(here: stage.Stage) -> None:
    """The command line says its text."""
    answer = stage.invoke("users.add", {"username": "ann", "password": "short"}, here.settings({}))

    assert (400, "weak_password") == (answer["status"], answer["body"]["error"]["code"])


@pytest.mark.parametrize("text", ["{", "[]", "\x00"])
def test_secrets_that_cannot_be_read_are_said_and_left(here: stage.Stage, text: str) -> None:
    """Not a traceback, and nothing is made anew behind one's back."""
    here.make()
    (here.folder / "secrets.json").write_text(text)

    with pytest.raises(stage.StageError, match="Remove it"):
        here.secret("token_key")
    assert (here.folder / "secrets.json").read_text() == text
