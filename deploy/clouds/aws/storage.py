"""What is kept on AWS: the page's files in S3, the records in DynamoDB (aws.md, 4 and 6).

This file knows the keys of these two services; it must not know CloudFront's but for the distribution that may read.
"""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from deploy import site
from deploy.lock import Held
from deploy.steps import Bucket, Index, Readers, Records, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds.aws.account import Account
    from deploy.steps import Thing

_INDEX = "index.html"
_LOCK = "deploying.json"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# Older regions have a dash in their website hosts, newer ones a dot.
_DASHED = {"us-east-1", "us-west-1", "us-west-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-west-1", "sa-east-1"}


def website(account: Account) -> str:
    """Return the origin of the bucket's own website."""
    names = account.names
    return f"http://{names.bucket}.s3-website{'-' if names.region in _DASHED else '.'}{names.region}.amazonaws.com"


def observe_bucket(account: Account) -> Iterator[Thing]:
    """Yield the bucket, who may read it and what lies in it."""
    bucket = {"Bucket": account.names.bucket}
    if account.find("s3", "head_bucket", ("404", "NoSuchBucket"), **bucket) is None:
        return
    block = account.find("s3", "get_public_access_block", ("NoSuchPublicAccessBlockConfiguration",), **bucket)
    closed = block is not None and all(block["PublicAccessBlockConfiguration"].get(one) for one in _BLOCKS)
    served = account.find("s3", "get_bucket_website", ("NoSuchWebsiteConfiguration",), **bucket) is not None
    yield Bucket(served if served != closed else None)
    policy = account.find("s3", "get_bucket_policy", ("NoSuchBucketPolicy",), **bucket)
    if policy is not None:
        yield Readers(_readers(account, json.loads(policy["Policy"])))
    for one in account.pages("s3", "list_objects_v2", "Contents", **bucket, Prefix="releases/"):
        yield SiteFile(one["Key"], one["ETag"].strip('"'), site.type_of(one["Key"]), site.FOREVER)
    index = account.find("s3", "head_object", ("404", "NoSuchKey"), **bucket, Key=_INDEX)
    if index is not None:
        yield Index(index["ETag"].strip('"'), index.get("Metadata", {}).get("release", ""))


