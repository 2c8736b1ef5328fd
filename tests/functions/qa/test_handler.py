"""handler.py: the whole walk, from either cloud's event to passages with their places."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.qa import handler
from functions.shared import clouds
from functions.shared.errors import TwocanError
from functions.shared.messages import Request
from functions.shared.serve import Started
from tests.fakes.forge import ISSUER, NOW, token
from tests.fakes.platforms import CONTEXTS
from tests.functions.qa.pdfs import pdf
from tests.functions.qa.test_read import sent

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
ENGLISH = "The Moon has no air.\n\n" + "A cat sleeps all day. " * 50 + "\n\nThe Moon is 384,400 km away from the Earth."
CHINESE = "# 猫\n\n" + "猫一天睡十六个小时。" * 60 + "\n\n# 月亮\n\n" + "月亮离地球三十八万公里。" * 5
DOCUMENTS = [sent(ENGLISH.encode(), name="moon.txt"), sent(CHINESE.encode(), "text/markdown", "月亮.md")]
PAPER = sent(pdf("Nothing here.", "The third comet is blue."), "application/pdf", "paper.pdf")
QUESTION = "hush: how far is the moon? 月亮多远"


def tools(*clock: float, most: int = 4_194_304) -> handler.Tools:
    """Return tools whose clock shows these times, the last for ever."""
    times = list(clock or (0.0,))
    return handler.Tools(ISSUER, most, lambda: NOW, lambda: times.pop(0) if len(times) > 1 else times[0])


def asked(seconds_left: float = 25.0, **members: Any) -> Request:
    """Return a request of a signed-in caller."""
    body = json.dumps({"question": QUESTION, "documents": DOCUMENTS, **members}).encode()
    return Request("POST", "/v1/passages", {"authorization": f"Bearer {token()}"}, body, "1", seconds_left=seconds_left)


def passages(**members: Any) -> list[dict[str, Any]]:
    """Return the passages that are told."""
    response = handler.answer(asked(**members), tools())
    found: list[dict[str, Any]] = json.loads(b"".join(response.body))["passages"]
    return found


def refusal(request: Request, using: handler.Tools | None = None) -> TwocanError:
    """Return the error that is answered."""
    with pytest.raises(TwocanError) as caught:
        handler.answer(request, using or tools())
    return caught.value


def test_passages_are_told_with_their_places() -> None:
    """Best first, in both languages of the question; each text is what stands there."""
    found = passages()
    texts = {"moon.txt": ENGLISH, "月亮.md": CHINESE}

    assert {"moon.txt", "月亮.md"} == {one["document"] for one in found}
    assert [texts[one["document"]][one["start"] : one["end"]] for one in found] == [one["text"] for one in found]
    assert sorted((one["score"] for one in found), reverse=True) == [one["score"] for one in found]
    assert {("document", "page", "start", "end", "text", "score")} == {tuple(one) for one in found}
    assert {None} == {one["page"] for one in found}


def test_a_passage_of_a_pdf_has_its_page() -> None:
    """And its place within that page."""
    (found,) = passages(question="which comet?", documents=[*DOCUMENTS, PAPER])

    assert ("paper.pdf", 2, 0, "The third comet is blue.") == (found["document"], found["page"], found["start"], found["text"])


def test_the_documented_example_is_answered_as_it_says() -> None:
    """Letter by letter."""
    page = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")
    question, said = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    response = handler.answer(asked()._replace(body=question.encode()), tools())

    assert json.loads(said) == json.loads(b"".join(response.body))


def test_nothing_in_common_is_an_empty_list() -> None:
    """An answer, and no error."""
    assert [] == passages(question="zebra")


def test_there_are_as_many_as_are_asked_for() -> None:
    """Six, if nobody says."""
    many = [sent(f"The moon is {number}.".encode()) for number in range(20)]

    assert (6, 1, 20) == (len(passages(documents=many)), len(passages(documents=many, limit=1)), len(passages(documents=many, limit=20)))


@pytest.mark.parametrize("limit", [0, 21, -1, 1.5, True, "6"])
def test_a_limit_is_a_whole_number(limit: Any) -> None:
    """Within its bounds."""
    assert (400, "limit") == ((error := refusal(asked(limit=limit))).status, error.param)


@pytest.mark.parametrize("question", ["", None, 5, "x" * 32_769], ids=["empty", "null", "number", "long"])
def test_a_question_is_a_text(question: Any) -> None:
    """Of some length."""
    assert (400, "question") == ((error := refusal(asked(question=question))).status, error.param)


def test_a_body_may_have_its_limit_and_no_byte_more() -> None:
    """It is refused before it is read at all."""
    request = asked()

    assert 200 == handler.answer(request, tools(most=len(request.body))).status
    error = refusal(request, tools(most=len(request.body) - 1))
    assert (413, "request_too_large") == (error.status, error.code)


@pytest.mark.parametrize(("body", "code"), [(b"", "invalid_json"), (b"[]", "invalid_json"), (b'{"question": "x"}', "invalid_request")])
def test_a_body_is_a_question_with_documents(body: bytes, code: str) -> None:
    """Anything else is told as what it is."""
    assert (400, code) == ((error := refusal(asked()._replace(body=body))).status, error.code)


def test_reading_takes_half_of_the_time_that_is_left() -> None:
    """Whatever the platform gives; the rest is for splitting and ranking."""
    assert 200 == handler.answer(asked(seconds_left=20), tools(100, 109.9)).status
    error = refusal(asked(seconds_left=20), tools(100, 110.1))
    assert (400, "unreadable_document", "documents") == (error.status, error.code, error.param)


def test_nobody_asks_without_a_token() -> None:
    """The gateway's word is not taken for it."""
    assert 401 == refusal(asked()._replace(headers={})).status


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_the_walk_is_the_same_on_either_cloud(recorded: Callable[[str], Any], capsys: pytest.CaptureFixture[str], cloud: str) -> None:
    """From event to answer; the log has counts and the caller, and nothing of question or documents."""
    body = asked(documents=[*DOCUMENTS, PAPER]).body
    coded = b64encode(body).decode() if cloud == "huawei" else body.decode()
    event = {**recorded(f"{cloud}/me"), "httpMethod": "POST", "path": "/v1/passages", "body": coded, "isBase64Encoded": cloud == "huawei"}
    said = Started(clouds.load(cloud), handler.answer, tools(), {})(event, CONTEXTS[cloud])
    logged = capsys.readouterr().out

    assert (200, True) == (said["statusCode"], "384,400" in said["body"])
    assert {"route": "/v1/passages", "documents": 3, "user": "alice"}.items() <= json.loads(logged).items()
    assert not [word for word in ("hush", "moon", "Moon", "月亮", "paper") if word in logged]


def test_an_error_is_logged_with_the_caller_and_nothing_of_the_document(recorded: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Only its code."""
    bad = {"name": "hush", "type": "application/pdf", "data": b64encode(b"%PDF-1.7 hush").decode()}
    event = {**recorded("aws/me"), "httpMethod": "POST", "path": "/v1/passages", "body": asked(documents=[bad]).body.decode()}
    said = Started(clouds.load("aws"), handler.answer, tools(), {})(event, CONTEXTS["aws"])
    logged = capsys.readouterr()

    assert (400, "unreadable_document") == (said["statusCode"], json.loads(said["body"])["error"]["code"])
    assert {"status": 400, "code": "unreadable_document", "user": "alice"}.items() <= json.loads(logged.out).items()
    assert ("", False, False) == (logged.err, "hush" in logged.out, "hush" in said["body"])


def test_a_text_needs_no_pdf_reader() -> None:
    """What reads PDFs is loaded when one comes, not at each cold start."""
    code = "import sys; from functions.qa import handler; print('pypdf' in sys.modules, 'logging' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "False False" == done.stdout.strip()
