"""The I/O steps of one check of check_credit: at one of them it dies, or waits until it is let go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import greenlet  # type: ignore[import-untyped]

# The step, counted from 0, and on which side of it.
Point = tuple[int, str]


class Death(BaseException):
    """The invocation ends here: no `except Exception` of the code under test may stop it."""


@dataclass
class Gate:
    """Counts steps, and lets all of them pass."""

    steps: list[str] = field(default_factory=list)

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        at = len(self.steps)
        self.steps.append(name)
        self.reach((at, "before"))
        answer = call()
        self.reach((at, "after"))
        return answer

    def reach(self, point: Point) -> None:
        """Pass a point."""


@dataclass
class DeadlyGate(Gate):
    """Kills the check at `point`; a `finally` that goes on after that reaches nobody."""

    point: Point = (0, "before")
    dead: bool = False

    def reach(self, point: Point) -> None:
        self.dead = self.dead or point == self.point
        if self.dead:
            raise Death


@dataclass
class HaltingGate(Gate):
    """Holds what `start` has begun, in this thread, up before a step until it is let `go_on`."""

    halt: int = 0
    _task: Any = None

    def start(self, run: Callable[[], object]) -> None:
        """Begin to run, and return once it stands still or has ended."""
        self._task = greenlet(run)
        self._task.switch()

    def go_on(self) -> None:
        """Let it come to its end, if it has not."""
        if not self._task.dead:
            self._task.switch()
        assert self._task.dead

    def reach(self, point: Point) -> None:
        if point == (self.halt, "before"):
            self._task.parent.switch()


@dataclass
class RepeatingGate(Gate):
    """Loses the answer of one write, which boto3 then makes again."""

    point: Point = (0, "before")

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        if len(self.steps) == self.point[0] and name.endswith(("write", "report", "note_mappings", "record_balance")):
            call()
        return super().around(name, call)


class Through:
    """Stands before `inner`: each call of a method is a step."""

    def __init__(self, inner: object, name: str, gate: Gate) -> None:
        self._inner, self._name, self._gate = inner, name, gate

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._inner, method)
        return lambda *args, **more: self._gate.around(f"{self._name}.{method}", lambda: call(*args, **more))
