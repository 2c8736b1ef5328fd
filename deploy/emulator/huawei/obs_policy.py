"""Bucket policies of OBS: what one must look like, and what it lets everybody do. Pure.

Only what everybody (`*`) may do is asked here, as the account's own key may do everything. Conditions and the Not… forms are refused as not
implemented: an emulator that overlooked them would let a page be read that the cloud does not show.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.obs_asked import unsupported
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LARGEST = 20 * 1024
_MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource"}
_NOT_HERE = {"Condition", "NotPrincipal", "NotAction", "NotResource"}
_ACTIONS = (
    "GetObject GetObjectVersion PutObject DeleteObject DeleteObjectVersion GetObjectAcl PutObjectAcl GetObjectVersionAcl PutObjectVersionAcl "
    "ListMultipartUploadParts AbortMultipartUpload ListBucket ListBucketVersions HeadBucket DeleteBucket GetBucketLocation GetBucketStorage "
    "GetBucketAcl PutBucketAcl GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketWebsite PutBucketWebsite DeleteBucketWebsite "
    "GetBucketCORS PutBucketCORS GetBucketLogging PutBucketLogging GetBucketVersioning PutBucketVersioning GetLifecycleConfiguration "
    "PutLifecycleConfiguration GetBucketNotification PutBucketNotification GetBucketCustomDomainConfiguration PutBucketCustomDomainConfiguration "
    "DeleteBucketCustomDomainConfiguration ListBucketMultipartUploads"
)


def statements(body: bytes, bucket: str) -> tuple[Mapping[str, Any], ...]:
    """Return what a policy for this bucket says. Raises Refused: MalformedPolicy, or NotImplemented."""
    if len(body) > _LARGEST:
        raise _malformed(f"it is larger than {_LARGEST} bytes")
    try:
        document = json.loads(body)
    except ValueError:
        raise _malformed("it is no JSON") from None
    found = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise _malformed("it has no list of statements")
    for one in found:
        _check(one, bucket)
    return tuple(found)


def effects(said: Iterable[Mapping[str, Any]], action: str, resource: str) -> set[str]:
    """Return what a policy says to everybody who does this: Allow, Deny, both or nothing. What one statement denies, no other allows."""
    return {one["Effect"] for one in said if _fits(one, action, resource)}


def _check(one: Mapping[str, Any], bucket: str) -> None:
    if here := _NOT_HERE & set(one):
        raise unsupported(f"a policy with {', '.join(sorted(here))}")
    if strange := set(one) - _MEMBERS:
        raise _malformed(f"unknown: {', '.join(sorted(map(str, strange)))}")
    if one.get("Effect") not in {"Allow", "Deny"}:
        raise _malformed("Effect is Allow or Deny")
    if not _names(_principal(one)):
        raise _malformed("Principal is missing")
    actions = _names(one.get("Action"))
    if not actions or not all(any(fnmatchcase(known, action) for known in _ACTIONS.split()) for action in actions):
        raise _malformed("an action is missing or unknown")
    resources = _names(one.get("Resource"))
    if not resources or not all(resource == bucket or resource.startswith(f"{bucket}/") for resource in resources):
        raise _malformed("a resource is missing or is not this bucket's")


def _fits(one: Mapping[str, Any], action: str, resource: str) -> bool:
    def among(value: Any, what: str) -> bool:
        return any(fnmatchcase(what, pattern) for pattern in _names(value))

    return "*" in _names(_principal(one)) and among(one["Action"], action) and among(one["Resource"], resource)


def _principal(one: Mapping[str, Any]) -> Any:
    found = one.get("Principal")
    return found.get("ID") if isinstance(found, dict) else None


def _names(value: Any) -> list[str]:
    # One name may stand alone; what is neither is no name at all.
    names = [value] if isinstance(value, str) else value
    return names if isinstance(names, list) and all(isinstance(name, str) and name for name in names) else []


def _malformed(why: str) -> Refused:
    return Refused(400, "MalformedPolicy", f"Policy is malformed: {why}.")
