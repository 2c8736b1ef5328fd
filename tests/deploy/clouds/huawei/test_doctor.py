"""What `doctor` and `estimate` say of Huawei Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deploy import operate
from deploy.clouds import DeployError, Use, huawei
from deploy.emulator.huawei.obs_kept import Buckets
from tests.deploy.clouds.huawei.test_faults import Refusal, meddle
from tests.deploy.clouds.huawei.world import BUCKET, CHOICES, PLACE, PROJECT, SITE

if TYPE_CHECKING:
    from deploy.clouds import Finding
    from tests.deploy.clouds.huawei.world import World


def found(world: World, choices: Any = CHOICES, **about: Any) -> list[Finding]:
    """Return what the doctor says."""
    return list(world.deployment(choices, **about).findings())


def complaints(world: World, choices: Any = CHOICES, **about: Any) -> list[str]:
    """Return what stands in the way."""
    return [one.text for one in found(world, choices, **about) if not one.good]


WHOLE = CHOICES._replace(deploy=PLACE._replace(api_domain="api.example.org"))


def test_a_stage_that_is_whole_has_nothing_in_its_way(applied: World) -> None:
    """And what was looked at is told."""
    good = [one.text for one in found(applied, WHOLE)]

    assert [] == complaints(applied, WHOLE)
    assert f"Huawei Cloud project {PROJECT}, region cn-north-4" == good[0]
    assert {"fgs answers", "lts answers", "obs answers", f"the gateway {PLACE.gateway} is Running"} <= set(good)
    assert any(one.startswith("chat.example.org is bound to the bucket; it needs a CNAME") for one in good)


def test_an_account_without_the_stage_has_nothing_in_its_way(empty: World) -> None:
    """Nothing is changed by looking."""
    assert [] == complaints(empty, WHOLE)
    assert [] == empty.changed


def test_no_gateway_is_said_with_its_price(empty: World) -> None:
    """And how to get one: it is the one thing that has to be bought first."""
    (text,) = complaints(empty, WHOLE._replace(deploy=WHOLE.deploy._replace(gateway="")))

    assert text.startswith("There is no gateway. Buy a dedicated gateway in the console")
    assert "US$ 280 a month" in text


def test_an_unknown_gateway_is_said(empty: World) -> None:
    """With what to check."""
    (text,) = complaints(empty, WHOLE._replace(deploy=WHOLE.deploy._replace(gateway="f" * 32)))

    assert "there is no such gateway in this project and region" in text


def test_missing_domains_are_said(empty: World) -> None:
    """Without one browsers download the page; without the other the API answers a thousand times a day, which is how everybody begins."""
    said = found(empty, CHOICES._replace(site=SITE._replace(domain="")))
    (page,) = [one.text for one in said if not one.good]

    assert page.startswith("The page has no domain: OBS lets browsers download it")
    assert any(one.text.startswith("The API has only the gateway's own address, which takes 1,000 calls a day") for one in said if one.good)


def test_keys_that_are_none_are_said_once(empty: World) -> None:
    """Each service once said so in its own words, and a gateway was to be bought for it."""
    (text,) = complaints(empty, WHOLE, environment={**empty.environment, "HUAWEICLOUD_SDK_SK": "wrong"})

    assert "the cloud does not know these keys" in text


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:hunter2@db.example.org/d",
        "postgresql://u:hunter2@db.example.org/d?sslmode=require",
        "postgresql://u:hunter2@db.example.org/d?ca=nothing",
        "postgresql://u@db.example.org/hunter2",
        "postgresql://u:hunter2@[db.example.org/d",
        "postgresql://u:hunter2@10.0.0.1",
    ],
)
def test_a_databases_address_that_is_none_is_said(empty: World, address: str) -> None:
    """Before anything is made, by the doctor and by a plan; once only the function in the cloud did. Nothing of it is quoted."""
    environment = {**empty.environment, "DATABASE_URL": address}
    (text,) = complaints(empty, WHOLE, environment=environment)
    with pytest.raises(DeployError) as raised:
        operate.outlook(empty.deployment(WHOLE, environment=environment))

    assert text.startswith("DATABASE_URL")
    assert text == str(raised.value)
    assert "hunter2" not in text


def test_a_region_that_is_not_the_projects_is_said(applied: World) -> None:
    """FunctionGraph's own words are about a URN."""
    (text,) = complaints(applied, WHOLE._replace(deploy=WHOLE.deploy._replace(region="ap-southeast-1")))

    assert "the region and the project do not fit" in text


def test_a_service_that_is_not_there_is_said_soon(empty: World) -> None:
    """By its name. The doctor once waited for it for two minutes, and did not say which it was."""
    deployment = empty.deployment(WHOLE, environment={**empty.environment, "HUAWEICLOUD_ENDPOINT_FGS": "http://127.0.0.1:1"})
    vars(vars(deployment.target)["account"]).update(_patience=3600.0)
    (text,) = [one.text for one in deployment.findings() if not one.good]

    assert text.startswith("Huawei Cloud's fgs cannot be reached (ConnectionException)")
    assert vars(vars(deployment.target)["account"])["_patience"] <= 5


