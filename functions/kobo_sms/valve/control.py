"""check_credit's hand on the valve: decide, write it down, have AWS follow, probe, sweep (guarantee 4).

The decision is written before anything is done about it, and each check does what the decision asks for as if nobody
had done it yet: whatever dies half way, or is changed behind our back, the next check puts right. What fails for one
lane keeps no other from being seen to; the first error is raised at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from kobo_sms.aws.dynamodb import compare_and_swap
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietHours
from kobo_sms.runtime import Deadline
from kobo_sms.valve.call_window import SEVERAL, CallWindow
from kobo_sms.valve.changes import remember
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.event_sources import EventSources
from kobo_sms.valve.rules import Finding, decide
from kobo_sms.valve.signals import CREDIT
from kobo_sms.valve.state import Shut, Valve
from kobo_sms.valve.store import ValveSnapshot, ValveStore
from kobo_sms.valve.upkeep import (
    acquit,
    begin_probing,
    begin_sweep,
    closed_to_probe,
    convict,
    end_sweep,
    fault_lanes,
    forget_faults_at_rest,
    hurry_sweep,
    in_turn,
    open_after_probe,
    put_off_probe,
    stay_suspected,
    suspects_to_probe,
    sweep_lanes,
    take_turn,
)

_VALVE = "the valve"
# A probe may last as long as send_sms (template.yaml); a sweep ends when it is told to.
_PROBE_SECONDS = 40.0


ProbeStep = Callable[[Sequence[Lane], Deadline], object]


class Met(Enum):
    """What became of the records that were let through."""

    WORKS = "KoboMobile accepted one of them"
    FAILS = "none was accepted, and one at least failed for more than itself"
    NEITHER = "none came as far as to tell"
    ALL_OUT = "none could be received, though some wait"
    EMPTY = "nothing waits"


@dataclass(frozen=True)
class Tried:
    """What the records of a probe `met`, and whether as many as `SEVERAL` failed, or wait where none was received."""

    met: Met
    several: bool = False


@dataclass(frozen=True)
class Decided:
    """The valve as decided, and the lanes that fell to this check: suspected ones and closed ones to probe, in groups
    that are probed together, and those to sweep."""

    valve: Valve
    suspected: Sequence[Sequence[Lane]]
    closed: Sequence[Sequence[Lane]]
    sweeps: Sequence[Lane]


class ValveControl:
    """Decides about the valve and carries it out; in `quiet_hours` the bulk lane rests."""

    def __init__(
        self,
        store: ValveStore,
        sources: EventSources,
        lanes: ClosedLanes,
        clock: Callable[[], float],
        quiet_hours: QuietHours | None = None,
    ) -> None:
        self._store = store
        self._sources = sources
        self._lanes = lanes
        self._clock = clock
        self._quiet_hours = quiet_hours

    def decide(self, finding: Finding) -> Decided:
        """Decide on what credit/ told and send_sms has counted, and write it down.

        Raises
        ------
        WriteConflict
            when others keep changing the valve.
        """
        return compare_and_swap(
            self._store.read,
            partial(self._decided, finding),
            lambda known, made: self._write(known, made.valve),
            what=_VALVE,
        )

    def _decided(self, finding: Finding, known: ValveSnapshot) -> Decided:
        now = self._clock()
        quiet = self._quiet_hours.period(now) if self._quiet_hours is not None else None
        valve = decide(known.valve, known.window, finding, now, quiet)
        if not (valve.closed or valve.suspected):
            return Decided(valve, suspected=(), closed=(), sweeps=())
        # Put off in the same write, so that of two checks that overlap only one makes them.
        due, closed_due = suspects_to_probe(valve, now), closed_to_probe(valve, now)
        suspected, closed = _suspected_together(valve, due), _closed_together(valve, closed_due)
        valve = put_off_probe(begin_probing(valve, due, now), closed_due, now, failed=False)
        for group in (*suspected, *closed):
            valve = take_turn(valve, group[0], now)
        sweeps = sweep_lanes(valve, now)
        for lane in sweeps:
            valve = begin_sweep(valve, lane, now)
        return Decided(valve, suspected, closed, sweeps)

    def carry_out(self, decided: Decided, deadline: Deadline) -> Valve:
        """Have AWS follow the decision, make the probes and sweeps due; return the valve as it then is."""
        in_time = partial(self._if_time, deadline)
        steps = [
            partial(self._enforce, decided.valve.closed.keys()),
            *(partial(in_time, self._probe_suspected, group) for group in decided.suspected),
            *(partial(in_time, self._probe_closed, group) for group in decided.closed),
            # What is found last has to be handed over still, and people told.
            *(partial(self._sweep, lane, deadline.before(_PROBE_SECONDS)) for lane in decided.sweeps),
        ]
        _do_all(steps)
        return self._store.read().valve if decided.suspected or decided.closed else decided.valve

    def _if_time(self, deadline: Deadline, step: ProbeStep, lanes: Sequence[Lane]) -> None:
        if deadline.allows(_PROBE_SECONDS):
            try:
                step(lanes, deadline)
            finally:
                self._enforce(self._store.read().valve.closed.keys())

    def _sweep(self, lane: Lane, deadline: Deadline) -> None:
        swept = self._lanes.sweep(lane, deadline)
        if swept.whole:
            self._change(lambda known: end_sweep(known.valve, lane, self._clock()))
        elif swept.old:
            self._change(lambda known: hurry_sweep(known.valve, lane, self._clock()))

    def _probe_suspected(self, lanes: Sequence[Lane], deadline: Deadline) -> None:
        """Let records of suspected lanes through; what fails for long closes the lanes."""
        suspected = self._store.read().valve.suspected.get(lanes[0])
        # A probe that does not come to its end has failed.
        tried = Tried(Met.FAILS, several=True)
        try:
            refusing_works = suspected is not None and suspected.cause != CREDIT
            tried = self._let_through(lanes, deadline, refusing_works=refusing_works)
        finally:
            self._change(lambda known: self._judge(known, lanes, tried))

    def _judge(self, known: ValveSnapshot, lanes: Sequence[Lane], tried: Tried) -> Valve:
        """Close the suspected lanes if their probes have failed for long, unless one of their calls was accepted
        meanwhile.

        Where fewer than `SEVERAL` have failed in the probe, and since they were suspected, they stay so: one recipient
        that fails again and again is its own trouble. Where several messages wait and none can be tried, what was
        counted before stands. An empty lane needs no closing.
        """
        now, window = self._clock(), known.window
        asked = {lane: was for lane in lanes if (was := known.valve.suspected.get(lane)) is not None}
        working = any(window.works_since(lane, was.since, was.cause) for lane, was in asked.items())
        if working or tried.met not in (Met.FAILS, Met.ALL_OUT):
            return acquit(known.valve, lanes, now)
        proven = {lane for lane, was in asked.items() if tried.several or _is_proven(window, lane, was, now)}
        return convict(stay_suspected(known.valve, asked.keys() - proven, now), proven, now)

    def _probe_closed(self, lanes: Sequence[Lane], deadline: Deadline) -> None:
        """Let records of closed lanes through; open the lanes if that shows that KoboMobile works."""
        faulty = set(lanes) <= set(fault_lanes(self._store.read().valve))
        met = self._let_through(lanes, deadline, refusing_works=faulty).met
        if met in (Met.WORKS, Met.EMPTY):
            # Where nothing waits, nothing can tell and nothing can be harmed.
            well = forget_faults_at_rest if met is Met.WORKS and faulty else _as_it_is
            self._change(lambda known: open_after_probe(well(known.valve), lanes, self._clock()))
        elif met is Met.FAILS:
            self._change(lambda known: put_off_probe(known.valve, lanes, self._clock(), failed=True))

    def _let_through(self, lanes: Sequence[Lane], deadline: Deadline, *, refusing_works: bool) -> Tried:
        """Try lanes that go together, one after the other, until one shows that KoboMobile works or that it does not.

        Fewer than `SEVERAL` failures do not show it: a recipient that always fails would keep the other lane closed.

        Parameters
        ----------
        refusing_works
            Who refuses for lack of credit, or for a reason of the call's own, works, and knows us.
        """
        failed = tried = waiting = 0
        for at, lane in enumerate(lanes):
            if failed >= SEVERAL:
                break
            if at and not deadline.allows(_PROBE_SECONDS):
                # Nobody has looked whether anything waits there.
                waiting = max(waiting, 1)
                break
            found = self._lanes.probe(lane)
            answered = found.answered + found.no_credit if refusing_works and not found.failed else 0
            if found.accepted or answered:
                return Tried(Met.WORKS)
            failed += found.failed + found.no_credit
            tried += found.tried
            waiting += found.waiting
        if failed:
            return Tried(Met.FAILS, several=failed >= SEVERAL)
        if tried:
            return Tried(Met.NEITHER)
        return Tried(Met.ALL_OUT if waiting else Met.EMPTY, several=waiting >= SEVERAL)

    def _change(self, change: Callable[[ValveSnapshot], Valve]) -> Valve:
        return compare_and_swap(self._store.read, change, self._write, what=_VALVE)

    def _write(self, known: ValveSnapshot, after: Valve) -> bool:
        if after == known.valve:
            return True
        now = self._clock()
        changes = remember(known.changes, known.valve.closed, after.closed, now)
        return self._store.write(after, known.version, known.window.stale(now), changes)

    def _enforce(self, closed: Collection[Lane]) -> None:
        known = self._sources.enforce(closed)
        self._store.note_mappings(known, self._clock())


def _is_proven(window: CallWindow, lane: Lane, was: Shut, now: float) -> bool:
    """Tell whether what a lane is suspected of has been met by several recipients since then."""
    met = window.credit(lane, now, was.since) if was.cause == CREDIT else window.fault(lane, now, was.since)
    return met.recipients >= SEVERAL


def _as_it_is(valve: Valve) -> Valve:
    return valve


def _closed_together(valve: Valve, due: Sequence[Lane]) -> list[Sequence[Lane]]:
    """Return the closed lanes to probe, those together that what works for one works for."""
    together = fault_lanes(valve)
    faults = in_turn(valve.closed, together) if set(together) & set(due) else []
    return [group for group in (faults, *([lane] for lane in due if lane not in together)) if group]


def _suspected_together(valve: Valve, due: Sequence[Lane]) -> list[Sequence[Lane]]:
    """Return the lanes to probe: those suspected of a fault together, for lack of credit each by itself."""
    faults = in_turn(valve.suspected, (lane for lane in due if valve.suspected[lane].cause != CREDIT))
    return [group for group in (faults, *([lane] for lane in due if lane not in faults)) if group]


def _do_all(steps: Iterable[Callable[[], object]]) -> None:
    """Do each step, whatever becomes of the others; the first error is raised at the end."""
    errors: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
    if errors:
        raise errors[0]
