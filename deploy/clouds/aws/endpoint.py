"""A model of Hugging Face's on a SageMaker endpoint of the owner's own: made, watched, removed.

An endpoint is three things of one name: a model (what runs), a configuration (on what), and the endpoint itself. Each is looked for first and made
only if it is missing, so that whoever was interrupted says the same again. All bear our tag; what does not is never touched. The container is
text-generation-inference, which speaks OpenAI's chat completions there. Not part of a stage: several may ask it, and it costs while it is there.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.clouds import DeployError, machines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.clouds.aws.account import Account

#: The role that endpoints have unless another is named. It stays when they go: it costs nothing, and the next one takes it.
ROLE = "twocan-sagemaker"
#: What an endpoint's name may be; a row's `model` is that name.
NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
READY = "InService"
_UNDER_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
_TAG = {"Key": "twocan", "Value": "models"}
#: Seconds to wait for an endpoint, which loads its container and its model first; and for its end.
_LONGEST, _END = 3600.0, 900.0
#: Seconds that a container may take to load a model.
_START = 1800
# A role is not known everywhere for some seconds after it was made.
_NOT_YET = ("Could not assume role", "is not authorized to perform", "Access denied to repository")
_NOT_THERE = ("Could not find", "does not exist", "ResourceNotFound")
_TAKEN = ("already exist", "Cannot create")
#: The three things, in the order of making: what SageMaker calls them.
_KINDS = ("model", "endpoint_config", "endpoint")


class Order(NamedTuple):
    """What is wanted: the endpoint's name, the model's on Hugging Face's hub, the machine, a role's ARN or "", and a token of the hub's or ""."""

    name: str
    model: str
    machine: str
    role: str = ""
    token: str = ""


def deploy(account: Account, order: Order, tell: Callable[[str], None]) -> None:
    """Make what is missing, and wait until it serves. Raises DeployError."""
    image = machines.image(account.names.region)
    _check_free(account, order)
    role = order.role or _put_role(account)
    for kind, about in _wanted(order, role, image):
        if _find(account, kind, order.name) is None:
            _make(account, kind, order.name, about)
            tell(f"created {kind.replace('_config', ' configuration')} {order.name}")
    watch(account, order.name, tell)


def watch(account: Account, name: str, tell: Callable[[str], None]) -> None:
    """Wait until an endpoint serves, and tell each change. Raises DeployError when it has failed."""
    last = ""

    def serves() -> bool:
        nonlocal last
        there = _find(account, "endpoint", name) or {"EndpointStatus": "gone"}
        if there["EndpointStatus"] != last:
            last = there["EndpointStatus"]
            tell(f"endpoint {name} is {last}")
        if last not in (READY, *_UNDER_WAY):
            why = " ".join(str(there.get("FailureReason", "no reason given")).split())
            raise DeployError(f"The endpoint {name} is {last}: {why} Take it away with `models remove --sagemaker {name}`, then try again.")
        return last == READY

    account.wait(f"The endpoint {name}", serves, _LONGEST)


def remove(account: Account, name: str, tell: Callable[[str], None]) -> None:
    """Delete all three, and return once none is seen any more. Raises DeployError."""
    for kind in reversed(_KINDS):
        there = _find(account, kind, name)
        if there is None:
            continue
        _check_ours(account, kind, name, there)
        if there.get("EndpointStatus") != "Deleting":
            _delete(account, kind, name)
        account.wait(f"The end of {name}", partial(_is_gone, account, kind, name), _END)
        tell(f"deleted {kind.replace('_config', ' configuration')} {name}")
    if left := [kind for kind in _KINDS if _find(account, kind, name)]:
        raise DeployError(f"Left of {name}: {', '.join(left)}. Run the same command again.")


def row(account: Account, order: Order) -> str:
    """Return the block for the owner's file."""
    address = f"https://runtime.sagemaker.{account.names.region}.amazonaws.com"
    return f'[[models]]\nname = "{order.name}"\nvendor = "sagemaker"\nbase_url = "{address}"\nmodel = "{order.name}"'


