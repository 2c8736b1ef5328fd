"""chalice's template made ours: what it cannot say is put in, what it says for all functions at once is said for each (aws.md, 3.3). Pure.

From chalice come each function with its size, role and log group, the permission to call, and the API (api.py). From here come the alias and its
gradual deployment, the settings and the table. To add a resource of our own, add it to `finished`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chalice.utils import to_cfn_resource_name as logical

from deploy import bundle, own_models, streaming
from deploy.chalice import api
from deploy.chalice.skeleton import changed, take
from deploy.clouds.aws import PYTHON, asking, compute
from deploy.clouds.aws.account import Names
from deploy.clouds.aws.compute import ALIAS
from functions.shared import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.owner import Owner

#: How a new version takes over; aws.md, 7 lists the other ways.
CANARY = "Canary10Percent5Minutes"
_FUNCTION = "AWS::Serverless::Function"
_PERMISSION = "AWS::Lambda::Permission"
_ROLE = "AWS::IAM::Role"
_LOG = "AWS::Logs::LogGroup"
# Settings that say where the records are.
_RECORDS = ("STORE", "BREAKER")
#: What chalice makes for all addresses together.
_ALL_IN_ONE = {"APIHandler": _FUNCTION, "ApiHandlerRole": _ROLE, "ApiHandlerLogGroup": _LOG}
_TABLE = {row.name: row for row in settings.TABLE}


class Order(NamedTuple):
    """What is exported: the stage's name, the owner's choices, and the settings that hold no secret."""

    stage: str
    choices: Owner
    plain: Mapping[str, str]

    @property
    def names(self) -> Names:
        """What things are called; what only CloudFormation knows is left to its Fn::Sub."""
        return Names(self.stage, "${AWS::AccountId}", "${AWS::Region}", "${AWS::Partition}")


def policy(function: bundle.Function, order: Order) -> dict[str, Any]:
    """Return what a function may do: write its own log and, if it keeps records, read and write the table; and ask models that AWS serves."""
    names = order.names
    group = {"Fn::Sub": names.arn("logs", f"log-group:{names.log(function.name)}:*")}
    asked = own_models.own(order.choices.models) if "MODELS" in function.needs else ()
    models = asking.statements(asked, names, lambda arn: {"Fn::Sub": arn})
    return compute.policy(group, {"Fn::GetAtt": ["Records", "Arn"]} if function.keeps(order.choices.deploy.breaker) else None, models)


def finished(made: Mapping[str, Any], order: Order) -> dict[str, Any]:
    """Return the template that is exported. Raises DeployError where chalice's is not what it was."""
    there = dict(made["Resources"])
    for name, kind in _ALL_IN_ONE.items():
        take(there, name, kind)
    resources = {"RestAPI": api.finished(take(there, "RestAPI", api.KIND), order.choices.deploy), "Records": _records()}
    resources |= dict(_permissions(there))
    for one in bundle.FUNCTIONS:
        resources |= _function(one, there, order)
    if there:
        raise changed(f"also has {', '.join(there)}")
    outputs = {name: made["Outputs"][name] for name in ("EndpointURL", "RestAPIId")}
    return {**made, "Parameters": dict(_parameters(order.choices)), "Resources": resources, "Outputs": outputs}


def _function(one: bundle.Function, there: dict[str, Any], order: Order) -> dict[str, Any]:
    """Return a function with all that is its own."""
    name = logical(one.name)
    function = take(there, name, _FUNCTION)
    function["Properties"] |= {
        # Named, because the role must name the log before the function is there.
        "FunctionName": order.names.function(one.name),
        "CodeUri": f"./{one.name}.zip",
        "Handler": "index.handler",
        "Runtime": f"python{PYTHON}",
        "Environment": {"Variables": dict(_variables(one, order))},
        "AutoPublishAlias": ALIAS,
        # Else a changed setting would not make a version.
        "AutoPublishAliasAllProperties": True,
        "DeploymentPreference": {"Type": CANARY},
    }
    own = {name: function, f"{name}Role": take(there, f"{name}Role", _ROLE), f"{name}LogGroup": take(there, f"{name}LogGroup", _LOG)}
    if one.kind == "gateway":
        function["Properties"]["DeploymentPreference"]["Alarms"] = [{"Ref": f"{name}Alarm"}]
        own[f"{name}Alarm"] = _alarm(name)
    return own


def _variables(one: bundle.Function, order: Order) -> Iterator[tuple[str, Any]]:
    """Yield the settings that a function needs, and no others; one that is not here has its default."""
    for name in one.given(order.choices.deploy.breaker):
        if name in _RECORDS:
            yield name, {"Fn::Sub": "dynamodb://${Records}?region=${AWS::Region}"}
        elif name == "SITE_ORIGIN" or _TABLE[name].secret:
            yield name, {"Ref": logical(name.lower())}
        elif name in order.plain:
            yield name, settings.packed(order.plain[name])
    if any(route.streams for route in bundle.ROUTES if route.function == one.name):
        yield from streaming.ENVIRONMENT.items()


def _parameters(choices: Owner) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is asked for at each deployment. A secret is in no file: CloudFormation is told it, and shows it to nobody."""
    for row in settings.TABLE:
        # SAM makes a version when the template changes, and does not look at what a parameter is.
        about = {"Type": "String", "Description": f"{row.meaning} (changed alone, it is used from the next version on)"}
        if row.name == "SITE_ORIGIN":
            yield logical(row.name.lower()), {**about, "AllowedPattern": "https?://[^/]+"}
        elif row.secret and row.name not in _RECORDS:
            # Where models name keys, chat does not start without them.
            optional = row.default is not None and not (row.name == "MODEL_KEYS" and any(one.get("key") for one in choices.models))
            yield logical(row.name.lower()), {**about, "NoEcho": True, **({"Default": row.default} if optional else {})}


def _permissions(there: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the gateway's permission for each alias that it calls; chalice gives it for the newest code."""
    for_all = take(there, "APIHandlerInvokePermission", _PERMISSION)
    for one in bundle.FUNCTIONS:
        name = f"{logical(one.name)}InvokePermission"
        if one.kind != "direct":
            made = take(there, name, _PERMISSION) if one.kind == "authorizer" else for_all
            yield name, {**made, "Properties": {**made["Properties"], "FunctionName": {"Ref": f"{logical(one.name)}.Alias"}}}


def _alarm(name: str) -> dict[str, Any]:
    """Return what takes a new version back: one that fails to start, runs out of time or breaks. An authorizer's refusals are errors to Lambda."""
    number = {"Fn::GetAtt": [f"{name}.Version", "Version"]}
    version = {"FunctionName": {"Ref": name}, "Resource": {"Fn::Sub": f"${{{name}}}:{ALIAS}"}, "ExecutedVersion": number}
    about = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": key, "Value": value} for key, value in version.items()],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": about}


def _records() -> dict[str, Any]:
    """Return the table, in the form that functions/shared/stores/dynamodb.py reads. It outlives the stack: it holds what users wrote."""
    keys = {"partition": "HASH", "sort": "RANGE"}
    about = {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    return {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": about}
