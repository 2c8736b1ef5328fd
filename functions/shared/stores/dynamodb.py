"""Records in one DynamoDB table. Address: dynamodb://TABLE?region=REGION, and &endpoint=http://127.0.0.1:PORT for an emulator.

The deployer creates the table: partition key `partition` (S), sort key `sort` (S), time to live by `expires`. An item has `version` (N), `body`
(S, the JSON that `checked` returns) and `expires` (N, absent for None). DynamoDB removes what expired within days: so each condition here says
itself what is absent. The credentials are the platform's own variables, the one thing that a function reads from the environment.

A write that may have happened is never sent again: carried out twice, its second run would meet its first and report a Conflict that there was
not. It is Unknown. Sent again is only what surely did nothing: refused for its rate, or never connected; and reads.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.shared import documents
from functions.shared.errors import Conflict, InvalidJSON, InvalidRequest, SettingsError, Unavailable, Unknown
from functions.shared.service import Answer, Asked, Late, Limits, Lost, Service, Unreached
from functions.shared.sigv4 import Credentials, Scope, role, signed
from functions.shared.stores import ANY, Now, Record, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = re.compile(r"dynamodb://([\w.-]{3,255})\?region=([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})(?:&endpoint=(https?://[\w.:\[\]-]+)/?)?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,38}")

#: Seconds for a connection, and for a whole answer.
_CONNECT = 2.0
_PATIENCE = 5.0
#: Seconds between tries; there is one try more than pauses.
_PAUSES = (0.1, 0.4)
#: Seconds after which kept connections are not used again. A platform that froze the function may have lost them without a word, and a write
#: that is sent into the void is Unknown.
_IDLE = 30
#: Bytes of an answer. A page has 1 MB before its texts are escaped, by up to six bytes for one.
_MOST = 8_000_000
#: Bytes of a partition's and of an item's name.
_LONGEST_NAMES = (2_048, 1_024)
# A write without looking needs a second lap only if others revive the item, and let it expire again, within the first.
_LAPS = 3

# All names are aliases: DynamoDB reserves hundreds of words, `partition` among them.
_NAMES = {"#partition": "partition", "#sort": "sort", "#version": "version", "#body": "body", "#expires": "expires"}
_ABSENT = "attribute_not_exists(#partition) OR #expires <= :now"
_LIVE = "(attribute_not_exists(#expires) OR #expires > :now)"
_AT = f"#version = :version AND {_LIVE}"
_SET = "SET #body = :body, #version = if_not_exists(#version, :zero) + :one"

_READS = frozenset({"GetItem", "Query"})
_BUSY = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})
_OVER = "The function's credentials for the store have expired or are not valid. Ask the owner to renew them, or to deploy again."
_REFUSED = "The store refuses the function. Ask the owner to check that its role may read and write the store's table."
_SAID = {
    "ResourceNotFoundException": "The store's table is not there. Ask the owner to deploy again, which creates it.",
    "AccessDeniedException": _REFUSED,
    "MissingAuthenticationTokenException": _REFUSED,
    "ExpiredTokenException": _OVER,
    "InvalidSignatureException": _OVER,
    "UnrecognizedClientException": _OVER,
}
_ELSE = "The store does not accept a request. Ask the owner to check that the address of the store and the form of its table are Twocan's."
_FOREIGN = "The store's table holds an item that Twocan did not write. Ask the owner to correct or delete it."

Attributes = dict[str, dict[str, str]]


class Place(NamedTuple):
    """Where a table is."""

    table: str
    region: str
    endpoint: str


def open(address: str, now: Now, environ: Mapping[str, str] = os.environ) -> Dynamodb:  # noqa: A001 - every store's module has an `open`
    """Return the store; nothing is sent yet. Raises SettingsError for an address in another form and for absent credentials."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise SettingsError("STORE must be dynamodb://TABLE?region=REGION")
    credentials = role(environ)
    if credentials is None:
        raise SettingsError(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set: the store is in DynamoDB, and the platform gives a function its credentials so"
        )
    table, region, endpoint = match.groups()
    china = ".cn" if region.startswith("cn-") else ""
    place = Place(table, region, endpoint or f"https://dynamodb.{region}.amazonaws.com{china}")
    return Dynamodb(place, credentials, now)


