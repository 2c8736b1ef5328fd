"""Which of AWS's calls change something, told from the request alone. Pure.

A request names its operation in X-Amz-Target (DynamoDB, Logs), in its path behind /operation/ (CloudWatch) or as the form's Action (IAM, STS):
then it reads if that begins with one of the words of reading. Else (S3, Lambda, API Gateway, CloudFront) it reads if its method is GET or HEAD.
Lambda's Invoke is no change: what a function then does is not the account's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

_READING = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Query", "Scan")
_INVOKED = re.compile(r"/2015-03-31/functions/[^/]+/invocations")


class Call(NamedTuple):
    """One request; `headers` by small letters, `path` with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The operation's name where the request has one, else its method and path."""
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        behind = self.path.rpartition("/operation/")[2] if "/operation/" in self.path else ""
        form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        action = parse_qs(self.body.decode()).get("Action", [""])[0] if form else ""
        return target or behind or action or f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        """Whether it changes something in the account."""
        if self.name != f"{self.method} {self.path}":
            return not self.name.startswith(_READING)
        return self.method not in {"GET", "HEAD"} and not _INVOKED.match(self.path)
