"""The page's files as they are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deploy.site import HEADERS, SiteError, render

if TYPE_CHECKING:
    from pathlib import Path

API = "https://api.example.org"
INDEX = '<meta content="connect-src {{api_origin}}"><script src="/{{base}}/app.js"></script><link href="/{{base}}/app.css">'


@pytest.fixture(name="dist")
def _dist(tmp_path: Path) -> Path:
    for name, text in {"index.html": INDEX, "app.js": "1", "app.css": "2", "icon.svg": "<svg/>", "manifest.webmanifest": "{}"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def base_of(dist: Path, api: str = API, name: str = "Twocan") -> str:
    """Return the folder of a release."""
    return render(dist, api, name)[0].path.rpartition("/")[0]


def test_everything_but_the_page_lies_in_the_release(dist: Path) -> None:
    """One folder, named by 16 hex digits, with a copy of the page for whoever goes back to it; and the page beside it, written last."""
    paths = [file.path for file in render(dist, API, "Twocan")]
    base = base_of(dist)

    assert [f"{base}/{name}" for name in ("app.css", "app.js", "config.json", "icon.svg", "index.html", "manifest.webmanifest")] + [
        "index.html"
    ] == paths
    assert len(base) == len("releases/") + 16


def test_cache_rules(dist: Path) -> None:
    """What never changes is kept for a year; what points at it is asked for each time."""
    *release, index = render(dist, API, "Twocan")

    assert {file.cache for file in release} == {"public, max-age=31536000, immutable"}
    assert index.cache == "no-cache"


def test_types(dist: Path) -> None:
    """Browsers obey them, because of nosniff."""
    types = {file.path.rpartition("/")[2]: file.type for file in render(dist, API, "Twocan")}

    assert types == {
        "app.css": "text/css; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "config.json": "application/json",
        "icon.svg": "image/svg+xml",
        "index.html": "text/html; charset=utf-8",
        "manifest.webmanifest": "application/manifest+json",
    }


def test_the_page_points_at_its_release_and_its_api(dist: Path) -> None:
    """Both placeholders are filled in everywhere."""
    index = render(dist, API, "Twocan")[-1].body.decode()
    base = base_of(dist)

    assert f'<meta content="connect-src {API}"><script src="/{base}/app.js"></script><link href="/{base}/app.css">' == index


def test_config_tells_the_page_its_api(dist: Path) -> None:
    """In the release, so that it never changes under a page."""
    config = next(file for file in render(dist, API, "Two & 队") if file.path.endswith("config.json"))

    assert json.loads(config.body) == {"api": API, "name": "Two & 队"}


def test_the_same_files_give_the_same_release(dist: Path) -> None:
    """Byte for byte."""
    assert render(dist, API, "Twocan") == render(dist, API, "Twocan")


def test_any_change_gives_another_release(dist: Path) -> None:
    """A byte, a name, the template, the API, or the title."""
    bases = [base_of(dist), base_of(dist, api="https://b.example.org"), base_of(dist, name="Other")]
    for name, text in {"app.js": "3", "new.js": "", "index.html": INDEX + "\n"}.items():
        (dist / name).write_text(text, encoding="utf-8")
        bases.append(base_of(dist))
    (dist / "new.js").rename(dist / "newer.js")
    bases.append(base_of(dist))

    assert len(bases) == len(set(bases))


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "api.example.org",
        "https://a/",
        "https://a/b/",
        "https://a/../b",
        "https://a/b?c",
        "https://a; script-src *",
        'https://a"',
        "ftp://a",
        "https://a b",
    ],
)
def test_an_origin_that_is_none_is_refused(dist: Path, origin: str) -> None:
    """It goes into the page's policy, so nothing else may come in with it."""
    with pytest.raises(SiteError):
        render(dist, origin, "Twocan")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8701", "http://[::1]:8701", "https://abc.execute-api.eu-west-1.amazonaws.com"])
def test_origins_of_every_kind_are_taken(dist: Path, origin: str) -> None:
    """Local ones with a port, and the clouds'."""
    assert origin.encode() in render(dist, origin, "Twocan")[-1].body


def test_without_a_build_it_says_what_to_type(tmp_path: Path) -> None:
    """The page is not committed, so this is the first thing that happens to somebody."""
    with pytest.raises(SiteError, match="`make frontend`"):
        render(tmp_path, API, "Twocan")


def test_a_page_without_its_placeholders_is_refused(dist: Path) -> None:
    """It would point at no release."""
    (dist / "index.html").write_text("<p>{{base}}", encoding="utf-8")

    with pytest.raises(SiteError, match="api_origin"):
        render(dist, API, "Twocan")


@pytest.mark.parametrize("name", ["photo.tiff", "LICENSE"])
def test_a_file_of_no_known_type_is_refused(dist: Path, name: str) -> None:
    """Better now than as a download in somebody's browser."""
    (dist / name).write_text("x", encoding="utf-8")

    with pytest.raises(SiteError, match="TYPES"):
        render(dist, API, "Twocan")


def test_no_other_page_may_frame_this_one() -> None:
    """A <meta> policy cannot say so, therefore a header must."""
    assert HEADERS["content-security-policy"] == "frame-ancestors 'none'"
    assert HEADERS["x-content-type-options"] == "nosniff"
