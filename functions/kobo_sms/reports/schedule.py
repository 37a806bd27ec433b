"""How long deliveries take, and when it is worth asking for a report (pure: no clock, no draw of its own).

Times run from the moment a part was sent to its recipient's final report, in seconds. A histogram has logarithmic
bins, two to a doubling: bin 0 holds what took less than a second, bin k what took `EDGES[k - 1]` to `EDGES[k]`, the
last one also what took longer. What is learned is learned for each network.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

MTN, AIRTEL, GLO, NINE_MOBILE, OTHER = "MTN", "Airtel", "Glo", "9mobile", "other"
NETWORKS = (MTN, AIRTEL, GLO, NINE_MOBILE, OTHER)

# The mobile blocks of the Nigerian Communications Commission's national numbering plan, as the networks' own
# customer pages give them; without the leading 0.
_PREFIXES = {
    MTN: "703 704 706 803 806 810 813 814 816 903 906 913 916",
    AIRTEL: "701 708 802 808 812 901 902 904 907 911 912",
    GLO: "705 805 807 811 815 905 915",
    NINE_MOBILE: "809 817 818 908 909",
}
_NETWORK_OF = {f"234{prefix}": network for network, prefixes in _PREFIXES.items() for prefix in prefixes.split()}

EDGES = tuple(2 ** (k / 2) for k in range(37))
BINS = len(EDGES)
# What is taken for true until enough is known: a log-logistic distribution, which has the long tail of phones that are
# switched off. First final states were seen about two minutes after sending (docs/kobomobile-api.md).
_ASSUMED_SHAPE = 1.2
_ASSUMED_MEDIAN_OF_FIRST = 1.5
# It counts as much as so many observations, and is drowned by more.
_ASSUMED_WEIGHT = 20.0

_HALF_HOUR = 1800.0
# While many deliveries of the first half hour are still to come, a question follows so soon after the first few of them
# that their median wait stays under two minutes, the half minute until the schedule's next tick included.
_GAP_WHILE_MANY_ARE_TO_COME = 120.0
_GAP_IN_THE_HALF_HOUR = 600.0
_LONGEST_GAP = 3600.0
_MANY, _SOME = 0.25, 0.05
_JITTER = 0.1


def original_network(number: str) -> str:
    """Return the Nigerian network that `number` (digits, `2348030000000`) was first given by, `other` abroad and if
    unknown. Numbers keep their prefix when they are ported: it is the original network, never today's."""
    return _NETWORK_OF.get(number[:6], OTHER)


def spread(low: float, high: float) -> dict[int, float]:
    """Return one observation, known only to lie between `low` and `high`, as shares of the bins; they add up to 1."""
    if high <= low:
        return {_bin(low): 1.0}
    shares: dict[int, float] = {}
    start = low
    for index in range(_bin(low), BINS):
        end = min(EDGES[index], high) if index < BINS - 1 else high
        if end > start:
            shares[index] = (end - start) / (high - low)
        start = end
        if end >= high:
            break
    return shares


def quantile(counts: Sequence[float], share: float) -> float | None:
    """Return the time under which `share` of the observations lie, None when there are none."""
    total = sum(counts)
    if total <= 0:
        return None
    before, wanted = 0.0, share * total
    for index, count in enumerate(counts):
        if count > 0 and before + count >= wanted:
            low = EDGES[index - 1] if index else 0.0
            return low + (EDGES[index] - low) * (wanted - before) / count
        before += count
    return EDGES[-1]


@dataclass(frozen=True)
class Pace:
    """How patient the questions are; times in seconds.

    The first question comes `first_after` sending, the last one at `give_up_after`. Whoever lets `first_after` be short
    expects reports sooner: the other times shrink with it.
    """

    first_after: float
    give_up_after: float

    @property
    def shortest(self) -> float:
        """The shortest gap between two questions."""
        return min(max(self.first_after / 4, 1.0), 30.0)

    def worth_of_a_call(self, age: float) -> float:
        """How many seconds of waiting for what is already known to KoboMobile one call is worth.

        After the half hour it grows with the age, so that the gaps do too: who waited for hours can wait for minutes.
        """
        late = 4 * age / _HALF_HOUR if age >= _HALF_HOUR else 1.0
        return max(self.first_after / 4, 0.25) * late


