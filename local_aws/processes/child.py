"""Child processes of the local stack: started until they answer, watched, ended with their whole group."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_aws.errors import LocalStackError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Program:
    """What to run: a module and its arguments, what it is called, and a path that answers once it is ready."""

    name: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    port: int
    ready_path: str
    log: Path


@dataclass(frozen=True)
class Child:
    """A program that was started."""

    program: Program
    process: subprocess.Popen[bytes]

    def wait_until_ready(self, timeout: float = 30) -> None:
        """Return once the program answers. Raises LocalStackError when it stops, or takes more than `timeout` s."""
        deadline = time.monotonic() + timeout
        while not answers(self.program.port, self.program.ready_path):
            self.check()
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.program.name} did not answer in {timeout:g} s; see {self.program.log}")
            time.sleep(0.05)
        # Something else may have answered on that port while ours could not have it.
        self.check()

    def check(self) -> None:
        """Raise LocalStackError, with the end of its log, when the program is no longer running."""
        code = self.process.poll()
        if code is not None:
            raise LocalStackError(f"{self.program.name} stopped (exit {code}); its last lines:\n{self._last_lines()}")

    def _last_lines(self, count: int = 12) -> str:
        lines = self.program.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(f"  {line}" for line in lines) or f"  (nothing in {self.program.log})"


@contextmanager
def started(program: Program) -> Iterator[Child]:
    """Start a program, its output going to its log; end it and its children on leaving."""
    with program.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this interpreter and modules named in this package
            [sys.executable, "-m", "local_aws.processes.die_with_parent", program.module, *program.arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            start_new_session=True,
        )
    try:
        yield Child(program, process)
    finally:
        _end(process)


def answers(port: int, path: str) -> bool:
    """Whether a GET of the path on this machine is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    # All state is in memory and nobody's: no reason to make anyone wait for an orderly end.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()
