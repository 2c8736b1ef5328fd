"""A visit to the page as a person makes it: what tests do by name, in one place. Looks for roles, labels and the page's stable hooks only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

    from tests.browser.program import Person

#: How long a slow machine may take for an answer of the real model, in milliseconds.
PATIENCE = 90_000

#: Counts, in the page, how many lengths the last answer had while it was streaming.
WATCH = """() => {
  window.lengths = new Set();
  new MutationObserver(() => {
    const last = [...document.querySelectorAll('[data-role=assistant][data-state=streaming]')].pop();
    if (last && last.textContent) window.lengths.add(last.textContent.length);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


# Whether the device has each conversation's last answer as it ended.
_KEPT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("twocan");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("bodies").objectStore("bodies").getAll();
    reading.onsuccess = () => {
      opening.result.close();
      const last = reading.result.flatMap(({ messages }) => messages.slice(-1));
      resolve(last.length > 0 && last.every(({ role, state }) => role === "assistant" && state !== "streaming"));
    };
  };
})"""


class Look(NamedTuple):
    """How a browser is set up."""

    locale: str = "en-US"
    scheme: Any = "light"
    width: int = 1280
    height: int = 800


PHONE = Look(width=390, height=844)


class Running(Protocol):
    """What can be visited: its page's address, and under `ready` its API's."""

    page: str
    ready: dict[str, Any]


class Visit:
    """One person's browser window at one product. `foreign` and `faults` collect what must not happen."""

    def __init__(self, context: BrowserContext, product: Running) -> None:
        self.page: Page = context.new_page()
        self.foreign: list[str] = []
        self.faults: list[str] = []
        origins = (product.page, product.ready["api"])
        self.page.on("request", lambda request: None if request.url.startswith((*origins, "data:", "blob:")) else self.foreign.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda line: self.faults.append(line.text) if "Security Policy" in line.text or "Trusted" in line.text else None)
        self.page.goto(product.page)

    def hook(self, name: str) -> Locator:
        """Return the visible elements with this data-testid."""
        return self.page.get_by_test_id(name).filter(visible=True)

    def sign_in(self, person: Person) -> None:
        """Sign in, and wait for whatever comes of it to be asked for."""
        form = self.hook("sign-in")
        form.locator("[name=username]").fill(person.username)
        form.locator("[name=password]").fill(person.password)
        form.locator("[type=submit]").click()

    def choose(self, model: str) -> None:
        """Choose a model."""
        self.hook("model-picker").click()
        self.page.get_by_role("option").and_(self.page.locator(f'[data-value="{model}"]')).click()

    def ask(self, question: str) -> None:
        """Write a question and send it with the Enter key."""
        self.hook("composer").fill(question)
        self.hook("composer").press("Enter")

    def reload(self) -> None:
        """Reload the page once what was said is kept: what is being written at that moment may be lost."""
        self.page.wait_for_function(_KEPT)
        self.page.reload()

    def answer(self, state: str) -> Locator:
        """Return the last answer, once it is in this state."""
        last = self.page.locator('[data-testid=message][data-role="assistant"]').last
        expect(last).to_have_attribute("data-state", state, timeout=PATIENCE)
        return last

    def questions(self) -> Locator:
        """Return what the person has asked in this conversation."""
        return self.page.locator('[data-testid=message][data-role="user"]')
