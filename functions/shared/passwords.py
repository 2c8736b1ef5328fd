"""Hash and check passwords: the only file that knows the hash's format (scrypt, RFC 7914, from the standard library).

The parameters stand in the stored text, so that they can change: `outdated` says when a stored text was made with others.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from base64 import b64decode, b64encode
from typing import NamedTuple


class Cost(NamedTuple):
    """What one hash takes: 128 * n * r bytes of memory, p times over."""

    n: int
    r: int
    p: int


#: OWASP's figures for interactive sign-in; some 0.3 s on a small function. Raise them and stored hashes follow at each person's next sign-in.
COST = Cost(n=2**15, r=8, p=3)
_SALT_BYTES = 16
_HASH_BYTES = 32


def hashed(password: str, salt: bytes, cost: Cost = COST) -> str:
    """Return the text to store for a password; `salt` is 16 fresh random bytes."""
    digest = _scrypt(password, salt, cost)
    return f"scrypt${cost.n}${cost.r}${cost.p}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def nobody(cost: Cost = COST) -> str:
    """Return what is checked for a name that nobody has, so that it takes the same work. No password has this digest: it was never computed."""
    return f"scrypt${cost.n}${cost.r}${cost.p}${b64encode(bytes(_SALT_BYTES)).decode()}${b64encode(bytes(_HASH_BYTES)).decode()}"


def matches(password: str, stored: str) -> bool:
    """Say whether the password is the stored one. Compares in constant time. Raises ValueError if the text was not made here."""
    cost, salt, digest = _parts(stored)
    return hmac.compare_digest(_scrypt(password, salt, cost), digest)


def outdated(stored: str, cost: Cost = COST) -> bool:
    """Say whether the text was made with other parameters than `cost`."""
    return _parts(stored)[0] != cost


def _parts(stored: str) -> tuple[Cost, bytes, bytes]:
    name, n, r, p, salt, digest = stored.split("$")
    if name != "scrypt":
        raise ValueError(name)
    return Cost(int(n), int(r), int(p)), b64decode(salt), b64decode(digest)


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    # NFKC, because the same accented or full-width character is typed as different code points on different keyboards (NIST SP 800-63B, 3.1.1.2).
    # surrogatepass, because a lone surrogate must fail like any other wrong password and not by an exception.
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    # OpenSSL's default ceiling of 32 MiB is just under what these parameters need.
    memory = 128 * cost.n * cost.r * 2
    return hashlib.scrypt(text, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=_HASH_BYTES)
