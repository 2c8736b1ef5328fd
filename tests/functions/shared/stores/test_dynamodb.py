"""stores/dynamodb.py: what only a service on a network can do wrong. What every store does is in tests/contracts/test_stores.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest

from functions.shared.errors import Conflict, InvalidRequest, RecordsError, SettingsError, Unavailable, Unknown
from functions.shared.outbound import Outgoing
from functions.shared.sigv4 import Credentials, Scope
from functions.shared.stores import ANY, LONGEST, Record, dynamodb
from functions.shared.stores.dynamodb import Dynamodb, Place
from tests.fakes import aws
from tests.fakes.upstream import HANG_UP, LAST, Upstream, cut, head, opening, piece, reset, until_gone, whole
from tests.functions.shared.test_sigv4 import theirs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.clock import Clock
    from tests.fakes.upstream import Step

ROOT = Path(__file__).parents[4]
CREDENTIALS = Credentials("AKIDSEEN", "secret-seen", "token-seen")
ITEM = {"partition": {"S": "p"}, "sort": {"S": "s"}, "version": {"N": "3"}, "body": {"S": '{"n":1}'}}

Work = Callable[[Dynamodb], object]
READS: dict[str, Work] = {"get": lambda store: store.get("name-seen", "s"), "query": lambda store: store.query("name-seen")}
WRITES: dict[str, Work] = {
    "put": lambda store: store.put("name-seen", "s", {"text": "body-seen"}, if_version=3),
    "put-any": lambda store: store.put("name-seen", "s", {"text": "body-seen"}, if_version=ANY),
    "delete": lambda store: store.delete("name-seen", "s", if_version=3),
    "delete-any": lambda store: store.delete("name-seen", "s", if_version=ANY),
}
WORKS = {**READS, **WRITES}
ANSWER = {"Item": ITEM, "Items": [ITEM], "Attributes": {"version": {"N": "4"}}}


def answered(document: object, status: int = 200) -> list[Step]:
    """Return the steps of an answer in JSON."""
    return [whole(json.dumps(document).encode(), status)]


def refused(kind: str, status: int = 400) -> list[Step]:
    """Return the steps of a refusal as DynamoDB words it; its message quotes what nobody else may see."""
    return answered({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "arn:aws:dynamodb:table/table-seen"}, status)


FINE = answered(ANSWER)
CHECK_FAILED = refused("ConditionalCheckFailedException")
#: Whatever ends an exchange so that nobody knows what the service did.
LOST: dict[str, Sequence[Step]] = {
    "hang-up": HANG_UP,
    "reset": [reset],
    "no-http": [b"hello\r\n\r\n", cut],
    "cut": [opening(200, {"content-length": "100"}), b'{"Item"', cut],
    "cut-chunk": [head(), piece(b"{"), cut],
    "html": [whole(b"<html>Please sign in</html>")],
    "list": [whole(b"[]")],
    "empty": [whole(b"")],
    "endless": [head(), piece(b" " * 9_000_000), LAST],
    "500": refused("InternalServerError", 500),
    "502": [whole(b"<html>", 502)],
    "503": refused("ServiceUnavailable", 503),
}


class Table:
    """A store whose service is scripted. `slept` has its pauses."""

    def __init__(self, upstream: Upstream, clock: Clock, patience: float = 30.0) -> None:
        self.slept: list[float] = []
        place = Place("table-seen", "eu-central-1", upstream.url)
        self.store = Dynamodb(place, CREDENTIALS, clock, patience=patience, sleep=self.slept.append)


def test_a_request_is_signed_for_the_service(clock: Clock) -> None:
    """What arrived has the signature that AWS's own client gives it."""
    with Upstream(FINE) as upstream:
        Table(upstream, clock).store.get("p", "é")
    method, path, headers, body = upstream.calls[0]
    signs = {name: headers[name] for name in ("content-type", "host", "x-amz-target")}

    assert ("POST", "application/x-amz-json-1.0", "DynamoDB_20120810.GetItem") == (method, headers["content-type"], headers["x-amz-target"])
    assert ("table-seen", True) == (json.loads(body)["TableName"], json.loads(body)["ConsistentRead"])
    assert headers["authorization"] == theirs(
        Outgoing(method, upstream.url + path, signs, body), CREDENTIALS, Scope("eu-central-1", "dynamodb"), clock()
    )


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
@pytest.mark.parametrize("kind", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"])
def test_what_was_refused_for_its_rate_is_tried_again(clock: Clock, kind: str, work: Work) -> None:
    """Reads and writes: nothing was done."""
    with Upstream(refused(kind), FINE) as upstream:
        table = Table(upstream, clock)
        work(table.store)

    assert ([0.1], 2) == (table.slept, len(upstream.calls))
    assert upstream.calls[0].body == upstream.calls[1].body


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_three_tries_are_enough(clock: Clock, work: Work) -> None:
    """Whoever waits learns that nothing was done."""
    with Upstream(refused("ThrottlingException")) as upstream:
        table = Table(upstream, clock)
        with pytest.raises(Unavailable):
            work(table.store)

    assert ([0.1, 0.4], 3) == (table.slept, len(upstream.calls))


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_service_that_cannot_be_reached_did_nothing(clock: Clock, work: Work) -> None:
    """A refused connection is tried again, by writes too."""
    with Upstream() as upstream:
        pass
    table = Table(upstream, clock)
    with pytest.raises(Unavailable):
        work(table.store)

    assert [0.1, 0.4] == table.slept


@pytest.mark.parametrize("work", READS.values(), ids=READS)
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_read_whose_answer_was_lost_is_tried_again(clock: Clock, answer: Sequence[Step], work: Work) -> None:
    """Asking twice changes nothing; and if it does not help, nothing was done."""
    with Upstream(answer, FINE) as once, Upstream(answer) as always:
        work(Table(once, clock).store)
        with pytest.raises(Unavailable):
            work(Table(always, clock).store)

    assert (2, 3) == (once.connections if answer is HANG_UP else len(once.calls), always.connections if answer is HANG_UP else len(always.calls))


@pytest.mark.parametrize("work", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_write_whose_answer_was_lost_is_unknown(clock: Clock, answer: Sequence[Step], work: Work) -> None:
    """It is not sent again: it may have been carried out, and would then meet itself."""
    with Upstream(answer, FINE) as upstream:
        table = Table(upstream, clock)
        with pytest.raises(Unknown):
            work(table.store)

    assert ([], 1) == (table.slept, upstream.connections)


SLOW: dict[str, list[Step]] = {"no-status": [until_gone], "no-end": [head(), piece(b"{"), until_gone]}


@pytest.mark.parametrize(("name", "work"), WORKS.items(), ids=WORKS)
@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_does_not_come_in_time(clock: Clock, answer: list[Step], name: str, work: Work) -> None:
    """A read did nothing, of a write nobody knows; neither is sent again."""
    with Upstream(answer) as upstream:
        table = Table(upstream, clock, patience=0.3)
        with pytest.raises(Unavailable if name in READS else Unknown):
            work(table.store)

    assert ([], 1) == (table.slept, len(upstream.calls))


def test_an_overwrite_that_does_not_say_its_version_is_unknown(clock: Clock) -> None:
    """It was written, but as which version?"""
    with Upstream(answered({"Attributes": {"version": {"S": "4"}}})) as upstream, pytest.raises(Unknown):
        WRITES["put-any"](Table(upstream, clock).store)


REFUSALS = {
    "ResourceNotFoundException": "deploy again, which creates it",
    "AccessDeniedException": "check that its role",
    "MissingAuthenticationTokenException": "check that its role",
    "ExpiredTokenException": "renew them, or to deploy again",
    "UnrecognizedClientException": "renew them, or to deploy again",
    "InvalidSignatureException": "renew them, or to deploy again",
    "ValidationException": "the form of its table",
    "SomethingNew": "the form of its table",
}


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
@pytest.mark.parametrize(("kind", "advice"), REFUSALS.items(), ids=REFUSALS)
def test_a_refusal_says_what_the_owner_can_do(clock: Clock, kind: str, advice: str, work: Work) -> None:
    """Nothing was done, and trying again at once would not help."""
    with Upstream(refused(kind)) as upstream:
        table = Table(upstream, clock)
        with pytest.raises(Unavailable, match=advice):
            work(table.store)

    assert ([], 1) == (table.slept, len(upstream.calls))


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
@pytest.mark.parametrize(
    "answer",
    [[whole(b"<html>", 403)], [whole(b"", 307, {"location": "http://127.0.0.1:1/"})], answered({"message": "no"}, 400), answered({"__type": 7}, 400)],
    ids=["html", "redirect", "no-type", "type-is-no-text"],
)
def test_a_refusal_in_other_words_is_one(clock: Clock, answer: list[Step], work: Work) -> None:
    """Whoever answers there, the owner is told to look at the address."""
    with Upstream(answer) as upstream, pytest.raises(Unavailable, match="check that the address"):
        work(Table(upstream, clock).store)


@pytest.mark.parametrize("name", ["put", "delete"])
def test_a_failed_condition_is_a_conflict(clock: Clock, name: str) -> None:
    """At once: somebody else was first."""
    with Upstream(CHECK_FAILED) as upstream:
        table = Table(upstream, clock)
        with pytest.raises(Conflict):
            WRITES[name](table.store)

    assert ([], 1) == (table.slept, len(upstream.calls))


def test_an_overwrite_gives_way_to_whoever_revives_the_item(clock: Clock) -> None:
    """Found expired, then found revived: it counts on the other's version."""
    with Upstream(CHECK_FAILED, CHECK_FAILED, FINE) as upstream:
        version = Table(upstream, clock).store.put("p", "s", {}, if_version=ANY)

    operations = [call.headers["x-amz-target"].partition(".")[2] for call in upstream.calls]
    assert (4, ["UpdateItem", "PutItem", "UpdateItem"]) == (version, operations)


def test_an_overwrite_does_not_go_on_for_ever(clock: Clock) -> None:
    """An item that is neither live nor absent nor expired was edited by hand: nothing was done."""
    with Upstream(CHECK_FAILED) as upstream, pytest.raises(Unavailable):
        Table(upstream, clock).store.put("p", "s", {}, if_version=ANY)

    assert 6 == len(upstream.calls)


FOREIGN: dict[str, object] = {
    "no-version": {name: value for name, value in ITEM.items() if name != "version"},
    "no-body": {name: value for name, value in ITEM.items() if name != "body"},
    "no-sort": {name: value for name, value in ITEM.items() if name != "sort"},
    "sort-is-a-number": {**ITEM, "sort": {"N": "1"}},
    "sort-is-no-text": {**ITEM, "sort": {"S": 1}},
    "version-is-text": {**ITEM, "version": {"S": "3"}},
    "version-is-no-text": {**ITEM, "version": {"N": 3}},
    "version-is-a-fraction": {**ITEM, "version": {"N": "3.5"}},
    "version-is-huge": {**ITEM, "version": {"N": "1E+30"}},
    "version-is-zero": {**ITEM, "version": {"N": "0"}},
    "body-is-no-json": {**ITEM, "body": {"S": "{"}},
    "body-is-a-list": {**ITEM, "body": {"S": "[]"}},
    "body-is-a-map": {**ITEM, "body": {"M": {}}},
    "body-is-endless": {**ITEM, "body": {"S": "[" * 100_000}},
    "expires-is-text": {**ITEM, "expires": {"S": "never"}},
    "expires-is-a-fraction": {**ITEM, "expires": {"N": "1.5"}},
    "an-attribute-is-text": {**ITEM, "version": "3"},
    "the-item-is-text": "item",
    "the-item-is-a-list": [],
    "the-item-is-a-number": 7,
}


@pytest.mark.parametrize("work", READS.values(), ids=READS)
@pytest.mark.parametrize("item", FOREIGN.values(), ids=FOREIGN)
def test_an_item_in_another_form_is_named_as_such(clock: Clock, item: object, work: Work) -> None:
    """Somebody has edited the table: the owner is told, and nobody gets half an item."""
    with Upstream(answered({"Item": item, "Items": [item]})) as upstream, pytest.raises(Unavailable, match="that Twocan did not write"):
        work(Table(upstream, clock).store)


@pytest.mark.parametrize("answer", [{}, {"Items": None}, {"Items": {}}], ids=["absent", "null", "object"])
def test_a_page_without_items_is_unavailable(clock: Clock, answer: object) -> None:
    """An answer in another shape is not an empty partition."""
    with Upstream(answered(answer)) as upstream, pytest.raises(Unavailable):
        READS["query"](Table(upstream, clock).store)


def row(sort: str) -> dict[str, Any]:
    """Return an item of that name."""
    return {**ITEM, "sort": {"S": sort}}


def test_a_page_is_filled_from_as_many_answers_as_it_takes(clock: Clock) -> None:
    """Answers may be empty and still not the last; each goes on where the one before ended, and asks for more."""
    ends = [{"partition": {"S": "p"}, "sort": {"S": sort}} for sort in "ce"]
    answers = [{"Items": [], "LastEvaluatedKey": ends[0]}, {"Items": [row("d")], "LastEvaluatedKey": ends[1]}, {"Items": [*map(row, "fgh")]}]
    with Upstream(*map(answered, answers)) as upstream:
        found = Table(upstream, clock).store.query("p", after="b", limit=3)
    asked = [call.document() for call in upstream.calls]

    assert ["d", "f", "g"] == [one.sort for one in found]
    assert [3, 6, 12] == [one.pop("Limit") for one in asked]
    assert [None, *ends] == [one.pop("ExclusiveStartKey", None) for one in asked]
    assert asked[0] == asked[1] == asked[2]


def test_a_full_page_asks_no_further(clock: Clock) -> None:
    """What follows is the next page's affair."""
    with Upstream(answered({"Items": [row("a"), row("b")], "LastEvaluatedKey": {"sort": {"S": "b"}}})) as upstream:
        found = Table(upstream, clock).store.query("p", limit=2)

    assert (["a", "b"], 1) == ([one.sort for one in found], len(upstream.calls))


def test_a_partition_may_be_larger_than_an_answer(clock: Clock) -> None:
    """DynamoDB ends an answer at 1 MB, as moto does."""
    store = dynamodb.open(aws.address(aws.table()), clock, aws.ENVIRON)
    for number in range(7):
        store.put("p", str(number), {"a": "x" * (LONGEST - 8)}, if_version=0)

    assert list("0123456") == [one.sort for one in store.query("p")]


def test_an_item_has_the_form_that_is_promised(clock: Clock) -> None:
    """Names, types and no expiry but a real one: the table's time to live would take anything else for none."""
    name = aws.table()
    store = dynamodb.open(aws.address(name), clock, aws.ENVIRON)
    for if_version, expires in ((0, None), (1, 1_900_000_000), (ANY, None), (ANY, 1_900_000_001)):
        store.put("p", "s", {"a": "é"}, if_version=if_version, expires=expires)

    item = aws.dynamodb().get_item(TableName=name, Key={"partition": {"S": "p"}, "sort": {"S": "s"}})["Item"]
    assert {"partition": {"S": "p"}, "sort": {"S": "s"}, "version": {"N": "4"}, "body": {"S": '{"a":"é"}'}, "expires": {"N": "1900000001"}} == item


def test_an_edited_version_is_no_version_to_count_on(clock: Clock) -> None:
    """The real refusal of an addition to a text, not a scripted one."""
    name = aws.table()
    aws.dynamodb().put_item(TableName=name, Item={**ITEM, "version": {"S": "three"}})
    store = dynamodb.open(aws.address(name), clock, aws.ENVIRON)

    with pytest.raises(Unavailable):
        store.put("p", "s", {}, if_version=ANY)
    with pytest.raises(Conflict):
        store.put("p", "s", {}, if_version=3)


def test_a_table_that_is_not_there_is_named_as_such(clock: Clock) -> None:
    """By the service itself, for every operation."""
    store = dynamodb.open(aws.address("nobody-made-it"), clock, aws.ENVIRON)

    for work in WORKS.values():
        with pytest.raises(Unavailable, match="deploy again, which creates it"):
            work(store)


NAMELESS = [("", "s"), ("p", ""), ("", ""), ("p" * 2_049, "s"), ("p", "é" * 513), ("\ud800", "s"), ("p", "\ud800")]


@pytest.mark.parametrize(("partition", "sort"), NAMELESS, ids=lambda one: ascii(one[:8]))
def test_a_name_that_no_item_can_have_is_nobodys(clock: Clock, partition: str, sort: str) -> None:
    """The service is not asked, which would call it an error: nothing is there, and nothing can be written there."""
    with Upstream(FINE) as upstream:
        store = Table(upstream, clock).store
        store.delete(partition, sort, if_version=ANY)
        store.delete(partition, sort, if_version=0)
        with pytest.raises(Conflict):
            store.delete(partition, sort, if_version=1)
        with pytest.raises(InvalidRequest, match="1 to 2048 and 1 to 1024 bytes"):
            store.put(partition, sort, {}, if_version=ANY)

        assert store.get(partition, sort) is None
    assert [] == upstream.calls


def test_a_list_of_nothing_asks_nothing(clock: Clock) -> None:
    """Of a partition that cannot be, of no items, and past a name that cannot be."""
    with Upstream(FINE) as upstream:
        store = Table(upstream, clock).store
        lists = [store.query(""), store.query("p" * 2_049), store.query("p", limit=0)]
        with pytest.raises(InvalidRequest, match="1024"):
            store.query("p", after="a" * 1_025)

    assert ([[], [], []], []) == (lists, upstream.calls)


def test_the_longest_names_are_names(clock: Clock) -> None:
    """To the byte."""
    partition, sort = "é" * 1_024, "é" * 512
    store = dynamodb.open(aws.address(aws.table()), clock, aws.ENVIRON)
    store.put(partition, sort, {}, if_version=0)

    assert [Record(partition, sort, 1, {})] == store.query(partition)
    assert [] == store.query(partition, after=sort)


def test_a_connection_is_kept_but_not_for_long(clock: Clock) -> None:
    """A function that was frozen for a while does not send a write into a line that may be dead."""
    with Upstream(FINE) as upstream:
        store = Table(upstream, clock).store
        for wait in (0, 30, 31, 0):
            clock.forward(wait)
            store.get("p", "s")

    assert (4, 2) == (len(upstream.calls), upstream.connections)


@pytest.mark.parametrize(
    "address",
    [
        "dynamodb:",
        "dynamodb://",
        "dynamodb://seen-table",
        "dynamodb://seen-table?region=",
        "dynamodb://seen-table?region=seen",
        "dynamodb://seen?region=eu-central-1&endpoint=",
        "dynamodb://seen?region=eu-central-1&endpoint=ftp://seen",
        "dynamodb://seen?region=eu-central-1&endpoint=http://user:seen@127.0.0.1:1",
        "dynamodb://seen?region=eu-central-1&endpoint=http://seen/path",
        "dynamodb://seen?region=eu-central-1&seen=1",
        "dynamodb://seen?region=eu-central-1\n",
        "dynamodb://seen/x?region=eu-central-1",
        "dynamodb://x?region=eu-central-1",
        "sqlite:///seen",
    ],
)
def test_an_address_in_another_form_is_refused(clock: Clock, address: str) -> None:
    """With the form that is wanted, and without the address."""
    with pytest.raises(SettingsError, match=r"STORE must be dynamodb://TABLE\?region=REGION") as told:
        dynamodb.open(address, clock, aws.ENVIRON)

    assert "seen" not in told.value.message


@pytest.mark.parametrize(
    ("query", "endpoint"),
    [
        ("eu-central-1", "https://dynamodb.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://dynamodb.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ("cn-north-1&endpoint=http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("eu-central-1&endpoint=https://[::1]:8000/", "https://[::1]:8000"),
    ],
)
def test_an_address_leads_to_its_region(clock: Clock, query: str, endpoint: str) -> None:
    """China has its own, and an emulator says where it is."""
    store = dynamodb.open(f"dynamodb://My_table.v-1?region={query}", clock, aws.ENVIRON)

    assert Place("My_table.v-1", query.partition("&")[0], endpoint) == store._service._place


@pytest.mark.parametrize("environ", [{}, {"AWS_ACCESS_KEY_ID": "AKIDSEEN", "AWS_SECRET_ACCESS_KEY": ""}], ids=["none", "half"])
def test_absent_credentials_are_named(clock: Clock, environ: dict[str, str]) -> None:
    """When the store is opened and not when somebody wants to sign in."""
    with pytest.raises(SettingsError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set") as told:
        dynamodb.open("dynamodb://records?region=eu-central-1", clock, environ)

    assert "AKIDSEEN" not in told.value.message


def test_credentials_of_a_person_have_no_session(clock: Clock) -> None:
    """The token is left out, not sent empty."""
    environ = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}
    with Upstream(FINE) as upstream:
        dynamodb.open(f"dynamodb://records?region=eu-central-1&endpoint={upstream.url}", clock, environ).get("p", "s")

    assert "x-amz-security-token" not in upstream.calls[0].headers
    assert "Credential=AK/" in upstream.calls[0].headers["authorization"]


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
@pytest.mark.parametrize("answer", [*LOST.values(), refused("AccessDeniedException"), refused("ValidationException"), [whole(b"body-seen")]])
def test_no_error_tells_what_nobody_may_know(clock: Clock, answer: Sequence[Step], work: Work) -> None:
    """Neither in its own text nor in that of what led to it: no key, no token, no body, no name."""
    with Upstream(answer) as upstream, pytest.raises(RecordsError) as told:
        work(Table(upstream, clock).store)
    error: BaseException | None = told.value
    texts = [repr(told.value.body())]
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or error.__context__

    assert [] == [text for text in texts if "seen" in text.lower()]


def test_opening_costs_no_sdk() -> None:
    """boto3 would cost every cold start 200 to 400 ms (aws.md, 9)."""
    script = "import sys; import functions.shared.stores.dynamodb; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())

    assert set() == {"boto3", "botocore", "sqlite3", "urllib3", "cryptography", "asyncio", "inspect", "dataclasses"} & loaded
    assert 140 >= len(loaded)
