"""The shell of somebody who follows the docs, with the AWS CLI in it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_CONFIG = Path(__file__).with_name("aws_cli.ini")
# Version 1 also calls AWS's SQS whatever AWS_ENDPOINT_URL says.
_ENDPOINT = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
_OWN = {"HOME": os.devnull, "AWS_CONFIG_FILE": str(_CONFIG)}


def run_in_shell(script: str, environment: Mapping[str, str], folder: Path) -> str:
    """Run a script that stops at the first error, with nothing else in its environment; return what it printed."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _ENDPOINT + script],
        cwd=folder,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **_OWN, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
