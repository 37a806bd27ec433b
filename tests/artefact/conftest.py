"""What `make build` made, and Lambda's runtime to run it under: only where `make artefact` asks for these tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kobo_cli.commands.demo import PARAMETERS
from local_aws import plan
from local_aws.lambda_runtime.installed import LambdaRuntime, installed
from local_aws.stack import LocalStack, running_stack
from local_aws.template.source import code_folders, load

_ASKED = os.environ.get("KOBO_ARTEFACT") == "built"


@pytest.fixture(scope="session", autouse=True)
def asked() -> None:
    """Without `make artefact` there may be an old build, or none."""
    if not _ASKED:
        pytest.skip("needs python3.13, sam build and Lambda's runtime: run `make artefact`")


@pytest.fixture(scope="session")
def artefact() -> dict[str, Path]:
    """The folder that is uploaded for each function, by its logical name."""
    return code_folders(load(plan.BUILT), plan.BUILT.parent)


@pytest.fixture(scope="session")
def runtime() -> LambdaRuntime:
    return installed(plan.ROOT)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="package")
def stack(folder: Path) -> Iterator[LocalStack]:
    """The stack of end_to_end/, running what was built."""
    with running_stack(every=0.5, parameters=PARAMETERS, built=True, directory=folder / ".kobo") as running:
        yield running
