"""What check_credit writes down of the valve and of the alerts, watched write by write (guarantees 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kobo_sms.aws.dynamodb import decode
from kobo_sms.messages.lanes import Lane
from kobo_sms.table import CREDIT_ID, CREDIT_STATE, VALVE_ID
from kobo_sms.valve.state import QUIET_HOURS
from tests.robustness.simulation.expressions import Item

# What is better, but not good yet.
_SILENT = {("critical", "low")}
_VALVE, _ACCOUNT = ("lanes", "holds", "open_asked", "woken"), ("pending", "alerts")


@dataclass(frozen=True)
class Change:
    """A lane that was closed for `cause`, or, `cause` being empty, opened; `resumed`: it was so before it rested."""

    at: float
    lane: str
    cause: str
    detail: str = ""
    resumed: bool = False


@dataclass(frozen=True)
class Written:
    """An alert as it was written down to be published."""

    at: float
    id: str
    track: str
    kind: str
    reminder: bool


class Watch:
    """The valve and the alerts as the table has them, and how they came to be so."""

    def __init__(self, clock: Callable[[], float], note: Callable[..., None], accuse: Callable[[str], None]) -> None:
        self.changes: list[Change] = []
        self.alerts: list[Written] = []
        self.closed: dict[str, str] = {}
        self.closed_at: dict[str, float] = {}
        self.held: set[str] = set()
        # Lanes at rest that nothing else keeps closed, and when an operator last woke which.
        self.resting: set[str] = set()
        self.woken: dict[Lane, float] = {}
        # Whether no lane is closed but by an operator or for quiet hours alone, no order waits, and no alert is due or
        # in force.
        self.calm = True
        self._valve: dict[str, Any] = {}
        self._account: dict[str, Any] = {}
        self._clock, self._note, self._accuse = clock, note, accuse

    def written(self, old: Item, new: Item) -> None:
        """Take in one write of an item that is no part."""
        id_, part = new["id"]["S"], new["part"]["S"]
        names = _VALVE if id_ == VALVE_ID else _ACCOUNT if (id_, part) == (CREDIT_ID, CREDIT_STATE) else ()
        if all(old.get(name) == new.get(name) for name in names):
            return
        known = decode({name: new[name] for name in names if name in new})
        if id_ == VALVE_ID:
            self._take_in_valve(known)
        else:
            self._take_in_account(known)
        self.calm = self._is_calm()

    def _is_calm(self) -> bool:
        tracks = self._account.get("alerts", {}).values()
        uneasy = any(track["state"] != "ok" or track["clear"] for track in tracks)
        waiting = self._valve.get("open_asked") or self._account.get("pending")
        return self.closed.keys() - self.resting == self.held and not waiting and not uneasy

    def _take_in_valve(self, valve: dict[str, Any]) -> None:
        before, self._valve = self.closed, valve
        lanes = valve.get("lanes", {})
        self.closed = {lane: each["cause"] for lane, each in lanes.items()}
        self.held = set(valve.get("holds", {}))
        self.resting = {lane for lane, each in lanes.items() if each["cause"] == QUIET_HOURS and "beneath" not in each}
        # Who closes it takes that back, which is not heard at once.
        self.woken |= {Lane(lane): float(at) for lane, at in valve.get("woken", {}).items()}
        now = self._clock()
        for lane in sorted(before.keys() | self.closed.keys()):
            cause = self.closed.get(lane, "")
            if cause != before.get(lane, ""):
                detail = valve["lanes"][lane].get("detail", "") if cause else ""
                self._note("valve", lane, cause or "open", detail)
                self.changes.append(Change(now, lane, cause, detail, before.get(lane) == QUIET_HOURS))
        self.closed_at = {lane: self.closed_at.get(lane, now) for lane in self.closed}

    def _take_in_account(self, account: dict[str, Any]) -> None:
        before, self._account = self._account, account
        known = {each["id"] for each in before.get("pending", ())}
        new = [each for each in account["pending"] if each["id"] not in known]
        for each in new:
            self._check(each, before, account)
        for track in account["alerts"]:
            was, is_ = _state(before, track), _state(account, track)
            told = was == is_ or any(each["alert"]["track"] == track for each in new)
            if not told and (was, is_) not in _SILENT:
                self._accuse(f"{track} went from {was} to {is_} in silence")

    def _check(self, pending: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
        """One alert for one change, in the same write as the change."""
        alert = pending["alert"]
        was, is_ = _state(before, alert["track"]), _state(after, alert["track"])
        joined = is_ == "empty" and not _held(before) >= _held(after)
        if was != is_ if alert["reminder"] else was == is_ and not joined:
            self._accuse(f"alert {pending['id']} for the way from {was} to {is_}")
        if any(each.id == pending["id"] for each in self.alerts):
            self._accuse(f"alert {pending['id']} was written down twice")
        self.alerts.append(Written(self._clock(), pending["id"], alert["track"], alert["kind"], alert["reminder"]))


def _state(account: dict[str, Any], track: str) -> str:
    state: str = account.get("alerts", {}).get(track, {}).get("state", "ok")
    return state


def _held(account: dict[str, Any]) -> set[str]:
    """Return the lanes that wait for credit: that one more does is a change of its own."""
    return set(account.get("alerts", {}).get("credit", {}).get("held", ()))
