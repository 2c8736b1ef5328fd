"""twocan.toml: what may stand there, what must not, and the example that documents it."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import tomllib

from deploy import owner
from deploy.local import stage
from functions.chat import models
from functions.shared import settings

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = stage.ROOT / "deploy" / "twocan.example.toml"
DEFAULTS = {row.name.lower(): int(row.default or "") for row in settings.TABLE if row.least is not None}
ROW = 'name = "gpt"\nvendor = "openai"\nbase_url = "https://models.example.com/v1"\nmodel = "gpt-5"\n'


def written(folder: Path, text: str) -> Path:
    """Write the owner's file."""
    path = folder / "twocan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def uncommented() -> str:
    """Return the example with its models in force."""
    text = EXAMPLE.read_text(encoding="utf-8")
    models_begin = text.index("# [[models]]")
    return text[:models_begin] + re.sub(r"^# (?=\[\[|\w+ = )", "", text[models_begin:], flags=re.MULTILINE)


def test_an_absent_file_means_all_defaults(tmp_path: Path) -> None:
    """Nobody needs the file."""
    assert (owner.Site(), {}, (), owner.Place(), owner.Rollout(), ()) == owner.read(tmp_path / "twocan.toml")


def test_an_empty_file_means_all_defaults(tmp_path: Path) -> None:
    """Nor any line in it."""
    assert owner.Owner() == owner.read(written(tmp_path, ""))


def test_the_example_says_the_defaults() -> None:
    """Copied as it is, the example changes nothing: every limit is there, with the settings table's own default."""
    assert DEFAULTS == tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["limits"]
    assert owner.Owner(limits={name.upper(): str(value) for name, value in DEFAULTS.items()}) == owner.read(EXAMPLE)


def test_the_examples_models_are_valid(tmp_path: Path) -> None:
    """The blocks that are commented out work as soon as they are not, and between them show every member."""
    chosen = owner.read(written(tmp_path, uncommented()))

    assert ["gpt", "llama"] == [row["name"] for row in chosen.models]
    assert set(models._MEMBERS) == {member for row in chosen.models for member in row}
    assert set(models._ROUTE_MEMBERS) == {member for row in chosen.routes for member in row}


