"""What may become of a function's versions: published when something has changed, then frozen, deleted unless an alias needs it (huawei.md, 3.1).

This file knows the rules of versions; an alias's own are function_aliases.py's.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.fields import Rule, Text, read
from deploy.emulator.huawei.function_urns import LATEST
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Function, Snapshot

#: The latest one is counted, too (1.6).
VERSIONS = 20
_RULES: Mapping[str, Rule] = {
    "version": Text("FSS.1015", r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,40}[A-Za-z0-9])?"),
    "description": Text("FSS.1019", r"(?s).{0,512}"),
    "digest": Text("FSS.1012"),
}


def publish(account: Account, found: Function, document: Mapping[str, Any]) -> Snapshot:
    """Freeze the latest version under a name, and return it. Raises Refused."""
    wanted = read(document, _RULES)
    now = account.clock()
    name = wanted.get("version") or time.strftime("v%Y%m%d-%H%M%S", time.gmtime(now))
    if name == LATEST:
        raise Refused(400, "FSS.1015", "A version cannot be called latest.")
    if name in found.versions:
        raise Refused(409, "FSS.1062", "The version already exists.")
    if wanted.get("digest") not in {None, "", hashlib.md5(found.latest.code.uploaded, usedforsecurity=False).hexdigest()}:
        raise Refused(400, "FSS.1012", "The digest is not that of the code.")
    state = found.latest.unpublished(settings=account.switches.publishes_configuration)
    if found.published == state:
        raise Refused(400, "FSS.1016", "The function has not changed since it was last published.")
    if len(found.versions) >= VERSIONS:
        # The code for this quota is UNCONFIRMED.
        raise Refused(403, "FSS.0403", "There are too many versions.")
    found.versions[name] = found.latest._replace(version=name, description=wanted.get("description", ""), modified=now)
    found.published = state
    return found.versions[name]


def delete(found: Function, version: str) -> None:
    """Forget a version, and every alias of which it is the main one. Raises Refused."""
    if version == LATEST:
        raise Refused(400, "FSS.1015", "The latest version cannot be deleted alone.")
    if version not in found.versions:
        raise Refused(404, "FSS.1052", "The version does not exist.")
    others = [one for one in found.aliases.values() if one.version != version]
    if any(version in one.additional for one in others):
        raise Refused(403, "FSS.1094", "The version is the additional version of an alias.")
    found.aliases = {one.name: one for one in others}
    del found.versions[version]
