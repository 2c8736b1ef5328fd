"""Anthropic's Messages API: Claude, and every server that speaks it.

It knows that the system's text stands apart from the turns, that turns are made of blocks, and how a stream of blocks becomes chunks; it must
not know a socket. What has no place there and changes only the taste of an answer is left out: temperature and top_p (Claude refuses them since
Opus 4.7, and the API itself from its version 2026-10-21), seed, logit_bias, penalties, user, metadata, an image's detail, and the thinking of
earlier turns, which could go back only with its signature. What a caller would miss is refused. To carry another kind of part, add it to
`_part`; another kind of block, to `_Answer.begin`, `_Answer.grow` and `_message`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from functions.shared import documents
from functions.shared.errors import ContextTooLong, InvalidJSON, UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid, UpstreamTimeout
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

# Members whose effect the caller would miss.
_CANNOT = ("functions", "function_call", "logprobs", "audio", "web_search_options")
_EFFORTS: dict[str | None, str] = {None: "", "none": "", "minimal": "low", **{one: one for one in ("low", "medium", "high", "xhigh", "max")}}
_CHOICES = {None: {}, "auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
_IMAGES = {f"data:{kind};base64": kind for kind in ("image/jpeg", "image/png", "image/gif", "image/webp")} | {"data:image/jpg;base64": "image/jpeg"}
# An id that another vendor gave may have other characters; this API refuses them.
_FOREIGN = re.compile("[^a-zA-Z0-9_-]")
# The others are "stop". A pause and a full window leave an answer that could go on; a refusal is the API's own classifier at work.
_LENGTHS = ("max_tokens", "model_context_window_exceeded", "pause_turn")
_FINISH = {"tool_use": "tool_calls", "refusal": "content_filter", **dict.fromkeys(_LENGTHS, "length")}
_ERRORS: dict[str, type[UpstreamError]] = {"overloaded_error": UpstreamBusy, "rate_limit_error": UpstreamBusy, "timeout_error": UpstreamTimeout}
# There is no code for it: these are the API's words for what is over the model's window, alone or with the answer that may come.
_TOO_LONG = re.compile("prompt is too long|exceed context limit")
# More than anybody counts is no count, and a sum of such might have too many digits to be written.
_MOST = 2**53

#: The answer to a question is the answer.
elsewhere = to_embed = from_embedded = None


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send. Raises UpstreamInvalid for what this API cannot do."""
    for name in (*(name for name in _CANNOT if asked.get(name)), *(("n",) if (asked.get("n") or 1) != 1 else ())):
        raise _invalid(f"This model cannot do what `{name}` asks for: leave it out.", name)
    sent = {"model": target.model, "max_tokens": asked["max_tokens"], **_conversation(asked["messages"]), **_tools(asked), **_output(asked)}
    stop = asked.get("stop")
    sent |= {"stop_sequences": [stop] if isinstance(stop, str) else stop} if stop else {}
    sent |= {"stream": True} if asked.get("stream") else {}
    accept = "text/event-stream" if asked.get("stream") else "application/json"
    # Every server that speaks this API knows this version; for what is sent here the next one, 2026-10-21, changes nothing.
    headers = {"content-type": "application/json", "accept": accept, "anthropic-version": "2023-06-01"}
    headers |= {"x-api-key": target.key} if target.key else {}
    return Outgoing("POST", f"{target.base_url}/messages", headers, documents.write(sent))


