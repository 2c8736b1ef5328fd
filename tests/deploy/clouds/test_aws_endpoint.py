"""An endpoint at SageMaker: made, watched and removed, whatever happens on the way; and what the owner is told of it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import tomllib
from botocore.exceptions import ClientError
from click.testing import CliRunner

from deploy import owner
from deploy.__main__ import main
from deploy.clouds import DeployError, machines
from deploy.clouds.aws import endpoint
from deploy.clouds.aws.account import Account
from deploy.clouds.aws.endpoint import Order
from tests.fakes.aws import ENVIRON, REGION
from tests.fakes.aws import endpoint as aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINE = "ml.g4dn.xlarge"
ORDER = Order("llama", "Qwen/Qwen2.5-7B-Instruct", MACHINE)
MADE = ["created model llama", "created endpoint configuration llama", "created endpoint llama", "endpoint llama is InService"]
GONE = ["deleted endpoint llama", "deleted endpoint configuration llama", "deleted model llama"]
#: Calls that change something, in the order of a first `deploy` and of a `remove`.
MAKES = ["create_role", "put_role_policy", "create_model", "create_endpoint_config", "create_endpoint"]
REMOVES = ["delete_endpoint", "delete_endpoint_config", "delete_model"]


class Died(Exception):
    """The deployer is no more."""


class Shaky(Account):
    """An account whose deployer dies at its n-th change, before it is carried out or after; and that may say of an endpoint what it is told to."""

    def __init__(self, *, dies: int = 99, after: bool = False, statuses: tuple[dict[str, str], ...] = ()) -> None:
        self.changes: list[str] = []
        self._dies, self._after, self._statuses = dies, after, list(statuses)
        super().__init__("models", REGION, sleep=lambda _: None)

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call, unless it is too late for that."""
        changes = operation.startswith(("create_", "put_", "delete_"))
        if changes:
            self.changes.append(operation)
        dies = changes and len(self.changes) == self._dies
        if dies and not self._after:
            raise Died
        answer = super().call(service, operation, **arguments)
        if dies:
            raise Died
        if operation == "describe_endpoint" and self._statuses:
            return {**answer, **self._statuses.pop(0)}
        return answer


@pytest.fixture(name="hand")
def _hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Another hand than the deployer's, in an account that has nothing of ours before and after."""
    for name, value in {**ENVIRON, "AWS_ENDPOINT_URL": aws(), "AWS_DEFAULT_REGION": REGION, "HF_TOKEN": ""}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("sagemaker")
    yield client
    for kind in ("endpoint", "endpoint_config", "model"):
        with suppress(ClientError):
            getattr(client, f"delete_{kind}")(**{endpoint._named(kind): "llama"})
    iam = boto3.client("iam")
    with suppress(ClientError):
        iam.delete_role_policy(RoleName=endpoint.ROLE, PolicyName="twocan")
    with suppress(ClientError):
        iam.delete_role(RoleName=endpoint.ROLE)


class Forgetful(Shaky):
    """An account whose first answer to a making is lost: botocore asks again, and hears that it is there already."""

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call; what was made was made by the try before."""
        answer = super().call(service, operation, **arguments)
        if operation.startswith("create_") and service == "sagemaker":
            raise DeployError(f"AWS refused sagemaker:{operation} (ValidationException): Cannot create already existing thing")
        return answer


def deploy(order: Order = ORDER, account: Shaky | None = None) -> list[str]:
    """Return what is told while an endpoint is made."""
    told: list[str] = []
    endpoint.deploy(account or Shaky(), order, told.append)
    return told


def remove(account: Shaky | None = None) -> list[str]:
    """Return what is told while one is removed."""
    told: list[str] = []
    endpoint.remove(account or Shaky(), "llama", told.append)
    return told


def names(hand: Any) -> tuple[list[str], ...]:
    """Return the names of all models, configurations and endpoints that are there."""
    found = (hand.list_models()["Models"], hand.list_endpoint_configs()["EndpointConfigs"], hand.list_endpoints()["Endpoints"])
    return tuple([one[f"{kind}Name"] for one in ones] for kind, ones in zip(("Model", "EndpointConfig", "Endpoint"), found, strict=True))


def test_a_model_is_put_on_an_endpoint(hand: Any) -> None:
    """In Hugging Face's container, with its messages API, on as many cards as the machine has; three things of one name."""
    told = deploy()
    model = hand.describe_model(ModelName="llama")
    (variant,) = hand.describe_endpoint_config(EndpointConfigName="llama")["ProductionVariants"]

    assert MADE == told
    assert (["llama"],) * 3 == names(hand)
    assert {"HF_MODEL_ID": ORDER.model, "SM_NUM_GPUS": "1", "MESSAGES_API_ENABLED": "true"} == model["PrimaryContainer"]["Environment"]
    assert model["PrimaryContainer"]["Image"].startswith(f"763104351884.dkr.ecr.{REGION}.amazonaws.com/huggingface-pytorch-tgi-inference:")
    assert ("llama", 1, MACHINE) == (variant["ModelName"], variant["InitialInstanceCount"], variant["InstanceType"])


