"""The recipients of a part, read from its item: each with its own state, or with its part's.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kobo_sms.messages.packing import unpack_numbers
from kobo_sms.messages.states import State


@dataclass(frozen=True)
class Recipient:
    """What is known of one number of a part; `at` in epoch seconds. `moved_on`: it is in a smaller part now."""

    to: str
    state: str
    reason: str | None
    report: str | None
    msgid: str | None
    at: Decimal
    moved_on: bool = False


def recipients_of(item: Mapping[str, Any]) -> dict[str, Recipient]:
    """Return the recipients of a part by number; those of a part that was split wait in its smaller parts."""
    split = item["state"] == State.SPLIT
    found = {number: _recipient(number, known, item, split) for number, known in item["recipients"].items()}
    waiting = unpack_numbers(item["numbers"]) if "numbers" in item else []
    return {number: _recipient(number, {}, item, split) for number in waiting} | found


def _recipient(number: str, known: Mapping[str, Any], item: Mapping[str, Any], split: bool) -> Recipient:
    own = "state" in known
    if split and not own:
        return Recipient(number, State.QUEUED, None, None, None, item["updated_at"], moved_on=True)
    return Recipient(
        to=number,
        state=known["state"] if own else item["state"],
        reason=known.get("reason") if own else item.get("reason"),
        report=known.get("report"),
        msgid=known.get("msgid"),
        at=known.get("at", item["updated_at"]),
    )
