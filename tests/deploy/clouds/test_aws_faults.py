"""What goes wrong on the way to AWS: waited out where it can help; else one clear line, nothing half seen, and the next run goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deploy.local.stage import ROOT
from tests.deploy.clouds.conftest import FIRST
from tests.matrix.aws import REGION
from tests.matrix.proxy import Answer, Cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deploy.clouds.conftest import Here
    from tests.matrix.cloud import Call
    from tests.matrix.proxy import Proxy


class Refusal(NamedTuple):
    """An error of AWS's: for which calls, how often, and in which words."""

    begins: str
    times: int
    status: int
    code: str
    message: str = "no"

    def __call__(self, proxy: Proxy) -> Callable[[Call], Answer | None]:
        """Return what meddles so."""
        left = [self.times]

        def meddle(call: Call) -> Answer | None:
            if not left[0] or not call.name.startswith(self.begins):
                return None
            left[0] -= 1
            return refused(call, self)

        return meddle


def refused(call: Call, about: Refusal) -> Answer:
    """Return an error as the call's service words it."""
    form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    error = f"<Error><Code>{about.code}</Code><Message>{about.message}</Message></Error>"
    if form or call.path.startswith("/2020-05-31/"):
        return Answer(about.status, (("content-type", "text/xml"),), f"<ErrorResponse>{error}</ErrorResponse>".encode())
    if call.path.startswith("/twocan-"):
        return Answer(about.status, (("content-type", "application/xml"),), error.encode())
    body = json.dumps({"__type": about.code, "message": about.message, "Message": about.message}).encode()
    return Answer(about.status, (("content-type", "application/json"), ("x-amzn-errortype", about.code)), body)


def cut(number: int) -> Callable[[Proxy], Callable[[Call], Answer | None]]:
    """Return what loses one changing call on its way."""

    def meddling(proxy: Proxy) -> Callable[[Call], Answer | None]:
        done: list[Call] = []

        def meddle(call: Call) -> Answer | None:
            if call.changes and len(proxy.changes) >= number and not done:
                done.append(call)
                raise Cut
            return None

        return meddle

    return meddling


CREATE, ROLE = "POST /2015-03-31/functions", "The role defined for the function cannot be assumed by Lambda."
HELPED: dict[str, Any] = {
    "throttled by Lambda": Refusal(CREATE, 2, 429, "TooManyRequestsException", "Rate exceeded"),
    "throttled by IAM": Refusal("CreateRole", 2, 400, "Throttling", "Rate exceeded"),
    "throttled by DynamoDB": Refusal("CreateTable", 2, 400, "ThrottlingException", "Rate exceeded"),
    "throttled by API Gateway": Refusal("PUT /restapis", 2, 429, "TooManyRequestsException", "Too Many Requests"),
    "slowed down by S3": Refusal("PUT /twocan-matrix", 2, 503, "SlowDown", "Reduce your request rate."),
    "a role not yet known": Refusal(CREATE, 2, 400, "InvalidParameterValueException", ROLE),
    "CloudFront's bad minute": Refusal("POST /2020-05-31/distribution", 1, 503, "ServiceUnavailable"),
    "a call that is lost": cut(20),
}


@pytest.mark.parametrize("fault", HELPED.values(), ids=HELPED)
def test_what_passes_is_waited_out(have: Callable[..., Here], grid: Any, fault: Any) -> None:
    """The first apply ends as if nothing had been."""
    here = have()
    here.proxy.meddle = fault(here.proxy)
    ended = here.obey("apply", "first")

    assert ([], None) == (ended.get("left"), ended.get("error"))
    assert grid.beginning(FIRST).ask("listed") == here.account.ask("listed")


def test_an_update_that_still_runs_is_waited_out(applied: Here) -> None:
    """Lambda takes no second change before the first has settled."""
    applied.proxy.meddle = Refusal("PUT /2015-03-31/functions", 2, 409, "ResourceConflictException", "An update is in progress.")(applied.proxy)
    ended = applied.obey("apply", "other code")

    assert ([], None) == (ended.get("left"), ended.get("error"))


LOST = {
    "table": r"CreateTable",
    "role": r"CreateRole",
    "access control": r"POST /2020-05-31/origin-access-control",
    "headers policy": r"POST /2020-05-31/response-headers-policy",
    "distribution": r"POST /2020-05-31/distribution",
    "function": r"POST /2015-03-31/functions",
    "version": r"POST .*/versions",
    "alias": r"POST .*/aliases",
    "permission": r"POST .*/policy\?Qualifier=live",
    "api": r"POST /restapis",
    "authorizer": r"POST /restapis/\w+/authorizers",
    "resource": r"POST /restapis/\w+/resources/\w+",
    "method": r"PUT /restapis/.*/methods/GET",
    "answer of a method": r"PUT /restapis/.*/methods/OPTIONS/responses/204",
    "deployment": r"POST /restapis/\w+/deployments",
}


