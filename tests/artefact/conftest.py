"""What `make build` made, and Lambda's runtime to run it under: only where `make artefact` asks for these tests."""

import os
from pathlib import Path

import pytest

from local_aws import plan
from local_aws.lambda_runtime.installed import LambdaRuntime, installed
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
