"""How a bill looks, in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from kobo_cli.cost.bill import Bill, Line
from kobo_cli.cost.metrics import most_metrics, usual_metrics
from kobo_cli.cost.prices import AS_OF, PRICES, REGION
from kobo_cli.cost.workload import Workload


def described(work: Workload, bill: Bill, page_price: Decimal | None) -> dict[str, Any]:
    """Return the bill for programs: dollars, and of each line how much of which unit."""
    return {
        "region": REGION,
        "prices_as_of": AS_OF,
        "texts": work.texts,
        "lines": [_described(line) for line in bill.lines],
        "total": {
            "texts_usd": round(bill.texts_usd, 4),
            "month_usd": round(bill.month_usd, 4),
            "less_free_usd": round(bill.less_free, 4),
        },
        "kobomobile": {
            "pages": work.texts * work.pages,
            "page_price": None if page_price is None else float(page_price),
            "total": None if page_price is None else float(page_price * work.texts * work.pages),
        },
    }


def _described(line: Line) -> dict[str, Any]:
    return {
        "service": line.service,
        "what": line.what,
        "unit": PRICES[line.price].unit,
        "unit_usd": PRICES[line.price].usd,
        "source": PRICES[line.price].source,
        "texts": round(line.texts, 4),
        "texts_usd": round(line.texts_usd, 4),
        "month": round(line.month, 4),
        "month_usd": round(line.month_usd, 4),
    }


def print_bill(console: Console, work: Workload, bill: Bill, page_price: Decimal | None) -> None:
    """Print the lines that cost anything, the totals, and what KoboMobile charges."""
    table = Table(box=None, pad_edge=False)
    table.add_column("US dollars")
    table.add_column()
    table.add_column(f"{work.texts:,} texts", justify="right")
    table.add_column("a month besides", justify="right")
    for service, what, texts, month in _rows(bill.lines):
        table.add_row(service, what, _dollars(texts), _dollars(month))
    table.add_row("", "total", _dollars(bill.texts_usd), _dollars(bill.month_usd), style="bold")
    console.print(table, "")
    for line in _remarks(work, bill, page_price):
        console.print(line, soft_wrap=True)


def _remarks(work: Workload, bill: Bill, page_price: Decimal | None) -> Iterable[str]:
    yield f"List prices of {REGION}, {AS_OF}, without tax."
    yield f"AWS's free allowances leave {bill.less_free:,.2f} of both, where nothing else uses them."
    yield f"Metrics: {usual_metrics()} have values in each hour, {most_metrics()} if everything happens in one."
    pages = work.texts * work.pages
    if page_price is None:
        yield f"KoboMobile: {pages:,} pages; --page-price, or a stack that has learned it, tells for how much."
    else:
        yield f"KoboMobile: {pages:,} pages at {page_price:,} are {page_price * pages:,.2f} of its credit."


def _rows(lines: Iterable[Line]) -> Iterable[tuple[str, str, float, float]]:
    last = ""
    for line in lines:
        if line.texts_usd >= 0.005 or line.month_usd >= 0.005:
            yield line.service if line.service != last else "", line.what, line.texts_usd, line.month_usd
            last = line.service


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.005 else ""
