"""What goes wrong on the way to Huawei Cloud: waited out where it can help; else one clear line, nothing half seen, and the next run goes on."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deploy.clouds import DeployError, huawei
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.obs_kept import Buckets
from deploy.emulator.huawei.wire import Answered
from tests.deploy.clouds.huawei.world import BUCKET, CHOICES, DATABASE, NAMES, PLACE, PROJECT, Cut, called, changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.wire import Asked
    from tests.deploy.clouds.huawei.world import Wire, World

KEYS = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID")


class Refusal(NamedTuple):
    """An error of the cloud's: for which calls, how often, and in which words."""

    begins: str
    times: int
    status: int
    code: str

    def __call__(self, asked: Asked) -> Answered | None:
        """Refuse a call, if it is one of these."""
        if not re.match(self.begins, called(asked)):
            return None
        if "myhuaweicloud" in asked.host:
            return Answered(
                self.status, {"content-type": "application/xml"}, f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
            )
        body = json.dumps({"error_code": self.code, "error_msg": "no"}).encode()
        return Answered(self.status, {"content-type": "application/json"}, body)


def meddle(world: World, *faults: Refusal) -> None:
    """Let each fault happen as often as it says."""
    left = {fault: fault.times for fault in faults}

    def meddling(asked: Asked) -> Answered | None:
        for fault in faults:
            said = fault(asked) if left[fault] else None
            if said:
                left[fault] -= 1
                return said
        return None

    world.control.meddle = world.storage.meddle = meddling


def refused(world: World, choices: Any = CHOICES, **about: Any) -> str:
    """Return what an apply ends with: one line, whoever reads it."""
    with pytest.raises(DeployError) as error:
        world.apply(choices, **about)
    assert 1 == len(str(error.value).splitlines())
    return str(error.value)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_is_not_set_is_named(empty: World, name: str) -> None:
    """And nobody is asked anything."""
    said = refused(empty, environment={**empty.environment, name: ""})

    assert f"No Huawei Cloud credentials were found: set {name}, then try again." == said
    assert [] == empty.control.calls


def test_all_keys_that_are_not_set_are_named_at_once(empty: World) -> None:
    """In one line."""
    assert f"No Huawei Cloud credentials were found: set {', '.join(KEYS)}, then try again." == refused(empty, environment={})


WRONG = {
    "access key": ("HUAWEICLOUD_SDK_AK", "UNKNOWN0000000000000", "the cloud does not know these keys"),
    "secret key": ("HUAWEICLOUD_SDK_SK", "wrong" * 8, r"the cloud does not know these keys|the secret key does not fit"),
    "project": ("HUAWEICLOUD_SDK_PROJECT_ID", "f" * 32, "these keys may not do that, or the project is another region's"),
    "form of a project": ("HUAWEICLOUD_SDK_PROJECT_ID", "my-project", "HUAWEICLOUD_SDK_PROJECT_ID is no project's id, which has 32 hex"),
}


