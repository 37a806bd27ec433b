"""kobo cost: what texts cost on AWS, beside what KoboMobile charges."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

import click

from kobo_cli.bulk.price import funds_of
from kobo_cli.connection import connect_if_possible, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.cost.bill import reckon
from kobo_cli.cost.template_facts import read_facts
from kobo_cli.cost.workload import MOST_NUMBERS, Workload
from kobo_cli.parameter_option import parameter_option
from kobo_cli.reports.cost import described, print_bill


def parse_price(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Decimal | None:
    """Return a price of a page. Raises BadParameter for what is none."""
    try:
        price = None if value is None else Decimal(value)
    except InvalidOperation as error:
        raise click.BadParameter(f"{value!r} is no price") from error
    if price is not None and not (price.is_finite() and price >= 0):
        raise click.BadParameter(f"{value!r} is no price")
    return price


@click.command("cost")
@click.option("--texts", default=1_000_000, show_default=True, type=click.IntRange(1, 10**9), help="Texts in a month.")
@click.option(
    "--numbers-per-request",
    "numbers",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_NUMBERS),
    help="Numbers of one request.",
)
@click.option("--pages", default=1, show_default=True, type=click.IntRange(1, 6), help="Pages of a text.")
@click.option(
    "--polls",
    default=2.4,
    show_default=True,
    type=click.FloatRange(1, 100),
    help="How often report/ is asked; kobo stats and the metric ReportCalls tell.",
)
@click.option("--campaign", is_flag=True, help="Sent by kobo bulk; otherwise one text comes at a time.")
@click.option("--find/--no-find", default=None, help="Whether kobo find knows them; otherwise as FindByNumber says.")
@click.option(
    "--answer-ms",
    default=300.0,
    show_default=True,
    type=click.FloatRange(1, 20_000),
    help="How long KoboMobile takes to answer.",
)
@parameter_option("A parameter of template.yaml that the stack has; may be repeated.")
@click.option("--page-price", callback=parse_price, help="What KoboMobile charges for a page; otherwise what was paid.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@stack_options
def command(
    texts: int,
    numbers: int,
    pages: int,
    polls: float,
    campaign: bool,
    find: bool | None,
    answer_ms: float,
    parameters: dict[str, str],
    page_price: Decimal | None,
    as_json: bool,
    stack: str | None,
    local: bool,
) -> None:
    """Show what a month's texts cost on AWS, at list prices of eu-west-1, beside what KoboMobile charges for them.

    \b
    Example: kobo cost --texts 200000 --page-price 2.35
    """
    facts = read_facts(parameters)
    wanted = facts.find if find is None else find
    work = Workload(texts, numbers, pages, polls, campaign, wanted, answer_ms)
    price = funds_of(connect_if_possible(stack, local)).page_price if page_price is None else page_price
    bill = reckon(work, facts)
    if as_json:
        click.echo(json.dumps(described(work, bill, price), indent=2))
    else:
        print_bill(SafeConsole(), work, bill, price)
