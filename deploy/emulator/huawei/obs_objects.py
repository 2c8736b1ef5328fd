"""What one may do with the objects of a bucket: write, read, list and delete them (huawei.md, 3.3 and 6).

This file knows objects and no bucket's configuration. Left out: ranges, versions, uploads in parts, copies. Conditions on writing are refused, not
honoured: OBS has none (huawei.md, 6), so whoever builds a lock on them must fail here.
"""

from __future__ import annotations

import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING

from deploy.emulator.huawei import obs_xml
from deploy.emulator.huawei.obs_asked import check_digest, check_headers, done, missing, unsupported
from deploy.emulator.huawei.obs_buckets import moment
from deploy.emulator.huawei.obs_kept import PRIVATE, Stored
from deploy.emulator.huawei.wire import Answered, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.emulator.huawei.obs_asked import Ask
    from deploy.emulator.huawei.obs_kept import Bucket
    from deploy.emulator.huawei.wire import Asked

#: Lists of who may read a single object; the second and third are everybody's.
PUBLIC = {"public-read", "public-read-write"}
_LISTS = {PRIVATE, "bucket-owner-full-control", *PUBLIC}
_CLASSES = {"", "STANDARD", "WARM", "COLD"}
_CONDITIONS = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
_SERVED = ("content-type", "cache-control", "content-encoding", "content-language", "content-disposition", "expires")
_UNTYPED = "binary/octet-stream"
_KEY_BYTES = 1024
_META_BYTES = 8 * 1024
_MOST = 1000
_DELETION = frozenset({"Quiet", "EncodingType", "Object", "Key", "VersionId"})


def put(ask: Ask) -> Answered:
    """Write an object in the place of what was there: the last writer wins. Raises Refused."""
    bucket, asked = ask.bucket, ask.asked
    if said := _CONDITIONS & set(asked.headers):
        raise unsupported(", ".join(sorted(said)))
    check_headers(ask, {"acl", "storage-class", "meta-"})
    if len(ask.place.key.encode()) > _KEY_BYTES:
        raise Refused(400, "KeyTooLongError", "Your key is too long.")
    if ask.header("storage-class") not in _CLASSES:
        raise Refused(400, "InvalidStorageClass", "The storage class you specified is not valid.")
    acl = ask.header("acl") or PRIVATE
    if acl not in _LISTS:
        raise Refused(400, "InvalidArgument", f"The access control list is none of the canned ones: {acl!r}")
    check_digest(asked)
    etag = f'"{hashlib.md5(asked.body, usedforsecurity=False).hexdigest()}"'
    bucket.objects[ask.place.key] = Stored(asked.body, etag, _headers(ask), ask.account.clock(), acl)
    return done(200, {"etag": etag})


def get(ask: Ask) -> Answered:
    """Return an object; for HEAD the server leaves its body out. Raises Refused."""
    return serve(find(ask.bucket, ask.place.key), ask.asked)


def delete(ask: Ask) -> Answered:
    """Delete an object, if it is there."""
    ask.bucket.objects.pop(ask.place.key, None)
    return done(204)


def delete_some(ask: Ask) -> Answered:
    """Delete objects, whichever are there. Raises Refused."""
    bucket = ask.bucket
    check_digest(ask.asked, wanted=True)
    found = obs_xml.read(ask.asked.body, "Delete", allowed=_DELETION)
    if obs_xml.texts(found, "EncodingType") or obs_xml.texts(found, "Object/VersionId"):
        raise unsupported("EncodingType or VersionId")
    keys = [key.text or "" for key in found.findall("Object/Key")]
    if not 1 <= len(keys) <= _MOST or "" in keys:
        raise obs_xml.malformed()
    for key in keys:
        bucket.objects.pop(key, None)
    quiet = obs_xml.text(found, "Quiet") == "true"
    return obs_xml.answer("DeleteResult", [] if quiet else [("Deleted", [("Key", key)]) for key in keys])


def list_some(ask: Ask) -> Answered:
    """List a bucket's objects by name, so many at a time. Raises Refused."""
    bucket, query = ask.bucket, {name: value or "" for name, value in ask.query.items()}
    if query.get("encoding-type"):
        raise unsupported("encoding-type")
    most = query.get("max-keys") or str(_MOST)
    if not most.isdecimal() or not 1 <= int(most) <= _MOST:
        raise Refused(400, "InvalidArgument", f"max-keys is a number from 1 to {_MOST}.")
    prefix, marker, delimiter = query.get("prefix", ""), query.get("marker", ""), query.get("delimiter", "")
    names = [name for name in _names(bucket, prefix, delimiter) if name > marker]
    shown, more = names[: int(most)], len(names) > int(most)
    about = [("Name", bucket.name), ("Prefix", prefix), ("Marker", marker), ("Delimiter", delimiter), ("MaxKeys", most)]
    about += [("IsTruncated", str(more).lower()), *([("NextMarker", shown[-1])] if more else [])]
    contents = [("Contents", _row(name, bucket.objects[name], ask.kept.owner)) for name in shown if name in bucket.objects]
    groups = [("CommonPrefixes", [("Prefix", name)]) for name in shown if name not in bucket.objects]
    answered = obs_xml.answer("ListBucketResult", [*about, *contents, *groups])
    return answered._replace(headers={**answered.headers, "x-obs-bucket-location": ask.kept.region})


def find(bucket: Bucket, key: str) -> Stored:
    """Return an object. Raises Refused for none."""
    if key not in bucket.objects:
        raise missing("Key", "The specified key does not exist.")
    return bucket.objects[key]


def serve(stored: Stored, asked: Asked) -> Answered:
    """Return an object's answer: 304 for who has it already. Raises Refused when it is not the one that is asked for."""
    headers = {**stored.headers, "etag": stored.etag, "last-modified": formatdate(stored.written, usegmt=True)}
    if (wanted := asked.headers.get("if-match")) and not _among(stored.etag, wanted):
        raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
    if (had := asked.headers.get("if-none-match")) and _among(stored.etag, had):
        return done(304, {name: value for name, value in headers.items() if name in {"etag", "cache-control", "last-modified"}})
    return Answered(200, headers, stored.body)


def _headers(ask: Ask) -> Mapping[str, str]:
    headers, meta = ask.asked.headers, f"{ask.place.dialect.prefix}meta-"
    own = {name: value for name, value in headers.items() if name.startswith(meta)}
    if sum(len(name) - len(meta) + len(value) for name, value in own.items()) > _META_BYTES:
        raise Refused(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size.")
    return {"content-type": _UNTYPED, **{name: headers[name] for name in _SERVED if headers.get(name)}, **own}


def _names(bucket: Bucket, prefix: str, delimiter: str) -> Iterator[str]:
    """Yield keys in order, and each group of keys that are alike up to the delimiter once, by what they share."""
    last = None
    for key in sorted(key for key in bucket.objects if key.startswith(prefix)):
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        name = prefix + head + found if found else key
        if name != last:
            yield name
        last = name


def _row(name: str, stored: Stored, owner: str) -> obs_xml.Content:
    about = [("Key", name), ("LastModified", moment(stored.written)), ("ETag", stored.etag), ("Size", str(len(stored.body)))]
    return [*about, ("Owner", [("ID", owner)]), ("StorageClass", "STANDARD")]


def _among(etag: str, tags: str) -> bool:
    return tags.strip() == "*" or etag.strip('"') in {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
