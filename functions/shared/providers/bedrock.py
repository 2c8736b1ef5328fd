"""Amazon Bedrock's Converse API: one form for the models of every maker there. The row's `model` is a model's or an inference profile's id or ARN.

It knows Converse's messages, which are made of blocks and take turns, its tools, its answers and its exceptions. A call is signed for the region in
the address (`bedrock-runtime.REGION.`, else us-east-1), unless the row's key is a Bedrock API key, which has no colon. Left out is what changes only
the taste of an answer and has no place there: seed, logit_bias, penalties, reasoning_effort, user, metadata, an image's detail, and the reasoning of
earlier turns, which could go back only with its signature. Refused is what would be missed: see `_CANNOT`. To carry another kind of part, add it to
`_part`; another kind of block, to `_Answer.grow` and `from_plain`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from functions.shared import documents
from functions.shared.errors import ContextTooLong, InvalidJSON, UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

#: The answer to a question is the answer.
elsewhere = to_embed = from_embedded = None

_REGION = re.compile(r"[/.]bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")
# RFC 3986, 2.3: what stands for itself in a path.
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")
# Members whose effect the caller would miss.
_CANNOT = ("functions", "function_call", "logprobs", "audio", "web_search_options")
_IMAGE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/]+={0,2})\Z", re.IGNORECASE)
_SYSTEM = ("system", "developer")
_CHOICES: dict[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}
# An id that another vendor gave may have other characters, or more of them.
_FOREIGN = re.compile(r"[^a-zA-Z0-9_.:-]")
_FINISH = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
# The makers' words for it: Bedrock has no code.
_TOO_LONG = re.compile(r"(?:input|prompt) is too long|too many input tokens|input tokens exceed|context (?:length|window)", re.IGNORECASE)
_NO_MODEL = re.compile(r"model identifier is invalid|on-demand throughput isn.t supported|reached the end of its life", re.IGNORECASE)


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send. Raises UpstreamInvalid for what Converse cannot do."""
    _check(asked)
    streamed = asked.get("stream")
    name = _RESERVED.sub(lambda found: b"%%%02X" % ord(found[0]), target.model.encode()).decode()
    url = f"{target.base_url}/model/{name}/converse{'-stream' if streamed else ''}"
    headers = {"content-type": "application/json", "accept": "application/vnd.amazon.eventstream" if streamed else "application/json"}
    sent = documents.write(_converse(asked))
    if target.key and ":" not in target.key:
        return Outgoing("POST", url, {**headers, "authorization": f"Bearer {target.key}"}, sent)
    region = _REGION.search(target.base_url)
    return Outgoing("POST", url, headers, sent, (region[1] if region else "us-east-1", "bedrock"))


def _check(asked: Mapping[str, Any]) -> None:
    for name in _CANNOT:
        if asked.get(name):
            raise UpstreamInvalid(f"This model knows texts, images and `tools`. Leave out `{name}`, or choose another model.")
    if asked.get("n") not in (None, 1):
        raise UpstreamInvalid("This model writes one answer at a time. Leave out `n`, or ask several times.")
    if asked.get("parallel_tool_calls") is False and asked.get("tools"):
        raise UpstreamInvalid("This model may call several tools at once. Leave out `parallel_tool_calls`.")


def _converse(asked: Mapping[str, Any]) -> dict[str, Any]:
    messages = _messages(asked["messages"])
    if not messages:
        raise UpstreamInvalid("There is nothing to answer: send a message of a user's that is not empty.")
    stop = asked.get("stop")
    limits = {"maxTokens": asked["max_tokens"], "temperature": asked.get("temperature"), "topP": asked.get("top_p")}
    limits["stopSequences"] = [stop] if isinstance(stop, str) else stop
    sent = {"messages": messages, "inferenceConfig": {name: value for name, value in limits.items() if value is not None}}
    system = [block for message in asked["messages"] if message["role"] in _SYSTEM for block in _texts(message)]
    optional = {"system": system, "toolConfig": _tool_config(asked, messages), "outputConfig": _output_config(asked.get("response_format"))}
    return sent | {name: value for name, value in optional.items() if value}


def _messages(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns: Converse wants user and assistant to alternate, so neighbours of one role are one, with the tools' results in a user's."""
    turns: list[dict[str, Any]] = []
    for message in asked:
        if message["role"] in _SYSTEM:
            continue
        role, blocks = _turn(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def _turn(message: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    if message["role"] == "user":
        return "user", _blocks(message)
    if message["role"] == "assistant":
        return "assistant", [*_texts(message), *map(_tool_use, _list(message.get("tool_calls")))]
    if message["role"] == "tool":
        # A result must have something in it, and no text may be blank.
        return "user", [{"toolResult": {"toolUseId": _id(message.get("tool_call_id")), "content": _blocks(message) or [{"text": "(empty)"}]}}]
    raise UpstreamInvalid("This model knows messages of system, developer, user, assistant and tool. Leave out others.")


def _texts(message: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = _blocks(message)
    if any("image" in block for block in blocks):
        raise UpstreamInvalid("This model takes images from users and tools only.")
    return blocks


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a message's content as blocks, without blank texts, which Converse refuses."""
    content = message.get("content") or []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [block for block in map(_part, parts) if "text" not in block or block["text"].strip()]


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, dict):
        text = part.get("text", part.get("refusal"))
        if isinstance(text, str):
            return {"text": text}
        if part.get("type") == "image_url":
            return _image(part.get("image_url"))
    raise UpstreamInvalid("This model reads texts and images. Leave out audio, files and other parts.")


