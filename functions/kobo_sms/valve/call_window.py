"""How the calls of send/ went lately, over all functions together: counts in a sliding window (pure).

The window has slots of five seconds. The newest two are looked at, and older ones as far as it takes to find
`LEAST_CALLS`, or the last slot in which a call worked, two minutes at the most: many calls are judged by the last
seconds, few by the last minutes. That is the failure rate over a sliding window with a least number of calls that
circuit breakers of the field go by (resilience4j, Envoy's outlier detection, Finagle's failure accrual); a run of a few
failures is met by chance wherever many calls are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.signals import ACCEPTED, ANSWERED, CREDIT, FAULTS, SYMPTOMS, FailureSignal

SLOT_SECONDS = 5
KEPT_SECONDS = 120
_RECENT_SLOTS = 2
# Of 20 calls that fail by chance every other time, 18 fail once in 5,000 windows.
LEAST_CALLS = 20
HARDLY_WORKS = 0.9
# As many in a row, with none accepted since the slot before, are met once in a thousand.
ALL_FAILED_CALLS = 10
# Fewer calls than that in two minutes tell something only if all of them failed.
FEWEST_CALLS = 5
# Different recipients that must have failed: one that always fails is its own trouble.
SEVERAL = 3
# So many failed calls are enough where credit/ shows the same fault.
CONFIRMED_CALLS = 3
# Who is refused for lack of credit, or for a reason of its own, has met a gateway and a login that work.
_WORKS = (ACCEPTED, ANSWERED, CREDIT)
# Slot (epoch seconds // SLOT_SECONDS), lane, and ACCEPTED, ANSWERED or a symptom.
Count = tuple[int, str, str]


def slot_of(at: float) -> int:
    """Return the slot that `at` (epoch seconds) lies in."""
    return int(at // SLOT_SECONDS)


def _is_enough(calls: int, worked: int, worked_before: int) -> bool:
    """Tell whether so many `calls` say enough without the slot before them.

    So they do too where none of them `worked` but one of that slot did: what worked before an outage says nothing of
    it.
    """
    return calls >= (ALL_FAILED_CALLS if worked_before and not worked else LEAST_CALLS)


def _oldest(now: float) -> int:
    return slot_of(now - KEPT_SECONDS)


@dataclass(frozen=True)
class Evidence:
    """What was counted: `calls` in the last `seconds`, how many of them `failed`, for how many different recipients.

    `begin` is when the oldest slot that was looked at began (epoch seconds).
    """

    calls: int = 0
    failed: int = 0
    recipients: int = 0
    seconds: int = 0
    begin: int = field(default=0, compare=False)

    @property
    def hardly_works(self) -> bool:
        """Whether nearly every call fails, so that more of them are of no use."""
        if self.recipients < SEVERAL or self.calls < FEWEST_CALLS:
            return False
        return self._nearly_all if self.calls >= LEAST_CALLS else self.failed == self.calls

    @property
    def bears_out(self) -> bool:
        """Whether it agrees with a gateway that credit/ shows to be down."""
        return self.calls >= CONFIRMED_CALLS and self._nearly_all

    @property
    def _nearly_all(self) -> bool:
        return self.failed >= HARDLY_WORKS * self.calls

    def __str__(self) -> str:
        return f"{self.failed} of {self.calls} calls failed in the last {self.seconds} seconds"


@dataclass(frozen=True)
class CallWindow:
    """Calls counted by slot, lane and outcome, and the failure signals."""

    counts: Mapping[Count, int] = field(default_factory=dict)
    signals: frozenset[FailureSignal] = frozenset()

    def __add__(self, other: CallWindow) -> CallWindow:
        return CallWindow(Counter(self.counts) + Counter(other.counts), self.signals | other.signals)

    def without(self, other: CallWindow) -> CallWindow:
        """Return it with the counts of `other` taken away; the failure signals stay, as several may have told them."""
        return CallWindow(Counter(self.counts) - Counter(other.counts), self.signals)

    def fault(self, lane: Lane, now: float, since: float = 0.0) -> Evidence:
        """Return how many calls met a gateway or a login that does not work, as far as that concerns `lane`.

        A lane with enough calls of its own is judged by these. Otherwise both lanes are taken together, as they use
        one gateway and one login; a lane whose own few calls meanwhile work is not judged by the other's failures.

        Parameters
        ----------
        since
            What was counted before is left out, and so is the slot in which this moment lies (epoch seconds).
        """
        own = self._count((lane,), FAULTS, _WORKS, now, since)
        if own.calls >= LEAST_CALLS:
            return own
        both = self._count(LANES, FAULTS, _WORKS, now, since)
        own = self._count((lane,), FAULTS, _WORKS, now, max(since, both.begin - 1))
        return own if own.failed < HARDLY_WORKS * own.calls else both

    def credit(self, lane: Lane, now: float, since: float = 0.0) -> Evidence:
        """Return how many calls of `lane` were refused for lack of credit."""
        return self._count((lane,), (CREDIT,), (ACCEPTED,), now, since)

    def refused_pages(self, lane: Lane, now: float, since: float = 0.0) -> list[int]:
        """Return the pages of the calls of `lane` that were refused for lack of credit."""
        begin = max(since, now - KEPT_SECONDS)
        return [each.pages for each in self.signals if (each.symptom, each.lane) == (CREDIT, lane) and each.at > begin]

    def more_frequent(self, now: float, since: float = 0.0) -> Symptom:
        """Return which fault was met more often by the calls that are looked at."""
        begin = self._count(LANES, FAULTS, _WORKS, now, since).begin
        met: Counter[str] = Counter()
        for (slot, _, what), count in self.counts.items():
            if slot * SLOT_SECONDS >= begin:
                met[what] += count
        return max(FAULTS, key=lambda fault: met[fault])

    def works_since(self, lane: Lane, at: float, symptom: str) -> bool:
        """Tell whether a slot that began after `at` (epoch seconds) holds a call of `lane` without `symptom`."""
        works = (ACCEPTED,) if symptom == CREDIT else _WORKS
        return any(slot > slot_of(at) and of == lane and what in works for slot, of, what in self.counts)

    def failed_within(self, lane: Lane, seconds: float, now: float) -> bool:
        """Tell whether a call of `lane` failed in the present slot or another of the last `seconds`."""
        first = min(slot_of(now), slot_of(now - seconds) + 1)
        return any(slot >= first and of == lane and what in SYMPTOMS for slot, of, what in self.counts)

    def stale(self, now: float) -> CallWindow:
        """Return what is too old to be looked at again."""
        return self._part(lambda slot: slot < _oldest(now))

    def fresh(self, now: float) -> CallWindow:
        """Return what is not."""
        return self._part(lambda slot: slot >= _oldest(now))

    def fresh_recipients(self, symptom: str, lane: Lane, now: float, since: float = 0.0) -> set[str]:
        """Return the hashes of recipients that met `symptom` in the newest slots."""
        newest = slot_of(now) - _RECENT_SLOTS
        told = (each for each in self.signals if (each.symptom, each.lane) == (symptom, lane))
        return {each.recipients for each in told if slot_of(each.at) > max(newest, slot_of(since))}

    def _part(self, wanted: Callable[[int], bool]) -> CallWindow:
        counts = {key: count for key, count in self.counts.items() if wanted(key[0])}
        return CallWindow(counts, frozenset(each for each in self.signals if wanted(slot_of(each.at))))

    def _count(
        self, lanes: Collection[Lane], failures: Collection[str], others: Collection[str], now: float, since: float
    ) -> Evidence:
        bad, good = self._by_slot(lanes, failures), self._by_slot(lanes, others)
        newest = first = slot_of(now)
        failed = worked = 0
        for slot in range(newest, max(_oldest(now), slot_of(since)), -1):
            worked_here = good.get(slot, 0)
            if newest - slot >= _RECENT_SLOTS and _is_enough(failed + worked, worked, worked_here):
                break
            failed += bad.get(slot, 0)
            worked += worked_here
            first = slot
        begin = first * SLOT_SECONDS
        recipients = self._recipients(lanes, failures, begin)
        return Evidence(failed + worked, failed, recipients, max(round(now) - begin, 1), begin)

    def _by_slot(self, lanes: Collection[Lane], kinds: Collection[str]) -> dict[int, int]:
        found: dict[int, int] = {}
        for (slot, lane, kind), count in self.counts.items():
            if kind in kinds and lane in lanes:
                found[slot] = found.get(slot, 0) + count
        return found

    def _recipients(self, lanes: Collection[Lane], symptoms: Collection[str], since: float) -> int:
        told = (each for each in self.signals if each.lane in lanes and each.symptom in symptoms)
        return len({each.recipients for each in told if each.at >= since})


@dataclass(frozen=True)
class KnownCalls:
    """What all functions have counted, the lanes that are closed, and when an operator last woke which lane."""

    closed: frozenset[str] = frozenset()
    window: CallWindow = field(default_factory=CallWindow)
    woken: Mapping[Lane, float] = field(default_factory=dict)
