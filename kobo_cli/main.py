"""The kobo command: what it can do, each command imported when it is used."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import get_completion_class

from kobo_cli.terminal import echo

# Name and help of each command; kobo_cli.commands.NAME has it as `command`. Said here so that --help need import none.
COMMANDS = {
    "up": "Run the local stack, until Ctrl-C.",
    "demo": "Run the local stack and send an example of every kind.",
    "send": "Send a text to one or many numbers.",
    "bulk": "Check a campaign's CSV file, tell its price, and hand it to the stack.",
    "status": "Show a request's status, recipient by recipient.",
    "campaign": "Show campaigns; pause, resume and stop them.",
    "why": "Show what happened to a request, in order, and why.",
    "find": "Show what was sent to a number.",
    "optout": "Keep who gets no promotional texts.",
    "events": "Show what becomes of recipients, as it happens.",
    "stats": "Show delivery statistics.",
    "credit": "Show the balance, its history, and when it will run out.",
    "cost": "Show what texts cost on AWS, beside what KoboMobile charges.",
    "dead": "Show what could not be sent; put it back, or drop it.",
    "valve": "Show, close or open the valve: whether the queues are consumed.",
    "doctor": "Look for what is wrong with a stack, or soon will be.",
    "mock": "Run only the mock KoboMobile.",
}
SHELLS = ("bash", "zsh", "fish")


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
    echo(f"kobo: {error.format_message()}", err=True)


def _print_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is None or ctx.resilient_parsing:
        return
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"--completion {shell}: there are {', '.join(SHELLS)}")
    click.echo(kind(main, {}, "kobo", "_KOBO_COMPLETE").source())
    ctx.exit()


@click.group(cls=KoboGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kobo-sms")
@click.option(
    "--completion",
    type=click.Choice(SHELLS),
    is_eager=True,
    expose_value=False,
    callback=_print_completion,
    help='Print the completion of a shell: eval "$(kobo --completion bash)".',
)
def main() -> None:
    """Send SMS through KoboMobile: a local stack to try it on, and what became of a message.

    \b
    Example: kobo send +2348030100001 --msg "Hello" --wait
    """
