"""`local.env`: where the local stack is, as lines of KEY=VALUE, for as long as it runs."""

import re
from collections.abc import Mapping
from pathlib import Path

from local_aws.processes import lock
from local_aws.processes.programs import ACCESS_KEY, REGION, SECRET_KEY

NAME = "local.env"


def of_stack(endpoint: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a stack: `KoboPriorityQueueUrl` of its outputs is `KOBO_PRIORITY_QUEUE_URL`."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        **names_of(outputs),
    }


def names_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return a stack's outputs by the names that they have in local.env."""
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper(): value for name, value in outputs.items()}


def write(directory: Path, variables: Mapping[str, str]) -> None:
    """Write `local.env` in one step, so that nobody reads half of it."""
    draft = directory / f"{NAME}.new"
    draft.write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
    draft.replace(directory / NAME)


def remove(directory: Path) -> None:
    """Remove `local.env`, if it is there."""
    (directory / NAME).unlink(missing_ok=True)


def read(directory: Path = Path(".kobo")) -> dict[str, str] | None:
    """Return the variables of the stack that runs in this directory, None when none does.

    A file that a killed stack left behind counts as none: a stack holds a lock as long as it lives.
    """
    try:
        text = (directory / NAME).read_text()
    except FileNotFoundError:
        return None
    if not lock.is_held(directory):
        return None
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
