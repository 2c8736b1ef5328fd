"""Tokens as an attacker would write them: any header, any claims, any key; the signature is right unless asked otherwise.

Written on `hmac` alone, so that it shares no mistake with the library that verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from functions.shared import tokens

KEY = "the-key-of-the-tests-0123456789abcdef"
PREVIOUS = "the-key-before-the-last-rotation-0123"
NOW = 1_800_000_000
ISSUER = tokens.Issuer("https://twocan.test", "twocan", tokens.keys(KEY, PREVIOUS))

HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": ISSUER.keys[0].kid}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER.issuer,
    "aud": ISSUER.audience,
    "sub": "alice",
    "iat": NOW,
    "exp": NOW + 900,
    "jti": "one-token",
    "sid": "one-session",
}


def signed(header: bytes, claims: bytes, secret: bytes = KEY.encode(), *, digest: str = "sha256") -> str:
    """Return header.claims.signature for exactly these bytes."""
    signing = encoded(header) + b"." + encoded(claims)
    return (signing + b"." + encoded(hmac.digest(secret, signing, digest))).decode()


def token(header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> str:
    """Return a well signed token whose header and claims are the good ones, changed by these; ABSENT as a value removes the member."""
    return signed(_json(HEADER, header), _json(CLAIMS, claims))


def encoded(raw: bytes) -> bytes:
    """Return unpadded base64url."""
    return urlsafe_b64encode(raw).rstrip(b"=")


def digest(text: str) -> str:
    """Return the SHA-256 under which secrets are stored."""
    return hashlib.sha256(text.encode()).hexdigest()


def _json(good: dict[str, Any], changed: dict[str, Any] | None) -> bytes:
    members = {**good, **(changed or {})}
    return json.dumps({name: value for name, value in members.items() if value is not _ABSENT}).encode()


class _Absent:
    """Marks a member to leave out, since None is a value that a token may hold."""

    def __repr__(self) -> str:
        # A test's name, which must be the same in every process.
        return "ABSENT"


_ABSENT = _Absent()
ABSENT: Any = _ABSENT