def _image(image: Any) -> dict[str, Any]:
    url = image.get("url") if isinstance(image, dict) else image
    found = _IMAGE.match(url) if isinstance(url, str) else None
    if not found:
        raise UpstreamInvalid("This model takes PNG, JPEG, GIF and WebP images as data:image/png;base64,… and none by its address.")
    return {"image": {"format": found[1].lower().replace("jpg", "jpeg"), "source": {"bytes": found[2]}}}


def _tool_use(call: Any) -> dict[str, Any]:
    function = _function(call)
    try:
        given = documents.parse(str(function.get("arguments") or "{}").encode("utf-8", "replace"))
    except InvalidJSON:
        raise UpstreamInvalid("The arguments of an earlier tool call are no JSON object. Leave out that call and its result.") from None
    return {"toolUse": {"toolUseId": _id(call.get("id")), "name": function.get("name"), "input": given}}


def _function(owner: Any) -> dict[str, Any]:
    function = _member(owner, "function")
    if not isinstance(function, dict):
        raise UpstreamInvalid("This model knows functions as tools, and a `tool_choice` of auto, required, none or one function.")
    return function


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _id(given: Any) -> str:
    return _FOREIGN.sub("_", str(given))[:64]


def _tool_config(asked: Mapping[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the tools, {} for none. Converse cannot forbid tools that it knows of, nor go without in a conversation that has used some."""
    choice = asked.get("tool_choice")
    tools = list(map(_tool, _list(asked.get("tools")))) if choice != "none" else []
    if not tools:
        if any("toolUse" in block or "toolResult" in block for turn in messages for block in turn["content"]):
            raise UpstreamInvalid("This conversation has used tools: this model wants `tools` along with it, and no `tool_choice` of none.")
        return {}
    return {"tools": tools, **({"toolChoice": _choice(choice)} if choice else {})}


def _tool(tool: Any) -> dict[str, Any]:
    function = _function(tool)
    spec = {"name": function.get("name"), "inputSchema": {"json": function.get("parameters") or {"type": "object", "properties": {}}}}
    return {"toolSpec": spec | {name: function[name] for name in ("description", "strict") if function.get(name)}}


def _choice(choice: Any) -> dict[str, Any]:
    if isinstance(choice, str) and choice in _CHOICES:
        return _CHOICES[choice]
    return {"tool": {"name": _function(choice).get("name")}}


def _output_config(wanted: Any) -> dict[str, Any]:
    """Return the form that the answer is to have, {} for any."""
    if not wanted or wanted == {"type": "text"}:
        return {}
    form = _member(wanted, "json_schema")
    if not isinstance(_member(form, "schema"), dict):
        raise UpstreamInvalid("This model takes a `response_format` of text or json_schema. Ask for JSON in words, or send a schema.")
    schema = {"schema": documents.write(form["schema"]).decode(), **{name: form[name] for name in ("name", "description") if form.get(name)}}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def from_wire(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks. The answer is whole at messageStop; what it cost follows in metadata, with which a stream ends."""
    answer = _Answer()
    stopped = False
    for event in events:
        if event is None:
            yield None
            continue
        if event.event == "exception":
            raise _exception(event)
        read = _READ.get(event.event)
        yield read(answer, read_object(event.data)) if read else None
        stopped = stopped or event.event == "messageStop"
        if stopped and event.event == "metadata":
            return
    if not stopped:
        raise UpstreamCut


class _Answer:
    """What is said, event by event. Bedrock counts a call's block with those of texts; a caller counts calls only."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        self._silent: set[int] = set()

    def start(self, said: dict[str, Any]) -> dict[str, Any]:
        return _chunk({"role": said.get("role", "assistant"), "content": ""})

    def begin(self, said: dict[str, Any]) -> dict[str, Any] | None:
        block, use = said.get("contentBlockIndex"), _member(said, "start", "toolUse")
        if not isinstance(use, dict) or not isinstance(block, int):
            return None
        self._calls[block] = len(self._calls)
        self._silent.add(block)
        return self._call(block, {"id": use.get("toolUseId"), "type": "function", "function": {"name": use.get("name"), "arguments": ""}})

    def grow(self, said: dict[str, Any]) -> dict[str, Any] | None:
        delta = said.get("delta")
        text = delta.get("text") if isinstance(delta, dict) else None
        if isinstance(text, str):
            return _chunk({"content": text})
        block, piece = said.get("contentBlockIndex"), _member(delta, "toolUse", "input")
        if isinstance(piece, str) and piece and isinstance(block, int) and block in self._calls:
            self._silent.discard(block)
            return self._call(block, {"function": {"arguments": piece}})
        thought = _member(delta, "reasoningContent", "text")
        return _chunk({"reasoning_content": thought}) if isinstance(thought, str) else None

    def end(self, said: dict[str, Any]) -> dict[str, Any] | None:
        block = said.get("contentBlockIndex")
        # A call without arguments says nothing of them, where a caller reads JSON.
        return self._call(block, {"function": {"arguments": "{}"}}) if isinstance(block, int) and block in self._silent else None

    def stop(self, said: dict[str, Any]) -> dict[str, Any]:
        return _chunk({}, _finish(said.get("stopReason")))

    def count(self, said: dict[str, Any]) -> dict[str, Any] | None:
        usage = _usage(said.get("usage"))
        return {**_chunk({}), "choices": [], "usage": usage} if usage else None

    def _call(self, block: int, call: dict[str, Any]) -> dict[str, Any]:
        return _chunk({"tool_calls": [{"index": self._calls[block], **call}]})


_READ = {
    "messageStart": _Answer.start,
    "contentBlockStart": _Answer.begin,
    "contentBlockDelta": _Answer.grow,
    "contentBlockStop": _Answer.end,
    "messageStop": _Answer.stop,
    "metadata": _Answer.count,
}


def _exception(event: Event) -> UpstreamError:
    """Return what an exception within a stream means. Its words are not passed on."""
    if event.id in ("throttlingException", "serviceUnavailableException"):
        return UpstreamBusy()
    if event.id == "validationException":
        return ContextTooLong() if _TOO_LONG.search(event.data) else UpstreamInvalid()
    return UpstreamError("The model's server broke off with an error. What came so far is not complete.")


def _usage(said: Any) -> dict[str, Any]:
    """Return OpenAI's counts, in which what was read from the cache and written to it is part of the prompt. Bedrock counts it apart."""
    names = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "outputTokens")
    read, cached, kept, written = (count if isinstance(count := _member(said, name), int) else None for name in names)
    if read is None or written is None:
        return {}
    prompt = read + (cached or 0) + (kept or 0)
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    return usage if cached is None else {**usage, "prompt_tokens_details": {"cached_tokens": cached}}


def _finish(reason: Any) -> str:
    """Return OpenAI's word for why an answer ended: most often it just stops. Raises UpstreamError for an answer that is none."""
    if reason in ("malformed_model_output", "malformed_tool_use"):
        raise UpstreamError("The model wrote what is no answer. Try again, or choose another model.")
    return _FINISH.get(reason, "stop") if isinstance(reason, str) else "stop"


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "", "object": "chat.completion.chunk", "created": 0, "model": "", "choices": [choice]}


