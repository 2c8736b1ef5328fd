"""`make bench`: every figure that Twocan promises, measured and compared in one run, as one table. Exit code 1 if one is missed."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from bench import applied, cold_start, compared, deployed, hot_path, vendors
from deploy import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Cold starts of each kind; their medians are compared.
ROUNDS = 11


class Figure(NamedTuple):
    """One promise: what was measured, its unit, and the most, or the least, that it may be."""

    name: str
    value: float
    unit: str
    most: float | None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise was kept."""
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def bound(self) -> str:
        """What was promised, "" for nothing."""
        if self.least is not None:
            return f"at least {self.least:g} {self.unit}"
        return "" if self.most is None else f"{self.most:g} {self.unit}"


def main() -> None:
    """Measure everything and print the table."""
    with _upstream() as upstream:
        figures = [
            *_cold_starts(upstream),
            *_hot_path(upstream),
            *_vendors(upstream),
            *_compared(upstream),
            *_page(),
            _ready(),
            *_applies(),
            *_deployed(),
        ]
    table = Table("what", "measured", "at most", "", title="Twocan, measured")
    for one in figures:
        kept = "kept" if one.kept else "MISSED"
        table.add_row(one.name, f"{one.value:.3g} {one.unit}", one.bound, kept if one.bound else "")
    Console(width=110).print(table)
    sys.exit(0 if all(one.kept for one in figures) else 1)


def _cold_starts(upstream: str) -> Iterator[Figure]:
    functions = [one for one in bundle.FUNCTIONS if one.name in cold_start.BUDGETS]
    with tempfile.TemporaryDirectory() as folder:
        starts = {one.name: cold_start.prepare(one, Path(folder) / one.name, upstream) for one in functions}
        taken: dict[str, list[float]] = {name: [] for name in ("bare", "openai", *starts)}
        # In turn, so that a machine that slows down slows all of them.
        for _ in range(ROUNDS):
            taken["bare"].append(cold_start.bare())
            taken["openai"].append(cold_start.openai())
            for name, start in starts.items():
                taken[name].append(cold_start.milliseconds(start))
        counts = {name: len(cold_start.modules(start)[1]) for name, start in starts.items()}
    middle = {name: median(times) - median(taken["bare"]) for name, times in taken.items()}
    yield Figure("import openai, over a bare interpreter", middle["openai"], "ms", None)
    for name in starts:
        yield Figure(f"{name}: process start to first answer ({counts[name]} modules)", middle[name], "ms", None)
        yield Figure(f"{name}: as a share of import openai", middle[name] / middle["openai"], "×", cold_start.BUDGETS[name])


def _deployed() -> Iterator[Figure]:
    for name, size in deployed.sizes().items():
        yield Figure(f"{name}: zip for Lambda", size / 1000, "kB", deployed.SIZES[name] / 1000)
    ours, hello = deployed.zips(), deployed.hello()
    taken: dict[str, list[float]] = {name: [] for name in ("hello", *ours)}
    for _ in range(ROUNDS):
        taken["hello"].append(deployed.cold(hello))
        for name, one in ours.items():
            taken[name].append(deployed.cold(one))
    middle = {name: median(times) for name, times in taken.items()}
    yield Figure("hello function under awslambdaric: worker's start to first answer", middle["hello"], "ms", None)
    for name in ours:
        yield Figure(f"{name}: deployed zip, in hello functions", middle[name] / middle["hello"], "×", deployed.BUDGETS.get(name))
    yield from _on_huawei()
    yield Figure("streamed first byte through the loop, p50", deployed.first_byte(ROUNDS * 10), "ms", 3)
    for name, other in deployed.usual():
        if other is None:
            Console(stderr=True).print(f"Left out: {name} could not be built here (no registry?).")
            continue
        yield Figure(f"{name}, built the usual way: in hello functions", median(deployed.cold(other) for _ in range(3)) / middle["hello"], "×", None)


