"""OBS's signatures: the captured requests of the real SDKs, and what is refused."""

from __future__ import annotations

import calendar
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.emulator.huawei import obs_asked, obs_signing
from deploy.emulator.huawei.account import Keys
from deploy.emulator.huawei.wire import Asked, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = Keys("AKEXAMPLE0000000001", "SKexample/secret+key0123456789abcdefghij")
NOW = calendar.timegm((2026, 11, 21, 2, 5, 27))
REGION = "cn-north-4"
#: method, path, query, host, headers and the signature: rows 47 to 76 of the captured requests, but for the two that are unsigned.
ROWS: list[Any] = json.loads((Path(__file__).parent / "obs_signed.json").read_text(encoding="utf-8"))


def asked(row: Mapping[str, Any], **changed: str) -> Asked:
    """Return a captured request, with some of its headers changed."""
    headers = {**row["headers"], **changed}
    return Asked(row["method"], headers["host"], row["path"], row["query"], headers, b"")


def verify(request: Asked, now: float = NOW) -> None:
    """Verify a request at its place."""
    obs_signing.verify(request, obs_asked.place(request, REGION), KEYS, now=now)


def refusal(request: Asked, now: float = NOW) -> str:
    """Return the code with which a request is refused."""
    with pytest.raises(Refused) as refused:
        verify(request, now)
    return refused.value.code


@pytest.mark.parametrize("row", ROWS, ids=[row["label"] for row in ROWS])
def test_what_the_sdks_sign_is_accepted(row: Any) -> None:
    """Both dialects, at hosts and at addresses; `customdomain` is not among what is signed."""
    verify(asked(row))


@pytest.mark.parametrize("row", ROWS, ids=[row["label"] for row in ROWS])
def test_a_signature_is_of_its_request_only(row: Any) -> None:
    """Another method, another object, another type, another part of a bucket: none goes with it."""
    request = asked(row)
    place = obs_asked.place(request, REGION)
    all_of_them = [
        request,
        request._replace(method="POST"),
        request._replace(path=f"{request.path}x"),
        request._replace(query=f"{request.query}&uploads"),
        asked(row, **{"content-type": "text/plain"}),
        asked(row, **{"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        asked(row, **{f"{place.dialect.prefix}acl": "public-read"}),
    ]

    assert 7 == len({obs_signing.sign(one, place, KEYS.secret) for one in all_of_them})
    assert refusal(request._replace(method="POST")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_stale_date_is_refused(seconds: int) -> None:
    """A quarter of an hour, either way."""
    verify(asked(ROWS[0]), NOW + seconds // 2)

    assert refusal(asked(ROWS[0]), NOW + seconds) == "RequestTimeTooSkewed"


@pytest.mark.parametrize("date", ["", "yesterday", "20261121T020527Z"])
def test_a_request_has_a_date(date: str) -> None:
    """One that is no date is refused before anything is compared."""
    assert refusal(asked(ROWS[0], date=date)) == "AccessDenied"


def test_the_date_may_stand_in_a_header_of_the_dialects_own() -> None:
    """Then it is that one that is signed, and `Date` counts no longer."""
    request = asked(ROWS[0], date="", **{"x-obs-date": ROWS[0]["headers"]["date"]})
    signature = obs_signing.sign(request, obs_asked.place(request, REGION), KEYS.secret)
    signed = {**request.headers, "authorization": f"OBS {KEYS.access}:{signature}"}

    verify(request._replace(headers=signed))


@pytest.mark.parametrize("word", ["", "OBS", "OBS a:b:c", "OBS a b", "AWS4-HMAC-SHA256 Credential=a", "AWS {key}:x=", "Basic {key}:x="])
def test_only_the_dialect_of_its_place_is_read(word: str) -> None:
    """The SDK knows the sentence of this refusal."""
    assert refusal(asked(ROWS[0], authorization=word.format(key=KEYS.access))) == "InvalidArgument"


def test_a_key_that_nobody_has_is_told_so() -> None:
    """Before its signature is looked at."""
    assert refusal(asked(ROWS[0], authorization="OBS NOBODY:AAAA")) == "InvalidAccessKeyId"


@pytest.mark.parametrize("query", ["acl=", "acl=x", "ACL", "acl&website"])
def test_a_part_with_a_value_is_another_part(query: str) -> None:
    """`?acl` and `?acl=` are not the same to a signature."""
    row = next(row for row in ROWS if row["query"] == "acl" and "obs-sig" in row["label"])

    assert refusal(asked(row)._replace(query=query)) == "SignatureDoesNotMatch"
