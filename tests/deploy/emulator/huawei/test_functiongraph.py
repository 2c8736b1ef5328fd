"""FunctionGraph's operations by the real SDK: what is created is listed, shown, changed, invoked and counted (huawei.md, 3.1)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkces.v1 import model as ces
from huaweicloudsdkfunctiongraph.v2 import model as fg

from deploy.emulator.huawei import function_answers as answers
from deploy.emulator.huawei.functions_kept import Absent, Invoked
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.version import Ran
from tests.deploy.emulator.huawei.cloud import Cloud, packed, refused, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="cloud")
def _cloud() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


def test_what_is_created_comes_back(cloud: Cloud) -> None:
    """With the URN of its latest version, the digest of the bytes, and the share of a processor that its memory brings."""
    created = cloud.create(memory_size=128)
    uploaded = base64.b64decode(packed())

    assert cloud.urn("latest") == created.func_urn
    assert hashlib.sha512(uploaded).hexdigest() == created.digest
    assert (300, len(uploaded), -1) == (created.cpu, created.code_size, created.strategy_config.concurrency)


def test_times_are_told_in_the_contracts_two_ways(cloud: Cloud) -> None:
    """A plain one for functions, RFC 3339 for aliases: as they are on the wire."""
    cloud.create()
    found = cloud.functions.functions["chat"]
    cloud.alias("live", "latest")

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", answers.configured(cloud.account.keys, found, found.latest)["last_modified"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answers.aliased(cloud.account.keys, found, found.aliases["live"])["last_modified"])


def test_code_is_shown_and_changed(cloud: Cloud) -> None:
    """What was uploaded is what comes back."""
    cloud.create()
    changed = cloud.code("# other")
    shown = cloud.functiongraph.show_function_code(fg.ShowFunctionCodeRequest(function_urn=cloud.urn()))

    assert packed("# other") == shown.func_code.file
    assert changed.digest == shown.digest == cloud.config().digest


def test_code_may_lie_in_a_bucket(cloud: Cloud) -> None:
    """If the region and the object are there."""
    cloud.functions.fetch = stored
    created = cloud.create(code_type="obs", code_url="https://bucket.obs.cn-north-4.myhuaweicloud.com/a/b.zip", code_filename=None, func_code=None)

    assert hashlib.sha512(zipped("# stored")).hexdigest() == created.digest


def stored(bucket: str, key: str) -> bytes | None:
    """Return the one object that there is."""
    return zipped("# stored") if (bucket, key) == ("bucket", "a/b.zip") else None


def test_an_update_leaves_what_it_does_not_say(cloud: Cloud) -> None:
    """A description stays, a memory changes."""
    cloud.create(description="as it was")
    updated = cloud.configure(memory_size=512)

    assert ("as it was", 512, 600) == (updated.description, updated.memory_size, updated.cpu)


def test_functions_are_listed_in_pages(cloud: Cloud) -> None:
    """By a part of their name; the marker is where the next page begins."""
    for name in ("chat", "chat-2", "login"):
        cloud.create(func_name=name)
    whole = cloud.functiongraph.list_functions(fg.ListFunctionsRequest(func_name="chat", marker="0", maxitems="400"))
    page = cloud.functiongraph.list_functions(fg.ListFunctionsRequest(marker="1", maxitems="1"))

    assert (["chat", "chat-2"], 2) == ([one.func_name for one in whole.functions], whole.count)
    assert (["chat-2"], 2, 3) == ([one.func_name for one in page.functions], page.next_marker, page.count)


def test_versions_are_listed_with_the_latest(cloud: Cloud) -> None:
    """Their URNs say no version: only the field does."""
    cloud.create()
    cloud.publish("v1", description="first")
    found = cloud.functiongraph.list_function_versions(fg.ListFunctionVersionsRequest(function_urn=cloud.urn()))

    assert (["latest", "v1"], 2) == ([one.version for one in found.versions], found.count)
    assert {cloud.urn()} == {one.func_urn for one in found.versions}


def test_an_alias_is_listed_shown_and_deleted(cloud: Cloud) -> None:
    """A bare array, one document, and then nothing."""
    cloud.create()
    cloud.publish("v1")
    created = cloud.alias(description="what is live")
    about = {"function_urn": cloud.urn(), "alias_name": "live"}
    listed = cloud.functiongraph.list_version_aliases(fg.ListVersionAliasesRequest(function_urn=cloud.urn())).body
    cloud.functiongraph.delete_version_alias(fg.DeleteVersionAliasRequest(**about))

    assert cloud.urn("!live") == created.alias_urn
    assert [("live", "v1", "what is live")] == [(one.name, one.version, one.description) for one in listed]
    assert (404, "FSS.1053") == refused(lambda: cloud.functiongraph.show_version_alias(fg.ShowVersionAliasRequest(**about)))


def test_the_data_plane_finds_versions(cloud: Cloud) -> None:
    """By version, and by an alias whose additional version gets its percent."""
    cloud.create(user_data=json.dumps({"A": "1"}), encrypted_user_data=json.dumps({"B": "2"}))
    cloud.publish("v1")
    cloud.publish("v2", text="# two")
    cloud.alias("live", "v1", additional_version_weights={"v2": 10})

    assert ("chat", "latest", "") == cloud.functions.resolve(cloud.urn(), 0.0)
    assert ("chat", "v2", "") == cloud.functions.resolve(cloud.urn("v2"), 0.0)
    assert ["v2", "v1", "v1"] == [cloud.functions.resolve(cloud.urn("!live"), draw)[1] for draw in (0.099, 0.1, 0.999)]
    assert {"A": "1", "B": "2"} == cloud.functions.version("chat", "v1").user_data


@pytest.mark.parametrize("urn", ["urn:other", "urn:fss:cn-north-4:0123456789abcdef0123456789abcdef:function:default:other"])
def test_what_is_not_there_is_absent(cloud: Cloud, urn: str) -> None:
    """For the data plane no refusal, but an exception of its own."""
    with pytest.raises(Absent):
        cloud.functions.resolve(urn, 0)
    with pytest.raises(Absent):
        cloud.functions.version("chat", "latest")
    with pytest.raises(Absent):
        cloud.functions.admits("chat", "latest")


def invoke(cloud: Cloud, suffix: str = "", version: str = "v1") -> Any:
    """Invoke a function by the management API."""
    request = fg.InvokeFunctionRequest(function_urn=cloud.urn(suffix), x_cff_log_type="tail", x_cff_request_version=version, body={"k": "v"})
    return cloud.functiongraph.invoke_function(request)


def test_an_invocation_answers_in_a_document(cloud: Cloud) -> None:
    """v1: the result is a string in it, and the end of the log is there."""
    cloud.create()
    asked: list[Invoked] = []

    def run(invoked: Invoked) -> Ran:
        asked.append(invoked)
        return Ran(b'{"a": 1}', "", 1.5, "x" * 3000)

    cloud.functions.runs = run
    answer = invoke(cloud)

    assert ({"k": "v"}, cloud.urn()) == (json.loads(asked[0].payload), asked[0].urn)
    assert ('{"a": 1}', 200, 2000) == (answer.result, answer.status, len(answer.log))


@pytest.mark.parametrize("switched", [False, True])
def test_a_function_that_raises_says_so(switched: bool) -> None:
    """In a header, whatever the HTTP status is, which is a switch."""
    with Cloud(raised_is_500=switched) as cloud:
        cloud.create()
        cloud.functions.runs = lambda invoked: Ran(b"", "LookupError: so", 1, "")
        answered = refused(lambda: invoke(cloud)) if switched else invoke(cloud).status

    assert answered == ((500, "500") if switched else 500)


def test_a_raw_invocation_answers_the_result(cloud: Cloud) -> None:
    """v0: the document of the function is the answer, all else is in headers."""
    cloud.create()
    cloud.functions.runs = lambda invoked: Ran(b'{"request_id": "own"}', "", 1, "said")

    assert "own" == invoke(cloud, version="v0").request_id


def test_a_disabled_function_is_not_invoked(cloud: Cloud) -> None:
    """No instance may run: 429, for every version, and it is counted."""
    cloud.create()
    cloud.publish("v1")
    body = fg.UpdateFunctionMaxInstanceConfigRequestBody(max_instance_num=0)
    cloud.functiongraph.update_function_max_instance_config(fg.UpdateFunctionMaxInstanceConfigRequest(function_urn=cloud.urn(), body=body))

    assert (429, "FSS.0429") == refused(lambda: invoke(cloud, "v1"))
    assert [1] == [one.value for one in statistics(cloud, "v1").reject_count]


def test_an_invocation_needs_something_that_runs(cloud: Cloud) -> None:
    """Else it says so."""
    cloud.create()

    assert (500, "FSS.0500") == refused(lambda: invoke(cloud))


def test_an_event_has_its_limit(cloud: Cloud) -> None:
    """6 MB."""
    cloud.create()
    request = fg.InvokeFunctionRequest(function_urn=cloud.urn(), body={"k": "v" * 6 * 1024 * 1024})

    assert (413, "FSS.0413") == refused(lambda: cloud.functiongraph.invoke_function(request))


def statistics(cloud: Cloud, suffix: str = "") -> Any:
    """Return a version's numbers of the last hour."""
    return cloud.functiongraph.list_function_statistics(fg.ListFunctionStatisticsRequest(func_urn=cloud.urn(suffix), period="60"))


