"""What a reading adds to the usage: drops are use, rises and gaps are not watched, clock trouble is harmless."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.credit.forecast import Hour, Reading, Usage, forecast, observe

HOUR = 500_000
START = HOUR * 3600.0
READINGS = st.lists(
    st.tuples(
        st.decimals(-1000, 10**9, places=2),
        st.one_of(st.floats(START, START + 86_400), st.floats(START - 10**6, START + 10**6)),
    ),
    max_size=30,
)


def read(*readings: tuple[float, float]) -> Usage:
    """Return the usage after readings of (seconds after START, balance)."""
    usage = Usage()
    for after, balance in readings:
        usage = observe(usage, Decimal(str(balance)), START + after)
    return usage


def hours(usage: Usage) -> dict[int, tuple[float, float]]:
    return {hour - HOUR: (float(each.used), float(each.seconds)) for hour, each in usage.hours.items()}


def test_one_reading_tells_nothing_of_the_use() -> None:
    assert read((0, 100)) == Usage({}, Reading(START, Decimal(100)))


def test_a_drop_is_use_and_a_rise_is_not_watched() -> None:
    assert hours(read((0, 100), (60, 97.5), (120, 1097.5), (180, 1097.5))) == {0: (2.5, 120)}


def test_a_stretch_over_the_hour_is_shared_out() -> None:
    assert hours(read((3000, 100), (4200, 70))) == {0: (15, 600), 1: (15, 600)}
    assert hours(read((3599, 100), (3600 + 7199, 30))) == {0: (pytest.approx(70 / 7200, abs=1e-4), 1),
        1: (35, 3600), 2: (pytest.approx(35 - 70 / 7200, abs=1e-4), 3599)}  # fmt: skip


def test_a_stretch_that_ends_with_the_hour_leaves_the_next_alone() -> None:
    assert hours(read((3540, 100), (3600, 97))) == {0: (3, 60)}


def test_the_shares_of_a_stretch_are_all_of_it() -> None:
    usage = read((3599.123, 100), (5000.456, 99.9999))
    assert sum(each.used for each in usage.hours.values()) == Decimal("0.0001")
    assert sum(each.seconds for each in usage.hours.values()) == Decimal("1401.333")


def test_over_a_gap_nobody_can_tell_when_it_was_used() -> None:
    usage = read((0, 1000), (60, 999), (60 + 7201, 400), (60 + 7201 + 60, 398))
    assert hours(usage) == {0: (1, 60), 2: (2, 60)}
    assert hours(read((0, 1000), (7200, 400))) == {0: (300, 3600), 1: (300, 3600)}


@pytest.mark.parametrize("again", [(60, 97), (60, 5), (30, 99), (-3000, 99)])
def test_a_reading_twice_or_out_of_order_changes_nothing(again: tuple[float, float]) -> None:
    usage = read((0, 100), (60, 97))
    assert observe(usage, Decimal(again[1]), START + again[0]) == usage


def test_a_clock_that_was_far_ahead_is_got_over() -> None:
    usage = read((0, 100), (60, 97), (10**7, 90), (10**7 + 60, 80), (120, 70), (180, 69))
    assert hours(usage) == {0: (1, 60)}


def test_eight_days_are_kept() -> None:
    readings = [(hour * 3600.0 + 60 * minute, -minute) for hour in range(9 * 24) for minute in (0, 1)]
    usage = read(*readings)
    assert sorted(hours(usage)) == list(range(24, 9 * 24))


def test_an_empty_item_is_a_usage_nobody_has_watched_yet() -> None:
    assert Usage.from_item({}) == Usage() == Usage.from_item(Usage().to_item())


@given(READINGS)
def test_what_is_kept_comes_back_from_the_table(readings: list[tuple[Decimal, float]]) -> None:
    usage = Usage()
    for balance, at in readings:
        usage = observe(usage, balance, at)
    wire = TypeSerializer().serialize(usage.to_item())
    assert Usage.from_item(TypeDeserializer().deserialize(wire)) == usage
    forecast(usage, START)


@given(READINGS)
def test_no_more_is_used_than_the_balance_fell_nor_watched_than_an_hour_has(
    readings: list[tuple[Decimal, float]],
) -> None:
    usage, balances = Usage(), [balance for balance, _ in readings]
    for balance, at in sorted(readings, key=lambda reading: reading[1]):
        usage = observe(usage, balance, at)
    in_order = [balance for balance, _ in sorted(readings, key=lambda reading: reading[1])]
    falls = sum(max(a - b, Decimal(0)) for a, b in pairwise(in_order))
    assert sum(each.used for each in usage.hours.values()) <= falls
    assert all(each.used >= 0 and 0 < each.seconds <= 3600 for each in usage.hours.values())
    assert usage.last is None or usage.last.balance in balances


@given(st.lists(st.decimals(0, 50, places=2), min_size=30, max_size=90), st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_credit_never_runs_out_sooner(drops: list[Decimal], balance: int, more: int) -> None:
    usage, credit = Usage(), Decimal(10**7)
    for minute, drop in enumerate(drops):
        credit -= drop
        usage = observe(usage, credit, START + 60 * minute)
    now = START + 60 * len(drops)
    some, rich = (forecast(Usage(usage.hours, Reading(now, Decimal(each))), now) for each in (balance, balance + more))
    assert (some.runs_out_at or float("inf")) <= (rich.runs_out_at or float("inf"))
    assert some.runs_out_at is None or some.runs_out_at >= now


def test_an_hour_is_a_list_of_what_was_used_and_the_seconds() -> None:
    usage = Usage({HOUR: Hour(Decimal("2.5"), Decimal(60))}, Reading(START + 0.1234, Decimal("97.5")))
    assert usage.to_item() == {
        "hours": {"500000": [Decimal("2.5"), Decimal(60)]}, "at": Decimal("1800000000.123"), "balance": Decimal("97.5"),
    }  # fmt: skip
