"""What check_credit decides about the valve (guarantee 4).

Pure. `decide` takes what is known (the valve as it is, the calls that send_sms counted, what credit/ just told) to the
valve as it should be. A lane that looks as if nothing worked any more though credit/ answers well is *suspected*: it is
probed, and closed only if that fails for a minute. What a closed lane asks for meanwhile is in `valve.upkeep`. In quiet
hours the bulk lane *rests*: it is closed whatever else is decided about it, which goes on beneath.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.valve.call_window import CallWindow, Evidence
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import (
    FIRST_PROBE,
    RESTS_EARLIER,
    Closed,
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    ClosedForQuietHours,
    Hold,
    Opened,
    Shut,
    Valve,
    is_woken,
)

# Nobody documents the price of a page; a refused call that even this many units a page could not explain is not
# confirmed by the balance.
DEAREST_PAGE = Decimal(10)
LONGEST_PROBE_WAIT = 900.0
# A lane that is closed again so soon after it was opened, with no call accepted in between, goes on waiting longer.
_RELAPSE_WITHIN = 180.0
# A balance too small for what was refused is waited for to rise; but nobody knows what a page costs.
CREDIT_PROBE_WAIT = 3600.0
# A message is given up at 13 days and SQS deletes it at 14 (guarantee 2): often enough to meet it between the two.
SWEEP_EVERY = 6 * 3600.0
# A suspected lane is closed once probes have failed for so long: to close and to open takes AWS up to two minutes, so
# what is over sooner is bridged by the breakers.
SUSPECTED_FOR, PROBED_EVERY = 60.0, 30.0
# A check that probes a lane has died if it has not said by then what came of it.
PROBED_WITHIN = 45.0


@dataclass(frozen=True)
class Finding:
    """What credit/ told: `fault` is CREDENTIALS, GATEWAY or None; `balance` None when there was none to read."""

    fault: Symptom | None
    balance: Decimal | None = None


def decide(valve: Valve, window: CallWindow, finding: Finding, now: float, quiet: QuietPeriod | None = None) -> Valve:
    """Return the valve as it should be; the probes that are due are for the caller to make.

    `quiet` are the bulk lane's quiet hours that last now or come next, None if it has none.
    """
    closed: dict[Lane, Closed] = {}
    suspected: dict[Lane, Shut] = {}
    for lane in LANES:
        state = _decide_lane(valve, lane, window, finding, now)
        if lane is Lane.BULK and quiet is not None and now >= quiet.begin - RESTS_EARLIER:
            state = _rest(valve, lane, state, quiet, now)
        if isinstance(state, _Suspicion):
            suspected[lane] = state.closed
        elif state is not None:
            closed[lane] = state
    # Longer than anything that was counted before the opening is looked at.
    opened = {lane: each for lane, each in valve.opened.items() if now - each.at < _RELAPSE_WITHIN}
    for lane in LANES:
        if _is_opened(valve, lane, closed.get(lane)):
            # Nothing that was counted before closes it again.
            opened[lane] = Opened(valve.open_asked.get(lane, now), FIRST_PROBE)
    return Valve(closed, valve.holds, {}, opened, suspected, valve.woken)


def _is_opened(valve: Valve, lane: Lane, state: Closed | None) -> bool:
    """Tell whether `lane` is opened now, or would be if it did not rest."""
    was = valve.closed.get(lane)
    if isinstance(state, ClosedForQuietHours):
        return state.beneath is None and (lane in valve.open_asked or _beneath(was) is not None)
    return state is None and (lane in valve.open_asked or was is not None)


@dataclass(frozen=True)
class _Suspicion:
    """A lane that will be closed so unless a probe works."""

    closed: Shut


def _decide_lane(
    valve: Valve, lane: Lane, window: CallWindow, finding: Finding, now: float
) -> Closed | _Suspicion | None:
    was, hold = _beneath(valve.closed.get(lane)), valve.holds.get(lane)
    if hold is not None:
        return _hold(hold, was, finding, now)
    if was is None or isinstance(was, ClosedByOperator) or lane in valve.open_asked:
        return _look_for_cause(valve, lane, window, finding, now)
    if isinstance(was, ClosedForCredit):
        return _wait_for_credit(was, finding, now)
    return _wait_for_recovery(was, finding, now)


def _beneath(closed: Closed | None) -> Shut | ClosedByOperator | None:
    """Return what closes a lane besides quiet hours; its sweeps go on as they are."""
    if not isinstance(closed, ClosedForQuietHours):
        return closed
    known = closed.beneath
    return known and replace(known, sweep_at=closed.sweep_at, sweep_began=closed.sweep_began)


def _rest(
    valve: Valve, lane: Lane, state: Closed | _Suspicion | None, quiet: QuietPeriod, now: float
) -> Closed | _Suspicion | None:
    """Return `lane` at rest, with what was decided about it beneath; an operator's word counts for more."""
    if isinstance(state, ClosedByOperator) or is_woken(valve.woken, lane, quiet):
        return state
    was = valve.closed.get(lane)
    return ClosedForQuietHours(
        since=was.since if isinstance(was, ClosedForQuietHours) else now,
        until=quiet.end,
        detail=f"until {quiet.ends_at}",
        # Nobody calls for this lane meanwhile: what it was suspected of is looked at anew in the morning.
        beneath=state if isinstance(state, Shut) else None,
        sweep_at=was.sweep_at if was is not None else now + SWEEP_EVERY,
        sweep_began=was.sweep_began if was is not None else 0.0,
    )


