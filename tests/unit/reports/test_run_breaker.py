from __future__ import annotations

import random

import pytest

from kobo_sms.reports.limit import CALLS_IN_A_ROW, FIRST_CALLS, FIRST_CALLS_WITH_CAUTION, RunBreaker


def fail(breaker: RunBreaker, times: int, at: float = 1.0) -> None:
    for _ in range(times):
        breaker.failed(at, at)


def test_a_run_ends_when_none_of_its_first_calls_is_answered() -> None:
    breaker = RunBreaker()
    fail(breaker, FIRST_CALLS - 1)
    assert not breaker.tripped
    fail(breaker, 1)
    assert breaker.tripped


def test_before_the_first_answer_no_more_calls_are_begun_than_it_takes_to_end_the_run() -> None:
    breaker = RunBreaker()
    assert breaker.allows(FIRST_CALLS - 1)
    assert not breaker.allows(FIRST_CALLS)
    fail(breaker, 4)
    assert breaker.allows(FIRST_CALLS - 5)
    assert not breaker.allows(FIRST_CALLS - 4)
    breaker.answered()
    assert breaker.allows(64)


def test_with_caution_fewer_calls_are_made_and_one_at_a_time() -> None:
    breaker = RunBreaker(cautious=True)
    for _ in range(FIRST_CALLS_WITH_CAUTION):
        assert not breaker.tripped
        assert breaker.allows(0)
        assert not breaker.allows(1)
        fail(breaker, 1)
    assert breaker.tripped


def test_the_first_answer_ends_the_caution() -> None:
    breaker = RunBreaker(cautious=True)
    fail(breaker, FIRST_CALLS_WITH_CAUTION - 1)
    breaker.answered()
    assert breaker.allows(63)
    fail(breaker, CALLS_IN_A_ROW - 1)
    assert not breaker.tripped


def test_later_it_takes_more_calls_in_a_row_to_end_it() -> None:
    breaker = RunBreaker()
    breaker.answered()
    for _ in range(3):
        fail(breaker, CALLS_IN_A_ROW - 1)
        assert not breaker.tripped
        breaker.answered()
    fail(breaker, CALLS_IN_A_ROW)
    assert breaker.tripped


def test_calls_that_were_under_way_together_count_once() -> None:
    breaker = RunBreaker()
    breaker.answered()
    for _ in range(64):
        breaker.failed(begun=1.0, at=2.0)
    assert not breaker.tripped
    for _ in range(CALLS_IN_A_ROW - 2):
        breaker.failed(begun=2.0, at=3.0)
    assert not breaker.tripped
    breaker.failed(begun=3.0, at=4.0)
    assert breaker.tripped


def test_at_first_they_all_count() -> None:
    breaker = RunBreaker()
    for _ in range(FIRST_CALLS):
        breaker.failed(begun=1.0, at=2.0)
    assert breaker.tripped


@pytest.mark.parametrize("failing", [0.1, 0.3, 0.5])
def test_a_share_of_failures_ends_no_long_run(failing: float) -> None:
    for seed in range(10):
        rng, breaker = random.Random(seed), RunBreaker()
        breaker.answered()
        for _ in range(12_000):
            if rng.random() < failing:
                fail(breaker, 1)
            else:
                breaker.answered()
            assert not breaker.tripped


def test_the_odds_of_ending_a_run_that_would_work_are_those_of_the_comments() -> None:
    """Half of all calls fail at random: a run of 12,000 calls, by the exact recursion over the length of the row."""

    def odds(row: int, calls: int = 12_000) -> float:
        lengths, met = [1.0] + [0.0] * (row - 1), 0.0
        for _ in range(calls):
            met += lengths[-1] / 2
            lengths = [sum(lengths) / 2, *(each / 2 for each in lengths[:-1])]
        return met

    assert odds(CALLS_IN_A_ROW) == pytest.approx(6e-6, rel=0.1)
    assert odds(20) == pytest.approx(1 / 175, rel=0.02)
    assert odds(10) > 0.99
