"""Documents in a conversation: attached, searched with each question, cited, and opened at the place. The function that searches is imitated."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Callable

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, expect

from tests.browser.listed import MODELS, tell
from tests.browser.visit import PHONE, Look, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

    from tests.browser.product import Product
    from tests.browser.program import Person

pytestmark = pytest.mark.parametrize("product", ["aws"], indirect=True)
Open = Callable[..., Visit]

_PADDING = "".join(f"Line {number} says nothing of birds.\n" for number in range(200))
_FRUIT = "Toucans eat mostly fruit. 🍇"
NOTES = f"🟦 {_PADDING}{_FRUIT}\n{_PADDING}"
EGGS = "Sometimes they take eggs from other nests."

_PROSE = "A toucan says nothing of this. " * 40_000


def passages(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the function would find in these documents."""
    found = []
    for document in asked["documents"]:
        data = base64.b64decode(document["data"])
        if document["type"] == "application/pdf":
            found.append({"document": document["name"], "page": 3, "start": 0, "end": len(EGGS), "text": EGGS, "score": 1.0})
        elif _FRUIT.encode() in data:
            start = data.decode().index(_FRUIT)
            found.append({"document": document["name"], "page": None, "start": start, "end": start + len(_FRUIT), "text": _FRUIT, "score": 2.0})
    return sorted(found, key=lambda one: -one["score"])


def imitate(window: Visit) -> list[dict[str, Any]]:
    """Answer this window's searches. Returns what is asked."""
    asked: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        body: Any = route.request.post_data_json
        asked.append(body)
        route.fulfill(json={"passages": passages(asked[-1])}, headers={"access-control-allow-origin": "*"})

    window.page.route("**/v1/passages", answer)
    return asked


def a_file(name: str, content: str, kind: str) -> FilePayload:
    """Return a file as it is chosen."""
    return {"name": name, "mimeType": kind, "buffer": content.encode()}


_FILES = [a_file("birds.pdf", "%PDF-1.7 imitated", "application/pdf"), a_file("notes.md", NOTES, "text/markdown")]


def attach(window: Visit, *files: FilePayload) -> None:
    """Attach files by the button."""
    window.hook("attach").click()
    window.page.get_by_test_id("file-input").set_input_files(files)


def drop(window: Visit, name: str, kind: str) -> None:
    """Drag a file over the page and let it fall."""
    script = """([name, kind]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["Hello"], name, { type: kind }));
      for (const event of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(event, { dataTransfer, bubbles: true, cancelable: true }));
    }"""
    window.page.evaluate(script, [name, kind])


@pytest.fixture(name="person")
def _person(product: Product) -> Person:
    return product.somebody()


@pytest.fixture(name="enter")
def _enter(visit: Open, person: Person) -> Open:
    def enter(look: Look = Look()) -> Visit:  # noqa: B008 - a Look is immutable
        window = visit(look)
        tell(window.page, MODELS)
        window.sign_in(person)
        window.choose("citing")
        return window

    return enter


def test_a_question_is_answered_from_the_documents_and_cites_them(enter: Open) -> None:
    """The documents are searched first, the model gets the passages by number, and the answer's sources stand under it."""
    window = enter()
    searched = imitate(window)
    attach(window, *_FILES)
    expect(window.hook("document")).to_have_count(2)
    with window.page.expect_request("**/v1/chat/completions") as sent:
        window.ask("What do toucans eat?")
    window.answer("complete")
    body: Any = sent.value.post_data_json
    system = body["messages"][0]

    assert [(one["question"], one["limit"], [document["type"] for document in one["documents"]]) for one in searched] == [
        ("What do toucans eat?", 6, ["application/pdf", "text/markdown"])
    ]
    assert system["role"] == "system"
    assert f'[1] notes.md\n"""\n{_FRUIT}\n"""\n\n[2] birds.pdf, page 3\n"""\n{EGGS}\n"""' in system["content"]
    expect(window.hook("citation")).to_have_text([f"[1]notes.md{_FRUIT}", f"[2]birds.pdf · page 3{EGGS}"])


def answered(enter: Open) -> Visit:
    """Return a window with an answer from both files."""
    window = enter()
    imitate(window)
    attach(window, *_FILES)
    window.ask("What do toucans eat?")
    window.answer("complete")
    return window


def test_a_source_opens_at_its_place(enter: Open) -> None:
    """A text is shown whole, scrolled to the marked passage; of a PDF the page's number and the passage."""
    window = answered(enter)
    window.hook("citation").first.click()
    mark = window.page.locator("mark")

    expect(mark).to_have_text(_FRUIT)
    expect(mark).to_be_in_viewport(ratio=1)
    assert window.hook("document-text").inner_text().startswith("🟦 Line 0 says")
    assert Axe().run(window.page)["violations"] == []
    window.page.keyboard.press("Escape")
    window.hook("citation").nth(1).click()
    expect(window.page.get_by_role("dialog")).to_contain_text("page 3")
    expect(mark).to_have_text(EGGS)


def test_a_long_line_opens_at_its_place_and_is_copied_whole(enter: Open) -> None:
    """A text without line breaks is laid out in blocks: the passage is in view, both ends can be reached, and a copy has no break in it."""
    window = enter()
    imitate(window)
    line = f"{_PROSE}{_FRUIT} {_PROSE}"
    attach(window, a_file("line.txt", line, "text/plain"))
    window.ask("What do toucans eat?")
    window.answer("complete")
    window.hook("citation").click()
    text = window.hook("document-text")

    expect(window.page.locator("mark")).to_have_text(_FRUIT)
    expect(window.page.locator("mark")).to_be_in_viewport(ratio=1)
    for end in ("first", "last"):
        block = getattr(text.locator("> div"), end)
        block.scroll_into_view_if_needed()
        expect(block).to_be_in_viewport()
    text.evaluate("element => getSelection().selectAllChildren(element)")
    window.page.keyboard.press("Control+c")
    assert window.page.evaluate("navigator.clipboard.readText()") == line


