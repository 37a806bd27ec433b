"""What came of a batch of stream records.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Published:
    """Counts, and where the stream must be handed out again from.

    `sequences` names the records in the order of the stream; all before the place `stopped` are done.
    """

    sequences: Sequence[str]
    events: int = 0
    unpublishable: int = 0
    stopped: int | None = None
    error: Exception | None = None

    def stop(self, at: int, error: Exception) -> None:
        """Leave the record at a place, and all after it, for the next time."""
        if self.goes_on(at):
            self.stopped, self.error = at, error

    def goes_on(self, at: int) -> bool:
        """Tell whether the record at a place comes before the one where it stopped."""
        return self.stopped is None or at < self.stopped

    @property
    def failed(self) -> list[str]:
        """The sequence number from which Lambda begins again: the lowest of a partial batch response counts."""
        return [] if self.stopped is None else [self.sequences[self.stopped]]
