"""How often somebody may try: at most so many hash runs in any 15 minutes, counted before the hash runs.

A run must first claim one of a fixed number of slots, by creating a record that expires after the window. Creating is atomic in every
store, so that two runs never share a slot; and as a slot is free again exactly one window after it was claimed, the limit holds for every
window, not only for those that begin on the quarter hour.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from functions.shared.errors import Conflict, TooManyAttempts
from functions.shared.stores import ANY

if TYPE_CHECKING:
    from functions.shared.stores import Records

#: Length of the window in seconds.
WINDOW = 900
#: Hash runs per window for one name.
PER_ACCOUNT = 10
#: Hash runs per window from one address, for whichever names.
PER_ADDRESS = 50


def count(records: Records, *, name: str, address: str, now: int) -> None:
    """Count one hash run against the name and the address. Raises TooManyAttempts, the same for names that exist and that do not."""
    # The address first: somebody who has used up theirs cannot go on to use up other people's names.
    here = f"attempts/address/{_digest(address)}"
    slot = _claim(records, here, PER_ADDRESS, now)
    try:
        _claim(records, f"attempts/name/{_digest(name)}", PER_ACCOUNT, now)
    except TooManyAttempts:
        # No hash will run, so the address has not used it: one name that is full must not lock out everybody who shares an address.
        records.delete(here, slot, if_version=ANY)
        raise


def forget(records: Records, name: str) -> None:
    """Give a name its tries back: whoever may set its password need not wait."""
    partition = f"attempts/name/{_digest(name)}"
    for record in records.query(partition, limit=PER_ACCOUNT):
        records.delete(partition, record.sort, if_version=ANY)


def _claim(records: Records, partition: str, slots: int, now: int) -> str:
    """Return the slot that is claimed now."""
    taken = {record.sort: record.expires or now for record in records.query(partition, limit=slots)}
    for number in range(slots):
        slot = f"{number:03}"
        if slot in taken:
            continue
        try:
            records.put(partition, slot, {}, if_version=0, expires=now + WINDOW)
        except Conflict:
            taken[slot] = now + WINDOW
        else:
            return slot
    raise TooManyAttempts(retry_after=max(1, min(taken.values()) - now))


def _digest(text: str) -> str:
    # A name may be anything that somebody typed: a digest bounds its length, and keeps a password typed into the wrong field out of the store.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
