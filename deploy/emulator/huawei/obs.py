"""OBS of the emulated Huawei Cloud: a request's host tells the bucket, its signature the owner, and what has none is a browser (huawei.md, 3.3).

This file knows the order (place, signature, operation) and the table of operations; to add an operation, add its line. Answers are called by
serving.py, for which this is one function from a request to an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.emulator.huawei import obs_asked, obs_buckets, obs_configuration, obs_objects, obs_signing, obs_web, obs_xml
from deploy.emulator.huawei.obs_asked import Ask
from deploy.emulator.huawei.obs_kept import Buckets
from deploy.emulator.huawei.wire import Answered, Refused
from functions.shared import log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.wire import Asked

#: By what is asked for: the service, a bucket or an object, and the parameter that names a part of it.
_OPERATIONS: Mapping[tuple[str, str, str], Callable[[Ask], Answered]] = {
    ("GET", "service", ""): obs_buckets.list_all,
    ("PUT", "bucket", ""): obs_buckets.create,
    ("HEAD", "bucket", ""): obs_buckets.head,
    ("DELETE", "bucket", ""): obs_buckets.delete,
    ("GET", "bucket", "location"): obs_buckets.location,
    ("PUT", "bucket", "acl"): obs_buckets.set_acl,
    ("GET", "bucket", "acl"): obs_buckets.get_acl,
    ("PUT", "bucket", "customdomain"): obs_buckets.bind,
    ("GET", "bucket", "customdomain"): obs_buckets.domains,
    ("DELETE", "bucket", "customdomain"): obs_buckets.unbind,
    ("PUT", "bucket", "policy"): obs_configuration.set_policy,
    ("GET", "bucket", "policy"): obs_configuration.get_policy,
    ("DELETE", "bucket", "policy"): obs_configuration.delete_policy,
    ("PUT", "bucket", "website"): obs_configuration.set_website,
    ("GET", "bucket", "website"): obs_configuration.get_website,
    ("DELETE", "bucket", "website"): obs_configuration.delete_website,
    ("PUT", "bucket", "cors"): obs_configuration.set_cors,
    ("GET", "bucket", "cors"): obs_configuration.get_cors,
    ("DELETE", "bucket", "cors"): obs_configuration.delete_cors,
    ("GET", "bucket", ""): obs_objects.list_some,
    ("POST", "bucket", "delete"): obs_objects.delete_some,
    ("PUT", "object", ""): obs_objects.put,
    ("GET", "object", ""): obs_objects.get,
    ("HEAD", "object", ""): obs_objects.get,
    ("DELETE", "object", ""): obs_objects.delete,
}
#: What the SDK asks for before it signs, unsigned: from 3.0 on it speaks OBS's own dialect (huawei.md, 4.3).
_VERSION = {"x-obs-api": "3.0"}


class Obs:
    """OBS of one account: call it with a request, from any thread."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, asked: Asked) -> Answered:
        """Return the answer. Whatever it is, it is one."""
        self._account.begin(b" ".join([asked.method.encode(), asked.host.encode(), asked.path.encode(), asked.query.encode(), asked.body]))
        request_id = self._account.new_id().upper()
        try:
            with self._account.lock:
                answered = self._answer(asked)
        except Refused as refused:
            answered = _refusal(refused, request_id)
        except Exception as error:  # noqa: BLE001 - the outermost frame: the caller gets an answer and the log its place
            log.line({"emulator": "failed", "path": asked.path, **log.fault(error)})
            answered = _refusal(Refused(500, "InternalError", f"The emulator itself failed: {type(error).__name__}"), request_id)
        return answered._replace(headers={"x-obs-request-id": request_id, "server": "OBS", **answered.headers})

    def _answer(self, asked: Asked) -> Answered:
        keys = self._account.keys
        place = obs_asked.place(asked, keys.region)
        ask = Ask(self._account, self._account.kept(Buckets), asked, place, obs_asked.parameters(asked.query))
        if asked.method == "HEAD" and "apiversion" in ask.query and place.kind in {"service", "bucket"}:
            return _greet(ask)
        if place.kind in {"website", "domain"} or "authorization" not in asked.headers:
            return obs_web.show(ask)
        obs_signing.verify(asked, place, keys, now=self._account.clock())
        return _operation(ask)(ask)


def _greet(ask: Ask) -> Answered:
    name = ask.place.bucket
    if name and name not in ask.kept.others and name not in ask.kept.all:
        raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
    return obs_asked.done(200, _VERSION)


def _operation(ask: Ask) -> Callable[[Ask], Answered]:
    target = "object" if ask.place.key else ask.place.kind
    parts = [name for name in ask.query if obs_signing.signed(name) or name == "customdomain"]
    found = _OPERATIONS.get((ask.asked.method, target, parts[0] if parts else ""))
    if len(parts) > 1 or (parts and not found):
        raise obs_asked.unsupported(", ".join(parts))
    if found is None:
        raise Refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    return found


def _refusal(refused: Refused, request_id: str) -> Answered:
    content = [("Code", refused.code), ("Message", refused.message), ("RequestId", request_id), ("HostId", request_id[::-1])]
    return obs_xml.answer("Error", content, refused.status)