def from_wire(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks until message_stop. A stream is whole once its stop_reason came: what follows it is only its end."""
    answer = _Answer()
    for event in events:
        if event is None or not event.data:
            yield None
            continue
        data = read_object(event.data)
        kind = data.get("type")
        if kind == "content_block_delta":  # nearly every event is one
            yield answer.grow(data.get("index"), _object(data.get("delta")))
            continue
        if kind == "error" or event.event == "error":
            raise _error(data)
        if kind == "message_stop":
            break
        yield answer.note(kind, data)
    if not answer.finished:
        raise UpstreamCut
    if answer.counts:
        yield {**answer.chunk({}), "choices": [], "usage": _usage(answer.counts)}


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer."""
    answer = read_object(raw)
    if answer.get("type") == "error":
        raise _error(answer)
    blocks, reason, counts = answer.get("content"), answer.get("stop_reason"), _counts(answer.get("usage"))
    if not isinstance(blocks, list) or not isinstance(reason, str):
        raise UpstreamError("The model's server sent an answer without content.")
    message = {**_message([_object(block) for block in blocks]), **_refused(answer)}
    choice = {"index": 0, "message": message, "finish_reason": _FINISH.get(reason, "stop")}
    head = {"id": _text(answer.get("id")), "object": "chat.completion", "created": 0, "model": _text(answer.get("model"))}
    return {**head, "choices": [choice], **({"usage": _usage(counts)} if counts else {})}


def complaint(raw: bytes) -> Complaint:
    """Return the vendor's message in {"type": "error", "error": {"type": …, "message": …}}."""
    try:
        error = _object(read_object(raw).get("error"))
    except UpstreamError:
        return Complaint("")
    message = _text(error.get("message"))
    return Complaint(message, too_long=error.get("type") == "request_too_large" or bool(_TOO_LONG.search(message)))


def _conversation(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the system's text, wherever it stood, and the turns: neighbours of one side are one turn, so that all results of tools are, too."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = message["role"]
        if role in ("system", "developer"):
            system += [block["text"] for block in _texts(message)]
            continue
        if role not in _BLOCKS:
            raise _invalid("This model knows the roles system, developer, user, assistant and tool.")
        blocks, side = _BLOCKS[role](message), "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": side, "content": blocks})
    return {**({"system": "\n".join(system)} if system else {}), "messages": turns}


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the content as blocks. Blank texts are left out: the API refuses them, and an answer that was only tool calls has one."""
    content = message.get("content") or []
    blocks = [_part(part) for part in ([{"type": "text", "text": content}] if isinstance(content, str) else content)]
    return [block for block in blocks if block["type"] != "text" or block["text"].strip()]


def _part(part: Any) -> dict[str, Any]:
    kind = _object(part).get("type")
    if kind in ("text", "refusal") and isinstance(part.get(kind), str):
        return {"type": "text", "text": part[kind]}
    if kind == "image_url":
        return {"type": "image", "source": _source(_text(_object(part.get(kind)).get("url")))}
    raise _invalid("This model reads texts and images only. Leave out the other parts.")


def _source(url: str) -> dict[str, Any]:
    if url.startswith("https://"):
        return {"type": "url", "url": url}
    head, _, data = url.partition(",")
    if head.lower() not in _IMAGES:
        raise _invalid("This model reads images that are JPEG, PNG, GIF or WebP, as a data: URL in base64 or at an https address.")
    return {"type": "base64", "media_type": _IMAGES[head.lower()], "data": data}


def _texts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = _parts(message)
    if any(block["type"] != "text" for block in blocks):
        raise _invalid("This model takes images only in a user's message or a tool's.")
    return blocks


def _said(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls") or []
    if message.get("function_call") or message.get("audio") or not isinstance(calls, list):
        raise _invalid("This model takes an answer's text and its list of `tool_calls` only. Leave out the rest.")
    return _texts(message) + _parts({"content": _text(message.get("refusal"))}) + [_use(_object(call)) for call in calls]


def _use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = _object(call.get("function"))
    try:
        given = documents.parse(_text(function.get("arguments")).encode() or b"{}")
    except InvalidJSON:
        raise _invalid("The `arguments` of a tool call must be a JSON object.") from None
    return {"type": "tool_use", "id": _FOREIGN.sub("_", _text(call.get("id"))), "name": _text(function.get("name")), "input": given}


def _result(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = {"content": blocks} if (blocks := _parts(message)) else {}
    return [{"type": "tool_result", "tool_use_id": _FOREIGN.sub("_", _text(message.get("tool_call_id"))), **content}]


_BLOCKS = {"user": _parts, "assistant": _said, "tool": _result}


def _tools(asked: Mapping[str, Any]) -> dict[str, Any]:
    tools = asked.get("tools") or []
    if not tools:
        return {}
    if not isinstance(tools, list):
        raise _invalid("`tools` must be a list.", "tools")
    choice = _choice(asked.get("tool_choice"))
    if asked.get("parallel_tool_calls") is False and choice.get("type") != "none":
        choice = {"type": "auto", **choice, "disable_parallel_tool_use": True}
    return {"tools": [_tool(_object(tool)) for tool in tools], **({"tool_choice": choice} if choice else {})}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = _object(tool.get("function"))
    if tool.get("type") != "function" or not function:
        raise _invalid("This model takes only tools of the type function.", "tools")
    more = {name: function[name] for name in ("description", "strict") if function.get(name)}
    return {"name": function.get("name"), "input_schema": function.get("parameters") or {"type": "object", "properties": {}}, **more}


def _choice(wanted: Any) -> dict[str, Any]:
    if isinstance(wanted, (str, type(None))) and wanted in _CHOICES:
        return _CHOICES[wanted]
    name = _object(_object(wanted).get("function")).get("name")
    if not isinstance(name, str):
        raise _invalid("`tool_choice` can be auto, none, required or one function by its name.", "tool_choice")
    return {"type": "tool", "name": name}


def _output(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return how hard to think and in which form to answer."""
    effort = asked.get("reasoning_effort")
    if not isinstance(effort, (str, type(None))) or effort not in _EFFORTS:
        raise _invalid(f"`reasoning_effort` can be {', '.join(filter(None, _EFFORTS))}.", "reasoning_effort")
    config = {**({"effort": _EFFORTS[effort]} if _EFFORTS[effort] else {}), **_format(_object(asked.get("response_format")))}
    return {**({"thinking": {"type": "disabled"}} if effort == "none" else {}), **({"output_config": config} if config else {})}


