"""The zips that were deployed to the emulated AWS, run: in Chromium, with the official client, and as AWS's own answers."""

from __future__ import annotations

import http.client
import io
import json
import math
import queue
import threading
import time
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai
import pytest
from playwright.sync_api import expect

from deploy.local import model
from tests.browser.deployed import Deployed
from tests.browser.visit import WATCH, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

REQUESTS, THREADS, SHARE = 2000, 8, 0.25
_QUESTION: Any = [{"role": "user", "content": "Say hello in one short sentence."}]
_GUARDED = ("GET", "/v1/models")


@pytest.fixture(scope="module", name="deployed")
def _deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Deployed(tmp_path_factory.mktemp("emulated")) as deployed:
        yield deployed


@pytest.fixture(name="window")
def _window(browser: Browser, deployed: Deployed) -> Iterator[Visit]:
    context = browser.new_context()
    visit = Visit(context, deployed)
    yield visit
    context.close()
    assert [] == visit.foreign + visit.faults


@pytest.fixture(name="client")
def _client(deployed: Deployed) -> Iterator[openai.OpenAI]:
    token = json.loads(ask(deployed, "POST", "/auth/login", body=deployed.somebody()._asdict())[2])["access_token"]
    with openai.OpenAI(base_url=f"{deployed.ready['api']}/v1", api_key=token, max_retries=0) as client:
        yield client


def test_somebody_signs_in_and_chats(window: Visit, deployed: Deployed) -> None:
    """From the emulated page, through the emulated gateway, with the real model; and the answer grows before one's eyes."""
    window.sign_in(deployed.somebody())
    expect(window.hook("composer")).to_be_visible()
    window.page.evaluate(WATCH)
    window.ask("Say hello and tell me in two sentences what a toucan is.")
    answer = window.answer("complete")

    assert answer.inner_text().strip()
    assert len(window.page.evaluate("[...window.lengths]")) >= 3


def test_the_official_client_lists_and_streams(client: openai.OpenAI) -> None:
    """Through the function's zip, its loop and the stored stream."""
    names = [one.id for one in client.models.list()]
    chunks = list(client.chat.completions.create(model=model.NAME, messages=_QUESTION, max_tokens=24, stream=True))

    assert [model.NAME] == names
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in {"stop", "length"}


def test_a_wrong_token_is_told_in_the_stored_words(deployed: Deployed) -> None:
    """With CORS, so that the page can read it."""
    status, headers, body = ask(deployed, *_GUARDED, headers={"authorization": "Bearer nonsense"})

    assert (401, "unauthenticated") == (status, json.loads(body)["error"]["code"])
    assert deployed.page.rstrip("/") == headers["access-control-allow-origin"]


def test_a_preflight_needs_no_token(deployed: Deployed) -> None:
    """It is a mock, as it is stored."""
    status, headers, _ = ask(deployed, "OPTIONS", _GUARDED[1])

    assert (204, "GET, OPTIONS") == (status, headers["access-control-allow-methods"])
    assert deployed.page.rstrip("/") == headers["access-control-allow-origin"]


def test_an_edit_that_is_not_deployed_is_not_served(deployed: Deployed) -> None:
    """As in AWS: until the next deployment the gateway serves what it served."""
    gateway, api = deployed.client("apigateway"), deployed.ready["api"].split("/")[3]
    before = gateway.get_gateway_response(restApiId=api, responseType="UNAUTHORIZED")
    kept = {name: before[name] for name in ("statusCode", "responseParameters", "responseTemplates")}
    gateway.put_gateway_response(restApiId=api, responseType="UNAUTHORIZED", statusCode="418")
    status, _, _ = ask(deployed, *_GUARDED)
    gateway.put_gateway_response(restApiId=api, responseType="UNAUTHORIZED", **kept)

    assert 401 == status


