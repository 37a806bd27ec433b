"""The valve: whether the queues are being consumed, and what check_credit decides about it (DESIGN.md, guarantee 4).

Pure. `decide` takes what is known (the valve as it is, the signs from send_sms, what credit/ just told) to the valve as
it should be. What a closed lane asks for meanwhile is in `valve_duties`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from kobo_sms.signs import CREDENTIALS, CREDIT, GATEWAY, LANES, Sign, run_of

OPERATOR = "operator"
# So many recipients in a row, with no success between, close the valve though credit/ answers as if all were well.
SEVERAL = 3
# Nobody documents the price of a page; a refused call that even this many units a page could not explain is not
# confirmed by the balance.
DEAREST_PAGE = Decimal(10)
FIRST_TRIAL, LONGEST_TRIAL = 60.0, 900.0
# Who opened and failed again within this time was never well: the wait goes on growing.
_RELAPSE_WITHIN = 900.0
# A balance too small for what was refused is waited for to rise; but nobody knows what a page costs.
CREDIT_TRIAL = 3600.0
# A message is given up at 13 days and SQS deletes it at 14 (guarantee 2): often enough to meet it between the two.
SWEEP_EVERY = 6 * 3600.0


@dataclass(frozen=True)
class Finding:
    """What credit/ told: `fault` is CREDENTIALS, GATEWAY or None; `balance` None when there was none to read."""

    fault: str | None
    balance: Decimal | None = None


@dataclass(frozen=True)
class Closed:
    """Why and since when (epoch seconds) a lane is closed.

    `by` names the operator who holds it, `beneath` what had closed it before that; `pages` are the fewest that were
    refused for lack of credit, `balance` the last read; `confirmed`: credit/ itself shows the cause; `trial_at` and
    `trial_wait` (seconds) say when a few records are let through to try, `sweep_at` when the queue is searched for
    what is too old, `sweep_began` when a search that is not finished began.
    """

    cause: str
    since: float
    detail: str = ""
    by: str = ""
    beneath: str = ""
    pages: int = 0
    balance: Decimal | None = None
    confirmed: bool = False
    trial_at: float = 0.0
    trial_wait: float = FIRST_TRIAL
    sweep_at: float = 0.0
    sweep_began: float = 0.0

    def is_for(self, cause: str) -> bool:
        """Tell whether `cause` has closed it, an operator's hold on top of that or not."""
        return cause in (self.cause, self.beneath)


@dataclass(frozen=True)
class Hold:
    """An operator's order to keep a lane closed."""

    by: str
    since: float
    reason: str = ""


@dataclass(frozen=True)
class Opened:
    """When (epoch seconds) a lane was opened after a fault, and the wait that its last trial had grown to."""

    at: float
    trial_wait: float


@dataclass(frozen=True)
class Valve:
    """The lanes that are closed, the operator's holds, his orders to open (lane to epoch seconds), and what was
    opened lately."""

    closed: Mapping[str, Closed] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    open_asked: Mapping[str, float] = field(default_factory=dict)
    opened: Mapping[str, Opened] = field(default_factory=dict)

    @property
    def fault(self) -> str | None:
        """What keeps KoboMobile from working for anybody: CREDENTIALS, GATEWAY or None."""
        faults = (fault for fault in (CREDENTIALS, GATEWAY) if any(each.is_for(fault) for each in self.closed.values()))
        return next(faults, None)


def decide(valve: Valve, signs: Iterable[Sign], finding: Finding, now: float) -> Valve:
    """Return the valve as it should be; trials that fall due are for the caller to make."""
    signs = tuple(signs)
    closed: dict[str, Closed] = {}
    for lane in LANES:
        state = _decide_lane(valve, lane, signs, finding, now)
        if state is not None:
            closed[lane] = state
    opened = {lane: each for lane, each in valve.opened.items() if now - each.at < _RELAPSE_WITHIN + each.trial_wait}
    return Valve(closed, valve.holds, {}, opened)


def spent(before: Valve, after: Valve, signs: Iterable[Sign], now: float) -> list[Sign]:
    """Return the signs that have said what they had to say: those a success ended, those acted upon or overruled by an
    operator's order, and stale ones."""
    signs = tuple(signs)
    overruled = [sign for sign in signs if sign.at <= before.open_asked.get(sign.lane, 0.0)]
    acted_upon = before.closed.keys() | after.closed.keys()
    runs = [run_of(signs, symptom, lane, now) for symptom in (CREDIT, CREDENTIALS, GATEWAY) for lane in LANES]
    telling = {sign for run in runs for sign in run}
    return [sign for sign in signs if sign.lane in acted_upon or sign in overruled or sign not in telling]


