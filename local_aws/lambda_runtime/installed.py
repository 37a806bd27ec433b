"""Lambda's runtime on this machine: what the Makefile installed for it."""

import platform
from dataclasses import dataclass
from pathlib import Path

from local_aws.errors import LocalStackError

# The emulator's names for what `platform.machine` says. It is built for Linux alone.
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True)
class LambdaRuntime:
    """An interpreter with awslambdaric and Lambda's boto3, and the runtime interface emulator of aws-sam-cli."""

    python: Path
    emulator: Path


def installed(root: Path) -> LambdaRuntime:
    """Return what is in the virtual environments under `root`.

    Raises LocalStackError when they are not there, or when the emulator does not run on this machine.
    """
    machine = _MACHINES.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        raise LocalStackError("what was built runs under Lambda's own runtime, which is for Linux (x86_64, arm64) only")
    python = root / ".venv-lambda" / "bin" / "python"
    found = sorted((root / ".venv-sam").glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"))
    if not (python.exists() and found):
        raise LocalStackError("Lambda's runtime is not installed; run `make runtime` first")
    return LambdaRuntime(python, found[0])
