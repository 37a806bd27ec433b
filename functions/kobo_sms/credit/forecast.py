"""When the credit will run out, from readings of the balance alone.

What is kept: for each hour of the last eight days, how much was used in it and for how many of its seconds that was
watched; and the last reading. A rise is a top-up: nobody knows what was used meanwhile, so that stretch counts as not
watched, and so does a gap of more than two hours, whose use belongs to hours that nobody can tell.

The model: every hour of the day has its *usual* rate, the mean over the days before. What the last hour used beyond
or below the usual (a campaign, an outage) is taken to go on for three hours more; then the usual governs. Of the time
before the first use, half a day may have been a night, more says nothing: a stack that idled for a week before its
launch is not taken for idle. An hour of the day that was not watched yet is like the mean since the first use.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kobo_sms.credit.wording import length
from kobo_sms.table import moment

HOUR = 3600
KEPT_HOURS = 8 * 24
LONGEST_STRETCH = 2 * HOUR
LEAST_WATCHED = 600
GOES_ON = 3 * HOUR
NIGHT_HOURS = 12
HORIZON = 30 * 24 * HOUR
BEYOND_HORIZON = "more than 30 days"
_FINEST = Decimal("0.0001")


@dataclass(frozen=True)
class Hour:
    """How much was used in the `seconds` of an hour that were watched."""

    used: Decimal = Decimal(0)
    seconds: Decimal = Decimal(0)


@dataclass(frozen=True)
class Reading:
    """A balance and when it was read, in epoch seconds."""

    at: float
    balance: Decimal


@dataclass(frozen=True)
class Usage:
    """What was used in each hour (counted from the epoch) of the last eight days, and the last reading, if any."""

    hours: Mapping[int, Hour] = field(default_factory=dict)
    last: Reading | None = None

    def to_item(self) -> dict[str, Any]:
        """Return the usage as DynamoDB keeps it; an hour is a list of what was used and the seconds."""
        item: dict[str, Any] = {"hours": {str(hour): [each.used, each.seconds] for hour, each in self.hours.items()}}
        if self.last is not None:
            item |= {"at": moment(self.last.at), "balance": self.last.balance}
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Usage:
        """Return what `to_item` wrote; an empty item is a usage nobody has watched yet."""
        # A release to come may keep more of an hour.
        hours = {int(hour): Hour(*values[:2]) for hour, values in item.get("hours", {}).items() if hour.isdecimal()}
        last = Reading(float(item["at"]), item["balance"]) if "at" in item else None
        return cls(hours, last)


@dataclass(frozen=True)
class Forecast:
    """What is to be expected.

    `rate` is what the last hour used an hour; `runs_out_at` is in epoch seconds. None is not known, or for
    `runs_out_at` too far away to tell; `note` says why, or what the forecast rests on when that needs saying.
    """

    rate: Decimal | None
    runs_out_at: float | None
    note: str = ""


def observe(usage: Usage, balance: Decimal, now: float) -> Usage:
    """Return `usage` with a reading added. One that comes out of order, or twice, changes nothing."""
    now = round(now, 3)
    last = usage.last
    if last is not None and now <= last.at and last.at - now < LONGEST_STRETCH:
        return usage
    hours = dict(usage.hours)
    if last is not None and 0 < now - last.at <= LONGEST_STRETCH and balance <= last.balance:
        for hour, part in _share_out(last.balance - balance, last.at, now):
            hours[hour] = _pool((hours.get(hour, Hour()), part))
    newest = int(now // HOUR)
    kept = {hour: each for hour, each in hours.items() if newest - KEPT_HOURS < hour <= newest}
    return Usage(kept, Reading(now, balance))


def forecast(usage: Usage, now: float) -> Forecast:
    """Return what `usage` leads to expect at `now`."""
    if usage.last is None:
        return Forecast(None, None, "the balance has not been read yet")
    watched = _pool(usage.hours.values())
    recent = _last_hour(usage, now)
    lately = _pool(recent.values())
    rate = _per_hour(lately) if lately.seconds >= LEAST_WATCHED else None
    if usage.last.balance <= 0:
        return Forecast(rate, usage.last.at, "the balance is used up")
    if watched.seconds < LEAST_WATCHED:
        return Forecast(None, None, f"watched for {length(float(watched.seconds))} so far")
    if not watched.used:
        return Forecast(rate, None, f"no use in the {length(float(watched.seconds))} watched")
    usual = _usual(usage, now)
    beyond = 0.0
    if rate is not None:
        expected = sum(float(each.seconds) * usual[hour % 24] for hour, each in recent.items())
        beyond = float(rate) - expected / float(lately.seconds)
    runs_out_at = _spend(usage.last, usual, beyond, until=now + GOES_ON, horizon=now + HORIZON)
    if runs_out_at is None:
        return Forecast(rate, None, BEYOND_HORIZON)
    return Forecast(rate, max(runs_out_at, now), _rests_on(usage.last, rate, now))


def _share_out(used: Decimal, start: float, end: float) -> Iterable[tuple[int, Hour]]:
    length, left = moment(end) - moment(start), used
    for hour in range(int(start // HOUR), int(end // HOUR) + 1):
        stop = min(moment(end), Decimal((hour + 1) * HOUR))
        seconds = stop - max(moment(start), Decimal(hour * HOUR))
        share = left if stop == moment(end) else (used * seconds / length).quantize(_FINEST)
        left -= share
        if seconds:
            yield hour, Hour(share, seconds)


def _last_hour(usage: Usage, now: float) -> dict[int, Hour]:
    """Return what is known of the hour before `now`: this hour, and of the one before it the part that is recent."""
    hour, elapsed = divmod(now, HOUR)
    weight = Decimal(1) - moment(elapsed) / HOUR
    before = usage.hours.get(int(hour) - 1, Hour())
    recent = Hour(before.used * weight, before.seconds * weight)
    return {int(hour) - 1: recent, int(hour): usage.hours.get(int(hour), Hour())}


def _usual(usage: Usage, now: float) -> list[float]:
    """Return the usual rate of each of the 24 hours of the day (UTC); the last hour itself has no say in it."""
    recent = int(now // HOUR) - 1
    first = min(recent, *(hour for hour, each in usage.hours.items() if each.used))
    mean = _pool(each for hour, each in usage.hours.items() if hour >= first)
    before = {hour: each for hour, each in usage.hours.items() if first - NIGHT_HOURS <= hour < recent}
    of_day = [_pool(each for hour, each in before.items() if hour % 24 == wanted) for wanted in range(24)]
    return [float(_per_hour(each if each.seconds >= LEAST_WATCHED else mean)) for each in of_day]


def _spend(last: Reading, usual: list[float], beyond: float, *, until: float, horizon: float) -> float | None:
    """Return when the balance is spent, None when not before `horizon`; `beyond` the usual is used until `until`."""
    left, at = float(last.balance), last.at
    while at < horizon:
        end = float(math.floor(at / HOUR + 1) * HOUR)
        rate = usual[int(at // HOUR) % 24]
        if at < until:
            end, rate = min(end, until), max(0.0, rate + beyond)
        spent = rate * (end - at) / HOUR
        if spent >= left:
            return at + left / rate * HOUR
        left, at = left - spent, end
    return None


def _pool(hours: Iterable[Hour]) -> Hour:
    used = seconds = Decimal(0)
    for each in hours:
        used, seconds = used + each.used, seconds + each.seconds
    return Hour(used, seconds)


def _per_hour(hour: Hour) -> Decimal:
    return round(hour.used * HOUR / hour.seconds, 4)


def _rests_on(last: Reading, rate: Decimal | None, now: float) -> str:
    if now - last.at > LONGEST_STRETCH:
        return f"the balance was last read {length(now - last.at)} ago"
    return "" if rate is not None else "reckoned from the days before: the last hour was not watched"
