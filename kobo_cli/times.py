r"""Moments as people write them, and as they read them, in the time zone of the stack's parameter `TimeZone`.

| written | means |
|---|---|
| `2026-12-01T09:00+01:00`, `2026-12-01T08:00Z` | ISO 8601 with a zone |
| `2026-12-01 09:00`, `2026-12-01` | without one: in the stack's zone; without a time: when the day begins |
| `9:00`, `21:30`, `9am`, `9:30pm` | today |
| `today 21:30`, `tomorrow 9:00`, `monday 9am` | a weekday: the next one after today |
| `in 90m`, `in 2h`, `in 3d` | from now |
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from kobo_cli.errors import CliError

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?(am|pm)?")
# template.yaml's default, where no stack says another.
USUAL_ZONE = "Africa/Lagos"
_HOW = "write it like `tomorrow 9:00`, `monday 9am`, `in 2h` or `2026-12-01 09:00`"


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises
    ------
    CliError
        when this machine does not know it.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CliError(f"TimeZone {name}: this machine knows no such time zone (is tzdata installed?)") from error


def parse_moment(text: str, zone: ZoneInfo, now: float) -> float:
    """Return a moment to come in epoch seconds.

    Raises
    ------
    UsageError
        when it cannot be read, is past, or does not exist (the hour that a change of the clock leaves out).
    """
    words = " ".join(text.lower().split())
    here = datetime.fromtimestamp(now, zone)
    if later := re.fullmatch(r"in ([1-9][0-9]{0,4}) ?([mhd])", words):
        return now + int(later[1]) * _UNITS[later[2]]
    moment = _iso(text.strip(), zone) or _of_day(words, here)
    if moment is None:
        raise click.UsageError(f"--at {text}: {_HOW}")
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.astimezone(zone).replace(tzinfo=None):
        raise click.UsageError(f"--at {text}: there is no such hour on that day, as the clocks change")
    if moment.timestamp() <= now:
        raise click.UsageError(f"--at {text}: {in_words(moment.timestamp(), zone, now)} is past")
    return moment.timestamp()


def in_words(at: float, zone: ZoneInfo, now: float) -> str:
    """Return a moment as people say it: `today 14:02 WAT`, `tomorrow 09:00 WAT`, `Thu 26 Nov 09:00 WAT`."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((moment.date() - today).days)
    return f"{near or f'{moment:%a} {moment.day} {moment:%b}'} {moment:%H:%M %Z}"


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _of_day(words: str, here: datetime) -> datetime | None:
    day, _, rest = re.sub(r" (am|pm)$", r"\1", words).rpartition(" ")
    on, clock = _day(day, here.date()), _clock(rest)
    return datetime.combine(on, clock, here.tzinfo) if on and clock else None


def _day(word: str, today: date) -> date | None:
    if word in ("", "today"):
        return today
    if word == "tomorrow":
        return today + timedelta(days=1)
    if word in _WEEKDAYS:
        ahead = (_WEEKDAYS.index(word) - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead)
    return None


def _clock(text: str) -> time | None:
    match = _TIME.fullmatch(text)
    if match is None or (match[2] is None and match[3] is None):
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
