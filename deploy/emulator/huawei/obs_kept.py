"""What OBS keeps: buckets with their configuration and their objects. Plain values; nothing here knows HTTP.

Names of buckets are everybody's: `others` are those that somebody else has. A custom domain leads to one bucket (huawei.md, 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account

PRIVATE = "private"


class Stored(NamedTuple):
    """An object: its bytes, their MD5 as an entity tag, the headers that it is served with, when it was written, and who may read it."""

    body: bytes
    etag: str
    headers: Mapping[str, str]
    written: float
    acl: str


class Website(NamedTuple):
    """What a bucket shows at a folder, and what instead of a refusal; "" for nothing."""

    first: str
    error: str


class Rule(NamedTuple):
    """Which pages of other origins may read: one rule of CORS. `seconds` is "" where it does not say."""

    id: str
    methods: tuple[str, ...]
    origins: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    seconds: str


class Domain(NamedTuple):
    """A domain that is bound to a bucket, and what is told of its certificate. The private key is not kept: nothing here needs it."""

    bound: float
    certificate: Mapping[str, str]


@dataclass
class Bucket:
    """A bucket. `policy` is JSON as it was sent, `statements` what it says; a policy's absence is ""."""

    name: str
    made: float
    acl: str = PRIVATE
    policy: str = ""
    statements: tuple[Mapping[str, Any], ...] = ()
    website: Website | None = None
    cors: tuple[Rule, ...] = ()
    domains: dict[str, Domain] = field(default_factory=dict)
    objects: dict[str, Stored] = field(default_factory=dict)


class Buckets:
    """All buckets of one account, by name."""

    def __init__(self, account: Account) -> None:
        self.owner = account.keys.domain
        self.region = account.keys.region
        self.all: dict[str, Bucket] = {}
        #: Names that somebody else has. A test may add some.
        self.others = {"bucket", "example", "test", "website"}

    def find(self, name: str) -> Bucket:
        """Return a bucket. Raises Refused when there is none, or when it is somebody else's."""
        if name in self.others:
            raise Refused(403, "AccessDenied", "Access Denied")
        if name not in self.all:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
        return self.all[name]

    def shown(self) -> str:
        """Return the domain of the page that is there for browsers, "" while there is none."""
        pages = [bucket for bucket in self.all.values() if bucket.website and "index.html" in bucket.objects]
        return next((domain for bucket in pages for domain in bucket.domains), "")

    def bound(self, domain: str) -> Bucket:
        """Return the bucket that a domain is bound to. Raises Refused: an address in DNS alone is not enough (huawei.md, 3.3)."""
        found = next((bucket for bucket in self.all.values() if domain in bucket.domains), None)
        if found is None:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist: the domain name is bound to none.")
        return found