def test_every_member_of_the_example_is_explained() -> None:
    """A comment stands above it, or above the group that it belongs to."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    member = re.compile(r"\w+ = .+")

    assert [] == [line for above, line in pairwise(lines) if member.fullmatch(line) and not (above.startswith("# ") or member.fullmatch(above))]


def test_what_is_chosen_is_read(tmp_path: Path) -> None:
    """Limits become settings as text, models rows as they stand."""
    text = f'[site]\nname = "Our chat"\n[limits]\nsession_days = 7\n[[models]]\n{ROW}key = "THEIR_KEY"\n'

    assert owner.Owner(owner.Site("Our chat"), {"SESSION_DAYS": "7"}, tuple(tomllib.loads(text)["models"])) == owner.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[limits", "cannot be read"),
        ("[secrets]\n", r"unknown section \[secrets\]"),
        ('site = "x"\n', r"\[site\] must be a section"),
        ('[site]\ntitle = "x"\nfoot = 1\n', r"\[site\] has an unknown foot, title; it may hold name, hosting, "),
        ("[site]\nname = 5\n", "text of 1 to 60 characters"),
        ('[site]\nname = ""\n', "text of 1 to 60 characters"),
        (f'[site]\nname = "{"x" * 61}"\n', "text of 1 to 60 characters"),
        ('[site]\nhosting = "ftp"\n', "one of: cdn, website"),
        ('[site]\ndomain = "https://x.example.com"\n', "a host name such as"),
        ("[deploy]\nregion = 5\n", "a region such as"),
        ('[deploy]\ncloud = "gcp"\n', "one of: aws, huawei"),
        ("[deploy]\nlog_days = 2\n", "one of: 1, 3, 5"),
        ("[deploy]\nrate = true\n", "whole number from 1 to 10000"),
        ("[rollout]\nsteps = []\n", "percentages that rise to 100"),
        ("[rollout]\nsteps = [5, 5, 100]\n", "percentages that rise to 100"),
        ("[rollout]\nsteps = [5, 50]\n", "percentages that rise to 100"),
        ('[rollout]\nsteps = "fast"\n', "percentages that rise to 100"),
        ("limits = 3\n", r"\[limits\] must be a section"),
        ("[limits]\nspeed = 1\n", "unknown speed"),
        ("[limits]\nsite_origin = 1\n", "unknown site_origin"),
        ('[limits]\nsession_days = "7"\n', "session_days must be a whole number"),
        ("[limits]\nsession_days = true\n", "session_days must be a whole number"),
        ("[limits]\nsession_days = 7.0\n", "session_days must be a whole number"),
        ("[limits]\nsession_days = 0\n", "session_days must be a whole number from 1 to 365"),
        ("[limits]\npassword_min_length = 7\n", "password_min_length must be a whole number from 8 to 128"),
        ("[models]\n", r"models must be \[\[models\]\] blocks"),
        ("models = [1]\n", r"models must be \[\[models\]\] blocks"),
        ("[[models]]\n", "has no name"),
        (f"[[models]]\n{ROW}colour = 'red'\n", "unknown member 'colour'"),
        (f"[[models]]\n{ROW}key = 5\n", "the NAME of an environment variable"),
        (f"[[models]]\n{ROW}key = 'sk-abc'\n", "the NAME of an environment variable"),
        (f"[[models]]\n{ROW}key = ['A']\n", "the NAME of an environment variable"),
        (f"[[models]]\n{ROW}output_limit = 2020-01-01\n", "output_limit must be one of max_tokens"),
        (f"[[models]]\n{ROW}[[models]]\n{ROW}", "has two rows named"),
    ],
    ids=lambda one: ascii(one[:40]),
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    """One error type, and a place to look at."""
    with pytest.raises(owner.OwnerError, match=complaint):
        owner.read(written(tmp_path, text))


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    """Whoever mends the file mends it once."""
    text = "[secrets]\n[site]\nname = 1\n[limits]\nspeed = 1\nsession_days = 0.5\nidle_seconds = 0\n[[models]]\nvendor = 'openai'\n"

    with pytest.raises(owner.OwnerError) as refused:
        owner.read(written(tmp_path, text))
    for place in (
        "[secrets]",
        "[site] name",
        "unknown speed",
        "session_days must",
        "idle_seconds must",
        "has no name",
        "has no base_url",
        "has no model",
    ):
        assert place in str(refused.value)


@pytest.mark.parametrize("what", ["folder", "latin"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, what: str) -> None:
    """A folder of that name, or bytes that are not UTF-8."""
    path = tmp_path / "twocan.toml"
    if what == "folder":
        path.mkdir()
    else:
        path.write_bytes(b'[site]\nname = "caf\xe9"\n')

    with pytest.raises(owner.OwnerError, match=r"twocan\.toml cannot be read"):
        owner.read(path)


def test_keys_come_from_the_environment() -> None:
    """Each once, whichever models name it; a model without a key wants none."""
    rows: tuple[dict[str, str], ...] = ({"key": "ONE"}, {"key": "ONE"}, {"key": "TWO"}, {})

    assert {"ONE": "1", "TWO": "2"} == owner.keys(rows, {"ONE": "1", "TWO": "2", "PATH": "/bin"})


def test_absent_keys_are_named_all() -> None:
    """Set to nothing is absent, too."""
    with pytest.raises(owner.OwnerError, match=r"ONE, TWO$"):
        owner.keys(({"key": "TWO"}, {"key": "ONE"}, {"key": "THERE"}), {"TWO": "", "THERE": "3"})


def test_the_settings_are_what_chat_reads(tmp_path: Path) -> None:
    """What the owner wrote arrives as the chat function's table."""
    read = owner.read(written(tmp_path, uncommented()))
    keys = {"OPENAI_API_KEY": "sk-1"}
    given = owner.model_settings(read.models, read.routes, keys)
    table = models.table(given["MODELS"], given["MODEL_KEYS"], given["ROUTES"])

    assert {"MODELS": [*read.models], "ROUTES": [*read.routes], "MODEL_KEYS": keys} == {name: json.loads(text) for name, text in given.items()}
    assert {"best": ["sk-1", ""], "gpt": ["sk-1"]} == {name: [target.key for target in route.targets] for name, route in table.items()}
