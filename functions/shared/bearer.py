"""Who is calling: the bearer token of a request, verified. Authorizer and functions use the same few lines, and trust nothing else.

APIG may strip `Authorization` before the function (huawei.md, 2.4, UNCONFIRMED), so the authorizer's context brings the token in
`x-twocan-token` too; it is looked at only when the former is absent, and verified all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.shared import tokens
from functions.shared.errors import Unauthorized

if TYPE_CHECKING:
    from functions.shared.messages import Request
    from functions.shared.settings import Settings

#: The settings that verifying takes.
NEEDS = ("TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_KEY", "TOKEN_KEY_PREVIOUS")


def issuer(settings: Settings) -> tokens.Issuer:
    """Return who issues tokens here. Raises SettingsError."""
    keys = tokens.keys(settings.text("TOKEN_KEY"), settings.text("TOKEN_KEY_PREVIOUS"))
    return tokens.Issuer(settings.text("TOKEN_ISSUER"), settings.text("TOKEN_AUDIENCE"), keys)


def token(request: Request) -> str:
    """Return the request's token, not yet verified. Raises Unauthorized. The scheme's case does not matter (RFC 9110, 11.1)."""
    if "authorization" not in request.headers:
        unverified = request.headers.get("x-twocan-token", "")
    else:
        scheme, _, unverified = request.headers["authorization"].partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
    if not unverified:
        raise Unauthorized
    return unverified


def caller(request: Request, by: tokens.Issuer, now: int) -> tokens.Claims:
    """Return the verified claims of the request's token. Raises Unauthorized."""
    return tokens.verify(token(request), by, now=now)
