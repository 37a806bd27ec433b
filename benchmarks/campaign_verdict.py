"""What became of a campaign by the mock's own list, beside the file of those who did not get it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """A campaign's recipients, how often each number was sent its text, and state and reason of those called failed."""

    id: str
    numbers: frozenset[str]
    executed: Counter[str]
    failed: Mapping[str, tuple[str, str]]

    def states(self) -> Counter[str]:
        """Return how many failed in which state."""
        return Counter(state for state, _ in self.failed.values())

    def because(self, wanted: str) -> set[str]:
        """Return the numbers that failed for a reason that begins so."""
        return {number for number, (_, reason) in self.failed.items() if reason.startswith(wanted)}

    def __str__(self) -> str:
        reasons = Counter(f"{state} ({reason})" for state, reason in self.failed.values())
        why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
        return (
            f"{self.id}: {len(self.numbers):,} recipients; {self.executed.total():,} SMS executed, to "
            f"{len(self.executed):,} numbers; {len(self.failed):,} in the file of failed rows: {why or 'none'}"
        )

    def contradictions(self) -> Iterator[str]:
        """Yield what cannot be: sent twice, missing, both sent and failed, sent to somebody else."""
        if twice := [number for number, times in self.executed.items() if times > 1]:
            yield f"{self.id}: {len(twice)} were sent it more than once"
        if missing := self.numbers - self.executed.keys() - self.failed.keys():
            yield f"{self.id}: {len(missing)} are missing"
        if both := self.executed.keys() & self.failed.keys():
            yield f"{self.id}: {len(both)} got it and are called failed"
        if others := (self.executed.keys() | self.failed.keys()) - self.numbers:
            yield f"{self.id}: {len(others)} others got it, or are called failed"


def read_failed(path: Path) -> dict[str, tuple[str, str]]:
    """Return state and reason by number, from what `kobo campaign status ID --failed` has written."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["failed number"]: (row["failed state"], row["failed reason"]) for row in csv.DictReader(file)}
