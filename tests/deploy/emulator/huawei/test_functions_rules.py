"""FunctionGraph's rules, each with its documented code: what a function, a version and an alias may be (huawei.md, 1.6 and 3.1)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkfunctiongraph.v2 import model as fg

from deploy.emulator.huawei import function_aliases, function_versions, functions_kept
from deploy.emulator.huawei.function_values import Code, Function, Snapshot
from deploy.emulator.huawei.iam_kept import ROLES, Agencies
from tests.deploy.emulator.huawei.cloud import Cloud, refused, variables, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from deploy.emulator.huawei.account import Account


@pytest.fixture(name="cloud")
def _cloud() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


def sent(code: bytes) -> Any:
    """Return code as a request holds it."""
    return fg.FuncCode(file=base64.b64encode(code).decode())


CREATED = [
    ("no name", {"func_name": None}, 400, "FSS.1002"),
    ("name begins with a digit", {"func_name": "1chat"}, 400, "FSS.1002"),
    ("name ends with a hyphen", {"func_name": "chat-"}, 400, "FSS.1002"),
    ("name too long", {"func_name": "c" * 61}, 400, "FSS.1002"),
    ("no handler", {"handler": None}, 400, "FSS.1003"),
    ("handler without a function", {"handler": "index"}, 400, "FSS.1003"),
    ("no package", {"package": None}, 400, "FSS.1004"),
    ("no runtime", {"runtime": None}, 400, "FSS.1005"),
    ("unknown runtime", {"runtime": "Python3.13"}, 400, "FSS.1005"),
    ("no code type", {"code_type": None}, 400, "FSS.1006"),
    ("unknown code type", {"code_type": "tar"}, 400, "FSS.1006"),
    ("no memory", {"memory_size": None}, 400, "FSS.1007"),
    ("odd memory", {"memory_size": 300}, 400, "FSS.1007"),
    ("no timeout", {"timeout": None}, 400, "FSS.1008"),
    ("timeout too short", {"timeout": 2}, 400, "FSS.1008"),
    ("timeout too long", {"timeout": 259_201}, 400, "FSS.1008"),
    ("user data is no JSON", {"user_data": "A=1"}, 400, "FSS.1009"),
    ("user data with a number", {"user_data": '{"A": 1}'}, 400, "FSS.1009"),
    ("too many user data", {"user_data": variables(21)}, 400, "FSS.1017"),
    ("too large user data", {"user_data": variables(1, 4096)}, 400, "FSS.1017"),
    ("too many secrets", {"encrypted_user_data": variables(21)}, 400, "FSS.1018"),
    ("too large secrets", {"encrypted_user_data": variables(1, 4096)}, 400, "FSS.1018"),
    ("description too long", {"description": "d" * 513}, 400, "FSS.1019"),
    ("initializer in another file", {"initializer_handler": "other.init", "initializer_timeout": 5}, 400, "FSS.1404"),
    ("initializer without a timeout", {"initializer_handler": "index.init"}, 400, "FSS.1405"),
    ("initializer with too long a timeout", {"initializer_handler": "index.init", "initializer_timeout": 301}, 400, "FSS.1405"),
    ("pre-stop too long", {"pre_stop_handler": "index.stop", "pre_stop_timeout": 91}, 400, "FSS.0400"),
    ("unknown type", {"type": "v3"}, 400, "FSS.0400"),
    ("agency is not there", {"xrole": "nobody"}, 400, "FSS.0400"),
    ("VPC without an agency", {"func_vpc": fg.FuncVpc(vpc_id="v", subnet_id="s")}, 400, "FSS.0400"),
    ("VPC without a subnet", {"func_vpc": fg.FuncVpc(vpc_id="v")}, 400, "FSS.0400"),
    ("dependency is not there", {"depend_version_list": ["x"]}, 400, "FSS.0400"),
    ("log group is not there", {"enable_lts_log": True, "log_config": fg.FuncLogConfig(group_id="g", stream_id="s")}, 400, "FSS.0400"),
    ("no code", {"func_code": None}, 400, "FSS.1011"),
    ("zip without a name", {"code_filename": None}, 400, "FSS.1011"),
    ("file name is no text", {"code_filename": 1}, 400, "FSS.1011"),
    ("code is no base64", {"func_code": fg.FuncCode(file="?")}, 400, "FSS.1012"),
    ("code is no zip", {"func_code": sent(b"no zip")}, 400, "FSS.1012"),
    ("text too large", {"code_type": "inline", "func_code": sent(b"#" * 10_241)}, 413, "FSS.1072"),
    ("code from elsewhere", {"code_type": "obs", "code_url": "https://example.com/a.zip"}, 400, "FSS.1011"),
    ("no such object", {"code_type": "obs", "code_url": "https://bucket.obs.cn-north-4.myhuaweicloud.com/a.zip"}, 404, "FSS.1054"),
]


@pytest.mark.parametrize(("fields", "status", "code"), [row[1:] for row in CREATED], ids=[row[0] for row in CREATED])
def test_a_function_is_refused(cloud: Cloud, fields: dict[str, Any], status: int, code: str) -> None:
    """Each rule of huawei.md, 3.1 about what is created."""
    assert (status, code) == refused(lambda: cloud.create(**fields))
    assert {} == cloud.functions.functions


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": 3},
        {"timeout": 259_200},
        {"memory_size": 4096},
        {"func_name": "c"},
        {"func_name": "c" * 60},
        {"user_data": variables(20)},
        {"description": "d" * 512},
        {"initializer_handler": "index.init", "initializer_timeout": 300},
        {"runtime": "http", "handler": "bootstrap"},
        {"code_type": "inline", "code_filename": None, "func_code": sent(b"#" * 10_240)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_the_ends_of_ranges_are_admitted(cloud: Cloud, fields: dict[str, Any]) -> None:
    """A rule refuses nothing that it need not."""
    assert "latest" == cloud.create(**fields).version


def test_a_zip_over_50_mb_is_refused(cloud: Cloud) -> None:
    """With the code of the API's own limit."""
    large = b"\0" * (50 * 1024 * 1024 + 1)

    assert (413, "FSS.1071") == refused(lambda: cloud.create(func_code=sent(large)))


