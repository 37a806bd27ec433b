"""kobo up: everything on this machine."""

import time
from pathlib import Path
from typing import NoReturn

import click

from kobo_cli.errors import CliError
from kobo_cli.parameter_option import parameter_option
from local_aws.errors import LocalStackError
from local_aws.processes.stopping import until_stopped
from local_aws.stack import LocalStack, running_stack

DIRECTORY = Path(".kobo")
_LOOK_SECONDS = 0.5


built_option = click.option(
    "--built", is_flag=True, help="Run what `make build` made, under Lambda's own runtime (Linux)."
)


@click.command("up")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="The mock's and inbox's.")
@click.option("--aws-port", default=4566, show_default=True, type=click.IntRange(0, 65535), help="The embedded AWS's.")
@click.option("--kobo-url", metavar="URL", help="Use this KoboMobile API, with KOBO_USER and KOBO_PASS, not the mock.")
@click.option(
    "--every",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How often the scheduled functions run.",
)
@parameter_option("Set a parameter of template.yaml; may be repeated.")
@built_option
def command(
    port: int, aws_port: int, kobo_url: str | None, every: float, parameters: dict[str, str], built: bool
) -> None:
    """Run the local stack, until Ctrl-C: an embedded AWS, the functions, a mock KoboMobile.

    \b
    Example: kobo up --parameter MaxAttempts=3 --every 1
    """
    try:
        with (
            until_stopped(),
            running_stack(
                aws_port=aws_port,
                mock_port=port,
                kobo_url=kobo_url,
                every=every,
                parameters=parameters,
                built=built,
                directory=DIRECTORY,
                progress=click.echo,
            ) as stack,
        ):
            click.echo(describe(stack))
            watch(stack)
        click.echo("Stopped.")
    except LocalStackError as error:
        raise CliError(str(error)) from error


def describe(stack: LocalStack) -> str:
    """Return what is ready, where, and what to try next."""
    kobo_mobile = f"{stack.mock_url}/" if stack.mock_url else stack.environment["KOBO_BASE_URL"]
    return f"""
Ready.
  {"inbox" if stack.mock_url else "KoboMobile":<14}{kobo_mobile}
  AWS endpoint  {stack.environment["AWS_ENDPOINT_URL"]}
  logs          {stack.directory}/aws.log

In another terminal, try:
  kobo send 08030000000 --msg "Hello"
  kobo status ID
Ctrl-C stops it."""


def watch(stack: LocalStack) -> NoReturn:
    """Stay until the stack is stopped, or fails. Raises LocalStackError when a part of it has stopped by itself."""
    while True:
        stack.check()
        time.sleep(_LOOK_SECONDS)