def test_what_the_gateway_may_not_call_is_a_500(deployed: Deployed) -> None:
    """In the stored words, too; with the permission back it works again."""
    functions, about = deployed.client("lambda"), {"FunctionName": deployed.name("login"), "Qualifier": "live", "StatementId": "gateway"}
    kept = json.loads(functions.get_policy(FunctionName=about["FunctionName"], Qualifier="live")["Policy"])["Statement"][0]
    functions.remove_permission(**about)
    status, headers, body = ask(deployed, "POST", "/auth/refresh", body={})
    source = kept["Condition"]["ArnLike"]["AWS:SourceArn"]
    functions.add_permission(**about, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source)

    assert (500, "internal_error") == (status, json.loads(body)["error"]["code"])
    assert deployed.page.rstrip("/") == headers["access-control-allow-origin"]
    assert 500 > ask(deployed, "POST", "/auth/refresh", body={})[0]


@pytest.mark.parametrize(("function", "wheel"), [("chat", "urllib3"), ("login", "jwt")])
def test_a_zip_without_its_wheel_does_not_start(deployed: Deployed, function: str, wheel: str) -> None:
    """Although the wheel is installed here: nothing is on a function's path but its own zip."""
    complete = deployed.zip(function)
    number = deployed.publish(function, edited(complete, lambda file: b"" if file.startswith(f"{wheel}/") else None))
    answer = deployed.client("lambda").invoke(FunctionName=deployed.name(function), Qualifier=number, Payload=b"{}")
    told = json.load(answer["Payload"])
    deployed.publish(function, complete)

    assert ("Unhandled", number) == (answer["FunctionError"], answer["ExecutedVersion"])
    assert wheel in told["errorMessage"]


def test_the_alias_splits_requests_by_its_weights(deployed: Deployed) -> None:
    """A quarter of 2,000, within three standard deviations, as the release in the answers tells; and CloudWatch counted the same."""
    functions, name = deployed.client("lambda"), deployed.name("login")
    number = deployed.publish("login", edited(deployed.zip("login"), lambda file: b'{"release": "new"}' if file == "release.json" else None))
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {number: SHARE}})
    began = time.time()
    releases = many(deployed)
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})

    assert (REQUESTS, 2) == (sum(releases.values()), len(releases))
    assert abs(releases["new"] - REQUESTS * SHARE) <= 3 * math.sqrt(REQUESTS * SHARE * (1 - SHARE))
    assert releases["new"] == counted(deployed, name, number, releases["new"], began)


def ask(deployed: Deployed, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> tuple[int, dict[str, str], bytes]:
    """Ask the API, and return status, headers and body."""
    where = urlsplit(deployed.ready["api"])
    line = http.client.HTTPConnection(str(where.hostname), where.port or 0, timeout=60)
    try:
        line.request(method, where.path + path, None if body is None else json.dumps(body), {"content-type": "application/json", **(headers or {})})
        answer = line.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        line.close()


def many(deployed: Deployed) -> Counter[str]:
    """Make many cheap requests from several threads, and count the answers by their release."""
    found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work() -> None:
        for _ in range(REQUESTS // THREADS):
            found.put(ask(deployed, "POST", "/auth/refresh", body={})[1]["x-twocan-release"])

    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    return Counter(found.get(timeout=60) for _ in range(REQUESTS))


def counted(deployed: Deployed, name: str, number: str, enough: int, since: float) -> int:
    """Return how many calls CloudWatch counted of a version: as soon as there are enough, since it is told a moment late."""
    dimensions = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": number}
    about = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()]}
    cloudwatch, deadline = deployed.client("cloudwatch"), time.monotonic() + 10
    while True:
        points = cloudwatch.get_metric_statistics(**about, StartTime=since - 60, EndTime=since + 600, Period=3600, Statistics=["Sum"])["Datapoints"]
        sums = int(sum(one["Sum"] for one in points))
        if sums >= enough or time.monotonic() > deadline:
            return sums


def edited(code: bytes, edit: Callable[[str], bytes | None]) -> bytes:
    """Return a zip in which files are what `edit` says by their names: other bytes, or gone where those are empty; None leaves them."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(code)) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for one in given.infolist():
            body = edit(one.filename)
            if body != b"":
                made.writestr(one, given.read(one) if body is None else body)
    return target.getvalue()
