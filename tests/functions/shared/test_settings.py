"""settings.py: one table, one reader, all faults at once."""

from __future__ import annotations

import json
import re

import pytest

from functions.shared import settings
from functions.shared.errors import SettingsError

NUMBERS = [row for row in settings.TABLE if row.least is not None]


def test_what_is_given_is_read() -> None:
    """A text stays as it is, a number becomes one."""
    found = settings.read(("TOKEN_ISSUER", "SESSION_DAYS"), {"TOKEN_ISSUER": " twocan ", "SESSION_DAYS": "7"}.get)

    assert (" twocan ", "7", 7) == (found.text("TOKEN_ISSUER"), found.text("SESSION_DAYS"), found.number("SESSION_DAYS"))


@pytest.mark.parametrize("given", [None, ""], ids=["absent", "empty"])
def test_a_default_steps_in(given: str | None) -> None:
    """A platform that cannot leave a setting out gives an empty one."""
    assert 30 == settings.read(("SESSION_DAYS",), lambda _: given).number("SESSION_DAYS")


@pytest.mark.parametrize("row", [row for row in settings.TABLE if row.default is not None], ids=lambda row: row.name)
def test_every_default_is_itself_acceptable(row: settings.Setting) -> None:
    """The table does not contradict itself."""
    assert row.default == settings.read((row.name,), lambda _: None).text(row.name)


def test_all_faults_are_named_at_once() -> None:
    """Whoever deploys mends them in one go."""
    needs = ("SITE_ORIGIN", "TOKEN_KEY", "STORE", "SESSION_DAYS", "IDLE_SECONDS")

    with pytest.raises(SettingsError) as refused:
        settings.read(needs, {"SESSION_DAYS": "many"}.get)
    assert ["SITE_ORIGIN", "TOKEN_KEY", "STORE", "SESSION_DAYS"] == re.findall(r"([A-Z_]+) (?:is missing|must be)", refused.value.message)
    assert refused.value.message.startswith("Settings to mend: ")


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_bounds_belong_to_the_range(row: settings.Setting) -> None:
    """The least and the most themselves are allowed, one further is not."""
    least, most = row.least or 0, row.most or 0

    assert [least, most] == [settings.read((row.name,), {row.name: str(number)}.get).number(row.name) for number in (least, most)]
    for beyond in (least - 1, most + 1):
        with pytest.raises(SettingsError):
            settings.read((row.name,), {row.name: str(beyond)}.get)


@pytest.mark.parametrize(
    "digits",
    ["+30", "-30", "30.0", "3e1", "0x1e", "3_0", " 30", "30 ", "30\n", "\u0663\u0660", "\uff13\uff10", "3\u00b2", "thirty", "1" * 5_000],
    ids=lambda one: ascii(one[:12]),
)
def test_a_number_is_plain_digits(digits: str) -> None:
    """int() takes signs, blanks, underscores and the digits of every script; nobody means those."""
    with pytest.raises(SettingsError, match="SESSION_DAYS must be a whole number from 1 to 365"):
        settings.read(("SESSION_DAYS",), lambda _: digits)


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_no_value_is_shown(row: settings.Setting) -> None:
    """A key pasted into the wrong setting must not end up in a log."""
    with pytest.raises(SettingsError) as refused:
        settings.read((row.name,), lambda _: "sk-my-secret")

    assert "sk-my-secret" not in repr(refused.value)


def test_a_setting_that_was_not_needed_cannot_be_seen() -> None:
    """A function sees what its NEEDS name, and nothing else."""
    found = settings.read(("STORE",), {"STORE": "sqlite:///x", "TOKEN_KEY": "secret"}.get)

    with pytest.raises(KeyError):
        found.text("TOKEN_KEY")


def test_settings_do_not_change_after_reading() -> None:
    """What was passed in may change; what was read does not."""
    given = {"STORE": "sqlite:///one"}
    found = settings.Settings(given)
    given["STORE"] = "sqlite:///two"

    assert "sqlite:///one" == found.text("STORE")


def test_names_are_unique() -> None:
    """One row for each setting."""
    names = [row.name for row in settings.TABLE]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", ["TOKEN_KEY", "TOKEN_KEY_PREVIOUS", "STORE", "MODEL_KEYS"])
def test_what_opens_doors_is_marked_secret(name: str) -> None:
    """The deployer redacts by this mark alone."""
    assert [True] == [row.secret for row in settings.TABLE if row.name == name]


LONG = json.dumps(
    [{"name": f"model-{number}", "vendor": "openai", "base_url": "https://models.example.com/v1", "model": "é"} for number in range(30)]
)


def test_a_long_value_comes_back_from_being_packed() -> None:
    """It takes a fraction of its room; a short one is left as it is."""
    tight = settings.packed(LONG)

    assert (LONG, True) == (settings.unpacked(tight), len(tight) < len(LONG) / 4)
    assert ("short", "short", None) == (settings.packed("short"), settings.unpacked("short"), settings.unpacked(None))


def test_a_packed_setting_is_read_as_what_it_was() -> None:
    """A function need not know how it came."""
    found = settings.read(("MODELS",), {"MODELS": settings.packed(LONG)}.get)

    assert LONG == found.text("MODELS")


@pytest.mark.parametrize("value", ["deflate:", "deflate:!!!", "deflate:AAAA", settings.packed(LONG)[:-40]])
def test_what_cannot_be_unpacked_is_missing(value: str) -> None:
    """A table that was cut is no table, and not an empty one either."""
    with pytest.raises(SettingsError, match="MODELS is missing"):
        settings.read(("MODELS",), {"MODELS": value}.get)


def test_a_secret_is_never_unpacked() -> None:
    """It may begin with anything."""
    given = settings.packed(LONG)

    assert given == settings.read(("STORE",), {"STORE": given}.get).text("STORE")
