"""Asynchronous invocations: they are tried again, get too old, and tell of their end (huawei.md, 1.7)."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkfunctiongraph.v2 import model as fg

from deploy.emulator.huawei.asynchronous import Asynchronous, Courier
from deploy.emulator.huawei.version import Ran
from tests.deploy.emulator.huawei.cloud import Cloud, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.emulator.huawei.functions_kept import Invoked

GOOD = Ran(b'{"done": true}', "", 1, "")
BAD = Ran(b"", "LookupError: so", 1, "")


class Post:
    """A cloud with a courier; what runs gives `answers` in order, and then good ones."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.answers: list[Ran] = []
        self.asked: list[Invoked] = []
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.courier = Courier(cloud.account, self._put)
        cloud.create()
        cloud.functions.runs = self.run

    def run(self, invoked: Invoked) -> Ran:
        """Run an invocation."""
        self.asked.append(invoked)
        return self.answers.pop(0) if self.answers else GOOD

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        if bucket == "gone":
            raise LookupError(bucket)
        self.stored[bucket, key] = json.loads(body)

    def ask(self, **event: Any) -> str:
        """Invoke the function later; return the request's id."""
        made = self.cloud.functiongraph.async_invoke_function(fg.AsyncInvokeFunctionRequest(function_urn=self.cloud.urn(), body=event))
        request_id: str = made.request_id
        return request_id

    def set(self, **fields: Any) -> Any:
        """Put settings."""
        body = fg.UpdateFunctionAsyncInvokeConfigRequestBody(**fields)
        request = fg.UpdateFunctionAsyncInvokeConfigRequest(function_urn=self.cloud.urn(), body=body)
        return self.cloud.functiongraph.update_function_async_invoke_config(request)

    def work(self) -> None:
        """Run what waits."""
        while self.courier.step():
            pass

    def listed(self, **query: Any) -> list[tuple[str, str]]:
        """Return the invocations with their states."""
        found = self.cloud.functiongraph.list_async_invocations(fg.ListAsyncInvocationsRequest(function_urn=self.cloud.urn(), **query))
        return [(one.request_id, one.status) for one in found.invocations]


@pytest.fixture(name="post")
def _post() -> Iterator[Post]:
    with Cloud() as cloud:
        yield Post(cloud)


def to(destination: str, **param: Any) -> Any:
    """Return a destination."""
    return fg.FuncDestinationConfig(destination=destination, param=json.dumps(param))


def test_an_invocation_waits_and_succeeds(post: Post) -> None:
    """The event arrives as it was sent, with the request's id."""
    request_id = post.ask(k="v")
    waiting = post.listed()
    post.work()

    assert ([(request_id, "WAIT")], [(request_id, "SUCCESS")]) == (waiting, post.listed())
    assert [({"k": "v"}, request_id)] == [(json.loads(one.payload), one.request_id) for one in post.asked]


def test_one_that_fails_is_tried_again(post: Post) -> None:
    """Once, if nobody says how often."""
    post.answers = [BAD, BAD]
    request_id = post.ask()
    post.work()

    assert ([(request_id, "FAIL")], 2) == (post.listed(), len(post.asked))
    assert [] == post.listed(status="SUCCESS")


def test_retries_are_set(post: Post) -> None:
    """Up to three; the third may succeed."""
    post.answers = [BAD, BAD, BAD]
    settings = post.set(max_async_retry_attempts=3)
    post.ask()
    post.work()

    assert (3, 3600) == (settings.max_async_retry_attempts, settings.max_async_event_age_in_seconds)
    assert (["SUCCESS"], 4) == ([state for _, state in post.listed()], len(post.asked))


def test_one_that_is_too_old_is_discarded(post: Post) -> None:
    """It is not run, and its end is told as a failure."""
    post.set(max_async_event_age_in_seconds=1, destination_config=fg.FuncAsyncDestinationConfig(on_failure=to("OBS", bucket="letters")))
    request_id = post.ask()
    post.cloud.clock.more = 2
    post.work()

    assert ([(request_id, "DISCARD")], []) == (post.listed(), post.asked)
    assert "EventAgeExceeded" == post.stored["letters", request_id]["request_context"]["condition"]


def test_one_whose_function_is_gone_is_discarded(post: Post) -> None:
    """Nobody is left to run it."""
    request_id = post.ask()
    post.cloud.delete()
    post.work()

    assert "DISCARD" == post.cloud.account.kept(Asynchronous).invocations[request_id].state


def test_a_failure_is_written_into_a_bucket(post: Post) -> None:
    """With the event, the error and how often it was tried."""
    post.answers = [BAD, BAD]
    post.set(destination_config=fg.FuncAsyncDestinationConfig(on_failure=to("OBS", bucket="letters", prefix="f/", expires=7)))
    request_id = post.ask(k="v")
    post.work()
    letter = post.stored["letters", f"f/{request_id}"]

    assert {"timestamp", "request_context", "request_payload", "response_context", "response_payload"} == set(letter)
    assert ("RetriesExhausted", 2, post.cloud.urn()) == tuple(
        letter["request_context"][name] for name in ("condition", "approximate_invoke_count", "function_urn")
    )
    assert ({"status_code": 500, "function_error": "LookupError: so"}, {"k": "v"}) == (
        letter["response_context"],
        json.loads(letter["request_payload"]),
    )


def test_a_success_goes_to_another_function(post: Post) -> None:
    """As an invocation of its own."""
    post.cloud.create(func_name="after")
    post.set(destination_config=fg.FuncAsyncDestinationConfig(on_success=to("FunctionGraph", func_urn=post.cloud.urn(name="after"))))
    post.ask()
    post.work()

    assert [post.cloud.urn(), post.cloud.urn(name="after")] == [one.urn for one in post.asked]
    assert {"done": True} == json.loads(json.loads(post.asked[1].payload)["response_payload"])


def test_a_destination_that_is_gone_stops_nothing(post: Post) -> None:
    """The next one is run."""
    post.set(destination_config=fg.FuncAsyncDestinationConfig(on_success=to("OBS", bucket="gone")))
    post.ask()
    post.ask()
    post.work()

    assert ["SUCCESS", "SUCCESS"] == [state for _, state in post.listed()]


def test_what_breaks_is_a_failure(post: Post) -> None:
    """Of the invocation, not of the thread; so is nothing that runs."""

    def fail(invoked: Invoked) -> Ran:
        raise LookupError(invoked.urn)

    post.cloud.functions.runs = fail
    post.ask()
    post.work()
    post.cloud.functions.runs = None
    post.ask()
    post.work()

    assert ["FAIL", "FAIL"] == [state for _, state in post.listed()]


def test_one_that_waits_is_cancelled(post: Post) -> None:
    """Once it has run it is not."""
    request_id = post.ask()
    body = fg.CancelAsyncInvocationRequestBody(request_id=request_id, type="force")
    request = fg.CancelAsyncInvocationRequest(function_urn=post.cloud.urn(), body=body)
    post.cloud.functiongraph.cancel_async_invocation(request)
    post.work()

    assert ([(request_id, "DISCARD")], []) == (post.listed(request_id=request_id), post.asked)
    assert (400, "FSS.0400") == refused(lambda: post.cloud.functiongraph.cancel_async_invocation(request))


