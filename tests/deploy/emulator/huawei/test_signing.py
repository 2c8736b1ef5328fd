"""SDK-HMAC-SHA256: what the real SDKs have signed is accepted, and nothing else is (huawei.md, 4.1)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.emulator.huawei import signing
from deploy.emulator.huawei.account import Keys
from deploy.emulator.huawei.signing import SKEW, verify
from deploy.emulator.huawei.wire import Asked, Refused

WIRE = json.loads((Path(__file__).parents[3] / "fixtures" / "huawei-wire.json").read_text(encoding="utf-8"))
ROWS = [row for row in WIRE["requests"] if row["headers"].get("Authorization", "").startswith("SDK-HMAC-SHA256")]
KEYS = Keys(access=WIRE["constants"]["ak"], secret=WIRE["constants"]["sk"])


def asked(row: dict[str, Any]) -> Asked:
    """Return a captured request."""
    headers = {name.lower(): value for name, value in row["headers"].items()}
    return Asked(row["method"], headers["host"], urlsplit(row["path"]).path, row["query"], headers, row.get("body", "").encode())


def moment(one: Asked) -> float:
    """Return when a request was signed."""
    return datetime.strptime(one.headers["x-sdk-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()


def test_all_captured_rows_are_here() -> None:
    """The wire file has 47 of them."""
    assert 47 == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["label"])
def test_what_the_sdk_has_signed_is_accepted(row: dict[str, Any]) -> None:
    """Each captured request, when it was signed."""
    one = asked(row)
    verify(one, KEYS, now=moment(one), code="X")


GOOD = asked(ROWS[0])


def changed(**headers: str) -> Asked:
    """Return the first request with other headers."""
    return GOOD._replace(headers={**GOOD.headers, **{name.replace("_", "-"): value for name, value in headers.items()}})


def unsigned_host() -> Asked:
    """Return a request whose signature is good, but not over its host."""
    one = changed()
    names = ["content-type", "x-sdk-date"]
    signature = signing.sign(one, KEYS.secret, names)
    return changed(authorization=f"SDK-HMAC-SHA256 Access={KEYS.access}, SignedHeaders={';'.join(names)}, Signature={signature}")


@pytest.mark.parametrize(
    "one",
    [
        GOOD._replace(headers={name: value for name, value in GOOD.headers.items() if name != "authorization"}),
        changed(authorization="Bearer token"),
        changed(host="elsewhere"),
        changed(x_sdk_date="yesterday"),
        changed(x_project_id="another"),
        GOOD._replace(path=f"{GOOD.path}/more"),
        GOOD._replace(query="marker=1"),
        GOOD._replace(method="PUT"),
        GOOD._replace(body=b"{}"),
        changed(x_sdk_content_sha256="UNSIGNED-PAYLOAD")._replace(body=b"{}"),
        unsigned_host(),
    ],
    ids=[
        *("unsigned", "bearer", "other host", "no date", "other header", "other path", "other query", "other method", "other body"),
        *("claimed body", "unsigned host"),
    ],
)
def test_what_was_not_signed_so_is_refused(one: Asked) -> None:
    """Whatever of a request was changed after it was signed, and whatever should have been signed and was not."""
    with pytest.raises(Refused) as caught:
        verify(one, KEYS, now=moment(GOOD), code="FSS.0401")

    assert (401, "FSS.0401") == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("keys", [KEYS._replace(access="OTHER"), KEYS._replace(secret="other")], ids=["access", "secret"])
def test_another_key_is_refused(keys: Keys) -> None:
    """Both halves count."""
    with pytest.raises(Refused):
        verify(GOOD, keys, now=moment(GOOD), code="X")


@pytest.mark.parametrize(("off", "accepted"), [(SKEW, True), (-SKEW, True), (SKEW + 1, False), (-SKEW - 1, False)])
def test_a_signature_lasts_a_quarter_of_an_hour(off: int, accepted: bool) -> None:
    """In both directions: clocks differ."""
    try:
        verify(GOOD, KEYS, now=moment(GOOD) + off, code="X")
    except Refused:
        assert not accepted
    else:
        assert accepted


def test_a_claimed_hash_is_no_body() -> None:
    """The body itself is hashed, whatever a header says that its hash is."""
    digest = hashlib.sha256(GOOD.body).hexdigest()
    names = ["host", "x-sdk-content-sha256", "x-sdk-date"]
    one = changed(x_sdk_content_sha256=digest)
    signature = signing.sign(one, KEYS.secret, names)
    altered = one._replace(body=b"{}", headers={**one.headers, "authorization": _written(names, signature)})
    with pytest.raises(Refused):
        verify(altered, KEYS, now=moment(GOOD), code="X")


def _written(names: list[str], signature: str) -> str:
    return f"SDK-HMAC-SHA256 Access={KEYS.access}, SignedHeaders={';'.join(names)}, Signature={signature}"
