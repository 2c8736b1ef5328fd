"""Each gap twice: with ours in place the account answers as AWS does, and moto by itself still does not.

The second is the alarm: where it fails, moto has closed the gap, and ours can go. A case is a question to an account; what it says of the answer
is "ok", AWS's error code, or a part of the answer. To add a case, name its gap, say what is asked, and what AWS answers, in cases_*.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from deploy.emulator.aws.control import Control
from deploy.emulator.aws.moto_gaps import gaps
from tests.deploy.emulator.aws import cases_cdn, cases_gateway, cases_lambda, cases_rest
from tests.deploy.emulator.aws.account import Account, Case, new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAIN = """
import logging
logging.getLogger("werkzeug").disabled = True
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""
CASES = [*cases_lambda.CASES, *cases_gateway.CASES, *cases_cdn.CASES, *cases_rest.CASES]


@pytest.fixture(name="ours", scope="module")
def _ours() -> Iterator[Account]:
    with Control() as control:
        yield Account(control.url)


@pytest.fixture(name="plain", scope="module")
def _plain() -> Iterator[Account]:
    # Another process: in this one the gaps are closed, and stay so.
    with subprocess.Popen([sys.executable, "-c", PLAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as moto:
        assert moto.stdout
        yield Account(f"http://127.0.0.1:{int(moto.stdout.readline())}")
        moto.terminate()


def asked(case: Case, account: Account) -> Any:
    """Return the answer, or the code of the error that came before there was one."""
    try:
        return case.ask(account)
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.gap}-{case.name}")
def test_with_the_gap_closed_the_account_answers_as_aws_does(case: Case, ours: Account) -> None:
    """What a deployer learns here it would learn in a real account."""
    assert case.aws == case.ask(ours)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.gap}-{case.name}")
def test_moto_by_itself_still_has_the_gap(case: Case, plain: Account) -> None:
    """Where this fails, moto has closed it: the gap and its cases can go."""
    assert case.aws != asked(case, plain)


def test_every_gap_is_asked_about() -> None:
    """None is closed without proof, and each says what moto does and what AWS does."""
    assert {gap.name for gap in gaps()} == {case.gap for case in CASES}
    assert [] == [gap.name for gap in gaps() if not ("AWS" in gap.says and "moto" in gap.says) and not gap.says.startswith("See above")]


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (403, lambda at: at.s3.put_bucket_policy(Bucket=at.bucket(), Policy=json.dumps(cases_rest.OPEN))),
        (404, lambda at: at.apigateway.delete_rest_api(restApiId=new())),
        (409, lambda at: at.functions.invoke(FunctionName=at.function())),
        (404, lambda at: at.distribution(policy="none")),
        (412, lambda at: at.cloudfront.delete_distribution(Id=at.distribution()[0], IfMatch="wrong")),
        (413, lambda at: at.function(Code={"ZipFile": bytes(51 * 1024 * 1024)})),
    ],
)
def test_a_refusal_has_the_status_that_aws_gives_it(status: int, ask: Callable[[Account], Any], ours: Account) -> None:
    """What a client makes of an error depends on it: it asks again after a 500."""
    with pytest.raises(ClientError) as refused:
        ask(ours)

    assert status == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
