"""How long a password waits from the queue to KoboMobile's answer: the priority lane's busiest hour, event by event."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.rates import send_processor
from benchmarks.scale.stack import Lane

HOUR = 3600.0


@dataclass(frozen=True)
class Wait:
    """Seconds in the median and for 99 of 100, and how many passwords that was seen of."""

    median: float
    most: float
    passwords: int


def quantiles(waits: Sequence[float]) -> Wait:
    """Return the two of a day's waits."""
    ordered = sorted(waits)
    if not ordered:
        return Wait(inf, inf, 0)
    return Wait(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], len(ordered))


def arrivals(rate: float, most: int, seed: int) -> list[float]:
    """Return the moments of an hour at which passwords come, at random; the first `most` of them."""
    rng, now, found = random.Random(seed), 0.0, list[float]()
    while len(found) < most and (now := now + rng.expovariate(rate)) < HOUR:
        found.append(now)
    return found


def waits_of(came: Sequence[float], lane: Lane, processors: float, inputs: Inputs, seed: int = 1) -> list[float]:
    """Return how long each password waited, seconds.

    An environment that is free takes what is on the queue, a batch at the most; the one that was busy last is the
    first to be asked. One that has been idle for too long, or was never there, starts cold.
    """
    rng, waits = random.Random(seed), list[float]()
    # By when they were freed, the latest first; and by when they will be.
    free: list[float] = [inf] * lane.invocations
    busy: list[float] = []
    seen = [moment + inputs.arrival / 1000 for moment in came]
    at, now = 0, 0.0
    while at < len(seen):
        # Those that came first are taken first, so no invocation begins before the last one did.
        now = max(now, seen[at])
        if not free:
            now = max(now, busy[0])
        while busy and busy[0] <= now:
            heapq.heappush(free, -heapq.heappop(busy))
        idle_since = -heapq.heappop(free)
        cold = inputs.cold_start / 1000 if now - idle_since > inputs.kept_warm else 0.0
        end = at
        while end < len(seen) and end - at < lane.batch and seen[end] <= now:
            end += 1
        answered = _answers(now + cold, end - at, lane, processors, inputs, rng)
        waits += [moment - come for moment, come in zip(answered, came[at:end], strict=True)]
        heapq.heappush(busy, max(answered) + (inputs.write + inputs.between) / 1000)
        at = end
    return waits


def _answers(
    begun: float, texts: int, lane: Lane, processors: float, inputs: Inputs, rng: random.Random
) -> list[float]:
    """Return when each text of an invocation is answered: claimed together, called in rounds."""
    ready = begun + (inputs.write + send_processor(texts, inputs) / processors) / 1000
    threads = [ready] * lane.calls
    answered = []
    for _ in range(texts):
        ends = heapq.heappop(threads) + rng.lognormvariate(0, inputs.spread) * inputs.answer / 1000
        heapq.heappush(threads, ends)
        answered.append(ends)
    return answered