def _member(value: Any, *names: str) -> Any:
    """Return the member of a member, or None where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer."""
    said = read_object(raw)
    blocks = _member(said, "output", "message", "content")
    if not isinstance(blocks, list):
        raise UpstreamError("The model's server sent an answer without a message.")
    texts = [text for block in blocks if isinstance(text := _member(block, "text"), str)]
    thoughts = [text for block in blocks if isinstance(text := _member(block, "reasoningContent", "reasoningText", "text"), str)]
    calls = [_call(use) for block in blocks if isinstance(use := _member(block, "toolUse"), dict)]
    extra = {"reasoning_content": "".join(thoughts), "tool_calls": calls}
    message = {"role": "assistant", "content": "".join(texts) or None, **{name: value for name, value in extra.items() if value}}
    choice = {"index": 0, "message": message, "finish_reason": _finish(said.get("stopReason"))}
    usage = _usage(said.get("usage"))
    return {"id": "", "object": "chat.completion", "created": 0, "model": "", "choices": [choice], **({"usage": usage} if usage else {})}


def _call(use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": use.get("name"), "arguments": documents.write(use.get("input") or {}).decode()}
    return {"id": use.get("toolUseId"), "type": "function", "function": function}


def complaint(raw: bytes) -> Complaint:
    """Return what Bedrock says, or the model behind it, whose status it then tells."""
    try:
        said = read_object(raw)
    except UpstreamError:
        return Complaint("")
    status, message = said.get("originalStatusCode"), said.get("message", said.get("Message"))
    message = message if isinstance(message, str) else ""
    if _TOO_LONG.search(message):
        return Complaint(message, too_long=True, status=400)
    if _NO_MODEL.search(message):
        return Complaint(message, status=404)
    return Complaint(message, status=status if isinstance(status, int) and 400 <= status < 600 else 0)
