"""Models on SageMaker endpoints: one's own, in a container that speaks OpenAI's chat completions, or text-generation-inference's own words.

It knows how SageMaker wraps a container's answer and its errors, and what text-generation-inference (TGI) says where the row names a template:
a text goes in, tokens come out. The row's `model` is the endpoint's name; the containers know one model and go without its name. A call is signed for
the region in the address (`.sagemaker.REGION.`); any other address, such as an emulator's, is taken for one in us-east-1.

For TGI what changes only the taste of an answer and has no place there is left out: logit_bias, presence_penalty, user and the like. What would be
missed is refused: see `_CANNOT`; images and tools by the template. TGI ends an answer with the stop sequence that it met; only those of the
templates are taken off.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from functions.shared import documents, sse, templates
from functions.shared.errors import UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid, UpstreamTimeout
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint, openai, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

#: The answer to a question is the answer.
elsewhere = to_embed = from_embedded = None

_REGION = re.compile(r"\.sagemaker\.([a-z0-9-]+)\.")
# Members whose effect the caller would miss where a template makes one text of the conversation.
_CANNOT = ("tools", "functions", "response_format", "logprobs", "audio", "web_search_options")
#: Stop sequences that TGI takes at most, unless its owner lets it take more.
_STOPS = 4
# Words of TGI, and of vLLM, which has no code for it.
_TOO_LONG = re.compile(
    r"`inputs` must have less than|`inputs` tokens \+ `max_new_tokens` must be|maximum context length|longer than the maximum model length"
)
_NO_ENDPOINT = re.compile(r"^Endpoint \S+ of account \S+ not found|Inference Component \S+ not found", re.IGNORECASE)
_FINISH = {"length": "length", "eos_token": "stop", "stop_sequence": "stop"}
_BROKEN_OFF = "The model's server broke off with an error. What came so far is not complete."


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send. Raises UpstreamInvalid for what a template has no place for."""
    sent = _to_generate(target, asked) if target.template else _to_chat(target, asked)
    streamed = asked.get("stream")
    url = f"{target.base_url}/endpoints/{target.model}/invocations{'-response-stream' if streamed else ''}"
    accept = "application/vnd.amazon.eventstream" if streamed else "application/json"
    region = _REGION.search(target.base_url)
    signed = (region[1] if region else "us-east-1", "sagemaker")
    return Outgoing("POST", url, {"content-type": "application/json", "accept": accept}, documents.write(sent), signed)


def _to_chat(target: Target, asked: Mapping[str, Any]) -> dict[str, Any]:
    # Without `model`: vLLM refuses a name that it does not know, and the name that it was given is not the endpoint's.
    sent = {name: value for name, value in asked.items() if name not in ("model", "max_tokens")}
    sent[target.output_limit] = asked["max_tokens"]
    return sent


