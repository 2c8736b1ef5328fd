"""What is kept on Huawei Cloud: the page's files in OBS, and where the bucket itself serves them (huawei.md, 3.3).

This file knows OBS's keys; it must not know a function's. A bucket's own addresses make browsers download what they should show, so the page is
for people only under a domain of the owner's.
"""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from obs import DeleteObjectsRequest, IndexDocument, Object, ObsClient, PutObjectHeader, WebsiteConfiguration

from deploy import site
from deploy.clouds import DeployError
from deploy.steps import Bucket, Domain, Index, Readers, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.huawei.account import Account
    from deploy.steps import Thing

_INDEX = "index.html"
_RELEASE = "release"
_MANY = 1000

_ADVICE = {
    "AccessDenied": "these keys may not do that. Give them the rights that docs/huawei.md lists, or use others.",
    "BucketAlreadyExists": "somebody else has a bucket of that name. Choose another stage name with --stage.",
    "CustomDomainAreadyExist": "another bucket has this domain. Unbind it there, or choose another `domain` under [site] in twocan.toml.",
    "Forbidden": "somebody else has a bucket of that name, or these keys may not see it. Check the keys, or choose another stage name with --stage.",
    "InvalidAccessKeyId": "the cloud does not know these keys. Check HUAWEICLOUD_SDK_AK.",
    "RequestTimeTooSkewed": "this machine's clock is off by more than a quarter of an hour. Set it, then try again.",
    "SignatureDoesNotMatch": "the secret key does not fit the access key. Check HUAWEICLOUD_SDK_SK.",
}


class ObsError(Exception):
    """What OBS said no with."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code or status}: {message}")
        self.status_code, self.error_code = status, code


class _Verifying(ObsClient):  # type: ignore[misc] # the SDK has no types
    """The SDK's client with a context of ours: its own verifies no name, and is made of parts that Python deprecates."""

    def _init_ssl_context(self, _ciphers: object) -> None:
        self.context = ssl.create_default_context()


class Storage:
    """OBS, as one stage's bucket. Its SDK is told to verify what it talks to, which by itself it does not (huawei.md, 4.3 and 9)."""

    def __init__(self, account: Account) -> None:
        self.bucket = account.names.bucket
        self._account = account
        self._client = _client(account)

    def call(self, operation: str, *arguments: Any, absent: tuple[str, ...] = (), **named: Any) -> Any:
        """Call and return the answer, None where the refusal is one of these codes, "404" for any that is not there. Raises DeployError."""
        try:
            answer = getattr(self._client, operation)(*arguments, **named)
        except (OSError, ssl.SSLError) as error:
            raise DeployError(_unreached(error)) from error
        if answer.status < 300:
            return answer
        code = answer.errorCode or str(answer.status)
        if code in absent or str(answer.status) in absent:
            return None
        if operation == "headBucket" and answer.status == 403:
            # The answer to HEAD has no body that says more.
            code = "Forbidden"
        advice = _ADVICE.get(code) or _ADVICE.get({401: "InvalidAccessKeyId", 403: "AccessDenied"}.get(answer.status, ""))
        text = advice or " ".join(str(answer.errorMessage or answer.reason or "no reason given").split())
        raise DeployError(f"Huawei Cloud refused obs:{operation} ({code}): {text}") from ObsError(answer.status, code, text)


def _client(account: Account) -> ObsClient:
    """Return the SDK's client: the cloud's own host name and dialect always; an endpoint that is given is a proxy on the way there."""
    given = account.endpoint("obs")
    server = f"obs.{account.names.region}.myhuaweicloud.com"
    parts = urlsplit(given)
    proxied = parts.hostname != server
    return _Verifying(
        access_key_id=account.keys.access,
        secret_access_key=account.keys.secret,
        security_token=account.keys.token or None,
        server=server,
        is_secure=parts.scheme == "https",
        # One dialect and no question which: an answer from somewhere else must not choose a weaker signature.
        is_signature_negotiation=False,
        max_retry_count=3,
        timeout=70,
        **({"proxy_host": parts.hostname, "proxy_port": parts.port or 443} if proxied else {}),
    )


