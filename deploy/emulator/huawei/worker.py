"""FunctionGraph's Python runtime, seen from inside: the program in a function's process that loads the code, starts it and calls it (huawei.md, 1).

It is run by itself, with the standard library alone: `worker.py <socket> <path>`. It knows the handler's contract; who asks, how long that may take
and where lines go is event_process.py's. An ask is one of `_Worker`'s methods by name, and what that needs. To tell a handler more, see `_context`.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import sys
import threading
import time
import traceback
from functools import partial
from types import SimpleNamespace
from typing import Any

_SIZE = struct.Struct(">I")
#: Methods of the context that return what a variable says; numbers are texts, too (huawei.md, 1.2).
_TOLD = {
    "getCPUNumber": "RUNTIME_CPU",
    "getFunctionName": "RUNTIME_FUNC_NAME",
    "getMemorySize": "RUNTIME_MEMORY",
    "getPackage": "RUNTIME_PACKAGE",
    "getProjectID": "RUNTIME_PROJECT_ID",
    "getVersion": "RUNTIME_FUNC_VERSION",
}
#: What only an agency or a workflow would give; there is none here.
_NONE = (
    *("getToken", "getSecurityAccessKey", "getSecuritySecretKey", "getSecurityToken", "getAccessKey", "getSecretKey"),
    *("getWorkflowID", "getWorkflowRunID", "getWorkflowStateID", "get_trace_id"),
)


class _Worker:
    """The function, as far as it is loaded."""

    def __init__(self) -> None:
        # As they were at the start, whatever the function does to them.
        self._variables = dict(os.environ)
        self._user_data = json.loads(self._variables["RUNTIME_USERDATA"])
        self._instance = f"{os.getpid()}"

    def load(self, _: dict[str, Any]) -> str:
        """Import the code; the initializer is in the handler's file (huawei.md, 1.1)."""
        self._handler = _found(self._variables["RUNTIME_HANDLER"])
        return ""

    def initialize(self, ask: dict[str, Any]) -> str:
        """Call the initializer, whose return value is ignored."""
        _found(self._variables["RUNTIME_INITIALIZER_HANDLER"])(self._context(ask))
        return ""

    def handle(self, ask: dict[str, Any]) -> str:
        """Call the handler. What is no JSON for everybody, as NaN, is refused: whether the platform lets it pass is not known."""
        return json.dumps(self._handler(json.loads(ask["event"]), self._context(ask)), allow_nan=False)

    def _context(self, ask: dict[str, Any]) -> SimpleNamespace:
        until = time.monotonic() + ask["seconds"]
        state: list[Any] = [None]
        names: dict[str, Any] = {name: partial(str, self._variables[variable]) for name, variable in _TOLD.items()}
        names |= dict.fromkeys(_NONE, partial(str, ""))
        return SimpleNamespace(
            **names,
            getAlias=partial(str, ask["alias"]),
            getLogger=partial(_logger, ask["request_id"]),
            getRemainingTimeInMilliSeconds=lambda: max(0, int((until - time.monotonic()) * 1000)),
            getRequestID=partial(str, ask["request_id"]),
            # As the reference does it: the time-out times a thousand (huawei.md, 1.2), so that whoever trusts the name learns it here.
            getRunningTimeInSeconds=lambda: int(float(self._variables["RUNTIME_TIMEOUT"]) * 1000),
            getUserData=self._user_data.get,
            get_instance_id=partial(str, self._instance),
            get_invoke_id=partial(str, ask["request_id"]),
            get_invoke_property=lambda *_: None,
            get_state=lambda: state[0],
            set_state=partial(state.__setitem__, 0),
        )


def _found(name: str) -> Any:
    """Return the function that a handler string, `file.function`, names."""
    module, _, function = name.rpartition(".")
    __import__(module)
    return getattr(sys.modules[module], function)


def _logger(request_id: str) -> SimpleNamespace:
    return SimpleNamespace(**{level: partial(_log, request_id, level.upper()) for level in ("debug", "info", "warn", "error")})


def _log(request_id: str, level: str, text: object) -> None:
    sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {request_id} {level} {text}\n")


def _serve(wire: socket.socket) -> None:
    """Answer asks until nobody asks."""
    worker = _Worker()
    with wire.makefile("rb") as asks:
        while size := asks.read(_SIZE.size):
            answer = json.dumps(_answer(worker, json.loads(asks.read(*_SIZE.unpack(size))))).encode()
            wire.sendall(_SIZE.pack(len(answer)) + answer)


def _answer(worker: _Worker, ask: dict[str, Any]) -> dict[str, Any]:
    result = error = ""
    try:
        result = {"load": worker.load, "initialize": worker.initialize, "handle": worker.handle}[ask["do"]](ask)
    except BaseException as raised:  # noqa: BLE001 - the outermost frame: SystemExit is the function's error as well
        traceback.print_exc()
        error = f"{type(raised).__name__}: {raised}"
    return {"result": result, "error": error, "used": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Run the function on another thread than the main one, as the platform does (huawei.md, 1.1)."""
    wire = socket.socket(fileno=int(sys.argv[1]))
    # A process that the function starts must not keep it open.
    wire.set_inheritable(False)
    sys.path[:0] = sys.argv[2].split(os.pathsep)
    serving = threading.Thread(target=_serve, args=(wire,), name="function")
    serving.start()
    serving.join()


if __name__ == "__main__":
    main()
