"""Threads that do the jobs of one batch, and hand back what is done."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")
Job = Callable[[], T]


class Crew(Protocol[T]):
    """Does jobs side by side; calls of KoboMobile only so many at once, in the order in which they were given."""

    def start(self, job: Job[T]) -> None:
        """Have a job done that makes no call of KoboMobile."""

    def start_call(self, job: Job[T]) -> None:
        """Have a job done that calls KoboMobile."""

    def finished(self, timeout: float | None = None) -> list[T]:
        """Wait for the next job that is done, `timeout` seconds at the most; return what it and others came to."""


class ThreadCrew(Generic[T]):
    """A Crew of two pools of threads.

    Parameters
    ----------
    calls
        As many threads as there may be calls at once.
    others
        For all other jobs.
    """

    def __init__(self, calls: Executor, others: Executor) -> None:
        self._calls = calls
        self._others = others
        self._done: SimpleQueue[T | BaseException] = SimpleQueue()

    def start(self, job: Job[T]) -> None:
        """Have a job done that makes no call of KoboMobile."""
        self._others.submit(self._do, job)

    def start_call(self, job: Job[T]) -> None:
        """Have a job done that calls KoboMobile."""
        self._calls.submit(self._do, job)

    def finished(self, timeout: float | None = None) -> list[T]:
        """Return what came of jobs that are done. Raises what a job has raised: jobs are to return their errors."""
        found: list[T] = []
        try:
            found.append(self._checked(self._done.get(timeout=timeout)))
            while True:
                found.append(self._checked(self._done.get_nowait()))
        except Empty:
            return found

    def _do(self, job: Job[T]) -> None:
        try:
            self._done.put(job())
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for it
            self._done.put(error)

    def _checked(self, came_to: T | BaseException) -> T:
        if isinstance(came_to, BaseException):
            raise came_to
        return came_to
