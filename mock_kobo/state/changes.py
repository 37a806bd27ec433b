"""Telling waiting threads that something changed: the event stream of the page, and faults that hold a connection."""

from __future__ import annotations

import threading


class Changes:
    """A counter that threads wait on."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self.closed = False

    @property
    def count(self) -> int:
        """The number of changes so far."""
        return self._count

    def bump(self) -> None:
        """Count one change and wake who waits."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Return the count as soon as it is not `seen`, or after `seconds`, or when the mock closes."""
        with self._condition:
            self._condition.wait_for(lambda: self.closed or self._count != seen, seconds)
            return self._count

    def close(self) -> None:
        """Wake everybody for good."""
        self.closed = True
        self.bump()
