"""tokens.py: what is issued, and every known way to get something else past a JWT library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import traceback
from typing import Any

import pytest

from functions.shared import tokens
from functions.shared.errors import SettingsError, Unauthorized
from tests.fakes.forge import ABSENT, CLAIMS, HEADER, ISSUER, KEY, NOW, PREVIOUS, encoded, signed, token

GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def verifies(text: Any, now: int = NOW) -> bool:
    """Say whether a token verifies; anything but Unauthorized goes up and fails the test."""
    try:
        tokens.verify(text, ISSUER, now=now)
    except Unauthorized:
        return False
    return True


def dumps(value: Any) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(value).encode()


def test_a_token_made_by_hand_verifies() -> None:
    """The format is what RFC 7515 says, not what one library happens to accept."""
    claims = tokens.verify(GOOD, ISSUER, now=NOW)

    assert tokens.Claims("alice", "one-session", NOW, NOW + 900) == claims


def test_a_token_issued_verifies_by_hand() -> None:
    """Its signature is HMAC-SHA256 over the first two parts as they stand."""
    signing, _, signature = tokens.issue(ISSUER, subject="alice", session="s", now=NOW).rpartition(".")

    assert encoded(hmac.digest(KEY.encode(), signing.encode(), "sha256")).decode() == signature


def test_an_issued_header_has_three_members() -> None:
    """RFC 9068 names the type, so that no other kind of token passes for an access token."""
    head = tokens.issue(ISSUER, subject="alice", session="s", now=NOW).partition(".")[0]

    assert HEADER == json.loads(base64.urlsafe_b64decode(head + "=="))


def test_no_two_tokens_are_the_same() -> None:
    """Each has its own jti, even within one second."""
    issued = {tokens.issue(ISSUER, subject="alice", session="s", now=NOW) for _ in range(50)}

    assert 50 == len(issued)


@pytest.mark.parametrize("position", range(len(GOOD)))
def test_no_character_can_be_changed(position: int) -> None:
    """Every other character of the alphabet, a separator and padding, at every place."""
    others = [one for one in f"{ALPHABET}.=+/ \n" if one != GOOD[position]]

    assert [] == [one for one in others if verifies(GOOD[:position] + one + GOOD[position + 1 :])]


@pytest.mark.parametrize("position", range(len(GOOD) + 1))
def test_no_character_can_be_put_in(position: int) -> None:
    """One more character anywhere makes it another token."""
    assert [] == [one for one in "A_=.\n\t é\0" if verifies(GOOD[:position] + one + GOOD[position:])]


def test_no_character_can_be_taken_out() -> None:
    """Neither one character nor any longer stretch up to the end."""
    shorter = [GOOD[:at] + GOOD[at + 1 :] for at in range(len(GOOD))] + [GOOD[:at] for at in range(len(GOOD))]

    assert [] == [one for one in shorter if verifies(one)]


@pytest.mark.parametrize("unused", range(1, 4))
def test_unused_last_bits_of_a_signature_must_be_zero(unused: int) -> None:
    """43 characters hold 258 bits, 256 of them used: a lenient decoder takes four spellings for one signature."""
    spelling = SIGNATURE[:-1] + ALPHABET[ALPHABET.index(SIGNATURE[-1]) | unused]

    assert base64.urlsafe_b64decode(SIGNATURE + "=") == base64.urlsafe_b64decode(spelling + "=")
    assert not verifies(f"{HEAD}.{BODY}.{spelling}")


@pytest.mark.parametrize(
    "spelling",
    [
        f"{GOOD}=",
        f"{GOOD}==",
        f"{HEAD}=.{BODY}.{SIGNATURE}",
        f"{HEAD}.{BODY}=.{SIGNATURE}",
        f"{GOOD}.",
        f".{GOOD}",
        f"{GOOD}\n",
        f" {GOOD}",
        f"Bearer {GOOD}",
        f"{HEAD}.{BODY}.",
        f"{HEAD}.{BODY}",
        f"{HEAD}..{SIGNATURE}",
        f".{BODY}.{SIGNATURE}",
        f"{BODY}.{HEAD}.{SIGNATURE}",
        f"{HEAD}.{HEAD}.{SIGNATURE}",
        f"{SIGNATURE}.{BODY}.{HEAD}",
        f"{HEAD}.{BODY}.{SIGNATURE}.{SIGNATURE}",
        f"{HEAD}.{BODY}.{SIGNATURE}.x.y",
        GOOD.swapcase(),
        GOOD.replace(".", "%2E"),
        GOOD.replace("e", "\N{FULLWIDTH LATIN SMALL LETTER E}", 1),
        "",
        "..",
    ],
)
def test_other_spellings_are_refused(spelling: str) -> None:
    """One token has one spelling: padding, blanks, swapped or repeated parts are not it."""
    assert not verifies(spelling)


def test_parts_of_two_good_tokens_do_not_mix() -> None:
    """A signature belongs to its own header and claims."""
    other = token(claims={"sub": "bob"}).split(".")

    assert not verifies(f"{HEAD}.{other[1]}.{SIGNATURE}")
    assert not verifies(f"{HEAD}.{BODY}.{other[2]}")


@pytest.mark.parametrize("thing", [None, 0, 1.5, True, b"", GOOD.encode(), [GOOD], {"token": GOOD}, object()], ids=lambda one: type(one).__name__)
def test_what_is_no_text_is_refused(thing: Any) -> None:
    """Not even the right bytes: a caller that passes bytes is mistaken."""
    assert not verifies(thing)


@pytest.mark.parametrize(
    "changed",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "NONE"},
        {"alg": "hs256"},
        {"alg": "HS256 "},
        {"alg": "HS384"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {"alg": ABSENT},
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"typ": "application/at+jwt"},
        {"typ": None},
        {"typ": ABSENT},
        {"kid": "../../dev/null"},
        {"kid": "' or 1=1 --"},
        {"kid": ""},
        {"kid": 0},
        {"kid": [HEADER["kid"]]},
        {"kid": HEADER["kid"].upper()},
        {"kid": None},
        {"kid": ABSENT},
        {"crit": []},
        {"crit": ["exp"]},
        {"b64": True},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
        {"zip": "DEF"},
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"ALG": "HS256"},
    ],
    ids=str,
)
def test_a_header_is_exactly_ours(changed: dict[str, Any]) -> None:
    """Well signed is not enough: no algorithm, key or address is ever taken from the token."""
    assert not verifies(token(header=changed))


def test_alg_none_without_a_signature_is_refused() -> None:
    """CVE-2015-9235: a token that says it needs no signature."""
    head = encoded(dumps({**HEADER, "alg": "none"})).decode()

    assert not verifies(f"{head}.{BODY}.")
    assert not verifies(f"{head}.{BODY}.{SIGNATURE}")


@pytest.mark.parametrize(("algorithm", "digest"), [("HS384", "sha384"), ("HS512", "sha512")])
def test_another_hash_with_the_right_key_is_refused(algorithm: str, digest: str) -> None:
    """CVE-2022-29217: the algorithm is the verifier's choice."""
    assert not verifies(signed(dumps({**HEADER, "alg": algorithm}), dumps(CLAIMS), digest=digest))


