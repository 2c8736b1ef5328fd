"""Each vendor's wire, from golden files, both ways: vendor by (plain, stream, tools, image, usage, error).

A golden file is tests/fixtures/vendors/VENDOR/CASE.json. Its members: `source` (the public page that it was written from), `target` (members of the
row), `asked` (what came in, in OpenAI's shape), `sent` (what goes to the vendor); and what comes back, one of: `raw` with `answer` (whole), with
`complaint` (refused) or with `elsewhere` (where the answer is); `events` with `chunks`, and with `code` where they end with an error. Embeddings:
`embeds` and `sent_to_embed`, `raw_embedded` and `embedded`. Where a vendor cannot do a thing, `refused` has the code of the error instead of
`sent`. To add a vendor, write its files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.shared import providers
from functions.shared.errors import TwocanError
from functions.shared.providers import PROVIDERS, Complaint, Target
from functions.shared.sse import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.shared.outbound import Outgoing

FOLDER = Path(__file__).parents[1] / "fixtures" / "vendors"
GOLDENS = {f"{path.parent.name}/{path.stem}": path for path in sorted(FOLDER.glob("*/*.json"))}
#: What every vendor has a file for, whether it can do it or says that it cannot.
CASES = {"plain", "stream", "tools", "tools_stream", "image", "usage", "error", "error_stream"}
TARGET = Target("house", "any", "https://models.example/v1", "vendor/model-7", "sk-of-the-owner", "max_tokens")


def golden(name: str) -> dict[str, Any]:
    """Return a golden file."""
    document: dict[str, Any] = json.loads(GOLDENS[name].read_text(encoding="utf-8"))
    return document


def having(*members: str) -> pytest.MarkDecorator:
    """Return the golden files that have these members, as a parameter."""
    return pytest.mark.parametrize("name", [name for name in GOLDENS if set(members) <= set(golden(name))])


def target(document: dict[str, Any]) -> Target:
    """Return the row that a golden file is about."""
    return TARGET._replace(**document.get("target", {}))


def written(call: Outgoing) -> dict[str, Any]:
    """Return a call as golden files have it: the body as what it means."""
    signed = {"signed": list(call.signed)} if call.signed else {}
    return {"method": call.method, "url": call.url, "headers": dict(call.headers), "body": json.loads(call.body) if call.body else None, **signed}


def events(document: dict[str, Any]) -> Iterable[Event]:
    """Return the events of a golden file: each a name and its data, as text or as the JSON that it is."""
    for name, data in document["events"]:
        yield Event(name, data if isinstance(data, str) else json.dumps(data), "")


@pytest.mark.parametrize("vendor", PROVIDERS)
def test_every_vendor_has_every_case(vendor: str) -> None:
    """None is forgotten; what a vendor cannot do has a file that says so."""
    assert CASES <= {path.stem for path in (FOLDER / vendor).glob("*.json")}


@having("embeds", "sent_to_embed")
def test_embeddings_are_asked_for_in_the_vendors_words(name: str) -> None:
    """Address, headers and body, and nothing else."""
    document = golden(name)
    to_embed = providers.load(name.partition("/")[0]).to_embed
    assert to_embed

    assert document["sent_to_embed"] == written(to_embed(target(document), document["embeds"]))


@having("raw_embedded", "embedded")
def test_embeddings_are_ours(name: str) -> None:
    """In OpenAI's shape."""
    document = golden(name)
    from_embedded = providers.load(name.partition("/")[0]).from_embedded
    assert from_embedded

    assert document["embedded"] == from_embedded(json.dumps(document["raw_embedded"]).encode())


@having("sent")
def test_what_is_asked_is_sent_in_the_vendors_words(name: str) -> None:
    """Address, headers and body, and nothing else."""
    document = golden(name)
    provider = providers.load(name.partition("/")[0])

    assert document["sent"] == written(provider.to_wire(target(document), document["asked"]))


@having("refused")
def test_what_a_vendor_cannot_do_is_refused_before_it_costs_anything(name: str) -> None:
    """By an error that says what to do."""
    document = golden(name)

    with pytest.raises(TwocanError) as raised:
        providers.load(name.partition("/")[0]).to_wire(target(document), document["asked"])
    assert document["refused"] == raised.value.code


@having("raw", "answer")
def test_a_whole_answer_is_ours(name: str) -> None:
    """In OpenAI's shape."""
    document = golden(name)

    assert document["answer"] == providers.load(name.partition("/")[0]).from_plain(json.dumps(document["raw"]).encode())


@having("raw", "complaint")
def test_a_refusal_is_understood(name: str) -> None:
    """Its words, whether the conversation is too long, and which status it means."""
    document = golden(name)

    assert Complaint(**document["complaint"]) == providers.load(name.partition("/")[0]).complaint(json.dumps(document["raw"]).encode())


@having("raw", "elsewhere")
def test_an_answers_address_is_read(name: str) -> None:
    """With the call that ends it."""
    document = golden(name)
    elsewhere = providers.load(name.partition("/")[0]).elsewhere
    assert elsewhere
    place = elsewhere(target(document), json.dumps(document["raw"]).encode())

    assert document["elsewhere"] == {"answer": written(place.answer), "cancel": written(place.cancel)}


@having("events", "chunks")
def test_a_stream_is_ours(name: str) -> None:
    """Each chunk, and the error that it ends with, if it does."""
    document = golden(name)
    chunks: list[Any] = []
    code = None
    try:
        chunks += providers.load(name.partition("/")[0]).from_wire(events(document))
    except TwocanError as error:
        code = error.code

    assert (document.get("code"), document["chunks"]) == (code, [one for one in chunks if one is not None])
