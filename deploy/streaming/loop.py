"""Lambda's Runtime API, from the function's side: take an event, answer it, chunk by chunk where the function says so (aws.md, 1.1).

This file travels in the function's zip, named streaming_loop.py, and takes the stock runtime's place. It knows that API's words, and of the
function only index.py's `handler` and `streams`; it imports nothing but the standard library, for every import is paid at each cold start. What
an unforeseen exception says is reported nowhere, only its type and places: texts quote what they choked on.
"""

from __future__ import annotations

import binascii
import http.client
import json
import os
import socket
import sys
import time

# Spares the import of `typing`; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any

#: Seconds before the deadline at which a body that still streams is ended, so that its reader learns of it; then the platform kills.
MARGIN = 1.0
_API = "/2018-06-01/runtime"
_NULS = bytes(8)
# aws.md, 1.1: prelude and delimiter must arrive within the first 16 KB.
_LONGEST_PRELUDE = 16 * 1024
_TYPE, _BODY = "Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"
# Written to be read by the owner: they name settings and modules, and no value.
_FRANK = {"SettingsError", "ImportError", "ModuleNotFoundError"}


class Gone(Exception):
    """Nobody reads this answer any more."""


class Context:
    """What a handler is told about its invocation: the stock runtime's names."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this call may still run."""
        return max(0, self._deadline - int(time.time() * 1000))


class Platform:
    """The Runtime API on one connection that is kept. Raises OSError or HTTPException when it is not there: nothing can run then."""

    def __init__(self, address: str) -> None:
        # Without a time-out: the next event may be hours away. http.client turns Nagle off by itself.
        self._wire = http.client.HTTPConnection(address)

    def next(self) -> tuple[bytes, Context]:
        """Wait for an event."""
        self._wire.request("GET", f"{_API}/invocation/next")
        answer = self._wire.getresponse()
        event = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"no event, but status {answer.status}")
        _trace(answer.headers["Lambda-Runtime-Trace-Id"])
        return event, Context(answer.headers)

    def post(self, path: str, document: bytes, kind: str = "") -> None:
        """Say something whole; an error has a kind."""
        self._wire.request("POST", _API + path, document, {"Content-Type": "application/json", **({_TYPE: kind} if kind else {})})
        self._wire.getresponse().read()

    def fail(self, path: str, error: Exception) -> None:
        """Say that there is no answer, and log it, since nobody else will."""
        fault = _fault(error)
        _log(fault)
        self.post(path, json.dumps(fault).encode(), fault["errorType"])

    def begin(self, path: str, prelude: bytes) -> None:
        """Open a streamed answer. Raises Gone, as `send` and `end` do."""
        self._wire.putrequest("POST", _API + path)
        self._wire.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        self._wire.putheader("Transfer-Encoding", "chunked")
        self._wire.putheader("Content-Type", "application/vnd.awslambda.http-integration-response")
        self._wire.putheader("Trailer", f"{_TYPE}, {_BODY}")
        try:
            self._wire.endheaders(_chunk(prelude))
        except OSError as error:
            raise Gone from error

    def send(self, chunk: bytes) -> None:
        """Send a chunk at once; an empty one only looks whether anybody still reads."""
        try:
            if self._is_heard() and chunk:
                self._wire.send(_chunk(chunk))
        except OSError as error:
            raise Gone from error

    def end(self, error: Exception | None) -> None:
        """End the stream; the trailers tell one that is not whole from one that is."""
        fault = None if error is None else _fault(error)
        trailers = f"{_TYPE}: {fault['errorType']}\r\n{_BODY}: {_base64(fault)}\r\n" if fault else ""
        try:
            self._wire.send(f"0\r\n{trailers}\r\n".encode("ascii"))
            self._wire.getresponse().read()
        except (OSError, http.client.HTTPException) as cause:
            raise Gone from cause

    def drop(self) -> None:
        """Close the connection; the next word opens another."""
        self._wire.close()

    def _is_heard(self) -> bool:
        """Say yes. Raises Gone when the platform has closed, or has answered before the end: it reads no further then."""
        try:
            self._wire.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        raise Gone


def main() -> None:
    """Start the function, then answer events for as long as the platform lets this process live."""
    platform = Platform(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        index = __import__("index")
        function = index.handler, index.streams
    except Exception as error:  # noqa: BLE001 - whatever it was, the platform is told
        platform.fail("/init/error", error)
        sys.exit(1)
    while True:
        serve(platform, *function)


def serve(platform: Platform, handler: Any, streams: frozenset[tuple[str, str]]) -> None:
    """Answer one event."""
    event, context = platform.next()
    path = f"/invocation/{context.aws_request_id}"
    try:
        whole, body = _ask(handler, streams, json.loads(event), context)
    except Exception as error:  # noqa: BLE001 - the outermost frame: the platform is told, and the next event is another matter
        platform.fail(f"{path}/error", error)
        return
    if body is None:
        platform.post(f"{path}/response", whole)
    else:
        _forward(platform, f"{path}/response", whole, body, context)


def _ask(handler: Any, streams: frozenset[tuple[str, str]], event: Any, context: Context) -> tuple[bytes, Iterable[bytes] | None]:
    """Return the whole answer and None; or, of one that streams, what comes before its body, and the body."""
    if not isinstance(event, dict) or (event.get("httpMethod"), event.get("resource")) not in streams:
        return json.dumps(handler(event, context)).encode(), None
    response = handler.respond(event, context)
    try:
        prelude = json.dumps({"statusCode": response.status, "headers": dict(response.headers)}).encode() + _NULS
        if len(prelude) > _LONGEST_PRELUDE:
            raise ValueError("the headers are too long")
    except Exception:
        _close(response.body)
        raise
    return prelude, response.body


def _forward(platform: Platform, path: str, prelude: bytes, body: Iterable[bytes], context: Context) -> None:
    """Send the prelude at once and each chunk as it comes; what goes wrong with the body is told, and what with the reader ends it."""
    failure = None
    try:
        platform.begin(path, prelude)
        try:
            for chunk in body:
                platform.send(chunk)
                if context.get_remaining_time_in_millis() < MARGIN * 1000:
                    # The second line of defence: a body that blocks is not seen here, and has its own limits.
                    raise TimeoutError
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the reader must not take what was sent for whole
            failure = error
        platform.end(failure)
    except Gone:
        platform.drop()
    finally:
        _close(body)


def _close(body: Any) -> None:
    try:
        if hasattr(body, "close"):
            body.close()
    except Exception as error:  # noqa: BLE001 - the answer is over: a body that will not close is no reason to end the process
        _log(_fault(error))


def _log(fault: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"fault": fault["errorType"], "message": fault["errorMessage"], "at": fault["stackTrace"]}) + "\n")
    sys.stdout.flush()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _fault(error: Exception) -> dict[str, Any]:
    """Return the error document. A text is in it only if it was written to be read: AWS compares an authorizer's (aws.md, 5)."""
    kind, text = type(error).__name__, str(error)
    said = text if kind in _FRANK or text == "Unauthorized" else ""
    # A header's value, too: ASCII only.
    return {"errorType": ascii(kind)[1:-1], "errorMessage": said, "stackTrace": _places(error.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]


def _base64(document: dict[str, Any]) -> str:
    return binascii.b2a_base64(json.dumps(document).encode(), newline=False).decode("ascii")


def _trace(trace: str | None) -> None:
    """Say where this invocation belongs, under the name by which the stock runtime says it."""
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if trace is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace
