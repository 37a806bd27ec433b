"""Whether it is quiet now, and until when, by a stack's outputs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kobo_cli.quiet_hours import quiet_hours_of, quiet_now

STACK = {"KOBO_BULK_QUIET_HOURS": "20:00-08:00", "KOBO_TIME_ZONE": "Africa/Lagos"}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_by_night_it_tells_until_when() -> None:
    found = quiet_now(STACK, at("2026-11-22 19:00"))
    assert found is not None
    assert (found.end, found.ends_at) == (at("2026-11-23 07:00"), "08:00")


@pytest.mark.parametrize(
    ("stack", "now"), [(STACK, "2026-11-22 18:59"), (STACK, "2026-11-23 07:00"), ({}, "2026-11-22 23:00")]
)
def test_by_day_and_without_quiet_hours_it_is_not_quiet(stack: dict[str, str], now: str) -> None:
    assert quiet_now(stack, at(now)) is None


def test_a_zone_that_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert quiet_hours_of(STACK | {"KOBO_TIME_ZONE": "Africa/Lagoss"}) is not None
    assert "kobo: TimeZone: there is no time zone 'Africa/Lagoss'" in capsys.readouterr().err
