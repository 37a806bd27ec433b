"""kobo status: what became of a request."""

from __future__ import annotations

import click

from kobo_cli.campaigns.handing_over import orders_of
from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.reports.request import build
from kobo_cli.reports.tables import print_status
from kobo_cli.terminal import to_json


@click.command("status")
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every recipient.")
@stack_options
def command(request_id: str, as_json: bool, everything: bool, stack: str | None, local: bool) -> None:
    """Show the status of the request ID, recipient by recipient.

    \b
    Example: kobo status order-2291-shipped --json
    """
    connection = connect(stack, local)
    items = connection.items_of(request_id)
    if not items:
        raise CliError(_why_unknown(connection, request_id))
    status = build(items)
    if as_json:
        click.echo(to_json(status))
    else:
        print_status(SafeConsole(), status, everything=everything)


def _why_unknown(connection: Connection, request_id: str) -> str:
    """Return what is to be said of a request that the table does not know."""
    if "KOBO_CAMPAIGNS_BUCKET" in connection.variables and orders_of(connection).read(request_id) is not None:
        return f"{request_id} is a campaign, or was to be sent later: kobo campaign status {request_id}"
    return f"no request {request_id} is known: not taken from the queue yet, refused, or never queued"
