"""What a first apply makes on AWS, read back by another hand: the "silently wrong" column of aws.md, section 4, above all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.matrix.aws import REGION
from tests.matrix.stage import MODEL_KEY, TOKEN_KEY

if TYPE_CHECKING:
    from tests.deploy.clouds.conftest import First

ALIAS = f"arn:aws:lambda:{REGION}:123456789012:function:twocan-matrix-{{}}:live"
PATHS = f"arn:aws:apigateway:{REGION}:lambda:path"
BUCKET = f"twocan-matrix-123456789012-{REGION}"
NAMES = ("authorizer", "login", "chat", "qa", "admin")
OPEN = {("POST", "/auth/login"), ("POST", "/auth/refresh")}


def called(name: str) -> str:
    """Return the URI by which the gateway calls a function whole."""
    return f"{PATHS}/2015-03-31/functions/{ALIAS.format(name)}/invocations"


def test_every_address_calls_an_alias(first: First) -> None:
    """Never the newest code; and the chat streams, by its own version of the path."""
    uris = {key: about["methodIntegration"]["uri"] for key, about in first.served().items() if key[0] != "OPTIONS"}
    chat = f"{PATHS}/2021-11-15/functions/{ALIAS.format('chat')}/response-streaming-invocations"

    assert chat == uris.pop(("POST", "/v1/chat/completions"))
    assert {called("chat")} == {uris.pop(address) for address in (("GET", "/v1/models"), ("POST", "/v1/embeddings"), ("GET", "/admin/models"))}
    assert called("qa") == uris.pop(("POST", "/v1/passages"))
    assert {called("login")} == set(uris.values())


def test_only_the_chat_streams(first: First) -> None:
    """For a quarter of an hour; the others have the gateway's 29 s."""
    about = {key: one["methodIntegration"] for key, one in first.served().items() if key[0] != "OPTIONS"}
    modes = {key: (one["responseTransferMode"], one["timeoutInMillis"]) for key, one in about.items()}

    assert ("STREAM", 900_000) == modes.pop(("POST", "/v1/chat/completions"))
    assert {("BUFFERED", 29_000)} == set(modes.values())


def test_every_address_but_signing_in_asks_the_authorizer(first: First) -> None:
    """As it is served, not only as it is edited."""
    guards = [one["id"] for one in first.deployed()["authorizers"]]
    found = {key: (one["authorizationType"], one.get("authorizerId")) for key, one in first.served().items()}

    assert {("NONE", None)} == {found[key] for key in OPEN}
    assert {("CUSTOM", guards[0])} == {value for key, value in found.items() if key not in OPEN and key[0] != "OPTIONS"}


def test_browsers_may_ask_first_without_a_token(first: First) -> None:
    """Every path has an OPTIONS that nobody guards and no function answers."""
    served = first.served()
    asked = {
        path: (about["authorizationType"], about["methodIntegration"]["type"]) for (method, path), about in served.items() if method == "OPTIONS"
    }

    assert {path: ("NONE", "MOCK") for _, path in served} == asked


def test_the_authorizer_is_asked_through_its_alias_and_forgets_soon(first: First) -> None:
    """A token that was taken back passes for a minute at most."""
    (guard,) = first.apigateway.get_authorizers(restApiId=first.api)["items"]

    assert ("TOKEN", "method.request.header.Authorization", called("authorizer")) == (guard["type"], guard["identitySource"], guard["authorizerUri"])
    assert 60 >= guard["authorizerResultTtlInSeconds"]


def test_the_gateway_may_call_the_alias_and_nothing_else(first: First) -> None:
    """A permission without a qualifier would be for the newest code; and admin has no address, so no permission."""
    found = {}
    for name in NAMES:
        statements = _statements(first, name, Qualifier="live")
        found[name] = [(one["Principal"], one["Action"], one["Condition"]["ArnLike"]["AWS:SourceArn"]) for one in statements]
    grant = ({"Service": "apigateway.amazonaws.com"}, "lambda:InvokeFunction", f"arn:aws:execute-api:{REGION}:123456789012:{first.api}/*")

    assert {"authorizer": [grant], "login": [grant], "chat": [grant], "qa": [grant], "admin": []} == found
    assert [] == [one for name in NAMES for one in _statements(first, name)]


