"""The kobo command: what it can do, each command imported when it is used."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

# Name and help of each command; kobo_cli.commands.NAME has it as `command`. Said here so that --help need import none.
COMMANDS = {
    "up": "Run everything on this machine, until Ctrl-C.",
    "demo": "Run everything, send what a shop would, show what becomes of it.",
    "send": "Send a text to one or many numbers.",
    "status": "Tell what became of a request.",
    "stats": "Tell what became of the messages of some hours, and how long they took.",
    "credit": "Show the balance, its history, and when it will run out.",
    "valve": "Show, close or open the valve: whether the queues are consumed.",
    "mock": "Run only the mock KoboMobile.",
}


class KoboGroup(click.Group):
    """A group that imports a command when it is used, and tells errors as `kobo: message`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"kobo_cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; exit 1 for a failure, 2 for bad usage."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            _show(error)
            code = error.exit_code
        except click.Abort:
            click.echo("kobo: stopped", err=True)
            code = 130
        sys.exit(code or 0)


def _show(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    if isinstance(error, click.UsageError) and error.ctx:
        click.echo(error.ctx.get_usage(), err=True)
    click.echo(f"kobo: {error.format_message()}", err=True)


@click.group(cls=KoboGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kobo-sms")
def main() -> None:
    """Send SMS through KoboMobile: a local stack to try it on, and what became of a message."""
