from __future__ import annotations

import heapq
import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.reports.limit import AdaptiveLimit

QUICK, RUN = 0.1, 40.0


def settled(limit: AdaptiveLimit, answers: int, seconds: float = QUICK) -> int:
    for _ in range(answers):
        limit.answered(seconds, limit.epoch)
    return limit.value


def test_it_starts_low_and_grows_by_one_a_round() -> None:
    limit = AdaptiveLimit(start=8, highest=64)
    assert limit.value == 8
    assert settled(limit, 9) == 9
    assert settled(limit, 10) == 10


def test_it_grows_to_the_highest_and_no_further() -> None:
    assert settled(AdaptiveLimit(highest=64), 10_000) == 64
    assert AdaptiveLimit(start=8, highest=4).value == 4


def test_single_failures_do_not_shrink_it() -> None:
    limit = AdaptiveLimit(highest=64)
    settled(limit, 10_000)
    for _ in range(56):
        limit.failed(limit.epoch)
    assert limit.value == 64


def test_where_nearly_all_fail_it_is_halved_once_for_all_that_were_under_way() -> None:
    limit = AdaptiveLimit(highest=64)
    settled(limit, 10_000)
    begun = limit.epoch
    for _ in range(120):
        limit.failed(begun)
    assert limit.value == 32
    limit.failed(limit.epoch)
    assert limit.value == 16


def test_failures_raise_it_as_good_answers_do_while_others_are_answered() -> None:
    """Else a gateway that fails every other time would be given half as many calls at first, besides its share."""
    limit = AdaptiveLimit(start=8, highest=64)
    for at in range(2000):
        if at % 2:
            limit.failed(limit.epoch)
        else:
            limit.answered(QUICK, limit.epoch)
    assert limit.value == settled(AdaptiveLimit(start=8, highest=64), 2000)


def test_old_news_neither_halves_nor_raises_it() -> None:
    limit = AdaptiveLimit(start=8, highest=64)
    old = limit.epoch
    for _ in range(100):
        limit.failed(old)
    halved = limit.value
    for _ in range(100):
        limit.answered(QUICK, old)
    assert limit.value == halved
    assert limit.epoch == 1


def test_a_rising_latency_halves_it() -> None:
    limit = AdaptiveLimit(highest=64)
    settled(limit, 2000)
    before = limit.value
    settled(limit, 40, 5 * QUICK)
    assert limit.value <= before / 2


def test_a_gateway_that_stays_slower_becomes_the_normal_one() -> None:
    limit = AdaptiveLimit(highest=64)
    settled(limit, 1000)
    settled(limit, 10_000, 4 * QUICK)
    assert settled(limit, 10_000, 4 * QUICK) > 16


def test_latency_that_varies_a_little_is_no_trouble() -> None:
    limit = AdaptiveLimit(highest=64)
    for at in range(10_000):
        limit.answered(QUICK * (1 + at % 2), limit.epoch)
    assert limit.value == 64


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 30), st.integers(0, 3))), st.integers(1, 64))
def test_it_stays_within_its_bounds(events: list[tuple[bool, float, int]], highest: int) -> None:
    limit = AdaptiveLimit(highest=highest)
    for good, seconds, late in events:
        epoch = max(limit.epoch - late, 0)
        if good:
            limit.answered(seconds, epoch)
        else:
            limit.failed(epoch)
        assert 1 <= limit.value <= highest


@cache
def good_answers(failing: float, latency: float, seed: int) -> tuple[int, int]:
    """Simulate one run, as many calls under way as the limit allows, of which a share fails at random and after the
    same time as the others; return how many were answered, and the limit in the end."""
    rng, limit, now, good = random.Random(seed), AdaptiveLimit(highest=64), 0.0, 0
    under_way: list[tuple[float, float, int]] = []
    while now < RUN:
        while len(under_way) < limit.value:
            heapq.heappush(under_way, (now + latency * rng.lognormvariate(0, 0.2), now, limit.epoch))
        now, begun, epoch = heapq.heappop(under_way)
        if rng.random() < failing:
            limit.failed(epoch)
        else:
            good += 1
            limit.answered(now - begun, epoch)
    return good, limit.value


@pytest.mark.slow
@pytest.mark.parametrize("latency", [0.1, 0.4, 2.0])
@pytest.mark.parametrize("failing", [0.01, 0.1, 0.3, 0.5, 0.6])
def test_who_fails_a_share_of_its_calls_is_slowed_by_that_share(failing: float, latency: float) -> None:
    for seed in range(5):
        undisturbed, _ = good_answers(0.0, latency, seed)
        answered, _ = good_answers(failing, latency, seed)
        assert answered >= 0.8 * (1 - failing) * undisturbed


def test_who_never_answers_is_asked_one_call_at_a_time() -> None:
    assert good_answers(1.0, QUICK, seed=0) == (0, 1)


def test_connections_that_break_together_now_and_then_cost_little() -> None:
    """Each hundredth round all that is under way is lost."""
    limit, values = AdaptiveLimit(highest=64), []
    settled(limit, 10_000)
    for _ in range(20):
        begun = limit.epoch
        for _ in range(limit.value):
            limit.failed(begun)
        values += [settled(limit, limit.value) for _ in range(100)]
    assert sum(values) / len(values) > 0.8 * 64
