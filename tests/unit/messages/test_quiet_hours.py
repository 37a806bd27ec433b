from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.quiet_hours import QuietHours, read_quiet_hours

FUNCTIONS = Path(__file__).parents[3] / "functions"
HOUR, DAY = 3600.0, 86_400.0
# None, spring in March, spring in September, half an hour of it, and a zone that has left a whole day out.
ZONES = ["Africa/Lagos", "America/New_York", "Europe/London", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia"]


def no_warning(text: str) -> None:
    raise AssertionError(text)


def hours(text: str, zone: str = "Africa/Lagos") -> QuietHours:
    found = read_quiet_hours(text, zone, no_warning)
    assert found is not None
    return found


def at(text: str, zone: str = "Africa/Lagos", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def is_quiet(quiet: QuietHours, now: float) -> bool:
    return quiet.period(now).begin <= now


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-11-22 12:00", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-22 19:59:59", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-22 20:00", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-22 23:59:59", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-23 00:00", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-23 07:59:59", "2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-11-23 08:00", "2026-11-23 20:00", "2026-11-24 08:00"),
    ],
)
def test_a_night(now: str, begin: str, end: str) -> None:
    period = hours("20:00-08:00").period(at(now))
    assert (period.begin, period.end, period.ends_at) == (at(begin), at(end), "08:00")


def test_the_hours_of_one_day() -> None:
    siesta = hours("13:00-15:30")
    assert siesta.period(at("2026-11-22 12:59")).begin == at("2026-11-22 13:00")
    assert siesta.period(at("2026-11-22 15:29")).end == at("2026-11-22 15:30")
    assert siesta.period(at("2026-11-22 15:30")).begin == at("2026-11-23 13:00")


def test_a_time_that_comes_twice_counts_as_the_longer_night() -> None:
    # On 1 November 2026 New York's clock goes from 02:00 back to 01:00.
    zone = "America/New_York"
    night = hours("20:00-01:30", zone).period(at("2026-11-01 00:00", zone))
    assert night.end == at("2026-11-01 01:30", zone, fold=1) == at("2026-11-01 00:30", zone) + 2 * HOUR
    morning = hours("01:30-08:00", zone).period(at("2026-11-01 00:00", zone))
    assert morning.begin == at("2026-11-01 01:30", zone, fold=0)


def test_a_time_that_is_left_out_counts_as_the_longer_night() -> None:
    # On 8 March 2026 New York's clock goes from 02:00 on to 03:00.
    zone = "America/New_York"
    change = at("2026-03-08 03:00", zone)
    assert hours("20:00-02:30", zone).period(at("2026-03-08 01:00", zone)).end == change + HOUR / 2
    assert hours("02:30-08:00", zone).period(at("2026-03-08 01:00", zone)).begin == change - HOUR / 2


def test_what_a_change_of_the_clock_joins_is_one_night() -> None:
    zone = "America/New_York"
    period = hours("02:30-02:15", zone).period(at("2026-03-07 12:00", zone))
    assert period.begin < at("2026-03-07 12:00", zone)
    assert period.end == at("2026-03-09 02:15", zone)


zones = st.sampled_from(ZONES)
moments = st.floats(at("1990-01-01 00:00"), at("2037-12-31 00:00"))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(times, times, zones, moments)
def test_the_clock_decides(begin: time, end: time, zone: str, now: float) -> None:
    if begin == end:
        return
    quiet = QuietHours(begin, end, ZoneInfo(zone))
    period = quiet.period(now)
    assert period.begin < period.end > now
    clock = datetime.fromtimestamp(now, ZoneInfo(zone)).time()
    by_the_clock = begin <= clock < end if begin < end else clock >= begin or clock < end
    if by_the_clock:
        assert is_quiet(quiet, now)
    elif is_quiet(quiet, now):
        # Only where the clock is changed nearby is a night longer than by the clock.
        around = [datetime.fromtimestamp(now + days * DAY, ZoneInfo(zone)).utcoffset() for days in (-1.5, 0, 1.5)]
        assert len(set(around)) > 1


@given(times, times, zones, moments)
def test_nights_follow_one_another(begin: time, end: time, zone: str, now: float) -> None:
    if begin == end:
        return
    quiet = QuietHours(begin, end, ZoneInfo(zone))
    found = [quiet.period(now)]
    for _ in range(5):
        found.append(quiet.period(found[-1].end))
    for earlier, later in pairwise(found):
        assert earlier.end < later.begin
        # Whoever asks in between is told the same.
        assert quiet.period(earlier.begin) == quiet.period(earlier.end - 0.001) == earlier
        assert quiet.period((earlier.end + later.begin) / 2) == later


def test_none_are_none() -> None:
    assert read_quiet_hours("", "Africa/Nowhere", no_warning) is None


@pytest.mark.parametrize(
    "text", ["20:00", "20:00-20:00", "00:00-24:00", "8:00-20:00", "20:00 - 08:00", "20:60-08:00", "a", "20:00-08:00x"]
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two different times of the day"):
        read_quiet_hours(text, "Africa/Lagos", no_warning)


@pytest.mark.parametrize("zone", ["Africa/Nowhere", "../etc/passwd", "", "Africa"])
def test_a_zone_that_nobody_knows_is_told_and_nigerias_stands_in(zone: str) -> None:
    told: list[str] = []
    quiet = read_quiet_hours("20:00-08:00", zone, told.append)
    assert quiet is not None
    assert quiet.zone.utcoffset(None) == timedelta(hours=1)
    assert quiet.period(at("2026-11-22 12:00")).begin == at("2026-11-22 20:00")
    (warning,) = told
    assert repr(zone) in warning


def test_utc_needs_no_database() -> None:
    assert hours("20:00-08:00", "UTC").zone is UTC


def test_what_ships_knows_the_zones_by_itself() -> None:
    """Nothing promises that Lambda's Python finds a time zone database on the system: without one, ours is used."""
    code = (
        "from kobo_sms.messages.quiet_hours import read_quiet_hours\n"
        "print(read_quiet_hours('20:00-08:00', 'Africa/Lagos', exit).zone)"
    )
    environment = {"PYTHONTZPATH": "", "PYTHONPATH": str(FUNCTIONS)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout == "Africa/Lagos\n"
