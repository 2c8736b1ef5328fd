"""sigv4.py: the same signature as AWS's own client, and as AWS's published examples."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from hypothesis import given
from hypothesis import strategies as st

from functions.shared.outbound import Outgoing
from functions.shared.sigv4 import Credentials, Scope, signed

#: Of AWS's test suite, as every client's tests have them: 2015-08-30, 12:36.
MOMENT = 1_440_938_160
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SCOPE = Scope("us-east-1", "service")
HOME = "https://example.amazonaws.com/"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
USERS = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"

PUBLISHED: dict[str, tuple[Outgoing, Scope, str]] = {
    "get-vanilla": (Outgoing("GET", HOME, {}, b""), SCOPE, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "post-vanilla": (Outgoing("POST", HOME, {}, b""), SCOPE, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "get-vanilla-query-order-key-case": (
        Outgoing("GET", f"{HOME}?Param2=value2&Param1=value1", {}, b""),
        SCOPE,
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-utf8-query": (
        Outgoing("GET", f"{HOME}?{quote('ሴ')}=bar", {}, b""),
        SCOPE,
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "get-header-value-trim": (
        Outgoing("GET", HOME, {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b""),
        SCOPE,
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "iam-list-users": (
        Outgoing("GET", USERS, FORM, b""),
        Scope("us-east-1", "iam"),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ),
}


@pytest.mark.parametrize(("call", "scope", "signature"), PUBLISHED.values(), ids=PUBLISHED)
def test_aws_examples_have_aws_signatures(call: Outgoing, scope: Scope, signature: str) -> None:
    """The specification's own examples come first."""
    assert signature == signed(call, EXAMPLE, scope, MOMENT)["authorization"].rpartition("Signature=")[2]


def theirs(call: Outgoing, credentials: Credentials, scope: Scope, moment: int) -> str:
    """Return what botocore says of the same call; its clock is the one part that is not used."""
    request = AWSRequest(method=call.method, url=call.url, headers=dict(call.headers), data=call.body)
    signer: Any = SigV4Auth(TheirCredentials(credentials.access_key, credentials.secret_key, credentials.session_token), scope.service, scope.region)
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer._inject_signature_to_request(request, signer.signature(text, request)).headers["Authorization"])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SEGMENTS = st.one_of(TEXTS, st.sampled_from(["", ".", "..", "a b", "~", "%2F", "é", "a:b@c", "*", "$&'()+,;="]))
PAIRS = st.tuples(st.one_of(TEXTS.filter(bool), st.sampled_from(["a", "A", "b"])), st.one_of(TEXTS, st.sampled_from(["", "1", "2", "=", "+", "&"])))
NAMES = st.text(st.sampled_from("aBcX-1"), min_size=1, max_size=6).map(lambda name: f"x{name}")
VALUES = st.text(st.sampled_from("ab,;=\"' \t"), max_size=8)
HOSTS = [
    "dynamodb.eu-central-1.amazonaws.com",
    "Example.COM",
    "example.com:443",
    "example.com:80",
    "example.com:8443",
    "127.0.0.1:4566",
    "[::1]:8000",
]
CALLS = st.builds(
    lambda method, start, segments, pairs, headers, body: Outgoing(
        method,
        f"{start}/{'/'.join(quote(one, safe='') for one in segments)}{'?' if pairs else ''}"
        + "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs),
        {name.lower(): value for name, value in headers.items()},
        body,
    ),
    st.sampled_from(["GET", "POST", "put", "DELETE"]),
    st.builds("{}://{}".format, st.sampled_from(["http", "https"]), st.sampled_from(HOSTS)),
    st.lists(SEGMENTS, max_size=4),
    st.lists(PAIRS, max_size=5),
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.binary(max_size=20),
)
KEYS = st.text(st.sampled_from("AZaz09/+"), min_size=1, max_size=12)
CREDENTIALS = st.builds(Credentials, KEYS, KEYS, st.one_of(st.just(""), KEYS))
SCOPES = st.builds(Scope, st.sampled_from(["eu-central-1", "cn-north-1"]), st.sampled_from(["dynamodb", "execute-api", "iam"]))


@given(call=CALLS, credentials=CREDENTIALS, scope=SCOPES, moment=st.integers(0, 4_000_000_000))
def test_any_call_is_signed_as_botocore_signs_it(call: Outgoing, credentials: Credentials, scope: Scope, moment: int) -> None:
    """Paths, repeated and empty values, any script, white space, ports, with and without a session's token."""
    assert theirs(call, credentials, scope, moment) == signed(call, credentials, scope, moment)["authorization"]


def test_what_is_signed_is_what_is_sent() -> None:
    """The caller's headers as they were, with the host, the date, the session's token and the signature."""
    call = Outgoing("POST", "https://db.test:8443/", {"Content-Type": "a/b", "authorization": "old"}, b"{}")
    headers = signed(call, Credentials("AK", "secret", "token"), Scope("r", "s"), 1_800_000_000)
    authorization = headers.pop("authorization")

    assert {
        "content-type": "a/b",
        "host": "db.test:8443",
        "x-amz-date": "20270115T080000Z",
        "x-amz-security-token": "token",
    } == headers
    assert authorization.startswith(
        "AWS4-HMAC-SHA256 Credential=AK/20270115/r/s/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
    )
    assert {"Content-Type": "a/b", "authorization": "old"} == call.headers


@pytest.mark.parametrize(
    ("one", "other"),
    [("?a=%7e", "?a=~"), ("?a=%2a", "?a=*"), ("?a", "?a="), ("?b&a", "?a&b"), ("?a=1&&b=2", "?b=2&a=1"), ("?%61=1", "?a=1"), ("?a=+", "?a=%2B")],
)
def test_a_query_is_signed_as_it_is_understood(one: str, other: str) -> None:
    """Spelled in two ways it means one thing: a server writes it in its own way before it compares. botocore would sign the spelling."""
    signatures = {signed(Outgoing("GET", HOME + query, {}, b""), EXAMPLE, SCOPE, MOMENT)["authorization"] for query in (one, other)}

    assert 1 == len(signatures)


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"url": "https://example.amazonaws.com/a"},
        {"url": "https://example.amazonaws.com/?a"},
        {"url": "https://other.amazonaws.com/"},
        {"headers": {"a": "2"}},
        {"headers": {"b": "1"}},
        {"body": b"y"},
    ],
    ids=["method", "path", "query", "host", "header", "name", "body"],
)
def test_nothing_can_be_changed_on_the_way(changed: dict[str, Any]) -> None:
    """Each part of a request is in its signature."""
    call = Outgoing("POST", HOME, {"a": "1"}, b"x")
    before, after = (signed(one, EXAMPLE, SCOPE, MOMENT)["authorization"] for one in (call, call._replace(**changed)))

    assert before.rpartition("=")[2] != after.rpartition("=")[2]


def test_credentials_do_not_show_themselves() -> None:
    """Neither in a log line, nor in a traceback, nor within another value."""
    shown = Credentials("AKIDSEEN", "secret-seen", "token-seen")

    assert [] == [text for text in (repr(shown), str(shown), f"{shown}", repr([shown])) if "seen" in text.lower()]
