"""What comes of a fault: one question to a server that fails, alone or beside a healthy model, and everything that can be seen of it.

It knows the chat function from outside only: its answer, its log line, the sockets, threads and memory that it takes.
"""

from __future__ import annotations

import gc
import io
import json
import os
import ssl
import tempfile
import threading
import tracemalloc
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.authority import Authority
from tests.fakes.forge import token as pass_of
from tests.fakes.upstream import DONE, HANG_UP, Upstream, completion, stream, token, whole
from tests.functions.chat.faults import AFTER
from tests.functions.chat.stand import PATIENCE, Stand

if TYPE_CHECKING:
    from functions.chat.exchange import Patience
    from tests.functions.chat.faults import Fault

_EVENTS = Path(__file__).parents[2] / "fixtures" / "events"
_HELLO = stream(token("Hel"), token("lo"), token(None, "stop"), DONE)
_WHOLE = [whole(completion("Hello"))]


class Case(NamedTuple):
    """How the question is asked: for a stream or not, with another model to go to or not."""

    streamed: bool
    routed: bool


class Seen(NamedTuple):
    """What was seen: the answer as it left, the log, how often the server was asked, and what was taken and not given back.

    `left` counts connections that the server still had, readers that still ran, and files that were still open; `peak` is in bytes.
    """

    status: int
    headers: str
    body: bytes
    log: str
    asked: int
    left: tuple[int, int, int]
    peak: int

    @property
    def line(self) -> dict[str, Any]:
        """The log line."""
        (line,) = self.log.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def frames(self) -> list[bytes]:
        """The events of a streamed answer."""
        return [one + b"\n\n" for one in self.body.split(b"\n\n") if one not in (b"", b": ")]


def observe(fault: Fault, case: Case) -> Seen:
    """Ask once, and look."""
    before = _open_files()
    with ExitStack() as stack:
        bad, good = stack.enter_context(_server(fault, streamed=case.streamed)), stack.enter_context(Upstream(_HELLO if case.streamed else _WHOLE))
        if fault.reach == "shut":
            bad.close()
        stand = Stand("", _recorded, _patience(fault, case), **_tables(fault, case, bad, good))
        log = stack.enter_context(redirect_stdout(io.StringIO()))
        tracemalloc.start()
        status, headers, body = stand.ask(stream=case.streamed)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        readers = _readers_left()
        _let_go(stand)
        unended = sum(not server.gone.acquire(timeout=30) for server in (bad, good) for _ in range(server.connections))
    gc.collect()
    asked = len([call for call in bad.calls if not call.path.endswith("/cancel")])
    return Seen(status, str(dict(headers)), body, log.getvalue(), asked, (unended, readers, max(0, _open_files() - before)), peak)


def _server(fault: Fault, *, streamed: bool) -> Upstream:
    answers = (fault.streamed if streamed else fault.plain) or (HANG_UP,)
    return Upstream(*answers, tls=_unknown() if fault.reach == "tls" else None)


def _patience(fault: Fault, case: Case) -> Patience:
    """Return limits of which only the one that finds this fault out is short: a machine that is busy changes nothing then."""
    if not fault.slow or _by_row(fault, case):
        return PATIENCE
    if not case.streamed:
        return PATIENCE._replace(total=0.5)
    return PATIENCE._replace(idle=0.3, total=2) if fault.place == AFTER else PATIENCE._replace(first_token=0.3, idle=0.3)


def _by_row(fault: Fault, case: Case) -> bool:
    """Say whether the server's own row limits it: what is left of the question's time must do for the other one."""
    return fault.slow and case.routed and not case.streamed


def _tables(fault: Fault, case: Case, bad: Upstream, good: Upstream) -> dict[str, str]:
    row = {"name": "bad", "vendor": fault.vendor, "base_url": f"{bad.url}/v1", "model": "vendor/model-7", "key": "MAIN"}
    limit = {"total_seconds": 1} if _by_row(fault, case) else {}
    other = {"name": "good", "vendor": "openai", "base_url": f"{good.url}/v1", "model": "m", "first_token_seconds": 30, "idle_seconds": 30}
    route = {"name": "house", "strategy": "ordered", "targets": ["bad", "good"] if case.routed else ["bad"]}
    return {"models": json.dumps([{**row, **limit}, other]), "routes": json.dumps([route])}


def _recorded(name: str) -> Any:
    return json.loads((_EVENTS / f"{name}.json").read_text(encoding="utf-8").replace("$TOKEN", pass_of()))


def _unknown() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    vouched = Authority().vouch("localhost")
    with tempfile.NamedTemporaryFile() as file:
        file.write(vouched.certificate + vouched.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _let_go(stand: Stand) -> None:
    """Close what waits for the next question: it is not lost."""
    pools = stand.tools.means.outbound._pool.pools
    for name in pools.keys():  # noqa: SIM118 - it is no mapping: it cannot be iterated over
        pools[name].close()


def _readers_left() -> int:
    readers = [one for one in threading.enumerate() if one.name == "outbound"]
    for one in readers:
        one.join(30)
    return sum(one.is_alive() for one in readers)


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - Path.iterdir keeps a file of its own open meanwhile
