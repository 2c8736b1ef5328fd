"""The management APIs of the emulated Huawei Cloud on one port: every request is verified, and handed to the service that its path names.

This file knows the order (service, signature, project, operation, body) and no service's words. To add a service, add its line to `SERVICES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from deploy.emulator.huawei import signing, wire
from deploy.emulator.huawei.wire import Answered, Codes, Refused, Service
from functions.shared import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.wire import Asked

#: The modules whose SERVICE is one.
SERVICES = ("functiongraph", "apig", "iam", "lts", "ces")
_NOBODYS = Codes("APIGW.0201", "APIGW.0301", "APIGW.0302", "APIGW.0101", "APIGW.0201")
_LARGEST = 70 * 1024 * 1024


class Control:
    """The management APIs of one account: call it with a request, from any thread."""

    def __init__(self, account: Account, services: Sequence[str] = SERVICES) -> None:
        self._account = account
        self._services = [cast("Service", import_module(f"deploy.emulator.huawei.{name}").SERVICE) for name in services]

    def __call__(self, asked: Asked) -> Answered:
        """Return the answer. Whatever it is, it is one."""
        self._account.begin(b" ".join([asked.method.encode(), asked.path.encode(), asked.query.encode(), asked.body]))
        request_id = self._account.new_id()
        try:
            answered = self._answer(asked)
        except Refused as refused:
            answered = wire.refusal(refused, request_id)
        except Exception as error:  # noqa: BLE001 - the outermost frame: the caller gets an answer and the log its place
            log.line({"emulator": "failed", "path": asked.path, **log.fault(error)})
            answered = wire.refusal(Refused(500, "EMULATOR.0500", f"The emulator itself failed: {type(error).__name__}"), request_id)
        return answered._replace(headers={"X-Request-Id": request_id, **answered.headers})

    def _answer(self, asked: Asked) -> Answered:
        service = next((one for one in self._services if one.owns(asked.path)), None)
        codes = service.codes if service else _NOBODYS
        keys = self._account.keys
        signing.verify(asked, keys, now=self._account.clock(), code=codes.unsigned)
        found = service.find(asked) if service else None
        if found is None:
            raise Refused(404, codes.unknown, "The API does not exist or has not been published in the environment")
        operation, names = found
        if names.get("project", keys.project) != keys.project:
            raise Refused(403, codes.forbidden, "The project does not belong to this access key")
        if len(asked.body) > _LARGEST:
            raise Refused(413, codes.too_large, "The request body is too large")
        call = wire.call(asked, names, codes)
        if operation.slow:
            return operation.do(self._account, call)
        with self._account.lock:
            return operation.do(self._account, call)
