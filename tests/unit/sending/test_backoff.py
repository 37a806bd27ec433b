from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.sending.backoff import wait_seconds


def highest(low: float, high: float) -> float:
    assert low == 0.0
    return high


@pytest.mark.parametrize(
    ("calls", "seconds"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 640), (9, 900), (12, 900), (100_000, 900)]
)
def test_the_bound_doubles_up_to_the_longest(calls: int, seconds: int) -> None:
    assert wait_seconds(calls, base=5, longest=900, uniform=highest) == seconds


def test_full_jitter_goes_down_to_one_second() -> None:
    assert wait_seconds(8, base=5, longest=900, uniform=lambda low, _: low) == 1


def test_parts_of_a_second_are_rounded_up() -> None:
    assert wait_seconds(1, base=5, longest=900, uniform=lambda _low, _high: 2.1) == 3


@given(st.integers(1, 10**6), st.floats(1, 900), st.floats(1, 3600), st.floats(0, 1))
def test_every_wait_lies_in_its_bounds(calls: int, base: float, longest: float, share: float) -> None:
    waited = wait_seconds(calls, base=base, longest=longest, uniform=lambda low, high: low + share * (high - low))
    assert 1 <= waited <= math.ceil(longest)
