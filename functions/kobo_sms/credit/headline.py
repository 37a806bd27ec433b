"""The one line that says what an alert is about: subject of the e-mail, beginning of the SMS.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kobo_sms.credit.alerts import CRITICAL, EMPTY, LOW, OK, RECOVERED, Alert, level
from kobo_sms.credit.wording import amount, length
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY


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


def headline(alert: Alert, amounts: Amounts, now: float) -> str:
    """Return what has happened, short and without a full stop."""
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
