"""OBS as its own SDK sees it, through a proxy with the cloud's own host names: every operation, what it answers, and what it refuses."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from obs import CorsRule, DeleteObjectsRequest, ErrorDocument, IndexDocument, Object, PutObjectHeader, RedirectAllRequestTo, WebsiteConfiguration

from deploy.emulator.huawei.obs_kept import Buckets
from deploy.emulator.huawei.switches import Switches
from tests.deploy.emulator.huawei.obs_served import BUCKET, EVERYBODY, REGION, SERVICE, STATEMENT, Served
from tests.fakes.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE = {"name": "mine", "certificate": "-----BEGIN CERTIFICATE-----", "privateKey": "-----BEGIN PRIVATE KEY-----secret"}
RULE = CorsRule(id="1", allowedMethod=["GET"], allowedOrigin=["https://a.example"], allowedHeader=["*"], maxAgeSecond=100, exposeHeader=["etag"])


@pytest.fixture(name="served")
def _served() -> Iterator[Served]:
    with Served() as served:
        yield served


@pytest.fixture(name="client")
def _client(served: Served) -> Any:
    return served.client


def said(answer: Any) -> tuple[int, str | None]:
    """Return an answer's status and code."""
    return answer.status, answer.errorCode


def code(body: bytes) -> str:
    """Return the code of an error in XML."""
    return body.decode().partition("<Code>")[2].partition("</Code>")[0]


def website(first: str = "index.html", error: str | None = "404.html") -> WebsiteConfiguration:
    """Return what a website shows."""
    return WebsiteConfiguration(indexDocument=IndexDocument(first), errorDocument=ErrorDocument(error) if error is not None else None)


def put(served: Served, query: str, body: str) -> tuple[int, str | None]:
    """Send a configuration as it stands, which the SDK would not write like that, and return status and code."""
    # The SDK's own way out: signed as all else, with whatever body.
    served.client.thread_local.signature = "obs"
    return said(served.client._make_put_request(BUCKET, pathArgs={query: None}, entity=body))


def test_a_bucket_is_made_found_listed_and_deleted(served: Served, client: Any) -> None:
    """Its owner may make it again; to delete it, it must be empty."""
    again = client.createBucket(BUCKET, location=REGION)

    assert [200, 200] == [again.status, client.headBucket(BUCKET).status]
    assert [(BUCKET, REGION)] == [(one.name, one.location) for one in client.listBuckets().body.buckets]
    assert REGION == client.getBucketLocation(BUCKET).body.location
    assert 200 == client.putContent(BUCKET, "a", "x").status
    assert (409, "BucketNotEmpty") == said(client.deleteBucket(BUCKET))
    assert 204 == client.deleteObject(BUCKET, "a").status
    assert 204 == client.deleteBucket(BUCKET).status
    assert (404, "NoSuchBucket") == said(client.getBucketAcl(BUCKET))


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "a_b", "a..b", "-ab", "a-", "a.-b", "1.2.3.4"])
def test_a_bucket_has_a_name_that_fits_a_host(client: Any, name: str) -> None:
    """3 to 63 small letters, digits, hyphens and dots."""
    assert (400, "InvalidBucketName") == said(client.createBucket(name, location=REGION))


@pytest.mark.parametrize("location", [None, "cn-south-1"])
def test_a_bucket_is_made_where_its_host_is(client: Any, location: str | None) -> None:
    """The host's region, and said so."""
    assert (400, "IllegalLocationConstraintException") == said(client.createBucket("another", location=location))


def test_somebody_elses_bucket_is_not_ours(served: Served, client: Any) -> None:
    """Names are everybody's."""
    served.account.kept(Buckets).others.add("taken")

    assert (409, "BucketAlreadyExists") == said(client.createBucket("taken", location=REGION))
    assert 403 == client.headBucket("taken").status
    assert (403, "AccessDenied") == said(client.getObject("taken", "key"))


