"""Issue and verify access tokens: the only file that knows their format (RFC 7519, RFC 9068's `at+jwt`, HS256 through PyJWT).

PyJWT signs and checks the signature. Everything it is lenient about is refused here first, on the raw text: padding and other spellings of
the same bytes, extra header members, duplicate members, floats, audiences that are lists, tokens that live longer than ours do.
One error comes out of `verify`, whatever goes in. What is not yet verified is called so, and never leaves this file.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.shared import documents, spared
from functions.shared.errors import InvalidJSON, SettingsError, Unauthorized

spared.key_sets()
from jwt.api_jws import PyJWS  # noqa: E402 - only now
from jwt.exceptions import PyJWTError  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How long an access token lives, in seconds. A disabled account's last token works for as long.
LIFE = 900
#: How far apart two machines' clocks may be, in seconds.
SKEW = 30
#: Longest token that is looked at, in bytes; longer ones are refused unread.
LONGEST = 8192
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", re.ASCII)
_TEXTS = ("iss", "aud", "sub", "jti", "sid")
_TIMES = ("iat", "exp")
#: Of an admin's token alone (RFC 9068, 2.2.3.1); in no other form.
_ROLES = {"roles": ["admin"]}
_HEADER = {"alg": "HS256", "typ": "at+jwt"}
_MAKE_ONE = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
_JWS = PyJWS(algorithms=["HS256"])


class Key(NamedTuple):
    """A signing key, and the name by which a token says that it used this one."""

    kid: str
    secret: bytes


class Claims(NamedTuple):
    """Who is calling: verified. Times are seconds since 1970; `sid` is the session."""

    subject: str
    session: str
    issued: int
    expires: int
    admin: bool = False


class Issuer(NamedTuple):
    """One deployment's name for itself and for its audience, and its keys, the current one first."""

    issuer: str
    audience: str
    keys: tuple[Key, ...]


def key(name: str, text: str) -> Key:
    """Return the key in the setting `name`. Raises SettingsError if it is under 32 bytes (RFC 7518, 3.2) or no secret, without showing it."""
    # surrogatepass, because the environment may hold bytes that are not UTF-8, and the error about them would hold the key.
    secret = text.encode("utf-8", "surrogatepass")
    if len(secret) < 32:
        raise SettingsError(f"{name} must have 32 bytes or more; {_MAKE_ONE}")
    try:
        _JWS.get_algorithm_by_name("HS256").prepare_key(secret)
    except PyJWTError:
        # PyJWT would refuse it at every sign-in, and rightly: anybody may know a public key.
        raise SettingsError(f"{name} is a public key or a certificate; {_MAKE_ONE}") from None
    return Key(hashlib.sha256(b"kid" + secret).hexdigest()[:16], secret)


def keys(current: str, previous: str) -> tuple[Key, ...]:
    """Return the keys in TOKEN_KEY and, unless empty, TOKEN_KEY_PREVIOUS. Raises SettingsError."""
    return (key("TOKEN_KEY", current), *([key("TOKEN_KEY_PREVIOUS", previous)] if previous else []))


def issue(by: Issuer, *, subject: str, session: str, now: int, admin: bool = False) -> str:
    """Return an access token for `subject`, signed with the current key."""
    current = by.keys[0]
    times = {"iat": now, "exp": now + LIFE}
    claims = {"iss": by.issuer, "aud": by.audience, "sub": subject, **times, "jti": secrets.token_urlsafe(12), "sid": session}
    return _JWS.encode(
        documents.write({**claims, **(_ROLES if admin else {})}), current.secret, "HS256", headers={"typ": "at+jwt", "kid": current.kid}
    )


def verify(token: str, by: Issuer, *, now: int) -> Claims:
    """Return the claims of a token that `by` issued and that is valid at `now`. Raises Unauthorized for anything else."""
    try:
        used = _key(_part(_shaped(token).partition(".")[0]), by.keys)
        unverified = _JWS.decode_complete(token, used.secret, algorithms=["HS256"])
        return _claims(documents.parse(unverified["payload"]), by, now)
    except (PyJWTError, ValueError, InvalidJSON, _Refused):
        # Not `from error`: the cause holds parts of the token.
        raise Unauthorized from None


class _Refused(Exception):
    """The strict check says no; never leaves this file."""


def _shaped(token: Any) -> str:
    if not isinstance(token, str) or len(token) > LONGEST or not _SHAPE.fullmatch(token):
        raise _Refused
    for part in token.split("."):
        _canonical(part)
    return token


def _canonical(part: str) -> None:
    """Refuse every other spelling of the same bytes: unused last bits that are not zero decode alike."""
    raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=") != part.encode("ascii"):
        raise _Refused


def _part(part: str) -> dict[str, Any]:
    return documents.parse(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _key(unverified_header: dict[str, Any], known: Sequence[Key]) -> Key:
    for one in known:
        if unverified_header == {**_HEADER, "kid": one.kid}:
            return one
    raise _Refused


def _claims(document: dict[str, Any], by: Issuer, now: int) -> Claims:
    admin = "roles" in document
    if set(document) != {*_TEXTS, *_TIMES, *(_ROLES if admin else ())} or (admin and document["roles"] != _ROLES["roles"]):
        raise _Refused
    # `type(...) is` and not isinstance: True is an int, and an exp of True would be 1.
    if not all(type(document[name]) is str and document[name] for name in _TEXTS):
        raise _Refused
    if not all(type(document[name]) is int for name in _TIMES):
        raise _Refused
    if document["iss"] != by.issuer or document["aud"] != by.audience:
        raise _Refused
    issued, expires = document["iat"], document["exp"]
    if not (issued - SKEW <= now < expires and 0 < expires - issued <= LIFE):
        raise _Refused
    return Claims(document["sub"], document["sid"], issued, expires, admin)