def _wanted(order: Order, role: str, image: str) -> list[tuple[str, dict[str, Any]]]:
    environment = {"HF_MODEL_ID": order.model, "SM_NUM_GPUS": str(machines.MACHINES[order.machine].cards), "MESSAGES_API_ENABLED": "true"}
    if order.token:
        environment["HF_TOKEN"] = order.token
    container = {"Image": image, "Environment": environment}
    variant = {
        "VariantName": "all",
        "ModelName": order.name,
        "InitialInstanceCount": 1,
        "InstanceType": order.machine,
        "ContainerStartupHealthCheckTimeoutInSeconds": _START,
    }
    return [
        ("model", {"PrimaryContainer": container, "ExecutionRoleArn": role}),
        ("endpoint_config", {"ProductionVariants": [variant]}),
        ("endpoint", {"EndpointConfigName": order.name}),
    ]


def _check_free(account: Account, order: Order) -> None:
    """Raise DeployError for a name that somebody else's things have, or ours with another model or machine."""
    there = {kind: _find(account, kind, order.name) for kind in _KINDS}
    for kind, found in there.items():
        if found is not None:
            _check_ours(account, kind, order.name, found)
    model, config = there["model"] or {}, there["endpoint_config"] or {}
    is_model = model.get("PrimaryContainer", {}).get("Environment", {}).get("HF_MODEL_ID", order.model)
    is_machine = next((one.get("InstanceType") for one in config.get("ProductionVariants", [])), order.machine)
    if (is_model, is_machine) != (order.model, order.machine):
        raise DeployError(
            f"{order.name} is there already, as {is_model} on {is_machine}: choose another name, or first `models remove --sagemaker {order.name}`."
        )
    if (there["endpoint"] or {}).get("EndpointStatus") == "Deleting":
        raise DeployError(f"{order.name} is still being deleted: wait some minutes, then run the same command again.")


def _check_ours(account: Account, kind: str, name: str, there: Mapping[str, Any]) -> None:
    arn = next(value for member, value in there.items() if member.endswith("Arn") and f":{kind.replace('_', '-')}/" in str(value))
    if _TAG not in account.call("sagemaker", "list_tags", ResourceArn=arn)["Tags"]:
        raise DeployError(f"{name} at SageMaker was not made by this command, which leaves it alone: choose another name.")


def _is_gone(account: Account, kind: str, name: str) -> bool:
    return _find(account, kind, name) is None


def _find(account: Account, kind: str, name: str) -> dict[str, Any] | None:
    try:
        return account.call("sagemaker", f"describe_{kind}", **{_named(kind): name})
    except DeployError as error:
        if any(sign in str(error) for sign in _NOT_THERE):
            return None
        raise


def _make(account: Account, kind: str, name: str, about: Mapping[str, Any]) -> None:
    try:
        account.call("sagemaker", f"create_{kind}", again=_NOT_YET, **{_named(kind): name}, **about, Tags=[_TAG])
    except DeployError as error:
        # There by a try whose answer was lost.
        if not any(sign in str(error) for sign in _TAKEN) or _find(account, kind, name) is None:
            raise


def _delete(account: Account, kind: str, name: str) -> None:
    try:
        account.call("sagemaker", f"delete_{kind}", **{_named(kind): name})
    except DeployError as error:
        if not any(sign in str(error) for sign in _NOT_THERE):
            raise


def _named(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("_")) + "Name"


def _put_role(account: Account) -> str:
    """Make the role, or make it again what it should be, and return its ARN: it may fetch the container, and write logs and readings."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    account.find("iam", "create_role", ("EntityAlreadyExists",), RoleName=ROLE, AssumeRolePolicyDocument=document)
    account.call("iam", "put_role_policy", RoleName=ROLE, PolicyName="twocan", PolicyDocument=json.dumps(_policy(account)))
    return account.names.role_arn(ROLE)


def _policy(account: Account) -> dict[str, Any]:
    # In any region: the role is the account's, and the next endpoint may be elsewhere.
    anywhere = f"arn:{account.names.partition}"
    fetch = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    only = {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}
    statements = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": fetch, "Resource": f"{anywhere}:ecr:*:*:repository/{machines.REPOSITORY}"},
        {"Effect": "Allow", "Action": write, "Resource": f"{anywhere}:logs:*:{account.names.account}:log-group:/aws/sagemaker/Endpoints/*"},
        {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": only},
    ]
    return {"Version": "2012-10-17", "Statement": statements}
