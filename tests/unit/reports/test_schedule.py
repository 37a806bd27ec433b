from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.reports.schedule import (
    BINS,
    EDGES,
    NETWORKS,
    DeliveryTimes,
    Pace,
    next_gap,
    original_network,
    quantile,
    spread,
)

HOUR = 3600.0
PACE = Pace(first_after=120.0, give_up_after=72 * HOUR)
NOTHING = [0.0] * BINS
SECONDS = st.floats(0, 400_000)


def histogram(*seconds: float) -> list[float]:
    bins = [0.0] * BINS
    for each in seconds:
        for index, share in spread(each, each).items():
            bins[index] += share
    return bins


def gap(age: float, counts: list[float] = NOTHING, pace: Pace = PACE, draw: float = 0.0) -> float:
    return next_gap(age, {"MTN": 1}, {"MTN": DeliveryTimes(counts, pace)}, pace, draw)


@given(SECONDS, SECONDS)
def test_an_observation_is_one_however_it_is_spread(one: float, other: float) -> None:
    shares = spread(min(one, other), max(one, other))
    assert sum(shares.values()) == pytest.approx(1)
    assert all(0 <= index < BINS and share > 0 for index, share in shares.items())


def test_it_is_spread_over_the_interval_alone() -> None:
    assert spread(EDGES[10], EDGES[12]) == {
        11: pytest.approx((EDGES[11] - EDGES[10]) / (EDGES[12] - EDGES[10])),
        12: pytest.approx((EDGES[12] - EDGES[11]) / (EDGES[12] - EDGES[10])),
    }
    assert spread(0.2, 0.4) == {0: 1.0}
    assert spread(1e6, 2e6) == {BINS - 1: 1.0}


@given(st.lists(st.floats(0, 1000), min_size=BINS, max_size=BINS), SECONDS, SECONDS)
def test_a_distribution_rises_from_nothing_to_all(counts: list[float], one: float, other: float) -> None:
    times = DeliveryTimes(counts, PACE)
    low, high = sorted((one, other))
    assert 0 <= times.share_by(low) <= times.share_by(high) <= 1 + 1e-9
    assert times.share_by(0) == 0
    assert times.share_by(1e7) == pytest.approx(1)


def test_what_is_assumed_is_drowned_by_what_is_known() -> None:
    assert DeliveryTimes(NOTHING, PACE).share_by(180) == pytest.approx(0.5, abs=0.02)
    assert DeliveryTimes(histogram(*[3000.0] * 2000), PACE).share_by(180) < 0.01


@given(st.floats(0, 72 * HOUR), st.lists(st.floats(0, 1000), min_size=BINS, max_size=BINS), st.floats(0, 1))
def test_gaps_keep_their_bounds(age: float, counts: list[float], draw: float) -> None:
    found = gap(age, counts, draw=draw)
    assert 0 < found <= 1.5 * HOUR
    assert found <= HOUR or age + found == pytest.approx(72 * HOUR)
    if age < 1800:
        assert found <= 600
    if age < 71 * HOUR:
        assert found >= PACE.shortest * 0.9


def test_gaps_grow_to_an_hour() -> None:
    gaps = [gap(age) for age in (120, 600, 1800, 2 * HOUR, 12 * HOUR)]
    assert gaps == sorted(gaps)
    assert gaps[0] <= 180
    assert gaps[-1] == HOUR


@pytest.mark.parametrize("late", [70.9, 71.4, 71.9])
def test_the_last_question_comes_at_the_hour_of_giving_up(late: float) -> None:
    age = late * HOUR
    while age < 72 * HOUR:
        age += gap(age)
    assert age == pytest.approx(72 * HOUR)


def test_afterwards_it_is_asked_hourly() -> None:
    assert gap(72 * HOUR) == gap(100 * HOUR) == HOUR


def test_where_nothing_is_expected_nothing_is_asked() -> None:
    late = histogram(*(600.0 + at for at in range(400) for _ in range(5)))
    assert gap(120, late) > 1.5 * gap(120)
    # The network that answers soon decides, where it makes up enough.
    times = {"MTN": DeliveryTimes(late, PACE), "Glo": DeliveryTimes(histogram(*[130.0] * 2000), PACE)}
    assert next_gap(120, {"MTN": 1, "Glo": 9}, times, PACE, 0.0) < gap(120, late) / 2


@pytest.mark.parametrize("first_after", [0.0, 0.1, 1.0])
def test_short_times_make_short_gaps(first_after: float) -> None:
    pace = Pace(first_after, 72 * HOUR)
    assert gap(2, pace=pace) <= 3
    assert gap(30, pace=pace) <= 30
    assert gap(0, pace=pace) >= 1


@given(st.floats(120, 1800), st.floats(0, 1))
def test_the_jitter_is_small_and_only_hastens(age: float, draw: float) -> None:
    assert 0.9 * gap(age) - 1e-6 <= gap(age, draw=draw) <= gap(age)


@pytest.mark.parametrize("middle", [60.0, 150.0, 400.0, 900.0])
@pytest.mark.parametrize("known", [False, True])
def test_half_of_the_reports_of_the_half_hour_are_known_within_two_minutes(middle: float, known: bool) -> None:
    """The promise, to which the schedule's tick adds half a minute on average."""
    rng = random.Random(1)
    drawn = [rng.lognormvariate(math.log(middle), 0.5) for _ in range(1500)]
    deliveries = [seconds for seconds in drawn if 120 <= seconds <= 1800]
    counts = histogram(*drawn) if known else NOTHING
    waits = []
    for seconds in deliveries:
        age = 120.0
        while age < seconds:
            age += gap(age, counts, draw=rng.random())
        waits.append(age - seconds)
    # What is assumed holds it for deliveries as quick as they were seen, and misses it by little for others.
    assert sorted(waits)[len(waits) // 2] + 30 < (120 if known or middle == 150 else 145)


def test_quantiles() -> None:
    assert quantile(NOTHING, 0.5) is None
    assert quantile(histogram(10, 100, 1000), 0.5) == pytest.approx(100, rel=0.5)
    assert quantile(histogram(1e9), 0.9) == pytest.approx(EDGES[-1], rel=0.5)


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("2348030100001", "MTN"),
        ("2349130000000", "MTN"),
        ("2348020000000", "Airtel"),
        ("2347050000000", "Glo"),
        ("2348090000000", "9mobile"),
        ("2348040000000", "other"),
        ("2347100000000", "other"),
        ("447700900123", "other"),
        # Not Nigeria's, though the digits after the country code look like it.
        ("448030000000", "other"),
        ("", "other"),
    ],
)
def test_original_networks(number: str, network: str) -> None:
    assert original_network(number) == network
    assert network in NETWORKS
