"""What S3, IAM, DynamoDB and the logs are asked. A case is a gap, a question, and AWS's answer; its gap is in moto_gaps.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.deploy.emulator.aws.account import Case, new, said

if TYPE_CHECKING:
    from tests.deploy.emulator.aws.account import Account

BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}


def foreign(at: Account) -> str:
    """Ask for a bucket that another account has."""
    client, bucket = at.client("s3"), at.bucket()
    client.meta.events.register("before-send.s3", lambda request, **_: request.headers.__setitem__("x-moto-account-id", "999999999999"))
    return said(client.head_bucket, Bucket=bucket)


def ttl_twice(at: Account) -> str:
    """Set a table's expiry twice."""
    keys = {"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
    at.dynamodb.create_table(TableName=(name := new()), BillingMode="PAY_PER_REQUEST", **keys)
    wanted = {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}}
    at.dynamodb.update_time_to_live(**wanted)
    return said(at.dynamodb.update_time_to_live, **wanted)


def kept_for(at: Account, days: int) -> str:
    """Say what a log group's retention of so many days is answered with."""
    at.logs.create_log_group(logGroupName=(name := new()))
    return said(at.logs.put_retention_policy, logGroupName=name, retentionInDays=days)


# fmt: off
CASES = [
    Case("blocked", "a new bucket's block", BLOCK, lambda at: at.s3.get_public_access_block(Bucket=at.bucket())["PublicAccessBlockConfiguration"]),
    Case("public_policy", "a public policy", "AccessDenied", lambda at: said(at.s3.put_bucket_policy, Bucket=at.bucket(), Policy=json.dumps(OPEN))),
    Case("malformed_policy", "no policy", "MalformedPolicy", lambda at: said(at.s3.put_bucket_policy, Bucket=at.bucket(), Policy="none")),
    Case("foreign", "somebody else's bucket", "403", foreign),
    Case("trust", "no trust policy", "MalformedPolicyDocument",
         lambda at: said(at.iam.create_role, RoleName=new(), AssumeRolePolicyDocument="none")),
    Case("retention", "31 days", "InvalidParameterException", lambda at: kept_for(at, 31)),
    Case("ttl_again", "expiry set twice", "ValidationException", ttl_twice),
]
# fmt: on