def test_a_signature_with_an_empty_key_is_refused() -> None:
    """A verifier that failed to find a key must not go on with none."""
    assert not verifies(signed(dumps(HEADER), dumps(CLAIMS), b""))


def test_a_signature_with_the_kid_as_key_is_refused() -> None:
    """The name of the key is public."""
    assert not verifies(signed(dumps(HEADER), dumps(CLAIMS), HEADER["kid"].encode()))


@pytest.mark.parametrize("name", list(HEADER))
def test_a_header_member_may_not_come_twice(name: str) -> None:
    """Two readers of a duplicate may each see another value."""
    text = dumps(HEADER)[:-1] + f', "{name}": "{HEADER[name]}"'.encode() + b"}"

    assert HEADER == json.loads(text)
    assert not verifies(signed(text, dumps(CLAIMS)))


@pytest.mark.parametrize("name", list(CLAIMS))
def test_a_claim_may_not_come_twice(name: str) -> None:
    """Two readers of a duplicate may each see another value."""
    text = dumps(CLAIMS)[:-1] + f", {json.dumps(name)}: {json.dumps(CLAIMS[name])}".encode() + b"}"

    assert CLAIMS == json.loads(text)
    assert not verifies(signed(dumps(HEADER), text))


@pytest.mark.parametrize("name", list(CLAIMS))
def test_no_claim_may_be_absent(name: str) -> None:
    """A claim that is not there cannot be checked; PyJWT passes a token without exp."""
    assert not verifies(token(claims={name: ABSENT}))


def test_an_admins_token_says_so() -> None:
    """In the one form that there is (RFC 9068, 2.2.3.1); everybody else's holds no roles."""
    admin, other = (tokens.issue(ISSUER, subject="alice", session="s", now=NOW, admin=whether) for whether in (True, False))

    assert (True, False) == tuple(tokens.verify(one, ISSUER, now=NOW).admin for one in (admin, other))
    assert tokens.verify(token(claims={"roles": ["admin"]}), ISSUER, now=NOW).admin


