"""What browsers get of the emulated OBS, without a signature: objects at a bucket's own host, pages at its website's and at bound domains.

At the hosts that the cloud gives a bucket, everything comes as an attachment: a browser saves the page instead of showing it. Only a custom domain
shows it (huawei.md, 3.3). Left out: DNS, ICP filings, HTTPS, and websites that redirect.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deploy.emulator.huawei import obs_objects, obs_policy
from deploy.emulator.huawei.obs_asked import done, missing
from deploy.emulator.huawei.wire import Answered, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deploy.emulator.huawei.obs_asked import Ask
    from deploy.emulator.huawei.obs_kept import Bucket, Rule
    from deploy.emulator.huawei.wire import Asked

_ATTACHED = {"content-disposition": "attachment"}
_INSECURE = (".apk", ".ipa")


def show(ask: Ask) -> Answered:
    """Return what a browser sees. Raises Refused."""
    kind, asked = ask.place.kind, ask.asked
    if kind == "service":
        raise _denied()
    bucket = ask.kept.bound(ask.place.bucket) if kind == "domain" else ask.bucket
    if asked.method == "OPTIONS":
        return _preflight(bucket, asked)
    if asked.method not in {"GET", "HEAD"}:
        raise _denied() if kind == "bucket" else Refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    answered = _object(ask, bucket, ask.place.key) if kind == "bucket" else _page(ask, bucket)
    attached = {} if kind == "domain" else _ATTACHED
    return answered._replace(headers={**answered.headers, **attached, **_shared(bucket.cors, asked)})


def _page(ask: Ask, bucket: Bucket) -> Answered:
    """Return a website's page: the index of a folder, and the error document for what is refused."""
    if bucket.website is None:
        raise missing("WebsiteConfiguration", "The specified bucket does not have a website configuration.")
    key = ask.place.key
    try:
        return _object(ask, bucket, key + bucket.website.first if not key or key.endswith("/") else key)
    except Refused as refused:
        error = bucket.objects.get(bucket.website.error)
        if error is None or not _readable(bucket, bucket.website.error):
            raise
        return Answered(refused.status, error.headers, error.body)


def _object(ask: Ask, bucket: Bucket, key: str) -> Answered:
    if not key or not _readable(bucket, key):
        raise _denied()
    if ask.place.kind != "domain" and key.endswith(_INSECURE):
        raise Refused(400, "InsecureDownloadForbidden", "This file type is not downloaded from the bucket's own domain names.")
    return obs_objects.serve(obs_objects.find(bucket, key), ask.asked)


def _readable(bucket: Bucket, key: str) -> bool:
    """Say whether everybody may read a key. A bucket's list counts for its objects only where they inherit it."""
    effects = obs_policy.effects(bucket.statements, "GetObject", f"{bucket.name}/{key}")
    listed = key in bucket.objects and bucket.objects[key].acl in obs_objects.PUBLIC
    return "Deny" not in effects and (listed or bucket.acl.endswith("-delivered") or "Allow" in effects)


def _preflight(bucket: Bucket, asked: Asked) -> Answered:
    method = asked.headers.get("access-control-request-method", "")
    wanted = [name.strip() for name in asked.headers.get("access-control-request-headers", "").split(",") if name.strip()]
    if not method or "origin" not in asked.headers:
        raise Refused(400, "BadRequest", "Insufficient information. Origin and Access-Control-Request-Method are needed.")
    rules = [rule for rule in bucket.cors if all(_like(rule.headers, name) for name in wanted)]
    headers = _shared(rules, asked._replace(method=method))
    if not headers:
        raise Refused(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
    return done(200, {**headers, **({"access-control-allow-headers": ", ".join(wanted)} if wanted else {})})


def _shared(rules: Iterable[Rule], asked: Asked) -> Mapping[str, str]:
    """Return what lets a page of another origin read an answer: what the first rule says that fits."""
    origin = asked.headers.get("origin", "")
    rule = next((one for one in rules if origin and asked.method in one.methods and _like(one.origins, origin)), None)
    if rule is None:
        return {}
    said = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": ", ".join(rule.methods),
        "access-control-expose-headers": ", ".join(rule.exposed),
        "access-control-max-age": rule.seconds,
        "vary": "Origin",
    }
    return {name: value for name, value in said.items() if value}


def _like(patterns: Iterable[str], what: str) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), what, re.IGNORECASE) for one in patterns)


def _denied() -> Refused:
    return Refused(403, "AccessDenied", "Access Denied")