class Dynamodb:
    """Records in one table. A name that no item can have, by its length or for being empty, is the name of nothing."""

    def __init__(
        self, place: Place, credentials: Credentials, now: Now, *, patience: float = _PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._service = _Service(place, credentials, now, patience=patience, sleep=sleep)
        self._now = now

    def get(self, partition: str, sort: str) -> Record | None:
        """Return the item, or None."""
        if not _nameable(partition, sort):
            return None
        now = self._now()
        item = self._service.ask("GetItem", {"Key": _key(partition, sort), "ConsistentRead": True}).get("Item")
        record = None if item is None else _record(partition, item)
        return None if record is None or (record.expires is not None and record.expires <= now) else record

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Write the item if it is at `if_version` and return its new version. Raises Conflict; InvalidRequest for a name that cannot be."""
        text = checked(body)
        if not _nameable(partition, sort):
            raise InvalidRequest(f"A record's names must have 1 to {_LONGEST_NAMES[0]} and 1 to {_LONGEST_NAMES[1]} bytes of UTF-8.")
        ends = {} if expires is None else {"expires": _number(expires)}
        item = {**_key(partition, sort), "body": {"S": text}, **ends}
        return self._overwrite(item) if if_version == ANY else self._replace(item, if_version)

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Remove the item if it is at `if_version`. Raises Conflict."""
        if _nameable(partition, sort):
            condition = {} if if_version == ANY else _at(if_version, self._now())
            self._service.ask("DeleteItem", {"Key": _key(partition, sort), **condition})
        elif if_version not in (ANY, 0):
            raise Conflict

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Return up to `limit` live items past `after`, in order. Raises InvalidRequest for an `after` that cannot be a name."""
        if after and not _nameable("-", after):
            raise InvalidRequest(f"A list must begin after a name of at most {_LONGEST_NAMES[1]} bytes of UTF-8.")
        if not _nameable(partition, "-"):
            return []
        asked = _listing(partition, after, self._now())
        found: list[Record] = []
        size = limit
        while len(found) < limit:
            answer = self._service.ask("Query", {**asked, "Limit": size})
            found += [_record(partition, item) for item in _list(answer)]
            if "LastEvaluatedKey" not in answer:
                break
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            # Items are counted before expired ones are left out. Twice as many each time: else a list of one item could cost a call for each.
            size *= 2
        return found[:limit]

    def _replace(self, item: Attributes, if_version: int) -> int:
        """Write the item over that version. Raises Conflict."""
        version = if_version + 1
        self._service.ask("PutItem", {"Item": {**item, "version": _number(version)}, **_at(if_version, self._now())})
        return version

    def _overwrite(self, item: Attributes) -> int:
        """Write the item over any version. Each try is atomic, and its condition keeps an expired version from being counted on."""
        for _ in range(_LAPS):
            with suppress(Conflict):
                return self._count_on(item)
            # What is there has expired, so the item begins again; unless somebody else was faster, and then there is something to count on.
            with suppress(Conflict):
                return self._replace(item, 0)
        raise Unavailable

    def _count_on(self, item: Attributes) -> int:
        """Write an item that is live or was never there; the service itself adds one to the version. Raises Conflict if it has expired."""
        values = {":body": item["body"], ":zero": _number(0), ":one": _number(1), ":now": _number(self._now())}
        if "expires" in item:
            values[":expires"] = item["expires"]
        change = f"{_SET}, #expires = :expires" if "expires" in item else f"{_SET} REMOVE #expires"
        terms = _terms(values, UpdateExpression=change, ConditionExpression=_LIVE)
        key = {name: item[name] for name in ("partition", "sort")}
        answer = self._service.ask("UpdateItem", {"Key": key, **terms, "ReturnValues": "UPDATED_NEW"})
        try:
            return _integer(answer["Attributes"]["version"])
        except (KeyError, TypeError, ValueError):
            raise Unknown from None


class _Passing(Unavailable):
    """Nothing was done, and it may go better in a moment."""


class _Service:
    """The wire: signs, sends, waits, and says what came of it in the port's errors."""

    def __init__(self, place: Place, credentials: Credentials, now: Now, *, patience: float, sleep: Callable[[float], None]) -> None:
        self._place = place
        self._credentials = credentials
        self._now = now
        self._sleep = sleep
        self._service = Service(place.endpoint, Limits(_CONNECT, patience, _MOST))
        self._used = now()

    def ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the service's answer. Raises Conflict, Unavailable or Unknown."""
        body = documents.write({"TableName": self._place.table, **request})
        for pause in _PAUSES:
            with suppress(_Passing):
                return self._once(operation, body)
            self._sleep(pause)
        return self._once(operation, body)

    def _once(self, operation: str, body: bytes) -> dict[str, Any]:
        lost = _Passing if operation in _READS else Unknown
        try:
            status, raw = self._exchange(operation, body)
            if status == 200:
                return documents.parse(raw)
        except Unreached as error:
            raise _Passing from error
        except Late as error:
            # A read is not tried again either: its time is gone.
            raise (Unavailable if operation in _READS else Unknown) from error
        except (Lost, InvalidJSON) as error:
            raise lost from error
        if status >= 500:
            raise lost
        raise _refusal(raw)

    def _exchange(self, operation: str, body: bytes) -> Answer:
        """Return the answer to one request. Raises Unreached, Late and Lost."""
        moment = self._now()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
        asked = Asked("POST", f"{self._place.endpoint}/", headers, body)
        headers = signed(asked, self._credentials, Scope(self._place.region, "dynamodb"), moment)
        if moment - self._used > _IDLE:
            self._service.forget()
        self._used = moment
        return self._service.ask(asked._replace(headers=headers))


def _refusal(raw: bytes) -> Exception:
    """Return the error for an answer that says that nothing was done. Its own words are not passed on: they quote names and accounts."""
    try:
        said = str(documents.parse(raw).get("__type")).rpartition("#")[2]
    except InvalidJSON:
        said = ""
    if said == "ConditionalCheckFailedException":
        return Conflict()
    return _Passing() if said in _BUSY else Unavailable(_SAID.get(said, _ELSE))


def _nameable(partition: str, sort: str) -> bool:
    """Say whether an item can have these names."""
    try:
        sizes = (len(partition.encode()), len(sort.encode()))
    except UnicodeEncodeError:
        return False
    return all(0 < size <= longest for size, longest in zip(sizes, _LONGEST_NAMES, strict=True))


def _key(partition: str, sort: str) -> Attributes:
    return {"partition": {"S": partition}, "sort": {"S": sort}}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _integer(attribute: Mapping[str, str]) -> int:
    """Return an attribute's number. Raises KeyError, TypeError or ValueError."""
    if not _INTEGER.fullmatch(attribute["N"]):
        raise ValueError
    return int(attribute["N"])


def _at(version: int, now: int) -> dict[str, Any]:
    """Return the condition that an item is at a version; 0: that it is absent, or as good as absent."""
    return _terms({":version": _number(version), ":now": _number(now)}, ConditionExpression=_AT if version else _ABSENT)


def _listing(partition: str, after: str, now: int) -> dict[str, Any]:
    """Return the request for a partition's live items past `after`."""
    past = " AND #sort > :after" if after else ""
    values = {":partition": {"S": partition}, ":after": {"S": after}, ":now": _number(now)}
    terms = _terms(values, KeyConditionExpression=f"#partition = :partition{past}", FilterExpression=_LIVE)
    return {**terms, "ConsistentRead": True}


def _terms(values: Attributes, **expressions: str) -> dict[str, Any]:
    """Return expressions with the names and values that are in them: DynamoDB refuses any that is not."""
    used = set(re.findall(r"[#:]\w+", " ".join(expressions.values())))
    return {
        **expressions,
        "ExpressionAttributeNames": {alias: name for alias, name in _NAMES.items() if alias in used},
        "ExpressionAttributeValues": {name: value for name, value in values.items() if name in used},
    }


def _list(answer: Mapping[str, Any]) -> list[Any]:
    items = answer.get("Items")
    if not isinstance(items, list):
        raise Unavailable
    return items


def _record(partition: str, item: Any) -> Record:
    """Return an item as a record. Raises Unavailable for one in another form: somebody has edited the table."""
    try:
        expires = _integer(item["expires"]) if "expires" in item else None
        record = Record(partition, item["sort"]["S"], _integer(item["version"]), json.loads(item["body"]["S"]), expires)
    except (KeyError, TypeError, ValueError, RecursionError):
        # Not `from error`: a decoder's error holds the whole body.
        raise Unavailable(_FOREIGN) from None
    if not isinstance(record.sort, str) or not isinstance(record.body, dict) or record.version < 1:
        raise Unavailable(_FOREIGN)
    return record