@pytest.mark.parametrize(("switched", "seen"), [(True, [1]), (False, [3])], ids=["by version", "whole"])
def test_calls_are_counted(switched: bool, seen: list[int]) -> None:
    """By version or not, as the switch says."""
    with Cloud(statistics_by_version=switched) as cloud:
        cloud.create()
        cloud.publish("v1")
        moment = cloud.clock()
        cloud.account.clock = lambda: moment
        cloud.functions.counted("chat", "v1", 20, failed=True)
        cloud.functions.counted("chat", "latest", 10, failed=False)
        cloud.functions.counted("chat", "latest", 60, failed=False)
        version, whole = statistics(cloud, "v1"), statistics(cloud)

    assert seen == [one.value for one in version.count]
    assert [[3], [1], [60], [10], [30]] == [
        [one.value for one in each] for each in (whole.count, whole.fail_count, whole.max_duration, whole.min_duration, whole.duration)
    ]


def test_monitoring_tells_the_same(cloud: Cloud) -> None:
    """CES: a function's metric, by package and name."""
    cloud.create()
    cloud.functions.counted("chat", "latest", 30, failed=True)
    cloud.functions.counted("chat", "v1", 0, failed=False, rejected=True)
    now = int(cloud.clock() * 1000)

    def points(metric: str, how: str) -> list[float]:
        about = {"namespace": "SYS.FunctionGraph", "metric_name": metric, "dim_0": "package-functionname,default-chat", "filter": how}
        found = cloud.ces.show_metric_data(ces.ShowMetricDataRequest(**about, period=3600, _from=now - 3_600_000, to=now))
        return [getattr(one, how) for one in found.datapoints]

    assert [2] == [sum(points("count", "sum"))]
    assert [1, 1] == [sum(points("failcount", "sum")), sum(points("rejectcount", "sum"))]
    assert 30 == max(points("duration", "max"))
    assert (400, "ces.0014") == refused(lambda: points("count", "median"))