UPDATED = [
    ("another name", {"func_name": "other"}, "FSS.1002"),
    ("odd memory", {"memory_size": 300}, "FSS.1007"),
    ("no timeout", {"timeout": None}, "FSS.1008"),
    ("several at once for an event function", {"strategy_config": fg.StrategyConfig(concurrency=1, concurrent_num=2)}, "FSS.0400"),
    ("too many instances", {"strategy_config": fg.StrategyConfig(concurrency=1001)}, "FSS.0400"),
]


@pytest.mark.parametrize(("fields", "code"), [row[1:] for row in UPDATED], ids=[row[0] for row in UPDATED])
def test_a_configuration_is_refused(cloud: Cloud, fields: dict[str, Any], code: str) -> None:
    """What may not be created may not become so either."""
    cloud.create()

    assert (400, code) == refused(lambda: cloud.configure(**fields))


def test_what_is_published_is_frozen(cloud: Cloud) -> None:
    """Neither code nor configuration of a version changes with the latest, nor by its own name."""
    cloud.create()
    cloud.publish("v1")
    before = cloud.config("v1")
    cloud.code("# other")
    cloud.configure(memory_size=512)
    sent_to_version = fg.UpdateFunctionMaxInstanceConfigRequest(
        function_urn=cloud.urn("v1"), body=fg.UpdateFunctionMaxInstanceConfigRequestBody(max_instance_num=1)
    )

    assert before == cloud.config("v1")
    assert (400, "FSS.1015") == refused(lambda: cloud.functiongraph.update_function_max_instance_config(sent_to_version))


def test_publishing_needs_other_code(cloud: Cloud) -> None:
    """Not another configuration, and not the same bytes again."""
    cloud.create()
    cloud.publish("v1")
    cloud.configure(memory_size=512)
    cloud.code("def handler(event, context):\n    return {}\n")

    assert (400, "FSS.1016") == refused(lambda: cloud.publish("v2"))
    assert "v2" == cloud.publish("v2", text="# other").version


def test_publishing_may_need_no_other_code() -> None:
    """The other answer of the switch: another configuration is enough, nothing new is not."""
    with Cloud(publishes_configuration=True) as cloud:
        cloud.create()
        cloud.publish("v1")
        same = refused(lambda: cloud.publish("v2"))
        cloud.configure(memory_size=512)

        assert (400, "FSS.1016") == same
        assert 512 == cloud.publish("v2").memory_size


VERSIONS = [
    ("twice", {"version": "v1"}, 409, "FSS.1062"),
    ("latest", {"version": "latest"}, 400, "FSS.1015"),
    ("ends with a dot", {"version": "v1."}, 400, "FSS.1015"),
    ("too long", {"version": "v" * 43}, 400, "FSS.1015"),
    ("long description", {"description": "d" * 513}, 400, "FSS.1019"),
    ("other digest", {"digest": "0" * 32}, 400, "FSS.1012"),
]