def _to_generate(target: Target, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what TGI's `generate` takes: a text, and how to go on from it."""
    if asked.get("n") not in (None, 1):
        raise UpstreamInvalid("This model writes one answer at a time. Leave out `n`, or ask several times.")
    for name in _CANNOT:
        if asked.get(name) and asked[name] != {"type": "text"}:
            raise UpstreamInvalid(f"This model takes text and writes text, nothing else. Leave out `{name}`, or choose another model.")
    stop = asked.get("stop") or []
    stops = stop if isinstance(stop, list) else [stop]
    # The caller's first: the model may know by itself where a turn ends.
    stops = [*stops, *templates.ends(target.template)][: max(_STOPS, len(stops))]
    parameters = {"max_new_tokens": asked["max_tokens"], "stop": stops, "details": True, "return_full_text": False}
    # TGI samples only if it is told to, and refuses a temperature of 0 and a top_p of 1, which say that nothing is to be done.
    parameters["do_sample"] = asked.get("temperature") != 0
    nothing = {"temperature": (None, 0), "top_p": (None, 1), "seed": (None,), "frequency_penalty": (None, 0)}
    parameters |= {name: asked[name] for name, values in nothing.items() if asked.get(name) not in values}
    return {"inputs": templates.render(target.template, asked["messages"]), "parameters": parameters, "stream": bool(asked.get("stream"))}


def from_wire(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks of what the container says in parts; its first words tell whose words they are."""
    said = _said(events)
    for event in said:
        if event is None or not event.data:
            yield None
            continue
        whole = chain([event], said)
        yield from _generated(whole) if _is_generated(event.data) else openai.from_wire(whole)
        return
    raise UpstreamCut


def _said(events: Iterable[Event | None]) -> Iterator[Event | None]:
    """Yield the container's own events, which the parts cut anywhere. Raises UpstreamError for one of SageMaker's."""
    decoder = sse.Decoder()
    for event in events:
        if event is None:
            yield None
            continue
        if event.event == "exception":
            raise _exception(event)
        found = decoder.feed(event.data.encode("latin-1", "replace")) if event.event == "PayloadPart" else []
        if not found:
            yield None
        yield from found


def _exception(event: Event) -> UpstreamError:
    """Return what an exception within a stream means. Its words are not passed on: they name the owner's account."""
    try:
        code = read_object(event.data).get("ErrorCode")
    except UpstreamError:
        code = None
    if code == "StreamBroken":
        return UpstreamCut()
    if code == "ModelInvocationTimeExceeded":
        return UpstreamTimeout("The answer took longer than SageMaker lets one take. What came so far is not complete.")
    return UpstreamBusy() if event.id == "ThrottlingException" else UpstreamError(_BROKEN_OFF)


def _is_generated(data: str) -> bool:
    return data != "[DONE]" and bool(read_object(data).keys() & {"token", "error_type"})


def _generated(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks of TGI's tokens. Only the last one has details, or at least the text as a whole."""
    ends = _Ends()
    yield _chunk({"role": "assistant", "content": ""})
    for event in events:
        if event is None or not event.data:
            yield None
            continue
        said = read_object(event.data)
        if said.get("error") or event.event == "error":
            raise UpstreamBusy if said.get("error_type") == "overloaded" else UpstreamError(_BROKEN_OFF)
        details = said.get("details")
        over = isinstance(details, dict) or said.get("generated_text") is not None
        text = ends.passed(_token(said))
        if over:
            text += ends.rest(details)
        yield _chunk({"content": text}) if text else None
        if over:
            yield from _over(details)
            return
    raise UpstreamCut


def _token(said: dict[str, Any]) -> str:
    token = said.get("token")
    text = token.get("text") if isinstance(token, dict) and not token.get("special") else None
    return text if isinstance(text, str) else ""


class _Ends:
    """Holds back what may be the beginning of a template's end: TGI sends the stop sequence as part of the answer, piece by piece."""

    def __init__(self) -> None:
        self._beginnings = {end[:size] for end in _all_ends() for size in range(1, len(end) + 1)}
        self._longest = max(map(len, self._beginnings))
        self._first = {end[0] for end in _all_ends()}
        self._held = ""

    def passed(self, token: str) -> str:
        """Return what can go out now."""
        if not self._held and self._first.isdisjoint(token):
            return token
        text = self._held + token
        for size in range(min(self._longest, len(text)), 0, -1):
            if text[-size:] in self._beginnings:
                self._held = text[-size:]
                return text[:-size]
        self._held = ""
        return text

    def rest(self, details: Any) -> str:
        """Return what was held back, if it was no end."""
        return _without_end(self._held, details)


def _all_ends() -> set[str]:
    # Of all templates: an answer does not say which one its question was made with.
    return {end for name in templates.NAMES for end in templates.ends(name)}


def _without_end(text: str, details: Any) -> str:
    if isinstance(details, dict) and details.get("finish_reason") == "stop_sequence":
        for end in _all_ends():
            text = text.removesuffix(end)
    return text


def _over(details: Any) -> Iterator[dict[str, Any]]:
    yield _chunk({}, _finish(details))
    usage = _usage(details)
    if usage:
        yield {**_chunk({}), "choices": [], "usage": usage}


def _finish(details: Any) -> str:
    reason = details.get("finish_reason") if isinstance(details, dict) else None
    return _FINISH.get(reason, "stop") if isinstance(reason, str) else "stop"


def _usage(details: Any) -> dict[str, int]:
    """Return the counts that TGI gives: of what it read in newer versions only, or as the list of all that it read."""
    if not isinstance(details, dict):
        return {}
    prefill = details.get("prefill")
    read = details.get("input_length", len(prefill) if isinstance(prefill, list) and prefill else None)
    counts = {"prompt_tokens": read, "completion_tokens": details.get("generated_tokens")}
    usage = {name: count for name, count in counts.items() if type(count) is int}
    return {**usage, "total_tokens": sum(usage.values())} if len(usage) == len(counts) else usage


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "", "object": "chat.completion.chunk", "created": 0, "model": "", "choices": [choice]}


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer: OpenAI's as it came; TGI's text, which older versions put into a list."""
    answer = read_object(b'{"answers": %b}' % raw)["answers"]
    first = answer[0] if isinstance(answer, list) and answer else answer
    text = first.get("generated_text") if isinstance(first, dict) else None
    if not isinstance(text, str):
        return openai.from_plain(raw)
    details = first.get("details")
    message = {"role": "assistant", "content": _without_end(text, details)}
    choice = {"index": 0, "message": message, "finish_reason": _finish(details)}
    usage = _usage(details)
    whole = {"id": "", "object": "chat.completion", "created": 0, "model": "", "choices": [choice]}
    return {**whole, "usage": usage} if usage else whole


def complaint(raw: bytes) -> Complaint:
    """Return what is wrong: in the container's own words, if it is the container that complains. SageMaker's own would show the owner's account."""
    try:
        said = read_object(raw)
    except UpstreamError:
        return Complaint("")
    if said.keys() & {"OriginalMessage", "OriginalStatusCode", "LogStreamArn"}:
        return _of_container(said.get("OriginalMessage"), said.get("OriginalStatusCode"))
    message = said.get("Message", said.get("message"))
    if not isinstance(message, str):
        return Complaint("")
    return Complaint("", status=404) if _NO_ENDPOINT.search(message) else Complaint(message)


def _of_container(original: Any, status: Any) -> Complaint:
    text = original if isinstance(original, str) else ""
    inner = openai.complaint(text.encode())
    message = inner.message or _message(text)
    if inner.too_long or _TOO_LONG.search(message):
        # Some containers have another status for it.
        return Complaint(message, too_long=True, status=400)
    return Complaint(message, status=status if isinstance(status, int) and 400 <= status < 600 else 0)


def _message(text: str) -> str:
    """Return the message in {"message": …}, as vLLM once had it, or a text that is no JSON; HTML says nothing to anybody."""
    try:
        message = read_object(text).get("message")
    except UpstreamError:
        return "" if text.lstrip().startswith(("<", "{", "[")) else text
    return message if isinstance(message, str) else ""