def test_of_an_absent_bucket_the_sdk_tells_no_code(client: Any) -> None:
    """It asks for the dialect first, by HEAD: that 404 has no body (huawei.md, 4.3)."""
    assert [(404, None)] * 2 == [said(client.headBucket("absent")), said(client.getObject("absent", "key"))]


@pytest.mark.parametrize(("acl", "granted"), [("private", []), ("public-read", [False]), ("public-read-write-delivered", [True, True])])
def test_a_bucket_has_one_of_the_canned_lists(client: Any, acl: str, granted: list[bool]) -> None:
    """Whose objects inherit it where its name says so."""
    assert 200 == client.setBucketAcl(BUCKET, aclControl=acl).status
    assert granted == [one.delivered for one in client.getBucketAcl(BUCKET).body.grants if one.grantee.group == "Everyone"]


def test_another_list_is_refused(served: Served) -> None:
    """Neither none nor one of one's own."""
    assert (501, "NotImplemented") == put(served, "acl", "<AccessControlPolicy/>")
    assert (400, "InvalidArgument") == put(served, "acl", "")


def test_a_policy_comes_back_as_it_was_sent(client: Any) -> None:
    """And another takes its place."""
    assert (404, "NoSuchBucketPolicy") == said(client.getBucketPolicy(BUCKET))
    assert 204 == client.setBucketPolicy(BUCKET, EVERYBODY).status
    assert EVERYBODY == client.getBucketPolicy(BUCKET).body.policyJSON
    assert 204 == client.deleteBucketPolicy(BUCKET).status
    assert (404, "NoSuchBucketPolicy") == said(client.getBucketPolicy(BUCKET))


@pytest.mark.parametrize(
    "changed",
    [
        {"Effect": "allow"},
        {"Effect": None},
        {"Principal": "*"},
        {"Principal": {"ID": []}},
        {"Action": []},
        {"Action": ["s3:GetObject"]},
        {"Action": 1},
        {"Resource": ["another/*"]},
        {"Resource": f"{BUCKET}x/*"},
        {"Resource": None},
        {"Effects": "Allow"},
        {"Sid": "x" * 20_481},
    ],
    ids=str,
)
def test_a_malformed_statement_is_refused(client: Any, changed: dict[str, Any]) -> None:
    """Unknown words, another bucket's objects, too much."""
    statement = {**STATEMENT, **changed}

    assert (400, "MalformedPolicy") == said(client.setBucketPolicy(BUCKET, json.dumps({"Statement": [statement]})))


@pytest.mark.parametrize("policy", ["{", "[]", "{}", '{"Statement": []}', '{"Statement": {}}', '{"Statement": ["x"]}'])
def test_a_policy_is_a_list_of_statements(client: Any, policy: str) -> None:
    """And JSON."""
    assert (400, "MalformedPolicy") == said(client.setBucketPolicy(BUCKET, policy))


@pytest.mark.parametrize("member", ["Condition", "NotPrincipal", "NotAction", "NotResource"])
def test_what_is_not_understood_of_a_policy_is_not_accepted(client: Any, member: str) -> None:
    """Else the page would be public here, and not in the cloud."""
    statement = {**STATEMENT, member: {}}

    assert (501, "NotImplemented") == said(client.setBucketPolicy(BUCKET, json.dumps({"Statement": [statement]})))


def test_a_website_is_configured_read_and_deleted(client: Any) -> None:
    """With an error document or without."""
    assert (404, "NoSuchWebsiteConfiguration") == said(client.getBucketWebsite(BUCKET))
    assert 200 == client.setBucketWebsite(BUCKET, website()).status
    found = client.getBucketWebsite(BUCKET).body
    assert ("index.html", "404.html") == (found.indexDocument.suffix, found.errorDocument.key)
    assert 200 == client.setBucketWebsite(BUCKET, website(error=None)).status
    assert client.getBucketWebsite(BUCKET).body.errorDocument is None
    assert 204 == client.deleteBucketWebsite(BUCKET).status
    assert (404, "NoSuchWebsiteConfiguration") == said(client.getBucketWebsite(BUCKET))


