"""Changing an item that others change too: read it, work out the change, write it unless somebody was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kobo_sms.errors import WriteConflict

Known = TypeVar("Known")
Change = TypeVar("Change")


def compare_and_swap(
    read: Callable[[], Known],
    change: Callable[[Known], Change],
    write: Callable[[Known, Change], bool],
    *,
    what: str,
    tries: int = 5,
) -> Change:
    """Return the change that was written.

    Parameters
    ----------
    change
        Works out the change, and whatever else its caller wants to know of it; called anew for each try.
    write
        Writes it; False when somebody has written since `read`.

    Raises
    ------
    WriteConflict
        when others were faster each time; it names `what`.
    """
    for _ in range(tries):
        known = read()
        changed = change(known)
        if write(known, changed):
            return changed
    raise WriteConflict(f"{what} was changed by others {tries} times")
