"""Models as an owner with several vendors has them: what `GET /v1/models` says of each scripted one, and `GET /admin/models` to an admin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def _model(name: str, vendors: str, context: int | None, price: tuple[float, float] | None, **more: Any) -> dict[str, Any]:
    told = price and {"currency": "USD", "per_tokens": 1_000_000, "input": price[0], "output": price[1], "date": "2026-11-01"}
    can = {"vision": more.pop("vision", None), "tools": more.pop("tools", None), "streaming": more.pop("streaming", None)}
    return {
        "id": name, "object": "model", "created": 0, "owned_by": vendors, "context_length": context, "capabilities": can, "price": told, **more
    }  # fmt: skip


MODELS = [
    _model("best", "anthropic, openai", 128_000, (5, 25), tools=True, route={"strategy": "ordered", "models": ["code", "error"]}),
    _model("code", "anthropic", 200_000, (3, 15), vision=True, tools=True),
    _model("error", "openai", 131_072, (1.25, 10), vision=True, tools=True),
    _model("chinese", "replicate", 8192, (0.05, 0.25), vision=False, tools=False, streaming=False),
    _model("stall", "sagemaker", 32_768, None),
    _model("hostile", "bedrock", None, None),
    _model("citing", "replicate", 131_072, (0.5, 1.5)),
]


def tell(page: Page, models: list[dict[str, Any]]) -> None:
    """Let this page be told these models."""

    def answer(route: Route) -> None:
        route.fulfill(response=route.fetch(), json={"object": "list", "data": models})

    page.route("**/v1/models", answer)


def _health(name: str, state: str, at: str, **seen: Any) -> dict[str, Any]:
    where = dict(zip(("vendor", "model", "host"), at.split(), strict=True))
    unseen = {"routes": [], "wait_seconds": 0, "asked": 0, "failed": 0, "first_token_ms": None, "last_error": None}
    return {"id": name, "state": state, **where, **unseen, **seen}


def _failed(code: str, seconds: int) -> dict[str, Any]:
    return {"code": code, "at": NOON - seconds}


NOON = 1763726400
_BEDROCK = "bedrock eu.anthropic.claude-sonnet-4-20250514-v1:0 bedrock-runtime.eu-central-1.amazonaws.com"
_QUICK = {"p50": 95, "p95": 310}

#: One model in each state, and one without a fault.
HEALTH: dict[str, Any] = {
    "object": "list", "at": NOON, "period_seconds": 3600, "shared": True, "instances": 3,
    "data": [
        _health("claude", "ready", "anthropic claude-sonnet-4-5 api.anthropic.com", routes=["chat", "fast"], asked=40, failed=2,
                first_token_ms={"p50": 420, "p95": 1310}, last_error=_failed("upstream_timeout", 240)),
        _health("gpt", "failing", "openai gpt-5 api.openai.com", routes=["chat"], asked=48, failed=11,
                first_token_ms={"p50": 780, "p95": 12400}, last_error=_failed("upstream_busy", 20)),
        _health("claude-bedrock", "left_alone", _BEDROCK, routes=["chat"], wait_seconds=42, asked=3, failed=3,
                last_error=_failed("upstream_refused", 5)),
        _health("llama", "ready", "openai meta-llama/Llama-3.1-8B-Instruct llm.example.com", routes=["fast"], asked=50, first_token_ms=_QUICK),
        _health("vectors", "unknown", "openai text-embedding-3-small api.openai.com"),
    ],
}  # fmt: skip


def admit(page: Page, *, admin: bool = True) -> None:
    """Let who signs in on this page, or whose tokens are renewed, be an admin, or none."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "admin": admin})

    page.route(re.compile(r"/auth/(login|refresh)$"), answer)


def report(page: Page, body: dict[str, Any], status: int = 200) -> list[str]:
    """Let this page be told this of the models' health. Returns the tokens that it was asked with, one for each time."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.headers["authorization"])
        route.fulfill(status=status, json=body, headers={"access-control-allow-origin": "*"})

    page.route("**/admin/models", answer)
    return asked
