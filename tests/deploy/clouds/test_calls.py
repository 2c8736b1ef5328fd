"""Which calls change something, told from the request alone."""

from __future__ import annotations

import pytest

from tests.matrix.cloud import load

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
BUCKET = {"host": "twocan.obs.cn-north-4.myhuaweicloud.com"}
PROJECT = f"/v2/{'0' * 32}"
ADMIN = f"{PROJECT}/fgs/functions/urn%3Afss%3Acn-north-4%3A{'0' * 32}%3Afunction%3Adefault%3Atwocan-matrix-admin%3A%21live"
APIG = f"{PROJECT}/apigw/instances/{'1' * 32}"
CHANGE = {
    "aws table": ("POST", "/", {"x-amz-target": "DynamoDB_20120810.CreateTable"}, b"{}"),
    "aws retention": ("POST", "/", {"x-amz-target": "Logs_20140328.PutRetentionPolicy"}, b"{}"),
    "aws role": ("POST", "/", FORM, b"Action=CreateRole&RoleName=r"),
    "aws function": ("POST", "/2015-03-31/functions", {}, b"{}"),
    "aws alias": ("PUT", "/2015-03-31/functions/f/aliases/live", {}, b"{}"),
    "aws method": ("PATCH", "/restapis/a/stages/live", {}, b"{}"),
    "aws object": ("PUT", "/bucket/key", {}, b"x"),
    "aws objects": ("POST", "/bucket?delete", {}, b"<Delete/>"),
    "huawei publication": ("POST", f"{APIG}/apis/publish?action=online", {}, b"{}"),
    "huawei table": ("POST", f"{ADMIN}/invocations", {}, b'{"command": "records.prepare", "arguments": {}}'),
    "huawei no table": ("POST", f"{ADMIN}/invocations", {}, b'{"command": "records.delete", "arguments": {}}'),
    "huawei object": ("PUT", "/key", BUCKET, b"x"),
    "huawei objects": ("POST", "/?delete", BUCKET, b"<Delete/>"),
}
READ = {
    "aws table": ("POST", "/", {"x-amz-target": "DynamoDB_20120810.DescribeTable"}, b"{}"),
    "aws groups": ("POST", "/", {"x-amz-target": "Logs_20140328.DescribeLogGroups"}, b"{}"),
    "aws lines": ("POST", "/", {"x-amz-target": "Logs_20140328.FilterLogEvents"}, b"{}"),
    "aws identity": ("POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15"),
    "aws metrics": ("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", {"content-type": "application/cbor"}, b"\xa1"),
    "aws bucket": ("HEAD", "/bucket", {}, b""),
    "aws listing": ("GET", "/bucket?list-type=2", {}, b""),
    "aws invocation": ("POST", "/2015-03-31/functions/f/invocations?Qualifier=1", {}, b"{}"),
    "huawei groups": ("GET", f"{PROJECT}/groups", {}, b""),
    "huawei lines": ("POST", f"{PROJECT}/groups/1/streams/2/content/query", {}, b"{}"),
    "huawei table": ("POST", f"{ADMIN}/invocations", {}, b'{"command": "records.state", "arguments": {}}'),
    "huawei invocation": ("POST", f"{ADMIN}/invocations", {}, b'{"httpMethod": "GET"}'),
    "huawei bucket": ("HEAD", "/", BUCKET, b""),
}
Asked = tuple[str, str, dict[str, str], bytes]


@pytest.mark.parametrize(("name", "asked"), CHANGE.items(), ids=CHANGE)
def test_a_change_is_counted(name: str, asked: Asked) -> None:
    """Whatever the service's protocol."""
    assert load(name.partition(" ")[0]).read(*asked).changes


@pytest.mark.parametrize(("name", "asked"), READ.items(), ids=READ)
def test_reading_is_not_counted(name: str, asked: Asked) -> None:
    """Although much of it is a POST."""
    assert not load(name.partition(" ")[0]).read(*asked).changes


def test_a_call_of_huawei_clouds_is_named_by_what_is_its_own() -> None:
    """Project, gateway and the beginning of a URN are those of every call; a bucket stands in the host."""
    read = load("huawei").read

    assert read("POST", f"{ADMIN}/invocations", {}, b'{"command": "records.prepare"}').name == (
        "POST /functions/twocan-matrix-admin:!live/invocations records.prepare"
    )
    assert read("POST", f"{APIG}/apis", {}, b"{}").name == "POST /apis"
    assert read("PUT", "/index.html", BUCKET, b"").name == "PUT twocan /index.html"