class DeliveryTimes:
    """The distribution of one network, from its histogram and what is assumed without one."""

    def __init__(self, counts: Sequence[float], pace: Pace) -> None:
        assumed = _assumed(max(pace.first_after * _ASSUMED_MEDIAN_OF_FIRST, 1.0))
        weights = [count + _ASSUMED_WEIGHT * share for count, share in zip(counts, assumed, strict=True)]
        total = sum(weights)
        self._by_edge = [0.0, *accumulate(weight / total for weight in weights)]

    def share_by(self, seconds: float) -> float:
        """Return the share of deliveries that take at most `seconds`."""
        index = _bin(seconds)
        low, high = EDGES[index - 1] if index else 0.0, EDGES[index]
        within = min((seconds - low) / (high - low), 1.0)
        return self._by_edge[index] + within * (self._by_edge[index + 1] - self._by_edge[index])


def next_gap(
    age: float, pending: Mapping[str, int], times: Mapping[str, DeliveryTimes], pace: Pace, draw: float
) -> float:
    """Return the seconds until the next question about a part.

    The reports that have become final since the last question wait for the next one. It comes when their waiting,
    summed up over all of them as far as it can be expected, is worth a call for each pending recipient. With a steady
    rate of deliveries h and a worth w that is the square root of 2w/h: the law of optimal inspection (Barlow, Hunter
    and Proschan, 1963).

    Parameters
    ----------
    age
        Seconds since the part was sent.
    pending
        Recipients without a final report, by original network; at least one.
    times
        What is known of each of these networks.
    draw
        From 0 to 1, evenly: a campaign sent at once is not to be asked about at once.
    """
    if age >= pace.give_up_after:
        return _LONGEST_GAP
    gap = _worthwhile(age, pending, times, pace)
    gap = max(gap * (1 - _JITTER * draw), min(pace.shortest, gap))
    # The last question comes at the hour of giving up; one shortly before it would be a call for nothing.
    return pace.give_up_after - age if age + gap * 1.5 >= pace.give_up_after else gap


def _worthwhile(age: float, pending: Mapping[str, int], times: Mapping[str, DeliveryTimes], pace: Pace) -> float:
    worth, longest, patient = pace.worth_of_a_call(age), _longest(age), not _many_to_come(age, pending, times)
    gap, waiting, final_before = 0.0, 0.0, 0.0
    while gap < longest:
        step = min(max(pace.shortest / 2, gap / 4), longest - gap)
        final = _newly_final(age, age + gap + step, pending, times)
        more = step * (final_before + final) / 2
        if waiting + more >= worth:
            return max(gap + step * (worth - waiting) / more, pace.shortest)
        gap, waiting, final_before = gap + step, waiting + more, final
        if final >= _SOME and not patient:
            longest = min(longest, gap + _GAP_WHILE_MANY_ARE_TO_COME)
            patient = True
    return longest


def _newly_final(age: float, then: float, pending: Mapping[str, int], times: Mapping[str, DeliveryTimes]) -> float:
    """Return the share of those pending at `age` whose report is expected to be final by `then`."""
    everyone, found = sum(pending.values()), 0.0
    for network, count in pending.items():
        known = times[network].share_by(age)
        newly = (times[network].share_by(then) - known) / (1 - known) if known < 1 - 1e-9 else 1.0
        found += count / everyone * newly
    return found


def _longest(age: float) -> float:
    return _LONGEST_GAP if age >= _HALF_HOUR else _GAP_IN_THE_HALF_HOUR


def _many_to_come(age: float, pending: Mapping[str, int], times: Mapping[str, DeliveryTimes]) -> bool:
    return age < _HALF_HOUR and max(_to_come(times[network], age) for network in pending) > _MANY


def _to_come(times: DeliveryTimes, age: float) -> float:
    """Return the share of the first half hour's deliveries that come after `age`."""
    all_of_them = times.share_by(_HALF_HOUR)
    return (all_of_them - times.share_by(age)) / all_of_them if all_of_them > 0 else 1.0


def _bin(seconds: float) -> int:
    return min(bisect_right(EDGES, max(seconds, 0.0)), BINS - 1)


def _assumed(median: float) -> list[float]:
    by_edge = [0.0, *(1 / (1 + (median / edge) ** _ASSUMED_SHAPE) for edge in EDGES[:-1]), 1.0]
    return [after - before for before, after in pairwise(by_edge)]
