"""One local stack, deployed from template.yaml, for all end-to-end tests; it ends with them, as it costs while idle."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kobo_cli.commands.demo import PARAMETERS
from local_aws.stack import LocalStack, running_stack

Kobo = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack runs: the working directory of its user."""
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="package")
def stack(folder: Path) -> Iterator[LocalStack]:
    """The stack, its retries short enough to see their end."""
    with running_stack(every=1.0, parameters=PARAMETERS, directory=folder / ".kobo") as stack:
        yield stack


@pytest.fixture
def kobo(stack: LocalStack, folder: Path) -> Kobo:
    """The kobo command, run as its user runs it."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from kobo_cli.main import main; main()", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150, check=False)

    return run