def _unreached(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "The certificate of OBS's address cannot be verified: somebody may stand between. Check the network and its proxy."
    return (
        f"OBS cannot be reached ({type(error).__name__}). Check the network, the region's name and its HUAWEICLOUD_ENDPOINT, "
        "then run the same command again."
    )


def website(account: Account) -> str:
    """Return the host of the bucket's own website, from which browsers download what they should show (huawei.md, 3.3)."""
    return f"{account.names.bucket}.obs-website.{account.names.region}.myhuaweicloud.com"


def observe(storage: Storage) -> Iterator[Thing]:
    """Yield the bucket, its domain, who may read it and what lies in it."""
    bucket = storage.bucket
    if storage.call("headBucket", bucket, absent=("404",)) is None:
        return
    served = storage.call("getBucketWebsite", bucket, absent=("404", "NoSuchWebsiteConfiguration"))
    yield Bucket(True if served is not None else None)
    for name in domains(storage):
        yield Domain(name)
    policy = storage.call("getBucketPolicy", bucket, absent=("404", "NoSuchBucketPolicy"))
    if policy is not None:
        yield Readers("" if _is_ours(policy.body.policyJSON, bucket) else "somebody else")
    for one in _objects(storage, "releases/"):
        yield SiteFile(one.key, str(one.etag).strip('"'), site.type_of(one.key), site.FOREVER)
    index = storage.call("getObjectMetadata", bucket, _INDEX, absent=("404", "NoSuchKey"))
    if index is not None:
        headers = {str(name).lower(): str(value) for name, value in index.header}
        yield Index(headers.get("etag", "").strip('"'), headers.get(_RELEASE) or headers.get(f"x-obs-meta-{_RELEASE}", ""))


def put_bucket(storage: Storage, region: str) -> None:
    """Make the bucket, and let it be a website. What of it may be read is said by its policy."""
    storage.call("createBucket", storage.bucket, location=region)
    storage.call("setBucketWebsite", storage.bucket, WebsiteConfiguration(indexDocument=IndexDocument(suffix=_INDEX)))


def delete_bucket(storage: Storage) -> None:
    """Delete the bucket with whatever is still in it: nothing that users wrote is ever there."""
    if storage.call("headBucket", storage.bucket, absent=("404",)) is None:
        return
    keys = [one.key for one in _objects(storage, "")]
    for first in range(0, len(keys), _MANY):
        batch = DeleteObjectsRequest(quiet=True, objects=[Object(key=key) for key in keys[first : first + _MANY]])
        storage.call("deleteObjects", storage.bucket, batch)
    for name in domains(storage):
        delete_domain(storage, name)
    storage.call("deleteBucket", storage.bucket, absent=("404", "NoSuchBucket"))


def domains(storage: Storage) -> list[str]:
    """Return the host names that are bound to the bucket."""
    found = storage.call("getBucketCustomDomain", storage.bucket, absent=("404",))
    return [str(one.domainName) for one in found.body.domains] if found is not None and found.body else []


def put_domain(storage: Storage, domain: Domain) -> None:
    """Bind a host name to the bucket, instead of any other."""
    for name in domains(storage):
        if name != domain.name:
            delete_domain(storage, name)
    if domain.name in domains(storage):
        return
    try:
        storage.call("setBucketCustomDomain", storage.bucket, domain.name)
    except DeployError:
        # Bound by a try whose answer was lost.
        if domain.name not in domains(storage):
            raise


def delete_domain(storage: Storage, name: str) -> None:
    """Let a host name go."""
    storage.call("deleteBucketCustomDomain", storage.bucket, name, absent=("404",))


def put_readers(storage: Storage) -> None:
    """Let everybody read the page's files, and nothing else that lies there."""
    storage.call("setBucketPolicy", storage.bucket, json.dumps(_policy(storage.bucket)))


def delete_readers(storage: Storage) -> None:
    """Let nobody read."""
    storage.call("deleteBucketPolicy", storage.bucket, absent=("404", "NoSuchBucketPolicy"))


def _policy(bucket: str) -> dict[str, Any]:
    statement = {
        "Sid": "page",
        "Effect": "Allow",
        "Principal": {"ID": ["*"]},
        "Action": ["GetObject"],
        "Resource": [f"{bucket}/{_INDEX}", f"{bucket}/releases/*"],
    }
    return {"Statement": [statement]}


def _is_ours(text: Any, bucket: str) -> bool:
    try:
        document: Mapping[str, Any] = json.loads(text)
    except (TypeError, ValueError):
        return False
    return {"Statement": document.get("Statement")} == _policy(bucket)


def put_file(storage: Storage, file: SiteFile | Index, body: bytes) -> None:
    """Write one file of the page; index.html says which release it points to."""
    key, kind, cache = (file.path, file.type, file.cache) if isinstance(file, SiteFile) else (_INDEX, site.TYPES[".html"], site.ALWAYS_ASK)
    metadata = {} if isinstance(file, SiteFile) else {_RELEASE: str(file.release)}
    # The SDK drops PutObjectHeader's own cacheControl (huawei.md, 3.3).
    extra = {"Cache-Control": cache}
    storage.call("putContent", storage.bucket, key, body, metadata, PutObjectHeader(contentType=kind), extensionHeaders=extra)


def show_page(storage: Storage, release: str) -> None:
    """Let index.html be the one of a release, which lies beside the release's files."""
    found = storage.call("getObject", storage.bucket, f"releases/{release}/{_INDEX}", loadStreamInMemory=True)
    put_file(storage, Index("", release), bytes(found.body.buffer))


def delete_file(storage: Storage, file: SiteFile | Index) -> None:
    """Delete one file of the page."""
    key = file.path if isinstance(file, SiteFile) else _INDEX
    storage.call("deleteObject", storage.bucket, key, absent=("404",))


def _objects(storage: Storage, prefix: str) -> Iterator[Any]:
    marker = None
    while True:
        page = storage.call("listObjects", storage.bucket, prefix=prefix or None, marker=marker, max_keys=_MANY)
        yield from page.body.contents
        if not page.body.is_truncated:
            return
        marker = page.body.next_marker
