"""Chat templates: a conversation as the one text that a model without a chat interface reads. Pure: OpenAI's messages in, text out.

It knows the published templates of the model families, each with its beginning-of-text mark, and that what a person writes must never
read as a mark of theirs; it must not know any vendor. What no template has a place for, images and tools, is refused. To add a template, write
its function and its line in `_TEMPLATES`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from functions.shared.errors import UpstreamInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

# What tokenizers read as one token, or models as the end of a turn: <|any|>, with DeepSeek's wide bars too, Llama 2's and Mistral's, Gemma's.
_MARK = re.compile(
    r"<(?=[|\uff5c][^|\uff5c\s<>]{1,64}[|\uff5c]>|/?(?:s|unk|pad|bos|eos|start_of_turn|end_of_turn)>|</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|THINK|IMG|IMG_BREAK|IMG_END|PREFIX|SUFFIX|MIDDLE)\])",
    re.IGNORECASE,
)
# A line that would begin a turn of `plain`, after whatever may look like the end of a line. No repetition within it can meet another line's start:
# text that is all line ends would else take quadratic time.
_LINE_END = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_SPEAKER = re.compile(rf"(?:^|(?<=[{_LINE_END}]))(?=[^\S{_LINE_END}]*(?:user|assistant|system)[^\S{_LINE_END}]*[:\uff1a])", re.IGNORECASE)


class Turn(NamedTuple):
    """What one side said: `role` is system, user or assistant."""

    role: str
    text: str


def render(name: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text that asks for the next turn. Raises UpstreamInvalid for what is no text, KeyError for no template of that name."""
    return render_turns(name, turns(messages))


def render_turns(name: str, said: Sequence[Turn]) -> str:
    """Return the text that asks for the turn after these. Raises KeyError for no template of that name."""
    return _TEMPLATES[name].render(said)


def ends(name: str) -> tuple[str, ...]:
    """Return the texts at which an answer to this template is over, for servers that do not know by themselves."""
    return _TEMPLATES[name].ends


def turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Return who said what, such that nothing that was said reads as a template's mark. Raises UpstreamInvalid for what is no text."""
    return [_turn(message) for message in messages]


def _turn(message: Mapping[str, Any]) -> Turn:
    if message["role"] not in _ROLES or message.get("tool_calls") or message.get("function_call"):
        raise UpstreamInvalid("This model has no tools. Leave out tools and their results, or choose another model.")
    content = message.get("content") or ""
    text = content if isinstance(content, str) else "\n".join(map(_text, content))
    # The space is what no mark has within; seen by a person, the text is the same.
    return Turn(_ROLES[message["role"]], _MARK.sub(lambda mark: mark[0] + " ", text))


def _text(part: Any) -> str:
    text = part.get("text", part.get("refusal")) if isinstance(part, dict) else None
    if not isinstance(text, str):
        raise UpstreamInvalid("This model reads text only. Leave out images and files, or choose another model.")
    return text


def split(said: Sequence[Turn]) -> tuple[str, list[Turn]]:
    """Return all that the system said as one text, and the turns of the others such that they take turns and a user begins."""
    system = "\n\n".join(turn.text for turn in said if turn.role == "system")
    others = [turn for turn in said if turn.role != "system"]
    taken = [Turn("user", "")] if not others or others[0].role == "assistant" else []
    for turn in others:
        if taken and taken[-1].role == turn.role:
            turn = Turn(turn.role, f"{taken.pop().text}\n\n{turn.text}")  # noqa: PLW2901 - the same turn, grown
        taken.append(turn)
    return system, taken


def _llama2(said: Sequence[Turn]) -> str:
    """As meta-llama/Llama-2-70b-chat-hf has it; every question begins a text of its own."""
    system, taken = split(said)
    if system:
        taken[0] = Turn("user", f"<<SYS>>\n{system}\n<</SYS>>\n\n{taken[0].text}")
    return "".join(f"<s>[INST] {turn.text.strip()} [/INST]" if turn.role == "user" else f" {turn.text.strip()} </s>" for turn in taken)


def _llama3(said: Sequence[Turn]) -> str:
    """As meta-llama/Meta-Llama-3-70B-Instruct has it."""
    told = "".join(f"<|start_header_id|>{turn.role}<|end_header_id|>\n\n{turn.text.strip()}<|eot_id|>" for turn in said)
    return f"<|begin_of_text|>{told}<|start_header_id|>assistant<|end_header_id|>\n\n"


def _chatml(said: Sequence[Turn]) -> str:
    """As Qwen and others have it; a model's own default for a missing system message is left to the owner's users."""
    return "".join(f"<|im_start|>{turn.role}\n{turn.text}<|im_end|>\n" for turn in said) + "<|im_start|>assistant\n"


def _mistral(said: Sequence[Turn]) -> str:
    """As mistralai/Mistral-7B-Instruct-v0.2 has it: what the system says stands before the first question."""
    system, taken = split(said)
    if system:
        taken[0] = Turn("user", f"{system}\n\n{taken[0].text}")
    return "<s>" + "".join(f" [INST] {turn.text} [/INST]" if turn.role == "user" else f" {turn.text}</s>" for turn in taken)


def _plain(said: Sequence[Turn]) -> str:
    """For models that have no template of their own, or bring it themselves and read one text."""
    return "\n\n".join([*(f"{turn.role.capitalize()}: {_SPEAKER.sub('> ', turn.text.strip())}" for turn in said), "Assistant:"])


class _Template(NamedTuple):
    render: Callable[[Sequence[Turn]], str]
    ends: tuple[str, ...]


_TEMPLATES = {
    "llama2": _Template(_llama2, ("</s>",)),
    "llama3": _Template(_llama3, ("<|eot_id|>", "<|end_of_text|>")),
    "chatml": _Template(_chatml, ("<|im_end|>",)),
    "mistral": _Template(_mistral, ("</s>",)),
    "plain": _Template(_plain, ("\nUser:",)),
}
#: The names that a row of the owner's table may give.
NAMES = tuple(_TEMPLATES)
