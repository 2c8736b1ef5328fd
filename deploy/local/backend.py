"""The port "what stands behind a route", and the one way to satisfy it inside this process.

A backend takes the JSON that a gateway would send and gives back the JSON that a function would answer; it knows neither routes nor HTTP. To add
another kind (a process that runs a deployed zip, say), write a class with these methods in its own file: nothing else here changes.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from functions.shared.messages import Response

Event = dict[str, Any]


class FunctionFailed(Exception):
    """The function raised. `message` is its exception's text: AWS compares an authorizer's with `Unauthorized` (aws.md, 5)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Chunks(Protocol):
    """A streamed body. One thread iterates; any thread may close, at any time, more than once, and is not made to wait."""

    def __iter__(self) -> Chunks:
        """Return itself."""

    def __next__(self) -> bytes:
        """Return the next chunk. May block. Any exception but StopIteration means that the body is not whole."""

    def close(self) -> None:
        """End the body; a __next__ that is running returns or raises as soon as it can."""


class Answer(NamedTuple):
    """A streamed answer: its head, and a body that must be closed."""

    status: int
    headers: Mapping[str, str]
    body: Chunks


class Backend(Protocol):
    """A function behind a route. `seconds` is how long the gateway will wait. Both methods block, and are called from many threads at once."""

    def answer(self, event: Event, seconds: float) -> Any:
        """Return the function's whole answer: JSON, not yet trusted. Raises FunctionFailed."""

    def stream(self, event: Event, seconds: float) -> Answer:
        """Return the function's answer as soon as it has a head. Raises FunctionFailed."""


class Authorizer(Protocol):
    """The function that a gateway asks first. It blocks, and is called from many threads at once."""

    def decide(self, event: Event, seconds: float) -> Any:
        """Return the verdict: JSON, not yet trusted. Raises FunctionFailed."""


class AwsContext:
    """What Lambda hands to a handler, as far as ours look at it."""

    def __init__(self, seconds: float) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this call may still run."""
        return _milliseconds_until(self._until)


class HuaweiContext:
    """What FunctionGraph hands to a handler, as far as ours look at it (huawei.md, 1.2)."""

    def __init__(self, seconds: float) -> None:
        self._id = str(uuid.uuid4())
        self._until = time.monotonic() + seconds

    def getRequestID(self) -> str:  # noqa: N802 - the platform's name
        """Return the id of this invocation."""
        return self._id

    def getRemainingTimeInMilliSeconds(self) -> int:  # noqa: N802 - the platform's name
        """Return how long this call may still run."""
        return _milliseconds_until(self._until)


Platform = Literal["aws", "huawei"]
_CONTEXTS: Mapping[str, Callable[[float], object]] = {"aws": AwsContext, "huawei": HuaweiContext}


class Function(Protocol):
    """A started function, as functions/shared/serve.py makes it."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer as one document."""

    def respond(self, event: Any, context: Any) -> Response:
        """Answer with a body that may stream."""


class InProcess:
    """A started function in this process. `seconds` is its own time limit; the context says the shorter of it and the gateway's."""

    def __init__(self, function: Function, platform: Platform, seconds: float) -> None:
        self._function = function
        self._context = _CONTEXTS[platform]
        self._seconds = seconds

    def answer(self, event: Event, seconds: float) -> Any:
        """Return the function's whole answer. Raises FunctionFailed."""
        return _call(self._function, event, self._context(min(seconds, self._seconds)))

    def stream(self, event: Event, seconds: float) -> Answer:
        """Return the function's answer, its body not yet read. Raises FunctionFailed."""
        try:
            response = self._function.respond(_across(event), self._context(min(seconds, self._seconds)))
        except Exception as error:
            raise FunctionFailed(str(error)) from error
        body = _Closeable(response.body)
        try:
            head = _across({"status": response.status, "headers": dict(response.headers)})
        except FunctionFailed:
            body.close()
            raise
        return Answer(head["status"], head["headers"], body)


class InProcessAuthorizer:
    """A started authorizer in this process."""

    def __init__(self, function: Callable[[Any, Any], Any], platform: Platform, seconds: float) -> None:
        self._function = function
        self._context = _CONTEXTS[platform]
        self._seconds = seconds

    def decide(self, event: Event, seconds: float) -> Any:
        """Return the verdict. Raises FunctionFailed."""
        return _call(self._function, event, self._context(min(seconds, self._seconds)))


class _Closeable:
    """A body that any thread may close.

    Python refuses to close a generator while its next() runs in another thread. So whoever is inside next() closes it on the way out.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._lock = threading.Lock()
        self._busy = False
        self._closed = False

    def __iter__(self) -> _Closeable:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._closed:
                raise StopIteration
            self._busy = True
        try:
            return next(self._chunks)
        finally:
            if self._leave():
                self._end()

    def close(self) -> None:
        """End the body, now or as soon as the running next() returns."""
        with self._lock:
            first = not self._closed
            self._closed = True
            now = first and not self._busy
        if now:
            self._end()

    def _leave(self) -> bool:
        """Say whether somebody closed this body meanwhile."""
        with self._lock:
            self._busy = False
            return self._closed

    def _end(self) -> None:
        if hasattr(self._chunks, "close"):
            self._chunks.close()


def _call(function: Callable[[Any, Any], Any], event: Event, context: object) -> Any:
    try:
        answer = function(_across(event), context)
    except Exception as error:
        raise FunctionFailed(str(error)) from error
    return _across(answer)


def _across(value: Any) -> Any:
    """Return what arrives on the other side of a process boundary, so that nothing crosses here that could not there."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise FunctionFailed(f"not JSON: {type(error).__name__}") from error


def _milliseconds_until(moment: float) -> int:
    return max(0, int((moment - time.monotonic()) * 1000))
