"""A promotion and its way back on AWS, as somebody else reads them there; tests/laws has what is good, bad, slow and interrupted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.matrix.aws import REGION
from tests.matrix.grid import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.clouds.conftest import Here

BUCKET = f"twocan-matrix-123456789012-{REGION}"
BEFORE = next(one.before for one in OPERATIONS if one.name == "promote")


def aliases(here: Here) -> set[str]:
    """Return the versions that the aliases lead to, with their weights."""
    return {re.sub(r"alias \S+ (live \d+ {.*?}) .*", r"\1", one) for one in here.account.ask("listed") if one.startswith("alias")}


def shown(here: Here) -> str:
    """Return the page's release that is shown."""
    return str(here.client("s3").head_object(Bucket=BUCKET, Key="index.html")["Metadata"]["release"])


def test_a_promotion_moves_everything_and_tidies_up(have: Callable[..., Here]) -> None:
    """All aliases, whole; the page; and what nobody needs any more goes: an address, the oldest versions. The one before stays."""
    here = have(*BEFORE)
    before = (aliases(here), shown(here))
    ended = here.obey("promote", "third")
    listed = here.account.ask("listed")

    assert (None, {"live 2 {}"}, {"live 3 {}"}) == (ended.get("error"), before[0], aliases(here))
    assert before[1] != shown(here)
    names = ("admin", "authorizer", "chat", "login", "qa")
    assert [f"function twocan-matrix-{name} 2 3" for name in names] == [one for one in listed if "function" in one]
    assert ["resource /v1/old "] == [one for one in listed if "/v1/old" in one]
    assert [] == here.account.ask("loose")


def test_an_alias_is_moved_by_one_call_at_each_percentage(have: Callable[..., Here]) -> None:
    """Never by two, between which nobody could say what it is; and one that says that the last was read."""
    here = have(*BEFORE)
    here.obey("promote", "third")
    moves = [one for one in here.proxy.changes if "/aliases/live" in one]

    assert {3} == {moves.count(one) for one in moves}
    assert 5 == len(set(moves))


def test_a_rollback_leads_back_to_both(have: Callable[..., Here]) -> None:
    """The versions and the page that were live before."""
    here = have(*BEFORE)
    before = (aliases(here), shown(here))
    here.obey("promote", "third")
    ended = here.obey("rollback", "third")

    assert (None, before, []) == (ended.get("error"), (aliases(here), shown(here)), here.account.ask("loose"))


def test_no_secret_is_told_by_a_promotion(have: Callable[..., Here]) -> None:
    """An alias's note says versions and digests; the probe's password goes to the functions only."""
    from tests.matrix.stage import MODEL_KEY, TOKEN_KEY

    here = have(*BEFORE)
    here.obey("promote", "third")

    assert [] == [call.name for call in here.proxy.calls if TOKEN_KEY.encode() in call.body or MODEL_KEY.encode() in call.body]
    assert {"POST"} == {call.method for call in here.proxy.calls if b"password" in call.body}
