"""An emulated cloud that stays up: with a model beside it, told in `.local/emulator.json`, until somebody ends it; and then nothing is left.

This file knows the stage's folder, the ports and the signals; what is emulated is its emulate.py's. What functions and gateway log beside the
cloud's own log goes to `.local/emulator.log`.
"""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager, redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.servers import Ports
from deploy.local import model, stage
from deploy.local.alone import alone, check_free, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The file, in the stage's folder, that says where everything is.
TOLD = "emulator.json"


class Plan(NamedTuple):
    """What to emulate: the cloud, the folder to tell it in, the first of four ports (0: any that are free), the region; and whether a model runs."""

    cloud: str
    here: stage.Stage
    port: int
    region: str
    with_model: bool


def stay(plan: Plan, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Stay up until SIGINT or SIGTERM; `announce` is called with what the file says, whenever that changes. Raises NotAlone and ModelError."""
    ports = [plan.port + number for number in range(4)] if plan.port else [0, 0, 0, free_port()]
    check_free(filter(None, ports), "choose others with --port (it and the next three are used).")
    plan.here.make()
    with ExitStack() as stack:
        ended = stack.enter_context(_ending())
        refusal = f"A cloud is emulated from {plan.here.folder} already: use it, end it with Ctrl-C, or give this one its own --folder."
        stack.enter_context(alone(plan.here.folder / "emulator.lock", refusal))
        path = plan.here.folder / TOLD
        # What one that was killed left there.
        path.unlink(missing_ok=True)
        stack.callback(lambda: path.unlink(missing_ok=True))
        log = stack.enter_context((plan.here.folder / "emulator.log").open("a", encoding="utf-8"))
        stack.enter_context(redirect_stdout(log))
        beside = _model(stack, ports[3]) if plan.with_model else {}

        def changed(told: Mapping[str, Any]) -> None:
            stage.write_private(path, {**told, **beside})
            announce({**told, **beside})

        emulate = import_module(f"deploy.emulator.{plan.cloud}.emulate")
        stack.enter_context(emulate.Emulator(plan.region, Ports(*ports[:3]), changed))
        ended.wait()


def _model(stack: ExitStack, port: int) -> dict[str, Any]:
    """Start the embedded model and return the row of twocan.toml that leads to it. Raises ModelError."""
    embedded = model.EmbeddedModel(port)
    stack.callback(embedded.stop)
    embedded.wait()
    return {"model": {"name": model.NAME, "vendor": "openai", "base_url": embedded.base_url, "model": model.NAME}}


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """Give what is set by the first signal to end; after that they mean what they meant before."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, meaning in before.items():
            signal.signal(number, meaning)
