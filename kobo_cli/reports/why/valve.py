"""The rows of the valve: when a lane was closed while the request waited, why, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from kobo_cli.reports.why.rows import Row, Say, joined
from kobo_sms.credit.text import CAUSES
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.changes import Change, changes_of
from kobo_sms.valve.signals import CREDIT
from kobo_sms.valve.state import Closed, ClosedByOperator, Shut
from kobo_sms.valve.store import ValveSnapshot


@dataclass(frozen=True)
class Closure:
    """A time for which a lane was closed; `since` is None where it is not remembered, `until` while it lasts.

    `state` is what the valve says of it now, while it lasts.
    """

    lane: Lane
    since: float | None
    until: float | None
    cause: str
    detail: str = ""
    state: Closed | None = None

    def overlaps(self, start: float, end: float) -> bool:
        """Tell whether the lane was closed between two moments."""
        return (self.since or 0.0) <= end and (self.until is None or self.until >= start)


def closures(known: ValveSnapshot) -> list[Closure]:
    """Return the times for which each lane was closed, as far as they are remembered."""
    changes = changes_of(known.changes)
    return [each for lane in LANES for each in _of_lane([one for one in changes if one.lane == lane], lane, known)]


def closure_rows(found: Sequence[Closure], lanes: Collection[str], start: float, end: float, say: Say) -> Iterator[Row]:
    """Yield the closings and openings of `lanes` between two moments."""
    for each in found:
        if each.lane in lanes and each.overlaps(start, end):
            if each.since is not None:
                yield Row(each.since, f"{each.lane} lane closed", why=_why_closed(each, say))
            if each.until is not None:
                yield Row(each.until, f"{each.lane} lane opened", why=_why_opened(each, say))


def opens_when(closed: Closed, say: Say) -> str:
    """Return what a closed lane waits for."""
    if isinstance(closed, ClosedByOperator):
        return "until an operator opens it (kobo valve open)"
    rise = "until the balance has risen or a probe works" if closed.cause == CREDIT else "until a probe works"
    return f"{rise}, the next one {say(closed.probe_at)}" if isinstance(closed, Shut) and closed.probe_at else rise


def _of_lane(changes: Sequence[Change], lane: Lane, known: ValveSnapshot) -> Iterator[Closure]:
    current: Closure | None = None
    for change in changes:
        if current is not None:
            yield replace(current, until=change.at)
        elif change.cause is None:
            yield Closure(lane, None, change.at, "")
        current = None if change.cause is None else Closure(lane, change.at, None, change.cause, change.detail)
    closed = known.valve.closed.get(lane)
    if closed is not None and (current is None or current.cause != closed.cause):
        # A release that remembered no changes has closed it.
        current = Closure(lane, closed.since, None, closed.cause, closed.detail)
    if current is not None and closed is not None:
        yield replace(current, state=closed)
    # One that a release without a memory has opened again since is left out: nobody knows when.


def _why_closed(closure: Closure, say: Say) -> str | None:
    until = f"until {say(closure.until)}" if closure.until is not None else None
    waits = f"still closed, {opens_when(closure.state, say)}" if closure.state is not None else None
    return joined(CAUSES.get(closure.cause, closure.cause), closure.detail, until, waits)


def _why_opened(closure: Closure, say: Say) -> str:
    if closure.since is None:
        return "when it was closed is not remembered any more"
    return f"it had been closed since {say(closure.since)}: {CAUSES.get(closure.cause, closure.cause)}"
