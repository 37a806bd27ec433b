"""A day of so many texts: as the stack comes, and with what there is to turn turned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import inf

from benchmarks.scale.flow import Day, run_day
from benchmarks.scale.inputs import Inputs
from benchmarks.scale.limits import Limit, Need, limits_of, need_of
from benchmarks.scale.load import HOURS, Load
from benchmarks.scale.money import dollars_a_day
from benchmarks.scale.passwords import Wait, arrivals, quantiles, waits_of
from benchmarks.scale.rates import share
from benchmarks.scale.stack import Stack, with_parameter
from benchmarks.scale.turning import default, over, turned

DAYS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
_MOST_PASSWORDS = 20_000
# Where a limit is looked for, texts a day.
_LOWEST, _HIGHEST = 1e3, 1e11


@dataclass(frozen=True)
class Result:
    """What a day comes to with a stack, or with several."""

    load: Load
    stack: Stack
    limits: tuple[Limit, ...]
    day: Day
    wait: Wait
    dollars: Mapping[str, float]

    @property
    def usd(self) -> float:
        """A day, all services."""
        return sum(self.dollars.values())

    @property
    def need(self) -> Need:
        """What one of the stacks is to do in its busiest seconds."""
        return need_of(self.load, self.stack)

    @property
    def first(self) -> Limit:
        """The limit that is used most, of those that grow with the texts."""
        twice = limits_of(replace(self.load, texts=2 * self.load.texts), self.stack)
        growing = [now for now, then in zip(self.limits, twice, strict=True) if then.used > now.used]
        return max(growing, key=lambda each: each.utilisation)

    @property
    def binds(self) -> bool:
        """Whether any limit is used too far."""
        return bool(over(self.load, self.stack))


@cache
def as_it_comes(load: Load) -> Result:
    """Return what a day comes to in a stack with the template's settings."""
    return _result(load, default(load))


@cache
def once_turned(load: Load) -> Result:
    """Return what a day comes to once everything is turned that needs to be."""
    return _result(load, turned(load))


def _result(load: Load, stack: Stack) -> Result:
    day = run_day(load, stack)
    limits = tuple(limits_of(load, stack))
    return Result(load, stack, limits, day, _wait(load, stack, day), dollars_a_day(load, stack))


def _wait(load: Load, stack: Stack, day: Day) -> Wait:
    """Return the wait in the busiest minutes; where the lane falls behind, in the busiest hour of the day."""
    peak = need_of(load, stack).passwords
    if peak < day.capacity:
        came = arrivals(peak, _MOST_PASSWORDS, seed=1)
        return quantiles(waits_of(came, stack.priority, share(stack, "SendSms", load.inputs), load.inputs))
    hour = HOURS.index(max(HOURS))
    return quantiles(day.waits(60 * hour, 60 * (hour + 1)))


def utmost(inputs: Inputs) -> Stack:
    """Return one stack with every setting at its largest, in an account with the usual quotas."""
    stack = with_parameter(default(Load(1, inputs)), "SendConcurrency", "1000", inputs)
    stack = with_parameter(stack, "ReportShards", "8", inputs)
    memory = {**stack.memory, "PollReports": inputs.whole_processor}
    return replace(stack, memory=memory, parallelization=10, warm=inputs.table)


def carried(stack: Stack, inputs: Inputs, numbers: int = 1) -> dict[str, float]:
    """Return how many texts a day each limit carries; infinite, or zero, where it does not depend on them.

    Each is used wholly then, all others thought away.
    """
    names = [each.name for each in limits_of(Load(1.0, inputs, numbers), stack)]
    return {name: _carried(stack, inputs, numbers, at) for at, name in enumerate(names)}


def _carried(stack: Stack, inputs: Inputs, numbers: int, at: int) -> float:
    def fits(texts: float) -> bool:
        return limits_of(Load(texts, inputs, numbers), stack)[at].utilisation <= 1

    if fits(_HIGHEST):
        return inf
    low, high = 0.0, _HIGHEST
    while high > max(1.002 * low, _LOWEST):
        middle = (max(low, _LOWEST) * high) ** 0.5
        low, high = (middle, high) if fits(middle) else (low, middle)
        if high <= 1.1 * _LOWEST:
            return 0.0
    return low
