from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.concurrency import AdaptiveLimit

QUICK = 0.1


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


def test_a_failure_halves_it_once_for_all_that_were_under_way() -> None:
    limit = AdaptiveLimit(highest=64)
    settled(limit, 10_000)
    begun = limit.epoch
    for _ in range(64):
        limit.failed(begun)
    assert limit.value == 32
    limit.failed(limit.epoch)
    assert limit.value == 16


def test_old_news_neither_halves_nor_raises_it() -> None:
    limit = AdaptiveLimit(start=8, highest=64)
    old = limit.epoch
    limit.failed(old)
    for _ in range(100):
        limit.answered(QUICK, old)
    assert limit.value == 4


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
