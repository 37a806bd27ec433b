"""What a page has cost of late: from readings of the balance and the pages sent."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.bulk.price import LAG, LEAST_PAGES, QUARTER, Cost, Funds, page_price

START = 1_800_000_000 // QUARTER * QUARTER
NOW = START + 8 * 3600
MINUTES = 8 * 60
# Whoever sends, it takes about so long until the pages are counted.
USUAL_LAG = 150


class Account:
    """An account that is read every minute, and pages that are counted some time after they were paid for."""

    def __init__(self, price: str, top_ups: dict[int, int] | None = None) -> None:
        self.price = Decimal(price)
        self.sent: dict[int, int] = {}
        self.top_ups = top_ups or {}

    def send(self, minute: int, pages: int) -> None:
        self.sent[minute] = self.sent.get(minute, 0) + pages

    def learned(self, lag: int = USUAL_LAG, *, since: float = START) -> Decimal | None:
        balance, readings = Decimal(100_000), []
        pages: Counter[int] = Counter()
        for minute in range(MINUTES):
            at = START + 60 * minute
            balance += self.top_ups.get(minute, 0) - self.price * self.sent.get(minute, 0)
            readings.append((at + 30.0, balance))
            counted_at = at + lag
            if counted_at < NOW:
                pages[counted_at // QUARTER * QUARTER] += self.sent.get(minute, 0)
        return page_price(readings, pages, since=since, now=float(NOW))


def test_nothing_is_known_before_something_was_sent() -> None:
    assert page_price([], {}, since=START, now=NOW) is None
    assert Account("4").learned() is None


def test_a_few_pages_are_not_enough() -> None:
    account = Account("4")
    account.send(100, LEAST_PAGES - 1)
    assert account.learned() is None
    account.send(101, 1)
    assert account.learned() == 4


def test_pages_that_cost_nothing_have_no_price() -> None:
    account = Account("0")
    account.send(100, 1000)
    assert account.learned() is None


@pytest.mark.parametrize("price", ["4", "2.35", "0.01", "12.5"])
@pytest.mark.parametrize("minute", [0, 1, 13, 14, 15, 16, 200, 239, 240])
def test_a_campaign_at_any_minute_tells_the_price(price: str, minute: int) -> None:
    account = Account(price)
    account.send(300, 500)
    for at in range(minute, minute + 10):
        account.send(at, 1000)
    found = account.learned()
    # What was sent in the first quarter of an hour is left out, the pages and the money.
    assert found == Decimal(price) or (minute < 15 and found == pytest.approx(Decimal(price), rel=Decimal("0.5")))


def test_a_campaign_under_way_does_not_count_with_money_whose_pages_are_not_counted_yet() -> None:
    account = Account("4")
    for minute in range(MINUTES - 30, MINUTES):
        account.send(minute, 100)
    found = account.learned()
    assert found is not None
    assert found == pytest.approx(Decimal(4), rel=Decimal("0.05"))


def test_a_young_stack_has_been_watched_from_its_first_minute() -> None:
    account = Account("4")
    account.send(2, 1000)
    assert account.learned() is None
    assert account.learned(since=START - 86_400) == 4


def test_a_top_up_is_not_taken_for_money_that_was_not_paid() -> None:
    account = Account("4", top_ups={200: 50_000})
    for minute in (100, 198, 200, 202, 300):
        account.send(minute, 1000)
    assert account.learned() == 4


@given(st.dictionaries(st.integers(20, MINUTES - 10), st.integers(1, 5000), min_size=1), st.integers(60, 240))
def test_whenever_texts_are_sent_the_price_is_about_right(sent: dict[int, int], lag: int) -> None:
    account = Account("4")
    for minute, pages in sent.items():
        account.send(minute, pages + LEAST_PAGES)
    # Nothing is sent in the last ten minutes: all that was paid for was counted.
    assert account.learned(lag) == 4


def test_the_lag_is_that_of_the_schedules() -> None:
    assert 120 < LAG < QUARTER


def test_what_it_costs_and_what_will_be_left() -> None:
    cost = Cost(100, Funds(Decimal(1000), 0.0, Decimal("2.5")))
    assert (cost.total, cost.left) == (Decimal(250), Decimal(750))
    assert Cost(1000, cost.funds).left == -1500
    assert Cost(100, Funds(Decimal(1000), 0.0)).left is None
    assert Cost(100, Funds(page_price=Decimal(1))).left is None
