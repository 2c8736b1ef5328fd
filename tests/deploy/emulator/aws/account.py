"""An account behind an endpoint, and what a question to it needs before it can be asked."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "eu-central-1"
_LIVE = f"arn:aws:lambda:{REGION}:123456789012:function:f:live"
STREAMS = f"arn:aws:apigateway:{REGION}:lambda:path/2021-11-15/functions/{_LIVE}/response-streaming-invocations"
BUFFERED = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{_LIVE}/invocations"


def code(text: str = "1") -> bytes:
    """Return a zip with that text in it."""
    with zipfile.ZipFile(file := io.BytesIO(), "w") as packed:
        packed.writestr(zipfile.ZipInfo("index.py"), text)
    return file.getvalue()


class Account:
    """An account behind an endpoint, and the things that a question needs before it can be asked. Every name is new: the account is shared."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        return self._clients.setdefault(service, self.client(service))

    def client(self, service: str) -> Any:
        """Return a new client, which does not ask again when it is refused."""
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=config, **keys)

    @property
    def functions(self) -> Any:
        """The client of Lambda, whose name is no name in Python."""
        return self._clients.setdefault("lambda", self.client("lambda"))

    def role(self, service: str = "lambda.amazonaws.com") -> str:
        """Make a role that a service may take on."""
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
        return str(self.iam.create_role(RoleName=new(), AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])

    def function(self, **also: Any) -> str:
        """Make a function, and see it settled."""
        given = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": code()}, "FunctionName": new()}
        made = self.functions.create_function(**{**given, "Role": also.get("Role") or self.role(), **also})
        self.functions.get_function_configuration(FunctionName=made["FunctionName"])
        return str(made["FunctionName"])

    def published(self, count: int = 1) -> str:
        """Make a function with so many versions."""
        name = self.function()
        for version in range(count):
            self.configure(name, Description=str(version))
            self.functions.publish_version(FunctionName=name)
        return name

    def configure(self, name: str, **changes: Any) -> None:
        """Change a function, and see it settled."""
        self.functions.update_function_configuration(FunctionName=name, **changes)
        self.functions.get_function_configuration(FunctionName=name)

    def aliased(self, count: int = 3, **also: Any) -> str:
        """Make a function with an alias at version 1."""
        name = self.published(count)
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", **also)
        return name

    def permit(self, name: str, **also: Any) -> Any:
        """Let API Gateway call a function."""
        given = {"StatementId": "gateway", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
        return self.functions.add_permission(FunctionName=name, **given, **also)

    def api(self) -> dict[str, str]:
        """Make an API with a resource; return the two as parameters."""
        made = self.apigateway.create_rest_api(name=new(), endpointConfiguration={"types": ["REGIONAL"]})
        child = self.apigateway.create_resource(restApiId=made["id"], parentId=made["rootResourceId"], pathPart="v1")
        return {"restApiId": made["id"], "resourceId": child["id"]}

    def method(self) -> dict[str, str]:
        """Make an API with a method; return the three as parameters."""
        method = {**self.api(), "httpMethod": "POST"}
        self.apigateway.put_method(**method, authorizationType="NONE")
        return method

    def integrate(self, method: dict[str, str], **also: Any) -> Any:
        """Let a method call a function."""
        return self.apigateway.put_integration(**method, **{"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": BUFFERED, **also})

    def staged(self) -> dict[str, str]:
        """Make an API with a stage; return the two as parameters."""
        method = self.method()
        self.integrate(method)
        self.apigateway.create_deployment(restApiId=method["restApiId"], stageName="live")
        return {"restApiId": method["restApiId"], "stageName": "live"}

    def patch(self, stage: dict[str, str], **paths: str) -> Any:
        """Change a stage: __ stands for / in a path."""
        return self.apigateway.update_stage(
            **stage, patchOperations=[{"op": "replace", "path": k.replace("__", "/"), "value": v} for k, v in paths.items()]
        )

    def authorize(self, api: str, **also: Any) -> Any:
        """Make an authorizer."""
        given = {"name": "gatekeeper", "type": "TOKEN", "authorizerUri": BUFFERED, "identitySource": "method.request.header.Authorization", **also}
        return self.apigateway.create_authorizer(restApiId=api, **given)

    def bucket(self) -> str:
        """Make a bucket."""
        name = new()
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def control(self) -> tuple[str, str]:
        """Make an origin access control; return its id and ETag."""
        made = self.cloudfront.create_origin_access_control(OriginAccessControlConfig=control())
        return made["OriginAccessControl"]["Id"], made["ETag"]

    def headers(self) -> tuple[str, str]:
        """Make a response headers policy; return its id and ETag."""
        made = self.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=headers())
        return made["ResponseHeadersPolicy"]["Id"], made["ETag"]

    def distribution(self, **also: Any) -> tuple[str, str]:
        """Make a distribution; return its id and ETag."""
        made = self.cloudfront.create_distribution(DistributionConfig=distribution(**also))
        return made["Distribution"]["Id"], made["ETag"]


def new() -> str:
    """Return a name that nothing has."""
    return f"n{uuid4().hex[:20]}"


def control(name: str = "") -> dict[str, str]:
    """Return an origin access control's configuration."""
    return {"Name": name or new(), "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}


def headers(name: str = "") -> dict[str, Any]:
    """Return a response headers policy's configuration."""
    shown = {"Quantity": 1, "Items": [{"Header": "X-A", "Value": "a", "Override": True}]}
    return {"Name": name or new(), "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}}, "CustomHeadersConfig": shown}


def distribution(*, control: str = "", policy: str = "", reference: str = "", enabled: bool = True) -> dict[str, Any]:
    """Return a distribution's configuration."""
    origin = {"Id": "site", "DomainName": f"b.s3.{REGION}.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    cache = {"TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}
    return {
        "CallerReference": reference or new(),
        "Comment": "",
        "Enabled": enabled,
        "Origins": {"Quantity": 1, "Items": [{**origin, **({"OriginAccessControlId": control} if control else {})}]},
        "DefaultCacheBehavior": {**cache, **({"ResponseHeadersPolicyId": policy} if policy else {})},
    }


def said(call: Callable[..., Any], **given: Any) -> str:
    """Return the error code of a call, or "ok"."""
    try:
        call(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


class Case(NamedTuple):
    """A gap, what is asked, what AWS answers."""

    gap: str
    name: str
    aws: Any
    ask: Callable[[Account], Any]