@pytest.mark.parametrize("name", LOST.values(), ids=LOST)
def test_a_lost_answer_makes_no_twin(have: Callable[..., Here], grid: Any, name: str) -> None:
    """AWS did it, the network broke, and botocore asks again for what cannot be made twice."""
    here = have()
    lost: list[Call] = []

    def lose(call: Call) -> Answer | None:
        if lost or not re.fullmatch(name, call.name.rstrip("/")):
            return None
        lost.append(call)
        here.proxy.forward(call)
        raise Cut

    here.proxy.meddle = lose
    ended = here.obey("apply", "first")

    assert ([], None, 1) == (ended.get("left"), ended.get("error"), len(lost))
    assert _named(grid.beginning(FIRST).ask("listed")) == _named(here.account.ask("listed"))


def _named(listed: list[str]) -> list[str]:
    """Return the lines without the page's files: their folder follows from the API's id."""
    return [one for one in listed if not one.startswith("object releases/")]


SAID = {
    "denied by IAM": (Refusal("CreateRole", 99, 403, "AccessDenied"), "these credentials may not do that"),
    "denied by Lambda": (Refusal(CREATE, 99, 403, "AccessDeniedException"), "these credentials may not do that"),
    "denied by the gateway": (
        Refusal("PATCH /account", 99, 403, "AccessDeniedException", "assumed-role/dev is not authorized"),
        "these credentials may not do that",
    ),
    "expired": (Refusal("GetCallerIdentity", 99, 403, "ExpiredToken"), "expired. Sign in to AWS again"),
    "unknown": (Refusal("GetCallerIdentity", 99, 403, "InvalidClientTokenId"), "Check AWS_ACCESS_KEY_ID or AWS_PROFILE"),
    "a bucket's name taken": (Refusal("PUT /twocan-matrix", 99, 409, "BucketAlreadyExists"), "Choose another stage name with --stage"),
    "somebody else's bucket": (Refusal("HEAD /twocan-matrix", 99, 403, "Forbidden"), "choose another stage name with --stage"),
    "a zip too large": (Refusal(CREATE, 99, 413, "RequestEntityTooLargeException"), "the zip is larger than Lambda takes"),
}


@pytest.mark.parametrize(("fault", "says"), SAID.values(), ids=SAID)
def test_what_stays_is_said_in_one_line(have: Callable[..., Here], grid: Any, fault: Refusal, says: str) -> None:
    """It tells what to do; what is there can be read; and the next run, without the fault, goes on to the end."""
    here = have()
    here.proxy.meddle = fault(here.proxy)
    error = here.obey("apply", "first").get("error", "")
    here.proxy.meddle = lambda _: None
    here.proxy.lead(here.account.url)
    ended = here.obey("apply", "first")

    assert says in error
    assert ("DeployError", 1) == (error.partition(":")[0], len(error.splitlines()))
    assert ([], None) == (ended.get("left"), ended.get("error"))
    assert grid.beginning(FIRST).ask("listed") == here.account.ask("listed")


def test_a_network_that_breaks_in_the_middle_is_said(applied: Here) -> None:
    """And what was done until then is no obstacle to the next run."""

    def broken(call: Call) -> Answer | None:
        if len(applied.proxy.changes) > 3:
            raise Cut
        return None

    applied.proxy.meddle = broken
    error = applied.obey("apply", "other days").get("error", "")
    applied.proxy.meddle = lambda _: None
    ended = applied.obey("apply", "other days")

    assert "AWS cannot be reached" in error
    assert "run the same command again" in error
    assert ([], None) == (ended.get("left"), ended.get("error"))


def test_no_region_and_no_credentials_are_said(tmp_path: Path) -> None:
    """By the command itself, with exit code 1 and one line each."""
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    no_region = _plan(plain)
    no_credentials = _plan(plain, "--region", REGION)

    assert (1, "") == (no_region.returncode, no_region.stdout)
    assert "Error: No region is given" in no_region.stderr
    assert (1, "") == (no_credentials.returncode, no_credentials.stdout)
    assert "Error: No AWS credentials were found: set AWS_PROFILE" in no_credentials.stderr
    assert [1, 1] == [len(one.stderr.splitlines()) for one in (no_region, no_credentials)]


def test_a_region_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """No such name, no such service there, or no network: the line names all three."""
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = _plan({"PATH": os.environ["PATH"], "HOME": str(tmp_path), **keys}, "--region", "eu-nowhere-7")

    assert (1, "") == (done.returncode, done.stdout)
    assert "AWS cannot be reached (EndpointConnectionError). Check the network and the region's name" in done.stderr


def _plan(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", "plan", "--cloud", "aws", "--stage", "never-made", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