def put_bucket(account: Account, bucket: Bucket) -> None:
    """Make the bucket, closed to the public or a website."""
    name = account.names.bucket
    place = {} if account.names.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": account.names.region}}
    account.find("s3", "create_bucket", ("BucketAlreadyOwnedByYou",), Bucket=name, **place)
    blocks = dict.fromkeys(_BLOCKS, not bucket.public)
    account.call("s3", "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=blocks)
    if bucket.public:
        account.call("s3", "put_bucket_website", Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": _INDEX}})
    else:
        account.call("s3", "delete_bucket_website", Bucket=name)


def delete_bucket(account: Account) -> None:
    """Delete the bucket with whatever is still in it: nothing that users wrote is ever there."""
    name = account.names.bucket
    keys = [{"Key": one["Key"]} for one in account.pages("s3", "list_objects_v2", "Contents", Bucket=name)]
    for first in range(0, len(keys), 1000):
        account.call("s3", "delete_objects", Bucket=name, Delete={"Objects": keys[first : first + 1000], "Quiet": True})
    account.find("s3", "delete_bucket", ("NoSuchBucket",), Bucket=name)


def put_readers(account: Account, readers: Readers) -> None:
    """Say who may read: the page's files only, so that the deployer's lock is nobody else's to see."""
    account.call("s3", "put_bucket_policy", Bucket=account.names.bucket, Policy=json.dumps(_policy(account, str(readers.cdn))))


def delete_readers(account: Account) -> None:
    """Let nobody read."""
    account.find("s3", "delete_bucket_policy", ("NoSuchBucket",), Bucket=account.names.bucket)


def _policy(account: Account, cdn: str) -> dict[str, Any]:
    bucket = f"arn:{account.names.partition}:s3:::{account.names.bucket}"
    statement: dict[str, Any] = {
        "Sid": f"cdn{cdn}",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"} if cdn else "*",
        "Action": "s3:GetObject",
        "Resource": [f"{bucket}/{_INDEX}", f"{bucket}/releases/*"],
    }
    if cdn:
        distribution = f"arn:{account.names.partition}:cloudfront::{account.names.account}:distribution/{cdn}"
        statement["Condition"] = {"StringEquals": {"AWS:SourceArn": distribution}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _readers(account: Account, policy: Mapping[str, Any]) -> str:
    """Return the CDN's id in a policy of ours, "" for everybody, and what no CDN is called for a policy that is not ours."""
    cdn = str((policy.get("Statement") or [{}])[0].get("Sid", "")).removeprefix("cdn")
    return cdn if policy == _policy(account, cdn) else "somebody else"


def put_file(account: Account, file: SiteFile | Index, body: bytes) -> None:
    """Write one file of the page; index.html says which release it points to."""
    about = (
        {"Key": file.path, "ContentType": file.type, "CacheControl": file.cache}
        if isinstance(file, SiteFile)
        else {"Key": _INDEX, "ContentType": site.TYPES[".html"], "CacheControl": site.ALWAYS_ASK, "Metadata": {"release": str(file.release)}}
    )
    account.call("s3", "put_object", Bucket=account.names.bucket, Body=body, **about)


def show_page(account: Account, release: str) -> None:
    """Let index.html be the one of a release, which lies beside the release's files."""
    bucket = account.names.bucket
    body = account.call("s3", "get_object", Bucket=bucket, Key=f"releases/{release}/{_INDEX}")["Body"].read()
    put_file(account, Index("", release), body)


def delete_file(account: Account, file: SiteFile | Index) -> None:
    """Delete one file of the page."""
    account.call("s3", "delete_object", Bucket=account.names.bucket, Key=file.path if isinstance(file, SiteFile) else _INDEX)


def read_lock(account: Account) -> Held | None:
    """Return the deployer's lock. Its age is by S3's own clock, which this machine's may not be."""
    found = account.find("s3", "get_object", ("404", "NoSuchKey", "NoSuchBucket"), Bucket=account.names.bucket, Key=_LOCK)
    if found is None:
        return None
    date = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
    return Held(found["Body"].read(), found["ETag"], (date - found["LastModified"]).total_seconds())


def write_lock(account: Account, body: bytes, mark: str) -> str | None:
    """Write the lock if it is absent, or still as marked; None if it is not."""
    condition = {"IfMatch": mark} if mark else {"IfNoneMatch": "*"}
    gone = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404")
    written = account.find("s3", "put_object", gone, Bucket=account.names.bucket, Key=_LOCK, Body=body, **condition)
    return written["ETag"] if written else None


def drop_lock(account: Account, mark: str) -> None:
    """Remove the lock, if it is as marked; the bucket may be gone with it."""
    there = read_lock(account)
    if there is not None and there.mark == mark:
        account.call("s3", "delete_object", Bucket=account.names.bucket, Key=_LOCK)


def observe_records(account: Account) -> Iterator[Thing]:
    """Yield the table, if it is there, and whether it has its expiry and its backups."""
    table = {"TableName": account.names.all}
    found = account.find("dynamodb", "describe_table", ("ResourceNotFoundException",), **table)
    if found is None or found["Table"]["TableStatus"] == "DELETING":
        return
    expiry = account.call("dynamodb", "describe_time_to_live", **table)["TimeToLiveDescription"]
    backups = account.call("dynamodb", "describe_continuous_backups", **table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    yield Records(whole=expiry["TimeToLiveStatus"] in {"ENABLED", "ENABLING"} and recovery == "ENABLED")


def put_records(account: Account) -> None:
    """Make the table in the form that functions/shared/stores/dynamodb.py reads: on demand, with expiry and point-in-time recovery."""
    table = {"TableName": account.names.all}
    keys = (("partition", "HASH"), ("sort", "RANGE"))
    account.find(
        "dynamodb",
        "create_table",
        ("ResourceInUseException",),
        **table,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "twocan", "Value": account.names.stage}],
    )
    account.wait("The table", lambda: account.call("dynamodb", "describe_table", **table)["Table"]["TableStatus"] == "ACTIVE")
    expiry = account.call("dynamodb", "describe_time_to_live", **table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if expiry not in {"ENABLED", "ENABLING"}:
        specification = {"Enabled": True, "AttributeName": "expires"}
        account.call("dynamodb", "update_time_to_live", **table, TimeToLiveSpecification=specification)
    recovery = {"PointInTimeRecoveryEnabled": True}
    account.call("dynamodb", "update_continuous_backups", again=("ContinuousBackupsUnavailable",), **table, PointInTimeRecoverySpecification=recovery)


def delete_records(account: Account) -> None:
    """Delete the table with all accounts and sessions."""
    table = {"TableName": account.names.all}
    account.find("dynamodb", "delete_table", ("ResourceNotFoundException",), **table)
    account.wait("Deleting the table", lambda: account.find("dynamodb", "describe_table", ("ResourceNotFoundException",), **table) is None)
