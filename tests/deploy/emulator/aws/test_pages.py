"""The page as the distribution or the website serves it: to whom the bucket's policy lets it be read, and with the policy's headers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deploy.emulator.aws.emulate import Emulator
from tests.deploy.emulator.aws.account import REGION, Account, distribution, headers, new

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = b"<!doctype html>"


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """A bucket with a page, and a way to look at it."""

    def __init__(self, emulator: Emulator) -> None:
        self.account = Account(emulator.environment["AWS_ENDPOINT_URL"])
        self.url = emulator.environment["TWOCAN_PAGE_ENDPOINT"]
        self.bucket = self.account.bucket()
        self.write()

    def write(self, body: bytes = INDEX) -> None:
        """Write the page."""
        self.account.s3.put_object(Bucket=self.bucket, Key="index.html", Body=body, ContentType="text/html", CacheControl="no-cache")

    def distribute(self, *, control: str = "", policy: str = "") -> str:
        """Make a distribution and return its id."""
        wish = distribution(control=control, policy=policy)
        wish["Origins"]["Items"][0]["DomainName"] = f"{self.bucket}.s3.{REGION}.amazonaws.com"
        made: str = self.account.cloudfront.create_distribution(DistributionConfig={**wish, "DefaultRootObject": "index.html"})["Distribution"]["Id"]
        return made

    def let(self, cdn: str) -> None:
        """Let a distribution read, or everybody."""
        source = f"arn:aws:cloudfront::123456789012:distribution/{cdn}"
        who: Any = {"Principal": {"Service": "cloudfront.amazonaws.com"}, "Condition": {"StringEquals": {"AWS:SourceArn": source}}}
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*", **(who if cdn else {"Principal": "*"})}
        self.account.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def publish(self) -> None:
        """Make the bucket a website that everybody may read."""
        self.account.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False})
        self.account.s3.put_bucket_website(Bucket=self.bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
        self.let("")

    def look(self, path: str = "", method: str = "GET") -> Said:
        """Ask for a path."""
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", method=method)) as answer:
                return Said(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Said(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[Emulator]:
    with Emulator(REGION) as emulator:
        yield emulator


@pytest.fixture(name="site")
def _site(emulator: Emulator) -> Site:
    return Site(emulator)


def test_a_distribution_serves_what_it_may_read(site: Site) -> None:
    """With the object's type and cache rule, at its name and at the root."""
    site.let(site.distribute(control=site.account.control()[0]))
    found = site.look()

    assert (200, INDEX, "text/html", "no-cache") == (found.status, found.body, found.headers["content-type"], found.headers["cache-control"])
    assert INDEX == site.look("index.html?x=1").body


def test_whoever_may_not_read_gets_403(site: Site) -> None:
    """Without a policy, with one for another distribution, and without the access control that signs."""
    signs = site.distribute(control=site.account.control()[0])
    nobody = site.look().status
    site.let("EOTHER")
    other = site.look().status
    site.let(signs)

    assert (403, 403, 200) == (nobody, other, site.look().status)


def test_a_distribution_that_does_not_sign_is_anybody(site: Site) -> None:
    """A policy for it says nothing of anybody."""
    site.let(site.distribute())

    assert 403 == site.look().status


@pytest.mark.parametrize(("path", "method"), [("nothing", "GET"), ("../index.html", "GET"), ("", "POST")])
def test_what_is_absent_is_403_too(site: Site, path: str, method: str) -> None:
    """Whoever may not list is told nothing; and only reading is allowed."""
    site.let(site.distribute(control=site.account.control()[0]))

    assert 403 == site.look(path, method).status


def test_the_headers_policy_is_added(site: Site) -> None:
    """To every answer: both its own headers and those for security."""
    wish = headers()
    wish["SecurityHeadersConfig"]["ContentSecurityPolicy"] = {"Override": True, "ContentSecurityPolicy": "frame-ancestors 'none'"}
    made = site.account.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=wish)
    site.distribute(control=site.account.control()[0], policy=made["ResponseHeadersPolicy"]["Id"])
    found = site.look().headers

    assert ("a", "frame-ancestors 'none'", "nosniff") == tuple(found[name] for name in ("x-a", "content-security-policy", "x-content-type-options"))


def test_a_website_is_served_to_everybody(site: Site) -> None:
    """Where its policy says so and nothing blocks it."""
    site.publish()
    found = site.look()
    site.account.s3.put_public_access_block(Bucket=site.bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})

    assert (200, INDEX, 403) == (found.status, found.body, site.look().status)


def test_the_page_is_the_one_that_was_written_last(site: Site, emulator: Emulator) -> None:
    """Of whatever stage."""
    site.publish()
    other = Site(emulator)
    other.publish()
    other.write(b"other")
    second = site.look().body
    site.write(b"again")

    assert (b"other", b"again") == (second, site.look().body)


def test_without_a_page_it_says_what_to_do(emulator: Emulator) -> None:
    """A bucket alone is none."""
    site = Site(emulator)

    assert (404, True) == (site.look().status, b"apply" in site.look().body)
    assert "page" not in emulator.told()


def test_a_disabled_distribution_serves_nothing(site: Site) -> None:
    """As one that is to be deleted."""
    control, bucket = site.account.control()[0], site.bucket
    wish = distribution(control=control, enabled=False, reference=new())
    wish["Origins"]["Items"][0]["DomainName"] = f"{bucket}.s3.{REGION}.amazonaws.com"
    site.let(site.account.cloudfront.create_distribution(DistributionConfig=wish)["Distribution"]["Id"])

    assert 404 == site.look().status
