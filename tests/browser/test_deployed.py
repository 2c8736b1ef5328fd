"""The zips that were deployed to each emulated cloud, run: in Chromium, with the official client, and as the gateway's own answers."""

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
from tests.browser.hands import HANDS
from tests.browser.visit import WATCH, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

REQUESTS, THREADS, SHARE = 2000, 8, 0.25
_QUESTION: Any = [{"role": "user", "content": "Say hello in one short sentence."}]
_GUARDED = ("GET", "/v1/models")


@pytest.fixture(scope="module", name="deployed", params=sorted(HANDS))
def _deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Deployed(tmp_path_factory.mktemp("emulated"), request.param) as deployed:
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
    """From the emulated page, through the emulated gateway, with the real model; where it streams, the answer grows before one's eyes."""
    window.sign_in(deployed.somebody())
    expect(window.hook("composer")).to_be_visible()
    window.page.evaluate(WATCH)
    window.ask("Say hello and tell me in two sentences what a toucan is.")
    answer = window.answer("complete")

    assert answer.inner_text().strip()
    assert len(window.page.evaluate("[...window.lengths]")) >= (3 if deployed.hand.streams else 0)


def test_an_admin_sees_how_the_model_does(window: Visit, deployed: Deployed) -> None:
    """Through the gateway, in the page; to somebody else the function refuses it."""
    admin, other = deployed.somebody(), deployed.somebody()
    deployed.hand.invoke("admin", "live", {"command": "users.grant", "arguments": {"username": admin.username}})
    token = json.loads(ask(deployed, "POST", "/auth/login", body=other._asdict())[2])["access_token"]
    refused, _, said = ask(deployed, "GET", "/admin/models", headers={"authorization": f"Bearer {token}"})
    window.sign_in(admin)
    window.hook("health").click()

    expect(window.hook("model-health")).to_contain_text(model.NAME)
    assert (403, "forbidden") == (refused, json.loads(said)["error"]["code"])


def test_nobody_signs_in_inside_another_site(browser: Browser, deployed: Deployed) -> None:
    """Where the cloud sends our headers, the browser shows nothing; elsewhere the page offers to be opened by itself."""
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f'<iframe src="{deployed.page}"></iframe>')
    frame = page.frames[1]
    frame.wait_for_load_state("networkidle")
    shown = frame.url.startswith("chrome-error:") or frame.get_by_role("link").count() == 1
    fields = frame.locator("input").count()
    context.close()

    assert (True, 0) == (shown, fields)


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
    """It is a mock; what it says lets the page in."""
    status, headers, _ = ask(deployed, "OPTIONS", _GUARDED[1])
    allowed = {name: {one.strip().lower() for one in headers[f"access-control-allow-{name}"].split(",")} for name in ("methods", "headers")}

    assert status in {200, 204}
    assert headers["access-control-allow-origin"] in {"*", deployed.page.rstrip("/")}
    assert ({"get"}, {"authorization", "content-type"}) == (allowed["methods"] & {"get"}, allowed["headers"] & {"authorization", "content-type"})


def test_an_edit_that_is_not_published_is_not_served(deployed: Deployed) -> None:
    """Until the next publication the gateway serves what it served."""
    with deployed.hand.edited(deployed.ready["api"]):
        status, _, _ = ask(deployed, *_GUARDED)

    assert 401 == status


def test_what_the_gateway_cannot_call_is_told_in_the_stored_words(deployed: Deployed) -> None:
    """So that the page can read it; and afterwards it works again."""
    with deployed.hand.unreachable("login"):
        status, headers, body = ask(deployed, "POST", "/auth/refresh", body={})

    assert 500 <= status
    assert json.loads(body)["error"]["code"] in {"internal_error", "bad_gateway"}
    assert deployed.page.rstrip("/") == headers["access-control-allow-origin"]
    assert 500 > ask(deployed, "POST", "/auth/refresh", body={})[0]


@pytest.mark.parametrize(("function", "wheel"), [("chat", "urllib3"), ("login", "jwt")])
def test_a_zip_without_its_wheel_does_not_start(deployed: Deployed, function: str, wheel: str) -> None:
    """Although the wheel is installed here: nothing is on a function's path but its own zip."""
    complete = deployed.zip(function)
    number = deployed.hand.publish(function, edited(complete, lambda file: b"" if file.startswith(f"{wheel}/") else None))
    _, failure = deployed.hand.invoke(function, number, {})
    deployed.hand.publish(function, complete)

    assert wheel in failure


def test_the_alias_splits_requests_by_its_weights(deployed: Deployed) -> None:
    """A quarter of 2,000, within three standard deviations, as the release in the answers tells; and the cloud counted the same."""
    number = deployed.hand.publish("login", edited(deployed.zip("login"), lambda file: b'{"release": "new"}' if file == "release.json" else None))
    began = time.time()
    deployed.hand.split("login", number, round(SHARE * 100))
    releases = many(deployed)
    deployed.hand.split("login", number, 0)

    assert (REQUESTS, 2) == (sum(releases.values()), len(releases))
    assert abs(releases["new"] - REQUESTS * SHARE) <= 3 * math.sqrt(REQUESTS * SHARE * (1 - SHARE))
    assert releases["new"] == counted(deployed, "login", number, releases["new"], began)


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


def counted(deployed: Deployed, function: str, version: str, enough: int, since: float) -> int:
    """Return how many calls the cloud counted of a version: as soon as there are enough, since it is told a moment late."""
    deadline = time.monotonic() + 10
    while True:
        calls = deployed.hand.counted(function, version, since)
        if calls >= enough or time.monotonic() > deadline:
            return calls


def edited(code: bytes, edit: Callable[[str], bytes | None]) -> bytes:
    """Return a zip in which files are what `edit` says by their names: other bytes, or gone where those are empty; None leaves them."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(code)) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for one in given.infolist():
            body = edit(one.filename)
            if body != b"":
                made.writestr(one, given.read(one) if body is None else body)
    return target.getvalue()
