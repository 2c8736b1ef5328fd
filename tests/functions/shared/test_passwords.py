"""passwords.py: known vectors through the stored text, and what two keyboards call the same."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

import pytest

from functions.shared import passwords
from tests.fakes.desk import CHEAP, SALT


def stored(password: str) -> str:
    """Return a cheap hash."""
    return passwords.hashed(password, SALT, CHEAP)


@pytest.mark.parametrize(
    ("password", "salt", "cost", "digest"),
    [
        ("", b"", passwords.Cost(16, 1, 1), "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"),
        ("password", b"NaCl", passwords.Cost(1024, 8, 16), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"),
    ],
    ids=["rfc7914-1", "rfc7914-2"],
)
def test_the_rfcs_vectors(password: str, salt: bytes, cost: passwords.Cost, digest: str) -> None:
    """RFC 7914, 12: the first 32 bytes of its outputs, since ours are that long."""
    text = passwords.hashed(password, salt, cost)

    assert f"scrypt${cost.n}${cost.r}${cost.p}${b64encode(salt).decode()}${b64encode(bytes.fromhex(digest)).decode()}" == text
    assert passwords.matches(password, text)


def test_the_cost_of_today_is_scrypts_own() -> None:
    """One hash at the real cost, computed by the library beneath."""
    digest = hashlib.scrypt(b"noon", salt=SALT, n=2**15, r=8, p=3, maxmem=2**27, dklen=32)

    assert digest == b64decode(passwords.hashed("noon", SALT).rpartition("$")[2])


@pytest.mark.parametrize("wrong", ["", "Noon", "noon ", " noon", "noo", "\ud800", "n" * 1_024], ids=ascii)
def test_a_wrong_password_does_not_match(wrong: str) -> None:
    """Nearly right is wrong, and nothing that can be typed raises."""
    assert not passwords.matches(wrong, stored("noon"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("caf\u00e9", "cafe\u0301"), ("\uff4e\uff4f\uff4f\uff4e", "noon"), ("\ufb01sh", "fish"), ("\u212b", "\u00c5"), ("\u2460", "1")],
    ids=["accent", "full-width", "ligature", "angstrom", "circled"],
)
def test_two_keyboards_type_the_same_password(one: str, other: str) -> None:
    """NIST SP 800-63B asks for one normal form before hashing."""
    assert passwords.matches(one, stored(other))
    assert passwords.matches(other, stored(one))


def test_salt_makes_hashes_differ() -> None:
    """Equal passwords of two people cannot be told from their hashes."""
    assert stored("noon") != passwords.hashed("noon", SALT[::-1], CHEAP)


@pytest.mark.parametrize("password", ["", "nobody", "\0" * 32, bytes(32).decode()])
def test_nobodys_password_matches_nothing(password: str) -> None:
    """The text that stands in for an absent account belongs to no password."""
    assert not passwords.matches(password, passwords.nobody(CHEAP))


def test_nobody_takes_the_same_work() -> None:
    """An absent name costs what a present one costs."""
    assert passwords.nobody().split("$")[:4] == passwords.hashed("noon", SALT).split("$")[:4]


@pytest.mark.parametrize(
    ("cost", "outdated"), [(CHEAP, False), (passwords.Cost(32, 1, 1), True), (passwords.COST, True)], ids=["same", "other", "todays"]
)
def test_other_parameters_are_outdated(cost: passwords.Cost, outdated: bool) -> None:
    """Weaker or stronger: whatever is not today's is replaced."""
    assert outdated is passwords.outdated(stored("noon"), cost)


@pytest.mark.parametrize("text", ["", "noon", "bcrypt$16$1$1$AA==$AA==", "scrypt$16$1$1$AA==", "scrypt$x$1$1$AA==$AA==", "scrypt$15$1$1$AA==$AA=="])
def test_a_text_that_was_not_made_here_is_a_fault(text: str) -> None:
    """It never passes for a match."""
    with pytest.raises(ValueError):
        passwords.matches("noon", text)
