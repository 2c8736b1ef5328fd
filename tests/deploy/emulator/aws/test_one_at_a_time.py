"""DynamoDB's conditional writes are atomic here, too."""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from deploy.emulator.aws import one_at_a_time
from deploy.emulator.aws.control import Control
from tests.deploy.emulator.aws.account import Account, new, said

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 16


@pytest.fixture(name="haste")
def _haste() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("haste")
def test_of_many_who_make_one_item_one_has_made_it() -> None:
    """All others are told so."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    with Control() as control:
        one_at_a_time.install()
        dynamodb = Account(control.url).client("dynamodb")
        keys = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}
        dynamodb.create_table(TableName=(table := new()), BillingMode="PAY_PER_REQUEST", **keys)
        item = {"TableName": table, "Item": {"k": {"S": "one"}}, "ConditionExpression": "attribute_not_exists(k)"}
        together = [threading.Thread(target=lambda: answers.put(said(dynamodb.put_item, **item))) for _ in range(THREADS)]
        for one in together:
            one.start()
        found = sorted(answers.get(timeout=20) for _ in together)

    assert [*["ConditionalCheckFailedException"] * (THREADS - 1), "ok"] == found
