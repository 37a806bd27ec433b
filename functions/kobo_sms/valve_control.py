"""check_credit's hand on the valve: decide, write it down, have AWS follow, try, sweep (DESIGN.md, guarantee 4).

The decision is written before anything is done about it, and each check does what the decision asks for as if nobody
had done it yet: whatever dies half way, or is changed behind our back, the next check puts right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from kobo_sms.closed_lanes import ClosedLanes
from kobo_sms.errors import Overtaken
from kobo_sms.event_sources import EventSources
from kobo_sms.valve import Finding, Valve, decide, spent
from kobo_sms.valve_duties import (
    begin_sweep,
    end_sweep,
    fault_lanes,
    open_after_trial,
    put_off_trial,
    sweep_lanes,
    trial_lanes,
)
from kobo_sms.valve_store import KnownValve, ValveStore

_TRIES = 5
# A trial may last as long as send_sms (template.yaml); a sweep ends when it is told to.
_TRIAL_SECONDS = 40.0


@dataclass(frozen=True)
class Decided:
    """The valve as decided, and what fell to this check alone: lanes to try and lanes to sweep."""

    valve: Valve
    trials: Sequence[str]
    sweeps: Sequence[str]


class ValveControl:
    """Decides about the valve and carries it out."""

    def __init__(
        self, store: ValveStore, sources: EventSources, lanes: ClosedLanes, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._sources = sources
        self._lanes = lanes
        self._clock = clock

    def decide(self, finding: Finding) -> Decided:
        """Decide on what credit/ told and the signs say, and write it down.

        Raises
        ------
        Overtaken
            when others keep changing the valve.
        """
        trials: list[str] = []
        sweeps: list[str] = []

        def change(known: KnownValve) -> Valve:
            now = self._clock()
            valve = decide(known.valve, known.signs, finding, now)
            # Put off in the same write, so that of two checks that overlap only one makes them.
            trials[:], sweeps[:] = trial_lanes(valve, now), sweep_lanes(valve, now)
            valve = put_off_trial(valve, trials, now, failed=False)
            for lane in sweeps:
                valve = begin_sweep(valve, lane, now)
            return valve

        return Decided(self._change(change), trials, sweeps)

    def carry_out(self, decided: Decided, deadline: float) -> Valve:
        """Have AWS follow the decision, make the trials and sweeps due; return the valve as it then is."""
        valve = decided.valve
        self._enforce(valve.closed.keys())
        try:
            for group in _groups(decided):
                if self._clock() + _TRIAL_SECONDS < deadline:
                    valve = self._try(group, fault_lanes(decided.valve))
                    self._enforce(valve.closed.keys())
        finally:
            # What is found last has to be handed over still, and people told.
            self._sweep(decided.sweeps, deadline - _TRIAL_SECONDS)
        return valve

    def _sweep(self, lanes: Sequence[str], deadline: float) -> None:
        for lane in lanes:
            if self._lanes.sweep(lane, deadline):
                self._change(lambda known, lane=lane: end_sweep(known.valve, lane, self._clock()))  # type: ignore[misc]

    def _try(self, lanes: Sequence[str], faulty: Sequence[str]) -> Valve:
        """Try lanes that open together: the first that has anything to try tells for all."""
        waiting = 0
        for lane in lanes:
            trial = self._lanes.try_some(lane)
            # Who refuses for lack of credit works, and knows us: what a fault had closed may open.
            works = lane in faulty and trial.poor and not trial.failed
            if trial.accepted or works:
                return self._change(lambda known: open_after_trial(known.valve, lanes, self._clock()))
            if trial.failed or trial.poor:
                return self._change(lambda known: put_off_trial(known.valve, lanes, self._clock(), failed=True))
            waiting += trial.waiting
            if trial.tried:
                break
        if trial.tried or waiting:
            # Nobody met KoboMobile: it says nothing, and the next trial comes as planned.
            return self._store.read().valve
        # Nothing waits, so nothing can tell and nothing can be harmed.
        return self._change(lambda known: open_after_trial(known.valve, lanes, self._clock()))

    def _change(self, change: Callable[[KnownValve], Valve]) -> Valve:
        for _ in range(_TRIES):
            known = self._store.read()
            after = change(known)
            used = spent(known.valve, after, known.signs, self._clock())
            if (after == known.valve and not used) or self._store.write(after, known.version, used):
                return after
        raise Overtaken(f"the valve was changed by others {_TRIES} times")

    def _enforce(self, closed: Collection[str]) -> None:
        known = self._sources.enforce(closed)
        self._store.note_mappings(known, self._clock())


def _groups(decided: Decided) -> list[Sequence[str]]:
    """Return the lanes to try, those together that what works for one works for."""
    together = fault_lanes(decided.valve)
    faults = together if set(together) & set(decided.trials) else []
    return [group for group in (faults, *([lane] for lane in decided.trials if lane not in together)) if group]
