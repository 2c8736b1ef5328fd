"""A function's code as it comes, read and checked: a zip, a text, or a zip from a bucket (huawei.md, 1.6 and 3.1). `jar` and images are not run here.

This file knows sizes and forms of code; what runs it is runtime.py. To take code from elsewhere, add its line to `_READERS`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei.function_values import Code
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.account import Keys

_MEGABYTE = 1024 * 1024
_LARGEST_ZIP = 50 * _MEGABYTE
_LARGEST_TEXT = 10 * 1024
_LARGEST_IN_BUCKET = 300 * _MEGABYTE
_UNPACKED = 1500 * _MEGABYTE


class Source(NamedTuple):
    """Where code may come from, besides the request: `fetch` gives a bucket's object or None."""

    keys: Keys
    fetch: Callable[[str, str], bytes | None]


def read_code(document: Mapping[str, Any], source: Source) -> Code:
    """Return the code that a request brings or names. Raises Refused."""
    kind = document.get("code_type")
    if not isinstance(kind, str) or kind not in _READERS:
        raise Refused(400, "FSS.1006", "The code type is invalid, or is not emulated.")
    filename, url = document.get("code_filename") or "", document.get("code_url") or ""
    if not isinstance(filename, str) or not isinstance(url, str):
        raise Refused(400, "FSS.1011", "code_filename and code_url must be texts.")
    if kind == "zip" and not filename.endswith(".zip"):
        raise Refused(400, "FSS.1011", "Code of the type zip needs a code_filename.")
    uploaded = _READERS[kind](document, source)
    zipped = _zip_of(uploaded) if kind == "inline" else uploaded
    _check_zip(zipped)
    # huawei.md, 3.1: of the bytes as they were uploaded.
    return Code(kind, filename, url, uploaded, zipped, hashlib.sha512(uploaded).hexdigest())


def decode(text: Any, code: str) -> bytes:
    """Return the bytes that a field holds as base64. Raises Refused with this code."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Refused(400, code, "The code is not base64.") from None


def _sent(document: Mapping[str, Any], most: int, code: str) -> bytes:
    given = document.get("func_code")
    if not isinstance(given, dict) or not given.get("file"):
        raise Refused(400, "FSS.1011", "func_code.file is missing.")
    uploaded = decode(given["file"], "FSS.1012")
    if len(uploaded) > most:
        raise Refused(413, code, f"The code is larger than {most} bytes.")
    return uploaded


def _text(document: Mapping[str, Any], source: Source) -> bytes:  # noqa: ARG001 - fits the table
    return _sent(document, _LARGEST_TEXT, "FSS.1072")


def _zip(document: Mapping[str, Any], source: Source) -> bytes:  # noqa: ARG001 - fits the table
    return _sent(document, _LARGEST_ZIP, "FSS.1071")


def _object(document: Mapping[str, Any], source: Source) -> bytes:
    host = rf"https://([a-z0-9.-]{{3,63}})\.obs\.{re.escape(source.keys.region)}\.myhuaweicloud\.com/(.+)"
    found = re.fullmatch(host, document.get("code_url") or "")
    if found is None:
        raise Refused(400, "FSS.1011", "code_url is no address of an object in this region.")
    stored = source.fetch(found[1], found[2])
    if stored is None:
        raise Refused(404, "FSS.1054", "The code is not in the bucket.")
    if len(stored) > _LARGEST_IN_BUCKET:
        raise Refused(413, "FSS.0413", "The code is too large.")
    return stored


_READERS: Mapping[str, Callable[[Mapping[str, Any], Source], bytes]] = {"inline": _text, "zip": _zip, "obs": _object}


def _zip_of(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), text)
    return buffer.getvalue()


def _check_zip(zipped: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except zipfile.BadZipFile:
        raise Refused(400, "FSS.1012", "The code is no zip.") from None
    if size > _UNPACKED:
        raise Refused(413, "FSS.0413", "The code is too large when it is unpacked.")
