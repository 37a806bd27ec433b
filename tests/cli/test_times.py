from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.errors import CliError
from kobo_cli.times import in_words, parse_moment, zone_of

LAGOS, BERLIN = ZoneInfo("Africa/Lagos"), ZoneInfo("Europe/Berlin")
# A Sunday, 10:30 in Lagos.
NOW = datetime(2026, 11, 29, 9, 30, tzinfo=UTC).timestamp()


def lagos(*moment: int) -> float:
    return datetime(*moment, tzinfo=LAGOS).timestamp()  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("11:00", lagos(2026, 11, 29, 11)),
        ("today 21:30", lagos(2026, 11, 29, 21, 30)),
        ("9:30pm", lagos(2026, 11, 29, 21, 30)),
        ("9:30 PM", lagos(2026, 11, 29, 21, 30)),
        ("12pm", lagos(2026, 11, 29, 12)),
        ("tomorrow 9:00", lagos(2026, 11, 30, 9)),
        ("tomorrow 12am", lagos(2026, 11, 30, 0)),
        ("Tomorrow  09:05", lagos(2026, 11, 30, 9, 5)),
        ("monday 9am", lagos(2026, 11, 30, 9)),
        ("saturday 09:00", lagos(2026, 12, 5, 9)),
        ("sunday 09:00", lagos(2026, 12, 6, 9)),
        ("in 90m", NOW + 5400),
        ("in 2 h", NOW + 7200),
        ("in 3d", NOW + 3 * 86_400),
        ("2026-12-01 09:00", lagos(2026, 12, 1, 9)),
        ("2026-12-01", lagos(2026, 12, 1)),
        ("2026-12-01T09:00:30", lagos(2026, 12, 1, 9, 0, 30)),
        ("2026-12-01T09:00+05:30", datetime(2026, 12, 1, 3, 30, tzinfo=UTC).timestamp()),
        ("2026-12-01T09:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp()),
    ],
)
def test_what_people_write(text: str, moment: float) -> None:
    assert parse_moment(text, LAGOS, NOW) == moment


@pytest.mark.parametrize("text", ["10:30", "today 9am", "2026-11-29T10:29", "2026-11-29", "2025-01-01T00:00Z"])
def test_what_is_past_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="is past"):
        parse_moment(text, LAGOS, NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "9", "tomorrow", "tomorrow 9", "25:00", "9:60", "13pm", "0am", "in 0h", "in 2w", "9:0"),
        *("yesterday 9:00", "2026-13-01", "monday", "next monday 9:00", "9:00 monday", "9:30:15"),
    ],
)
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.UsageError, match="write it like `tomorrow 9:00`"):
        parse_moment(text, LAGOS, NOW)


def test_an_hour_that_the_clocks_leave_out_is_refused() -> None:
    with pytest.raises(click.UsageError, match="no such hour"):
        parse_moment("2027-03-28 02:30", BERLIN, NOW)
    assert parse_moment("2027-03-28 03:30", BERLIN, NOW) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC).timestamp()


@given(minutes=st.integers(1, 60 * 24 * 400), zone=st.sampled_from([LAGOS, BERLIN, ZoneInfo("Asia/Kathmandu")]))
def test_any_moment_to_come_can_be_written(minutes: int, zone: ZoneInfo) -> None:
    at = NOW + minutes * 60
    assert parse_moment(datetime.fromtimestamp(at, zone).isoformat(), zone, NOW) == at


def test_moments_are_told_as_people_say_them() -> None:
    assert in_words(NOW, LAGOS, NOW) == "today 10:30 WAT"
    assert in_words(NOW + 86_400, LAGOS, NOW) == "tomorrow 10:30 WAT"
    assert in_words(NOW + 3 * 86_400, LAGOS, NOW) == "Wed 2 Dec 10:30 WAT"


def test_a_zone_that_this_machine_does_not_know() -> None:
    with pytest.raises(CliError, match="TimeZone Mars/Olympus"):
        zone_of("Mars/Olympus")
