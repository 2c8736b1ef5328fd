"""The exported template as SAM's own translator and cfn-lint read it, and the zips beside it. Nothing here asks an account."""

from __future__ import annotations

import copy
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from samtranslator.translator.transform import transform

from deploy import bundle, clouds, deployment, own_models, owner, package, streaming
from deploy.__main__ import main
from deploy.chalice import export, skeleton, template
from deploy.clouds.aws import compute
from deploy.clouds.aws.account import Names
from deploy.gateway_responses import gateway_responses, preflight_headers
from deploy.steps import Role
from functions.shared import settings

Document = dict[str, Any]

MODELS = (
    {"name": "gpt", "vendor": "openai", "base_url": "https://api.openai.com/v1", "model": "gpt", "key": "OPENAI_API_KEY"},
    {"name": "own", "vendor": "sagemaker", "base_url": "https://runtime.sagemaker.us-west-2.amazonaws.com", "model": "llama"},
)
CHOICES = owner.Owner(models=MODELS, limits={"MAX_OUTPUT_TOKENS": "99"})
FUNCTIONS = pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
ROUTES = pytest.mark.parametrize("route", bundle.ROUTES, ids=lambda one: f"{one.method} {one.path}")
ORDER = template.Order("prod", CHOICES, {})
#: What must be in no file that is exported.
SECRETS = {name: f"a-secret-called-{name.lower()}" for name in ("TOKEN_KEY", "MODEL_KEYS", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY")}


class Policies:
    """What the translator asks an account for, and has of AWS's own policies."""

    def load(self) -> dict[str, str]:
        """Return the one that SAM gives CodeDeploy's role."""
        return {"AWSCodeDeployRoleForLambda": "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"}


@pytest.fixture(name="exported", scope="module")
def _exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "new" / "folder"
    export.export("prod", CHOICES, folder)
    return folder


@pytest.fixture(name="written")
def _written(exported: Path) -> Document:
    document: Document = json.loads((exported / export.TEMPLATE).read_text(encoding="utf-8"))
    return document


@pytest.fixture(name="api")
def _api(written: Document) -> Document:
    body: Document = written["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    return body


@pytest.fixture(name="resources")
def _resources(written: Document, monkeypatch: pytest.MonkeyPatch) -> Document:
    """What CloudFormation is given after SAM's transform."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return transformed(written)


@pytest.fixture(name="made", scope="module")
def _made() -> Document:
    """What chalice says, before it is made ours."""
    policies = {one.name: template.policy(one, ORDER) for one in bundle.FUNCTIONS}
    return skeleton.packaged(skeleton.Project("twocan-prod", "eu-central-1", "arm64", 30, policies))


def transformed(written: Document, **parameters: str) -> Document:
    """Return the resources that SAM makes of the template, its zips uploaded as `sam deploy` does."""
    document = copy.deepcopy(written)
    for one in of(document["Resources"], "AWS::Serverless::Function").values():
        one["Properties"]["CodeUri"] = f"s3://bucket/{one['Properties']['CodeUri'].removeprefix('./')}"
    found: Document = transform(document, parameters, Policies())["Resources"]
    return found


def of(resources: Document, kind: str) -> Document:
    """Return the resources of a kind."""
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def filled(value: Any, known: dict[str, str]) -> Any:
    """Return what CloudFormation makes of a template's value."""
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    if "Fn::GetAtt" in value:
        return known[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        text = value["Fn::Sub"]
        for name, one in known.items():
            text = text.replace(f"${{{name}}}", one)
        return text
    return {name: filled(one, known) for name, one in value.items()}


@FUNCTIONS
def test_a_function_is_released_by_its_alias(resources: Document, function: bundle.Function) -> None:
    """A version of its own that outlives the next, the alias that leads to it, and CodeDeploy to move the alias bit by bit."""
    name = function.name.capitalize()
    alias, group = resources[f"{name}Aliaslive"], resources[f"{name}DeploymentGroup"]
    (version,) = [one for key, one in of(resources, "AWS::Lambda::Version").items() if key.startswith(f"{name}Version")]

    assert ("live", "Retain") == (alias["Properties"]["Name"], version["DeletionPolicy"])
    assert {"Ref": f"{name}DeploymentGroup"} == alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
    assert {"ConfigName": "Canary10Percent5Minutes"} == group["Properties"]["DeploymentConfigName"]["Fn::Sub"][1]


def test_a_function_that_breaks_is_taken_back(resources: Document) -> None:
    """While the new version of login, chat or qa has a tenth of the calls. A refusal is an authorizer's error, so its errors tell nothing."""
    watched = {name: one["Properties"].get("AlarmConfiguration") for name, one in of(resources, "AWS::CodeDeploy::DeploymentGroup").items()}

    assert {"LoginDeploymentGroup", "ChatDeploymentGroup", "QaDeploymentGroup"} == {name for name, alarms in watched.items() if alarms}
    assert {"Enabled": True, "Alarms": [{"Name": {"Ref": "ChatAlarm"}}]} == watched["ChatDeploymentGroup"]


@pytest.mark.parametrize(("change", "versions"), [({"TokenKey": "other"}, 0), ({"MemorySize": 2048}, 1)], ids=["secret", "size"])
def test_a_version_is_made_of_what_the_template_says(
    written: Document, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], versions: int
) -> None:
    """SAM does not look at a parameter's value, so a secret that is changed alone waits for the next version; each parameter says so."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    before = set(of(transformed(written), "AWS::Lambda::Version"))
    written["Resources"]["Login"]["Properties"] |= {name: value for name, value in change.items() if name == "MemorySize"}
    after = set(of(transformed(written, **{name: value for name, value in change.items() if name == "TokenKey"}), "AWS::Lambda::Version"))

    assert versions == len(after - before)
    assert all("next version" in one["Description"] for one in written["Parameters"].values())


def test_everything_that_calls_calls_an_alias(resources: Document) -> None:
    """Permissions are for it alone, and no address leads to the newest code."""
    reached = {*(route.function for route in bundle.ROUTES), "authorizer"}
    permissions = of(resources, "AWS::Lambda::Permission").values()

    assert sorted(f"{name.capitalize()}Aliaslive" for name in reached) == sorted(one["Properties"]["FunctionName"]["Ref"] for one in permissions)
    assert "Arn}" not in json.dumps(resources["RestAPI"])


def test_the_linter_has_nothing_to_say(exported: Path) -> None:
    """Not even a warning."""
    done = subprocess.run([Path(sys.executable).with_name("cfn-lint"), exported / export.TEMPLATE], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stdout)


@ROUTES
def test_a_route_calls_its_function(resources: Document, route: bundle.Route) -> None:
    """Through the address that fits how it answers, and only past the authorizer if it is guarded."""
    method = resources["RestAPI"]["Properties"]["Body"]["paths"][route.path][route.method.lower()]
    integration = method["x-amazon-apigateway-integration"]
    version, call, mode, seconds = (
        ("2021-11-15", "response-streaming-invocations", "STREAM", 900) if route.streams else ("2015-03-31", "invocations", "BUFFERED", 29)
    )
    start = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path"

    assert [f"{start}/{version}/functions/${{Alias}}/{call}", {"Alias": {"Ref": f"{route.function.capitalize()}Aliaslive"}}] == integration["uri"][
        "Fn::Sub"
    ]
    assert ("aws_proxy", "POST", mode, seconds * 1000) == tuple(
        integration[name] for name in ("type", "httpMethod", "responseTransferMode", "timeoutInMillis")
    )
    assert ([{"authorizer": []}] if route.guarded else None) == method.get("security")


def test_there_is_no_other_address(api: Document, resources: Document) -> None:
    """The bundle's, each with its preflight, in the one stage, which is REGIONAL and has limits."""
    stages = of(resources, "AWS::ApiGateway::Stage").values()

    assert {(one.method, one.path) for one in bundle.ROUTES} | {("OPTIONS", one.path) for one in bundle.ROUTES} == {
        (method.upper(), path) for path, methods in api["paths"].items() for method in methods
    }
    assert [("live", 50, 100)] == [
        (one["Properties"]["StageName"], limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"])
        for one in stages
        for limits in one["Properties"]["MethodSettings"]
    ]
    assert all("StageName" not in one["Properties"] for one in of(resources, "AWS::ApiGateway::Deployment").values())
    assert {"Types": ["REGIONAL"]} == resources["RestAPI"]["Properties"]["EndpointConfiguration"]


def test_the_authorizer_is_asked_with_the_token(api: Document) -> None:
    """And its answer is remembered for a minute."""
    guard = api["securityDefinitions"]["authorizer"]
    about = guard["x-amazon-apigateway-authorizer"]

    assert ("Authorization", "header", "custom") == (guard["name"], guard["in"], guard["x-amazon-apigateway-authtype"])
    assert ("token", 60, {"Alias": {"Ref": "Authorizer.Alias"}}) == (
        about["type"],
        about["authorizerResultTtlInSeconds"],
        about["authorizerUri"]["Fn::Sub"][1],
    )


@ROUTES
def test_a_preflight_asks_nobody(api: Document, route: bundle.Route) -> None:
    """It says what our own gateway says."""
    preflight = api["paths"][route.path]["options"]
    mock = preflight["x-amazon-apigateway-integration"]
    said = {
        name.rpartition(".")[2]: filled(value, {"SiteOrigin": "https://x.org"})
        for name, value in mock["responses"]["default"]["responseParameters"].items()
    }

    assert ("mock", False) == (mock["type"], "security" in preflight)
    assert {name: f"'{value}'" for name, value in preflight_headers("https://x.org", f"{route.method}, OPTIONS").items()} == said


def test_the_gateways_own_words_are_ours(api: Document) -> None:
    """With CORS, so that the page can read them."""
    found = api["x-amazon-apigateway-gateway-responses"]
    refused = found["UNAUTHORIZED"]["responseParameters"]

    assert {one.type: (one.status and str(one.status), one.body) for one in gateway_responses("aws", "")} == {
        name: (one.get("statusCode"), one["responseTemplates"]["application/json"]) for name, one in found.items()
    }
    assert {"Fn::Sub": "'${SiteOrigin}'"} == refused["gatewayresponse.header.access-control-allow-origin"]
    assert "context.requestId" == refused["gatewayresponse.header.x-request-id"]


@FUNCTIONS
def test_a_function_is_what_the_bundle_says(written: Document, function: bundle.Function) -> None:
    """Its size, its own zip, Lambda's Python, and the loop where it streams."""
    about = written["Resources"][function.name.capitalize()]["Properties"]
    streams = any(route.streams for route in bundle.ROUTES if route.function == function.name)

    assert (f"./{function.name}.zip", "index.handler", "python3.13", ["arm64"]) == tuple(
        about[name] for name in ("CodeUri", "Handler", "Runtime", "Architectures")
    )
    assert (function.seconds, function.memory) == (about["Timeout"], about["MemorySize"])
    assert streams == (streaming.ENVIRONMENT.items() <= about["Environment"]["Variables"].items())


@FUNCTIONS
def test_a_function_is_given_what_it_needs(written: Document, function: bundle.Function) -> None:
    """Nothing else; and with it, it starts."""
    variables = written["Resources"][function.name.capitalize()]["Properties"]["Environment"]["Variables"]
    given = {name: value if isinstance(value, str) else f"a value for {name}" for name, value in variables.items()}

    assert set() == set(given) - set(function.needs) - set(streaming.ENVIRONMENT)
    settings.read(function.needs, given.get)


def test_a_secret_is_asked_for(written: Document) -> None:
    """By CloudFormation, which shows it to nobody; one that is needed has no default."""
    asked = {name: (one.get("NoEcho", False), "Default" in one) for name, one in written["Parameters"].items()}

    assert {"SiteOrigin": (False, False), "TokenKey": (True, False), "TokenKeyPrevious": (True, True), "ModelKeys": (True, False)} == asked


@FUNCTIONS
def test_a_function_may_do_what_our_own_deployer_lets_it(resources: Document, function: bundle.Function) -> None:
    """Its log, the table if it keeps records, and the models that AWS serves if it asks some."""
    names = Names("prod", "1", "eu-central-1")
    known = {"AWS::AccountId": "1", "AWS::Region": "eu-central-1", "AWS::Partition": "aws"}
    (policy,) = resources[f"{function.name.capitalize()}Role"]["Properties"]["Policies"]
    account: Any = SimpleNamespace(names=names)
    ours = compute._policy(account, Role(function.name, "STORE" in function.needs, own_models.own(MODELS) if function.name == "chat" else ()))

    assert ours == filled(policy["PolicyDocument"], {**known, "Records.Arn": names.arn("dynamodb", f"table/{names.all}")})


def test_what_is_kept_is_kept_well(resources: Document) -> None:
    """The table as our own deployer makes it, left behind by whoever deletes the stack; logs for as long as the owner says."""
    table, logs = resources["Records"], of(resources, "AWS::Logs::LogGroup")
    about = table["Properties"]

    assert ("Retain", "Retain", "PAY_PER_REQUEST") == (table["DeletionPolicy"], table["UpdateReplacePolicy"], about["BillingMode"])
    assert ({"AttributeName": "expires", "Enabled": True}, True) == (
        about["TimeToLiveSpecification"],
        about["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
    )
    assert {f"{one.name.capitalize()}LogGroup": 30 for one in bundle.FUNCTIONS} == {
        name: one["Properties"]["RetentionInDays"] for name, one in logs.items()
    }


@FUNCTIONS
def test_a_zip_is_the_packagers(exported: Path, function: bundle.Function) -> None:
    """With the loop in chat's, and nothing of chalice in any."""
    cloud = clouds.load("aws")
    code = package.build(function, cloud.packaging(CHOICES), extra=cloud.beside(function, CHOICES))
    with zipfile.ZipFile(exported / f"{function.name}.zip") as packed:
        found = {name: packed.read(name) for name in packed.namelist() if not name.endswith(".pyc")}
    release = json.loads(found.pop("release.json"))

    assert dict(code.files) == found
    assert deployment.version() == release["version"]


def test_exporting_twice_gives_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    """Whoever keeps an export under version control sees changes only."""
    names = export.export("prod", CHOICES, tmp_path)

    assert sorted(names) == sorted(path.name for path in exported.iterdir())
    assert {name: (exported / name).read_bytes() for name in names} == {name: (tmp_path / name).read_bytes() for name in names}


def test_a_changed_setting_is_another_release(exported: Path, tmp_path: Path) -> None:
    """Of the functions that are given it, and of no other."""
    names = export.export("prod", CHOICES._replace(limits={"MAX_OUTPUT_TOKENS": "100"}), tmp_path)
    changed = {name for name in names if (exported / name).read_bytes() != (tmp_path / name).read_bytes()}

    assert {"chat.zip", export.TEMPLATE} == changed


def test_no_secret_is_in_any_file(tmp_path: Path) -> None:
    """Whatever the environment holds; and the command ends with what to do next."""
    done = CliRunner(env=SECRETS).invoke(main, ["export", "--cloud", "aws", "--stage", "mine", str(tmp_path)])
    texts = [(tmp_path / export.TEMPLATE).read_bytes()]
    for path in tmp_path.glob("*.zip"):
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as packed:
            texts += [packed.read(name) for name in packed.namelist()]

    assert 0 == done.exit_code
    assert ["Written", "Next"] == [line.partition(" ")[0].rstrip(":") for line in done.output.splitlines()]
    assert f"sam deploy --guided --capabilities CAPABILITY_IAM --template-file {tmp_path / export.TEMPLATE} --stack-name twocan-mine" in done.output
    assert [] == [name for name, secret in SECRETS.items() for text in texts if secret.encode() in text]


@pytest.mark.parametrize("words", [("--stage", "No"), ("--stage", "a" * 21), ("--cloud", "huawei")], ids=" ".join)
def test_words_that_are_not_understood_write_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A stage that none can be called, and a cloud that has no such templates."""
    done = CliRunner().invoke(main, ["export", *words, str(tmp_path / "new")])

    assert (True, False) == (done.exit_code != 0, (tmp_path / "new").exists())