@pytest.mark.parametrize(("fields", "status", "code"), [row[1:] for row in VERSIONS], ids=[row[0] for row in VERSIONS])
def test_a_version_is_refused(cloud: Cloud, fields: dict[str, Any], status: int, code: str) -> None:
    """Each rule of huawei.md, 3.1 about what is published."""
    cloud.create()
    cloud.publish("v1")
    cloud.code("# other")

    assert (status, code) == refused(lambda: cloud.publish(**{"version": "v2", **fields}))


def test_a_version_without_a_name_is_called_by_its_time(cloud: Cloud) -> None:
    """As vYYYYMMDD-HHMMSS."""
    cloud.create()
    version = cloud.publish().version

    assert (16, "v20", "-") == (len(version), version[:3], version[9])


def two_versions(cloud: Cloud) -> None:
    """Make a function with v1, v2 and v3, and an alias of v1."""
    cloud.create()
    cloud.publish("v1")
    cloud.publish("v2", text="# two")
    cloud.publish("v3", text="# three")
    cloud.alias("live", "v1")


RULE = fg.VersionStrategyRules(rule_type="Header", param="x-canary", op="=", value="1")
STRATEGY = {"v2": fg.VersionStrategy(combine_type="and", rules=[RULE])}
ODD_RULE = {"v2": fg.VersionStrategy(combine_type="and", rules=[fg.VersionStrategyRules(rule_type="Header", param="x", op="like", value="1")])}
ALIASES = [
    ("exists", {"name": "live", "version": "v2"}, 409, "FSS.1063"),
    ("main of another", {"version": "v1"}, 409, "FSS.1066"),
    ("no name", {"name": None}, 400, "FSS.1014"),
    ("name ends with a hyphen", {"name": "live-"}, 400, "FSS.1014"),
    ("name too long", {"name": "a" * 64}, 400, "FSS.1014"),
    ("no such version", {"version": "v9"}, 404, "FSS.1052"),
    ("no such additional version", {"additional_version_weights": {"v9": 1}}, 400, "FSS.1091"),
    ("latest as additional", {"additional_version_weights": {"latest": 1}}, 400, "FSS.1091"),
    ("weight too large", {"additional_version_weights": {"v3": 101}}, 400, "FSS.1092"),
    ("weight too small", {"additional_version_weights": {"v3": -1}}, 400, "FSS.1092"),
    ("two additional ones", {"additional_version_weights": {"v1": 1, "v3": 1}}, 400, "FSS.1092"),
    ("additional is main", {"additional_version_weights": {"v2": 1}}, 400, "FSS.1093"),
    ("percent and rules", {"version": "v3", "additional_version_weights": {"v2": 1}, "additional_version_strategy": STRATEGY}, 400, "FSS.0400"),
    ("no rule", {"version": "v3", "additional_version_strategy": {"v2": fg.VersionStrategy(combine_type="and", rules=[])}}, 400, "FSS.0400"),
    ("rule is a text", {"version": "v3", "additional_version_strategy": {"v2": {"combine_type": "or", "rules": ["x"]}}}, 400, "FSS.0400"),
    ("odd rule", {"version": "v3", "additional_version_strategy": ODD_RULE}, 400, "FSS.0400"),
]


@pytest.mark.parametrize(("fields", "status", "code"), [row[1:] for row in ALIASES], ids=[row[0] for row in ALIASES])
def test_an_alias_is_refused(cloud: Cloud, fields: dict[str, Any], status: int, code: str) -> None:
    """Each rule of huawei.md, 3.1 about aliases."""
    two_versions(cloud)
    wanted = {"name": "next", "version": "v2", **fields}

    assert (status, code) == refused(lambda: cloud.alias(**wanted))


def test_a_version_is_main_of_one_alias_and_additional_of_others(cloud: Cloud) -> None:
    """huawei.md, 8: the trap is only the main one."""
    two_versions(cloud)
    cloud.alias("next", "v2", additional_version_weights={"v1": 5})

    assert (409, "FSS.1066") == refused(lambda: cloud.point("next", "v1", additional_version_weights={}))


def test_latest_may_be_main(cloud: Cloud) -> None:
    """The contract's own example has it so."""
    cloud.create()

    assert "latest" == cloud.alias("live", "latest").version


