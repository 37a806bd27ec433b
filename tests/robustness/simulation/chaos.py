"""What goes wrong at the boundaries of the code under test: every call of AWS and of KoboMobile passes `around`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    import random

T = TypeVar("T")


class Crash(BaseException):
    """The invocation dies here: no `except Exception` of production code may stop it."""


@dataclass(frozen=True)
class Odds:
    """How likely each mishap is at one boundary."""

    crash: float = 0.0
    stall: float = 0.0
    aws_error: float = 0.0
    aws_repeat: float = 0.0
    refuse: float = 0.0
    duplicate: float = 0.0
    partial: float = 0.0
    stale: float = 0.0


CALM = Odds()


class Chaos:
    """Draws the mishaps. `wait` lets virtual time pass, `stall` the rest of the world act meanwhile."""

    def __init__(self, rng: random.Random, wait: Callable[[float], None], stall: Callable[[], None]) -> None:
        self.odds = CALM
        self.rng = rng
        self._wait = wait
        self._stall = stall

    def happens(self, probability: float) -> bool:
        """Draw; what is impossible draws nothing."""
        return probability > 0 and self.rng.random() < probability

    def edge(self) -> None:
        """Pass one edge of a boundary: time goes by, and the invocation may stall or die."""
        self._wait(self.rng.uniform(0.001, 0.1))
        if self.happens(self.odds.stall):
            self._stall()
        if self.happens(self.odds.crash):
            raise Crash

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._wait(seconds)

    def around(self, name: str, effect: Callable[[], T], *, repeats: bool = True) -> T:
        """Do `effect`, a call of AWS: with luck once, and its answer arrives."""
        self.edge()
        if self.happens(self.odds.aws_error):
            raise ConnectTimeoutError(endpoint_url=name)
        answer = effect()
        while repeats and self.happens(self.odds.aws_repeat):
            # boto3 repeats a call whose answer was lost.
            self._wait(self.rng.uniform(0.05, 5.0))
            answer = effect()
        if self.happens(self.odds.aws_error):
            raise ReadTimeoutError(endpoint_url=name)
        self.edge()
        return answer
