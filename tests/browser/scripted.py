"""Models that answer by script, each by its name: for what a test must be able to count on. One OpenAI-shaped server for all of them."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

CODE = """Here is a function that groups dates by week:

```python
from collections import defaultdict
from datetime import date


def by_week(days: list[date]) -> dict[tuple[int, int], list[date]]:
    weeks = defaultdict(list)
    for day in sorted(days):
        year, week, _ = day.isocalendar()
        weeks[year, week].append(day)
    return dict(weeks)
```

It relies on two things:

1. **`isocalendar`** gives the year that a week belongs to, which is not always the year of the day.
2. **`defaultdict`** makes a list the first time a week is seen.

| day | belongs to |
| --- | --- |
| 2026-12-31 | week 53 of 2026 |
| 2027-01-01 | week 53 of 2026 |
"""

CHINESE = """下面是一个按周分组日期的函数：

```python
def by_week(days):
    weeks = {}
    for day in sorted(days):
        year, week, _ = day.isocalendar()
        weeks.setdefault((year, week), []).append(day)
    return weeks
```

有两点值得注意：

1. **`isocalendar`** 返回的是该周所属的年份，不一定是日期本身的年份。
2. **`setdefault`** 会在第一次遇到某一周时创建列表。
"""

#: An answer that tries everything that an answer must not be able to do.
HOSTILE = """<img src="https://evil.example/pixel.png" onerror="alert(1)"> <script>alert(1)</script>

![pixel](https://evil.example/pixel.png) [click](javascript:alert(1)) <b style="color:red" id="x">bold</b>

$\\href{javascript:alert(1)}{x}$
"""

CITING = "Toucans eat mostly fruit [1], and sometimes eggs [2]."

ANSWERS = {"code": CODE, "chinese": CHINESE, "hostile": HOSTILE, "citing": CITING, "stall": "Thinking about it", "error": "This is as far as "}


class ScriptedModels:
    """The server, in a thread of its own; use it in a `with`. `stall` waits after its text, `error` breaks off after it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.base_url = ""
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def environment(self) -> dict[str, str]:
        """Return what makes a run offer these models."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_MODELS": ",".join(ANSWERS)}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        if self._runner:
            self._loop.run_until_complete(self._runner.cleanup())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _listen(self) -> None:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", _answer)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"


async def _answer(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    if not asked.get("stream"):
        return web.json_response(_whole(ANSWERS[asked["model"]]))
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    async for data in _events(asked["model"]):
        await response.write(f"data: {data}\n\n".encode())
    return response


async def _events(model: str) -> AsyncIterator[str]:
    text = ANSWERS[model]
    for start in range(0, len(text), 12):
        yield _chunk({"content": text[start : start + 12]})
        await asyncio.sleep(0.005)
    if model == "stall":
        await asyncio.sleep(3600)
    if model == "error":
        yield json.dumps({"error": {"message": "the script says so"}})
        return
    yield _chunk({}, "stop")
    yield "[DONE]"


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices})


def _whole(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
