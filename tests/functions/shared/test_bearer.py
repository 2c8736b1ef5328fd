"""bearer.py: who is calling, by a verified token and by nothing else."""

from __future__ import annotations

import pytest

from functions.shared import bearer
from functions.shared.errors import SettingsError, Unauthorized
from functions.shared.messages import Request
from functions.shared.settings import Settings
from tests.fakes.forge import ISSUER, KEY, NOW, PREVIOUS, token

GOOD = token()


def caller(headers: dict[str, str]) -> str:
    """Return the subject of a request with these headers."""
    return bearer.caller(Request("GET", "/", headers, b"", "id"), ISSUER, NOW).subject


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_any_case(scheme: str) -> None:
    """RFC 9110, 11.1."""
    assert "alice" == caller({"authorization": f"{scheme} {GOOD}"})


def test_the_second_header_serves_when_the_first_is_absent() -> None:
    """APIG may strip Authorization; the authorizer's context brings the token."""
    assert "alice" == caller({"x-twocan-token": GOOD})


@pytest.mark.parametrize("first", ["", "Bearer", "Bearer ", "Bearer garbage", "Basic x", f"Basic {GOOD}"])
def test_the_second_header_is_not_looked_at_beside_the_first(first: str) -> None:
    """A caller who says who they are, and fails to prove it, has failed."""
    with pytest.raises(Unauthorized):
        caller({"authorization": first, "x-twocan-token": GOOD})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": GOOD},
        {"authorization": f"Bearer  {GOOD}"},
        {"authorization": f"Bearer {GOOD} "},
        {"authorization": f"Bearer\t{GOOD}"},
        {"authorization": f"Bearer {GOOD}, Bearer {GOOD}"},
        {"authorization": f"Bearer, Bearer {GOOD}"},
        {"authorization": f"Token {GOOD}"},
        {"x-twocan-token": ""},
        {"x-twocan-token": "garbage"},
        {"x-twocan-token": f"Bearer {GOOD}"},
        {"x-twocan-user": "alice", "x-user": "alice", "x-auth-user": "alice"},
        {"cookie": f"token={GOOD}"},
    ],
    ids=str,
)
def test_everybody_else_is_nobody(headers: dict[str, str]) -> None:
    """Only one well formed credential counts, and no header that names somebody."""
    with pytest.raises(Unauthorized):
        caller(headers)


def test_the_issuer_comes_from_the_settings() -> None:
    """Name, audience and both keys, the current one first."""
    values = {"TOKEN_ISSUER": ISSUER.issuer, "TOKEN_AUDIENCE": "twocan", "TOKEN_KEY": KEY, "TOKEN_KEY_PREVIOUS": PREVIOUS}

    assert ISSUER == bearer.issuer(Settings(values))


def test_a_weak_previous_key_is_refused_too() -> None:
    """Tokens of the previous key verify, so it must be as strong."""
    values = {"TOKEN_ISSUER": "a", "TOKEN_AUDIENCE": "b", "TOKEN_KEY": KEY, "TOKEN_KEY_PREVIOUS": "weak"}

    with pytest.raises(SettingsError, match="TOKEN_KEY_PREVIOUS must have 32 bytes"):
        bearer.issuer(Settings(values))
