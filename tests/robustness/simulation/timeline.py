"""Virtual time, and who acts when: plans, and tasks that take turns as if they ran at the same time.

One thread. A task is a greenlet: whenever it waits, be it for milliseconds, whoever is due before it acts first. So
calls under way at once meet in all the ways that their waits allow, and the same seed makes them meet the same way.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from greenlet import greenlet  # type: ignore[import-untyped]

from tests.robustness.simulation.chaos import Crash

NEVER = float("inf")
Act = Callable[[], object]
# When something is next to be done by itself (NEVER: not at all), and how.
Source = Callable[[], tuple[float, Act]]
_TURN_SECONDS = 0.02


@dataclass
class Process:
    """What dies as a whole: an invocation, whatever the number of its tasks."""

    dead: bool = False


@dataclass
class Frame:
    """What a task is at: until when its function may run, the part (`id/part`) and whose lane it is, and the number of
    its execution environment.

    `mortal`: AWS ends it at its deadline; else it may go on as if its last calls were on their way for long. `held`:
    the parts that a task has in hand which is at several.
    """

    deadline: float
    process: Process = field(default_factory=Process)
    part: str = ""
    lane: str = ""
    probe: bool = False
    mortal: bool = False
    environment: int = -1
    held: set[str] = field(default_factory=set)

    def dead_at(self, now: float) -> bool:
        """Tell whether it does not live to see `now`."""
        return self.process.dead or (self.mortal and now > self.deadline)


class Task:
    """One thread of control."""

    def __init__(self, run: Callable[[], None], frame: Frame) -> None:
        self.frame = frame
        self._run = run
        self._greenlet: Any = None
        # Of the park it waits in.
        self.ticket: object = None

    def go_on(self) -> None:
        """Have its turn, until it waits or ends; called by the Timeline, to which the turn returns."""
        if self._greenlet is None:
            self._greenlet = greenlet(self._run)
        self._greenlet.switch()

    def wait(self) -> None:
        """Give the turn back."""
        self._greenlet.parent.switch()

    def end(self) -> None:
        """Have it end where it waits."""
        if self._greenlet is not None:
            self._greenlet.throw()


class Timeline:
    """Runs plans, sources and tasks in the order of their time."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.steps = 0
        self.sources: list[Source] = []
        self._plans: list[tuple[float, int, Act]] = []
        self._order = itertools.count()
        self._current: Task | None = None
        self._tasks: list[Task] = []

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._tasks)

    @property
    def frame(self) -> Frame | None:
        """What the task that has its turn is at."""
        return self._current.frame if self._current else None

    @property
    def task(self) -> Task:
        """The task that has its turn."""
        assert self._current is not None
        return self._current

    def plan(self, at: float, act: Act) -> None:
        """Do `act` at `at`."""
        heapq.heappush(self._plans, (at, next(self._order), act))

    def start(self, run: Callable[[], None], frame: Frame) -> None:
        """Begin a task now, as soon as whoever has its turn waits."""

        def live() -> None:
            try:
                run()
            finally:
                self._tasks.remove(task)

        task = Task(live, frame)
        self._tasks.append(task)
        self.plan(self.now, partial(self._take_turn, task))

    def wait(self, seconds: float) -> None:
        """Let `seconds` go by, and meanwhile others act.

        Raises
        ------
        Crash
            when the task does not live to see the end of it.
        """
        end, task = self.now + seconds, self._current
        if task is None or self._next()[0] > end:
            self.now = end
        else:
            self.plan(end, partial(self._take_turn, task))
            task.wait()
        if task is not None and task.frame.dead_at(self.now):
            raise Crash

    def park(self, until: float = NEVER) -> None:
        """Let the others act until one of them wakes this task, or until `until`.

        Raises
        ------
        Crash
            as `wait` does.
        """
        task = self._current
        assert task is not None
        ticket = task.ticket = object()
        if until < NEVER:
            self.plan(until, partial(self._unpark, task, ticket))
        task.wait()
        if task.frame.dead_at(self.now):
            raise Crash

    def wake(self, task: Task) -> None:
        """Have a parked task go on."""
        self.plan(self.now, partial(self._unpark, task, task.ticket))

    def _unpark(self, task: Task, ticket: object) -> None:
        if ticket is not None and task.ticket is ticket:
            task.ticket = None
            self._take_turn(task)

    def run(self, end: float, *, at_rest: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen that does until `end`, or until the world is `at_rest`."""
        while True:
            at, act = self._next()
            if at > end or at_rest():
                self.now = max(self.now, end) if end < NEVER and at > end else self.now
                return
            self.steps += 1
            self.now = max(self.now, at)
            act()

    def close(self) -> None:
        """End the tasks that are still under way."""
        for task in list(self._tasks):
            task.end()

    def _next(self) -> tuple[float, Act]:
        found: tuple[float, Act] = (self._plans[0][0], self._act) if self._plans else (NEVER, _nothing)
        for source in self.sources:
            one = source()
            if one[0] < found[0]:
                found = one
        return found

    def _take_turn(self, task: Task) -> None:
        self._current = task
        task.go_on()
        self._current = None

    def _act(self) -> None:
        heapq.heappop(self._plans)[2]()


def _nothing() -> None:
    """Do what happens when nothing is to happen."""


class TurnLock:
    """A lock for tasks: who waits for it lets the others have their turn."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._held = False

    def __enter__(self) -> None:
        while self._held:
            self._timeline.wait(_TURN_SECONDS)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