@pytest.mark.parametrize(
    "roles", [None, True, 1, "admin", [], ["admin", "admin"], ["Admin"], ["user"], ["admin", "user"], [["admin"]], {"admin": True}], ids=repr
)
def test_roles_have_one_form(roles: Any) -> None:
    """Nothing that only looks like it makes an admin, and no token with it is good for anything else."""
    assert not verifies(token(claims={"roles": roles}))


@pytest.mark.parametrize("name", ["nbf", "admin", "scope", "azp", "EXP", "exp ", ""])
def test_no_claim_may_be_added(name: str) -> None:
    """What we never issue we never accept."""
    assert not verifies(token(claims={name: NOW}))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "jti", "sid"])
@pytest.mark.parametrize("value", [None, "", 0, True, [], ["twocan"], {"a": "b"}], ids=repr)
def test_a_text_claim_is_a_text(name: str, value: Any) -> None:
    """An audience that is a list, which RFC 7519 allows, is not one that we issue."""
    assert not verifies(token(claims={name: value}))


@pytest.mark.parametrize("name", ["iss", "aud"])
@pytest.mark.parametrize("value", ["", "other", "TWOCAN", "twocan ", "https://twocan.test/", "twoca", "twocan\0"])
def test_issuer_and_audience_are_compared_whole(name: str, value: str) -> None:
    """CVE-2024-53861: part of an issuer's name is not its name."""
    assert not verifies(token(claims={name: value}))


@pytest.mark.parametrize("name", ["iat", "exp"])
@pytest.mark.parametrize(
    "value",
    [None, True, False, "1800000000", "", [], [NOW], {}, NOW + 0.5, float(NOW), -1, 0, 10**400, -(10**400), 2**63],
    ids=lambda one: repr(one)[:24],
)
def test_a_time_is_a_whole_number_within_a_life(name: str, value: Any) -> None:
    """PyJWT raised TypeError for some of these, and rounded others."""
    assert not verifies(token(claims={name: value}))


@pytest.mark.parametrize(
    "digits", ["NaN", "Infinity", "-Infinity", "1e999", "1.8e9", "1800000900.0", "0x6b49d200", "9" * 5_000, "-0"], ids=lambda one: one[:12]
)
@pytest.mark.parametrize("name", ["iat", "exp"])
def test_odd_spellings_of_numbers_are_refused(name: str, digits: str) -> None:
    """Python's reader knows numbers that JSON does not."""
    text = json.dumps({**CLAIMS, name: "#"}).replace('"#"', digits).encode()

    assert not verifies(signed(dumps(HEADER), text))


@pytest.mark.parametrize(
    ("issued", "expires", "good"),
    [
        (0, 1, True),
        (0, 0, False),
        (0, -1, False),
        (-899, 1, True),
        (-900, 0, False),
        (-899, 2, False),
        (0, 900, True),
        (0, 901, False),
        (30, 900, True),
        (31, 900, False),
        (30, 930, True),
        (30, 931, False),
        (5, 5, False),
        (9, 5, False),
    ],
)
def test_the_edges_of_a_life(issued: int, expires: int, good: bool) -> None:
    """It is over at exactly exp, begins at most 30 s ahead, and lasts 900 s at the most."""
    assert good is verifies(token(claims={"iat": NOW + issued, "exp": NOW + expires}))


def test_a_token_is_over_at_exactly_its_expiry() -> None:
    """RFC 7519, 4.1.4: on or after exp it must not be accepted."""
    issued = tokens.issue(ISSUER, subject="alice", session="s", now=NOW)

    assert (True, False) == (verifies(issued, NOW + 899), verifies(issued, NOW + 900))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
        b"{'a': 1}",
        b"[" * 3_000,
        b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
    ],
    ids=["empty", "object", "list", "null", "text", "number", "open", "not-utf8", "bom", "surrogate", "python", "deep-list", "deep-object"],
)
def test_parts_that_are_no_object_of_ours_are_refused(raw: bytes) -> None:
    """Neither header nor claims crash the reader."""
    assert not verifies(signed(raw, dumps(CLAIMS)))
    assert not verifies(signed(dumps(HEADER), raw))


def test_utf8_in_a_claim_is_read() -> None:
    """A subject may be anything that the issuer wrote."""
    assert "ünï" == tokens.verify(token(claims={"sub": "ünï"}), ISSUER, now=NOW).subject


@pytest.mark.parametrize(("spare", "good"), [(0, True), (1, False)], ids=["8192", "8193"])
def test_no_token_over_8_kib_is_looked_at(spare: int, good: bool) -> None:
    """The limit is on the raw text, before anything is decoded."""
    subject = "a" * 5_000
    while len(long := token(claims={"sub": subject})) < 8_192 + spare:
        subject += "a"

    assert (8_192 + spare, good) == (len(long), verifies(long))


