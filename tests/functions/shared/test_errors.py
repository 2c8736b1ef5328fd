"""errors.py: the tree as drawn, the bodies as OpenAI's clients parse them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from functions.shared import errors

if TYPE_CHECKING:
    from collections.abc import Iterator


def drawn() -> list[tuple[int, str, int, str]]:
    """Return (depth, name, status, code) for each line of the drawing."""
    lines = re.findall(r"^    ([│├└─ ]*)(\w+) +(\d{3})  (\w+)$", errors.__doc__ or "", re.MULTILINE)
    return [(len(prefix) // 4, name, int(status), code) for prefix, name, status, code in lines]


def classes(root: type[errors.TwocanError] = errors.TwocanError, depth: int = 0) -> Iterator[tuple[int, str, int, str]]:
    """Yield the same of each class, parents first, in the order in which they are defined."""
    yield depth, root.__name__, root.status, root.code
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes(child, depth + 1)


def made(name: str) -> errors.TwocanError:
    """Return an instance of a class."""
    if name == "MethodNotAllowed":
        return errors.MethodNotAllowed("GET")
    error: errors.TwocanError = getattr(errors, name)()
    return error


NAMES = [name for _, name, _, _ in drawn()]


def test_the_drawing_is_the_tree() -> None:
    """Names, places, statuses and codes: what the docstring shows is what there is."""
    assert drawn() == list(classes())


def test_every_error_of_the_module_is_in_the_tree() -> None:
    """No class of errors stands beside the drawing."""
    found = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}

    assert set(NAMES) == found


def test_codes_are_unique() -> None:
    """A code names one error; the store's root alone shares its child's, as drawn."""
    twice = {code for code, times in Counter(code for *_, code in drawn()).items() if times > 1}

    assert {"store_unavailable"} == twice


@pytest.mark.parametrize("name", NAMES)
def test_a_body_is_openais(name: str) -> None:
    """An error object with exactly the four members that their clients read."""
    error = made(name)
    body = error.body()

    assert {"error": {"message": error.message, "type": body["error"]["type"], "code": error.code, "param": None}} == body
    assert str(error) == error.message


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TwocanError", "server_error"),
        ("InvalidRequest", "invalid_request_error"),
        ("Unauthorized", "authentication_error"),
        ("NotFound", "invalid_request_error"),
        ("TooManyAttempts", "rate_limit_error"),
        ("Unavailable", "server_error"),
    ],
)
def test_a_type_follows_from_the_status(name: str, kind: str) -> None:
    """The types are OpenAI's own."""
    assert kind == made(name).body()["error"]["type"]


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (errors.TwocanError(), {}),
        (errors.TooManyAttempts(retry_after=7), {"retry-after": "7"}),
        (errors.TooManyAttempts(), {}),
        (errors.SessionEnded(), {"www-authenticate": "Bearer"}),
        (errors.MethodNotAllowed("GET, POST"), {"allow": "GET, POST"}),
    ],
    ids=["plain", "later", "some-time", "unauthorized", "method"],
)
def test_headers_belong_to_their_error(error: errors.TwocanError, headers: dict[str, str]) -> None:
    """RFC 9110 wants a 401 to name its scheme and a 405 its methods."""
    assert headers == error.headers()


def test_a_message_and_a_member_can_be_said() -> None:
    """An error says what is wrong, and where in the body."""
    said = errors.InvalidRequest("Too long.", param="username").body()["error"]

    assert ("Too long.", "username") == (said["message"], said["param"])
