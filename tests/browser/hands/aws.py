"""A hand in the emulated AWS: boto3."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Account:
    """The account; see `Hand`."""

    streams = True

    def __init__(self, told: Mapping[str, Any], stage: str) -> None:
        self._environment: Mapping[str, str] = told["environment"]
        self._stage = stage

    def client(self, service: str) -> Any:
        """Return boto3's client of the emulated account."""
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        where = {"region_name": self._environment["AWS_REGION"], "endpoint_url": self._environment["AWS_ENDPOINT_URL"]}
        return boto3.client(service, **where, **keys)

    def invoke(self, function: str, qualifier: str, event: Any) -> tuple[dict[str, Any], str]:
        """Invoke."""
        answer = self.client("lambda").invoke(FunctionName=self._name(function), Qualifier=qualifier, Payload=json.dumps(event))
        said: dict[str, Any] = json.load(answer["Payload"])
        assert qualifier in {"live", answer["ExecutedVersion"]}
        return said, said["errorMessage"] if "FunctionError" in answer else ""

    def publish(self, function: str, code: bytes | None = None) -> str:
        """Publish."""
        functions, name = self.client("lambda"), self._name(function)
        if code:
            functions.update_function_code(FunctionName=name, ZipFile=code)
            functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        return str(functions.publish_version(FunctionName=name)["Version"])

    def split(self, function: str, version: str, percent: int) -> None:
        """Shift."""
        weights = {version: percent / 100} if percent else {}
        about = {"FunctionName": self._name(function), "Name": "live", "RoutingConfig": {"AdditionalVersionWeights": weights}}
        self.client("lambda").update_alias(**about)

    def counted(self, function: str, version: str, since: float) -> int:
        """Sum CloudWatch's count."""
        name = self._name(function)
        dimensions = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}
        listed = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        about = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": listed, "Period": 3600, "Statistics": ["Sum"]}
        points = self.client("cloudwatch").get_metric_statistics(**about, StartTime=since - 60, EndTime=since + 600)["Datapoints"]
        return int(sum(one["Sum"] for one in points))

    @contextmanager
    def edited(self, api: str) -> Iterator[None]:
        """Edit a gateway response."""
        gateway, about = self.client("apigateway"), {"restApiId": api.split("/")[3], "responseType": "UNAUTHORIZED"}
        before = gateway.get_gateway_response(**about)
        kept = {name: before[name] for name in ("statusCode", "responseParameters", "responseTemplates")}
        gateway.put_gateway_response(**about, statusCode="418")
        yield
        gateway.put_gateway_response(**about, **kept)

    @contextmanager
    def unreachable(self, function: str) -> Iterator[None]:
        """Take the gateway's permission away."""
        functions, about = self.client("lambda"), {"FunctionName": self._name(function), "Qualifier": "live", "StatementId": "gateway"}
        kept = json.loads(functions.get_policy(FunctionName=about["FunctionName"], Qualifier="live")["Policy"])["Statement"][0]
        functions.remove_permission(**about)
        yield
        source = kept["Condition"]["ArnLike"]["AWS:SourceArn"]
        functions.add_permission(**about, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source)

    def _name(self, function: str) -> str:
        return f"twocan-{self._stage}-{function}"
