"""Every fault at every place: what a caller gets, as the table in `docs/faults.md`; and that nothing leaks, whatever happens.

The page is written anew only by `python -m tests.functions.chat.test_faults`; what changed is then a diff to be read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functions.chat.faults import AFTER, ANTHROPIC, BEFORE, BETWEEN, FAULTS, REPLICATE, Fault
from tests.functions.chat.observed import Case, Seen, observe
from tests.functions.chat.stand import QUESTION, UPSTREAM_KEY, ending, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
#: The most that one question may take of Python's memory, in bytes: twice the longest event, text and bytes.
PEAK = 32_000_000
CASES = (Case(streamed=True, routed=False), Case(streamed=False, routed=False), Case(streamed=True, routed=True), Case(streamed=False, routed=True))
TABLES = (("Any server of OpenAI's shape", FAULTS), ("Anthropic", ANTHROPIC), ("Replicate", REPLICATE))
_ALL = [fault for _, faults in TABLES for fault in faults]
_HEAD = """# What happens when a model's server fails

Each row is a server that does this. `tests/functions/chat/test_faults.py` plays all of them and compares this page with what it sees;
`python -m tests.functions.chat.test_faults` writes the page anew. Each question is asked for a stream and for a whole answer, of one model
alone and of a route whose second model is well.

* "the answer": the whole one, ended by `[DONE]` where it streams. "the other's answer": the second model's, and not a word of the first one's.
* A number and a code: the HTTP status and the error's `code`; nothing was sent before it. "what came, then" a code: the status was 200 already,
  so the answer so far stays, and one error within the stream ends it, without `[DONE]`.
* "asked 3 times": it was tried again, because that can help. With a second model there is no waiting: that one is asked instead.
* A limit ends what stalls: `FIRST_TOKEN_SECONDS`, `IDLE_SECONDS` and `TOTAL_SECONDS`, or the row's own. A plain answer has only the total: for a
  second model to have time left, the row needs a `total_seconds` of its own, as it has here.
* Each time: exactly one end, and one log line; no key in the answer or the log, and no question or answer in the log; every connection, thread
  and file given back; less than 32 MB of memory taken. What a server says of a request that it refuses (400, 413, 422) reaches whoever asked,
  without the key and cut short. Nothing else does that it says in an error.
"""


def words(fault: Fault, case: Case, seen: Seen) -> str:
    """Return what a caller gets, as the page says it."""
    tries = f", asked {seen.asked} times" if seen.asked > 1 and fault.vendor != "replicate" else ""
    error = code(case, seen)
    if error:
        return f"{seen.status} `{error}`{tries}" if seen.status != 200 else f"what came, then `{error}`"
    counts = [seen.line.get(name) for name in ("prompt_tokens", "completion_tokens")]
    counted = "" if None in counts else f" ({counts[0]} + {counts[1]} tokens)"
    return "the other's answer" if seen.line["model"] == "good" else f"the answer{counted}"


def row(fault: Fault, seen: Iterable[tuple[Case, Seen | None]]) -> str:
    """Return a fault's line of the table."""
    return " | ".join([f"| {fault.does}", *("–" if one is None else words(fault, case, one) for case, one in seen)]) + " |"


def looked(fault: Fault) -> list[tuple[Case, Seen | None]]:
    """Return what was seen in each case that there is."""
    return [(case, observe(fault, case) if (fault.streamed if case.streamed else fault.plain) else None) for case in CASES]


def page_rows() -> dict[tuple[str, str, str], str]:
    """Return the page's lines by vendor, place and what the server does."""
    rows: dict[tuple[str, str, str], str] = {}
    title = place = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        title = line[3:] if line.startswith("## ") else title
        place = line[4:] if line.startswith("### ") else place
        if line.startswith("| ") and not line.startswith(("| The server", "| ---")):
            rows[title, place, line.split(" | ")[0][2:]] = line
    return rows


def named(fault: Fault) -> tuple[str, str, str]:
    """Return where a fault stands on the page."""
    return next(title for title, faults in TABLES if fault in faults), fault.place, fault.does


@pytest.mark.parametrize("fault", _ALL, ids=[f"{one.vendor} {one.place} {one.does}" for one in _ALL])
def test_a_fault_ends_as_the_page_says(fault: Fault) -> None:
    """With one end, no secret told, nothing left behind and little memory."""
    seen = looked(fault)

    assert page_rows()[named(fault)] == row(fault, seen)
    for case, one in seen:
        if one is not None:
            check(case, one)


def check(case: Case, seen: Seen) -> None:
    """Hold what was seen to what holds for every question."""
    streams = case.streamed and seen.status == 200
    ends = [one for one in seen.frames if one == b"data: [DONE]\n\n" or b'"error":' in one] if streams else [seen.body]
    whole = text(seen.frames) if streams and b"[DONE]" in seen.body else ""
    assert ([seen.frames[-1] if streams else seen.body], (0, 0, 0)) == (ends, seen.left)
    assert whole in ("", "Hel", "Hello", "x" * 20_000)
    assert seen.peak < PEAK
    assert UPSTREAM_KEY not in f"{seen.headers}{seen.body!r}{seen.log}"
    assert [] == [said for said in (QUESTION, "Hel", "html") if said in seen.log]
    assert QUESTION not in f"{seen.headers}{seen.body!r}" or seen.status == 400
    assert (seen.status, code(case, seen), "house") == tuple(seen.line.get(name) for name in ("status", "code", "asked"))


def code(case: Case, seen: Seen) -> str | None:
    """Return the code of the error that a caller got, or None."""
    if seen.status != 200:
        return str(json.loads(seen.body)["error"]["code"])
    end = ending(seen.frames) if case.streamed else "[DONE]"
    return None if end == "[DONE]" else end


def test_the_page_has_no_other_rows() -> None:
    """And each of these once."""
    assert sorted(map(named, _ALL)) == sorted(page_rows())


def written() -> Iterator[str]:
    """Yield the page's lines, as things are now."""
    yield _HEAD
    for title, faults in TABLES:
        yield f"## {title}\n"
        for place in (BEFORE, BETWEEN, AFTER):
            yield f"### {place}\n"
            yield "| The server | one model, streamed | one model, plain | two, streamed | two, plain |"
            yield "| --- | --- | --- | --- | --- |"
            yield from (row(fault, looked(fault)) for fault in faults if fault.place == place)
            yield ""


if __name__ == "__main__":
    PAGE.write_text("\n".join(written()), encoding="utf-8")
    sys.stdout.write(f"{len(_ALL)} faults written\n")
