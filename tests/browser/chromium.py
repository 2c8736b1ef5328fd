"""Finds a Chromium to test with: CHROME_PATH, the system's, Debian's package when root, else Playwright's own download.

A missing browser is a failure that says what to do, never a skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Headless, and silent: Chromium's own services would call home at every start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> str | None:
    """Return the path of a Chromium, or None for the one that Playwright has downloaded. Raises FileNotFoundError or RuntimeError."""
    named = os.environ.get("CHROME_PATH")
    if named and not Path(named).is_file():
        raise FileNotFoundError(f"CHROME_PATH names {named}, which is no file.")
    path = named or _system() or _debian()
    if path is None:
        _download()
    return path


def _system() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    sys.stderr.write("No Chromium here: installing Debian's with apt-get.\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"]):
        subprocess.run(["apt-get", "-qq", *words], env=environment, check=False, stdout=subprocess.DEVNULL)
    return _system()


def _download() -> None:
    sys.stderr.write("No Chromium here: downloading Playwright's.\n")
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode:
        raise RuntimeError("There is no Chromium to test with. Install one, or name it: CHROME_PATH=/path/to/chromium make test")
