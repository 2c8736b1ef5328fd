"""Which models a run on this machine offers: the owner's table, whatever OpenAI-shaped server the environment names, and the embedded one.

OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODELS (names, separated by commas) are the environment's words, the first two as every OpenAI client
reads them. Without OPENAI_MODELS the server is asked for its list.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from deploy import owner
from deploy.local import model

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENAI = "https://api.openai.com/v1"
_KEY = "OPENAI_API_KEY"
#: Seconds to wait for a server's list of models: a start does not hang on it.
_PATIENCE = 3.0
#: A server may list hundreds; a picker of so many helps nobody.
_MOST = 50
# OpenAI lists what cannot chat, too.
_CHATS = re.compile(r"(gpt-|o\d|chatgpt-)(?!.*(audio|realtime|transcribe|tts|image|instruct|search|embedding|moderation)).*")

Row = dict[str, str]
Rows = tuple["Mapping[str, str]", ...]


def offered(rows: Rows, embedded: str, environment: Mapping[str, str]) -> tuple[Rows, dict[str, str]]:
    """Return the table and the keys that it names; a name of the owner's wins over the same one from elsewhere. Raises OwnerError."""
    keys = owner.keys(rows, environment)
    found = (*rows, *_from_environment(environment), {"name": model.NAME, "vendor": "openai", "base_url": embedded, "model": model.NAME})
    table = {row["name"]: row for row in reversed(found)}
    if any(row.get("key") == _KEY for row in table.values()):
        keys[_KEY] = environment[_KEY]
    return tuple(reversed(table.values())), keys


def _from_environment(environment: Mapping[str, str]) -> list[Row]:
    key, base_url = environment.get(_KEY, ""), environment.get("OPENAI_BASE_URL", "").rstrip("/")
    if not key and not base_url:
        return []
    at = base_url or _OPENAI
    names = [name.strip() for name in environment.get("OPENAI_MODELS", "").split(",") if name.strip()]
    row = {"vendor": "openai", "base_url": at, **({"key": _KEY} if key else {})}
    if at == _OPENAI:
        row["output_limit"] = "max_completion_tokens"
    return [{"name": name, "model": name, **row} for name in names or _listed(at, key)]


def _listed(base_url: str, key: str) -> list[str]:
    """Return the names that a server lists; a server that does not answer is said, and left out."""
    from openai import OpenAI, OpenAIError

    try:
        # A server without a key wants none, but the client insists on one.
        with OpenAI(api_key=key or "none", base_url=base_url, timeout=_PATIENCE, max_retries=0) as client:
            names = sorted(one.id for one in client.models.list().data)
    except (OpenAIError, TypeError, ValueError, AttributeError) as error:
        # The client does not check what a stranger's server lists; nor does it take a key that no header can carry.
        print(f"The models at {base_url} are left out: {type(error).__name__}. Name them in OPENAI_MODELS.", file=sys.stderr)
        return []
    return [name for name in names if base_url != _OPENAI or _CHATS.fullmatch(name)][:_MOST]