def _format(wanted: Mapping[str, Any]) -> dict[str, Any]:
    if wanted.get("type", "text") == "text":
        return {}
    schema = _object(wanted.get("json_schema")).get("schema")
    if not isinstance(schema, dict):
        raise _invalid("This model answers in JSON only by a schema: ask with a `response_format` of the type json_schema.", "response_format")
    return {"format": {"type": "json_schema", "schema": schema}}


class _Answer:
    """An answer that is coming: its name, its tool calls by the number of their block, and what it has cost so far."""

    def __init__(self) -> None:
        self.finished = False
        self.counts: dict[str, int] = {}
        self._head = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        # A block's number to the call's own; and the blocks of those that have no arguments yet.
        self._calls: dict[int, int] = {}
        self._bare: list[int] = []

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Return a chunk of this answer."""
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def grow(self, index: Any, delta: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a block grows by. Signatures and citations say nothing here, nor do the blocks of tools that run at the vendor's."""
        text, thought = _text(delta.get("text")), _text(delta.get("thinking"))
        if text or thought:
            return self.chunk({"content": text} if text else {"reasoning_content": thought})
        return self._argue(index, _text(delta.get("partial_json")))

    def note(self, kind: Any, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what an event that is no growth says, if it says anything; a ping and what is new next year do not."""
        if kind == "message_start":
            return self._started(_object(data.get("message")))
        if kind == "content_block_start":
            return self.begin(data.get("index"), _object(data.get("content_block")))
        if kind == "content_block_stop" and data.get("index") in self._bare:
            # Clients read a call's arguments as JSON, which nothing at all is not.
            return self._argue(data.get("index"), "{}")
        return self._changed(data) if kind == "message_delta" else None

    def begin(self, index: Any, block: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the beginning of a block."""
        if block.get("type") != "tool_use" or not isinstance(index, int):
            return self.grow(None, block)
        number = self._calls[index] = len(self._calls)
        call = _call(block, streamed=True)
        self._bare += [] if call["function"]["arguments"] else [index]
        return self.chunk({"tool_calls": [{"index": number, **call}]})

    def _argue(self, index: Any, arguments: str) -> dict[str, Any] | None:
        number = self._calls.get(index) if isinstance(index, int) else None
        if number is None or not arguments:
            return None
        self._bare = [one for one in self._bare if one != index]
        return self.chunk({"tool_calls": [{"index": number, "function": {"arguments": arguments}}]})

    def _started(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self._head.update(id=_text(message.get("id")), model=_text(message.get("model")))
        self.counts = _counts(message.get("usage"))
        first = self.chunk({"role": "assistant", "content": ""})
        return {**first, "usage": _usage(self.counts)} if self.counts else first

    def _changed(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        # The counts are those of the whole answer so far.
        self.counts.update(_counts(data.get("usage")))
        delta = _object(data.get("delta"))
        reason = _text(delta.get("stop_reason"))
        self.finished = self.finished or bool(reason)
        return self.chunk(_refused(delta), _FINISH.get(reason, "stop")) if reason else None


def _message(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    text, thought = ("".join(_text(block.get(name)) for block in blocks) for name in ("text", "thinking"))
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    message = {"role": "assistant", "content": None if calls and not text else text}
    return {**message, **({"reasoning_content": thought} if thought else {}), **({"tool_calls": calls} if calls else {})}


def _call(block: Mapping[str, Any], *, streamed: bool = False) -> dict[str, Any]:
    """Return a tool call. The arguments of a streamed one come later, as a rule. Raises UpstreamError."""
    given = _object(block.get("input"))
    try:
        arguments = "" if streamed and not given else documents.write(given).decode()
    except (RecursionError, ValueError):
        raise UpstreamError("The model's server sent a tool call that cannot be read.") from None
    return {"id": _text(block.get("id")), "type": "function", "function": {"name": _text(block.get("name")), "arguments": arguments}}


def _refused(stopped: Mapping[str, Any]) -> dict[str, Any]:
    """Return why the API broke an answer off, where it says so."""
    why = _text(_object(stopped.get("stop_details")).get("explanation"))
    return {"refusal": why} if why else {}


def _counts(usage: Any) -> dict[str, int]:
    found = {**_object(_object(usage).get("output_tokens_details")), **_object(usage)}
    return {name: count for name, count in found.items() if name.endswith("_tokens") and type(count) is int and 0 <= count < _MOST}


def _usage(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the counts in OpenAI's words, where what is asked includes what was read from a cache or written to it."""
    read, answered = counts.get("cache_read_input_tokens", 0), counts.get("output_tokens", 0)
    asked = counts.get("input_tokens", 0) + counts.get("cache_creation_input_tokens", 0) + read
    usage = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    cached = {"prompt_tokens_details": {"cached_tokens": read}} if "cache_read_input_tokens" in counts else {}
    thought = {"completion_tokens_details": {"reasoning_tokens": counts["thinking_tokens"]}} if "thinking_tokens" in counts else {}
    return {**usage, **cached, **thought}


def _error(data: Mapping[str, Any]) -> UpstreamError:
    """Return what an error within an answer means. The vendor's words are not passed on."""
    error = _object(data.get("error"))
    if _TOO_LONG.search(_text(error.get("message"))):
        return ContextTooLong()
    kind = _ERRORS.get(_text(error.get("type")))
    return kind() if kind else UpstreamError("The model's server broke off with an error. What came so far is not complete.")


def _invalid(what: str, member: str = "messages") -> UpstreamInvalid:
    return UpstreamInvalid(what, param=member)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
