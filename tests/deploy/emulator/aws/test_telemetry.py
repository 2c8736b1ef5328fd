"""CloudWatch is told in order, in batches, and before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.emulator.aws.control import Control
from deploy.emulator.aws.telemetry import Stream, Telemetry
from tests.deploy.emulator.aws.account import REGION, Account, new

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="account")
def _account() -> Iterator[Account]:
    with Control() as control:
        yield Account(control.url)


def test_lines_stay_in_order(account: Account) -> None:
    """Over several batches, and those of two streams apart; the end writes what is left."""
    account.logs.create_log_group(logGroupName=(group := new()))
    with Telemetry() as told:
        for number in range(1500):
            told.line(Stream(REGION, group, f"s{number % 2}"), f"{number}\n")
    account_lines = [account.logs.get_log_events(logGroupName=group, logStreamName=f"s{one}", startFromHead=True)["events"] for one in range(2)]

    assert [[str(number) for number in range(one, 1500, 2)] for one in range(2)] == [[event["message"] for event in some] for some in account_lines]


def test_an_empty_line_is_none(account: Account) -> None:
    """CloudWatch takes none."""
    account.logs.create_log_group(logGroupName=(group := new()))
    with Telemetry() as told:
        told.line(Stream(REGION, group, "s"), "\n")
        told.flush()

        assert [] == account.logs.filter_log_events(logGroupName=group)["events"]
