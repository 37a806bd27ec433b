"""The processes in which a local stack's functions run."""

from __future__ import annotations

import subprocess

from local_aws.stack import LocalStack


def workers_of(stack: LocalStack, function: str) -> list[int]:
    """Return the ids of the processes of a function, by its logical name: children of the embedded AWS."""
    command = ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat=", "-o", "args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = (line.split(None, 3) for line in lines)
    engine = stack.children[0].process.pid
    return [int(each[0]) for each in found if int(each[1]) == engine and _runs(function, *each[2:])]


def _runs(function: str, state: str, command: str) -> bool:
    # MiniStack unpacks each worker into a folder named after its function.
    return not state.startswith("Z") and f"/ministack-lambda-kobo-sms-{function}-" in command