def test_logs_have_a_place(cloud: Cloud) -> None:
    """The one that FunctionGraph makes, once it may write to LTS; it may not be told so twice."""
    cloud.create()
    about = fg.ShowLtsLogDetailsRequest(function_urn=cloud.urn())
    before = refused(lambda: cloud.functiongraph.show_lts_log_details(about))
    cloud.functiongraph.enable_lts_logs(fg.EnableLtsLogsRequest())
    place = cloud.functiongraph.show_lts_log_details(about)

    assert (404, "FSS.0404") == before
    assert (place.group_id, place.stream_id) == cloud.functions.log_stream("chat")
    assert (400, "FSS.1221") == refused(lambda: cloud.functiongraph.enable_lts_logs(fg.EnableLtsLogsRequest()))


def test_a_function_may_ask_for_logs(cloud: Cloud) -> None:
    """Without naming a place: one is made."""
    created = cloud.create(enable_lts_log=True)

    assert (created.log_group_id, created.log_stream_id) == cloud.functions.log_stream("chat")
    assert cloud.functions.log_stream("other") is None


def test_a_function_may_name_its_log(cloud: Cloud) -> None:
    """By the ids of a group and a stream that are there."""
    place = cloud.account.kept(Logs).provide("own", "chat")
    created = cloud.create(enable_lts_log=True, log_config=fg.FuncLogConfig(group_id=place["group_id"], stream_id=place["stream_id"]))
    shown = cloud.functiongraph.show_lts_log_details(fg.ShowLtsLogDetailsRequest(function_urn=cloud.urn()))

    assert (place["group_id"], place["stream_id"]) == (created.log_group_id, created.log_stream_id)
    assert ("own", "chat") == (shown.group_name, shown.stream_name)


@pytest.mark.parametrize("query", [{"marker": "x"}, {"maxitems": "-1"}])
def test_an_odd_page_is_refused(cloud: Cloud, query: dict[str, str]) -> None:
    """Below 0 is a fault, above the most is the most (SDK-FG)."""
    assert (400, "FSS.0400") == refused(lambda: cloud.functiongraph.list_functions(fg.ListFunctionsRequest(**query)))


@pytest.mark.parametrize("period", ["0", "1441", "hour"])
def test_an_odd_period_is_refused(cloud: Cloud, period: str) -> None:
    """Minutes, up to a day."""
    cloud.create()
    request = fg.ListFunctionStatisticsRequest(func_urn=cloud.urn(), period=period)

    assert (400, "FSS.0400") == refused(lambda: cloud.functiongraph.list_function_statistics(request))