def test_a_website_shows_files_of_its_own(client: Any) -> None:
    """Its first file has no folder; redirects are not emulated, and said so."""
    redirect = WebsiteConfiguration(redirectAllRequestTo=RedirectAllRequestTo(hostName="a.example", protocol="https"))

    assert (400, "InvalidArgument") == said(client.setBucketWebsite(BUCKET, website("a/index.html")))
    assert (400, "EntityTooLarge") == said(client.setBucketWebsite(BUCKET, website("x" * 10_241)))
    assert (501, "NotImplemented") == said(client.setBucketWebsite(BUCKET, redirect))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<",
        "<Website/>",
        "<WebsiteConfiguration><Unknown/></WebsiteConfiguration>",
        '<!DOCTYPE a [<!ENTITY b "c">]><WebsiteConfiguration><IndexDocument><Suffix>&b;</Suffix></IndexDocument></WebsiteConfiguration>',
        "<WebsiteConfiguration><IndexDocument><Suffix>a</Suffix><Suffix>b</Suffix></IndexDocument></WebsiteConfiguration>",
        "<WebsiteConfiguration><IndexDocument><Suffix>a</Suffix></IndexDocument><ErrorDocument/></WebsiteConfiguration>",
    ],
)
def test_malformed_xml_is_refused(served: Served, body: str) -> None:
    """Also what has a document type, and with it entities."""
    assert (400, "MalformedXML") == put(served, "website", body)


def test_rules_of_cors_are_set_read_and_deleted(client: Any) -> None:
    """The SDK sends the Content-MD5 that they need."""
    assert (404, "NoSuchCORSConfiguration") == said(client.getBucketCors(BUCKET))
    assert 200 == client.setBucketCors(BUCKET, [RULE]).status
    assert [RULE] == client.getBucketCors(BUCKET).body
    assert 204 == client.deleteBucketCors(BUCKET).status
    assert (404, "NoSuchCORSConfiguration") == said(client.getBucketCors(BUCKET))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (CorsRule(allowedMethod=["PATCH"], allowedOrigin=["*"]), "MalformedXML"),
        (CorsRule(allowedMethod=[], allowedOrigin=["*"]), "MalformedXML"),
        (CorsRule(allowedMethod=["GET"], allowedOrigin=[]), "MalformedXML"),
        (CorsRule(allowedMethod=["GET"], allowedOrigin=["*.*"]), "InvalidRequest"),
    ],
    ids=str,
)
def test_a_malformed_rule_is_refused(client: Any, rule: CorsRule, code: str) -> None:
    """Unknown methods, no origins, two wildcards."""
    assert (400, code) == said(client.setBucketCors(BUCKET, [rule]))


def test_rules_of_cors_need_their_digest(served: Served, client: Any) -> None:
    """And not more of them than a hundred."""
    assert (400, "InvalidRequest") == put(served, "cors", "<CORSConfiguration/>")
    assert (400, "MalformedXML") == said(client.setBucketCors(BUCKET, [RULE] * 101))


def test_a_domain_is_bound_to_one_bucket(client: Any) -> None:
    """Not twice, either, and only once it is bound it can be taken away."""
    client.createBucket("another", location=REGION)

    assert [] == client.getBucketCustomDomain(BUCKET).body.domains
    assert (404, "NoSuchCustomDomain") == said(client.deleteBucketCustomDomain(BUCKET, "chat.example.com"))
    assert 200 == client.setBucketCustomDomain(BUCKET, "chat.example.com").status
    assert ["chat.example.com"] == [one.domainName for one in client.getBucketCustomDomain(BUCKET).body.domains]
    assert [(400, "CustomDomainAreadyExist")] * 2 == [said(client.setBucketCustomDomain(name, "chat.example.com")) for name in (BUCKET, "another")]
    assert 204 == client.deleteBucketCustomDomain(BUCKET, "chat.example.com").status
    assert 200 == client.setBucketCustomDomain("another", "chat.example.com").status


