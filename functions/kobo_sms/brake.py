"""The brake: how one warm send_sms holds back by itself until check_credit has decided about the valve.

check_credit needs a moment to hear of an outage, and AWS up to a minute to stop a queue's consumers. Meanwhile each
warm function calls on with what the queue brings; after a few failures in a row it makes one call now and then instead.
It closes nothing: what it holds back stays on the queue, untouched.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.parts import Part
from kobo_sms.signs import ACCEPTED, CREDIT, Sign, sign_of, witness

# Different recipients in a row that failed; one alone says nothing of the others.
_FAILURES = 2
_FIRST_PAUSE, _LONGEST_PAUSE = 3.0, 60.0
# While the valve is closed: how soon to look whether it still is.
_CLOSED_PAUSE = 30.0
_PROMPT_EVERY = 5.0
# What was held back together comes back over so many seconds.
_SPREAD = 10.0
EVERY_LANE = ""
# A symptom, and the lane it speaks of.
Scope = tuple[str, str]


class Pause(NamedTuple):
    """No calls until then (epoch seconds), after which the next pause is as long (seconds)."""

    until: float
    seconds: float


class SignStore(Protocol):
    """Where signs are left; the answer names the lanes that are closed."""

    def report(self, sign: Sign) -> frozenset[str]:
        """Leave one sign."""


class Brake:
    """What one process has seen lately, shared by its threads.

    Parameters
    ----------
    store
        Takes the signs for check_credit.
    prompt
        Asks check_credit to look at once.
    uniform
        Draws between two numbers: held messages shall not return all at once.
    """

    def __init__(
        self,
        store: SignStore,
        prompt: Callable[[], None],
        clock: Callable[[], float],
        uniform: Callable[[float, float], float],
    ) -> None:
        self._store = store
        self._prompt = prompt
        self._clock = clock
        self._uniform = uniform
        self._lock = threading.Lock()
        self._failed: dict[Scope, set[str]] = {}
        self._pauses: dict[Scope, Pause] = {}
        self._prompt_due = False
        self._prompted_at = 0.0

    def wait_for(self, lane: str) -> int:
        """Return how many seconds a message of `lane` is to wait, 0 when it may go ahead.

        After a pause one message goes ahead to try, and the others wait for what becomes of it.
        """
        now = self._clock()
        with self._lock:
            pauses = {scope: pause for scope, pause in self._pauses.items() if scope[1] in (EVERY_LANE, lane)}
            until = max((pause.until for pause in pauses.values()), default=now)
            if now >= until:
                self._pauses |= {scope: Pause(now + pause.seconds, pause.seconds) for scope, pause in pauses.items()}
                return 0
            longest = max(pause.seconds for pause in pauses.values())
        return math.ceil(until - now + self._uniform(0.0, min(longest, _SPREAD)))

    def failed(self, symptom: str, lane: str, part: Part) -> bool:
        """Take in and report that `part` met `symptom`; return whether the valve is open, as far as anybody knows."""
        now = self._clock()
        closed = lane in self._report(sign_of(symptom, lane, part, now))
        scope = (symptom, lane if symptom == CREDIT else EVERY_LANE)
        with self._lock:
            run = self._failed.setdefault(scope, set())
            run.add(witness(part))
            if closed:
                # Of this lane alone, whatever the symptom: the other may be open.
                self._pauses[symptom, lane] = Pause(now + _CLOSED_PAUSE, _CLOSED_PAUSE)
            elif len(run) >= _FAILURES:
                last = self._pauses.get(scope, Pause(0.0, _FIRST_PAUSE / 2)).seconds
                seconds = min(2 * last, _LONGEST_PAUSE)
                self._pauses[scope] = Pause(now + seconds, seconds)
            self._prompt_due |= not closed
        return not closed

    def accepted(self, lane: str) -> None:
        """Take in a success; it is reported only when it ends failures that were."""
        with self._lock:
            ended = {scope for scope in self._failed.keys() | self._pauses if scope[1] in (EVERY_LANE, lane)}
            if not ended:
                return
            for scope in ended:
                self._failed.pop(scope, None)
                self._pauses.pop(scope, None)
        self._report(Sign(self._clock(), ACCEPTED, lane))

    def prompt_if_due(self) -> None:
        """Ask check_credit to look at what was reported, now and then; for after the outcome is safe."""
        with self._lock:
            now = self._clock()
            due = self._prompt_due and now - self._prompted_at >= _PROMPT_EVERY
            if due:
                self._prompt_due, self._prompted_at = False, now
        if due:
            self._prompt()

    def _report(self, sign: Sign) -> frozenset[str]:
        try:
            return self._store.report(sign)
        except (BotoCoreError, ClientError):
            # A sign that is lost is no reason to lose what KoboMobile answered.
            return frozenset()