def test_its_role_may_fetch_the_container_and_write_logs(hand: Any) -> None:
    """Nothing else, and SageMaker alone may take it."""
    deploy()
    iam = boto3.client("iam")
    trust = iam.get_role(RoleName="twocan-sagemaker")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    statements = iam.get_role_policy(RoleName="twocan-sagemaker", PolicyName="twocan")["PolicyDocument"]["Statement"]
    actions = [one for statement in statements for one in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])]

    assert ["sagemaker.amazonaws.com"] == [one["Principal"]["Service"] for one in trust]
    assert {"ecr", "logs", "cloudwatch"} == {one.partition(":")[0] for one in actions}
    assert [] == [one for one in actions if "*" in one]
    assert ["ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"] == [one["Action"] for one in statements if one["Resource"] == "*"]


def test_a_role_of_the_owners_own_is_taken(hand: Any) -> None:
    """And none is made."""
    role = "arn:aws:iam::123456789012:role/mine"
    deploy(ORDER._replace(role=role))

    assert role == hand.describe_model(ModelName="llama")["ExecutionRoleArn"]
    assert endpoint.ROLE not in [one["RoleName"] for one in boto3.client("iam").list_roles()["Roles"]]


def test_a_token_of_the_hubs_reaches_the_container(hand: Any) -> None:
    """For models that ask for one."""
    deploy(ORDER._replace(token="hf_secret"))

    assert "hf_secret" == hand.describe_model(ModelName="llama")["PrimaryContainer"]["Environment"]["HF_TOKEN"]


def test_a_second_time_makes_nothing(hand: Any) -> None:
    """It looks whether it serves."""
    deploy()
    again = Shaky()

    assert ["endpoint llama is InService"] == deploy(account=again)
    assert {"create_role", "put_role_policy"} == set(again.changes)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies", range(1, len(MAKES) + 1), ids=MAKES)
def test_whoever_died_while_making_goes_on(hand: Any, dies: int, after: bool) -> None:
    """At any call: nothing is doubled, nothing is missing."""
    with pytest.raises(Died):
        deploy(account=Shaky(dies=dies, after=after))
    told = deploy()

    assert (["llama"],) * 3 == names(hand)
    assert "endpoint llama is InService" == told[-1]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies", range(1, len(REMOVES) + 1), ids=REMOVES)
def test_whoever_died_while_removing_goes_on(hand: Any, dies: int, after: bool) -> None:
    """Until nothing is left."""
    deploy()
    with pytest.raises(Died):
        remove(Shaky(dies=dies, after=after))
    remove()

    assert ([], [], []) == names(hand)


def test_an_answer_that_was_lost_is_no_error(hand: Any) -> None:
    """What is there by then is what was asked for."""
    assert MADE == deploy(account=Forgetful())


def test_all_three_are_removed(hand: Any) -> None:
    """The endpoint first, which is what costs; a second time there is nothing to do."""
    deploy()

    assert (GONE, []) == (remove(), remove())
    assert ([], [], []) == names(hand)


def test_it_is_watched_until_it_serves(hand: Any) -> None:
    """Each change is told once."""
    deploy()
    creating = {"EndpointStatus": "Creating"}
    told = deploy(account=Shaky(statuses=(creating, creating, creating, creating)))

    assert ["endpoint llama is Creating", "endpoint llama is InService"] == told