def test_a_certificate_may_follow_its_domain(served: Served, client: Any) -> None:
    """Of it the name is told; the private key is not even kept."""
    client.setBucketCustomDomain(BUCKET, "chat.example.com")

    assert 200 == client.setBucketCustomDomain(BUCKET, "chat.example.com", certificateInfo=CERTIFICATE).status
    assert "mine" == client.getBucketCustomDomain(BUCKET).body.domains[0].name
    assert b"secret" not in pickle.dumps(served.account.kept(Buckets).all)


def test_a_certificate_is_one(client: Any) -> None:
    """In PEM, with its key."""
    assert (400, "InvalidArgument") == said(client.setBucketCustomDomain(BUCKET, "a.example", certificateInfo={**CERTIFICATE, "privateKey": "x"}))


def test_a_certificate_has_a_name(client: Any) -> None:
    """Which the SDK would ask for itself."""
    sent = client.convertor.trans_custom_domain_cert({**CERTIFICATE, "name": "x"}, "a.example")
    client.thread_local.signature = "obs"

    assert (400, "MalformedXML") == said(client._make_put_request(BUCKET, **sent))


@pytest.mark.parametrize("name", ["localhost", "a b.example", f"{BUCKET}.{SERVICE}", "1.2.3.4", f"{'a' * 64}.example"])
def test_a_domain_has_a_domains_name(client: Any, name: str) -> None:
    """And is none of the cloud's own."""
    assert (400, "BadDomainName") == said(client.setBucketCustomDomain(BUCKET, name))


def test_a_bucket_has_thirty_domains(client: Any) -> None:
    """No more (huawei.md, 3.3)."""
    answers = [client.setBucketCustomDomain(BUCKET, f"{number}.example").status for number in range(31)]

    assert [*[200] * 30, 400] == answers


def test_an_object_is_written_read_and_deleted(client: Any) -> None:
    """With its type, how long it may be kept, and what was noted of it; `Cache-Control` goes by `extensionHeaders` (huawei.md, 3.3)."""
    written = client.putContent(BUCKET, "a b/ü~.js", "x=1", metadata={"hash": "ü"}, extensionHeaders={"Cache-Control": "no-cache"})
    read = client.getObject(BUCKET, "a b/ü~.js", loadStreamInMemory=True)
    told = client.getObjectMetadata(BUCKET, "a b/ü~.js")

    assert (200, '"a255512f9d61a6777bd5a304235bd26d"') == (written.status, written.body.etag)
    assert (b"x=1", "text/javascript", "no-cache") == (read.body.buffer, read.body.contentType, read.body.cacheControl)
    assert ("ü", 3, written.body.etag) == (dict(told.header)["hash"], told.body.contentLength, told.body.etag)
    assert 204 == client.deleteObject(BUCKET, "a b/ü~.js").status
    assert 204 == client.deleteObject(BUCKET, "a b/ü~.js").status
    assert (404, "NoSuchKey") == said(client.getObject(BUCKET, "a b/ü~.js"))
    assert (404, None) == said(client.getObjectMetadata(BUCKET, "a b/ü~.js"))


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"If-None-Match": "*"}, (501, "NotImplemented")),
        ({"If-Match": '"x"'}, (501, "NotImplemented")),
        ({"x-obs-copy-source": "/a/b"}, (501, "NotImplemented")),
        ({"x-obs-acl": "public"}, (400, "InvalidArgument")),
        ({"x-obs-storage-class": "GLACIER"}, (400, "InvalidStorageClass")),
        ({"x-obs-meta-a": "x" * 8192}, (400, "MetadataTooLarge")),
        ({"Content-MD5": "x"}, (400, "InvalidDigest")),
        ({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, (400, "BadDigest")),
    ],
    ids=str,
)
def test_what_an_object_cannot_be_written_with(client: Any, headers: dict[str, str], refused: tuple[int, str]) -> None:
    """Conditions are never honoured (huawei.md, 6), and nothing is written."""
    assert refused == said(client.putContent(BUCKET, "a", "x", extensionHeaders=headers))
    assert 404 == client.getObjectMetadata(BUCKET, "a").status


