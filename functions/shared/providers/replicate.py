"""Replicate: official models, versions and deployments. It answers a question with a prediction, and the answer is at the address in it.

Its models take one text. A row with a `template` gets the whole conversation as that one, and the model's own is switched off. Without: one
question goes as `prompt`, with what the system says as `system_prompt`; a longer talk by the template of the model's family where the name tells
it, else as `templates`' plain text within the model's own. Images, tools, several answers, log probabilities and JSON by force are refused; user,
logit_bias and whatever else these models do not know is left out. Replicate counts no tokens on this wire and does not say whether the cap
ended an answer: there is no usage, and every whole answer ends with "stop".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from functions.shared import documents, templates
from functions.shared.errors import UpstreamCut, UpstreamError, UpstreamInvalid
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint, Elsewhere, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

#: Members of a request that these models know by the same name.
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
# What families a name tells; Llama 4's, DeepSeek's and others' models bring their template and take no other.
_FAMILIES = (("llama-3", "llama3"), ("llama-2", "llama2"), ("mistral-7b", "mistral"), ("mixtral", "mistral"))
_BROKE_OFF = "The model's server broke off with an error. What came so far is not complete."
_VERSION = re.compile(r"[0-9a-f]{64}")
# Origin and path, without what readers of addresses disagree about: user names, backslashes, blanks, anything but ASCII in the path.
_ADDRESS = re.compile(r"(https?://[^/?#\\@\s]+)/[!-\[\]-~]*")
_THEIRS = re.compile(r"https://(?:[a-z0-9-]+\.)*replicate\.com")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?")

#: Its models that embed have inputs of their own, each another.
to_embed = from_embedded = None


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request for a prediction whose output streams. Raises UpstreamInvalid for what Replicate cannot do."""
    _check(asked)
    said, family = _said(target, asked["messages"])
    given = {name: asked[name] for name in _SAMPLING if asked.get(name) is not None}
    stop = _stop(asked.get("stop"))
    if stop or target.template:
        # What is asked for takes the place of the model's own: without the ends of its family it would talk on.
        given["stop_sequences"] = ",".join([*stop, *(templates.ends(family) if family else ())])
    path, version = _place(target.model)
    sent = {**version, "input": {**said, target.output_limit: asked["max_tokens"], **given}, "stream": True}
    headers = {"content-type": "application/json", "accept": "application/json", **_key(target)}
    return Outgoing("POST", f"{target.base_url}/{path}", headers, documents.write(sent))


def elsewhere(target: Target, raw: bytes) -> Elsewhere:
    """Return where a prediction streams and how it is cancelled. Raises UpstreamError, also for an address that must not get the owner's key."""
    prediction = read_object(raw)
    if prediction.get("status") in ("failed", "canceled", "aborted"):
        raise UpstreamError
    urls = prediction.get("urls")
    there: dict[str, Any] = urls if isinstance(urls, dict) else {}
    if not there.get("stream"):
        raise UpstreamError("This model does not stream its answers. Ask the owner to choose another one.")
    key = _key(target)
    stream, cancel = (_trusted(target.base_url, there.get(name)) for name in ("stream", "cancel"))
    return Elsewhere(
        Outgoing("GET", stream, {"accept": "text/event-stream", "cache-control": "no-store", **key}, b""),
        Outgoing("POST", cancel, key, b""),
    )


