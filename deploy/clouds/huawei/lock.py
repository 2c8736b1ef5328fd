"""The deployer's lock on Huawei Cloud, where nothing can be written on a condition (huawei.md, 6): a create-once resource.

It is an alias of a small function of its own. A version leads from one alias only (FSS.1066), so of two who make one at once a single one does; and
every holding has a new name, so whoever deletes a dead one's alias by its name knows that nobody else did. What is left open: one that comes
back to life in the very moment in which its lock is taken for dead may renew it, and be at work until it renews again.
"""

from __future__ import annotations

import base64
import secrets
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deploy.clouds.huawei.compute import ABSENT
from deploy.lock import Held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.clouds.huawei.account import Account

_NAME, _VERSION = "lock", "1"
_TAKEN = ("FSS.1063", "FSS.1066", "FSS.0409")
_SOURCE = 'def handler(event, context):\n    return {"statusCode": 404, "headers": {}, "body": "", "isBase64Encoded": False}\n'


def there(account: Account) -> bool:
    """Say whether there is a function that a lock can hang on."""
    found = account.find("fgs", "list_function_versions", ABSENT, function_urn=account.names.urn(_NAME))
    return found is not None and _VERSION in {one["version"] for one in found["versions"]}


def put(account: Account) -> None:
    """Make what the lock hangs on: a function that nobody calls, and its one version."""
    about = {
        "func_name": account.names.function(_NAME),
        "package": "default",
        "type": "v2",
        "runtime": "Python3.10",
        "timeout": 3,
        "handler": "index.handler",
        "memory_size": 128,
        "code_type": "inline",
        "func_code": {"file": base64.b64encode(_SOURCE.encode()).decode("ascii")},
        "description": "Nobody calls it: its alias says which deployer is at work.",
    }
    account.find("fgs", "create_function", ("FSS.1061",), body=about)
    account.find("fgs", "create_function_version", ("FSS.1062", "FSS.1016"), function_urn=account.names.urn(_NAME), body={"version": _VERSION})


def delete(account: Account) -> None:
    """Delete it, and with it every lock."""
    account.find("fgs", "delete_function", ABSENT, function_urn=account.names.urn(_NAME))


def read(account: Account) -> Held | None:
    """Return the deployer's lock."""
    listed = account.find("fgs", "list_version_aliases", ABSENT, function_urn=account.names.urn(_NAME))
    if not listed:
        return None
    (held, *_) = listed
    return Held(held["description"].partition(" ")[2].encode(), held["name"], _age(held))


def write(account: Account, body: bytes, mark: str) -> str | None:
    """Renew a lock under its name, or take the place of the one that is marked; None if somebody else was faster."""
    urn = account.names.urn(_NAME)
    held = read(account)
    if mark and held is not None and held.mark == mark and held.body == body:
        again = account.find("fgs", "update_version_alias", ABSENT, function_urn=urn, alias_name=mark, body=_holding(body))
        return mark if again is not None else None
    if mark and not _deleted(account, mark):
        return None
    if not there(account):
        # Whoever made the bucket, beside which it should be, ended before it was made.
        put(account)
    name = f"h{secrets.token_hex(12)}"
    made = account.find("fgs", "create_version_alias", (*_TAKEN, *ABSENT), function_urn=urn, body={"name": name, **_holding(body)})
    if made is None:
        mine = read(account)
        # Made by a try whose answer was lost: nobody else could have drawn this name.
        return name if mine is not None and mine.mark == name else None
    return name


def drop(account: Account, mark: str) -> None:
    """Remove the lock; nobody else's has this name."""
    account.find("fgs", "delete_version_alias", ABSENT, function_urn=account.names.urn(_NAME), alias_name=mark)


def _holding(body: bytes) -> dict[str, Any]:
    return {"version": _VERSION, "description": f"{int(time.time())} {body.decode()}"}


def _deleted(account: Account, mark: str) -> bool:
    """Delete a lock by its name, and say whether it was there until now."""
    held = read(account)
    if held is None or held.mark != mark:
        return False
    return account.gone("fgs", "delete_version_alias", ABSENT, function_urn=account.names.urn(_NAME), alias_name=mark)


def _age(held: Mapping[str, Any]) -> float:
    """Return for how many seconds a lock has not been renewed: by its own word, or by the cloud's if that is younger.

    UNCONFIRMED: whether an update that changes nothing else refreshes `last_modified`, which is why the word is in the description. And of the two
    forms that the cloud's times have (huawei.md, 3.1) only one says its zone; the other may be hours off, so that it is not looked at.
    """
    renewed = held["description"].partition(" ")[0]
    moments = [float(renewed) if renewed.isdecimal() else 0.0]
    with suppress(ValueError):
        moments.append(datetime.strptime(held["last_modified"].replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z").timestamp())
    return max(0.0, time.time() - max(moments))