def test_an_alias_is_updated_in_place(cloud: Cloud) -> None:
    """Weights come, a new version takes over, and empty weights clear the shifting."""
    two_versions(cloud)
    shifted = cloud.point("live", "v1", description="canary", additional_version_weights={"v2": 10})
    cleared = cloud.point("live", "v2", additional_version_weights={})

    assert {"v2": 10} == shifted.additional_version_weights
    assert ("v2", "canary", {}) == (cleared.version, cleared.description, cleared.additional_version_weights)


def test_weights_that_are_left_out_stay(cloud: Cloud) -> None:
    """So the additional version cannot become the main one by that alone."""
    two_versions(cloud)
    cloud.point("live", "v1", additional_version_weights={"v2": 10})

    assert (400, "FSS.1093") == refused(lambda: cloud.point("live", "v2"))
    assert {"v2": 10} == cloud.point("live", "v1", description="x").additional_version_weights


def test_empty_weights_may_clear_nothing() -> None:
    """The other answer of the switch: only other weights end the shifting."""
    with Cloud(empty_weights_clear=False) as cloud:
        two_versions(cloud)
        cloud.point("live", "v1", additional_version_weights={"v2": 10})

        assert {"v2": 10} == cloud.point("live", "v1", additional_version_weights={}).additional_version_weights
        assert {"v1": 0} == cloud.point("live", "v2", additional_version_weights={"v1": 0}).additional_version_weights


def test_rules_take_the_place_of_percent(cloud: Cloud) -> None:
    """And the answer to PUT does not tell them."""
    two_versions(cloud)
    cloud.point("live", "v1", additional_version_weights={"v2": 10})
    answer = cloud.point("live", "v1", additional_version_strategy=STRATEGY)
    shown = cloud.functiongraph.show_version_alias(fg.ShowVersionAliasRequest(function_urn=cloud.urn(), alias_name="live"))

    assert ({}, ["v2"]) == (answer.additional_version_weights, list(shown.additional_version_strategy))


def test_deleting(cloud: Cloud) -> None:
    """An additional version is protected, a main one takes its alias along, and latest goes only with all the others."""
    two_versions(cloud)
    cloud.point("live", "v1", additional_version_weights={"v2": 10})
    guarded = refused(lambda: cloud.delete("v2"))
    cloud.delete("v1")
    cloud.delete("v2")

    assert (403, "FSS.1094") == guarded
    # The SDK makes None of an empty array.
    assert cloud.functiongraph.list_version_aliases(fg.ListVersionAliasesRequest(function_urn=cloud.urn())).body is None
    assert (400, "FSS.1015") == refused(lambda: cloud.delete("latest"))
    assert (404, "FSS.1052") == refused(lambda: cloud.delete("v1"))
    assert ["latest", "v3"] == list(cloud.functions.functions["chat"].versions)


def test_a_urn_without_a_version_deletes_all(cloud: Cloud) -> None:
    """Aliases too."""
    two_versions(cloud)
    cloud.delete()

    assert (404, "FSS.1051") == refused(cloud.config)


def test_the_same_function_twice(cloud: Cloud) -> None:
    """Its name is taken."""
    cloud.create()

    assert (409, "FSS.1061") == refused(cloud.create)


def test_there_are_so_many_functions(cloud: Cloud) -> None:
    """400."""
    cloud.functions.functions.update({f"f{number}": function() for number in range(functions_kept.FUNCTIONS)})

    assert (403, "FSS.1041") == refused(cloud.create)


def test_there_is_so_much_code(cloud: Cloud) -> None:
    """10 GB, of which 8 GB are more than a test wants to make."""
    huge = Stored(functions_kept.CODE)
    cloud.functions.functions["huge"] = function(huge)

    assert (403, "FSS.1042") == refused(cloud.create)


def test_code_in_a_bucket_has_its_limit(cloud: Cloud) -> None:
    """300 MB."""
    cloud.functions.fetch = lambda bucket, key: Stored(300 * 1024 * 1024 + 1)
    where = "https://bucket.obs.cn-north-4.myhuaweicloud.com/a.zip"

    assert (413, "FSS.0413") == refused(lambda: cloud.create(code_type="obs", code_url=where))


def test_code_may_be_too_large_when_it_is_unpacked(cloud: Cloud) -> None:
    """1,500 MB, as the zip's own directory says."""
    lying = bytearray(zipped("#"))
    place = lying.index(b"PK\x01\x02") + 24
    lying[place : place + 4] = (1501 * 1024 * 1024).to_bytes(4, "little")

    assert (413, "FSS.0413") == refused(lambda: cloud.create(func_code=sent(bytes(lying))))


