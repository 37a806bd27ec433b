"""When the credit runs out: histories made up so that the answer is known."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from kobo_sms.credit.forecast import Forecast, Usage, forecast, observe

MIDNIGHT = 20_600 * 86_400
HOURS = 3600
DAYS = 24 * HOURS
Rate = Callable[[int], float]


def constantly(rate: float) -> Rate:
    return lambda _at: rate


def by_day(at: int) -> float:
    """Use 100 an hour from 8 to 20 o'clock, nothing at night."""
    return 100 if 8 <= at % DAYS // HOURS < 20 else 0


def watch(
    rate: Rate, start: int, end: int, *, usage: Usage | None = None, every: int = 60, top_ups: tuple[int, ...] = ()
) -> Usage:
    """Read the balance from `start` to `end` while `rate(at)` an hour is used; 10,000 more between two readings."""
    usage = usage or Usage()
    balance = usage.last.balance if usage.last else Decimal(1_000_000)
    for at in range(start, end + 1, every):
        if at > start:
            used = sum((Decimal(rate(second)) for second in range(at - every, at, 60)), Decimal(0)) / 60
            balance += 10_000 * sum(at - every < top_up <= at for top_up in top_ups) - used
        usage = observe(usage, balance, at)
    return usage


def left(usage: Usage, balance: float) -> Usage:
    """Return the same use with another balance left."""
    assert usage.last is not None
    return Usage(usage.hours, type(usage.last)(usage.last.at, Decimal(balance)))


def hours_left(usage: Usage, balance: float, now: int) -> float | None:
    runs_out_at = forecast(left(usage, balance), now).runs_out_at
    return None if runs_out_at is None else round((runs_out_at - now) / HOURS, 6)


@pytest.mark.parametrize("minutes", [10, 45, 60, 61, 90, 300, 11 * 24 * 60 + 7])
def test_a_constant_rate_goes_on(minutes: int) -> None:
    now = MIDNIGHT + 13 * 60 + minutes * 60
    usage = watch(constantly(120), MIDNIGHT + 13 * 60, now)
    assert forecast(usage, now).rate == 120
    assert hours_left(usage, 600, now) == pytest.approx(5)
    assert forecast(left(usage, 600), now).note == ""


@pytest.mark.parametrize("days", [1, 2, 7])
@pytest.mark.parametrize(
    ("hour", "balance", "runs_out"),
    [
        pytest.param(22, 300, 24 + 11, id="in the night, the morning counts"),
        pytest.param(3, 300, 11, id="in the small hours too"),
        pytest.param(20.5, 300, 24 + 11, id="the day's last hour is no sign that it goes on"),
        pytest.param(8.25, 300, 11.25, id="the quiet hour before is no sign that it stays quiet"),
        pytest.param(10, 100, 11, id="by day as always"),
        pytest.param(19, 400, 24 + 11, id="over the night"),
        pytest.param(12, 2400 + 100, 48 + 13, id="over two nights"),
    ],
)
def test_day_and_night_are_told_apart(days: int, hour: float, balance: int, runs_out: float) -> None:
    now = MIDNIGHT + int(hour * HOURS)
    usage = watch(by_day, now - days * DAYS - 2 * HOURS, now)
    assert hours_left(usage, balance, now) == pytest.approx(runs_out - hour)


@pytest.mark.parametrize(
    ("balance", "hours"),
    [
        (1500, 1.5),
        pytest.param(3000 + 50, 3 + 5, id="after three hours the usual returns"),
    ],
)
def test_a_campaign_goes_on_for_three_hours(balance: int, hours: float) -> None:
    now = MIDNIGHT + 14 * HOURS
    usage = watch(constantly(10), now - 3 * DAYS, now - HOURS)
    usage = watch(constantly(1000), now - HOURS, now, usage=usage)
    assert forecast(usage, now).rate == 1000
    assert hours_left(usage, balance, now) == pytest.approx(hours)


def test_a_campaign_over_is_forgotten_but_for_its_hour_of_the_day() -> None:
    now = MIDNIGHT + 14 * HOURS
    usage = watch(lambda at: 1000 if now - 26 * HOURS <= at < now - 25 * HOURS else 10, now - 2 * DAYS, now)
    # Tomorrow at noon it may happen again: the mean of 10 and 1,000.
    assert hours_left(usage, 220 + 505 + 10, now) == pytest.approx(24)


def test_an_unusually_quiet_hour_does_not_hide_what_is_usual() -> None:
    now = MIDNIGHT + 14 * HOURS
    usage = watch(constantly(0), now - HOURS, now, usage=watch(constantly(100), now - 3 * DAYS, now - HOURS))
    assert forecast(usage, now).rate == 0
    assert hours_left(usage, 200, now) == pytest.approx(3 + 2)


def test_a_quiet_hour_gives_no_credit_back() -> None:
    """Usual are 100 an hour until 14 o'clock and 10 after it; the hour before 14 was quiet."""
    now = MIDNIGHT + 14 * HOURS
    usage = watch(lambda at: 100 if at % DAYS < 14 * HOURS else 10, now - 2 * DAYS, now - HOURS)
    usage = watch(constantly(0), now - HOURS, now, usage=usage)
    assert hours_left(usage, 50, now) == pytest.approx(3 + 5)


