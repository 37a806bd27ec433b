"""Amounts and moments as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kobo_sms.credit.wording import amount, exact_moment, length, moment_ahead, moment_in_words, per_hour, plural


def at(text: str) -> float:
    """Return the moment of a date and time in Nigeria."""
    return datetime.fromisoformat(f"2026-11-{text}:00+01:00").astimezone(UTC).timestamp()


NOW = at("22T23:30")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("1234.5", "1,234.50"),
        ("1234.00", "1,234"),
        ("3.209", "3.21"),
        ("-12.5", "-12.50"),
        ("999999999999.99", "999,999,999,999.99"),
        ("1234567890123456", "1.23E+15"),
    ],
)
def test_amounts(value: str, text: str) -> None:
    assert amount(Decimal(value)) == text


@pytest.mark.parametrize(("rate", "text"), [("0", "0"), ("0.25", "0.25"), ("9.5", "9.50"), ("1234.56", "1,235")])
def test_rates(rate: str, text: str) -> None:
    assert per_hour(Decimal(rate)) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("22T23:40", "today 23:40 WAT"),
        ("22T00:00", "today 00:00 WAT"),
        ("21T23:59", "yesterday 23:59 WAT"),
        ("23T00:00", "tomorrow 00:00 WAT"),
        ("20T09:05", "Fri 20 Nov 09:05 WAT"),
        ("05T09:05", "Thu 5 Nov 09:05 WAT"),
    ],
)
def test_moments(moment: str, text: str) -> None:
    assert moment_in_words(at(moment), NOW) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("22T23:30", "by now"),
        ("22T22:00", "by now"),
        ("22T23:39", "within minutes"),
        ("22T23:41", "today 23:40 WAT"),
        ("22T23:58", "tomorrow 00:00 WAT"),
        ("23T05:28", "tomorrow 05:30 WAT"),
        ("23T09:20", "tomorrow about 09:00 WAT"),
        ("23T23:31", "Tue 24 Nov about 00:00 WAT"),
        ("24T23:31", "Tue 24 Nov"),
        ("30T10:00", "Mon 30 Nov"),
    ],
)
def test_moments_ahead_are_no_more_exact_than_they_can_be(moment: str, text: str) -> None:
    assert moment_ahead(at(moment), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (2 * 86_400 - 1, "47 hours"),
        (200_000, "2 days"),
    ],
)
def test_lengths(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_plurals() -> None:
    assert [plural(count, "message") for count in (0, 1, 1200)] == ["0 messages", "1 message", "1,200 messages"]


@pytest.mark.parametrize(("when", "text"), [("22T00:05", "today 00:05:07 WAT"), ("21T23:59", "yesterday 23:59:07 WAT")])
def test_exact_moments(when: str, text: str) -> None:
    assert exact_moment(at(when) + 7, NOW) == text
