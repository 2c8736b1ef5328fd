"""verify∘issue is the identity, and nothing else verifies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.shared import tokens
from functions.shared.errors import Unauthorized
from tests.fakes.forge import ISSUER, KEY, NOW, encoded, signed, token

SUBJECTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)
KEYS = st.text(min_size=32, max_size=80).filter(lambda text: len(text) >= 32)
GOOD = token()


def refused(text: Any, by: tokens.Issuer = ISSUER) -> bool:
    """Say whether verifying raises Unauthorized; anything else goes up."""
    try:
        tokens.verify(text, by, now=NOW)
    except Unauthorized:
        return True
    return False


@given(subject=SUBJECTS, session=SUBJECTS, now=st.integers(0, 2**40), later=st.integers(0, tokens.LIFE - 1))
def test_what_was_issued_verifies_all_its_life(subject: str, session: str, now: int, later: int) -> None:
    """With the subject and the session that were put in."""
    issued = tokens.issue(ISSUER, subject=subject, session=session, now=now)

    assert tokens.Claims(subject, session, now, now + tokens.LIFE) == tokens.verify(issued, ISSUER, now=now + later)


@given(subject=SUBJECTS, away=st.one_of(st.integers(tokens.LIFE, 10**9), st.integers(-(10**9), -tokens.SKEW - 1)))
def test_what_was_issued_does_not_verify_at_another_time(subject: str, away: int) -> None:
    """Neither after its end nor well before its beginning."""
    issued = tokens.issue(ISSUER, subject=subject, session="s", now=NOW - away)

    assert refused(issued)


@given(key=KEYS, other=KEYS)
def test_what_one_key_signed_no_other_verifies(key: str, other: str) -> None:
    """Whatever the two keys are."""
    assume(key.rstrip("\0") != other.rstrip("\0") and not key.startswith(("ssh-", "-----")))
    by, stranger = (ISSUER._replace(keys=tokens.keys(one, "")) for one in (key, other))

    assert refused(tokens.issue(by, subject="alice", session="s", now=NOW), stranger)


@given(
    st.one_of(
        st.text(),
        st.binary(),
        st.text("eyJ.-_=09Az"),
        st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]{43}", fullmatch=True),
        st.integers(),
        st.none(),
        st.lists(st.text()),
    )
)
def test_anything_is_refused(thing: Any) -> None:
    """Text, bytes or whatever else: Unauthorized, and no other error."""
    assert refused(thing)


@given(header=st.binary(max_size=80), claims=st.binary(max_size=200))
def test_any_bytes_well_signed_are_refused(header: bytes, claims: bytes) -> None:
    """Even the holder of the key can only issue what is exactly ours."""
    assert refused(signed(header, claims))


@given(data=st.data())
def test_any_splice_of_a_good_token_is_refused(data: st.DataObject) -> None:
    """A stretch replaced by anything else of any length."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 12)))
    spliced = GOOD[:start] + data.draw(st.text("ABCabc019-_.=", max_size=12)) + GOOD[end:]

    assert refused(spliced) or spliced == GOOD


@given(
    claims=st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "iat", "exp", "jti", "sid", "nbf"]),
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=2)),
        min_size=1,
    )
)
def test_claims_of_other_types_are_refused(claims: dict[str, Any]) -> None:
    """A text instead of a text is the only exchange that may pass."""
    harmless = all(name in {"sub", "jti", "sid"} and isinstance(value, str) and value for name, value in claims.items())

    assert harmless or refused(token(claims=claims))


@pytest.mark.parametrize("cut", [1, 16, 31])
def test_part_of_a_key_is_no_key(cut: int) -> None:
    """A signature by a prefix of the key is refused."""
    head, body, _ = GOOD.split(".")
    forged = signed(b"", b"", KEY[:cut].encode()).rpartition(".")[2]

    assert refused(f"{head}.{body}.{forged}")
    assert len(forged) == len(encoded(bytes(32)))
