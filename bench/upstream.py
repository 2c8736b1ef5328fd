"""A model's server that costs as little as it can: it answers every chat request with the same bytes. Run as `python -m bench.upstream`.

In a process of its own, so that it shares no interpreter lock with what is measured. Prints its port.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import BinaryIO

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
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PARTS = [_event({"content": f"word{number} "}) for number in range(CHUNKS)] + [_event({}, "stop"), b"data: [DONE]\n\n"]


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as sent:
        while _read(sent, connection):
            pass


def _read(sent: BinaryIO, connection: socket.socket) -> bool:
    length = 0
    while (line := sent.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = sent.read(length) if length else b""
    if not body:
        return False
    if json.loads(body).get("stream"):
        # One write per chunk, as a model's server does it.
        connection.sendall(_HEAD + _framed(_PARTS[0]))
        # A model thinks between its tokens. Without a pause after the first one, both ways would wait for a processor that this flood keeps busy.
        time.sleep(_PAUSE)
        for part in _PARTS[1:]:
            connection.sendall(_framed(part))
        connection.sendall(b"0\r\n\r\n")
    else:
        connection.sendall(PLAIN)
    return True


def main() -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            threading.Thread(target=_serve, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
