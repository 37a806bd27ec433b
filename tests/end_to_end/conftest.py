"""One local stack, deployed from template.yaml, for all end-to-end tests; it ends with them, as it costs while idle."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kobo_cli.commands.demo import PARAMETERS
from local_aws.stack import LocalStack, running_stack

Kobo = Callable[..., "subprocess.CompletedProcess[str]"]
Shell = Callable[..., str]


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack runs: the working directory of its user."""
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="package")
def stack(folder: Path) -> Iterator[LocalStack]:
    """The stack, its retries short enough to see their end."""
    with running_stack(every=0.5, parameters=PARAMETERS, directory=folder / ".kobo") as stack:
        yield stack


@pytest.fixture
def kobo(stack: LocalStack, folder: Path) -> Kobo:
    """The kobo command, run as its user runs it."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from kobo_cli.main import main; main()", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150, check=False)

    return run


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The shell of somebody who follows the docs, the AWS CLI in it; returns what was printed."""

    def run(script: str, environment: Mapping[str, str], cwd: Path = tmp_path) -> str:
        found = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), **environment}
        command = ["bash", "-euo", "pipefail", "-c", script]
        ran = subprocess.run(command, cwd=cwd, env=found, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run