def _statements(first: First, name: str, **qualifier: str) -> list[dict[str, Any]]:
    try:
        policy = first.functions.get_policy(FunctionName=f"twocan-matrix-{name}", **qualifier)["Policy"]
    except first.functions.exceptions.ResourceNotFoundException:
        return []
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_the_gateways_own_errors_can_be_read_by_the_page(first: First) -> None:
    """They name the page's origin, and their bodies are OpenAI's."""
    origin = "https://" + first.cloudfront.list_distributions()["DistributionList"]["Items"][0]["DomainName"]
    answers = {one["responseType"]: one for one in first.deployed()["gateway_responses"]}

    assert {f"'{origin}'"} == {one["responseParameters"]["gatewayresponse.header.access-control-allow-origin"] for one in answers.values()}
    assert ("401", "403") == (answers["UNAUTHORIZED"]["statusCode"], answers["ACCESS_DENIED"]["statusCode"])
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "AUTHORIZER_FAILURE"} <= set(answers)
    assert all("error" in json.loads(one["responseTemplates"]["application/json"]) for one in answers.values())


def test_the_stage_throttles_and_logs_no_token(first: First) -> None:
    """Neither headers nor a query nor a body reach the access log."""
    stage = first.apigateway.get_stage(restApiId=first.api, stageName="live")
    limits, log = stage["methodSettings"]["*/*"], stage["accessLogSettings"]

    assert (50.0, 100) == (limits["throttlingRateLimit"], limits["throttlingBurstLimit"])
    assert f"arn:aws:logs:{REGION}:123456789012:log-group:/twocan/matrix/gateway" == log["destinationArn"]
    assert not [word for word in ("header", "authorizer", "query", "body", "token", "override") if word in log["format"].lower()]
    assert not limits.get("dataTraceEnabled")


