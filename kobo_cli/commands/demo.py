"""kobo demo: the whole of it on this machine, every kind of answer, checked against the mock's own list."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kobo_cli.commands.up import DIRECTORY, built_option, describe, watch
from kobo_cli.connection import Connection, local_connection
from kobo_cli.console import SafeConsole
from kobo_cli.demo.check import disagreements, unexpected
from kobo_cli.demo.examples import Example, examples
from kobo_cli.errors import CliError
from kobo_cli.reports.request import Status, build
from kobo_cli.reports.tables import explain, summarise
from kobo_sms.messages import states
from local_aws.errors import LocalStackError
from local_aws.processes.stopping import until_stopped
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

# Retries short enough to see their end.
PARAMETERS = {"RetryBaseSeconds": "1", "RetryMaxSeconds": "2", "MaxAttempts": "3", "DefaultSenderId": "NaijaFresh"}
_LONGEST_SECONDS = 120.0
_LOOK_SECONDS = 0.5
_FILE_WIDTH = 100


@click.command("demo")
@click.option("--exit", "exits", is_flag=True, help="End when all is shown, also in a terminal.")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="The inbox's.")
@click.option("--aws-port", default=4566, show_default=True, type=click.IntRange(0, 65535), help="The embedded AWS's.")
@built_option
def command(exits: bool, port: int, aws_port: int, built: bool) -> None:
    """Run the local stack, send an example of every kind, and show what becomes of each.

    \b
    Example: kobo demo --exit
    """
    # Into a file or a pipe, lines need not fit a screen.
    console = SafeConsole() if sys.stdout.isatty() else SafeConsole(width=_FILE_WIDTH)
    try:
        with (
            until_stopped(),
            running_stack(
                aws_port=aws_port,
                mock_port=port,
                every=1.0,
                parameters=PARAMETERS,
                built=built,
                directory=DIRECTORY,
                progress=click.echo,
            ) as stack,
        ):
            faults = run(stack, console)
            if sys.stdout.isatty() and not exits:
                console.print(describe(stack), markup=False)
                watch(stack)
    except LocalStackError as error:
        raise CliError(str(error)) from error
    if faults:
        raise CliError("the demo found something off:\n  " + "\n  ".join(faults))


def run(stack: LocalStack, console: Console) -> list[str]:
    """Send the examples, show what becomes of them, and return what is off: nothing, when all is well."""
    connection, sent = local_connection(stack.environment), list(examples())
    with MockControl(str(stack.mock_url)) as mock:
        before = Decimal(str(mock.account["balance"]))
        for example in sent:
            _queue(connection, example)
        recipients = sum(sum(example.expected.values()) for example in sent)
        console.print(f"\nqueued {len(sent)} requests to {recipients:,} recipients; the inbox: {stack.mock_url}/\n")
        statuses = _wait(connection, sent, console, stack.check)
        after = Decimal(str(mock.account["balance"]))
        faults = disagreements(filter(None, statuses), mock.messages, before - after)
        faults += _unexpected(sent, statuses)
        console.print(_table(sent, statuses))
        console.print(f"\nbalance {before:,} before, {after:,} after: {len(mock.messages):,} SMS executed")
    if not faults:
        console.print("every state agrees with the mock's own list of what it executed")
    console.print(f"look at them at {stack.mock_url}/, at the list itself at {stack.mock_url}/_mock/messages\n")
    return faults


def _queue(connection: Connection, example: Example) -> None:
    body = json.dumps(example.request, ensure_ascii=False)
    connection.sqs.send_message(QueueUrl=connection.queue_url(example.lane), MessageBody=body)


def _wait(
    connection: Connection, sent: Sequence[Example], console: Console, check: Callable[[], None]
) -> list[Status | None]:
    end, told = time.monotonic() + _LONGEST_SECONDS, ""
    with console.status("waiting") as spinner:
        while True:
            check()
            statuses = [_look(connection, example) for example in sent]
            line = summarise(_total(statuses))
            spinner.update(line)
            if line != told and not console.is_terminal:
                console.print(line)
            told = line
            if not _unexpected(sent, statuses) or time.monotonic() > end:
                return statuses
            time.sleep(_LOOK_SECONDS)


def _look(connection: Connection, example: Example) -> Status | None:
    items = connection.items_of(example.request["id"])
    return build(items) if items else None


def _total(statuses: Sequence[Status | None]) -> dict[str, int]:
    known = [status["counts"] for status in statuses if status is not None]
    total = {state: sum(counts.get(state, 0) for counts in known) for state in states.ALL}
    return {state: count for state, count in total.items() if count}


def _unexpected(sent: Sequence[Example], statuses: Sequence[Status | None]) -> list[str]:
    found = []
    for example, status in zip(sent, statuses, strict=True):
        fault = unexpected(status["counts"] if status else {}, example.expected)
        if fault:
            found.append(f"{example.request['id']} {fault}")
    return found


def _table(sent: Sequence[Example], statuses: Sequence[Status | None]) -> Table:
    table = Table("request", "states", "why", box=None, pad_edge=False)
    for example, status in zip(sent, statuses, strict=True):
        table.add_row(example.request["id"], summarise(status["counts"] if status else {}), _why(status))
    return table


def _why(status: dict[str, Any] | None) -> str:
    reasons = dict.fromkeys(explain(recipient) for recipient in (status or {"recipients": []})["recipients"])
    return "; ".join(filter(None, reasons))
