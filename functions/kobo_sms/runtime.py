"""What differs from run to run: the time, draws and new names. Tests give their own, and so repeat a run exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Runtime:
    """`clock` gives epoch seconds, `uniform` a number between two others, `token` a name that nobody has had."""

    clock: Callable[[], float]
    uniform: Callable[[float, float], float]
    token: Callable[[], str]


@dataclass(frozen=True)
class Deadline:
    """The moment (epoch seconds) by which something ends: an invocation, or a part of its work."""

    at: float
    clock: Callable[[], float]

    @classmethod
    def in_seconds(cls, seconds: float, clock: Callable[[], float]) -> Deadline:
        """Return the deadline so many seconds from now."""
        return cls(clock() + seconds, clock)

    @property
    def left(self) -> float:
        """The seconds left, below zero once it has passed."""
        return self.at - self.clock()

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    @property
    def lease_until(self) -> float:
        """How long (epoch seconds) a lease lasts that must outlive the invocation: a second more, as clocks differ."""
        return self.at + 1.0

    def allows(self, seconds: float) -> bool:
        """Tell whether work of so many seconds ends in time."""
        return self.left > seconds

    def before(self, seconds: float) -> Deadline:
        """Return the deadline of what must end so many seconds earlier."""
        return Deadline(self.at - seconds, self.clock)
