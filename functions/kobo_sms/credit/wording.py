"""Amounts, moments and alerts as people say them; the hour is Nigeria's (WAT, an hour ahead of UTC all year).

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from kobo_sms.credit.alerts import CRITICAL, EMPTY, LOW, OK, RECOVERED, Alert, level
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY

WAT = timezone(timedelta(hours=1), "WAT")

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_ROUND_FROM = Decimal(10) ** 12


@dataclass(frozen=True)
class Amounts:
    """The balance, None when it is not known now, and the thresholds, 0 when switched off."""

    balance: Decimal | None
    low: Decimal
    critical: Decimal

    @property
    def level(self) -> str:
        """What the balance is by itself; `ok` when it is not known."""
        return OK if self.balance is None else level(self.balance, self.low, self.critical)


def amount(value: Decimal) -> str:
    """Return `1,234.50` or `1,234`; what has more than twelve digits as `1.23E+15`."""
    if abs(value) >= _ROUND_FROM:
        return f"{value:.2E}"
    return f"{value:,.2f}".removesuffix(".00")


def per_hour(rate: Decimal) -> str:
    """Return a rate in whole units from ten on: `1,234`, `3.50`."""
    return amount(rate if abs(rate) < 10 else Decimal(round(rate)))


def moment_in_words(at: float, now: float) -> str:
    """Return `today 14:02 WAT`, `yesterday 23:59 WAT`, or `Thu 26 Nov 09:00 WAT`."""
    return f"{_day(at, now)} {_local(at):%H:%M} WAT"


def exact_moment(at: float, now: float) -> str:
    """Return a moment with its seconds: `today 14:02:07 WAT`."""
    return f"{_day(at, now)} {_local(at):%H:%M:%S} WAT"


def moment_ahead(at: float, now: float) -> str:
    """Return a moment to come, as exact as a forecast can be.

    `by now`, `within minutes`, `today 23:40 WAT`, `tomorrow about 09:00 WAT`, and from two days on `Thu 26 Nov`.
    """
    if at <= now:
        return "by now"
    if at - now < 10 * _MINUTE:
        return "within minutes"
    if at - now < 6 * _HOUR:
        return moment_in_words(_round(at, 5 * _MINUTE), now)
    if at - now < 2 * _DAY:
        at = _round(at, _HOUR)
        return f"{_day(at, now)} about {_local(at):%H:%M} WAT"
    return _day(at, now)


def length(seconds: float) -> str:
    """Return how long something lasts, as exact as needed: `less than a minute`, `90 minutes`, `5 hours`, `3 days`."""
    for unit, size in (("day", _DAY), ("hour", _HOUR)):
        if seconds >= 2 * size:
            return plural(int(seconds // size), unit)
    return plural(int(seconds // _MINUTE), "minute") if seconds >= _MINUTE else "less than a minute"


def plural(count: int, noun: str) -> str:
    """Return `1 minute`, `1,200 minutes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def headline(alert: Alert, amounts: Amounts, now: float) -> str:
    """Return what an alert is about in one line, short and without a full stop: the subject of an e-mail, the beginning
    of an SMS."""
    still = "still " if alert.reminder else ""
    if alert.kind == RECOVERED:
        return _recovery(alert, amounts, now)
    if alert.kind == CREDENTIALS:
        return f"KoboMobile {still}refuses our user name or password"
    if alert.kind == GATEWAY:
        return f"KoboMobile's gateway {still}does not work"
    if alert.kind == EMPTY:
        return _empty(amounts.balance, still)
    if alert.kind not in (LOW, CRITICAL):
        # Written down by a release to come, before this one was put back in its place.
        return f"{alert.kind} ({alert.track})"
    return f"KoboMobile credit is {still}{alert.kind}{_against_threshold(alert.kind, amounts)}"


def _empty(balance: Decimal | None, still: str) -> str:
    if balance is None:
        return f"KoboMobile {still}refuses to send for lack of credit"
    if balance > 0:
        return f"KoboMobile credit {still}does not suffice: {amount(balance)} left"
    return f"KoboMobile credit is {still}used up: {amount(balance)} left"


def _against_threshold(kind: str, amounts: Amounts) -> str:
    if amounts.balance is None:
        return "; the balance cannot be read now"
    threshold = amounts.low if kind == LOW else amounts.critical
    place = "below" if amounts.balance < threshold else "just above"
    return f": {amount(amounts.balance)} left, {place} {amount(threshold)}"


def _recovery(alert: Alert, amounts: Amounts, now: float) -> str:
    after = f"after {length(now - alert.since)}"
    if alert.was == CREDENTIALS:
        return f"KoboMobile accepts our user name and password again {after}"
    if alert.was == GATEWAY:
        return f"KoboMobile's gateway works again {after}"
    back = "back" if alert.was == EMPTY else "fine again"
    still = f", but still {amounts.level}" if amounts.level != OK else ""
    left = "" if amounts.balance is None else f": {amount(amounts.balance)} left"
    return f"KoboMobile credit is {back} {after}{still}{left}"


def _day(at: float, now: float) -> str:
    days = (_local(at).date() - _local(now).date()).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get(days) or f"{_local(at):%a} {_local(at).day} {_local(at):%b}"


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(WAT)


def _round(at: float, unit: int) -> float:
    return round(at / unit) * unit
