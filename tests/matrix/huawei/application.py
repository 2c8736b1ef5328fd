"""A Huawei Cloud account as one application: the management APIs and OBS of deploy/emulator/huawei, told apart by the request's host.

Ids are drawn from the whole request and how often it came: the same run makes the same ids. To ask an account something new, add its line to `empty`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.obs import Obs
from deploy.emulator.huawei.wire import Answered, Asked
from tests.matrix.huawei import KEYS, inventory, laws
from tests.matrix.huawei.sound import Sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.matrix.cloud import Application


def empty() -> tuple[Application, Mapping[str, Callable[[Mapping[str, str]], Any]]]:
    """Return a new account, and what it can be asked about itself."""
    account = Account(KEYS, salt="matrix")
    account.kept(Functions).runs = account.kept(Sound)
    return _Huawei(account), {"listed": lambda _: inventory.listed(account), "loose": lambda _: laws.loose(account)}


class _Huawei:
    def __init__(self, account: Account) -> None:
        self._control, self._obs = Control(account), Obs(account)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked = _asked(environ)
        answer = self._obs if asked.host.endswith(".myhuaweicloud.com") else self._control
        answered: Answered = answer(asked)
        headers = [(name, str(value)) for name, value in answered.headers.items()]
        if "content-length" not in {name.lower() for name, _ in headers}:
            headers.append(("content-length", str(len(answered.body))))
        start(f"{answered.status} {HTTPStatus(answered.status).phrase}", headers)
        return [answered.body if asked.method != "HEAD" else b""]


def _asked(environ: dict[str, Any]) -> Asked:
    """Return the request as it was sent: a signature is over the path in its percent-encoding."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers |= {name.replace("_", "-").lower(): environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    path, _, query = environ["REQUEST_URI"].partition("?")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return Asked(environ["REQUEST_METHOD"], headers.get("host", ""), path or "/", query, headers, body)
