"""kobo why: each decision and attempt of a request, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from kobo_cli import valve_orders
from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.reports.why.printing import print_rows
from kobo_cli.reports.why.story import holds, tell
from kobo_cli.terminal import to_json
from kobo_sms.credit.wording import exact_moment, plural
from kobo_sms.messages.lanes import LANES
from kobo_sms.messages.numbers import InvalidNumber, normalise
from kobo_sms.table import iso
from kobo_sms.valve.store import ValveSnapshot


@click.command("why")
@click.argument("request_id", metavar="ID")
@click.argument("number", metavar="[NUMBER]", required=False)
@click.option("--region", default="NG", show_default=True, help="Whose national form the number may have.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@stack_options
def command(request_id: str, number: str | None, region: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Show what happened to the request ID and why, in order: each attempt, its answer, and what followed.

    With NUMBER, only what concerns that recipient.

    \b
    Example: kobo why order-2291-shipped 08030100002
    """
    from botocore.exceptions import BotoCoreError, ClientError

    connection, now = connect(stack, local), time.time()
    try:
        # Ids that begin with ~ are not requests.
        items = [] if request_id.startswith("~") else connection.items_of(request_id)
        valve = valve_orders.read(connection)
        if not items:
            raise CliError(f"no request {request_id} is known: {_where_it_may_be(connection, valve)}")
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error
    say = iso if as_json else partial(exact_moment, now=now)
    rows = tell(items, valve, _recipient(items, number, region, request_id), now, say)
    if as_json:
        click.echo(to_json([row.shown() for row in rows]))
    else:
        print_rows(SafeConsole(), rows, say)


def _recipient(items: Sequence[dict[str, Any]], number: str | None, region: str, request_id: str) -> str | None:
    """Return the recipient as the items name it: a number, or what was written in place of one."""
    if number is None or holds(items, number):
        return number
    try:
        normal = normalise(number, region)
    except InvalidNumber as error:
        raise CliError(f"NUMBER: {error}") from error
    if not holds(items, normal):
        raise CliError(f"NUMBER: no part of the request {request_id} has held it")
    return normal


def _where_it_may_be(connection: Connection, valve: ValveSnapshot) -> str:
    queues = []
    for lane in LANES:
        closed = valve.valve.closed.get(lane)
        state = f"closed ({closed.cause})" if closed else "open"
        queues.append(f"{lane} is {state} and holds about {plural(connection.waiting(lane), 'message')}")
    return (
        "it was never queued, was refused (then it lies in the dead-letter queue), has been forgotten since, "
        f"or was not taken from its queue yet ({'; '.join(queues)})"
    )
