"""The states of a recipient, and which may follow which."""

from __future__ import annotations

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
UNKNOWN = "unknown"
# Of a part only: its recipients have moved on to smaller parts.
SPLIT = "split"

OPEN = frozenset({QUEUED, HELD, SENDING})
FROM_A_REPORT = frozenset({DELIVERED, UNDELIVERED, DO_NOT_DISTURB, EXPIRED})
FINAL = FROM_A_REPORT | {REJECTED, FAILED, LAPSED}
# In the order in which the kobo command shows them.
ALL = (
    QUEUED, HELD, SENDING, SENT, DELIVERED, UNDELIVERED, DO_NOT_DISTURB, EXPIRED, REJECTED, FAILED, LAPSED, UNKNOWN,
)  # fmt: skip


def may_follow(old: str, new: str) -> bool:
    """Tell whether a recipient in `old` may become `new`: nothing leaves a final state, and only a report ends
    `unknown`."""
    if old in FINAL:
        return False
    if old == UNKNOWN:
        return new in FROM_A_REPORT
    return True
