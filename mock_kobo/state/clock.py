"""The mock's clock: delivery progress and the 30 days of `message_uuid` follow it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Clock:
    """The machine's time plus `offset` seconds, or the moment `frozen_at` (seconds since 1970) while that is set."""

    offset: float = 0.0
    frozen_at: float | None = None

    def now(self) -> float:
        """Return seconds since 1970 on this clock."""
        return time.time() + self.offset if self.frozen_at is None else self.frozen_at

    def advance(self, seconds: float) -> None:
        """Put the clock `seconds` ahead."""
        self.offset += seconds
        if self.frozen_at is not None:
            self.frozen_at += seconds

    def freeze(self, *, frozen: bool) -> None:
        """Stop the clock, or let it run on from where it stands."""
        now = self.now()
        self.offset = now - time.time()
        self.frozen_at = now if frozen else None


def iso(at: float) -> str:
    """Return `at` as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
