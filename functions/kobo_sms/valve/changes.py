"""What the valve's item remembers of its changes, for `kobo why`: which lane was closed or opened, when and why.

check_credit alone writes it, with its decision. A change is kept as one line of text, as send_sms takes in the whole
item each time it counts. Items of older releases remember none.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.table import History, HistoryAttribute, cut
from kobo_sms.valve.state import Closed, ClosedByOperator

CHANGES = HistoryAttribute("changes", first=0, last=40, most_bytes=4_000)
_OPEN = "open"
_LONGEST_DETAIL = 60


@dataclass(frozen=True)
class Change:
    """A lane that was closed at `at` (epoch seconds) for `cause`, or opened (None); `detail` says more, for people."""

    at: float
    lane: Lane
    cause: str | None
    detail: str = ""

    def to_text(self) -> str:
        """Return the change as one line."""
        return f"{self.at:.3f} {self.lane} {self.cause or _OPEN} {cut(self.detail, _LONGEST_DETAIL)}".rstrip()

    @classmethod
    def from_text(cls, text: str) -> Change | None:
        """Return the change that `to_text` wrote; None for a line that another release wrote and nobody here reads."""
        at, lane, cause, detail = [*text.split(" ", 3), "", "", "", ""][:4]
        try:
            return cls(float(at), Lane(lane), None if cause == _OPEN else cause, detail) if cause else None
        except ValueError:
            return None


def changes_of(history: History) -> list[Change]:
    """Return the changes that are remembered, oldest first."""
    return [change for change in map(Change.from_text, history.events) if change is not None]


def remember(history: History, before: Mapping[Lane, Closed], after: Mapping[Lane, Closed], now: float) -> History:
    """Return `history` with what a decision made at `now` changes of the closed lanes."""
    changes = [_change(lane, after.get(lane), now) for lane in LANES if _differs(before.get(lane), after.get(lane))]
    return CHANGES.extend(history, [change.to_text() for change in changes])


def _differs(before: Closed | None, after: Closed | None) -> bool:
    if before is None or after is None:
        return before is not after
    # One that is opened and closed again in one decision differs by when.
    return (before.cause, before.since) != (after.cause, after.since)


def _change(lane: Lane, closed: Closed | None, now: float) -> Change:
    if closed is None:
        return Change(now, lane, None)
    by = f"by {closed.by}" if isinstance(closed, ClosedByOperator) and closed.by else ""
    return Change(now, lane, closed.cause, ": ".join(filter(None, (by, " ".join(closed.detail.split())))))
