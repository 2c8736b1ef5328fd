"""SDK-HMAC-SHA256, verified (huawei.md, 4.1): the signature that every management API but OBS wants. Pure.

The list of signed headers is taken from the request, but what must be in it is not: host and date always.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Keys
    from deploy.emulator.huawei.wire import Asked

#: Seconds that a request's date may be off (huawei.md, 4.1).
SKEW = 15 * 60
_ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(rf"{_ALGORITHM} Access=([^,\s]+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{{64}})")
_UNSIGNED = "UNSIGNED-PAYLOAD"
_DATE = "%Y%m%dT%H%M%SZ"


def verify(asked: Asked, keys: Keys, *, now: float, code: str) -> None:
    """Return if the request is signed by the key's owner, now. Raises Refused with 401 and this code."""
    found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if found is None:
        raise Refused(401, code, "Incorrect IAM authentication information: no SDK-HMAC-SHA256 signature")
    access, names, signature = found[1], found[2].split(";"), found[3]
    if not {"host", "x-sdk-date"} <= set(names):
        raise Refused(401, code, "Incorrect IAM authentication information: host and x-sdk-date must be signed")
    if access != keys.access:
        raise Refused(401, code, "Incorrect IAM authentication information: the access key does not exist")
    if abs(_moment(asked.headers.get("x-sdk-date", ""), code) - now) > SKEW:
        raise Refused(401, code, "Incorrect IAM authentication information: the request's time is not now")
    if not hmac.compare_digest(signature, sign(asked, keys.secret, names)):
        raise Refused(401, code, "Incorrect IAM authentication information: verify aksk signature fail")


def sign(asked: Asked, secret: str, names: list[str]) -> str:
    """Return the signature of a request over these headers, as hex."""
    canonical = "\n".join([asked.method, _path(asked.path), _query(asked.query), _headers(asked, names), ";".join(names), _hash(asked)])
    text = "\n".join([_ALGORITHM, asked.headers.get("x-sdk-date", ""), hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _moment(date: str, code: str) -> float:
    try:
        return datetime.strptime(date, _DATE).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise Refused(401, code, "Incorrect IAM authentication information: x-sdk-date is no date") from None


def _path(path: str) -> str:
    # Each part unquoted and quoted again, and a slash at the end even where the request has none.
    quoted = "/".join(quote(unquote(part), safe="~") for part in path.split("/"))
    return quoted if quoted.endswith("/") else f"{quoted}/"


def _query(query: str) -> str:
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{name}={value}" for name, value in pairs)


def _headers(asked: Asked, names: list[str]) -> str:
    return "".join(f"{name}:{asked.headers.get(name, '').strip()}\n" for name in names)


def _hash(asked: Asked) -> str:
    # What is not JSON, such as a form with a file, may stay unsigned; of all else the body itself is what counts, whatever a header says of it.
    said = asked.headers.get("x-sdk-content-sha256")
    form = not asked.headers.get("content-type", "").startswith("application/json")
    return _UNSIGNED if said == _UNSIGNED and form else hashlib.sha256(asked.body).hexdigest()
