"""The page as the emulated CloudFront or the bucket's own website serves it: what S3 keeps, to whom its policy lets it be read.

There is one page: of the stage whose index.html was written last. This file knows how moto keeps S3 and CloudFront; what is wrong with bucket,
policy, origin access control or headers policy shows here as it would in the cloud. Left out: CloudFront's caches, its HTTPS and its domain names,
and of the security headers those that only HTTPS has. To serve another one, add it to `_security`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from aiohttp import web
from moto.cloudfront.models import cloudfront_backends
from moto.s3.models import s3_backends

from deploy.emulator.aws.policies import Asked, allows
from deploy.emulator.aws.stored import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiohttp.typedefs import Handler

_INDEX = "index.html"
_BUCKET = re.compile(r"(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?")
_SUFFIX = re.compile(rb"<Suffix>([^<]+)</Suffix>")
_KEPT = ("content-type", "cache-control", "content-encoding")
_DENIED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'


class Site(NamedTuple):
    """Where a page is read from: a bucket, through a distribution or, with None, as a website; `first` is what is shown at /."""

    bucket: Any
    distribution: Any | None
    first: str


def pages() -> web.Application:
    """Return the application that serves what is deployed now."""

    # A middleware that never calls on: paths are keys in a bucket, and nothing else.
    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001 - see above
        return _answer(site(), unquote(request.raw_path.partition("?")[0]), request.method)

    return web.Application(middlewares=[handle])


def site() -> Site | None:
    """Return the page of the stage that was deployed last, or None when there is none."""
    written = [(found.bucket.keys[_INDEX].last_modified, number, found) for number, found in enumerate(_sites()) if _INDEX in found.bucket.keys]
    return max(written)[2] if written else None


def _sites() -> Iterator[Site]:
    buckets: dict[str, Any] = s3_backends[ACCOUNT]["aws"].buckets
    for bucket in list(buckets.values()):
        suffix = _SUFFIX.search(bucket.website_configuration or b"")
        if suffix:
            yield Site(bucket, None, suffix[1].decode())
    distributions: dict[str, Any] = cloudfront_backends[ACCOUNT]["aws"].distributions
    for one in list(distributions.values()):
        origin = _BUCKET.fullmatch(_origin(one).domain_name)
        if origin and origin[1] in buckets and one.distribution_config.Enabled:
            yield Site(buckets[origin[1]], one, one.distribution_config.DefaultRootObject)


def _origin(distribution: Any) -> Any:
    wanted = distribution.distribution_config.DefaultCacheBehavior.target_origin_id
    return next(one for one in distribution.distribution_config.Origins["Items"] if one.id == wanted)


def _answer(found: Site | None, path: str, method: str) -> web.Response:
    if found is None:
        return web.Response(status=404, text="Nothing is deployed here yet: `python -m deploy apply` does it.\n")
    key = path.removeprefix("/") + (found.first if path == "/" or (path.endswith("/") and found.distribution is None) else "")
    headers = _headers(found.distribution)
    # Whoever may not list a bucket is not told what is absent, either: it is 403 for both.
    if method not in {"GET", "HEAD"} or key not in found.bucket.keys or not _readable(found, key):
        return web.Response(status=403, text=_DENIED, content_type="application/xml", headers=headers)
    kept = found.bucket.keys[key]
    about = {name: value for name, value in kept.metadata.items() if name.lower() in _KEPT}
    return web.Response(body=kept.value, headers={**about, "etag": kept.etag, **headers})


def _readable(found: Site, key: str) -> bool:
    """Say whether the bucket's policy lets the distribution read, or everybody where the distribution signs nothing."""
    statements, file = json.loads(found.bucket.policy or "{}").get("Statement", []), f"arn:aws:s3:::{found.bucket.name}/{key}"
    if found.distribution is not None and _signs(found.distribution):
        return allows(statements, Asked("cloudfront.amazonaws.com", "s3:GetObject", file, {"aws:sourcearn": found.distribution.arn}))
    blocked = found.bucket.public_access_block
    return not (blocked and blocked.restrict_public_buckets) and allows(statements, Asked("", "s3:GetObject", file, {}))


def _signs(distribution: Any) -> bool:
    controls: dict[str, Any] = cloudfront_backends[ACCOUNT]["aws"].origin_access_controls
    control = controls.get(_origin(distribution).origin_access_control_id)
    return control is not None and control.signing_behavior == "always"


def _headers(distribution: Any | None) -> dict[str, str]:
    """Return what the distribution's headers policy adds to every answer."""
    if distribution is None:
        return {}
    policies = vars(cloudfront_backends[ACCOUNT]["aws"]).get("headers_policies", {})
    policy = policies.get(distribution.distribution_config.DefaultCacheBehavior.response_headers_policy_id, {})
    configuration = policy.get("ResponseHeadersPolicyConfig", {})
    custom = {one["Header"]: one["Value"] for one in (configuration.get("CustomHeadersConfig") or {}).get("Items") or []}
    return {**custom, **_security(configuration.get("SecurityHeadersConfig") or {})}


def _security(configuration: Mapping[str, Any]) -> dict[str, str]:
    words = {
        "content-security-policy": configuration.get("ContentSecurityPolicy", {}).get("ContentSecurityPolicy"),
        "referrer-policy": configuration.get("ReferrerPolicy", {}).get("ReferrerPolicy"),
        "x-content-type-options": "nosniff" if "ContentTypeOptions" in configuration else None,
        "x-frame-options": configuration.get("FrameOptions", {}).get("FrameOption"),
    }
    return {name: value for name, value in words.items() if value}
