"""A list of models as an owner with several vendors has it, for the scripted models: what `GET /v1/models` says of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def _model(name: str, vendors: str, context: int | None, price: tuple[float, float] | None, **more: Any) -> dict[str, Any]:
    told = price and {"currency": "USD", "per_tokens": 1_000_000, "input": price[0], "output": price[1], "date": "2026-11-01"}
    can = {"vision": more.pop("vision", None), "tools": more.pop("tools", None), "streaming": None}
    return {
        "id": name, "object": "model", "created": 0, "owned_by": vendors, "context_length": context, "capabilities": can, "price": told, **more
    }  # fmt: skip


MODELS = [
    _model("best", "anthropic, openai", 128_000, (5, 25), tools=True, route={"strategy": "ordered", "models": ["code", "error"]}),
    _model("code", "anthropic", 200_000, (3, 15), vision=True, tools=True),
    _model("error", "openai", 131_072, (1.25, 10), vision=True, tools=True),
    _model("chinese", "replicate", 8192, (0.05, 0.25), vision=False, tools=False),
    _model("stall", "sagemaker", 32_768, None),
    _model("hostile", "bedrock", None, None),
    _model("citing", "replicate", 131_072, (0.5, 1.5)),
]


def tell(page: Page, models: list[dict[str, Any]]) -> None:
    """Let this page be told these models."""

    def answer(route: Route) -> None:
        route.fulfill(response=route.fetch(), json={"object": "list", "data": models})

    page.route("**/v1/models", answer)
