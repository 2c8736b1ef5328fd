"""What FunctionGraph is given to run, what comes of it, and its limits: values, and the variables that every process of a function finds.

This file knows huawei.md, 1.2 and 1.6; it must know no process. To tell a function more, add its variable to `preset`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: What an event and an answer may measure (huawei.md, 1.6).
LARGEST = 6 * 1024 * 1024


class Version(NamedTuple):
    """What is to run. `version` is its name, "latest" or "v1"; `seconds` its time-out; `memory` in MB; `initializer` "" for none.

    `user_data` holds the plain and the encrypted values. `concurrent` is how many requests an instance of an HTTP function takes at once (1.6).
    """

    name: str
    version: str
    urn: str
    project: str
    package: str
    runtime: str
    code: bytes
    handler: str
    initializer: str
    initializer_seconds: float
    seconds: float
    memory: int
    user_data: Mapping[str, str]
    concurrent: int = 1

    @property
    def region(self) -> str:
        """The URN's region (huawei.md, 3.1)."""
        return self.urn.split(":")[2]


class Ran(NamedTuple):
    """What came of an event: the JSON that the function returned; else "", and an `error`, type and text. `log` is the end of what it logged."""

    result: bytes
    error: str
    took_ms: float
    log: str


def preset(version: Version, *, code: Path, runtime: Path) -> dict[str, str]:
    """Return the variables that the platform sets (huawei.md, 1.2). Where the code lies in the cloud, /opt/function/code, is `code` here."""
    return {
        "RUNTIME_PROJECT_ID": version.project,
        "RUNTIME_FUNC_NAME": version.name,
        "RUNTIME_FUNC_VERSION": version.version,
        "RUNTIME_PACKAGE": version.package,
        "RUNTIME_HANDLER": version.handler,
        "RUNTIME_TIMEOUT": f"{version.seconds:g}",
        "RUNTIME_USERDATA": json.dumps(dict(version.user_data)),
        # huawei.md, 1.2: in thousandths of a core.
        "RUNTIME_CPU": str(version.memory * 100 // 128 + 200),
        "RUNTIME_MEMORY": str(version.memory),
        "RUNTIME_MAX_RESP_BODY_SIZE": str(LARGEST),
        "RUNTIME_INITIALIZER_HANDLER": version.initializer,
        "RUNTIME_INITIALIZER_TIMEOUT": f"{version.initializer_seconds:g}",
        "RUNTIME_ROOT": str(runtime),
        "RUNTIME_CODE_ROOT": str(code),
        "RUNTIME_LOG_DIR": str(runtime),
    }
