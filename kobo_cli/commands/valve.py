"""kobo valve: whether the queues are consumed, and an operator's orders."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from kobo_cli import valve_orders
from kobo_cli.commands.send import parse_duration
from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.errors import CliError
from kobo_cli.reports.valve import build, describe
from kobo_cli.terminal import echo, to_json
from kobo_sms.credit.wording import moment_in_words
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.state import Closed, ClosedForQuietHours

_LANE = click.Choice([lane.value for lane in Lane])
_LOOK_SECONDS = 0.5
_DONE = {"close": "closed", "open": "opened"}


@click.command("valve")
@click.argument("action", required=False, type=click.Choice(["open", "close"]))
@click.option(
    "--lane",
    "lanes",
    multiple=True,
    type=_LANE,
    help="Only this lane; both when left out.",
)
@click.option("--reason", default="", help="Why it is closed, for whoever finds it so.")
@click.option("--timeout", default="60s", callback=parse_duration, show_default=True, help="How long to wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@stack_options
def command(
    action: str | None,
    lanes: tuple[str, ...],
    reason: str,
    timeout: float,
    as_json: bool,
    stack: str | None,
    local: bool,
) -> None:
    """Show the valve; close it, or open it again.

    A lane that an operator closed stays closed until one opens it. A lane opened while its cause lasts closes again.
    In its quiet hours the bulk lane rests; `open --lane bulk` opens it all the same, until the next ones begin.

    \b
    Example: kobo valve close --lane bulk --reason "wrong text"
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if action is None and lanes:
        raise click.UsageError("--lane needs open or close")
    if action != "close" and reason:
        raise click.UsageError("--reason needs close")
    connection = connect(stack, local)
    try:
        if action is not None:
            give_order(connection, action, [Lane(lane) for lane in lanes], reason)
            wait_until_carried_out(connection, action, [Lane(lane) for lane in lanes] or LANES, timeout)
        waiting = {lane: connection.waiting(lane) for lane in LANES}
        report = build(valve_orders.read(connection), waiting, time.time())
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error
    if as_json:
        click.echo(to_json({"lanes": report}))
    else:
        click.echo("\n".join(describe(report, time.time())))


def give_order(connection: Connection, action: str, lanes: Sequence[Lane], reason: str) -> None:
    """Write the order and ask check_credit to carry it out at once; tell what stands in the way.

    `lanes` are those that were named. Where none is, both are meant, but nobody wakes a lane that rests by the way.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if action == "close":
        by = valve_orders.who(connection)
        held = valve_orders.close(connection, lanes or LANES, by=by, reason=reason, now=time.time())
        for lane, hold in held.items():
            since = moment_in_words(hold.since, time.time())
            echo(f"{lane} is held already, by {hold.by} since {since}", err=True)
    else:
        valve_orders.open_(connection, lanes or LANES, now=time.time(), wake=bool(lanes))
    try:
        valve_orders.prompt_check(connection)
    except (BotoCoreError, ClientError, CliError) as error:
        click.echo(f"check_credit could not be asked to look at once: {error}", err=True)


def wait_until_carried_out(connection: Connection, action: str, lanes: Sequence[Lane], timeout: float) -> None:
    """Wait until check_credit has acted, `timeout` seconds at the most, and tell whether it has."""
    end = time.monotonic() + timeout
    while not valve_orders.is_carried_out(valve := valve_orders.read(connection).valve, action, lanes):
        if time.monotonic() >= end:
            click.echo("the order is given; check_credit carries it out at its next run", err=True)
            return
        time.sleep(_LOOK_SECONDS)
    for lane in lanes:
        click.echo(f"{lane}: {_outcome(action, lane, valve.closed.get(lane))}", err=True)


def _outcome(action: str, lane: Lane, closed: Closed | None) -> str:
    if action == "open" and isinstance(closed, ClosedForQuietHours):
        return f"rests {closed.detail}, quiet hours; kobo valve open --lane {lane} opens it all the same"
    again = ", and closed again: its cause is still there" if action == "open" and closed is not None else ""
    return f"{_DONE[action]}{again}"
