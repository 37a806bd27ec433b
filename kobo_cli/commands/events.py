"""kobo events: what becomes of recipients, as it happens."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.terminal import to_json
from kobo_sms.messages.fields import MAX_REFERENCE
from local_aws.processes.stopping import until_stopped

if TYPE_CHECKING:
    from kobo_cli.events.documents import Document
    from kobo_cli.events.rule_and_queue import Clients
    from kobo_cli.events.temporary_queue import TemporaryQueue


def check_reference(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return a prefix that references can have. Raises BadParameter for one that none can."""
    if value is not None and not 1 <= len(value) <= MAX_REFERENCE:
        raise click.BadParameter(f"give 1 to {MAX_REFERENCE} characters")
    return value


@click.command("events")
@click.option("--follow", is_flag=True, help="Show them from now on, until Ctrl-C.")
@click.option("--reference", metavar="PREFIX", callback=check_reference, help="Only where the reference begins so.")
@click.option("--json", "as_json", is_flag=True, help="Print each event's document, one a line.")
@stack_options
def command(follow: bool, reference: str | None, as_json: bool, stack: str | None, local: bool) -> None:
    """Show status events as they come: what becomes of recipients.

    An EventBridge rule and a queue are made for it, and removed at its end. On AWS a new rule may take a minute to
    work: what happens before is not shown.

    \b
    Example: kobo events --follow --reference orders/
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if not follow:
        raise click.UsageError("events are not kept: give --follow for those to come, or see kobo status and kobo find")
    connection = connect(stack, local)
    show = _show_json if as_json else _line_shower()
    try:
        with until_stopped():
            _follow(connection, reference, show)
    except BrokenPipeError:
        # Whoever read has had enough, which is no failure; nothing shall be flushed to nobody at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error


def _follow(connection: Connection, reference: str | None, show: Callable[[Document], None]) -> None:
    from kobo_cli.events.temporary_queue import temporary_queue

    clients = _clients(connection)
    _tidy(clients)
    with temporary_queue(clients, connection.stack, reference, time.time) as queue:
        click.echo(f"following the status events of {connection.stack}; Ctrl-C ends it", err=True)
        _show_all(queue, show)


def _show_all(queue: TemporaryQueue, show: Callable[[Document], None]) -> None:
    from kobo_cli.events.documents import ToldOnce

    told = ToldOnce()
    while True:
        taken = queue.take()
        if None in taken:
            click.echo("something came that is no status event", err=True)
        for document in told.new(each for each in taken if each is not None):
            show(document)


def _clients(connection: Connection) -> Clients:
    from botocore.config import Config

    from kobo_cli.events.rule_and_queue import Clients

    # Nobody should have to wait for minutes until it ends, when the network has gone.
    patience = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3})
    return Clients(connection.client("sqs", patience), connection.client("events", patience))


def _tidy(clients: Clients) -> None:
    """Remove what killed runs have left; that it does not work keeps nobody from following."""
    from botocore.exceptions import BotoCoreError, ClientError

    from kobo_cli.events.leftovers import remove_leftovers

    try:
        for left in remove_leftovers(clients, time.time()):
            done = f"could not be removed: {left.problem}" if left.problem else "are removed"
            click.echo(f"the rule and the queue {left.name} of a run that was killed {done}", err=True)
    except (BotoCoreError, ClientError) as error:
        click.echo(f"what killed runs have left could not be looked for: {error}", err=True)


def _show_json(document: Document) -> None:
    click.echo(to_json(document, None))


def _line_shower() -> Callable[[Document], None]:
    from kobo_cli.reports.events import line_of

    console = SafeConsole(highlight=False)

    def show(document: Document) -> None:
        # rich ends the process when nobody reads any more; click leaves that to us.
        with console.capture() as line:
            console.print(line_of(document), soft_wrap=True)
        click.echo(line.get(), nl=False)

    return show
