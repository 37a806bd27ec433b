"""One version: what is installed, what is deployed, what the mock is published as, what the changes are told by."""

import re
import tomllib
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from kobo_cli.main import main
from local_aws.template.source import load

ROOT = Path(__file__).parent.parent


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


VERSION = project(ROOT)["version"]


def test_it_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_the_command_says_it() -> None:
    # What is installed: `make setup` installs anew once pyproject.toml has changed.
    assert CliRunner().invoke(main, ["--version"], prog_name="kobo").stdout == f"kobo, version {VERSION}\n"


def test_a_stack_says_it() -> None:
    template = load(ROOT / "template.yaml")
    assert template["Outputs"]["KoboVersion"]["Value"] == VERSION


def test_the_mock_has_it() -> None:
    assert project(ROOT / "mock_kobo")["version"] == VERSION


def test_its_changes_are_told_first() -> None:
    told = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert told[0] == VERSION
    assert len(told) == len(set(told))


def test_the_license_goes_with_the_mock() -> None:
    assert (ROOT / "mock_kobo" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
