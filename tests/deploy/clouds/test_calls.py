"""Which calls change something, told from the request alone."""

from __future__ import annotations

import pytest

from tests.matrix.calls import Call

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
CHANGE = {
    "table": Call("POST", "/", {"x-amz-target": "DynamoDB_20120810.CreateTable"}, b"{}"),
    "retention": Call("POST", "/", {"x-amz-target": "Logs_20140328.PutRetentionPolicy"}, b"{}"),
    "role": Call("POST", "/", FORM, b"Action=CreateRole&RoleName=r"),
    "function": Call("POST", "/2015-03-31/functions", {}, b"{}"),
    "alias": Call("PUT", "/2015-03-31/functions/f/aliases/live", {}, b"{}"),
    "method": Call("PATCH", "/restapis/a/stages/live", {}, b"{}"),
    "object": Call("PUT", "/bucket/key", {}, b"x"),
    "objects": Call("POST", "/bucket?delete", {}, b"<Delete/>"),
}
READ = {
    "table": Call("POST", "/", {"x-amz-target": "DynamoDB_20120810.DescribeTable"}, b"{}"),
    "groups": Call("POST", "/", {"x-amz-target": "Logs_20140328.DescribeLogGroups"}, b"{}"),
    "lines": Call("POST", "/", {"x-amz-target": "Logs_20140328.FilterLogEvents"}, b"{}"),
    "identity": Call("POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15"),
    "metrics": Call("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", {"content-type": "application/cbor"}, b"\xa1"),
    "bucket": Call("HEAD", "/bucket", {}, b""),
    "listing": Call("GET", "/bucket?list-type=2", {}, b""),
    "invocation": Call("POST", "/2015-03-31/functions/f/invocations?Qualifier=1", {}, b"{}"),
}


@pytest.mark.parametrize("call", CHANGE.values(), ids=CHANGE)
def test_a_change_is_counted(call: Call) -> None:
    """Whatever the service's protocol."""
    assert call.changes


@pytest.mark.parametrize("call", READ.values(), ids=READ)
def test_reading_is_not_counted(call: Call) -> None:
    """Although much of it is a POST."""
    assert not call.changes
