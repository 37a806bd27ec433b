"""How many calls to make at once and when to make no more, by what the answers so far tell of the gateway (pure)."""

from __future__ import annotations

import math

# Of a new answer's latency in the running mean, and how fast the latency taken for normal follows a slower gateway.
_SMOOTHING = 0.1
_DRIFT = 0.002
# Latency that varies within this is no trouble.
_TOLERATED_FACTOR, _TOLERATED_SECONDS = 2.0, 0.05
# Of a new answer in the share of failures: the last 25 answers or so make it.
_WEIGHT = 0.04
# Beyond it hardly any call works. With half of all calls failing at random, a run of 12,000 calls gets there with a
# probability of 0.0000002; when all fail, it takes 57 calls.
_HARDLY_WORKS = 0.9

# A run ends when none of its first calls is answered. With half of all calls failing at random, that ends one run in
# 1,024, and the next one goes on a minute later.
FIRST_CALLS = 10
# The same where calls of send/ fail: with half of those of report/ failing too, it ends one run in eight.
FIRST_CALLS_WITH_CAUTION = 3
# Later a run ends when so many calls in a row are not answered. With half of all calls failing at random, a run of
# 12,000 calls meets that with a probability of 0.000006; ten in a row would end nearly every run, 20 one in 175.
CALLS_IN_A_ROW = 30


class AdaptiveLimit:
    """A limit between `lowest` and `highest` calls: additive increase, multiplicative decrease.

    Each round of `value` calls raises it by one, failed ones included: who fails now and then is slowed by that share
    and no more. A rising latency halves it, and so does a failure where nearly all of the last calls failed; once for
    all the calls that were under way: each call is begun with the `epoch` of its time, and what an earlier one tells
    is old news. It starts at `start`, so that a backlog after an outage makes no herd.
    """

    def __init__(self, *, lowest: int = 1, start: int = 8, highest: int) -> None:
        self._lowest, self._highest = lowest, highest
        self._limit = float(min(max(start, lowest), highest))
        self._normal: float | None = None
        self._mean = 0.0
        self._failing = 0.0
        self.epoch = 0

    @property
    def value(self) -> int:
        """The calls that may be under way at once."""
        return int(self._limit)

    def answered(self, seconds: float, epoch: int) -> None:
        """Take note of a good answer that took `seconds`, to a call begun in `epoch`."""
        self._failing -= _WEIGHT * self._failing
        if self._normal is None:
            self._normal = self._mean = seconds
        self._mean += _SMOOTHING * (seconds - self._mean)
        self._normal = min(seconds, self._normal + _DRIFT * (self._mean - self._normal))
        slow = self._mean > self._normal * _TOLERATED_FACTOR + _TOLERATED_SECONDS
        self._adapt(epoch, trouble=slow)

    def failed(self, epoch: int) -> None:
        """Take note of a lost answer or a gateway in trouble, of a call begun in `epoch`."""
        self._failing += _WEIGHT * (1 - self._failing)
        self._adapt(epoch, trouble=self._failing > _HARDLY_WORKS)

    def _adapt(self, epoch: int, *, trouble: bool) -> None:
        if epoch != self.epoch:
            return
        if not trouble:
            self._limit = min(self._limit + 1 / self._limit, float(self._highest))
            return
        self.epoch += 1
        self._limit = max(self._limit / 2, float(self._lowest))
        # What is under way was slow already: only answers from here on tell whether it helped.
        self._mean = self._normal or 0.0


class RunBreaker:
    """The circuit breaker of one run: it trips when the gateway answers nothing, not when it fails now and then.

    Until the first answer only FIRST_CALLS are made; where `cautious`, FIRST_CALLS_WITH_CAUTION, and one at a time. The
    first answer ends the caution. From then on CALLS_IN_A_ROW without an answer trip it.
    """

    def __init__(self, *, cautious: bool = False) -> None:
        self._first = FIRST_CALLS_WITH_CAUTION if cautious else FIRST_CALLS
        self._at_once = 1 if cautious else FIRST_CALLS
        self._heard = False
        self._silent = 0
        self._silent_since = -math.inf

    @property
    def tripped(self) -> bool:
        """Whether the run is to end."""
        return self._silent >= (CALLS_IN_A_ROW if self._heard else self._first)

    def allows(self, under_way: int) -> bool:
        """Tell whether another call may begin beside `under_way` calls."""
        return self._heard or (under_way < self._at_once and under_way + self._silent < self._first)

    def answered(self) -> None:
        """Take note of an answer."""
        self._heard, self._silent, self._silent_since = True, 0, -math.inf

    def failed(self, begun: float, at: float) -> None:
        """Take note of a call begun at `begun` (epoch seconds) whose answer failed to come at `at`.

        Calls that were under way together may be lost together, when connections break: they count once.
        """
        if self._heard and begun < self._silent_since:
            return
        if not self._silent:
            self._silent_since = at
        self._silent += 1
