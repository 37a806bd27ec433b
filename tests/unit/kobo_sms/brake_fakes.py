"""A brake and what surrounds it: a clock, a store of signs, and who is prompted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from kobo_sms.brake import Brake
from kobo_sms.parts import Part
from kobo_sms.request import Request
from kobo_sms.signs import GATEWAY, Sign


def part(to: str) -> Part:
    return Part(Request(f"to-{to}", (to,), "Hello"), 0.0)


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """Keeps the signs; `closed` lanes are what it answers, `fault` what it raises instead."""

    signs: list[Sign] = field(default_factory=list)
    closed: Collection[str] = ()
    fault: Exception | None = None

    def report(self, sign: Sign) -> frozenset[str]:
        if self.fault is not None:
            raise self.fault
        self.signs.append(sign)
        return frozenset(self.closed)

    def kinds(self) -> list[str]:
        return [sign.kind for sign in self.signs]


@dataclass
class Car:
    """A brake and what surrounds it; who waits draws nothing on top."""

    store: Store = field(default_factory=Store)
    clock: Clock = field(default_factory=Clock)
    prompts: list[float] = field(default_factory=list)
    uniform: Callable[[float, float], float] = lambda low, high: low
    brake: Brake = field(init=False)

    def __post_init__(self) -> None:
        self.brake = Brake(self.store, lambda: self.prompts.append(self.clock()), self.clock, self.uniform)

    def fail(self, *recipients: str, symptom: str = GATEWAY, lane: str = "bulk") -> list[bool]:
        return [self.brake.failed(symptom, lane, part(to)) for to in recipients]
