"""Whatever is counted: no call is lost, the words are true, and a gateway that works every other time works."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import CallWindow, Count, Evidence, slot_of
from kobo_sms.valve.signals import ACCEPTED, CREDENTIALS, CREDIT, FAULTS, GATEWAY, FailureSignal

NOW = 1_800_000_000.0
OUTCOMES = (ACCEPTED, GATEWAY, CREDENTIALS, CREDIT)
# A call: when it was made, its lane, what became of it, and whom it was for.
Call = tuple[float, str, str, str]
CALLS = st.lists(
    st.tuples(
        st.integers(-150, 0).map(lambda seconds: NOW + seconds),
        st.sampled_from(LANES),
        st.sampled_from(OUTCOMES),
        st.sampled_from("abcde"),
    ),
    max_size=120,
)
LANE = st.sampled_from(LANES)
# Whoever there is has failed all the time.
EVERYBODY = frozenset(
    FailureSignal(NOW - ago, GATEWAY, lane, each) for ago in range(120) for lane in LANES for each in "abc"
)


def window_of(calls: Iterable[Call]) -> CallWindow:
    return reduce(add, map(_one, calls), CallWindow())


def _one(call: Call) -> CallWindow:
    at, lane, what, recipient = call
    signal = () if what == ACCEPTED else (FailureSignal(at, Symptom(what), Lane(lane), recipient),)
    return CallWindow({(slot_of(at), lane, what): 1}, frozenset(signal))


@given(CALLS, st.randoms())
def test_no_call_is_lost_however_the_counts_are_added_up_and_parted(calls: list[Call], chance: random.Random) -> None:
    whole = window_of(calls)
    assert sum(whole.counts.values()) == len(calls)
    shuffled = chance.sample(calls, len(calls))
    cut = chance.randint(0, len(calls))
    assert window_of(shuffled[:cut]) + window_of(shuffled[cut:]) == whole
    stale, fresh = whole.stale(NOW), whole.fresh(NOW)
    assert stale + fresh == whole
    assert not stale.counts.keys() & fresh.counts.keys()
    # What is stale is never looked at.
    assert [fresh.fault(lane, NOW) for lane in LANES] == [whole.fault(lane, NOW) for lane in LANES]


@given(CALLS, LANE, st.integers(0, 9), st.one_of(st.just(0.0), st.integers(0, 130).map(lambda ago: NOW - ago)))
def test_the_words_are_true(calls: list[Call], lane: Lane, ahead: int, since: float) -> None:
    """So many calls, and so many of them failed, were made in the last so many seconds, for so many recipients."""
    now = NOW + ahead
    for evidence, lanes, failures, others in (
        (window_of(calls).credit(lane, now, since), (lane,), (CREDIT,), (ACCEPTED,)),
        (window_of(calls).fault(lane, now, since), (lane,), FAULTS, (ACCEPTED, CREDIT)),
    ):
        if not evidence.calls:
            continue
        # A slot that has only just begun is "the last second".
        assert evidence.seconds == max(now - evidence.begin, 1) <= 120
        meant = [call for call in calls if evidence.begin <= call[0] and call[2] in (*failures, *others)]
        own = [call for call in meant if call[1] in lanes]
        failed = [call for call in own if call[2] in failures]
        if (evidence.calls, evidence.failed) != (len(own), len(failed)):
            # The lane's own calls are few and fail: both lanes together then.
            assert failures == FAULTS
            own, failed = meant, [call for call in meant if call[2] in failures]
        assert (evidence.calls, evidence.failed) == (len(own), len(failed))
        assert evidence.recipients == len({call[3] for call in failed})
        assert all(call[0] >= since for call in own)


@given(
    st.dictionaries(st.tuples(st.integers(0, 30), LANE), st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=30),
    st.sampled_from([*FAULTS, CREDIT]),
)
def test_what_works_every_other_time_never_hardly_works(
    slots: dict[tuple[int, str], tuple[int, int]], symptom: Symptom
) -> None:
    counts = {}
    for (back, lane), (worked, fewer) in slots.items():
        counts[slot_of(NOW) - back, lane, ACCEPTED] = worked
        counts[slot_of(NOW) - back, lane, symptom] = max(worked - fewer, 0)
    told = frozenset(FailureSignal(NOW - ago, symptom, lane, f"{ago}") for ago in range(120) for lane in LANES)
    window = CallWindow(counts, told)
    for lane in LANES:
        assert not window.fault(lane, NOW).hardly_works
        assert not window.credit(lane, NOW).hardly_works


@given(st.dictionaries(st.tuples(st.integers(0, 23), LANE), st.integers(0, 50), min_size=1), LANE)
def test_where_all_fails_it_hardly_works_from_three_recipients_and_five_calls(
    slots: dict[tuple[int, Lane], int], lane: Lane
) -> None:
    counts: dict[Count, int] = {
        (slot_of(NOW) - back, of, GATEWAY): count for (back, of), count in slots.items() if count
    }
    told = frozenset(
        FailureSignal(5.0 * slot, GATEWAY, of, each)
        for slot, of in {(slot, Lane(of)) for slot, of, _ in counts}
        for each in "abc"
    )
    evidence = CallWindow(counts, told).fault(lane, NOW)
    assert evidence.hardly_works is (sum(counts.values()) >= 5)
    assert evidence.failed == evidence.calls


@given(CALLS, LANE)
def test_one_recipient_that_always_fails_never_makes_it_hardly_work(calls: list[Call], lane: Lane) -> None:
    window = window_of((at, of, what, "a") for at, of, what, _ in calls)
    assert not window.fault(lane, NOW).hardly_works
    assert not window.credit(lane, NOW).hardly_works


def by_chance(calls: int) -> float:
    """Return how often, of windows of `calls` that fail at random every other time, one hardly works: exactly."""
    cases = (math.comb(calls, failed) for failed in range(calls + 1) if Evidence(calls, failed, 3).hardly_works)
    return float(sum(cases) / 2**calls)


@pytest.mark.parametrize("calls", [10, 20, 21, 25, 40, 100, 400])
def test_at_random_one_window_of_a_thousand_hardly_works(calls: int) -> None:
    assert by_chance(calls) <= 1 / 1000
    assert by_chance(calls) <= by_chance(20) or calls < 20


def test_fewer_calls_tell_less_by_as_much_as_they_are_fewer() -> None:
    assert [by_chance(calls) for calls in range(3, 20)] == [0, 0, *(2.0**-calls for calls in range(5, 20))]
    assert 20 * by_chance(20) < 0.005


@pytest.mark.parametrize("calls_a_slot", [1, 2, 5, 20])
def test_two_thousand_windows_of_random_failures(calls_a_slot: int) -> None:
    """Two minutes of calls each, of which what is looked at begins wherever it says enough."""
    chance, hardly = random.Random(calls_a_slot), 0
    for _ in range(2000):
        counts: Counter[Count] = Counter()
        for call in range(24 * calls_a_slot):
            counts[slot_of(NOW) - call // calls_a_slot, Lane.BULK, chance.choice([ACCEPTED, GATEWAY])] += 1
        hardly += CallWindow(counts, EVERYBODY).fault(Lane.BULK, NOW).hardly_works
    assert hardly <= 4
