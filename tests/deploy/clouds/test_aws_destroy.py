"""Leaving AWS: everything goes but what users wrote, in the order that AWS takes, and what stays is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy import operate
from deploy.steps import Records
from tests.matrix.proxy import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.deploy.clouds.conftest import Here
    from tests.matrix.cloud import Call

#: API Gateway's own role is one for the whole account, and other APIs may log by it.
LEFT = "role twocan-gateway-logs twocan"


def test_the_accounts_stay(applied: Here) -> None:
    """Whoever deploys again finds them; nothing else is left, and that was looked at afterwards."""
    left = operate.destroy(applied.deployment("first"), lambda _: None, delete_data=False)

    assert (Records(),) == tuple(left)
    assert ([Records()], []) == operate.kept(left)
    assert [LEFT, "table twocan-matrix"] == applied.account.ask("listed")


def test_everything_goes_when_it_is_asked_for(applied: Here) -> None:
    """The table, too."""
    left = operate.destroy(applied.deployment("first"), lambda _: None, delete_data=True)

    assert () == tuple(left)
    assert [LEFT] == applied.account.ask("listed")


def test_a_second_time_there_is_nothing_to_do(applied: Here) -> None:
    """It changes nothing and says that nothing is left."""
    operate.destroy(applied.deployment("first"), lambda _: None, delete_data=True)
    applied.proxy.lead(applied.account.url)
    left = operate.destroy(applied.deployment("first"), lambda _: None, delete_data=True)

    assert ([], ()) == (applied.proxy.changes, tuple(left))


def test_the_door_is_closed_first(applied: Here) -> None:
    """Nobody reaches half of it meanwhile."""
    operate.destroy(applied.deployment("first"), lambda _: None, delete_data=True)
    changes = [one for one in applied.proxy.changes if "deploying.json" not in one]

    assert changes[0].endswith("/stages/live")
    assert changes[-1].startswith("DELETE /twocan-matrix-")


def test_the_cdn_is_disabled_everywhere_before_it_goes(applied: Here) -> None:
    """CloudFront takes a quarter of an hour to say Deployed; until then it is asked again, and nothing that it uses is touched."""
    asked = []

    def spreading(call: Call) -> Answer | None:
        if call.method != "GET" or not call.path.startswith("/2020-05-31/distribution/") or call.path.endswith("config"):
            return None
        asked.append(call)
        if len(asked) > 2:
            return None
        body = b"<Distribution><Id>E1</Id><Status>InProgress</Status></Distribution>"
        return Answer(200, (("content-type", "text/xml"),), body)

    applied.proxy.meddle = spreading
    ended = applied.obey("destroy", "first")
    changes = [call.path for call in applied.proxy.calls if call.changes]

    assert (None, True) == (ended.get("error"), len(asked) > 2)
    assert ["PUT", "DELETE"] == [call.method for call in applied.proxy.calls if call.changes and call.path.startswith("/2020-05-31/distribution/")]
    assert _place(changes, "/2020-05-31/distribution/") < _place(changes, "/2020-05-31/response-headers-policy/")
    assert [LEFT] == applied.account.ask("listed")


def _place(changes: list[str], begin: str) -> int:
    return max(place for place, path in enumerate(changes) if path.startswith(begin))


def test_what_an_interrupted_destroy_left_of_the_cdn_goes(have: Callable[..., Here]) -> None:
    """The distribution is gone, its two smaller parts are not: without it nobody would see them."""
    here = have()
    access = {"Name": "twocan-matrix", "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}
    here.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=access)
    here.client("cloudfront").create_response_headers_policy(ResponseHeadersPolicyConfig={"Name": "twocan-matrix"})
    left = operate.destroy(here.deployment("first"), lambda _: None, delete_data=True)

    assert ((), []) == (tuple(left), here.account.ask("listed"))


def test_a_new_apply_finds_the_accounts(applied: Here) -> None:
    """With the same secrets: the stage's own file is still there."""
    operate.destroy(applied.deployment("first"), lambda _: None, delete_data=False)
    ended = applied.obey("apply", "first")

    assert ([], None) == (ended.get("left"), ended.get("error"))
    assert "CreateTable" not in applied.proxy.changes


def test_an_account_without_the_stage_is_left_alone(have: Callable[..., Here], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made, not even the lock's bucket."""
    here = have()
    left = operate.destroy(here.deployment("first"), lambda _: None, delete_data=True)

    assert ((), []) == (tuple(left), here.proxy.changes)
    assert "" == capsys.readouterr().out
