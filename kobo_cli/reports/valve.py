"""What there is to say of the valve, lane by lane, from its item in the table: as JSON and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from kobo_cli.terminal import on_one_line
from kobo_sms.credit.text import CAUSES
from kobo_sms.credit.wording import moment_in_words, plural
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.table import iso
from kobo_sms.valve.call_window import CallWindow, Evidence
from kobo_sms.valve.state import OPERATOR, QUIET_HOURS, Closed, ClosedByOperator, ClosedForQuietHours, Shut, Valve
from kobo_sms.valve.store import ValveSnapshot

Report = dict[str, Any]
_COLOURS = {"open": "green", "closed": "red", "resting": "yellow"}


def build(known: ValveSnapshot, waiting: Mapping[Lane, int], now: float) -> dict[str, Report]:
    """Return each lane by name.

    `state` is what check_credit made of it: `open`, `closed`, or `resting` `until` its quiet hours end, and then
    `beneath` says what keeps it closed besides. `ordered` is what an operator asked for that it has not acted upon yet,
    `calls` what send_sms has counted lately.
    """
    return {lane.value: _lane(known, lane, waiting[lane], now) for lane in LANES}


def describe(lanes: Mapping[str, Report], now: float) -> Iterator[str]:
    """Yield what a person reads, lane by lane."""
    for name, lane in lanes.items():
        state = click.style(lane["state"], fg=_COLOURS[lane["state"]])
        if lane["until"]:
            state += f" {lane['detail']}, {CAUSES[QUIET_HOURS]}"
        ordered = f", ordered to {lane['ordered']}" if lane["ordered"] else ""
        since = f" since {when(lane['since'], now)}" if lane["since"] else ""
        yield f"{name:<10}{state}{since}{ordered}"
        for label, text in _details(lane, now):
            if text:
                yield f"  {label:<10}{text}"


def when(iso_moment: str, now: float) -> str:
    """Return a moment of a report as people say it: `today 14:02 WAT`."""
    return moment_in_words(datetime.fromisoformat(iso_moment).timestamp(), now)


def _lane(known: ValveSnapshot, lane: Lane, waiting: int, now: float) -> Report:
    closed, hold, mapping = known.valve.closed.get(lane), known.valve.holds.get(lane), known.mappings.get(lane)
    return {
        "state": _state(closed),
        "ordered": _ordered(known.valve, lane),
        **_cause(closed),
        "hold": {"by": hold.by, "since": iso(hold.since), "reason": hold.reason or None} if hold else None,
        "waiting": waiting,
        "mapping": {"state": mapping.state, "at": iso(mapping.at)} if mapping else None,
        "calls": _calls(known.window, lane, now),
    }


def _state(closed: Closed | None) -> str:
    if closed is None:
        return "open"
    return "resting" if isinstance(closed, ClosedForQuietHours) else "closed"


def _calls(window: CallWindow, lane: Lane, now: float) -> Report | None:
    found = window.fault(lane, now)
    return {"calls": found.calls, "failed": found.failed, "seconds": found.seconds} if found.calls else None


def _cause(closed: Closed | None) -> Report:
    if closed is None:
        return dict.fromkeys(("cause", "detail", "by", "since", "until", "beneath", "next_try_at"))
    beneath = closed.beneath if isinstance(closed, ClosedForQuietHours) else None
    return {
        "cause": closed.cause,
        "detail": closed.detail or None,
        "by": closed.by or None if isinstance(closed, ClosedByOperator) else None,
        "since": iso(closed.since),
        "until": iso(closed.until) if isinstance(closed, ClosedForQuietHours) else None,
        "beneath": {"cause": beneath.cause, "detail": beneath.detail or None} if beneath else None,
        "next_try_at": iso(closed.probe_at) if isinstance(closed, Shut) and closed.probe_at else None,
    }


def _ordered(valve: Valve, lane: Lane) -> str | None:
    cause = valve.closed[lane].cause if lane in valve.closed else None
    if lane in valve.holds:
        return "close" if cause != OPERATOR else None
    return "open" if cause == OPERATOR or (cause and lane in valve.open_asked) else None


def _details(lane: Report, now: float) -> Iterator[tuple[str, str]]:
    hold, cause = lane["hold"], lane["cause"]
    if cause is not None and cause != QUIET_HOURS:
        # An operator's reason stands beside his name.
        detail = lane["detail"] if cause != OPERATOR else None
        yield "why", _because(cause, detail)
    if lane["beneath"]:
        yield "besides", _because(lane["beneath"]["cause"], lane["beneath"]["detail"])
    if hold:
        reason = f": {hold['reason']}" if hold["reason"] else ""
        yield "held by", on_one_line(f"{hold['by']} since {when(hold['since'], now)}{reason}")
    yield "next try", _next_try(lane, now)
    yield "lately", str(Evidence(**calls)) if (calls := lane["calls"]) else ""
    yield "waiting", f"about {plural(lane['waiting'], 'message')}"
    mapping = lane["mapping"]
    yield "mapping", f"{mapping['state']}, seen {when(mapping['at'], now)}" if mapping else "not seen yet"


def _because(cause: str, detail: str | None) -> str:
    return on_one_line("; ".join(filter(None, (CAUSES.get(cause, cause), detail))))


def _next_try(lane: Report, now: float) -> str:
    if lane["next_try_at"]:
        return when(lane["next_try_at"], now)
    known = {"credit": "once the balance has risen", OPERATOR: "none: kobo valve open"}
    if lane["beneath"]:
        known[QUIET_HOURS] = "once the quiet hours are over"
    return known.get(lane["cause"], "")
