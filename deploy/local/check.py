"""Whether the owner's models answer: each one of the table is asked one question of one token, from this machine, all at once.

It goes the whole way that a user's question goes in the chat function, with the owner's limits and keys, so that what answers here is written down
rightly. It knows rows and what came of each; it must show no key. Whoever may reach a model from elsewhere only finds out there.
"""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy import own_models, owner
from functions.chat import models
from functions.chat.board import Board
from functions.chat.exchange import Means, Patience
from functions.chat.failover import Desk, Failover
from functions.shared import settings, sigv4
from functions.shared.errors import TwocanError
from functions.shared.outbound import Outbound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.chat.models import Route
    from functions.shared.messages import Response

_QUESTION = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
#: The chat function's limits, by the names that `Patience` has for them.
_TIMES = [f"{name.upper()}_SECONDS" for name in Patience._fields]
#: Models that are asked at once.
_AT_ONCE = 16


class Checked(NamedTuple):
    """What came of one model: `says` is "" for one that is good, else what is wrong; `status` is its server's, `first_token_ms` the wait."""

    name: str
    vendor: str
    good: bool
    says: str = ""
    status: int | None = None
    first_token_ms: float | None = None


def check(choices: owner.Owner, environment: Mapping[str, str]) -> list[Checked]:
    """Ask every model of the table once, and return what came of each, in the table's order."""
    known = [row for row in choices.models if not row.get("key") or environment.get(row["key"])]
    # All are asked, also what is reached by a route only.
    table = models.table(json.dumps([{**row, "listed": True} for row in known]), json.dumps(owner.keys(tuple(known), environment)))
    means = _means(choices)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = dict(zip(table, pool.map(lambda route: _ask(route, means), table.values()), strict=True))
    return [asked.get(row["name"]) or _keyless(row) for row in choices.models]


def _means(choices: owner.Owner) -> Means:
    limits = settings.read(_TIMES, choices.limits.get)
    return Means(Outbound(), Patience(*map(limits.number, _TIMES)), time.monotonic, time.time, _self(choices.models))


def _self(rows: Sequence[Mapping[str, Any]]) -> sigv4.Credentials | None:
    """Return who asks where a row has no key: the owner, as AWS's own tools know them."""
    if not own_models.unkeyed(rows):
        return None
    # A quarter of a second to import, for those only who have models at AWS.
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        found = boto3.Session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError:
        return None
    return sigv4.Credentials(frozen.access_key, frozen.secret_key, frozen.token or "") if frozen else None


def _ask(route: Route, means: Means) -> Checked:
    target = route.targets[0]
    asking = Failover(route, means, Desk(Board(means.clock), random.random, time.sleep), seconds_left=means.patience.total)
    try:
        if route.embeds:
            response = asking.embed({"model": route.name, "input": "yes"}, 3)
        else:
            response = asking.answer({**_QUESTION, "model": route.name, "stream": target.capabilities.streaming is not False}, 8)
    except TwocanError as error:
        return Checked(target.name, target.vendor, good=False, says=_for_owner(error.message), status=error.facts.get("upstream_status"))
    wrong = _broken(response)
    return Checked(target.name, target.vendor, good=not wrong, says=wrong, first_token_ms=response.facts.get("first_token_ms"))


def _broken(response: Response) -> str:
    """Return what broke an answer off that had begun, or ""."""
    last = b"".join(response.body).rstrip(b"\n").split(b"\n\n")[-1].removeprefix(b"data: ")
    close = getattr(response.body, "close", None)
    if close:
        close()
    message = "" if last == b"[DONE]" else json.loads(last).get("error", {}).get("message", "")
    return _for_owner(message)


def _keyless(row: Mapping[str, Any]) -> Checked:
    return Checked(row["name"], row["vendor"], good=False, says=f"Its key is not there: set {row['key']} in the environment.")


#: What users are told to do, and what their owner can.
_WORDS = {
    "Ask the owner to check": "Check",
    "Ask the owner to look": "Look",
    "Twocan's key": "the key",
    "Try again, or choose another model.": "Check base_url in its row, and whether the server runs.",
}


def _for_owner(message: str) -> str:
    """Return what users are told as their owner should read it."""
    # What a server says must not move the cursor of whoever reads it.
    message = "".join(one if one.isprintable() else " " for one in message)
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message
