"""The kobo command itself: its table of commands, its errors, and that --help is cheap."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from kobo_cli.errors import CliError
from kobo_cli.main import COMMANDS, KoboGroup, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_help_imports_no_command() -> None:
    source = "import sys; from kobo_cli.main import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert "  up " in output
    assert not {"local_aws", "boto3", "flask", "kobo_cli.commands.up"} & set(output.split())


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (CliError("no such thing"), 1, "kobo: no such thing\n"),
        (click.UsageError("not so"), 2, "kobo: not so\n"),
        (click.Abort(), 130, "kobo: stopped\n"),
    ],
)
def test_expected_failures_are_one_line_on_stderr(error: Exception, code: int, message: str) -> None:
    @click.group(cls=KoboGroup, invoke_without_command=True)
    def failing() -> None:
        raise error

    result = CliRunner().invoke(failing, [])
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.endswith(message)


def test_bad_usage_exits_with_2() -> None:
    result = CliRunner().invoke(main, ["nonsense"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "kobo: No such command 'nonsense'." in result.stderr
