"""kobo mock: only the mock KoboMobile."""

from pathlib import Path

import click

from kobo_cli.errors import CliError


@click.command("mock")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="The port; 0: a free one.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep its state in this file.")
def command(host: str, port: int, state: Path | None) -> None:
    """Run only the mock KoboMobile, until Ctrl-C: inbox, API and control API.

    \b
    Example: kobo mock --port 8025
    """
    # Flask takes longer to import than `kobo mock --help` should.
    from mock_kobo.errors import StateError
    from mock_kobo.server import serve

    try:
        serve(host, port, state)
    except OSError as error:
        raise CliError(f"can't listen on {host}:{port}: {error.strerror or error}") from error
    except StateError as error:
        raise CliError(str(error)) from error
