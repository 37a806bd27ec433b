"""kobo find: what was sent to a number."""

from __future__ import annotations

import time
from itertools import islice

import click

from kobo_cli.commands.stats import parse_since
from kobo_cli.connection import connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.lookup import parts_sent_to
from kobo_cli.reports.find import print_rows, rows_of
from kobo_cli.terminal import to_json
from kobo_sms.messages.numbers import InvalidNumber, normalise


@click.command("find")
@click.argument("number", metavar="NUMBER")
@click.option("--since", default="30d", show_default=True, metavar="TIME", callback=parse_since, help="90m, 24h, 7d.")
@click.option("--most", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many to show.")
@click.option("--region", default="NG", show_default=True, help="Whose national form the number may have.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
@stack_options
def command(number: str, since: float, most: int, region: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Show what was sent to NUMBER, the newest first.

    \b
    Example: kobo find "0803 010 0001" --since 7d
    """
    try:
        wanted = normalise(number, region)
    except InvalidNumber as error:
        raise CliError(f"NUMBER: {error}") from error
    items = parts_sent_to(connect(stack, local), wanted, since=time.time() - since, most=most)
    # One more than is shown tells whether there are more.
    rows = list(islice(rows_of(wanted, items), most + 1))
    if as_json:
        click.echo(to_json(rows[:most]))
        return
    if not rows:
        raise CliError("nothing was sent to this number in that time (or the stack's FindByNumber is false)")
    print_rows(SafeConsole(), rows[:most])
    if len(rows) > most:
        click.echo("... and more (--most, --since)", err=True)