@pytest.mark.parametrize(
    "fields",
    [
        {"max_async_retry_attempts": 4},
        {"max_async_event_age_in_seconds": 0},
        {"max_async_event_age_in_seconds": 86_401},
        {"destination_config": fg.FuncAsyncDestinationConfig(on_failure=to("SMN", topic_urn="t"))},
        {"destination_config": fg.FuncAsyncDestinationConfig(on_failure=to("OBS", prefix="f/"))},
        {"destination_config": fg.FuncAsyncDestinationConfig(on_failure=to("OBS", bucket="letters", expires=366))},
        {"destination_config": fg.FuncAsyncDestinationConfig(on_failure=fg.FuncDestinationConfig(destination="OBS", param="letters"))},
    ],
    ids=["retries", "no age", "too old", "SMN", "no bucket", "expires", "no JSON"],
)
def test_settings_are_refused(post: Post, fields: dict[str, Any]) -> None:
    """What is out of its range, or names no destination."""
    assert (400, "FSS.0400") == refused(lambda: post.set(**fields))


def test_there_may_be_more_retries() -> None:
    """The other answer of the switch: eight."""
    with Cloud(many_retries=True) as cloud:
        assert 8 == Post(cloud).set(max_async_retry_attempts=8).max_async_retry_attempts


def test_settings_are_shown_and_deleted(post: Post) -> None:
    """And then are not there; deleting what is not there is no fault."""
    post.set(max_async_retry_attempts=0)
    show = fg.ShowFunctionAsyncInvokeConfigRequest(function_urn=post.cloud.urn())
    shown = post.cloud.functiongraph.show_function_async_invoke_config(show).max_async_retry_attempts
    for _ in range(2):
        post.cloud.functiongraph.delete_function_async_invoke_config(fg.DeleteFunctionAsyncInvokeConfigRequest(function_urn=post.cloud.urn()))

    assert 0 == shown
    assert 404 == refused(lambda: post.cloud.functiongraph.show_function_async_invoke_config(show))[0]


def test_an_event_for_later_has_its_limit(post: Post) -> None:
    """256 KB."""
    assert (413, "FSS.0413") == refused(lambda: post.ask(k="v" * 256 * 1024))


def test_an_http_function_is_not_invoked_later() -> None:
    """It takes no events (huawei.md, 1.8)."""
    with Cloud() as cloud:
        cloud.create(runtime="http", handler="bootstrap")
        request = fg.AsyncInvokeFunctionRequest(function_urn=cloud.urn(), body={})

        assert (400, "FSS.0400") == refused(lambda: cloud.functiongraph.async_invoke_function(request))


def test_invocations_are_listed_by_time(post: Post) -> None:
    """The last hour's, unless a time is named; what is no time is refused."""
    post.ask()
    post.cloud.clock.more = 600
    long_ago, soon = ("2020-01-01T00:00:00", "2100-01-01T00:00:00")

    assert [1, 0] == [len(post.listed(query_begin_time=begin)) for begin in (long_ago, soon)]
    assert 0 == len(post.listed(query_end_time=long_ago))
    assert (400, "FSS.0400") == refused(lambda: post.listed(query_begin_time="yesterday"))


def test_a_disabled_function_is_not_invoked_later(post: Post) -> None:
    """No more than now."""
    post.cloud.configure(strategy_config=fg.StrategyConfig(concurrency=0))

    assert (429, "FSS.0429") == refused(post.ask)


def test_a_courier_runs_several_at_once(post: Post) -> None:
    """In threads, until it is ended: here two wait for each other, and for the test."""
    both = threading.Barrier(3)

    def run(invoked: Invoked) -> Ran:
        both.wait(10)
        return GOOD

    post.cloud.functions.runs = run
    with post.courier:
        post.ask()
        post.ask()
        both.wait(10)

    assert ["SUCCESS", "SUCCESS"] == [state for _, state in post.listed()]


def test_old_invocations_are_forgotten(post: Post) -> None:
    """10,000 are remembered; one that is forgotten is not run."""
    queue = post.cloud.account.kept(Asynchronous)
    for number in range(10_001):
        queue.ask(post.cloud.urn(), b"{}", f"{number}")

    assert (10_000, "1") == (len(queue.invocations), next(iter(queue.invocations)))
    assert "1" == (queue.next() or queue.invocations["2"]).request_id
