"""Lambda's runtime interface emulator: it starts a function's process and hands it events, one at a time."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_aws.errors import LocalStackError
from local_aws.lambda_runtime.installed import LambdaRuntime
from local_aws.processes import ports
from local_aws.processes.child import HOST

_PATH = "/2015-03-31/functions/function/invocations"
_START_SECONDS = 30.0
# Until the emulator has told that a function ran out of time, and ended its process.
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True)
class Function:
    """A function as Lambda knows it: its code, `handler`, its time-out in seconds, and what its process is to see."""

    folder: Path
    handler: str
    timeout: int
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of an event: the function's answer, or the error that it ended with, as JSON."""

    payload: bytes
    failed: bool


@dataclass(frozen=True)
class Emulator:
    """A running emulator. The function's process starts with its first event, and again after one that ended it."""

    port: int
    timeout: int

    def invoke(self, event: bytes) -> Outcome:
        """Hand the function an event and wait for what becomes of it. Raises OSError when the emulator is gone."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=self.timeout + _MARGIN_SECONDS)
        try:
            connection.request("POST", _PATH, event)
            return read_answer(connection.getresponse().read())
        except http.client.HTTPException as error:
            raise ConnectionError("the runtime interface emulator ended") from error
        finally:
            connection.close()


def read_answer(body: bytes) -> Outcome:
    """Tell an answer from an error: the emulator says 200 to both, and nothing at all of a process that ended."""
    try:
        answer = json.loads(body)
    except ValueError:
        text = body.decode(errors="replace")
        kind = "Sandbox.Timedout" if text else "Runtime.ExitError"
        error = {"errorType": kind, "errorMessage": text or "the function's process ended"}
        return Outcome(json.dumps(error).encode(), failed=True)
    return Outcome(body, failed=isinstance(answer, dict) and "errorType" in answer)


@contextmanager
def running(runtime: LambdaRuntime, function: Function) -> Iterator[Emulator]:
    """Run the emulator of a function until the context is left; it prints to this process's output.

    Raises LocalStackError when the emulator does not start.
    """
    with ExitStack() as exits:
        port, api_port = (exits.enter_context(ports.reserved(0, "")) for _ in range(2))
        addresses = (
            "--runtime-interface-emulator-address",
            f"{HOST}:{port}",
            "--runtime-api-address",
            f"{HOST}:{api_port}",
        )
        process = subprocess.Popen(  # noqa: S603 - what the Makefile installed
            [runtime.emulator, *addresses, runtime.python, "-m", "awslambdaric", function.handler],
            cwd=function.folder,
            env=_environment(function),
            stdin=subprocess.DEVNULL,
        )
        exits.callback(process.wait)
        # The function's process ends by itself: nobody hands it events any more.
        exits.callback(process.kill)
        _wait_until_listening(process, port)
        yield Emulator(port, function.timeout)


def _environment(function: Function) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        **function.environment,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "LAMBDA_TASK_ROOT": str(function.folder),
        # The folder is read-only in AWS.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise LocalStackError("the runtime interface emulator did not start")