def test_the_previous_key_still_verifies() -> None:
    """After a rotation, tokens of the key before stay good until they expire."""
    old = ISSUER._replace(keys=tokens.keys(PREVIOUS, ""))

    assert verifies(tokens.issue(old, subject="alice", session="s", now=NOW))


def test_the_current_key_signs() -> None:
    """A rotation takes effect at once for new tokens."""
    alone = ISSUER._replace(keys=tokens.keys(KEY, ""))
    issued = tokens.issue(ISSUER, subject="alice", session="s", now=NOW)

    assert "alice" == tokens.verify(issued, alone, now=NOW).subject


@pytest.mark.parametrize("secret", [PREVIOUS, "a-key-that-nobody-configured-0123456"], ids=["previous", "unknown"])
def test_a_key_signs_under_its_own_name_only(secret: str) -> None:
    """The current key's name with another key's signature is refused, whichever that is."""
    assert not verifies(signed(dumps(HEADER), dumps(CLAIMS), secret.encode()))


def test_a_key_that_is_not_configured_is_refused() -> None:
    """Well formed, well signed, by somebody else."""
    stranger = ISSUER._replace(keys=tokens.keys("a-key-that-nobody-configured-0123456", ""))

    assert not verifies(tokens.issue(stranger, subject="alice", session="s", now=NOW))


def test_a_key_removed_refuses_its_tokens() -> None:
    """To take a leaked key out of the settings is to end its tokens."""
    alone = ISSUER._replace(keys=tokens.keys(PREVIOUS, ""))

    with pytest.raises(Unauthorized):
        tokens.verify(GOOD, alone, now=NOW)


@pytest.mark.parametrize("text", ["", "short-secret", "x" * 31, "é" * 15], ids=["empty", "short", "31", "30-bytes"])
@pytest.mark.parametrize("name", ["TOKEN_KEY", "TOKEN_KEY_PREVIOUS"])
def test_a_key_under_32_bytes_is_refused_without_showing_it(name: str, text: str) -> None:
    """CVE-2025-45768: nobody is warned by a library that signs with weak keys."""
    with pytest.raises(SettingsError) as refused:
        tokens.key(name, text)

    assert refused.value.message.startswith(f"{name} must have 32 bytes or more; make one with: python -c")
    assert not text or text not in repr(refused.value)


@pytest.mark.parametrize("text", ["x" * 32, "é" * 16, "\udcff" * 32], ids=["ascii", "32-bytes", "not-utf8"])
def test_a_key_of_32_bytes_serves(text: str) -> None:
    """Bytes are counted; those of an environment that is not UTF-8 are bytes too."""
    by = ISSUER._replace(keys=tokens.keys(text, ""))

    assert "alice" == tokens.verify(tokens.issue(by, subject="alice", session="s", now=NOW), by, now=NOW).subject


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ tests@twocan",
    ],
    ids=["pem", "ssh"],
)
def test_a_public_key_as_secret_is_refused_at_the_start(text: str) -> None:
    """CVE-2017-11424: a public key is no secret; and PyJWT would refuse it only when somebody signs in."""
    with pytest.raises(SettingsError) as refused:
        tokens.key("TOKEN_KEY", text)

    assert refused.value.message.startswith("TOKEN_KEY is a public key or a certificate; make one with:")
    assert text not in "".join(traceback.format_exception(refused.value))


def test_a_kid_tells_nothing_of_its_key() -> None:
    """It is a digest's beginning, and differs from key to key."""
    kids = {tokens.key("TOKEN_KEY", f"{number:032}").kid for number in range(100)}

    assert (100, {16}) == (len(kids), {len(one) for one in kids})
    assert hashlib.sha256(KEY.encode()).hexdigest()[:16] != ISSUER.keys[0].kid


@pytest.mark.parametrize(
    "bad",
    [GOOD[:-4] + "AAAA", "secret-words-in-no-token", token(claims={"exp": "secret"}), signed(dumps(HEADER), b"secret-words"), signed(b"\xff", b"{}")],
    ids=["signature", "shape", "claim", "payload", "header"],
)
def test_an_error_shows_nothing_of_the_token(bad: str) -> None:
    """Neither its text nor the chain that a traceback prints quotes what was sent."""
    with pytest.raises(Unauthorized) as refused:
        tokens.verify(bad, ISSUER, now=NOW)
    shown = "".join(traceback.format_exception(refused.value))

    assert (Unauthorized.message, None, True) == (str(refused.value), refused.value.__cause__, refused.value.__suppress_context__)
    assert not any(part in shown for part in (*bad.split("."), "secret") if part)
