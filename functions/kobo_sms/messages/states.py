"""The states of a recipient, and which may follow which."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a recipient is, or a part; in the order in which the kobo command shows them."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    DO_NOT_DISTURB = "do_not_disturb"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    # Of a part only: its recipients have moved on to smaller parts.
    SPLIT = "split"


OPEN = frozenset({State.QUEUED, State.HELD, State.SENDING})
FROM_A_REPORT = frozenset({State.DELIVERED, State.UNDELIVERED, State.DO_NOT_DISTURB, State.EXPIRED})
FINAL = FROM_A_REPORT | {State.REJECTED, State.FAILED, State.LAPSED, State.CANCELLED}
# Those that a recipient may have.
ALL = tuple(state for state in State if state is not State.SPLIT)
# Nothing more is done about these, and nobody says that they got it.
FAILURES = frozenset(ALL) - OPEN - {State.SENT, State.DELIVERED}


def in_order(words: Iterable[str]) -> list[str]:
    """Return states as the kobo command shows them; those that only a release to come knows are the last."""
    left = set(words)
    return [*(state for state in ALL if state in left), *sorted(left - set(ALL))]


def may_follow(old: str, new: str) -> bool:
    """Tell whether a recipient in `old` may become `new` by itself: nothing leaves a final state, and only a report
    ends `unknown`. An operator's retry is another matter (`sending.operator_store`)."""
    if old in FINAL:
        return False
    if old == State.UNKNOWN:
        return new in FROM_A_REPORT
    return True