@pytest.mark.parametrize("top_ups", [(5 * HOURS + 30,), tuple(range(1800, 30 * HOURS, HOURS))])
@pytest.mark.parametrize("rate", [constantly(120), by_day])
def test_top_ups_are_no_use_and_hide_none(rate: Rate, top_ups: tuple[int, ...]) -> None:
    start, now = MIDNIGHT - 30 * HOURS, MIDNIGHT
    plain = watch(rate, start, now)
    topped_up = watch(rate, start, now, top_ups=tuple(start + top_up for top_up in top_ups))
    assert hours_left(topped_up, 600, now) == hours_left(plain, 600, now)
    assert forecast(topped_up, now).rate == forecast(plain, now).rate


def test_on_the_first_day_hours_not_yet_seen_are_like_the_mean_of_those_seen() -> None:
    now = MIDNIGHT + 16 * HOURS
    usage = watch(lambda at: 100 if at < now - 2 * HOURS else 200, now - 4 * HOURS, now)
    # The last hour's 200 for three hours, then (100 + 100 + 200 + 200) / 4.
    assert hours_left(usage, 3 * 200 + 2 * 150, now) == pytest.approx(5)


def test_after_a_gap_the_days_before_count_until_the_last_hour_is_known() -> None:
    now = MIDNIGHT + 9 * HOURS
    before = watch(by_day, now - 3 * DAYS, now - 16 * HOURS)
    after = observe(before, Decimal(5_000), now)
    found = forecast(left(after, 300), now)
    assert found.rate is None
    assert found.runs_out_at == pytest.approx(MIDNIGHT + 12 * HOURS)
    assert found.note == "reckoned from the days before: the last hour was not watched"
    assert forecast(watch(by_day, now, now + 540, usage=after), now + 540).rate is None
    later = watch(by_day, now, now + 600, usage=after)
    assert forecast(later, now + 600).rate == 100
    assert hours_left(later, 300, now + 600) == pytest.approx(3)


def test_a_balance_read_long_ago_is_followed_from_when_it_was_read() -> None:
    read_at = MIDNIGHT + 9 * HOURS
    usage = left(watch(by_day, read_at - 3 * DAYS, read_at), 500)
    found = forecast(usage, read_at + 3 * HOURS)
    assert found.rate is None
    assert found.runs_out_at == pytest.approx(read_at + 5 * HOURS)
    assert found.note == "the balance was last read 3 hours ago"
    assert forecast(usage, read_at + 7 * HOURS).runs_out_at == read_at + 7 * HOURS


@pytest.mark.parametrize("idle_days", [2, 7])
def test_idle_days_before_the_launch_say_nothing_of_what_is_usual(idle_days: int) -> None:
    now = MIDNIGHT + 14 * HOURS
    usage = watch(constantly(0), now - idle_days * DAYS, now - 5 * HOURS)
    usage = watch(constantly(100), now - 5 * HOURS, now, usage=usage)
    # 14 to 21 o'clock like 9 to 14; the half day before the launch passes for a night.
    assert hours_left(usage, 650, now) == pytest.approx(6.5)
    assert hours_left(usage, 750, now) == pytest.approx(19.5)


def test_the_first_sms_after_idle_days_is_no_alarm() -> None:
    now = MIDNIGHT + 14 * HOURS + 60
    usage = watch(constantly(0), now - 2 * DAYS, now - 60)
    usage = watch(constantly(240), now - 60, now, usage=usage)
    # 4 in the last hour, although 240 an hour in the last minute.
    assert float(forecast(usage, now).rate or 0) == pytest.approx(4)
    assert hours_left(usage, 40, now) == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize(
    ("usage", "rate", "note"),
    [
        (Usage(), None, "the balance has not been read yet"),
        (watch(constantly(60), MIDNIGHT, MIDNIGHT), None, "watched for less than a minute so far"),
        (watch(constantly(60), MIDNIGHT - 540, MIDNIGHT), None, "watched for 9 minutes so far"),
        (watch(constantly(0), MIDNIGHT - 26 * HOURS, MIDNIGHT), 0, "no use in the 26 hours watched"),
        (watch(constantly(1), MIDNIGHT - 26 * HOURS, MIDNIGHT), 1, "more than 30 days"),
        (left(watch(constantly(60), MIDNIGHT - 5 * HOURS, MIDNIGHT), 100_000), 60, "more than 30 days"),
    ],
)
def test_what_cannot_be_known_says_why(usage: Usage, rate: int | None, note: str) -> None:
    found = forecast(usage, MIDNIGHT)
    assert found == Forecast(None if rate is None else Decimal(rate), None, note)


def test_thirty_days_are_told_to_the_hour() -> None:
    usage = watch(constantly(60), MIDNIGHT - 5 * HOURS, MIDNIGHT)
    assert hours_left(usage, 60 * 719.5, MIDNIGHT) == pytest.approx(719.5)
    assert hours_left(usage, 60 * 720.5, MIDNIGHT) is None


@pytest.mark.parametrize("balance", [0, -12])
def test_a_balance_used_up_has_run_out(balance: int) -> None:
    found = forecast(left(watch(constantly(60), MIDNIGHT - 5 * HOURS, MIDNIGHT), balance), MIDNIGHT)
    assert found == Forecast(Decimal(60), MIDNIGHT, "the balance is used up")
