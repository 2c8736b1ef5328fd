"""A model's server that costs as little as it can: it answers every request with the same bytes. Run as `python -m bench.upstream`.

It speaks OpenAI's chat completions and, at /messages, Anthropic's messages. The model "broken" fails each time, "flaky" every other time. In a
process of its own, so that it shares no interpreter lock with what is measured. Prints its port.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
import threading
import time
from typing import Any, BinaryIO

#: Chunks of a streamed answer.
CHUNKS = 2000
_PAUSE = 0.02


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "mock", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _framed(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


_WHOLE = json.dumps({"id": "1", "object": "chat.completion", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_WHOLE), _WHOLE)
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PARTS = [_event({"content": f"word{number} "}) for number in range(CHUNKS)] + [_event({}, "stop"), b"data: [DONE]\n\n"]


def _named(document: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (document["type"].encode(), json.dumps(document).encode())


def _grown(number: int) -> bytes:
    return _named({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"word{number} "}})


_COST = {"input_tokens": 7, "output_tokens": 2}
_MESSAGE: dict[str, Any] = {"id": "1", "type": "message", "role": "assistant", "model": "mock", "content": [], "stop_reason": None, "usage": _COST}
_ANSWERED = json.dumps({**_MESSAGE, "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}).encode()
ANTHROPIC = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_ANSWERED), _ANSWERED)
_MESSAGES = [
    _named({"type": "message_start", "message": _MESSAGE})
    + _named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    *map(_grown, range(CHUNKS)),
    _named({"type": "content_block_stop", "index": 0}),
    _named({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": _COST}) + _named({"type": "message_stop"}),
]
_TURNS = itertools.count()


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as sent:
        while _read(sent, connection):
            pass


def _read(sent: BinaryIO, connection: socket.socket) -> bool:
    length, theirs = 0, False
    while (line := sent.readline()) not in (b"\r\n", b""):
        theirs = theirs or b"/messages" in line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = sent.read(length) if length else b""
    if not body:
        return False
    asked = json.loads(body)
    if asked["model"] == "broken" or (asked["model"] == "flaky" and next(_TURNS) % 2 == 0):
        connection.sendall(BROKEN)
    elif asked.get("stream"):
        _stream(connection, _MESSAGES if theirs else _PARTS)
    else:
        connection.sendall(ANTHROPIC if theirs else PLAIN)
    return True


def _stream(connection: socket.socket, parts: list[bytes]) -> None:
    """Send one write per chunk, as a model's server does it."""
    connection.sendall(_HEAD + _framed(parts[0]))
    # A model thinks between its tokens. Without a pause after the first one, both ways would wait for a processor that this flood keeps busy.
    time.sleep(_PAUSE)
    for part in parts[1:]:
        connection.sendall(_framed(part))
    connection.sendall(b"0\r\n\r\n")


def main() -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            threading.Thread(target=_serve, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