def _decide_lane(valve: Valve, lane: str, signs: tuple[Sign, ...], finding: Finding, now: float) -> Closed | None:
    was, hold = valve.closed.get(lane), valve.holds.get(lane)
    if hold is not None:
        return _hold(hold, was, finding, now)
    if was is None or was.cause == OPERATOR or lane in valve.open_asked:
        asked = valve.open_asked.get(lane, 0.0)
        return _look_for_cause(valve, lane, [sign for sign in signs if sign.at > asked], finding, now)
    if was.cause == CREDIT:
        return _wait_for_credit(was, finding, now)
    return _wait_for_recovery(was, finding, now)


def _look_for_cause(valve: Valve, lane: str, signs: list[Sign], finding: Finding, now: float) -> Closed | None:
    for fault in (CREDENTIALS, GATEWAY):
        run = run_of(signs, fault, lane, now)
        confirmed = finding.fault == fault
        if run and (confirmed or _several(run)):
            return _close_for_fault(fault, _first_wait(valve.opened.get(lane), now), len(run), confirmed, now)
    run = run_of(signs, CREDIT, lane, now)
    if run and (_several(run) or any(_explains(finding.balance, sign.pages) for sign in run)):
        return _close_for_credit(valve, lane, min(sign.pages for sign in run), finding, now)
    return None


def _hold(hold: Hold, was: Closed | None, finding: Finding, now: float) -> Closed:
    held = Closed(OPERATOR, hold.since, hold.reason, hold.by, sweep_at=now + SWEEP_EVERY)
    if was is None:
        return held
    beneath = was.beneath if was.cause == OPERATOR else was.cause
    if finding.balance is not None and (beneath != CREDIT or was.balance is None or finding.balance > was.balance):
        # credit/ shows it no more: should it be there all the same, it closes the lane anew once that is let go.
        beneath = ""
    return replace(held, beneath=beneath, balance=was.balance, sweep_at=was.sweep_at, sweep_began=was.sweep_began)


def _close_for_fault(fault: str, wait: float, failures: int, confirmed: bool, now: float) -> Closed:
    detail = "credit/ shows it" if confirmed else f"{failures} calls in a row"
    return Closed(
        fault, now, detail, confirmed=confirmed, trial_at=now + wait, trial_wait=wait, sweep_at=now + SWEEP_EVERY
    )


def _close_for_credit(valve: Valve, lane: str, pages: int, finding: Finding, now: float) -> Closed:
    confirmed = _explains(finding.balance, pages)
    wait = CREDIT_TRIAL if confirmed else _first_wait(valve.opened.get(lane), now)
    return Closed(
        CREDIT,
        now,
        f"a call of {pages} page{'' if pages == 1 else 's'} was refused",
        pages=pages,
        balance=finding.balance,
        confirmed=confirmed,
        trial_at=now + wait,
        trial_wait=wait,
        sweep_at=now + SWEEP_EVERY,
    )


def _wait_for_credit(was: Closed, finding: Finding, now: float) -> Closed | None:
    if finding.balance is None:
        return was
    if was.balance is not None and finding.balance > was.balance:
        return None
    # A balance that explains the refusal is waited for to rise; one that does not may tell nothing: then trials do.
    confirmed = _explains(finding.balance, was.pages)
    after = replace(was, balance=finding.balance, confirmed=confirmed)
    if was.confirmed and not confirmed:
        return replace(after, trial_at=now, trial_wait=FIRST_TRIAL)
    return after


def _wait_for_recovery(was: Closed, finding: Finding, now: float) -> Closed:
    if finding.fault == GATEWAY:
        # Whether the credentials are right by now nobody can tell.
        return replace(was, confirmed=True)
    if finding.fault is not None:
        return replace(was, cause=finding.fault, confirmed=True)
    if was.confirmed:
        # The cause that credit/ showed is gone: the first trial is due now.
        return replace(was, confirmed=False, trial_at=now)
    return was


def _several(run: Iterable[Sign]) -> bool:
    return len({sign.witness for sign in run}) >= SEVERAL


def _explains(balance: Decimal | None, pages: int) -> bool:
    return balance is not None and balance < pages * DEAREST_PAGE


def _first_wait(opened: Opened | None, now: float) -> float:
    if opened is None or now - opened.at > _RELAPSE_WITHIN + opened.trial_wait:
        return FIRST_TRIAL
    return min(2 * opened.trial_wait, LONGEST_TRIAL)