def test_the_table_costs_nothing_idle_and_forgets_and_remembers(first: First) -> None:
    """On demand, with expiry, and with its last 35 days."""
    about = first.dynamodb.describe_table(TableName="twocan-matrix")["Table"]
    expiry = first.dynamodb.describe_time_to_live(TableName="twocan-matrix")["TimeToLiveDescription"]
    backups = first.dynamodb.describe_continuous_backups(TableName="twocan-matrix")["ContinuousBackupsDescription"]

    assert "PAY_PER_REQUEST" == about["BillingModeSummary"]["BillingMode"]
    assert [("partition", "HASH"), ("sort", "RANGE")] == [(one["AttributeName"], one["KeyType"]) for one in about["KeySchema"]]
    assert ("expires", "ENABLED") == (expiry["AttributeName"], expiry["TimeToLiveStatus"])
    assert "ENABLED" == backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def test_only_the_cdn_may_read_and_only_the_page(first: First) -> None:
    """The bucket is closed to the public, and the deployer's lock is not for the CDN, either."""
    (cdn,) = first.cloudfront.list_distributions()["DistributionList"]["Items"]
    (statement,) = json.loads(first.s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    blocks = first.s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]

    assert {True} == set(blocks.values())
    assert [f"arn:aws:s3:::{BUCKET}/index.html", f"arn:aws:s3:::{BUCKET}/releases/*"] == sorted(statement["Resource"])
    assert ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject") == (statement["Principal"], statement["Action"])
    assert {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::123456789012:distribution/{cdn['Id']}"}} == statement["Condition"]


def test_the_cdn_signs_its_reading_and_adds_the_security_headers(first: First) -> None:
    """Without OAC its requests would be a stranger's; without the policy a page could be framed."""
    (listed,) = first.cloudfront.list_distributions()["DistributionList"]["Items"]
    config = first.cloudfront.get_distribution_config(Id=listed["Id"])["DistributionConfig"]
    (access,) = first.cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    policy = first.cloudfront.get_response_headers_policy(Id=config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"])
    security = policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert [access["Id"]] == [one["OriginAccessControlId"] for one in config["Origins"]["Items"]]
    assert "frame-ancestors 'none'" == security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert ("redirect-to-https", "index.html") == (config["DefaultCacheBehavior"]["ViewerProtocolPolicy"], config["DefaultRootObject"])


def test_the_page_is_written_last_and_never_cached(first: First) -> None:
    """Its files are kept for a year, and are all there before it."""
    written = [call.path.partition("?")[0].removeprefix(f"/{BUCKET}/") for call in first.calls if call.method == "PUT" and f"/{BUCKET}/" in call.path]
    caches = {key: first.s3.head_object(Bucket=BUCKET, Key=key)["CacheControl"] for key in written if key != "deploying.json"}

    assert ["deploying.json", "index.html"] == [written[0], written[-1]]
    assert "no-cache" == caches.pop("index.html")
    assert {"public, max-age=31536000, immutable"} == set(caches.values())


def test_logs_are_kept_for_as_long_as_the_owner_says(first: First) -> None:
    """A function's own first write would make a log that is kept for ever."""
    groups = first.logs.describe_log_groups()["logGroups"]
    names = [*(f"/aws/lambda/twocan-matrix-{name}" for name in NAMES), "/twocan/matrix/gateway"]

    assert dict.fromkeys(names, 30) == {one["logGroupName"]: one.get("retentionInDays") for one in groups}


def test_a_function_may_only_what_it_does(first: First) -> None:
    """Its own log; and who keeps records, its own table: no star but behind a log group's name."""
    for name in NAMES:
        statements = first.iam.get_role_policy(RoleName=f"twocan-matrix-{name}", PolicyName="twocan")["PolicyDocument"]["Statement"]
        log = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/lambda/twocan-matrix-{name}:*"
        table = f"arn:aws:dynamodb:{REGION}:123456789012:table/twocan-matrix"
        attached = first.iam.list_attached_role_policies(RoleName=f"twocan-matrix-{name}")["AttachedPolicies"]

        assert [log, *([table] if name in {"login", "admin"} else [])] == [one["Resource"] for one in statements]
        assert not [action for one in statements for action in one["Action"] if "*" in action]
        assert [] == attached


def test_only_lambda_is_ever_told_a_secret(first: First) -> None:
    """In all that was sent to AWS; so it can be in no description, tag, policy, log, object or stage variable."""
    told = {call.name.partition("?")[0] for call in first.calls if TOKEN_KEY.encode() in call.body or MODEL_KEY.encode() in call.body}

    assert {"POST /2015-03-31/functions"} == {one.removesuffix("/") for one in told}
    assert not [call.name for call in first.calls if TOKEN_KEY in str(call.headers) + call.path or MODEL_KEY in str(call.headers) + call.path]


def test_a_function_is_told_only_the_secrets_that_it_needs(first: First) -> None:
    """The gatekeeper never has the models' keys."""
    variables = {name: _variables(first, name) for name in NAMES}

    assert {"chat"} == {name for name, given in variables.items() if MODEL_KEY in str(given)}
    assert {"authorizer", "login", "chat", "qa"} == {name for name, given in variables.items() if TOKEN_KEY in given.values()}
    assert [] == [name for name in NAMES if any(secret in _description(first, name) for secret in (TOKEN_KEY, MODEL_KEY))]


def _variables(first: First, name: str) -> dict[str, str]:
    about = first.functions.get_function_configuration(FunctionName=f"twocan-matrix-{name}", Qualifier="live")
    given: dict[str, str] = about["Environment"]["Variables"]
    return given


def _description(first: First, name: str) -> str:
    return str(first.functions.get_function_configuration(FunctionName=f"twocan-matrix-{name}")["Description"])


def test_functions_are_what_the_bundle_says(first: First) -> None:
    """Python 3.13 on the owner's processor; the chat alone with the loop that streams."""
    about = {name: first.functions.get_function_configuration(FunctionName=f"twocan-matrix-{name}", Qualifier="live") for name in NAMES}

    assert {("python3.13", "index.handler", "arm64")} == {(one["Runtime"], one["Handler"], one["Architectures"][0]) for one in about.values()}
    assert {"authorizer": 10, "login": 25, "chat": 900, "qa": 25, "admin": 60} == {name: one["Timeout"] for name, one in about.items()}
    assert ["chat"] == [name for name, one in about.items() if "AWS_LAMBDA_EXEC_WRAPPER" in one["Environment"]["Variables"]]
    assert {"1"} == {one["Version"] for one in about.values()}
