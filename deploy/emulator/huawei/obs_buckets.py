"""What one may do with a bucket of the emulated OBS: make, list and delete it, say who may read it, and bind domains (huawei.md, 3.3).

This file knows these operations and no object. What else a bucket is configured with is obs_configuration.py's. The codes that the contract does
not name (CustomDomainAreadyExist, NoSuchCustomDomain, BadDomainName) are those of OBS's public table of errors, with its spelling.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from deploy.emulator.huawei import obs_xml
from deploy.emulator.huawei.obs_asked import AWS, check_digest, check_headers, check_name, check_size, done, missing, unsupported
from deploy.emulator.huawei.obs_kept import PRIVATE, Bucket, Domain
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.obs_asked import Ask
    from deploy.emulator.huawei.obs_xml import Content
    from deploy.emulator.huawei.wire import Answered

#: What each canned list of a bucket grants everybody, and whether its objects inherit it.
_GRANTS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    PRIVATE: ((), False),
    "public-read": (("READ",), False),
    "public-read-write": (("READ", "WRITE"), False),
    "public-read-delivered": (("READ",), True),
    "public-read-write-delivered": (("READ", "WRITE"), True),
}
_CREATION = frozenset({"Location", "LocationConstraint"})
_DOMAINS = 30
_DOMAIN = re.compile(r"(?=.{4,256}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_CLOUDS_OWN = ".myhuaweicloud.com"
_CERTIFICATE_BYTES = 40 * 1024
_TOLD = {"Name", "CertificateId", "CertificateType"}
_CERTIFICATE = frozenset({*_TOLD, "Certificate", "CertificateChain", "PrivateKey", "ENCCertificate", "ENCPrivateKey", "DeleteCertificate"})


def list_all(ask: Ask) -> Answered:
    """List the buckets."""
    buckets: Content = [
        ("Bucket", [("Name", one.name), ("CreationDate", moment(one.made)), ("Location", ask.kept.region), ("BucketType", "OBJECT")])
        for _, one in sorted(ask.kept.all.items())
    ]
    return obs_xml.answer("ListAllMyBucketsResult", [("Owner", [("ID", ask.kept.owner)]), ("Buckets", buckets)])


def create(ask: Ask) -> Answered:
    """Make a bucket, or find it made: the same owner may ask again. Raises Refused."""
    name = ask.place.bucket
    check_name(name)
    check_headers(ask, {"acl", "storage-class"})
    if _location(ask) != ask.kept.region:
        raise Refused(400, "IllegalLocationConstraintException", "The location constraint is incompatible for the region specific endpoint.")
    if name in ask.kept.others:
        raise Refused(409, "BucketAlreadyExists", "The requested bucket name is not available.")
    acl = _canned(ask) if ask.header("acl") else PRIVATE
    ask.kept.all.setdefault(name, Bucket(name, ask.account.clock(), acl))
    return done(200, {"location": f"/{name}"})


def head(ask: Ask) -> Answered:
    """Say that a bucket is there. Raises Refused."""
    ask.kept.find(ask.place.bucket)
    return done(200, {"x-obs-bucket-location": ask.kept.region})


def delete(ask: Ask) -> Answered:
    """Delete an empty bucket. Raises Refused."""
    if ask.bucket.objects:
        raise Refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
    del ask.kept.all[ask.place.bucket]
    return done(204)


def location(ask: Ask) -> Answered:
    """Say where a bucket is. Raises Refused."""
    ask.kept.find(ask.place.bucket)
    if ask.place.dialect is AWS:
        return obs_xml.answer("CreateBucketConfiguration", [("LocationConstraint", ask.kept.region)])
    return obs_xml.answer("Location", ask.kept.region)


def set_acl(ask: Ask) -> Answered:
    """Set one of the canned lists of who may read. Raises Refused."""
    bucket = ask.bucket
    if ask.asked.body:
        raise unsupported("an access control list in the body")
    bucket.acl = _canned(ask)
    return done()


def get_acl(ask: Ask) -> Answered:
    """Say who may read."""
    if ask.place.dialect is AWS:
        raise unsupported("reading an access control list in the older dialect")
    permissions, inherited = _GRANTS[ask.bucket.acl]
    owner: Content = [("ID", ask.kept.owner)]
    everybody = [_grant([("Canned", "Everyone")], permission, str(inherited).lower()) for permission in permissions]
    return obs_xml.answer("AccessControlPolicy", [("Owner", owner), ("AccessControlList", [_grant(owner, "FULL_CONTROL", "false"), *everybody])])


def bind(ask: Ask) -> Answered:
    """Bind a domain to a bucket, with or without a certificate. Raises Refused; with a certificate it may be bound already."""
    bucket, domain = ask.bucket, (ask.query["customdomain"] or "").lower()
    if not _DOMAIN.fullmatch(domain) or domain.endswith(_CLOUDS_OWN):
        raise Refused(400, "BadDomainName", "The domain name is invalid.")
    certificate = _certificate(ask)
    owner = next((one for one in ask.kept.all.values() if domain in one.domains), None)
    if owner is not None and (owner is not bucket or not certificate):
        raise Refused(400, "CustomDomainAreadyExist", "The configured domain already exists.")
    if owner is None and len(bucket.domains) >= _DOMAINS:
        raise Refused(400, "InvalidRequest", f"A bucket has at most {_DOMAINS} custom domains.")
    bucket.domains[domain] = Domain(ask.account.clock(), certificate)
    return done()


def domains(ask: Ask) -> Answered:
    """List the domains that are bound to a bucket. Of a certificate only its names are told."""
    found = ask.bucket.domains
    if not found and ask.account.switches.refuses_no_domains:
        raise missing("CustomDomain", "The specified custom domain is not configured.")
    rows = [("Domains", [("DomainName", name), ("CreateTime", moment(one.bound)), *one.certificate.items()]) for name, one in found.items()]
    return obs_xml.answer("ListBucketCustomDomainsResult", rows)


def unbind(ask: Ask) -> Answered:
    """Take a domain from a bucket. Raises Refused when it is not bound to it."""
    if ask.bucket.domains.pop((ask.query["customdomain"] or "").lower(), None) is None:
        raise missing("CustomDomain", "The specified custom domain is not configured.")
    return done(204)


def moment(seconds: float) -> str:
    """Return a time as OBS's XML has it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _location(ask: Ask) -> str:
    if not ask.asked.body:
        return ""
    found = obs_xml.read(ask.asked.body, "CreateBucketConfiguration", allowed=_CREATION)
    return obs_xml.text(found, "LocationConstraint" if ask.place.dialect is AWS else "Location")