def test_there_are_so_many_versions_and_aliases(cloud: Cloud) -> None:
    """20 versions with the latest, 10 aliases."""
    cloud.create()
    for number in range(1, function_versions.VERSIONS):
        cloud.publish(f"v{number}", text=f"# {number}")
    for number in range(1, function_aliases.ALIASES + 1):
        cloud.alias(f"a{number}", f"v{number}")

    assert (403, "FSS.0403") == refused(lambda: cloud.publish("v20", text="# 20"))
    assert (403, "FSS.1043") == refused(lambda: cloud.alias("a11", "v11"))


@pytest.mark.parametrize(
    "urn",
    ["chat", "urn:fss:eu-west-0:0123456789abcdef0123456789abcdef:function:default:chat", "urn:fss:cn-north-4:other:function:default:chat"],
    ids=["name", "region", "project"],
)
def test_an_odd_urn_is_refused(cloud: Cloud, urn: str) -> None:
    """Another region's or project's too."""
    assert (400, "FSS.1309") == refused(lambda: cloud.functiongraph.show_function_config(fg.ShowFunctionConfigRequest(function_urn=urn)))


@pytest.mark.parametrize(("suffix", "code"), [("v9", "FSS.1052"), ("!next", "FSS.1053")])
def test_what_is_not_there_is_not_shown(cloud: Cloud, suffix: str, code: str) -> None:
    """A version, an alias."""
    cloud.create()

    assert (404, code) == refused(lambda: cloud.config(suffix))


def test_secrets_are_blanked_and_kept(cloud: Cloud) -> None:
    """Their names come back, their values never; an update that leaves them out changes nothing."""
    created = cloud.create(encrypted_user_data=json.dumps({"KEY": "secret"}))
    updated = cloud.configure(user_data="{}")

    assert [{"KEY": ""}, {"KEY": ""}] == [json.loads(one.encrypted_user_data) for one in (created, updated)]
    assert {"KEY": "secret"} == cloud.functions.version("chat", "latest").user_data
    assert "secret" not in f"{cloud.config()}"


def test_secrets_may_be_cleared() -> None:
    """The other answer of the switch: an update that leaves them out has cleared them."""
    with Cloud(keeps_omitted_secrets=False) as cloud:
        cloud.create(encrypted_user_data=json.dumps({"KEY": "secret"}))
        cloud.configure(user_data="{}")

        assert {} == cloud.functions.version("chat", "latest").user_data


def test_user_data_may_be_smaller() -> None:
    """The other answer of the switch: 2,048 characters."""
    with Cloud(small_user_data=True) as cloud:
        assert (400, "FSS.1017") == refused(lambda: cloud.create(user_data=variables(1, 2048)))


class Stored(bytes):
    """Bytes that say that they are more than they are."""

    size: int

    def __new__(cls, size: int) -> Self:
        """Make one that is said to be so large."""
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self) -> int:
        return self.size


def function(uploaded: bytes = b"") -> Function:
    """Return a function as it is kept."""
    code = Code("zip", "index.zip", "", uploaded, uploaded, "")
    return Function("0" * 32, "default", "x", {"latest": Snapshot("latest", {}, code, (), 0)})


def test_a_vpc_needs_an_agency_that_may(cloud: Cloud) -> None:
    """It must be there, trust FunctionGraph, and have VPC Administrator on the project."""
    vpc = fg.FuncVpc(vpc_id="v", subnet_id="s")
    without = agency(cloud.account, "without", "op_svc_cff", roles=())
    distrusted = agency(cloud.account, "distrusted", "somebody", roles=("VPC Administrator",))
    good = agency(cloud.account, "good", "op_svc_cff", roles=("VPC Administrator",))

    assert (403, "FSS.0403") == refused(lambda: cloud.create(func_vpc=vpc, xrole=without))
    assert (400, "FSS.0400") == refused(lambda: cloud.create(func_vpc=vpc, xrole=distrusted))
    assert "v" == cloud.create(func_vpc=vpc, xrole=good).func_vpc.vpc_id


def agency(account: Account, name: str, trusted: str, *, roles: tuple[str, ...]) -> str:
    """Make an agency, and return its name."""
    made = account.kept(Agencies).add(name, trusted, "", "null")
    made.roles.update(one.id for one in ROLES if one.display_name in roles)
    return name
