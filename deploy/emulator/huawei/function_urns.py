"""The names of functions, `urn:fss:<region>:<project>:function:<package>:<name>[:<version>|:!<alias>]` (huawei.md, 3.1), read and written. Pure.

This file knows the form; whether there is such a function is functions_kept.py's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Keys

LATEST = "latest"
_FORM = re.compile(r"urn:fss:([^:]+):([^:]+):function:([^:]+):([^:!]+)(?::(?:!([^:!]+)|([^:!]+)))?")


class Urn(NamedTuple):
    """What a URN says: `version` and `alias` are "" if it has none; it never has both."""

    package: str
    name: str
    version: str = ""
    alias: str = ""

    @property
    def suffix(self) -> str:
        """What stands behind the name: "", "v1" or "!live"."""
        return f"!{self.alias}" if self.alias else self.version


def parse(text: str, keys: Keys) -> Urn:
    """Return what a URN says. Raises Refused: another form, region or project is FSS.1309."""
    found = _FORM.fullmatch(text)
    if found is None or (found[1], found[2]) != (keys.region, keys.project):
        raise Refused(400, "FSS.1309", "The function URN is invalid.")
    return Urn(found[3], found[4], found[6] or "", found[5] or "")


def write(keys: Keys, package: str, name: str, suffix: str = "") -> str:
    """Return the URN."""
    plain = f"urn:fss:{keys.region}:{keys.project}:function:{package}:{name}"
    return f"{plain}:{suffix}" if suffix else plain
