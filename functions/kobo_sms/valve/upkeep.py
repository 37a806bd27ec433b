"""What a closed lane asks for: a few records let through to try, and a search for messages that are too old.

Pure. When each falls due is part of the valve, so that of two checks that overlap only one sees to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.rules import LONGEST_PROBE_WAIT, PROBED_EVERY, PROBED_WITHIN, SUSPECTED_FOR, SWEEP_EVERY
from kobo_sms.valve.signals import CREDENTIALS, FAULTS
from kobo_sms.valve.state import FIRST_PROBE, Closed, ClosedForFault, ClosedForQuietHours, Opened, Shut, Valve

# A sweep that was not finished goes on after this, for so long: each look at a message counts as a receive.
_SWEEP_AGAIN, _SWEEP_FOR = 120.0, 1800.0


def closed_to_probe(valve: Valve, now: float) -> list[Lane]:
    """Return the lanes whose next probe is due; a login that credit/ refuses need not be tried at send/."""
    shut = {lane: each for lane, each in valve.closed.items() if isinstance(each, Shut)}
    return [lane for lane in LANES if lane in shut and now >= shut[lane].probe_at and not _is_refused(shut[lane])]


def put_off_probe(valve: Valve, lanes: Iterable[Lane], now: float, *, failed: bool) -> Valve:
    """Return the valve with the next probe of `lanes` after their wait, which doubles when one has failed."""
    closed = dict(valve.closed)
    for lane in closed.keys() & set(lanes):
        was = closed[lane]
        if not isinstance(was, Shut):
            continue
        wait = max(was.probe_wait, min(2 * was.probe_wait, LONGEST_PROBE_WAIT)) if failed else was.probe_wait
        shown = was.confirmed and isinstance(was, ClosedForFault)
        closed[lane] = replace(was, probe_at=now + (LONGEST_PROBE_WAIT if shown else wait), probe_wait=wait)
    return replace(valve, closed=closed)


def open_after_probe(valve: Valve, lanes: Iterable[Lane], now: float) -> Valve:
    """Return the valve with `lanes` open unless an operator holds them or they rest; the waits are remembered, in case
    what closed them is back at once."""
    shut = {lane: each for lane in lanes if isinstance(each := valve.closed.get(lane), Shut)}
    opened = {lane: each for lane, each in shut.items() if lane not in valve.holds}
    kept = {lane: each for lane, each in valve.closed.items() if lane not in opened}
    memory = {lane: Opened(now, each.probe_wait) for lane, each in opened.items()}
    return replace(valve, closed=kept, opened=dict(valve.opened) | memory)


def forget_faults_at_rest(valve: Valve) -> Valve:
    """Return the valve once KoboMobile is known to work: lanes that rest have no fault beneath any more."""
    at_rest = {lane: each for lane, each in valve.closed.items() if isinstance(each, ClosedForQuietHours)}
    well = {lane: replace(each, beneath=None) for lane, each in at_rest.items() if _is_faulty(each.beneath)}
    return replace(valve, closed=dict(valve.closed) | well)


def suspects_to_probe(valve: Valve, now: float) -> list[Lane]:
    """Return the suspected lanes to be probed."""
    return [lane for lane in LANES if lane in valve.suspected and now >= valve.suspected[lane].probe_at]


def begin_probing(valve: Valve, lanes: Iterable[Lane], now: float) -> Valve:
    """Return the valve while `lanes` are probed: should this check die, another probes them soon."""
    begun = {lane: replace(valve.suspected[lane], probe_at=now + PROBED_WITHIN) for lane in lanes}
    return replace(valve, suspected=dict(valve.suspected) | begun)


def acquit(valve: Valve, lanes: Iterable[Lane], now: float) -> Valve:
    """Return the valve once a probe of the suspected `lanes` has worked: they stay open, and are counted afresh."""
    suspected = {lane: each for lane, each in valve.suspected.items() if lane not in lanes}
    opened = {lane: Opened(now, FIRST_PROBE) for lane in lanes if lane not in valve.closed}
    return replace(valve, suspected=suspected, opened=dict(valve.opened) | opened)


def convict(valve: Valve, lanes: Iterable[Lane], now: float) -> Valve:
    """Return the valve once a probe of the suspected `lanes` has failed: those that fail for long are closed, but where
    an operator has decided else; the others are probed again."""
    suspected, closed = dict(valve.suspected), dict(valve.closed)
    for lane in lanes:
        was = suspected.pop(lane, None)
        if was is None or lane in closed:
            continue
        if now - was.since >= SUSPECTED_FOR:
            closed[lane] = replace(was, since=now, probe_at=now + was.probe_wait)
        else:
            suspected[lane] = replace(was, probe_at=min(now + PROBED_EVERY, was.since + SUSPECTED_FOR))
    return replace(valve, closed=closed, suspected=suspected)


def stay_suspected(valve: Valve, lanes: Iterable[Lane], now: float) -> Valve:
    """Return the valve once a probe of the suspected `lanes` has failed and told too little: they are probed again."""
    again = {lane: replace(valve.suspected[lane], probe_at=now + PROBED_EVERY) for lane in lanes}
    return replace(valve, suspected=dict(valve.suspected) | again)


def fault_lanes(valve: Valve) -> list[Lane]:
    """Return the lanes that credentials or the gateway have closed: what works for one works for all of them."""
    return [lane for lane in LANES if (each := valve.closed.get(lane)) and each.cause in FAULTS]


def in_turn(states: Mapping[Lane, Closed], lanes: Iterable[Lane]) -> list[Lane]:
    """Return `lanes`, which are probed together, in the order to try them: first the one that waits longest for it.

    A probe ends once several messages have failed, and all that waits in one lane may fail because of its recipients.
    """
    return sorted(lanes, key=lambda lane: each.probed_at if isinstance(each := states[lane], Shut) else 0.0)


def take_turn(valve: Valve, lane: Lane, now: float) -> Valve:
    """Return the valve as a probe begins with `lane`, closed or suspected, whatever becomes of it."""
    closed, suspected = dict(valve.closed), dict(valve.suspected)
    if isinstance(was := closed.get(lane), Shut):
        closed[lane] = replace(was, probed_at=now)
    if lane in suspected:
        suspected[lane] = replace(suspected[lane], probed_at=now)
    return replace(valve, closed=closed, suspected=suspected)


def sweep_lanes(valve: Valve, now: float) -> list[Lane]:
    """Return the closed lanes to be searched for messages that have become too old."""
    return [lane for lane, each in valve.closed.items() if now >= each.sweep_at]


def begin_sweep(valve: Valve, lane: Lane, now: float) -> Valve:
    """Return the valve while `lane` is swept: should this sweep die or not come to its end, another goes on soon."""
    each = valve.closed[lane]
    began = each.sweep_began or now
    if now - began >= _SWEEP_FOR:
        return end_sweep(valve, lane, now)
    each = replace(each, sweep_at=now + _SWEEP_AGAIN, sweep_began=began)
    return replace(valve, closed=dict(valve.closed) | {lane: each})


def hurry_sweep(valve: Valve, lane: Lane, now: float) -> Valve:
    """Return the valve with the sweep of `lane`, if it is closed, to go on at the next check.

    It has found what is too old and not come to its end: there may be more than half an hour of sweeps takes away.
    """
    if lane not in valve.closed:
        return valve
    each = replace(valve.closed[lane], sweep_at=now, sweep_began=now)
    return replace(valve, closed=dict(valve.closed) | {lane: each})


def end_sweep(valve: Valve, lane: Lane, now: float) -> Valve:
    """Return the valve with the next sweep of `lane`, if it is closed, in a few hours."""
    if lane not in valve.closed:
        return valve
    each = replace(valve.closed[lane], sweep_at=now + SWEEP_EVERY, sweep_began=0.0)
    return replace(valve, closed=dict(valve.closed) | {lane: each})


def _is_faulty(closed: Shut | None) -> bool:
    return closed is not None and closed.cause in FAULTS


def _is_refused(closed: Shut) -> bool:
    return closed.confirmed and closed.cause == CREDENTIALS
