"""The mock as another project has it: a wheel in an environment that has nothing of this repo."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urljoin
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "mock_kobo"
BIN = Path(sys.executable).parent

PROJECT_TEST = """
import urllib.request

def test_gives_up(mock_kobo):
    mock_kobo.fail_next("send", "error_gw")
    with urllib.request.urlopen(f"{mock_kobo.base_url}/send/", b"x=1", timeout=10) as response:
        assert response.read() == b"error_gw"
    assert [call["fault"] for call in mock_kobo.calls] == ["error_gw"]

def test_begins_anew(mock_kobo):
    assert mock_kobo.calls == []
    with urllib.request.urlopen(mock_kobo.url, timeout=10) as response:
        assert b"<!doctype html>" in response.read(100).lower()
"""


@dataclass(frozen=True)
class Project:
    """Another project: its folder, and an environment with the wheel and pytest."""

    folder: Path
    environment: Path

    def run(self, program: str, *arguments: str) -> str:
        return run(self.environment / "bin" / program, *arguments, folder=self.folder)

    @property
    def installed(self) -> Path:
        (found,) = (self.environment / "lib").glob("python3.*/site-packages")
        return found


def run(program: Path, *arguments: str | Path, folder: Path) -> str:
    # The other project has none of the paths and options that tests run with here.
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("PYT")}
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=theirs, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    # A build leaves files beside what it builds.
    left = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    source = Path(shutil.copytree(SOURCE, folder / "source" / "mock_kobo", ignore=left))
    built: list[str | Path] = ["wheel", "--quiet", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, source]
    run(BIN / "python", "-I", "-m", "pip", "--disable-pip-version-check", *built, folder=folder)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, environment, folder=folder)
    locked: list[str | Path] = ["--constraint", ROOT / "requirements" / "dev.txt"]
    install: list[str | Path] = ["--quiet", "--python", environment, *locked, wheel, "pytest"]
    run(BIN / "uv", "pip", "install", *install, folder=folder)
    return Project(folder, environment)


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[str]:
    """The command, as a shell of the other project starts it; its address."""
    command: list[str | Path] = [project.environment / "bin" / "mock-kobo", "--port", "0"]
    with subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, text=True) as mock:
        assert mock.stdout is not None
        yield mock.stdout.readline().split("inbox ")[1].split()[0]
        mock.terminate()
        assert mock.wait(timeout=20) == 0


def read(url: str, data: dict[str, str] | None = None) -> str:
    with urlopen(url, urlencode(data).encode() if data else None, timeout=10) as response:
        body: bytes = response.read()
    return body.decode()


def test_it_holds_the_mock_and_nothing_else(project: Project) -> None:
    ours = {
        path.relative_to(ROOT) for path in SOURCE.rglob("*") if path.suffix in {".py", ".js", ".css", ".html", ".svg"}
    }
    theirs = {
        path.relative_to(project.installed) for path in (project.installed / "mock_kobo").rglob("*") if path.is_file()
    }
    assert ours <= theirs
    assert {path for path in theirs - ours if path.suffix != ".pyc"} == {Path("mock_kobo/py.typed")}
    assert not {"kobo_sms", "kobo_cli", "local_aws", "boto3"} & {path.name for path in project.installed.iterdir()}


def test_each_package_of_it_is_named() -> None:
    named = tomllib.loads((SOURCE / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    packages = {path.parent.relative_to(ROOT) for path in SOURCE.rglob("__init__.py") if "build" not in path.parts}
    assert {Path(*name.split(".")) for name in named} == packages


def test_its_command_serves_the_api_and_the_inbox(server: str) -> None:
    sent = {"user": "demo", "pass": "demo-pass", "from": "KOBO", "to": "2348030100001", "msg": "Hello"}
    assert read(f"{server}api/send/", sent) == "sent"
    assert '"Hello"' in read(f"{server}_mock/messages")
    page = read(server)
    files = set(re.findall(r'(?:src|href)="([^"#]+\.(?:js|css|svg))"', page))
    assert len(files) > 3
    assert all(read(urljoin(server, name)) for name in files)


def test_its_fixture_is_there_without_any_set_up(project: Project) -> None:
    (project.folder / "test_client.py").write_text(PROJECT_TEST)
    assert "2 passed" in project.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_client.py")
