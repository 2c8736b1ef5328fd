"""accounts.py: names, and writes that somebody else may overtake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.shared import accounts
from functions.shared.errors import AlreadyExists, Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from functions.shared.stores import Records


@pytest.mark.parametrize("name", ["alice", "a", "7", "a.b_c@d-e+f", "a" * 64])
def test_a_name_is_kept_as_it_is(name: str) -> None:
    """Lower-case ASCII with a few marks is stored as given."""
    assert name == accounts.canonical(name)


@pytest.mark.parametrize("name", ["Alice", " alice ", "ALICE\n", "\u3000alice"])
def test_case_and_blanks_around_do_not_count(name: str) -> None:
    """What people type differs, the account does not."""
    assert "alice" == accounts.canonical(name)


@pytest.mark.parametrize(
    "name",
    ["", " ", ".alice", "@x", "a" * 65, "a b", "a/b", "a\0", "a\nb", "\u0430lice", "\uff41lice", "al\u0131ce", "爱丽丝", "\ud800"],
    ids=ascii,
)
def test_a_name_that_could_be_taken_for_another_is_none(name: str) -> None:
    """No Cyrillic a, no full-width letter, no dotless i."""
    assert accounts.canonical(name) is None


def test_an_account_is_found_by_any_spelling(records: Records) -> None:
    """As it was added, enabled, in its first epoch."""
    accounts.add(records, " Alice", "hash")

    assert accounts.Account("alice", "hash", enabled=True, epoch=1, version=1) == accounts.find(records, "ALICE ")


@pytest.mark.parametrize("name", ["bob", "not a name"])
def test_nobody_is_found_where_nobody_is(records: Records, name: str) -> None:
    """An impossible name is as absent as an unused one."""
    assert accounts.find(records, name) is None
    with pytest.raises(NotFound, match="There is no user"):
        accounts.get(records, name)


def test_a_name_is_taken_once(records: Records) -> None:
    """The second comer changes nothing."""
    accounts.add(records, "alice", "first")

    with pytest.raises(AlreadyExists, match="passwd alice"):
        accounts.add(records, "Alice", "second")
    assert "first" == accounts.get(records, "alice").password


def test_an_impossible_name_is_refused(records: Records) -> None:
    """And the message says what a name is."""
    with pytest.raises(InvalidRequest, match="1 to 64 letters a-z"):
        accounts.add(records, "not a name", "hash")


def test_a_stale_account_is_not_saved(records: Records) -> None:
    """Whoever read before somebody else wrote must read again."""
    accounts.add(records, "alice", "first")
    read = accounts.get(records, "alice")
    accounts.save(records, read._replace(enabled=False))

    with pytest.raises(Conflict):
        accounts.save(records, read._replace(password="second"))
    assert ("first", False) == accounts.get(records, "alice")[1:3]


def test_a_list_goes_on_where_it_ended(records: Records) -> None:
    """Page by page, in order, the last one short."""
    for name in ("carol", "alice", "bob"):
        accounts.add(records, name, "hash")

    assert ["alice", "bob"] == [one.name for one in accounts.listed(records, "", 2)]
    assert ["carol"] == [one.name for one in accounts.listed(records, "bob", 2)]
