"""Invocations of send_sms and poll_reports as the test sees them: started, stopped before a step, let go on, killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[3]
# What the runner says before it takes orders.
READY = b"ready\n"
# The step, counted from 0, and on which side of it.
Point = tuple[int, str]


@dataclass
class Invocation:
    """One process: the steps it made, how it ended (None: it waits), the messages that it hands back."""

    runner: Runner
    id: int
    steps: list[str] = field(default_factory=list)
    ended: str | None = None
    failed: frozenset[str] = frozenset()

    def resume(self, offset: float, point: Point | None = None, *, dies: bool = False) -> None:
        """Let it go on to its end, or to `point`; if it has ended before, nothing happens."""
        if self.ended is None:
            self.runner.ask(self, {"resume": self.id, "offset": offset, "point": point, "dies": dies})

    def take(self, reply: Mapping[str, Any]) -> None:
        self.id, self.ended = reply["id"], reply["ended"]
        self.steps += reply["steps"]
        assert self.ended in (None, "died", "returned"), f"{self.ended}; see the log:\n{self.runner.last_lines()}"
        if reply["response"] and "batchItemFailures" in reply["response"]:
            self.failed = frozenset(each["itemIdentifier"] for each in reply["response"]["batchItemFailures"])


@dataclass
class Runner:
    """The process that forks the invocations."""

    orders: IO[bytes]
    replies: IO[bytes]
    log: Path

    def start(
        self,
        event: Mapping[str, Any],
        offset: float,
        point: Point | None = None,
        *,
        dies: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Invocation:
        """Invoke the handler, its clock `offset` seconds ahead; at `point` it dies, or waits to be resumed."""
        invocation = Invocation(self, 0)
        order = {"start": event, "offset": offset, "point": point, "dies": dies, "environment": environment or {}}
        self.ask(invocation, order)
        return invocation

    def ask(self, invocation: Invocation, order: Mapping[str, Any]) -> None:
        self.orders.write(json.dumps(order).encode() + b"\n")
        self.orders.flush()
        reply = self.replies.readline()
        assert reply, f"the runner has ended; see the log:\n{self.last_lines()}"
        invocation.take(json.loads(reply))

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


@contextmanager
def running(environment: Mapping[str, str], log: Path, module: str = "runner") -> Iterator[Runner]:
    """Run a Runner for a function with this environment; `module` is the program."""
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")]), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-W", "error", "-m", f"tests.robustness.crash_points.{module}"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, cwd=ROOT, env={**environment, **path}
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        runner = Runner(process.stdin, process.stdout, log)
        assert process.stdout.readline() == READY, f"the runner did not start; see the log:\n{runner.last_lines()}"
        yield runner
