"""What a page has cost this account of late, from its balance and from the pages that were sent.

check_credit reads the balance every minute, poll_reports counts the pages of each part when it first asks for its
reports. Both are put into quarters of an hour; what the balance lost in them, by their pages, is the price. It is too
high if others use the account too.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from kobo_cli.bulk.workspace import Workspace
from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_sms.credit.store import CreditStore
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.store import StatsStore

QUARTER, DAY = 900, 86_400
# From sending to the first question: FirstReportAfterSeconds, and about a minute until the schedule's next run is over.
LAG = 180
# What is of late: a day, or as many as the use is known of, if a day has too few pages.
_DAYS = (1, 8)
LEAST_PAGES = 20

Reading = tuple[float, Decimal]


@dataclass(frozen=True)
class Funds:
    """What is known of the account: the balance, when it was read (epoch seconds), what a page costs."""

    balance: Decimal | None = None
    read_at: float | None = None
    page_price: Decimal | None = None


@dataclass(frozen=True)
class Cost:
    """What a number of pages is expected to cost an account."""

    pages: int
    funds: Funds

    @property
    def total(self) -> Decimal | None:
        """Pages times price; None if that is not known."""
        return None if self.funds.page_price is None else self.funds.page_price * self.pages

    @property
    def left(self) -> Decimal | None:
        """What will be left of the balance, below zero if it is too little; None if that is not known."""
        total, balance = self.total, self.funds.balance
        return None if total is None or balance is None else balance - total


def cost_of(workspace: Workspace, funds: Funds) -> Cost:
    """Return what the texts that were checked will cost."""
    return Cost(sum(pages * texts for pages, texts in workspace.pages().items()), funds)


def funds_of(connection: Connection | None) -> Funds:
    """Return what a stack has learned of its account, nothing without a stack. Raises CliError if it cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    if connection is None:
        return Funds()
    try:
        return read_funds(connection, time.time())
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error


def read_funds(connection: Connection, now: float) -> Funds:
    """Return what a stack has learned of its account. Errors of DynamoDB pass through."""
    table = connection.variables["KOBO_TABLE"]
    credit = CreditStore(connection.dynamodb, table, keep_seconds=0)
    stats = StatsStore(connection.dynamodb, table, keep_seconds=0)
    found = Funds()
    for days in _DAYS:
        start = now - days * DAY
        readings = list(credit.readings(start, now))
        if readings:
            pages = {_start_of(item["part"]): _pages_of(item) for item in stats.since(start)}
            found = Funds(readings[-1][1], readings[-1][0], page_price(readings, pages, since=start, now=now))
        if found.page_price is not None:
            return found
    return found


def page_price(readings: Iterable[Reading], pages: Mapping[int, int], *, since: float, now: float) -> Decimal | None:
    """Return what a page has cost, None if that is not known: too few were sent, or nothing was paid for them.

    Parameters
    ----------
    readings
        When the balance was read (epoch seconds) and what it was, oldest first.
    pages
        The pages that were counted in each quarter of an hour, by its first second.
    since, now
        Between which moments (epoch seconds) readings and pages were looked for. What was paid in the last minutes does
        not count, as its pages are not counted yet.
    """
    known = [(at + LAG, balance) for at, balance in readings if at + LAG <= now]
    if not known:
        return None
    used: defaultdict[int, Decimal] = defaultdict(Decimal)
    # The first quarter was watched in part only, unless the stack is younger than that; what was used while the balance
    # rose nobody knows.
    left_out = {_quarter_of(known[0][0])} if known[0][0] - since < 2 * QUARTER else set()
    for (earlier, before), (at, after) in pairwise(known):
        used[_quarter_of(at)] += before - after
        if after > before:
            left_out.update(range(_quarter_of(earlier), _quarter_of(at) + 1, QUARTER))
    watched = set(range(_quarter_of(known[0][0]), _quarter_of(known[-1][0]) + 1, QUARTER)) - left_out
    sent = sum(pages.get(quarter, 0) for quarter in watched)
    paid = sum((used[quarter] for quarter in watched), Decimal(0))
    return round(paid / sent, 4) if sent >= LEAST_PAGES and paid > 0 else None


def _quarter_of(at: float) -> int:
    return int(at // QUARTER * QUARTER)


def _start_of(quarter: str) -> int:
    return int(datetime.fromisoformat(quarter).replace(tzinfo=UTC).timestamp())


def _pages_of(item: Mapping[str, object]) -> int:
    counts = Counts()
    counts.take_item(dict(item))
    return counts.pages
