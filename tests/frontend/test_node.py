"""Runs the page's own tests, so that one command runs all."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_the_page_decides() -> None:
    """Every test of the page's own runner passes."""
    ran = subprocess.run(["npm", "test", "--silent"], cwd=ROOT / "frontend", capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
    assert "fail 0" in ran.stdout
