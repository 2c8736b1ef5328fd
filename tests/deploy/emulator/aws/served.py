"""An API in an emulated AWS, made by hand with boto3: functions of a few lines behind methods, as a deployer would put them."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from tests.deploy.emulator.aws.account import REGION, Account, code, new

if TYPE_CHECKING:
    from deploy.emulator.aws.emulate import Emulator

ECHO = """
import json
import os


def handler(event, context):
    return {"statusCode": 200, "headers": {"x-number": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}, "body": json.dumps(event)}
"""
KEEPER = """
def handler(event, context):
    print("asked")
    if event["authorizationToken"] != "good":
        raise Exception("Unauthorized")
    stage = "/".join(event["methodArn"].split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": stage + "/*/*"}
    return {"principalId": "ann", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
GOOD = {"authorization": "good"}


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """Its body as JSON."""
        return json.loads(self.body)


class Served:
    """One API at one emulator, and the functions behind it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.account = Account(emulator.environment["AWS_ENDPOINT_URL"])
        made = self.account.apigateway.create_rest_api(name=new(), endpointConfiguration={"types": ["REGIONAL"]})
        self.api: str = made["id"]
        self._root: str = made["rootResourceId"]

    def arn(self, what: str = "*") -> str:
        """Return the ARN of something in the API."""
        return f"arn:aws:execute-api:{REGION}:123456789012:{self.api}/{what}"

    def function(self, index: str = ECHO, *, permitted: bool = True, **also: Any) -> str:
        """Make a function with an alias at its first version, which the API may call; return its name."""
        name = self.account.function(Code={"ZipFile": code(index)}, **also)
        self.account.functions.publish_version(FunctionName=name)
        self.account.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        if permitted:
            self.account.permit(name, Qualifier="live", SourceArn=self.arn())
        return name

    def next_version(self, name: str, index: str = ECHO) -> str:
        """Publish a second version, of other code, and return its number."""
        self.account.functions.update_function_code(FunctionName=name, ZipFile=code(f"{index}\n# again\n"))
        self.account.functions.get_function_configuration(FunctionName=name)
        return str(self.account.functions.publish_version(FunctionName=name)["Version"])

    def guard(self, index: str = KEEPER, *, permitted: bool = True, **also: Any) -> dict[str, str]:
        """Make an authorizer, and return what puts it before a method."""
        uri = self.uri(self.function(index, permitted=permitted))
        return {"authorizationType": "CUSTOM", "authorizerId": self.account.authorize(self.api, authorizerUri=uri, **also)["id"]}

    def uri(self, function: str, *, streams: bool = False) -> str:
        """Return what an integration calls a function's alias."""
        version, call = ("2021-11-15", "response-streaming-invocations") if streams else ("2015-03-31", "invocations")
        return f"arn:aws:apigateway:{REGION}:lambda:path/{version}/functions/arn:aws:lambda:{REGION}:123456789012:function:{function}:live/{call}"

    def method(self, path: str, function: str = "", verb: str = "GET", **also: str) -> dict[str, str]:
        """Put a method at /path, with a function behind it, and return it as parameters."""
        there = {one["path"]: one["id"] for one in self.account.apigateway.get_resources(restApiId=self.api)["items"]}
        resource = there.get(f"/{path}") or self.account.apigateway.create_resource(restApiId=self.api, parentId=self._root, pathPart=path)["id"]
        where = {"restApiId": self.api, "resourceId": resource, "httpMethod": verb}
        self.account.apigateway.put_method(**{"authorizationType": "NONE", **also}, **where)
        if function:
            self.account.integrate(where, uri=self.uri(function))
        return where

    def deploy(self) -> None:
        """Deploy what there is to the stage `live`."""
        self.account.apigateway.create_deployment(restApiId=self.api, stageName="live")

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None, at: str = "") -> Said:
        """Ask the stage for a path; `at` is another stage than its own."""
        where = urlsplit(self.emulator.environment["TWOCAN_API_ENDPOINT"])
        line = http.client.HTTPConnection(str(where.hostname), where.port or 0, timeout=20)
        try:
            line.request(method, f"{at or f'/{self.api}/live'}/{path}", headers=headers or {})
            answer = line.getresponse()
            return Said(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            line.close()
