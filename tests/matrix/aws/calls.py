"""Which of AWS's calls change something, told from the request alone. Pure.

A request names its operation in X-Amz-Target (DynamoDB, Logs), in its path behind /operation/ (CloudWatch) or as the form's Action (IAM, STS):
then it reads if that begins with one of the words of reading. Else (S3, Lambda, API Gateway, CloudFront) it reads if its method is GET or HEAD.
Lambda's Invoke is no change: what a function then does is not the account's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.matrix.cloud import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

_READING = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Query", "Scan")
_INVOKED = re.compile(r"/2015-03-31/functions/[^/]+/invocations")


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Return what a request is: by the operation's name where it has one, else by its method and path."""
    operation = _operation(path, headers, body)
    if operation:
        return Call(method, path, headers, body, operation, not operation.startswith(_READING))
    return Call(method, path, headers, body, f"{method} {path}", method not in {"GET", "HEAD"} and not _INVOKED.match(path))


def _operation(path: str, headers: Mapping[str, str], body: bytes) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    behind = path.rpartition("/operation/")[2] if "/operation/" in path else ""
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    action = parse_qs(body.decode()).get("Action", [""])[0] if form else ""
    return target or behind or action
