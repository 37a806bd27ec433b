"""kobo credit: the balance, how it came to be so, and how long it lasts."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import click

from kobo_cli import valve_orders
from kobo_cli.commands.send import parse_duration
from kobo_cli.connection import connect, stack_options
from kobo_cli.errors import CliError
from kobo_cli.reports import credit, valve
from kobo_cli.reports.drawing import Point, draw, pen_for
from kobo_cli.reports.valve import when
from kobo_cli.terminal import to_json
from kobo_sms.credit.forecast import forecast
from kobo_sms.credit.store import CreditStore
from kobo_sms.credit.text import runs_out
from kobo_sms.credit.wording import amount, length, per_hour, plural
from kobo_sms.messages.lanes import LANES

_TOP_UPS = 5


@click.command("credit")
@click.option(
    "--since", default="24h", show_default=True, callback=parse_duration, metavar="TIME", help="What to draw."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
@stack_options
def command(since: float, as_json: bool, stack: str | None, local: bool) -> None:
    """Show the balance, its history, and when it will run out.

    \b
    Example: kobo credit --since 7d --stack my-stack
    """
    from botocore.exceptions import BotoCoreError, ClientError

    connection, now = connect(stack, local), time.time()
    try:
        store = CreditStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0)
        account = store.read()
        history = [Point(at, balance) for at, balance in store.readings(now - since, now)]
        waiting = {lane: connection.waiting(lane) for lane in LANES}
        lanes = valve.build(valve_orders.read(connection), waiting, now)
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error
    report = credit.build(account, history, now)
    if as_json:
        click.echo(to_json(report | {"lanes": lanes}))
        return
    if not account.version and not history:
        click.echo("The balance has not been read yet: check_credit reads it on its schedule.")
        return
    expected = runs_out(forecast(account.usage, now), now)
    drawing = ["", *draw(history, now, pen_for(sys.stdout.encoding))] if history else []
    lines = [*describe(report, expected, now), *drawing, "", *valve.describe(lanes, now)]
    click.echo("\n".join(lines))


def describe(report: Mapping[str, Any], expected: str, now: float) -> Iterator[str]:
    """Yield a report line by line; `expected` says when the credit runs out."""
    thresholds = report["thresholds"]
    if report["balance"] is not None:
        mark = "" if report["level"] == "ok" else f" ({report['level']})"
        yield f"balance     {_number(report['balance'])}{mark}, read {when(report['read_at'], now)}"
    if report["answer"] not in (None, "balance"):
        yield f"last check  {report['answer']}, {when(report['checked_at'], now)}"
    yield f"thresholds  {', '.join(f'{name} {_threshold(value)}' for name, value in thresholds.items())}"
    yield f"use         {_use(report)}"
    yield f"runs out    {expected}"
    top_ups = report["top_ups"]
    if len(top_ups) > _TOP_UPS:
        yield f"topped up   {plural(len(top_ups), 'time')}; the last {_TOP_UPS} (all with --json):"
    for top_up in top_ups[-_TOP_UPS:]:
        yield f"topped up   {_number(top_up['amount'])}, {when(top_up['at'], now)}"


def _use(report: Mapping[str, Any]) -> str:
    rate, left = report["rate_per_hour"], report["hours_left_at_this_rate"]
    if rate is None:
        return "not known"
    at_this_rate = f", at this rate enough for {length(left * 3600)}" if left is not None else ""
    return f"{per_hour(Decimal(str(rate)))} an hour{at_this_rate}"


def _number(value: float) -> str:
    return amount(Decimal(str(value)))


def _threshold(value: float) -> str:
    return _number(value) if value else "off"