def from_wire(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks until `done`, which also comes after an error and when somebody cancelled."""
    name: str | None = None
    for event in events:
        if event is None or not event.data or event.event not in ("output", "done", "error"):
            yield None
        elif event.event == "output":
            delta = {"role": "assistant", "content": event.data} if name is None else {"content": event.data}
            name = event.id if name is None else name
            yield _chunk(name, delta, None)
        elif event.event == "error":
            raise UpstreamError(_BROKE_OFF)
        else:
            _check_end(event.data)
            yield _chunk(event.id if name is None else name, {}, "stop")
            return
    raise UpstreamCut


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer in a prediction that has succeeded."""
    prediction = read_object(raw)
    output = prediction.get("output")
    pieces = [output] if isinstance(output, str) else output
    if prediction.get("status") != "succeeded" or not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise UpstreamError("The model's server sent no text.")
    message = {"role": "assistant", "content": "".join(pieces)}
    name = prediction.get("id")
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": name if isinstance(name, str) else "", "object": "chat.completion", "created": 0, "model": "", "choices": [choice]}


def complaint(raw: bytes) -> Complaint:
    """Return `detail`, or `title`. A version that does not exist, or is somebody else's, is said with the status of a bad request."""
    try:
        problem = read_object(raw)
    except UpstreamError:
        return Complaint("")
    words = next((text.strip() for text in (problem.get("detail"), problem.get("title")) if isinstance(text, str) and text.strip()), "")
    return Complaint(words, status=404 if problem.get("title") == "Invalid version or not permitted" else 0)


def _check(asked: Mapping[str, Any]) -> None:
    form = asked.get("response_format")
    wanted = {
        "tools": asked.get("tools") or asked.get("functions"),
        "several answers": asked.get("n") not in (None, 1),
        "log probabilities": asked.get("logprobs"),
        "audio": asked.get("audio"),
        "response_format": form if not isinstance(form, dict) or form.get("type") != "text" else None,
    }
    for name, value in wanted.items():
        if value:
            raise UpstreamInvalid(f"This model has no {name}. Leave that out, or choose another model.")


def _said(target: Target, messages: list[dict[str, Any]]) -> tuple[dict[str, str], str]:
    """Return the members that carry the conversation, and the template whose marks end an answer, or ""."""
    said = templates.turns(messages)
    system, others = templates.split(said)
    family = target.template or next((template for part, template in _FAMILIES if part in target.model.lower()), "")
    if target.template or (family and len(others) > 1):
        return {"prompt": templates.render_turns(family, said), "prompt_template": "{prompt}"}, family
    prompt = others[0].text if len(others) == 1 else templates.render_turns("plain", others)
    return {"prompt": prompt, **({"system_prompt": system} if system else {})}, family


def _stop(asked: Any) -> list[str]:
    """Return the texts at which to stop. Raises UpstreamInvalid for what a list with commas cannot carry."""
    texts = asked if isinstance(asked, list) else [asked] if asked else []
    if any(not isinstance(text, str) or "," in text for text in texts):
        raise UpstreamInvalid("This model takes no `stop` with a comma. Choose other texts to stop at, or another model.")
    return [text for text in texts if text]


def _place(model: str) -> tuple[str, dict[str, str]]:
    """Return the path for a model, a deployment or a version, and the member that names a version."""
    version = model.rpartition(":")[2]
    if _VERSION.fullmatch(version):
        return "predictions", {"version": version}
    return f"{model if model.startswith('deployments/') else f'models/{model}'}/predictions", {}


def _trusted(base_url: str, address: Any) -> str:
    """Return an address out of an answer if it may get the key: the owner's own server or Replicate's, by a name that can be read in one way only.

    Raises UpstreamError for any other.
    """
    there = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if there is not None:
        own = there[1] == "/".join(base_url.split("/")[:3]) and (there[1].startswith("https://") or _LOOPBACK.fullmatch(there[1]))
        if own or _THEIRS.fullmatch(there[1]):
            return there[0]
    raise UpstreamError("The model's server sent us to an address that is not its own.")


def _key(target: Target) -> dict[str, str]:
    return {"authorization": f"Bearer {target.key}"} if target.key else {}


def _check_end(data: str) -> None:
    reason = read_object(data).get("reason")
    if reason == "canceled":
        raise UpstreamCut
    if reason:
        raise UpstreamError(_BROKE_OFF)


def _chunk(name: str, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": name, "object": "chat.completion.chunk", "created": 0, "model": "", "choices": choices}
