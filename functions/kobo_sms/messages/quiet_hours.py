"""Quiet hours: the part of each day in which nothing of the bulk lane is sent, as `20:00-08:00` in a time zone.

Pure, but for the time zone database, which Python reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
# Two different times of the day; the same twice would be the whole day. template.yaml has this pattern, too.
PATTERN = rf"^(?!(.{{5}})-\1$){_CLOCK}-{_CLOCK}$"
ADVICE = "must be two different times of the day, as 20:00-08:00"
# Nigeria's time, the same all year: what stands in for a zone that nobody knows.
_WAT = timezone(timedelta(hours=1), "WAT")


@dataclass(frozen=True)
class QuietPeriod:
    """One night's quiet hours: from `begin` until just before `end` (epoch seconds); `ends_at` is that on the clock."""

    begin: float
    end: float
    ends_at: str


@dataclass(frozen=True)
class QuietHours:
    """From `begin` until `end` on the clock of `zone`, over midnight if `end` is the earlier one."""

    begin: time
    end: time
    zone: tzinfo

    def period(self, now: float) -> QuietPeriod:
        """Return the quiet period that lasts at `now` (epoch seconds), or else the next one.

        Where the clock is changed the longer reading counts: a beginning that comes twice counts from the first time,
        an end that comes twice from the second, and a time that is left out from the side that makes it longer.
        """
        begin, end = next(each for each in self._periods(now) if each[1] > now)
        return QuietPeriod(begin, end, f"{self.end:%H:%M}")

    def _periods(self, now: float) -> Iterator[tuple[float, float]]:
        """Yield periods in order, the first one over before `now`; what a change of the clock joins is one."""
        today = datetime.fromtimestamp(now, self.zone).date()
        begin, end = self._of(today - timedelta(days=2))
        for day in range(-1, 4):
            next_begin, next_end = self._of(today + timedelta(days=day))
            if next_begin > end:
                yield begin, end
                begin = next_begin
            end = next_end

    def _of(self, day: date) -> tuple[float, float]:
        last = day if self.begin < self.end else day + timedelta(days=1)
        return min(self._moments(day, self.begin)), max(self._moments(last, self.end))

    def _moments(self, day: date, at: time) -> list[float]:
        # The two readings (PEP 495) differ only where the clock is changed.
        return [datetime.combine(day, at.replace(fold=fold), self.zone).timestamp() for fold in (0, 1)]


def read_quiet_hours(text: str, zone: str, warn: Callable[[str], None]) -> QuietHours | None:
    """Return the quiet hours that `text` (the template's BulkQuietHours) names, None if it is empty.

    `zone` is the IANA name of a time zone. One that nobody knows is told to `warn`, and Nigeria's stands in for it:
    sending goes on, and the nights stay quiet.

    Raises
    ------
    ValueError
        when `text` makes no sense, saying what would.
    """
    if not text:
        return None
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"quiet hours {ADVICE}")
    begin, end = map(time.fromisoformat, text.split("-"))
    return QuietHours(begin, end, _zone(zone, warn))


def _zone(name: str, warn: Callable[[str], None]) -> tzinfo:
    if name == "UTC":
        return UTC
    # Most stacks have no quiet hours, and this is half a dozen modules.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        warn(f"TimeZone: there is no time zone {name!r}; the quiet hours are kept in Nigeria's time (UTC+1) instead")
        return _WAT