def _grant(whom: Content, permission: str, inherited: str) -> tuple[str, Content]:
    return "Grant", [("Grantee", whom), ("Permission", permission), ("Delivered", inherited)]


def _canned(ask: Ask) -> str:
    acl = ask.header("acl")
    if acl not in _GRANTS or (ask.place.dialect is AWS and acl.endswith("-delivered")):
        raise Refused(400, "InvalidArgument", f"The access control list is none of the canned ones: {acl!r}")
    return acl


def _certificate(ask: Ask) -> Mapping[str, str]:
    if not ask.asked.body:
        return {}
    check_size(ask.asked, _CERTIFICATE_BYTES)
    check_digest(ask.asked, wanted=True)
    found = obs_xml.read(ask.asked.body, "CustomDomainConfiguration", allowed=_CERTIFICATE)
    if not 3 <= len(obs_xml.text(found, "Name")) <= 63:
        raise obs_xml.malformed()
    if "BEGIN CERTIFICATE" not in obs_xml.text(found, "Certificate") or "PRIVATE KEY" not in obs_xml.text(found, "PrivateKey"):
        raise Refused(400, "InvalidArgument", "The certificate or its private key is not in PEM format.")
    return {name: said for name in sorted(_TOLD) if (said := obs_xml.text(found, name))}
