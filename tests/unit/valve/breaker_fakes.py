"""Functions that send, each with its circuit breaker, the store that they share, and who is prompted and warned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.call_window import CallWindow, KnownCalls, slot_of
from kobo_sms.valve.signals import GATEWAY
from tests.unit.valve.counted_calls import NOW


def part(to: str, pages: int = 1) -> Part:
    return Part(Request(f"to-{to}", (to,), "x" * 150 * pages), 0.0)


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """The valve's item; `closed` lanes are what it answers beside the counts, `fault` what it raises instead."""

    closed: Collection[str] = ()
    fault: Exception | None = None
    window: CallWindow = field(default_factory=CallWindow)
    # When, what was added, and what was taken away.
    writes: list[tuple[float, CallWindow, CallWindow]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, new: CallWindow, stale: CallWindow, now: float) -> KnownCalls:
        with self.lock:
            self.writes.append((now, new, stale))
            if self.fault is not None:
                raise self.fault
            whole = self.window + new
            gone = {slot_of(signal.at) for signal in stale.signals}
            self.window = CallWindow(
                {key: count for key, count in whole.counts.items() if key not in stale.counts},
                frozenset(signal for signal in whole.signals if slot_of(signal.at) not in gone),
            )
            return KnownCalls(frozenset(self.closed), self.window)

    def counted(self) -> int:
        return sum(self.window.counts.values())

    def times(self) -> list[float]:
        """Return when it was written, in seconds after NOW."""
        return [at - NOW for at, _, _ in self.writes]


@dataclass
class Car:
    """A function with its breaker; who waits draws nothing on top. `another` shares its store and clock."""

    store: Store = field(default_factory=Store)
    clock: Clock = field(default_factory=Clock)
    uniform: Callable[[float, float], float] = lambda low, high: low
    prompts: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    breaker: CircuitBreaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = CircuitBreaker(
            self.store, lambda: self.prompts.append(self.clock()), self.clock, self.uniform, self.warnings.append
        )

    def another(self) -> Car:
        return Car(self.store, self.clock, self.uniform)

    def fail(self, *recipients: str, symptom: Symptom = GATEWAY, lane: Lane = Lane.BULK, pages: int = 1) -> list[bool]:
        """Return of each call whether it counts as an attempt."""
        return [self.breaker.failed(symptom, lane, part(to, pages)) for to in recipients]

    def accept(self, times: int = 1, lane: Lane = Lane.BULK) -> None:
        for _ in range(times):
            self.breaker.accepted(lane)

    def wait(self, lane: Lane = Lane.BULK) -> int:
        return self.breaker.wait_for(lane)

    def trip(self, lane: Lane = Lane.BULK, symptom: Symptom = GATEWAY) -> None:
        """Fail five calls for as many recipients: the fewest that make a lane pause."""
        self.fail(*"12345", lane=lane, symptom=symptom)
        assert self.wait(lane) == 2

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    def begun(self, asked: int, lane: Lane = Lane.BULK) -> int:
        """Return how many of so many messages go ahead now."""
        return [self.wait(lane) for _ in range(asked)].count(0)
