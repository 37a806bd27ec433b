"""Failures of a command that the user can do something about."""

from typing import IO, Any

import click

from kobo_cli.terminal import printable


class CliError(click.ClickException):
    """An expected failure: `kobo: message` on stderr, exit 1, no traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(f"kobo: {printable(self.format_message())}", file=file, err=file is None)