def test_an_object_is_written_whole(client: Any) -> None:
    """Its digest is checked, and its key has a length."""
    assert 200 == client.putContent(BUCKET, "a", "x", headers=PutObjectHeader(md5="ndTkYSaMgDT1yFZOFVxnpg==")).status
    assert (400, "KeyTooLongError") == said(client.putContent(BUCKET, "k" * 1025, "x"))


def test_objects_are_listed_by_name_a_page_at_a_time(client: Any) -> None:
    """What is truncated says where to go on; folders are what a delimiter makes."""
    for key in ("a", "p/1", "p/2", "p/3", "z"):
        client.putContent(BUCKET, key, key)
    first = client.listObjects(BUCKET, prefix="p/", max_keys=2).body
    second = client.listObjects(BUCKET, prefix="p/", max_keys=2, marker=first.next_marker).body
    folded = client.listObjects(BUCKET, delimiter="/").body

    assert (["p/1", "p/2"], True, "p/2") == ([one.key for one in first.contents], first.is_truncated, first.next_marker)
    assert (["p/3"], False, None) == ([one.key for one in second.contents], second.is_truncated, second.next_marker)
    assert (["a", "z"], ["p/"]) == ([one.key for one in folded.contents], [one.prefix for one in folded.commonPrefixs])
    assert (400, "InvalidArgument") == said(client.listObjects(BUCKET, max_keys=1001))
    assert (501, "NotImplemented") == said(client.listObjects(BUCKET, encoding_type="url"))


def test_objects_are_deleted_together(client: Any) -> None:
    """Whether they are there or not; quietly, if that is asked."""
    client.putContent(BUCKET, "a", "x")
    loud = client.deleteObjects(BUCKET, DeleteObjectsRequest(quiet=False, objects=[Object(key="a"), Object(key="b")]))
    quiet = client.deleteObjects(BUCKET, DeleteObjectsRequest(quiet=True, objects=[Object(key="a")]))

    assert ["a", "b"] == [one.key for one in loud.body.deleted]
    assert [] == quiet.body.deleted
    assert [] == client.listObjects(BUCKET).body.contents
    assert (400, "MalformedXML") == said(client.deleteObjects(BUCKET, DeleteObjectsRequest(quiet=True, objects=[])))
    assert (501, "NotImplemented") == said(client.deleteObjects(BUCKET, DeleteObjectsRequest(objects=[Object(key="a", versionId="1")])))


def test_what_is_not_emulated_says_so(client: Any) -> None:
    """Rather than to be taken for something else."""
    assert (501, "NotImplemented") == said(client.getBucketLifecycle(BUCKET))
    assert (501, "NotImplemented") == said(client.getObjectAcl(BUCKET, "a"))
    client.thread_local.signature = "obs"
    assert (405, "MethodNotAllowed") == said(client._make_post_request(BUCKET, "a"))


def test_another_secret_is_refused_by_every_operation(served: Served) -> None:
    """So is an unknown key."""
    for wrong, code in (({"secret": "x"}, "SignatureDoesNotMatch"), ({"access": "x"}, "InvalidAccessKeyId")):
        stranger = served.connect(**wrong)
        asked = [stranger.getObject(BUCKET, "a"), stranger.putContent(BUCKET, "a", "x"), stranger.deleteBucket(BUCKET), stranger.listBuckets()]
        stranger.close()

        assert [(403, code)] * 4 == [said(one) for one in asked]


