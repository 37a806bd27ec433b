"""How many calls to make at once: more while answers come quickly, half as many at the first sign of trouble."""

from __future__ import annotations

# Of a new answer's latency in the running mean, and how fast the latency taken for normal follows a slower gateway.
_SMOOTHING = 0.1
_DRIFT = 0.002
# Latency that varies within this is no trouble.
_TOLERATED_FACTOR, _TOLERATED_SECONDS = 2.0, 0.05


class AdaptiveLimit:
    """A limit between `lowest` and `highest` calls: additive increase, multiplicative decrease.

    Each round of `value` quick answers raises it by one. A failure or a rising latency halves it, once for all the
    calls that were under way: each call is begun with the `epoch` of its time, and failures of an earlier one are old
    news. It starts at `start`, so that a backlog after an outage makes no herd.
    """

    def __init__(self, *, lowest: int = 1, start: int = 8, highest: int) -> None:
        self._lowest, self._highest = lowest, highest
        self._limit = float(min(max(start, lowest), highest))
        self._normal: float | None = None
        self._mean = 0.0
        self.epoch = 0

    @property
    def value(self) -> int:
        """The calls that may be under way at once."""
        return int(self._limit)

    def answered(self, seconds: float, epoch: int) -> None:
        """Take note of a good answer that took `seconds`, to a call begun in `epoch`."""
        if self._normal is None:
            self._normal = self._mean = seconds
        self._mean += _SMOOTHING * (seconds - self._mean)
        self._normal = min(seconds, self._normal + _DRIFT * (self._mean - self._normal))
        if self._mean > self._normal * _TOLERATED_FACTOR + _TOLERATED_SECONDS:
            self._halve(epoch)
        elif epoch == self.epoch:
            self._limit = min(self._limit + 1 / self._limit, float(self._highest))

    def failed(self, epoch: int) -> None:
        """Take note of a lost answer or a gateway in trouble, of a call begun in `epoch`."""
        self._halve(epoch)

    def _halve(self, epoch: int) -> None:
        if epoch != self.epoch:
            return
        self.epoch += 1
        self._limit = max(self._limit / 2, float(self._lowest))
        # What is under way was slow already: only answers from here on tell whether it helped.
        self._mean = self._normal or 0.0
