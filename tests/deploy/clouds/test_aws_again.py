"""The second apply on AWS, and all later ones: nothing where nothing changed, only what did where something did, and what was spoiled is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deploy import cloud_commands, operate, show
from tests.matrix.aws import REGION
from tests.matrix.stage import MODEL_KEY, TOKEN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.clouds.conftest import Here

BUCKET = f"twocan-matrix-123456789012-{REGION}"
LOCK = {f"PUT /{BUCKET}/deploying.json", f"DELETE /{BUCKET}/deploying.json"}


def test_a_second_apply_changes_nothing(applied: Here) -> None:
    """Not a single call of it does."""
    ended = applied.obey("apply", "first")

    assert ([], []) == (applied.proxy.changes, ended["left"])
    assert applied.proxy.calls


@pytest.mark.parametrize("edition", ["first", "second"])
def test_a_plan_changes_nothing(have: Callable[..., Here], edition: str) -> None:
    """Nor does it show a secret, to a person or to a script; what is not there yet is said."""
    here = have()
    found = operate.outlook(here.deployment(edition))
    shown = show.steps(found.steps).plain + json.dumps(show.as_json(found.steps))

    assert [] == here.proxy.changes
    assert "(known after apply)" in shown
    assert not [secret for secret in (TOKEN_KEY, MODEL_KEY) if secret in shown]


def test_other_days_change_the_logs_and_nothing_else(applied: Here) -> None:
    """No function, no address and no file is touched."""
    ended = applied.obey("apply", "other days")

    assert LOCK | {"CreateLogGroup", "PutRetentionPolicy"} == set(applied.proxy.changes)
    assert [] == ended["left"]


def test_another_page_changes_files_and_nothing_else(applied: Here) -> None:
    """The page that is shown stays: a promotion moves it."""
    before = applied.client("s3").head_object(Bucket=BUCKET, Key="index.html")["ETag"]
    applied.obey("apply", "other page")
    written = {one for one in applied.proxy.changes if not one.startswith(f"PUT /{BUCKET}/releases/")}

    assert written == LOCK
    assert before == applied.client("s3").head_object(Bucket=BUCKET, Key="index.html")["ETag"]


def test_other_code_changes_functions_and_nothing_else(applied: Here) -> None:
    """Unpublished ones: no version is made and no alias moves."""
    before = [one for one in applied.account.ask("listed") if one.startswith(("alias", "function"))]
    applied.obey("apply", "other code")
    ways = {one.rpartition("/")[2] for one in set(applied.proxy.changes) - LOCK}

    assert {"code", "configuration"} == ways
    assert before == [one for one in applied.account.ask("listed") if one.startswith(("alias", "function"))]


def test_models_of_aws_widen_the_chat_functions_role_and_no_other(applied: Here) -> None:
    """By exactly these; the plan shows them; a second apply changes nothing; and without the models it is as narrow as before."""
    narrow = _statements(applied)
    shown = show.steps(operate.outlook(applied.deployment("own models")).steps).plain
    applied.obey("apply", "own models")
    wide = _statements(applied)[len(narrow) :]
    again = applied.obey("apply", "own models")
    repeated = applied.proxy.changes
    taken = show.steps(operate.outlook(applied.deployment("first")).steps).plain
    applied.obey("apply", "first")

    assert ([], []) == (repeated, again["left"])
    assert f"~ role chat\n      endpoint Llama: {REGION}\n      model us.amazon.nova-pro-v1:0: us-east-1\n" in shown
    assert shown.count("~ role") == taken.count("~ role") == 1
    assert "endpoint/llama: is asked → gone" in taken
    assert [
        [f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/Llama", f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/llama"],
        ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0"],
        ["arn:aws:bedrock:*::foundation-model/amazon.nova-pro-v1:0"],
    ] == [one["Resource"] for one in wide]
    assert narrow == _statements(applied)


def _statements(here: Here) -> list[dict[str, Any]]:
    found = here.client("iam").get_role_policy(RoleName="twocan-matrix-chat", PolicyName="twocan")
    statements: list[dict[str, Any]] = found["PolicyDocument"]["Statement"]
    return statements


def test_no_secret_is_sent_but_to_a_function_when_one_is_changed(applied: Here) -> None:
    """The descriptions of an update say digests only."""
    applied.obey("apply", "other code")
    told = {call.name.rpartition("/")[2] for call in applied.proxy.calls if TOKEN_KEY.encode() in call.body or MODEL_KEY.encode() in call.body}

    assert {"configuration"} == told


def test_a_domain_has_the_name_that_its_record_must_lead_to(have: Callable[..., Here]) -> None:
    """Which only the owner can write: without it the page is nowhere."""
    here = have(("apply", "first"), ("apply", "second"))
    told = cloud_commands._addresses(here.deployment("second").target.observe())
    (distribution,) = here.client("cloudfront").list_distributions()["DistributionList"]["Items"]

    assert ("https://chat.example.org/", distribution["DomainName"]) == (told["page"], told["page's CNAME"])


def test_a_website_is_open_and_has_no_cdn(have: Callable[..., Here]) -> None:
    """Where the owner says so: everybody may read the page's files, and only these; and the API knows the page's origin."""
    here = have()
    ended = here.obey("apply", "website")
    (statement,) = json.loads(here.client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    site = here.client("s3").get_bucket_website(Bucket=BUCKET)
    origin = here.client("lambda").get_function_configuration(FunctionName="twocan-matrix-chat")["Environment"]["Variables"]["SITE_ORIGIN"]

    assert ([], "index.html") == (ended["left"], site["IndexDocument"]["Suffix"])
    assert ("*", "s3:GetObject") == (statement["Principal"], statement["Action"])
    assert [f"arn:aws:s3:::{BUCKET}/index.html", f"arn:aws:s3:::{BUCKET}/releases/*"] == sorted(statement["Resource"])
    assert f"http://{BUCKET}.s3-website.{REGION}.amazonaws.com" == origin
    assert not [one for one in here.account.ask("listed") if one.startswith(("distribution", "access control", "headers policy"))]


def test_a_stage_beside_it_is_left_alone(applied: Here) -> None:
    """It is made, and destroyed with its data, and all that the first one has is as it was."""
    before = applied.account.ask("listed")
    made = applied.obey("apply", "beside")
    both = applied.account.ask("listed")
    destroyed = applied.obey("destroy", "beside")

    assert ([], None) == (made["left"], destroyed.get("error"))
    assert set(before) <= set(both)
    assert before == applied.account.ask("listed")


def _address(here: Here, path: str) -> dict[str, str]:
    resources = here.client("apigateway").get_resources(restApiId=here.api, limit=500)["items"]
    return {"restApiId": here.api, "resourceId": next(one["id"] for one in resources if one["path"] == path), "httpMethod": "GET"}


def _open_route(here: Here) -> None:
    gateway = here.client("apigateway")
    where = _address(here, "/auth/me")
    integration = gateway.get_integration(**where)
    gateway.delete_method(**where)
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=integration["uri"], timeoutInMillis=29_000)
    gateway.create_deployment(restApiId=here.api, stageName="live")


def _open_bucket(here: Here) -> None:
    policy = {
        "Statement": [
            {"Sid": "cdn", "Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
        ]
    }
    here.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", **policy}))
    here.client("s3").delete_public_access_block(Bucket=BUCKET)


def _widen_role(here: Here) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    here.client("iam").put_role_policy(RoleName="twocan-matrix-chat", PolicyName="twocan", PolicyDocument=json.dumps(policy))


def _forget_statement(here: Here) -> None:
    here.client("lambda").remove_permission(FunctionName="twocan-matrix-login", StatementId="gateway", Qualifier="live")


def _lead_elsewhere(here: Here) -> None:
    gateway = here.client("apigateway")
    (guard,) = gateway.get_authorizers(restApiId=here.api)["items"]
    uri = guard["authorizerUri"].replace(":live/", "/")
    changes = [{"op": "replace", "path": "/authorizerUri", "value": uri}, {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "3600"}]
    gateway.update_authorizer(restApiId=here.api, authorizerId=guard["id"], patchOperations=changes)


def _call_the_newest(here: Here) -> None:
    gateway = here.client("apigateway")
    where = _address(here, "/v1/models")
    uri = gateway.get_integration(**where)["uri"].replace(":live/", "/")
    gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)


def _stop_the_stage(here: Here) -> None:
    here.client("apigateway").delete_stage(restApiId=here.api, stageName="live")


def _log_headers(here: Here) -> None:
    change = [{"op": "replace", "path": "/accessLogSettings/format", "value": "$context.identity.caller $context.authorizer.principalId"}]
    here.client("apigateway").update_stage(restApiId=here.api, stageName="live", patchOperations=change)


def _keep_logs(here: Here) -> None:
    here.client("logs").delete_retention_policy(logGroupName="/aws/lambda/twocan-matrix-chat")


def _set_variable(here: Here) -> None:
    functions = here.client("lambda")
    variables = functions.get_function_configuration(FunctionName="twocan-matrix-chat")["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName="twocan-matrix-chat", Environment={"Variables": {**variables, "OPENAI_LOG": "debug"}})


def _frame_the_page(here: Here) -> None:
    cdn = here.client("cloudfront")
    (listed,) = cdn.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]
    identity = listed["ResponseHeadersPolicy"]["Id"]
    config = {"Name": "twocan-matrix", "CustomHeadersConfig": {"Quantity": 0, "Items": []}}
    etag = cdn.get_response_headers_policy(Id=identity)["ETag"]
    cdn.update_response_headers_policy(Id=identity, IfMatch=etag, ResponseHeadersPolicyConfig=config)


def _stop_backups(here: Here) -> None:
    recovery = {"PointInTimeRecoveryEnabled": False}
    here.client("dynamodb").update_continuous_backups(TableName="twocan-matrix", PointInTimeRecoverySpecification=recovery)


def _unthrottle(here: Here) -> None:
    change = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "10000"}]
    here.client("apigateway").update_stage(restApiId=here.api, stageName="live", patchOperations=change)


SPOILED: dict[str, Any] = {
    "an open address": _open_route,
    "an open bucket": _open_bucket,
    "a role that may all": _widen_role,
    "a missing permission": _forget_statement,
    "another authorizer": _lead_elsewhere,
    "an address to the newest code": _call_the_newest,
    "no stage": _stop_the_stage,
    "another access log": _log_headers,
    "a log for ever": _keep_logs,
    "a variable more": _set_variable,
    "a page that can be framed": _frame_the_page,
    "no backups": _stop_backups,
    "no throttling": _unthrottle,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_somebody_changed_is_seen_and_mended(applied: Here, spoil: Callable[[Here], None]) -> None:
    """Also in what is served: the API is published anew where a part of it was not ours. Nothing else is doubled or lost."""
    before, served = applied.account.ask("listed"), _served(applied)
    spoil(applied)
    ended = applied.obey("apply", "first")

    assert applied.proxy.changes
    assert ([], None) == (ended.get("left"), ended.get("error"))
    assert (before, []) == (applied.account.ask("listed"), applied.account.ask("loose"))
    assert served == _served(applied)


def _served(here: Here) -> dict[str, Any]:
    """Return what the stage serves and how, apart from ids and times."""
    found = here.deployed()
    methods = {one["path"]: one.get("resourceMethods") for one in found["resources"]}
    return {
        "methods": methods,
        "authorizers": found["authorizers"],
        "limits": found["stage"]["methodSettings"],
        "log": found["stage"]["accessLogSettings"],
    }
