"""When an alert rings: two independent tracks, the credit and what keeps KoboMobile from working (guarantee 5).

A change for the worse rings at once and once. A change for the better has to be clear: a threshold is left behind at
110 % of it, `empty` and the faults after two checks in a row without them, since a valve that opens to try may close
again seconds later. While a track is not `ok` the alert is repeated once a day.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.table import moment

OK, LOW, CRITICAL, EMPTY = "ok", "low", "critical", "empty"
RECOVERED = "recovered"
BALANCE = "balance"
CREDIT_TRACK, FAULT_TRACK = "credit", "fault"

REMINDER_SECONDS = 24 * 3600
CLEAR_CHECKS = 2
CLEAR_OF_THRESHOLD = Decimal("1.1")
_SEVERITY = (OK, LOW, CRITICAL, EMPTY)
_STATES = frozenset((*_SEVERITY, *Symptom))


@dataclass(frozen=True)
class Track:
    """Where a track stands: `since` when, and when its last alert was, in epoch seconds.

    `clear` counts the checks in a row that found nothing of what `state` says, until there are enough to believe it.
    `held`: of `empty`, the lanes that have been held since, or BALANCE when nothing at all is left.
    """

    state: str = OK
    since: float | None = None
    alerted_at: float | None = None
    clear: int = 0
    held: frozenset[str] = frozenset()

    def to_item(self) -> dict[str, Any]:
        """Return the track as DynamoDB keeps it; what is None is left out."""
        moments = {"since": self.since, "alerted_at": self.alerted_at}
        known = {name: moment(value) for name, value in moments.items() if value is not None}
        return {"state": self.state, "clear": self.clear, "held": sorted(self.held), **known}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Track:
        """Return what `to_item` wrote; an empty item is a track that nothing has happened on yet, and so is one in a
        state that only a release to come knows."""
        if item.get("state", OK) not in _STATES:
            return cls()
        moments = {name: float(item[name]) for name in ("since", "alerted_at") if name in item}
        held = frozenset(item.get("held", ()))
        return cls(item.get("state", OK), clear=int(item.get("clear", 0)), held=held, **moments)


@dataclass(frozen=True)
class AlertState:
    """Both tracks; `AlertState()` is the state before the first check."""

    credit: Track = field(default_factory=Track)
    fault: Track = field(default_factory=Track)

    def to_item(self) -> dict[str, Any]:
        """Return the state as DynamoDB keeps it."""
        return {CREDIT_TRACK: self.credit.to_item(), FAULT_TRACK: self.fault.to_item()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> AlertState:
        """Return what `to_item` wrote; an empty item is the state before the first check."""
        return cls(Track.from_item(item.get(CREDIT_TRACK, {})), Track.from_item(item.get(FAULT_TRACK, {})))


@dataclass(frozen=True)
class Situation:
    """What a check found.

    `balance` is None when it is not known now; a threshold of 0 is switched off; `held_for_credit` names the lanes
    that wait for credit; `fault` is `credentials`, `gateway` or None.
    """

    now: float
    balance: Decimal | None
    low: Decimal
    critical: Decimal
    held_for_credit: frozenset[str] = frozenset()
    fault: str | None = None


@dataclass(frozen=True)
class Alert:
    """What to tell people.

    `kind` is the state it tells of, or `recovered`; `was` the state before it; `since` when what it tells of began, or,
    for `recovered`, when what is over now began. A reminder repeats the alert of a state that lasts.
    """

    kind: str
    track: str
    was: str
    since: float
    reminder: bool = False


def step(state: AlertState, situation: Situation) -> tuple[AlertState, list[Alert]]:
    """Return the state after a check, and the alerts to send: at most one of each track."""
    now = round(situation.now, 3)
    credit, of_credit = _follow(state.credit, _credit(state.credit, situation), now, CREDIT_TRACK)
    fault, of_fault = _follow(state.fault, _fault(state.fault, situation), now, FAULT_TRACK)
    return AlertState(credit, fault), of_credit + of_fault


def level(balance: Decimal, low: Decimal, critical: Decimal) -> str:
    """Return `ok`, `low`, `critical` or `empty`: what a balance is by itself, whatever it was before."""
    if balance <= 0:
        return EMPTY
    if balance < critical:
        return CRITICAL
    return LOW if balance < low else OK


def _credit(track: Track, situation: Situation) -> Track:
    held = situation.held_for_credit
    if situation.balance is not None and situation.balance <= 0:
        held |= {BALANCE}
    if held:
        return replace(track, state=EMPTY, clear=0, held=track.held | held)
    if situation.balance is None:
        return replace(track, clear=0)
    found = level(situation.balance, situation.low, situation.critical)
    if track.state == EMPTY:
        return _leave(track, found)
    if _worse(found, track.state):
        return replace(track, state=found)
    margin = CLEAR_OF_THRESHOLD
    cautious = level(situation.balance, situation.low * margin, situation.critical * margin)
    return replace(track, state=min(track.state, cautious, key=_SEVERITY.index))


def _fault(track: Track, situation: Situation) -> Track:
    if situation.fault is not None:
        return replace(track, state=situation.fault, clear=0)
    return _leave(track, OK) if track.state != OK else track


def _leave(track: Track, found: str) -> Track:
    if found == track.state:
        return replace(track, clear=0)
    if track.clear + 1 < CLEAR_CHECKS:
        return replace(track, clear=track.clear + 1)
    return replace(track, state=found, clear=0)


def _worse(state: str, than: str) -> bool:
    return _SEVERITY.index(state) > _SEVERITY.index(than)


def _follow(before: Track, after: Track, now: float, name: str) -> tuple[Track, list[Alert]]:
    """Return the track with its moments set, and the alert that the way from `before` to `after` asks for."""
    since = now if before.since is None or after.state != before.state else before.since
    after = replace(after, since=since)
    if after.state != EMPTY:
        after = replace(after, held=frozenset())
    changed = _change(before, after, now, name) if after.state != before.state else _joined(before, after, now, name)
    # A change for the better that is not told of must not put a reminder off.
    alert = changed or _reminder(after, now, name)
    if alert is None:
        return after, []
    return replace(after, alerted_at=now), [alert]


def _change(before: Track, after: Track, now: float, name: str) -> Alert | None:
    if after.state == OK or before.state == EMPTY:
        return Alert(RECOVERED, name, before.state, now if before.since is None else before.since)
    if name == CREDIT_TRACK and not _worse(after.state, before.state):
        return None
    return Alert(after.state, name, before.state, now)


def _joined(before: Track, after: Track, now: float, name: str) -> Alert | None:
    """Return the alert for another lane that has to wait, unless it was clear from the start that none can send."""
    if before.held >= after.held or BALANCE in before.held or after.held - before.held == {BALANCE}:
        return None
    return Alert(EMPTY, name, EMPTY, now)


def _reminder(track: Track, now: float, name: str) -> Alert | None:
    # What was just found clear may be over at the next check: no time to say that it lasts.
    if track.state == OK or track.clear or track.alerted_at is None or now - track.alerted_at < REMINDER_SECONDS:
        return None
    return Alert(track.state, name, track.state, now if track.since is None else track.since, reminder=True)
