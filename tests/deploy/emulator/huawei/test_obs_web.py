"""What browsers get of OBS: attachments at the cloud's own hosts, pages at bound domains, and nothing that the policy does not let them have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from obs import CorsRule, ErrorDocument, IndexDocument, WebsiteConfiguration

from tests.deploy.emulator.huawei.obs_served import BUCKET, EVERYBODY, REGION, SERVICE, STATEMENT, WEBSITE, Said, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST, SITE, DOMAIN = f"{BUCKET}.{SERVICE}", f"{BUCKET}.{WEBSITE}", "chat.example.com"
INDEX, ERROR = b"<!doctype html>", b"Not here."
ORIGIN = "https://a.example"


@pytest.fixture(name="served")
def _served() -> Iterator[Served]:
    with Served() as served:
        client = served.client
        client.putContent(BUCKET, "index.html", INDEX, extensionHeaders={"Cache-Control": "no-cache"})
        client.putContent(BUCKET, "docs/index.html", b"docs")
        client.putContent(BUCKET, "404.html", ERROR)
        yield served


@pytest.fixture(name="site")
def _site(served: Served) -> Served:
    served.client.setBucketPolicy(BUCKET, EVERYBODY)
    served.client.setBucketWebsite(BUCKET, WebsiteConfiguration(indexDocument=IndexDocument("index.html"), errorDocument=ErrorDocument("404.html")))
    served.client.setBucketCustomDomain(BUCKET, DOMAIN)
    return served


def code(said: Said) -> str:
    """Return the code of an error in XML."""
    return said.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def test_a_bucket_shows_nothing_by_itself(served: Served) -> None:
    """Neither objects nor their names, and a service shows no buckets."""
    refused = [served.browse(HOST, "/index.html"), served.browse(HOST), served.browse(SERVICE), served.browse(HOST, "/absent")]

    assert [(403, "AccessDenied")] * 4 == [(said.status, code(said)) for said in refused]


@pytest.mark.parametrize("host", [HOST, SITE, f"{HOST}:80", HOST.upper().replace(BUCKET.upper(), BUCKET)])
def test_the_clouds_own_hosts_answer_with_attachments(site: Served, host: str) -> None:
    """A browser saves the page and does not show it (huawei.md, 3.3)."""
    said = site.browse(host, "/index.html")

    assert (200, INDEX, "attachment") == (said.status, said.body, said.headers["content-disposition"])


@pytest.mark.parametrize("host", [DOMAIN, f"{DOMAIN}:8080", DOMAIN.upper()])
def test_a_bound_domain_shows_the_page(site: Served, host: str) -> None:
    """With its type, how long it may be kept, and its tag; not as an attachment."""
    said = site.browse(host)

    assert (200, INDEX) == (said.status, said.body)
    assert ("text/html", "no-cache") == (said.headers["content-type"], said.headers["cache-control"])
    assert "content-disposition" not in said.headers
    assert (200, b"") == site.browse(host, method="HEAD")[::2]
    assert (304, b"") == site.browse(host, headers={"If-None-Match": said.headers["etag"]})[::2]
    assert 200 == site.browse(host, headers={"If-None-Match": '"other"'}).status
    assert 412 == site.browse(host, "/index.html", headers={"If-Match": '"other"'}).status


def test_a_folder_has_its_index(site: Served) -> None:
    """Only a website's: at a bucket's own host a path is a key."""
    assert (200, b"docs") == site.browse(DOMAIN, "/docs/?utm=1")[::2]
    assert 404 == site.browse(HOST, "/docs/").status


@pytest.mark.parametrize("host", [DOMAIN, SITE])
def test_the_error_document_stands_for_what_is_refused(site: Served, host: str) -> None:
    """With the refusal's own status."""
    said = site.browse(host, "/absent")

    assert (404, ERROR, "text/html") == (said.status, said.body, said.headers["content-type"])


def test_without_an_error_document_the_refusal_is_xml(site: Served) -> None:
    """As at the bucket's own host."""
    site.client.deleteObject(BUCKET, "404.html")
    at_domain, at_host = site.browse(DOMAIN, "/absent"), site.browse(HOST, "/absent")

    assert [(404, "NoSuchKey")] * 2 == [(said.status, code(said)) for said in (at_domain, at_host)]


def test_a_domain_leads_nowhere_until_it_is_bound(site: Served) -> None:
    """Whatever DNS says, and no longer than it is bound."""
    before = site.browse("other.example.com")
    site.client.deleteBucketCustomDomain(BUCKET, DOMAIN)

    assert [(404, "NoSuchBucket")] * 2 == [(said.status, code(said)) for said in (before, site.browse(DOMAIN))]


def test_a_bucket_that_is_no_website_shows_no_pages(site: Served) -> None:
    """At neither of a website's hosts."""
    site.client.deleteBucketWebsite(BUCKET)

    assert [(404, "NoSuchWebsiteConfiguration")] * 2 == [(said.status, code(said)) for said in (site.browse(DOMAIN), site.browse(SITE))]