@pytest.mark.parametrize(("name", "value", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_key_is_said(empty: World, name: str, value: str, says: str) -> None:
    """Without its value, and nothing is changed."""
    said = refused(empty, environment={**empty.environment, name: value})

    assert re.search(says, said)
    assert value not in said
    assert [] == empty.changed


def test_a_clock_that_is_wrong_is_said(empty: World) -> None:
    """A signature is good for a quarter of an hour."""
    empty.account.clock = lambda: time.time() + 3600

    assert re.search("this machine's clock", refused(empty))


@pytest.mark.parametrize("service", ["FGS", "APIG", "IAM", "LTS", "OBS"])
def test_an_address_without_tls_is_refused(empty: World, service: str) -> None:
    """Before anything is sent to anybody."""
    said = refused(empty, environment={**empty.environment, f"HUAWEICLOUD_ENDPOINT_{service}": "http://huawei.example.org"})

    assert f"HUAWEICLOUD_ENDPOINT_{service} must be an https address without a path, or http on this machine: correct or unset it." == said
    assert ([], []) == (empty.control.calls, empty.storage.calls)


@pytest.mark.parametrize("service", ["LTS", "FGS", "APIG", "OBS"])
def test_nobody_at_an_address_is_said(empty: World, service: str, capfd: pytest.CaptureFixture[str]) -> None:
    """No network, or a region's name that is none. The SDK has nothing to add for each of its tries."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        said = refused(empty, environment={**empty.environment, f"HUAWEICLOUD_ENDPOINT_{service}": address})

    assert re.search(
        r"cannot be reached \(\w+\)\. Check the network, the region's name and its HUAWEICLOUD_ENDPOINT, then run the same command again\.", said
    )
    assert ("", "") == capfd.readouterr()


CHOSEN = {
    "no region": (PLACE._replace(region=""), "No region is given"),
    "no gateway": (PLACE._replace(gateway=""), "Write the id of your APIG gateway as gateway = "),
    "an unknown gateway": (PLACE._replace(gateway="f" * 32), "there is no such gateway in this project and region. Check `gateway`"),
    "a network without a subnet": (PLACE._replace(vpc="1" * 32), "write `vpc` and `subnet` under .* or neither"),
}


@pytest.mark.parametrize(("place", "says"), CHOSEN.values(), ids=CHOSEN)
def test_what_cannot_be_served_is_said(empty: World, place: Any, says: str) -> None:
    """Before anything is made."""
    assert re.search(says, refused(empty, CHOICES._replace(deploy=place)))
    assert [] == empty.changed


def test_streams_are_for_two_regions_only() -> None:
    """Elsewhere nothing streams (huawei.md, 1.9)."""
    huawei.check(CHOICES._replace(deploy=PLACE._replace(streams=True)))

    with pytest.raises(DeployError, match="Answers stream in cn-north-4 and cn-southwest-2 only"):
        huawei.check(CHOICES._replace(deploy=PLACE._replace(region="ap-southeast-1", streams=True)))


def test_accounts_need_a_place(empty: World, applied: World) -> None:
    """At a first apply; later the functions know it, and this machine need not."""
    said = refused(empty, environment={**empty.environment, "DATABASE_URL": ""})
    found = applied.apply(environment={**applied.environment, "DATABASE_URL": ""}, code="1")

    assert "Say where accounts are to be kept: set DATABASE_URL to a PostgreSQL" in said
    assert ([], [], []) == (empty.changed, applied.changed, list(found.steps))


def test_a_database_that_refuses_is_said(empty: World) -> None:
    """In the admin function's own words, which hold no password."""
    message = "The database cannot be reached."
    empty.functions.behave = lambda function, version, event: (
        {"status": 503, "body": {"error": {"message": message}}} if event.get("command") == "records.prepare" else None
    )
    said = refused(empty)
    empty.functions.behave = lambda *_: None

    assert f"The database does not do as it should: {message} Check DATABASE_URL" in said
    assert DATABASE not in said
    assert [] == list(empty.apply().steps)


def test_too_many_functions_are_said(empty: World) -> None:
    """Not one of ours is made."""
    kept = empty.account.kept(Functions).functions
    kept.update(dict.fromkeys(map(str, range(400)), None))  # type: ignore[arg-type]

    assert "(FSS.1041): the account has as many functions as it may have." in refused(empty)


def test_a_buckets_name_that_somebody_has_is_said(empty: World) -> None:
    """Whether the name is taken can be told only by its owner, so both are said."""
    empty.account.kept(Buckets).others.add(BUCKET)

    assert "choose another stage name with --stage" in refused(empty)
    assert [] == empty.changed


CREATE, FILE = "POST /fgs/functions$", "PUT twocan-.*:/releases/"
PASSING = (
    # Throttled by FunctionGraph, an update that still runs there, two at once at APIG, and each service's bad minute.
    Refusal(CREATE, 2, 429, "FSS.0429"),
    Refusal("POST /fgs/functions/chat/versions", 2, 409, "FSS.0409"),
    Refusal("POST /apis$", 2, 500, "APIG.3500"),
    Refusal("POST /apis/publish", 1, 502, "APIG.9999"),
    Refusal("POST /groups$", 1, 503, "LTS.0010"),
    Refusal(FILE, 2, 503, "SlowDown"),
    Refusal("PUT twocan-.*:/index.html", 1, 500, "InternalError"),
)


def test_what_passes_is_waited_out(empty: World, first: World) -> None:
    """The first apply ends as if nothing had been, whichever service has its bad minute."""
    meddle(empty, *PASSING)
    found = empty.apply()

    assert [] == list(found.steps)
    assert first.listed() == empty.listed()


STAYS = {
    "FunctionGraph that is down": (Refusal(CREATE, 99_999, 500, "FSS.0500"), r"refused fgs:create_function \(FSS\.0500\): no"),
    "denied by FunctionGraph": (Refusal(CREATE, 99, 403, "FSS.0403"), "these keys may not do that"),
    "denied by APIG": (Refusal("POST /api-groups$", 99, 403, "APIG.1005"), "these keys may not do that"),
    "denied by OBS": (Refusal("PUT twocan-.*:/", 99, 403, "AccessDenied"), "these keys may not do that. Give them the rights"),
    "a zip too large": (Refusal(CREATE, 99, 413, "FSS.1071"), "the zip is larger than FunctionGraph takes"),
    "too many APIs": (Refusal("POST /apis$", 99, 403, "APIG.3125"), "may not do that"),
}


@pytest.mark.parametrize(("fault", "says"), STAYS.values(), ids=STAYS)
def test_what_stays_is_said_in_one_line(empty: World, first: World, fault: Refusal, says: str) -> None:
    """It tells what to do; and the next run, without the fault, goes on to the end."""
    meddle(empty, fault)
    said = refused(empty)
    meddle(empty)
    found = empty.apply()

    assert re.search(says, said)
    assert [] == list(found.steps)
    assert first.listed() == empty.listed()


def lose(wire: Wire, *lines: str) -> set[str]:
    """Let the account carry out the first call of each of these forms, and lose its answer; return the forms of those that were lost."""
    lost: set[str] = set()

    def meddling(asked: Asked) -> Answered | None:
        line = next((one for one in lines if one not in lost and changes(asked) and re.fullmatch(one, called(asked))), None)
        if line is None:
            return None
        lost.add(line)
        wire.service(asked)
        raise Cut

    wire.meddle = meddling
    return lost


LOST = (
    r"POST /groups",
    r"POST /groups/\w+/streams",
    r"POST /api-groups",
    r"POST /api-groups/\w+/gateway-responses",
    r"PUT /api-groups/\w+/gateway-responses/\w+/\w+",
    r"POST /api-groups/\w+/domains",
    r"POST /authorizers",
    r"POST /apis",
    r"POST /apis/publish\?.*",
    r"POST /throttles",
    r"POST /throttle-bindings",
    r"POST /fgs/functions",
    r"POST /fgs/functions/chat/versions",
    r"POST /fgs/functions/chat/aliases",
    r"POST /fgs/functions/lock/versions",
    r"POST /fgs/functions/lock/aliases",
)


def test_breakers_in_a_network_cannot_be_shared() -> None:
    """The function that asks models stays outside of it."""
    network = PLACE._replace(vpc="1" * 32, subnet="2" * 32)
    huawei.check(CHOICES._replace(deploy=network))

    with pytest.raises(DeployError, match='leave out `breaker = "shared"`'):
        huawei.check(CHOICES._replace(deploy=network._replace(breaker="shared")))


def test_a_domain_that_is_somebody_elses_is_said(empty: World) -> None:
    """OBS and APIG have only a code for it."""
    meddle(empty, Refusal(r"PUT twocan-.*:/\?customdomain=.*", 9, 400, "CustomDomainAreadyExist"))
    with pytest.raises(DeployError, match="another bucket has this domain"):
        empty.apply()
    meddle(empty, Refusal(r"POST /api-groups/\w+/domains", 9, 400, "APIG.3305"))
    with pytest.raises(DeployError, match="another group of APIs has this domain"):
        empty.apply(CHOICES._replace(deploy=PLACE._replace(api_domain="api.example.org")))


LOST_BY_OBS = (r"PUT twocan-.*:/", r"PUT twocan-.*:/\?customdomain=.*", r"PUT twocan-.*:/\?policy", r"PUT twocan-.*:/releases/.*")


def test_a_lost_answer_makes_no_twin(empty: World, first: World) -> None:
    """The cloud did it, the network broke, and whoever asks again finds it done: with every kind of thing."""
    lost, lost_by_obs = lose(empty.control, *LOST), lose(empty.storage, *LOST_BY_OBS)
    found = empty.apply(CHOICES._replace(deploy=PLACE._replace(api_domain="api.example.org")))

    assert (set(LOST), set(LOST_BY_OBS)) == (lost, lost_by_obs)
    assert [] == list(found.steps)
    assert first.listed() == empty.listed()


def test_a_network_that_breaks_in_the_middle_is_said(applied: World) -> None:
    """And what was done until then is no obstacle to the next run."""

    def broken(asked: Asked) -> Answered | None:
        if len(applied.changed) > 3:
            raise Cut
        return None

    applied.control.meddle = broken
    said = refused(applied, code="2")
    applied.control.meddle = lambda _: None
    # Its process lives on, as it is this one.
    applied.function("lock").aliases.clear()

    assert re.search(r"cannot be reached .* run the same command again", said)
    assert [] == list(applied.apply(code="2").steps)


def test_a_slow_publication_ends_right(have: Callable[..., World]) -> None:
    """APIG says that it is done, and serves it some seconds later."""
    world = have(empty=True, takes_effect_after=5.0)
    found = world.apply()
    at_once = world.served.apis
    world.account.clock = lambda: time.time() + 6
    after = world.served.apis

    assert ([], 0, len(world.gateway.apis)) == (list(found.steps), len(at_once), len(after))


def test_no_error_tells_a_secret(applied: World) -> None:
    """Whatever the cloud says to what was sent."""
    meddle(applied, Refusal("PUT /fgs/functions", 99, 400, "FSS.1009"))
    said = refused(applied, code="2")

    assert "(FSS.1009): no" in said
    assert not [word for word in (DATABASE, PROJECT, *NAMES) if word in said.replace("fgs:", "")]