def _look_for_cause(
    valve: Valve, lane: Lane, window: CallWindow, finding: Finding, now: float
) -> Closed | _Suspicion | None:
    opened = valve.opened.get(lane)
    since = max(valve.open_asked.get(lane, 0.0), opened.at if opened else 0.0)
    relapsed = opened is not None and _has_relapsed(lane, opened, window, now)
    wait = min(2 * opened.probe_wait, LONGEST_PROBE_WAIT) if opened is not None and relapsed else FIRST_PROBE
    evidence = window.fault(lane, now, since)
    if finding.fault is not None and _is_borne_out(finding.fault, evidence):
        return _close_for_fault(finding.fault, wait, "credit/ shows it", confirmed=True, now=now)
    pages = window.refused_pages(lane, now, since)
    if pages and any(_explains(finding.balance, each) for each in pages):
        return _close_for_credit(min(pages), wait, f"a call of {_pages(min(pages))} was refused", finding, now)
    if evidence.hardly_works:
        fault = window.more_frequent(now, since)
        return _suspect(valve, lane, _close_for_fault(fault, wait, str(evidence), confirmed=False, now=now))
    evidence = window.credit(lane, now, since)
    if evidence.hardly_works:
        return _suspect(valve, lane, _close_for_credit(min(pages, default=1), wait, str(evidence), finding, now))
    return None


def _has_relapsed(lane: Lane, opened: Opened, window: CallWindow, now: float) -> bool:
    return now - opened.at <= _RELAPSE_WITHIN and not window.works_since(lane, opened.at, GATEWAY)


def _suspect(valve: Valve, lane: Lane, closed: Shut) -> _Suspicion:
    """Return the suspicion with when it began and when the next probe is due, if there is one already."""
    was = valve.suspected.get(lane)
    if was is None or lane in valve.open_asked or was.cause != closed.cause:
        return _Suspicion(replace(closed, probe_at=closed.since))
    return _Suspicion(replace(closed, since=was.since, probe_at=was.probe_at, probed_at=was.probed_at))


def _is_borne_out(fault: Symptom, evidence: Evidence) -> bool:
    # A login that credit/ refuses as well needs no more than one call; a gateway may have failed both by chance.
    return evidence.bears_out or (fault == CREDENTIALS and 0 < evidence.failed == evidence.calls)


def _hold(hold: Hold, was: Shut | ClosedByOperator | None, finding: Finding, now: float) -> ClosedByOperator:
    held = ClosedByOperator(hold.since, hold.reason, hold.by, sweep_at=now + SWEEP_EVERY)
    if was is None:
        return held
    beneath = was.beneath if isinstance(was, ClosedByOperator) else Symptom(was.cause)
    balance = None if isinstance(was, ClosedForFault) else was.balance
    if finding.balance is not None and (beneath != CREDIT or balance is None or finding.balance > balance):
        # credit/ shows it no more: should it be there all the same, it closes the lane anew once that is let go.
        beneath = None
    return replace(held, beneath=beneath, balance=balance, sweep_at=was.sweep_at, sweep_began=was.sweep_began)


def _close_for_fault(fault: Symptom, wait: float, detail: str, *, confirmed: bool, now: float) -> ClosedForFault:
    # While credit/ shows the fault too, hardly anything is to be learned from trying.
    probe_at = now + (LONGEST_PROBE_WAIT if confirmed else wait)
    return ClosedForFault(
        fault, now, detail, confirmed=confirmed, probe_at=probe_at, probe_wait=wait, sweep_at=now + SWEEP_EVERY
    )


def _close_for_credit(pages: int, wait: float, detail: str, finding: Finding, now: float) -> ClosedForCredit:
    confirmed = _explains(finding.balance, pages)
    wait = CREDIT_PROBE_WAIT if confirmed else wait
    return ClosedForCredit(
        now,
        detail,
        pages,
        finding.balance,
        confirmed=confirmed,
        probe_at=now + wait,
        probe_wait=wait,
        sweep_at=now + SWEEP_EVERY,
    )


def _wait_for_credit(was: ClosedForCredit, finding: Finding, now: float) -> ClosedForCredit | None:
    if finding.balance is None:
        return was
    if was.balance is not None and finding.balance > was.balance:
        return None
    # A balance that explains the refusal is waited for to rise; one that does not may tell nothing: then probes do.
    confirmed = _explains(finding.balance, was.pages)
    after = replace(was, balance=finding.balance, confirmed=confirmed)
    if was.confirmed and not confirmed:
        return replace(after, probe_at=now, probe_wait=FIRST_PROBE)
    return after


def _wait_for_recovery(was: ClosedForFault, finding: Finding, now: float) -> ClosedForFault:
    if finding.fault is None:
        # The cause that credit/ showed is gone: the first probe is due now.
        return replace(was, confirmed=False, probe_at=now, probe_wait=FIRST_PROBE) if was.confirmed else was
    # Where the gateway does not answer, nobody can tell whether the credentials are right by now.
    cause = was.cause if finding.fault == GATEWAY else finding.fault
    probe_at = was.probe_at if was.confirmed else now + LONGEST_PROBE_WAIT
    return replace(was, cause=cause, confirmed=True, probe_at=probe_at)


def _explains(balance: Decimal | None, pages: int) -> bool:
    return balance is not None and balance < pages * DEAREST_PAGE


def _pages(count: int) -> str:
    return f"{count} page{'' if count == 1 else 's'}"
