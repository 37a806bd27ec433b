"""kobo doctor: what is wrong with a stack, or soon will be, and what to do about it."""

from __future__ import annotations

import click

from kobo_cli.connection import connect, stack_options
from kobo_cli.errors import CliError
from kobo_cli.terminal import echo, to_json


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Do not ask KoboMobile.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@stack_options
def command(offline: bool, as_json: bool, stack: str | None, local: bool) -> None:
    """Look for what is wrong with a stack, or soon will be; exit 1 if anything is.

    Looked at are the secret, whether KoboMobile lets us in, what is consumed, how much may run at once, who hears of
    alarms, and this machine's clock.

    \b
    Example: kobo doctor --stack my-stack
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from kobo_cli.doctor.examination import examine
    from kobo_cli.doctor.findings import Level, describe
    from kobo_cli.doctor.patient import admit

    connection = connect(stack, local)
    try:
        patient = admit(connection)
    except (BotoCoreError, ClientError) as error:
        raise CliError(f"cannot see what the stack {connection.stack} is made of: {error}") from error
    findings = list(examine(patient, offline=offline))
    if as_json:
        found = [each.to_json() for each in findings]
        click.echo(to_json({"stack": connection.stack, "findings": found}))
    else:
        echo("\n".join(describe(findings)))
    if any(each.level is Level.FAIL for each in findings):
        raise SystemExit(1)
