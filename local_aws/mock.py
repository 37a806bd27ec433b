"""The mock KoboMobile, run on 127.0.0.1."""

import os
from pathlib import Path

from local_aws.child import HOST, Program


def mock(port: int, directory: Path) -> Program:
    """Return how to run the mock on a port: logs in `mock.log` of the directory."""
    return Program(
        name="the mock KoboMobile",
        module="mock_kobo",
        arguments=("--host", HOST, "--port", str(port)),
        environment=os.environ | {"PYTHONUNBUFFERED": "1"},
        port=port,
        ready_path="/_mock/account",
        log=directory / "mock.log",
    )
