"""What the poller can be set to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportSettings:
    """When reports are asked for, times in seconds, and by how many invocations side by side."""

    first_after: float
    give_up_after: float
    shards: int = 1