def test_one_that_failed_says_why(hand: Any) -> None:
    """And how it goes away."""
    deploy()
    failed = {"EndpointStatus": "Failed", "FailureReason": "The primary container did not pass\nthe ping health check."}

    with pytest.raises(DeployError, match=r"is Failed: The primary container did not pass the ping health check\. Take it away with `models remove"):
        deploy(account=Shaky(statuses=(failed,) * 3))


def test_one_that_is_being_deleted_is_waited_for_by_whoever_wants_it_anew(hand: Any) -> None:
    """What is made now would go with it."""
    deploy()

    with pytest.raises(DeployError, match="still being deleted"):
        deploy(account=Shaky(statuses=({"EndpointStatus": "Deleting"},)))


@pytest.mark.parametrize("members", [{"model": "other/model"}, {"machine": "ml.g5.xlarge"}], ids=["model", "machine"])
def test_a_name_that_has_another_model_is_not_taken_over(hand: Any, members: dict[str, str]) -> None:
    """Users of the one would get the other."""
    deploy()
    again = Shaky()

    with pytest.raises(DeployError, match=f"is there already, as {ORDER.model} on {MACHINE}"):
        deploy(ORDER._replace(**members), again)
    assert [] == again.changes


def test_what_somebody_else_made_is_left_alone(hand: Any) -> None:
    """By making and by removing."""
    hand.create_model(ModelName="llama", PrimaryContainer={"Image": "i"}, ExecutionRoleArn="arn:aws:iam::123456789012:role/theirs")
    shaky = Shaky()

    for work in (deploy, remove):
        with pytest.raises(DeployError, match="was not made by this command"):
            work(account=shaky)
    assert ([], ["llama"]) == (shaky.changes, names(hand)[0])


@pytest.mark.parametrize(("region", "says"), [("cn-north-1", "regions in China"), ("xx-nowhere-1", "choose one of af-south-1")])
def test_a_region_without_the_container_is_refused(region: str, says: str) -> None:
    """Before anything is made."""
    with pytest.raises(DeployError, match=says):
        machines.image(region)


def said(*words: str, given: str = "") -> Any:
    """Return what a command says."""
    return CliRunner().invoke(main, ["models", *words, "--sagemaker", "llama", "--region", REGION], input=given, env={"COLUMNS": "160"})


def test_the_command_shows_the_costs_and_the_block_to_copy(hand: Any, tmp_path: Path) -> None:
    """Which the owner's file takes."""
    done = said("deploy", "--instance", MACHINE, "--yes")
    path = tmp_path / "twocan.toml"
    path.write_text(done.output[done.output.index("[[models]]") :], encoding="utf-8")

    assert 0 == done.exit_code, done.output
    assert re.search(r"→ ml\.g4dn\.xlarge +│ 1 x 16 GB +│ +0\.74 │ +540 │", done.output)
    assert f"list prices of us-east-1, {machines.PRICES_OF}" in done.output
    assert {"name": "llama", "vendor": "sagemaker", "base_url": f"https://runtime.sagemaker.{REGION}.amazonaws.com", "model": "llama"} == dict(
        owner.read(path).models[0]
    )
    assert tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("word", ["deploy", "remove"])
def test_whoever_does_not_confirm_changes_nothing(hand: Any, word: str) -> None:
    """It is asked for, with what and where."""
    done = said(word, given="n\n")

    assert (1, ([], [], []), True) == (done.exit_code, names(hand), f"llama in {REGION}" in done.output)


def test_the_command_removes_it(hand: Any) -> None:
    """And says that nothing of it costs any more."""
    deploy()
    done = said("remove", "--yes")

    assert (0, ([], [], [])) == (done.exit_code, names(hand))
    assert "nothing of it costs any more" in done.output


@pytest.mark.parametrize("name", ["", "-a", "a_b", "a" * 64])
def test_a_name_is_one_that_sagemaker_takes(name: str) -> None:
    """Before anybody is asked."""
    done = CliRunner().invoke(main, ["models", "deploy", "--sagemaker", name, "--yes"])

    assert isinstance(done.exception, DeployError)
    assert "must be a name" in json.dumps(str(done.exception))
