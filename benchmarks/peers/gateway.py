"""What is measured: something that takes texts to KoboMobile, and the processes in which it does."""

from __future__ import annotations

from typing import Protocol

from benchmarks.peers.workloads import Workload

OURS, BESIDE, USUAL, KANNEL = "ours", "ours, other checkout", "usual Lambda", "Kannel"


class Gateway(Protocol):
    """One of those that are compared."""

    name: str

    @property
    def pids(self) -> list[int]:
        """Its processes, and nobody else's."""

    def send(self, workload: Workload, batch: int | None = None) -> None:
        """Send all, and return once all was sent; `batch`: that many messages in an event, where there are events."""
