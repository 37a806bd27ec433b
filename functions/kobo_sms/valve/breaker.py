"""The circuit breaker of one warm send_sms: how it holds back by itself until check_credit has decided on the valve.

check_credit needs a moment to hear of an outage, and AWS up to a minute to stop a queue's consumers. Meanwhile each
warm function calls on with what the queue brings. Its breaker trips when nearly all calls of the last moments failed,
over all functions together as far as it knows, or twelve of its own in a row. A tripped breaker lets one call pass now
and then, a probe. What it holds back stays on the queue, untouched.

It counts every call, and writes the counts of some seconds at once into the valve's item (`valve.store`), whose answer
tells what all functions have counted and which lanes are closed.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.valve.call_window import HARDLY_WORKS, SEVERAL, CallWindow, Evidence, KnownCalls, slot_of
from kobo_sms.valve.signals import ACCEPTED, ANSWERED, CREDIT, GATEWAY, FailureSignal, signal_of

# Where every other call fails at random, twelve of one function in a row are met once in 8,000 calls.
_RUN = 12
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 15.0
# Of the time since the first failure: a gateway that is back is found out within a third of the time it was away.
_PAUSE_SHARE = 1 / 3
# While the valve is closed and nobody tells whether it still is: how soon to send a probe.
_CLOSED_PAUSE = 30.0
# Once a probe of the closed lane has worked here, check_credit is about to open it.
_OPENING_PAUSE = 3.0
# While a lane pauses, the item is read again so often: others may have found that KoboMobile works.
_LOOK_EVERY, _LOOK_BEFORE_A_PROBE = 3.0, 1.0
# What was held back together comes back over so many seconds.
_SPREAD = 10.0
# Successes are written when there are so many of them, so often; a lone one is not worth a write.
_MANY_SUCCESSES, _SUCCESSES_EVERY = 10, 4.0
# Failures are written at once, but not more often than this in one slot.
_FAILURES_A_SLOT = 3
# After a pause 2 calls may begin in the first second, then 4, 8 and 16, and then as many as there are.
_SLOW_START_SECONDS = 4
# Fewer failures than that ask for no check.
_WORTH_A_PROMPT = 3


class Pause(NamedTuple):
    """No calls from `began` to `until` (epoch seconds), then a probe, and the next pause is as long (`seconds`).

    `probed`: a probe is under way, so a failure is its failure. `symptom` is why; None: as the valve is closed.
    """

    began: float
    until: float
    seconds: float
    symptom: Symptom | None = None
    probed: bool = False


class SignalStore(Protocol):
    """Where calls are counted."""

    def report(self, new: CallWindow, stale: CallWindow, now: float) -> KnownCalls:
        """Add `new`, take away `stale`, and return what is known then."""


@dataclass
class _Lane:
    """What this process knows of one lane: recipients of the failed calls in a row, its pause, and since when it
    recovers, with the calls that began in the present second."""

    run: list[str] = field(default_factory=list)
    pause: Pause | None = None
    recovers_since: float | None = None
    began: tuple[int, int] = (0, 0)
    # Whether its last call was answered.
    works: bool = False
    # What was counted before this moment (epoch seconds) has been acted upon.
    counted_from: float = 0.0


class CircuitBreaker:
    """What one process has seen lately, shared by its threads.

    Parameters
    ----------
    store
        Takes the counts and the failure signals for check_credit.
    prompt
        Asks check_credit to look at once.
    uniform
        Draws between two numbers: held messages shall not return all at once.
    warn
        AlertingResult, in words, when a lane begins to pause.
    """

    def __init__(
        self,
        store: SignalStore,
        prompt: Callable[[], None],
        clock: Callable[[], float],
        uniform: Callable[[float, float], float],
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._store = store
        self._prompt = prompt
        self._clock = clock
        self._uniform = uniform
        self._warn = warn
        self._lock = threading.Lock()
        self._lanes: dict[Lane, _Lane] = {}
        self._known = KnownCalls()
        self._pending = CallWindow()
        self._reported_at = 0.0
        self._failures_written = (0, 0)
        self._prompt_due = False

    def wait_for(self, lane: Lane) -> int:
        """Return how many seconds a message of `lane` is to wait, 0 when it may go ahead.

        After a pause one message goes ahead as a probe, and the others wait for what becomes of it. Where a call of
        another function has just failed, that was the probe.
        """
        now = self._clock()
        with self._lock:
            pause = self._lane(lane).pause
            look_every = _LOOK_EVERY if pause is None or now < pause.until else _LOOK_BEFORE_A_PROBE
            look = pause is not None and now - self._reported_at >= look_every
        if look:
            self._report(now)
        with self._lock:
            state = self._lane(lane)
            if state.pause is None:
                return self._wait_for_slow_start(state, now)
            if now >= state.pause.until:
                probes = not self._known.window.failed_within(lane, state.pause.seconds, now)
                state.pause = state.pause._replace(until=now + state.pause.seconds, probed=probes)
                if probes:
                    return 0
            until, seconds = state.pause.until, state.pause.seconds
        return math.ceil(until - now + self._uniform(0.0, min(seconds, _SPREAD)))

    def works(self, lane: Lane) -> bool:
        """Tell whether the last call of the lane here was answered, and it neither pauses nor recovers."""
        with self._lock:
            state = self._lane(lane)
            return state.works and state.pause is None and state.recovers_since is None

    def failed(self, symptom: Symptom, lane: Lane, part: Part) -> bool:
        """Take in that `part` met `symptom`; return whether that counts as an attempt.

        It does not while the lane is closed, or while nearly every call fails for everybody.
        """
        now = self._clock()
        signal = signal_of(symptom, lane, part, now)
        with self._lock:
            due = self._may_write_failure(now)
            looked_bad = due or self._looks_bad(self._seen(), symptom, lane, now)
            state = self._lane(lane)
            state.works = False
            state.run.append(signal.recipients)
            self._count(lane, symptom, now, signal if self._tells(signal, now) else None)
            # What makes it look bad is worth a write of its own.
            due = due or (not looked_bad and self._looks_bad(self._seen(), symptom, lane, now))
        others = self._report(now) if due else None
        with self._lock:
            return self._take_in_failure(symptom, lane, others, now)

    def accepted(self, lane: Lane) -> None:
        """Take in a call that KoboMobile accepted; it ends the lane's pause."""
        self._take_in_success(lane, ACCEPTED)

    def answered(self, lane: Lane) -> None:
        """Take in a call that KoboMobile refused for a reason of its own: so it works, and knows us."""
        self._take_in_success(lane, ANSWERED)

    def _take_in_success(self, lane: Lane, what: str) -> None:
        now = self._clock()
        with self._lock:
            state = self._lane(lane)
            state.works = True
            state.run.clear()
            self._count(lane, what, now)
            over = state.pause is not None and (what == ACCEPTED or state.pause.symptom != CREDIT)
            if over:
                self._recover(state, now)
            many = sum(self._pending.counts.values()) >= _MANY_SUCCESSES
            due = many and now - self._reported_at >= _SUCCESSES_EVERY
        if over or due:
            self._report(now)

    def prompt_if_due(self) -> None:
        """Ask check_credit to look at what was reported, if that falls to this process; for after the outcome is safe.

        Of all processes about one prompts in a slot, however many meet an outage in its first second.
        """
        with self._lock:
            due, self._prompt_due = self._prompt_due, False
        if due:
            self._prompt()

    def _lane(self, lane: Lane) -> _Lane:
        return self._lanes.setdefault(lane, _Lane())

    def _count(self, lane: Lane, what: str, now: float, signal: FailureSignal | None = None) -> None:
        told = frozenset({signal} if signal else ())
        # What an idle process has kept for long tells nothing any more.
        self._pending = self._pending.fresh(now) + CallWindow({(slot_of(now), lane, what): 1}, told)

    def _may_write_failure(self, now: float) -> bool:
        """Take one of the writes that a slot has for failures, if one is left."""
        slot, written = self._failures_written
        written = written if slot == slot_of(now) else 0
        if written == _FAILURES_A_SLOT:
            return False
        self._failures_written = (slot_of(now), written + 1)
        return True

    def _tells(self, signal: FailureSignal, now: float) -> bool:
        """Tell whether a signal adds anything to those that everybody knows."""
        window = self._seen()
        fresh = window.fresh_recipients(signal.symptom, signal.lane, now, self._lane(signal.lane).counted_from)
        if signal.symptom == CREDIT and signal.pages < min(window.refused_pages(signal.lane, now), default=math.inf):
            return True
        return len(fresh) < SEVERAL and signal.recipients not in fresh

    def _report(self, now: float) -> CallWindow | None:
        """Write what was counted since the last time, and take in what everybody has counted.

        Returns what the others had counted by then; None if it could not be written.
        """
        with self._lock:
            # What is stale for everybody is taken away in the same write.
            new, self._pending = self._pending.fresh(now), CallWindow()
            stale = self._known.window.stale(now)
            self._reported_at = now
        try:
            known = self._store.report(new, stale, now)
        except (BotoCoreError, ClientError):
            # Counts that are lost are no reason to lose what KoboMobile answered.
            with self._lock:
                self._known = replace(self._known, window=self._known.window + new)
            return None
        with self._lock:
            self._known = known
            for lane, state in self._lanes.items():
                self._follow(lane, state, now)
        return known.window.without(new)

    def _follow(self, lane: Lane, state: _Lane, now: float) -> None:
        """Pause a closed lane; end the pause of one that others have found to work."""
        pause = state.pause
        if lane in self._known.closed:
            began = pause.began if pause is not None and not pause.symptom else now
            seconds = _CLOSED_PAUSE if state.recovers_since is None else _OPENING_PAUSE
            state.pause, state.recovers_since = Pause(began, now + seconds, seconds), None
        elif pause is not None and self._is_over(lane, pause):
            self._recover(state, now)

    def _is_over(self, lane: Lane, pause: Pause) -> bool:
        return not pause.symptom or self._known.window.works_since(lane, pause.began, pause.symptom)

    def _recover(self, state: _Lane, now: float) -> None:
        if state.pause is not None:
            state.pause, state.recovers_since, state.counted_from = None, now, now
            state.began = (0, 0)
            state.run.clear()

    def _wait_for_slow_start(self, state: _Lane, now: float) -> int:
        if state.recovers_since is None:
            return 0
        second = int(now - state.recovers_since)
        if second >= _SLOW_START_SECONDS:
            state.recovers_since = None
            return 0
        begun = state.began[1] if state.began[0] == second else 0
        if begun >= 2 ** (1 + second):
            return 1 + round(self._uniform(0.0, 1.0))
        state.began = (second, begun + 1)
        return 0

    def _take_in_failure(self, symptom: Symptom, lane: Lane, others: CallWindow | None, now: float) -> bool:
        """Trip the lane if it hardly works; return whether the failure counts as an attempt.

        `others` is what the others had counted when it was written; None if it was not.
        """
        state, closed = self._lane(lane), lane in self._known.closed
        evidence = self._evidence(self._seen(), symptom, lane, now)
        tripped = state.pause is not None
        if not closed and (evidence.hardly_works or self._is_run(state)):
            tripped = True
            self._trip(state, lane, symptom, evidence, now)
        self._prompt_due |= not closed and others is not None and self._falls_to_us(symptom, lane, others, now)
        return not (closed or tripped)

    def _falls_to_us(self, symptom: Symptom, lane: Lane, others: CallWindow, now: float) -> bool:
        """Tell whether this process is to prompt: the first to count the symptom in this slot, or the one whose count
        made it look bad. DynamoDB takes one write after the other, so no two of them see the same."""
        first = (slot_of(now), lane, symptom) not in others.counts
        if symptom != GATEWAY:
            return first
        looks_bad = self._looks_bad(self._known.window, symptom, lane, now)
        return looks_bad and (first or not self._looks_bad(others, symptom, lane, now))

    def _seen(self) -> CallWindow:
        """Return what everybody has counted, as far as this process knows."""
        return self._known.window + self._pending

    def _looks_bad(self, window: CallWindow, symptom: Symptom, lane: Lane, now: float) -> bool:
        """Tell whether what was counted is worth a look of check_credit's."""
        evidence = self._evidence(window, symptom, lane, now)
        return evidence.failed >= max(_WORTH_A_PROMPT, HARDLY_WORKS * evidence.calls)

    def _evidence(self, window: CallWindow, symptom: Symptom, lane: Lane, now: float) -> Evidence:
        since = self._lane(lane).counted_from
        return window.credit(lane, now, since) if symptom == CREDIT else window.fault(lane, now, since)

    def _is_run(self, state: _Lane) -> bool:
        return len(state.run) >= _RUN and len(set(state.run)) >= SEVERAL

    def _trip(self, state: _Lane, lane: Lane, symptom: Symptom, evidence: Evidence, now: float) -> None:
        """Begin to pause, or, if that was a probe, go on, for longer the longer it has lasted."""
        state.recovers_since, pause = None, state.pause
        if pause is None:
            # Its own run may be all there is to tell.
            why = evidence if evidence.hardly_works else f"{len(state.run)} calls in a row failed"
            self._warn(f"{lane}: calls pause for {_FIRST_PAUSE:.0f} s; {why}")
            state.pause = Pause(now, now + _FIRST_PAUSE, _FIRST_PAUSE, symptom)
        elif pause.probed:
            # A short outage is followed soon, whatever came of the probes.
            seconds = max(_FIRST_PAUSE, min((now - pause.began) * _PAUSE_SHARE, _LONGEST_PAUSE))
            state.pause = Pause(pause.began, now + seconds, seconds, symptom)