def test_dependencies_in_buckets_are_refused(cloud: Cloud) -> None:
    """They are not emulated."""
    body = {"depend_type": "obs", "depend_link": "https://bucket/a.zip", "runtime": "Python3.10", "name": "deps"}

    assert (400, "FSS.0400") == refused(lambda: cloud.functiongraph.create_dependency_version(made(body)))


def test_dependencies_are_kept_in_versions(cloud: Cloud) -> None:
    """The same name twice is its second version; a function names one by its id."""
    body = {"depend_type": "zip", "depend_file": packed(), "runtime": "Python3.10", "name": "deps"}
    first, second = (cloud.functiongraph.create_dependency_version(made(body)) for _ in range(2))
    listed = cloud.functiongraph.list_dependencies(fg.ListDependenciesRequest(dependency_type="private", runtime="Python3.10"))
    versions = cloud.functiongraph.list_dependency_version(fg.ListDependencyVersionRequest(depend_id=first.dep_id))
    created = cloud.create(depend_version_list=[second.id])
    cloud.functiongraph.delete_dependency_version(fg.DeleteDependencyVersionRequest(depend_id=first.dep_id, version="1"))
    gone = fg.ShowDependencyVersionRequest(depend_id=first.dep_id, version="1")

    assert (1, 2, first.dep_id) == (first.version, second.version, second.dep_id)
    assert ([second.id], [1, 2]) == ([one.id for one in listed.dependencies], [one.version for one in versions.dependencies])
    assert [second.id] == created.depend_version_list
    assert 404 == refused(lambda: cloud.functiongraph.show_dependency_version(gone))[0]


def made(body: dict[str, Any]) -> Any:
    """Return the request for a dependency."""
    return fg.CreateDependencyVersionRequest(body=fg.CreateDependencyRequestBody(**body))


@pytest.mark.parametrize(("switched", "status"), [(False, 413), (True, 200)], ids=["10 MB", "40 MB"])
def test_a_dependency_has_its_limit(switched: bool, status: int) -> None:
    """Which one is a switch."""
    large = base64.b64encode(b"\0" * (10 * 1024 * 1024 + 1)).decode()
    body = {"depend_type": "zip", "depend_file": large, "runtime": "Python3.10", "name": "deps"}
    with Cloud(large_dependencies=switched) as cloud:

        def ask() -> Any:
            return cloud.functiongraph.create_dependency_version(made(body))

        answered = ask().status_code if switched else refused(ask)[0]

    assert status == answered


def test_reserved_instances(cloud: Cloud) -> None:
    """For an alias or for the version behind it, not for both."""
    cloud.create()
    cloud.publish("v1")
    cloud.alias()

    def reserve(suffix: str) -> Any:
        body = fg.UpdateFunctionReservedInstancesCountRequestBody(count=1)
        request = fg.UpdateFunctionReservedInstancesCountRequest(function_urn=cloud.urn(suffix), body=body)
        return cloud.functiongraph.update_function_reserved_instances_count(request)

    answer = reserve("!live")
    listed = cloud.functiongraph.list_reserved_instance_configs(fg.ListReservedInstanceConfigsRequest(function_urn=cloud.urn()))

    assert (1, False) == (answer.count, answer.idle_mode)
    assert [("!live", 1)] == [(one.qualifier_name, one.min_count) for one in listed.reserved_instances]
    assert (400, "FSS.0400") == refused(lambda: reserve("v1"))
    assert 1 == reserve("latest").count


def test_triggers_are_refused(cloud: Cloud) -> None:
    """There is none, and none can be made."""
    cloud.create()
    event = fg.TriggerEventDataRequestBody(name="a")
    body = fg.CreateFunctionTriggerRequestBody(trigger_type_code="DEDICATEDGATEWAY", trigger_status="ACTIVE", event_data=event)
    request = fg.CreateFunctionTriggerRequest(function_urn=cloud.urn(), body=body)
    one = fg.DeleteFunctionTriggerRequest(function_urn=cloud.urn(), trigger_type_code="DEDICATEDGATEWAY", trigger_id="t")
    cloud.functiongraph.batch_delete_function_triggers(fg.BatchDeleteFunctionTriggersRequest(function_urn=cloud.urn()))

    assert (400, "FSS.1107") == refused(lambda: cloud.functiongraph.create_function_trigger(request))
    assert (404, "FSS.1131") == refused(lambda: cloud.functiongraph.delete_function_trigger(one))
    assert not cloud.functiongraph.list_function_triggers(fg.ListFunctionTriggersRequest(function_urn=cloud.urn())).body


def test_quotas_are_told(cloud: Cloud) -> None:
    """How many functions there are and may be."""
    cloud.create()
    resources = cloud.functiongraph.list_quotas(fg.ListQuotasRequest()).quotas.resources

    assert ("fgs_func_num", 400, 1) == (resources[0].type, resources[0].quota, resources[0].used)
