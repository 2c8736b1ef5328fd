"""Which of Huawei Cloud's calls change something, told from the request alone. Pure.

GET and HEAD read, and so does LTS's query. An invocation is no change, for what a function then does is not the account's, but where the admin
function makes or deletes the records' table, which is a thing of the deployer's (deploy/steps.py).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.matrix.cloud import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_RECORDS = ("records.prepare", "records.delete")
#: What every path of a service begins with, and every URN of ours: it says nothing of a call.
_COMMON = re.compile(r"^/v\d/[0-9a-f]{32}(/fgs|/apigw/instances/[0-9a-f]{32})?|urn:fss:[^:]*:[^:]*:function:default:")


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Return what a request is. OBS's names have the bucket, which stands in the host (huawei.md, 3.3)."""
    host = headers.get("host", "")
    place = host.partition(".")[0] if host.endswith(".myhuaweicloud.com") else ""
    command = _command(path, body)
    name = " ".join(filter(None, (method, place, _COMMON.sub("", unquote(path)), command)))
    return Call(method, path, headers, body, name, _changes(method, path, command))


def _changes(method: str, path: str, command: str) -> bool:
    if method in {"GET", "HEAD"} or path.endswith("/content/query"):
        return False
    return not path.endswith("/invocations") or command in _OF_RECORDS


def _command(path: str, body: bytes) -> str:
    """Return what the admin function is told to do; "" for any other call."""
    event = json.loads(body) if path.endswith("/invocations") else {}
    return str(event.get("command", ""))
