"""What the chat function loads: a cold start pays for every module."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from functions.shared import tokens
from tests.fakes.forge import ISSUER
from tests.fakes.upstream import Upstream, completion, whole
from tests.functions.chat.stand import ASKED, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
HEAVY = ["openai", "boto3", "botocore", "cryptography", "aiohttp", "click", "rich", "zxcvbn", "xllamacpp", "httpx", "requests", "asyncio", "pydantic"]
SCRIPT = """
import json, sys
# No zip holds it (PyJWT takes it where it finds it), whatever else is installed beside the tests.
sys.modules["cryptography"] = None
from functions.chat.handler import handler
given = json.loads(sys.stdin.read())

class Context:
    aws_request_id = "id"
    def get_remaining_time_in_millis(self):
        return 24_500

answer = handler.start("aws", given["settings"].get)(given["event"], Context())
print(json.dumps([answer["statusCode"], sorted(name for name in given["heavy"] if sys.modules.get(name))]))
"""


def run(event: Mapping[str, Any], url: str) -> list[Any]:
    """Answer one event in an interpreter of its own; return the status and the heavy modules."""
    given = json.dumps({"settings": settings(url), "event": event, "heavy": HEAVY})
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, input=given, capture_output=True, text=True, timeout=120, check=True)
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_one_answer_loads_nothing_heavy(recorded: Callable[[str], Any]) -> None:
    """Neither a cloud's SDK nor a vendor's, nor anything of the owner's side."""
    access = tokens.issue(ISSUER, subject="alice", session="one", now=int(time.time()))
    event = {**recorded("aws/lower_case_headers"), "httpMethod": "POST", "path": "/v1/chat/completions", "body": json.dumps(ASKED)}
    with Upstream([whole(completion("x"))]) as upstream:
        found = run({**event, "multiValueHeaders": None, "headers": {"authorization": f"Bearer {access}"}}, upstream.url)

    assert [200, []] == found
