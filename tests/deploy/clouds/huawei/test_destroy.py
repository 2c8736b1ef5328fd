"""The owner's network, and leaving Huawei Cloud: who joins it, by which right; and that everything goes but what users wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy import operate
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.iam_kept import Agencies
from deploy.emulator.huawei.obs_kept import Buckets
from tests.deploy.clouds.huawei.test_faults import Refusal, lose, meddle
from tests.deploy.clouds.huawei.world import CHOICES, NAMES, PLACE, called, changes

if TYPE_CHECKING:
    from tests.deploy.clouds.huawei.world import World

VPC, SUBNET, GROUP = "1" * 32, "2" * 32, "3" * 32
INSIDE = CHOICES._replace(deploy=PLACE._replace(vpc=VPC, subnet=SUBNET, security_groups=(GROUP,)))


def destroyed(world: World, choices: Any = CHOICES, *, delete_data: bool = True) -> list[Any]:
    """Destroy, and return what is left."""
    return list(operate.destroy(world.deployment(choices), lambda _: None, delete_data=delete_data))


def left(world: World) -> dict[str, int]:
    """Return what is left in the account."""
    return {name: number for name, number in world.listed().items() if number} | {"agencies": len(world.account.kept(Agencies).agencies)}


def granted(world: World) -> list[tuple[str, str, str, list[str]]]:
    """Return the agencies, with whom they trust, until when, and what they may do."""
    return [
        (one.name, one.trusted, one.duration, sorted(role["display_name"] for role in _roles(world, one.id)))
        for one in world.account.kept(Agencies).agencies.values()
    ]


def _roles(world: World, agency: str) -> Any:
    account: Any = vars(world.deployment().target)["account"]
    return account.call("iam", "list_project_permissions_for_agency", agency_id=agency, project_id=account.names.project)["roles"]


def test_who_keeps_accounts_joins_the_network_and_nobody_else(empty: World) -> None:
    """The function that asks models keeps its way to the internet (huawei.md, 6)."""
    found = empty.apply(INSIDE)
    networks = {name: empty.live(name).get("func_vpc") for name in NAMES}
    joined = {"vpc_id": VPC, "subnet_id": SUBNET, "security_groups": [GROUP]}

    assert [] == list(found.steps)
    assert {"authorizer": None, "login": joined, "chat": None, "qa": None, "admin": joined} == networks
    assert {"login", "admin"} == {name for name in NAMES if empty.live(name).get("xrole") == "twocan-mine"}


def test_functiongraph_may_put_them_there_and_nothing_else(empty: World) -> None:
    """In this project, for as long as the stage is there."""
    empty.apply(INSIDE)

    assert [("twocan-mine", "op_svc_cff", "null", ["VPC Administrator"])] == granted(empty)


def test_without_a_network_there_is_no_agency(applied: World) -> None:
    """And who may not ask IAM need not."""
    meddle(applied, Refusal("GET /v3", 99, 403, "IAM.0003"))

    assert [] == list(applied.apply(code="2").steps)
    assert {} == applied.account.kept(Agencies).agencies


def test_a_right_that_was_taken_is_given_back(empty: World) -> None:
    """And one apply is enough."""
    empty.apply(INSIDE)
    for agency in empty.account.kept(Agencies).agencies.values():
        agency.roles.clear()
    found = empty.apply(INSIDE)

    assert [] == list(found.steps)
    assert ["VPC Administrator"] == granted(empty)[0][3]


def test_an_agency_whose_answer_was_lost_is_made_once(empty: World) -> None:
    """IAM says that the name is taken, in words that no contract has."""
    lost = lose(empty.control, r"POST /v3.0/OS-AGENCY/agencies")
    found = empty.apply(INSIDE)

    assert ([], 1, 1) == (list(found.steps), len(lost), len(granted(empty)))


def test_everything_goes_when_it_is_asked_for(empty: World) -> None:
    """The table, the agency, and what the lock hung on, too."""
    empty.apply(INSIDE)
    rest = destroyed(empty, INSIDE)

    assert ([], {"agencies": 0}, False) == (rest, left(empty), empty.functions.ready)


def test_a_network_that_was_left_takes_its_agency_along(empty: World) -> None:
    """Who destroys may have written it out of his file before."""
    empty.apply(INSIDE)
    destroyed(empty)

    assert {"agencies": 0} == left(empty)


def test_the_accounts_stay(applied: World) -> None:
    """In the owner's database, where nothing of ours looks any more; a new apply finds them."""
    destroyed(applied, delete_data=False)
    gone = left(applied)
    found = applied.apply()

    assert ({"agencies": 0}, True, []) == (gone, applied.functions.ready, list(found.steps))


def test_a_second_time_there_is_nothing_to_do(applied: World) -> None:
    """It changes nothing and says that nothing is left."""
    destroyed(applied)
    applied.forget()

    assert ([], []) == (destroyed(applied), applied.changed)


def test_the_door_is_closed_first_and_the_lock_goes_last(applied: World) -> None:
    """Nobody reaches half of it meanwhile."""
    destroyed(applied)
    control = [called(one) for one in applied.control.calls if changes(one)]

    assert "POST /apis/publish?action=offline" == next(one for one in control if "/lock" not in one)
    assert "DELETE /fgs/functions/lock" == control[-1]


def test_an_interrupted_destroy_is_gone_on_with(applied: World) -> None:
    """Whatever is left by then."""
    functions = applied.account.kept(Functions).functions
    for name in ("admin", "chat"):
        del functions[f"twocan-mine-{name}"]
    rest = destroyed(applied)

    assert ([], {"agencies": 0}) == (rest, left(applied))


def test_a_bucket_of_many_files_goes(applied: World) -> None:
    """A thousand at a time are deleted, and listed."""
    applied.bucket.objects.update({f"releases/old/{number}.js": applied.bucket.objects["index.html"] for number in range(1100)})
    destroyed(applied)

    assert {} == applied.account.kept(Buckets).all


def test_a_stage_beside_it_stays(applied: World) -> None:
    """Its bucket, functions, logs and addresses have other names."""
    functions = applied.account.kept(Functions).functions
    functions["twocan-mine2-chat"] = functions["twocan-mine-chat"]
    destroyed(applied)

    assert ["twocan-mine2-chat"] == list(functions)


def test_no_secret_is_told_by_leaving(applied: World) -> None:
    """Nothing is asked for, either."""
    destroyed(applied)

    assert [] == [one for one in applied.control.calls if b"encrypted_user_data" in one.body]
    assert {"records.state", "records.delete"} == {
        json.loads(one.body)["command"] for one in applied.control.calls if one.path.endswith("/invocations")
    }