def test_an_absent_bucket_has_no_pages(site: Served) -> None:
    """Nor has one of another region."""
    hosts = [f"absent.{SERVICE}", f"absent.{WEBSITE}", f"{BUCKET}.{SERVICE}".replace(REGION, "cn-south-1")]

    assert ["NoSuchBucket"] * 3 == [code(site.browse(host, "/index.html")) for host in hosts]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Effect": "Deny"}, 403),
        ({"Action": "Get*"}, 200),
        ({"Action": ["PutObject"]}, 403),
        ({"Principal": {"ID": "*"}}, 200),
        ({"Principal": {"ID": ["domain/someone"]}}, 403),
        ({"Resource": f"{BUCKET}/docs/*"}, 403),
        ({"Resource": BUCKET}, 403),
    ],
    ids=str,
)
def test_the_policy_is_for_everybody_or_it_is_not(served: Served, change: dict[str, Any], status: int) -> None:
    """What it lets others do is not a browser's."""
    statement = {**STATEMENT, **change}

    assert 204 == served.client.setBucketPolicy(BUCKET, json.dumps({"Statement": [statement]})).status
    assert status == served.browse(HOST, "/index.html").status


def test_a_denial_counts_more_than_a_permission(served: Served) -> None:
    """Of policies and of lists."""
    denial = {**STATEMENT, "Effect": "Deny", "Resource": [f"{BUCKET}/docs/*"]}
    served.client.setBucketAcl(BUCKET, aclControl="public-read-delivered")
    served.client.setBucketPolicy(BUCKET, json.dumps({"Statement": [STATEMENT, denial]}))

    assert [200, 403] == [served.browse(HOST, path).status for path in ("/index.html", "/docs/index.html")]


@pytest.mark.parametrize(("acl", "status"), [("private", 403), ("public-read", 403), ("public-read-delivered", 200)])
def test_objects_inherit_only_lists_that_say_so(served: Served, acl: str, status: int) -> None:
    """Else everybody may read the bucket's list, and nothing in it."""
    served.client.setBucketAcl(BUCKET, aclControl=acl)

    assert status == served.browse(HOST, "/index.html").status


def test_an_object_may_be_everybodys_by_itself(served: Served) -> None:
    """By its own list."""
    served.client.putContent(BUCKET, "open.html", "x", extensionHeaders={"x-obs-acl": "public-read"})

    assert [200, 403] == [served.browse(HOST, path).status for path in ("/open.html", "/index.html")]


def test_programs_are_not_downloaded_from_the_clouds_hosts(site: Served) -> None:
    """Of telephones (huawei.md, 3.3)."""
    site.client.putContent(BUCKET, "a.apk", "x")

    assert (400, "InsecureDownloadForbidden") == ((said := site.browse(HOST, "/a.apk")).status, code(said))
    assert 200 == site.browse(DOMAIN, "/a.apk").status


@pytest.mark.parametrize("host", [DOMAIN, SITE])
def test_a_website_is_only_read(site: Served, host: str) -> None:
    """Nothing is written there, signed or not."""
    said = site.browse(host, "/index.html", "PUT", {"Authorization": "OBS a:b"}, b"x")

    assert (405, "MethodNotAllowed") == (said.status, code(said))


def test_another_origin_reads_what_the_rules_let_it(site: Served) -> None:
    """And asks before."""
    rule = CorsRule(allowedMethod=["GET"], allowedOrigin=["https://*.example"], allowedHeader=["x-*"], maxAgeSecond=9, exposeHeader=["etag"])
    without = site.browse(DOMAIN, headers={"Origin": ORIGIN})
    site.client.setBucketCors(BUCKET, [rule])
    read = site.browse(DOMAIN, headers={"Origin": ORIGIN})
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "X-a, x-b"}
    preflight = site.browse(DOMAIN, method="OPTIONS", headers=asked)

    assert "access-control-allow-origin" not in without.headers
    assert (ORIGIN, "etag", "Origin") == tuple(
        read.headers[name] for name in ("access-control-allow-origin", "access-control-expose-headers", "vary")
    )
    assert (200, "X-a, x-b", "9") == (preflight.status, *(preflight.headers[f"access-control-{name}"] for name in ("allow-headers", "max-age")))


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"Origin": "https://other.test", "Access-Control-Request-Method": "GET"}, (403, "AccessForbidden")),
        ({"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}, (403, "AccessForbidden")),
        ({"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "y"}, (403, "AccessForbidden")),
        ({"Origin": ORIGIN}, (400, "BadRequest")),
        ({}, (400, "BadRequest")),
    ],
    ids=str,
)
def test_what_the_rules_do_not_let_is_refused_before(site: Served, asked: dict[str, str], refused: tuple[int, str]) -> None:
    """Another origin, another method, another header, or nothing that is asked."""
    site.client.setBucketCors(BUCKET, [CorsRule(allowedMethod=["GET"], allowedOrigin=[ORIGIN], allowedHeader=["x-*"])])
    said = site.browse(HOST, "/index.html", "OPTIONS", asked)

    assert refused == (said.status, code(said))