def test_a_number_in_the_answer_opens_its_source(enter: Open) -> None:
    """Where it stands in the text, by pointer and by keyboard; the focus comes back to it."""
    window = answered(enter)
    number = window.hook("cite").first
    number.press("Enter")
    expect(window.page.locator("mark")).to_have_text(_FRUIT)
    window.page.keyboard.press("Escape")

    expect(number).to_be_focused()
    expect(number).to_have_accessible_name("Open source 1")


def test_documents_and_sources_survive_a_reload(enter: Open, person: Person) -> None:
    """They are kept with the conversation: the next question is answered from them too, and the sources still open."""
    window = enter()
    searched = imitate(window)
    attach(window, *_FILES)
    window.ask("What do toucans eat?")
    window.answer("complete")
    window.reload()
    window.sign_in(person)
    window.hook("citation").first.click()
    expect(window.page.locator("mark")).to_have_text(_FRUIT)
    window.page.keyboard.press("Escape")
    window.ask("And what else?")
    window.answer("complete")

    assert [one["question"] for one in searched] == ["What do toucans eat?", "And what else?"]
    assert searched[0]["documents"] == searched[1]["documents"]


def test_what_was_typed_stays_when_a_file_comes(enter: Open) -> None:
    """A file makes a conversation that is kept; the draft moves with it. The next conversation has neither."""
    window = enter()
    window.hook("composer").fill("What do they")
    drop(window, "notes.md", "text/markdown")

    expect(window.hook("document")).to_have_text("notes.md1 kB")
    expect(window.hook("composer")).to_have_value("What do they")
    window.hook("new-conversation").click()
    expect(window.hook("composer")).to_have_value("")
    expect(window.hook("document")).to_have_count(0)


def test_the_limits_are_told_before_and_a_refusal_says_why(enter: Open) -> None:
    """What may be attached stands where one chooses; a picture for a model that sees none is told before anything is sent."""
    window = enter()
    window.hook("attach").click()
    expect(window.page.get_by_role("dialog")).to_contain_text("at most 20 files of 3 MB together")
    window.page.keyboard.press("Escape")
    window.choose("chinese")
    drop(window, "holiday.png", "image/png")

    expect(window.hook("refused")).to_contain_text(
        "“holiday.png” is a picture. Only text, Markdown and PDF can be attached here. And chinese sees no images."
    )
    attach(window, a_file("big.txt", "a" * 3_000_001, "text/plain"))
    expect(window.hook("refused")).to_contain_text("“big.txt” is too large: all files of a conversation may have 3 MB together.")
    expect(window.hook("document")).to_have_count(0)


def test_a_removed_document_is_searched_no_more(enter: Open) -> None:
    """Without documents a question goes to the model as ever."""
    window = enter()
    searched = imitate(window)
    attach(window, _FILES[1])
    window.page.get_by_role("button", name="Remove notes.md").click()
    expect(window.hook("document")).to_have_count(0)
    window.ask("What do toucans eat?")
    window.answer("complete")

    assert searched == []
    expect(window.hook("citation")).to_have_count(0)


def test_a_search_that_fails_is_the_answers_error(enter: Open) -> None:
    """No model is asked, so that no answer can look as if it were from the documents; trying again searches again."""
    window = enter()
    window.page.route("**/v1/passages", lambda route: route.fulfill(status=400, json=_UNREADABLE, headers={"access-control-allow-origin": "*"}))
    attach(window, _FILES[0])
    window.ask("What do toucans eat?")
    window.answer("error")
    expect(window.hook("error")).to_contain_text("birds.pdf holds no text")
    window.page.unroute("**/v1/passages")
    imitate(window)
    window.hook("regenerate").click()

    window.answer("complete")


_UNREADABLE = {"error": {"message": "birds.pdf holds no text", "type": "invalid_request_error", "code": "unreadable_document"}}


@pytest.mark.parametrize(
    "look", [Look("zh-CN", "dark"), PHONE._replace(locale="zh-CN"), PHONE._replace(scheme="dark")], ids=["zh-dark", "zh-phone", "phone"]
)
def test_axe_finds_nothing_on_documents_and_all_of_it_fits(enter: Open, look: Look) -> None:
    """The limits, the attached documents, a refusal, the sources and the open document."""
    window = enter(look)
    imitate(window)
    found: dict[str, Any] = {}
    window.hook("attach").click()
    expect(window.page.get_by_role("dialog")).to_be_visible()
    found["limits"] = _findings(window, window.page.get_by_role("dialog"))
    window.page.get_by_test_id("file-input").set_input_files([*_FILES, a_file("holiday.png", "x", "image/png")])
    found["attached"] = _findings(window, window.hook("refused"))
    window.ask("What do toucans eat?")
    window.answer("complete")
    found["sources"] = _findings(window, window.hook("sources"))
    window.hook("citation").first.click()
    found["open"] = _findings(window, window.page.locator("mark"))

    assert {state: [] for state in found} == found
    assert window.page.evaluate("document.documentElement.scrollWidth") <= look.width


def _findings(window: Visit, there: Locator) -> list[str]:
    expect(there).to_be_visible()
    window.page.evaluate("Promise.allSettled(document.getAnimations().filter((a) => a.effect.getTiming().iterations === 1).map((a) => a.finished))")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in Axe().run(window.page)["violations"]]
