"""OBS's header signature, verified (huawei.md, 4.3): HMAC-SHA1 in both of its dialects. Pure.

What is signed is what the SDK signs. `customdomain` is not among the signed parameters although the server's documentation lists it (huawei.md, 4.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote

from deploy.emulator.huawei.obs_asked import parameters
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Keys
    from deploy.emulator.huawei.obs_asked import Dialect, Place
    from deploy.emulator.huawei.wire import Asked

#: Seconds that a request's date may be off (huawei.md, 3.3).
SKEW = 15 * 60
_AUTHORIZATION = re.compile(r"(\S+) ([^\s:]+):([A-Za-z0-9+/=]+)")
# The second is how huaweicloudsdkobs writes a date (huawei-wire.json, 75 and 76).
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %Y %H:%M:%S GMT")
_SIGNED = (
    "acl backtosource policy torrent logging location storageinfo quota storageclass storagepolicy requestpayment versions versioning versionid "
    "uploads uploadid partnumber website notification dispolicy lifecycle deletebucket delete cors restore tagging replication metadata encryption "
    "publicaccessblock bucketstatus policystatus inventory obscompresspolicy object-lock retention directcoldaccess append position truncate modify "
    "rename length name fileinterface response-content-type response-content-language response-expires response-cache-control "
    "response-content-disposition response-content-encoding x-image-save-bucket x-image-save-object x-image-process x-oss-process obsbucketalias "
    "obsalias"
)


def verify(asked: Asked, place: Place, keys: Keys, *, now: float) -> None:
    """Return if the request is signed by the key's owner, now, in the dialect of its place. Raises Refused."""
    found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if found is None or found[1] != place.dialect.word:
        # The SDK knows this sentence: it then tries the other dialect.
        raise Refused(400, "InvalidArgument", "Unsupported Authorization Type")
    if found[2] != keys.access:
        raise Refused(403, "InvalidAccessKeyId", "The OBS Access Key Id you provided does not exist in our records.")
    if abs(_moment(asked, place.dialect) - now) > SKEW:
        raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
    if not hmac.compare_digest(found[3], sign(asked, place, keys.secret)):
        message = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        raise Refused(403, "SignatureDoesNotMatch", message)


def sign(asked: Asked, place: Place, secret: str) -> str:
    """Return the signature of a request, as base64."""
    digest = hmac.new(secret.encode(), _text(asked, place).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def signed(name: str) -> bool:
    """Say whether a parameter of the query is part of the signature: then it names an operation or a part of a thing."""
    return name.lower() in _SIGNED.split()


def _text(asked: Asked, place: Place) -> str:
    prefix, headers = place.dialect.prefix, asked.headers
    own = [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith(prefix)]
    date = "" if f"{prefix}date" in headers else headers.get("date", "")
    lines = [asked.method, headers.get("content-md5", ""), headers.get("content-type", ""), date, *own]
    return "\n".join([*lines, _resource(asked, place)])


def _resource(asked: Asked, place: Place) -> str:
    # The path as it was sent; a bucket that the host names stands before it.
    in_path = place.dialect.word == "AWS" or not place.bucket
    path = asked.path if in_path else f"/{place.bucket}{asked.path}"
    query = sorted((name, value) for name, value in parameters(asked.query).items() if signed(name) or name.lower().startswith(place.dialect.prefix))
    parts = [quote(name) if value is None else f"{quote(name)}={value}" for name, value in query]
    return path + ("?" + "&".join(parts) if parts else "")


def _moment(asked: Asked, dialect: Dialect) -> float:
    date = asked.headers.get(f"{dialect.prefix}date") or asked.headers.get("date", "")
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(date, form).replace(tzinfo=timezone.utc).timestamp()
    raise Refused(403, "AccessDenied", "Authentication requires a valid Date or x-obs-date header.")
