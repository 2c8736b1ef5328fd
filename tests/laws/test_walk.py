"""What a client sent is what the handler sees, and what the handler said is what the client gets, through either gateway's words."""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import accounts, clouds, passwords, settings
from functions.shared.errors import SettingsError
from functions.shared.messages import Response
from tests.fakes.desk import CHEAP, SALT
from tests.fakes.platforms import CONTEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
HEADERS = st.dictionaries(NAMES, WORDS, max_size=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=24)


def as_event(cloud: str, headers: Mapping[str, str], body: bytes) -> Any:
    """Write a request as that gateway does."""
    coded = {"httpMethod": "POST", "path": "/x", "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    if cloud == "huawei":
        return {**coded, "headers": dict(headers), "requestContext": {"requestId": "one"}}
    cased = {name.title(): value for name, value in headers.items()}
    return {**coded, "headers": cased, "multiValueHeaders": {name: [value] for name, value in cased.items()}, "requestContext": {"requestId": "one"}}


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@given(headers=HEADERS, body=st.binary(max_size=60))
def test_reading_undoes_what_the_gateway_wrote(cloud: str, headers: dict[str, str], body: bytes) -> None:
    """Headers in lower case, the body byte for byte, UTF-8 or not."""
    request = clouds.load(cloud).read(json.loads(json.dumps(as_event(cloud, headers, body))), CONTEXTS[cloud])

    assert ("POST", "/x", headers, body, "one") == request[:5]


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@given(status=st.integers(200, 599), headers=HEADERS, text=TEXTS)
def test_writing_keeps_everything(cloud: str, status: int, headers: dict[str, str], text: str) -> None:
    """Through the JSON in which the platform carries it."""
    answer = json.loads(json.dumps(clouds.load(cloud).write(Response(status, headers, iter([text.encode()]), {}))))

    assert {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": False} == answer


@given(password=st.text(max_size=30), other=st.text(max_size=30))
def test_a_hash_matches_its_password_and_no_other(password: str, other: str) -> None:
    """Whatever text they are; two that are one after NFKC are one, as are those that differ in trailing NULs, which HMAC cannot tell apart."""
    stored = passwords.hashed(password, SALT, CHEAP)
    same = canonical(password) == canonical(other)

    assert passwords.matches(password, stored)
    assert same is passwords.matches(other, stored)


def canonical(password: str) -> str:
    """Return what is hashed."""
    return unicodedata.normalize("NFKC", password).rstrip("\0")


@given(st.text(max_size=70))
def test_a_canonical_name_is_its_own(name: str) -> None:
    """No second look finds another account, and all who share a name share its counter of attempts."""
    known = accounts.canonical(name)

    assert known is None or (known, known) == (accounts.canonical(known), name.strip().lower())


@given(st.dictionaries(st.sampled_from([row.name for row in settings.TABLE]), st.text("0123456789\N{SECTION SIGN}", max_size=12)))
def test_settings_are_read_whole_or_refused_without_a_value(given_values: dict[str, str]) -> None:
    """Whatever the environment holds: every number is in its bounds, or nothing starts."""
    needs = tuple(row.name for row in settings.TABLE)
    numbers = [row for row in settings.TABLE if row.least is not None and row.most is not None]
    found, message = read(needs, given_values)

    assert "\N{SECTION SIGN}" not in message
    assert found is None or all((row.least or 0) <= found.number(row.name) <= (row.most or 0) for row in numbers)


def read(needs: tuple[str, ...], given_values: Mapping[str, str]) -> tuple[settings.Settings | None, str]:
    """Return the settings, or the message of their refusal."""
    try:
        return settings.read(needs, given_values.get), ""
    except SettingsError as refused:
        return None, refused.message
