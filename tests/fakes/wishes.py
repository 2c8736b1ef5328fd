"""What a stage is made from, without building anything: code that is only a digest, and a page of three files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy import bundle, owner, wanted
from deploy.clouds import aws
from deploy.package import Code, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deploy.steps import Seen, Thing

TARGET = Target("aws", "3.13", "arm64")
MARKS = {"TOKEN_KEY": "mark-of-key", "STORE": "mark-of-store", "BREAKER": "mark-of-store", "MODEL_KEYS": "mark-of-keys"}
INDEX = '<meta content="connect-src {{api_origin}}"><script src="/{{base}}/app.js"></script>'


def built(folder: Path, app: str = "1") -> Path:
    """Write a page as the build leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(INDEX, encoding="utf-8")
    (folder / "app.js").write_text(app, encoding="utf-8")
    return folder


def wish(dist: Path, *, code: str = "a", marks: dict[str, str] = MARKS, **choices: Any) -> wanted.Wish:
    """Return a wish; `code` stands for the functions' sources, `choices` go over the owner's defaults."""
    codes = {one.name: Code(one.name, TARGET, {}, f"{code}{one.name}".encode().hex().ljust(64, "0")[:64]) for one in bundle.FUNCTIONS}
    plain = {"TOKEN_ISSUER": "twocan/test", "TOKEN_AUDIENCE": "twocan/test", "MODELS": "[]"}
    chosen = owner.Owner(**choices)
    return wanted.Wish("aws", aws.parts(chosen), "1.0", chosen, codes, plain, marks.get, dist)


def want(one: wanted.Wish) -> Callable[[Seen], Sequence[Thing]]:
    """Return the wish as an apply asks for it."""
    return lambda seen: wanted.wanted(one, seen)