@pytest.mark.parametrize("address", ["http://user:pw@127.0.0.1:1", "https://127.0.0.1:1/path", "http://10.0.0.1", "ftp://127.0.0.1"])
def test_an_endpoint_is_a_place_and_nothing_else(empty: World, address: str) -> None:
    """What stood in it besides was sent, and the keys got the blame."""
    with pytest.raises(DeployError, match="HUAWEICLOUD_ENDPOINT_FGS must be an https address without a path, or http on this machine"):
        empty.deployment(environment={**empty.environment, "HUAWEICLOUD_ENDPOINT_FGS": address})


def test_page_and_api_have_a_domain_each(empty: World) -> None:
    """One name leads to one place."""
    (text,) = complaints(empty, WHOLE._replace(deploy=WHOLE.deploy._replace(api_domain=SITE.domain)))

    assert text.startswith("The page and the API need a domain each")


def test_answers_that_cannot_stream_there_are_said(empty: World) -> None:
    """Whatever else stands in the way."""
    said = complaints(empty, WHOLE._replace(deploy=WHOLE.deploy._replace(region="ap-southeast-1", streams=True)))

    assert any(one.startswith("Answers stream in cn-north-4 and cn-southwest-2 only") for one in said)


@pytest.mark.parametrize("where", ["https://chat.example.org", "http://10.0.0.1:8710", "http://localhost", "http://127.0.0.1:x", "localhost:8710"])
@pytest.mark.parametrize("what", ["API", "PAGE"])
def test_an_emulator_is_on_this_machine(applied: World, what: str, where: str) -> None:
    """Else the deployer's own account would sign in somewhere else."""
    with pytest.raises(DeployError, match=f"TWOCAN_{what}_ENDPOINT is where an emulator on this machine serves"):
        applied.deployment(environment={**applied.environment, f"TWOCAN_{what}_ENDPOINT": where}).target.observe()


@pytest.mark.parametrize(
    ("host", "inside"), [("10.1.2.3", True), ("192.168.0.9", True), ("172.16.0.1", True), ("172.67.1.1", False), ("8.8.8.8", False)]
)
def test_a_database_inside_a_network_wants_the_network(empty: World, host: str, inside: bool) -> None:
    """Functions reach it from nowhere else. What begins alike need not be inside."""
    said = complaints(empty, WHOLE, environment={**empty.environment, "DATABASE_URL": f"postgresql://a:secret@{host}/b"})

    assert inside == any("DATABASE_URL is an address inside a network" in one for one in said)
    assert not [one for one in said if "secret" in one]


def test_a_network_is_said_to_cost_nothing_more(empty: World) -> None:
    """Since the function that asks models stays outside of it."""
    said = found(empty, WHOLE._replace(deploy=WHOLE.deploy._replace(vpc="1" * 32, subnet="2" * 32)))

    assert any(one.good and "no NAT gateway" in one.text for one in said)


def test_a_service_that_refuses_is_said_and_the_others_are_asked(empty: World) -> None:
    """One line for each."""
    meddle(empty, Refusal("GET /groups", 99, 403, "LTS.0003"))
    empty.account.kept(Buckets).others.add(BUCKET)
    said = complaints(empty, WHOLE)

    assert 2 == len(said)
    assert "refused lts:list_log_groups (LTS.0003): these keys may not do that" in said[0]
    assert "choose another stage name with --stage" in said[1]


def test_a_deployer_at_work_is_said(applied: World) -> None:
    """With its last sign of life."""
    applied.deployment().target.write_lock(b"{}", "")

    assert any(one.startswith("A deployer holds the lock, last seen ") for one in complaints(applied, WHOLE))


def test_an_estimate_names_what_is_billed_by_the_hour() -> None:
    """The gateway and the database cost most, and whether anybody chats or not."""
    costs = {one.service: one for one in huawei.estimate(Use(20, 8800), CHOICES)}
    nobody = {one.service: one.dollars for one in huawei.estimate(Use(0, 0), CHOICES)}

    assert {"FunctionGraph", "APIG", "database", "LTS", "data out", "OBS"} == set(costs)
    assert (280.0, 35.0) == (costs["APIG"].dollars, costs["database"].dollars)
    assert (280.0, 35.0, 0.0) == (nobody["APIG"], nobody["database"], nobody["FunctionGraph"])
    assert "kept 30 days" in costs["LTS"].what


def test_an_estimate_grows_with_what_a_model_writes() -> None:
    """A function is paid for while it waits."""
    short, long = (sum(one.dollars for one in huawei.estimate(Use(20, 8800, seconds), CHOICES)) for seconds in (2.0, 20.0))

    assert short < long
