"""Where a function's processes live: its code, unpacked, and what the platform lays beside it; and how a process is started there.

This file knows folders, paths and commands; what is said to a process is event_process.py's and http_instance.py's. To change what the platform
brings along, see `_BUNDLED`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.emulator import workers
from deploy.emulator.huawei.version import preset

if TYPE_CHECKING:
    import subprocess

    from deploy.emulator.huawei.version import Version

#: What FunctionGraph's Python brings (huawei.md, 1.3), by the names that are imported; here they are empty, so that nothing can lean on them.
_BUNDLED = {
    "certifi": "2020.6.20",
    "chardet": "3.0.4",
    "httplib2": "0.18.1",
    "numpy": "1.26.4",
    "redis": "3.5.3",
    "requests": "2.24.0",
    "simplejson": "3.17.2",
    "six": "1.15.0",
    "urllib3": "1.25.11",
    "yaml": "5.3.1",
}
_WORKER = Path(__file__).with_name("worker.py")


class Home:
    """A version's folder. `platform_first`: its packages come before the code on the path; the contract does not say. Raises BadZipFile."""

    def __init__(self, folder: Path, version: Version, python: str, *, platform_first: bool) -> None:
        self.code = folder / "code"
        workers.unpack(version.code, self.code)
        platform, tools = folder / "platform", folder / "bin"
        tools.mkdir()
        # An HTTP function's script asks for python3 by its name where FunctionGraph's own does not lie.
        (tools / "python3").symlink_to(python)
        _lay_out(platform)
        path = [platform, self.code] if platform_first else [self.code, platform]
        # -I -S: nothing but the standard library, until the worker adds what it is told. -u: no line waits.
        self._worker = (python, "-I", "-S", "-u", str(_WORKER))
        self._path = os.pathsep.join(map(str, path))
        self._memory = version.memory
        self._environment = {
            "LANG": "en_US.UTF-8",
            "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
            **preset(version, code=self.code, runtime=platform),
        }

    def start_worker(self, wire: int) -> subprocess.Popen[bytes]:
        """Start a process for events, which talks through a socket; with the program's own name, `sys.argv` has 3 entries (huawei.md, 1.1)."""
        return workers.launch(
            [*self._worker, str(wire), self._path], folder=self.code, environment=self._environment, wires=(wire,), memory=self._memory
        )

    def start_bootstrap(self, version: Version, port: int) -> subprocess.Popen[bytes]:
        """Start an HTTP function's own program (huawei.md, 1.8); user data are variables there (1.2). Raises OSError.

        In the cloud each instance has a port 8000 of its own. Here they share this machine's, so each is told its own.
        """
        environment = {**version.user_data, **self._environment, "TWOCAN_PORT": str(port)}
        return workers.launch([str(self.code / "bootstrap")], folder=self.code, environment=environment, memory=self._memory)


def _lay_out(folder: Path) -> None:
    for name, number in _BUNDLED.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f'__version__ = "{number}"\n', encoding="utf-8")
