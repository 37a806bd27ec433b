"""What happened in a world, in order."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from tests.robustness.simulation.publications import START


@dataclass
class Trace:
    """What happened, in order; `live` prints it as it happens."""

    live: bool = False
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, now: float, *what: Any) -> None:
        self.events.append((round(now - START, 3), *what))
        if self.live:
            sys.stdout.write(" ".join(map(str, (f"{now - START:14.3f}", *what))) + "\n")