def _on_huawei() -> Iterator[Figure]:
    ours = {"hello": deployed.hello("huawei"), **deployed.zips("huawei")}
    taken: dict[str, list[float]] = {name: [] for name in ours}
    for _ in range(ROUNDS):
        for name, one in ours.items():
            taken[name].append(deployed.cold_on_huawei(one))
    middle = {name: median(times) for name, times in taken.items()}
    yield Figure("hello function as on FunctionGraph: process start to first answer", middle.pop("hello"), "ms", None)
    for name, time_taken in middle.items():
        ratio = time_taken / median(taken["hello"])
        yield Figure(f"{name}: zip for FunctionGraph, in hello functions", ratio, "×", deployed.BUDGETS[name] if name == "authorizer" else None)


def _hot_path(upstream: str) -> Iterator[Figure]:
    # The handler writes a log line per request.
    with redirect_stdout(io.StringIO()):
        added = hot_path.Bench(upstream).measure()
    yield Figure("chat handler adds, plain, p50", added.plain, "ms", 1)
    yield Figure("chat handler adds, to the first token, p50", added.first_token, "ms", 2)
    yield Figure("chat handler adds, per streamed chunk", added.chunk, "µs", 20)
    yield Figure("token verify, in bare jwt.decodes", hot_path.verify_ratio(), "×", 1.5)


def _vendors(upstream: str) -> Iterator[Figure]:
    with redirect_stdout(io.StringIO()):
        added = vendors.measure(upstream)
    yield Figure("vendor layer (Anthropic) over the same bytes passed on, per request, p50", added.request, "ms", 0.3)
    yield Figure("vendor layer (Anthropic) over the same bytes passed on, per chunk", added.chunk, "µs", 25)
    yield Figure("failover before the first token, beyond the failed attempt, p50", added.failover, "ms", 5)


def _compared(upstream: str) -> Iterator[Figure]:
    try:
        found = compared.measure(upstream)
    except compared.Absent as error:
        Console(stderr=True).print(f"Left out: the LiteLLM proxy; {error}.")
        return
    for name, who in (("ours", "local gateway, authorizer and chat"), ("theirs", "LiteLLM proxy")):
        yield Figure(f"{who} adds over HTTP, plain, p50", found[name].plain, "ms", None)
        yield Figure(f"{who} adds over HTTP, to the first token, p50", found[name].first_token, "ms", None)
        yield Figure(f"{who} adds over HTTP, per streamed chunk", found[name].chunk, "µs", None)


def _page() -> Iterator[Figure]:
    built = subprocess.run(["npm", "run", "--silent", "build"], cwd=cold_start.ROOT / "frontend", capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\s+first load, brotli", built.stdout)
    if found is None:
        raise SystemExit("The build printed no size of the first load.")
    yield Figure("page, first load, brotli", int(found[1]) / 1000, "kB", 60)


def _ready() -> Figure:
    """Measure `make run` on this machine, which is set up, until it says that it is ready."""
    ready = cold_start.ROOT / ".local" / "ready.json"
    if ready.exists():
        raise SystemExit("Twocan is running: stop it first, so that its start can be measured.")
    command = ["make", "run", f"PORT={_port()}"]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=cold_start.ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            while not ready.exists() and process.poll() is None:
                time.sleep(0.02)
            return Figure("make run, until ready", time.perf_counter() - began, "s", 10)
        finally:
            os.killpg(process.pid, signal.SIGINT)


def _applies() -> Iterator[Figure]:
    for cloud, called, most, least in (("aws", "AWS", None, None), ("huawei", "Huawei Cloud", 15, 100)):
        found = applied.measure(cloud)
        yield Figure(f"first apply, on the emulated {called}", found.first, "s", most)
        yield Figure("apply with nothing to do, there", found.nothing, "s", 3)
        yield Figure("requests a second through its gateway", found.rate, "/s", None, least)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1]) - 1


@contextmanager
def _upstream() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.upstream"]
    with subprocess.Popen(command, cwd=cold_start.ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline() if process.stdout else '0')}/v1"
        finally:
            process.kill()


if __name__ == "__main__":
    main()