@pytest.mark.parametrize("path", ["/", "/a", *(f"/?{part}" for part in ("acl", "policy", "website", "cors", "customdomain=a.example", "delete"))])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nothing_is_changed_without_a_signature(served: Served, method: str, path: str) -> None:
    """Whatever is asked, and whether or not there is such an operation; nor with something that is none."""
    unsigned = served.browse(f"{BUCKET}.{SERVICE}", path, method)
    malformed = served.browse(f"{BUCKET}.{SERVICE}", path, method, {"Authorization": "OBS x"})

    assert (403, "AccessDenied") == (unsigned.status, code(unsigned.body))
    assert (400, "InvalidArgument") == (malformed.status, code(malformed.body))


def test_an_error_is_xml_with_the_ids_of_its_request(served: Served) -> None:
    """As the SDK wants it."""
    said = served.browse(f"{BUCKET}.{SERVICE}", "/?policy")

    assert "application/xml" == said.headers["content-type"]
    assert f"<RequestId>{said.headers['x-obs-request-id']}</RequestId>".encode() in said.body
    assert b"<HostId>" in said.body


def test_a_bucket_in_the_path_is_refused_at_the_clouds_host(served: Served) -> None:
    """And an object that is put there goes nowhere, which says NoSuchKey (huawei.md, 3.3)."""
    client = served.connect(path_style=True)
    told = [said(client.getObject(BUCKET, "a")), said(client.putContent(BUCKET, "a", "x"))]
    client.close()

    assert [(403, "VirtualHostDomainRequired"), (404, "NoSuchKey")] == told


def test_an_address_takes_the_bucket_in_the_path(served: Served) -> None:
    """And the older dialect, which the SDK then speaks by itself (huawei.md, 4.3)."""
    client = served.connect(f"http://127.0.0.1:{served.port}")
    statuses = [
        client.createBucket("by-address", location=REGION).status,
        client.setBucketAcl("by-address", aclControl="public-read").status,
        client.putContent("by-address", "a", "x", metadata={"hash": "1"}).status,
        client.setBucketCustomDomain("by-address", "a.example").status,
    ]
    listed = client.listObjects("by-address").body.contents
    where = client.getBucketLocation("by-address").body.location
    unread = said(client.getBucketAcl("by-address"))
    client.close()

    assert [200] * 4 == statuses
    assert (["a"], REGION) == ([one.key for one in listed], where)
    assert (501, "NotImplemented") == unread


def test_a_bucket_without_domains_may_be_answered_404() -> None:
    """The contract leaves it open."""
    with Served() as served:
        served.account.switches = Switches(refuses_no_domains=True)

        assert (404, "NoSuchCustomDomain") == said(served.client.getBucketCustomDomain(BUCKET))


def test_many_threads_share_a_client(client: Any) -> None:
    """Each of its requests has a connection of its own."""
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: client.putContent(BUCKET, f"{number}", "x").status, range(40)))

    assert [200] * 40 == statuses
    assert 40 == len(client.listObjects(BUCKET).body.contents)


def test_what_is_kept_can_be_copied(served: Served, client: Any) -> None:
    """Plain values only: a server that forks finds a copy."""
    client.putContent(BUCKET, "a", "x")
    client.setBucketWebsite(BUCKET, website())

    assert served.account.kept(Buckets).all == pickle.loads(pickle.dumps(served.account.kept(Buckets).all))


def test_a_failure_of_the_emulators_own_is_an_answer(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """And its place is in the log."""
    vars(served.account.kept(Buckets).all[BUCKET])["website"] = "broken"

    assert (500, "InternalError") == said(served.client.getBucketWebsite(BUCKET))
    assert "get_website" in capsys.readouterr().out


def test_the_clock_is_the_accounts(served: Served, client: Any) -> None:
    """A request of now is stale to an account whose clock is far away."""
    served.account.clock = Clock()

    assert (403, "RequestTimeTooSkewed") == said(client.listBuckets())
