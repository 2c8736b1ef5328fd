"""What a policy allows: what is said is so, and what is not understood allows nothing."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.emulator.aws.policies import Asked, allows

ASKED = Asked("cloudfront.amazonaws.com", "s3:GetObject", "arn:aws:s3:::b/index.html", {"aws:sourcearn": "arn:d/1"})
ANYBODY = ASKED._replace(service="", context={})
ALLOW = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
PUBLIC = {**ALLOW, "Principal": "*"}


def on(**conditions: Any) -> dict[str, Any]:
    """Return the statement under conditions."""
    return {**ALLOW, "Condition": conditions}


@pytest.mark.parametrize(
    ("statements", "asked", "allowed"),
    [
        ([], ASKED, False),
        ([ALLOW], ASKED, True),
        ([ALLOW], ANYBODY, False),
        ([PUBLIC], ANYBODY, True),
        ([PUBLIC], ASKED, True),
        ([{**ALLOW, "Principal": {"AWS": "*"}}], ANYBODY, True),
        ([{**ALLOW, "Principal": {"Service": ["x", "cloudfront.amazonaws.com"]}}], ASKED, True),
        ([{**ALLOW, "Action": ["s3:PutObject", "s3:get*"]}], ASKED, True),
        ([{**ALLOW, "Action": "s3:PutObject"}], ASKED, False),
        ([{**ALLOW, "Resource": ["arn:aws:s3:::b/releases/*"]}], ASKED, False),
        ([{**ALLOW, "Resource": "arn:aws:s3:::b/index.htm?"}], ASKED, True),
        ([on(StringEquals={"AWS:SourceArn": "arn:d/1"})], ASKED, True),
        ([on(StringEquals={"AWS:SourceArn": "arn:d/*"})], ASKED, False),
        ([on(ArnLike={"aws:SourceArn": ["arn:e/*", "arn:d/*"]})], ASKED, True),
        ([on(ArnLike={"AWS:SourceArn": "arn:d/*"}, StringEquals={"AWS:SourceAccount": "1"})], ASKED, False),
        ([on(Bool={"aws:SecureTransport": "true"})], ASKED, False),
        ([ALLOW, {**PUBLIC, "Effect": "Deny"}], ASKED, False),
        ([ALLOW, {**PUBLIC, "Effect": "Deny", "Resource": "arn:aws:s3:::c/*"}], ASKED, True),
        ([ALLOW, {**on(StringEquals={"AWS:SourceArn": "arn:d/2"}), "Effect": "Deny"}], ASKED, True),
        ([ALLOW, {**on(Bool={"aws:SecureTransport": "false"}), "Effect": "Deny"}], ASKED, False),
    ],
    ids=[
        "nothing",
        "the service",
        "not everybody",
        "everybody",
        "everybody is the service, too",
        "every account",
        "a list of services",
        "a pattern of actions",
        "another action",
        "another resource",
        "a pattern of resources",
        "its distribution",
        "equal is not like",
        "like, in a list",
        "one condition does not hold",
        "an unknown condition",
        "denied",
        "something else denied",
        "somebody else denied",
        "perhaps denied",
    ],
)
def test_a_policy_allows_what_it_says(statements: list[dict[str, Any]], asked: Asked, allowed: bool) -> None:
    """An unknown condition allows nothing, and denies."""
    assert allowed == allows(statements, asked)
