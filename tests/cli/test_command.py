"""The kobo command itself: its table of commands, its errors, and that --help is cheap."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kobo_cli.errors import CliError
from kobo_cli.main import COMMANDS, SHELLS, KoboGroup, main

KOBO = Path(sys.executable).with_name("kobo")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_an_example_of_itself(name: str) -> None:
    assert f"Example: kobo {name}" in CliRunner().invoke(main, [name, "--help"]).stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_completion(shell: str) -> None:
    result = CliRunner().invoke(main, ["--completion", shell])
    assert result.exit_code == 0
    assert "_KOBO_COMPLETE" in result.stdout


def test_names_of_commands_are_completed() -> None:
    environment = {"_KOBO_COMPLETE": "bash_complete", "COMP_WORDS": "kobo sta", "COMP_CWORD": "1"}
    words = subprocess.run([KOBO], env=environment, capture_output=True, text=True, check=True).stdout
    assert words.split() == ["plain,status", "plain,stats"]


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
