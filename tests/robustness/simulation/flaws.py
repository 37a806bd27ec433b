"""A gateway that works for some: what befalls a share of the calls of send/, those of one lane, numbers or function."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_kobo.rules.faults import AFTER, Fault
from tests.robustness.simulation.timeline import Frame

# One number in ten ends in each digit: three of them stand for one network's share of the numbers.
NETWORK = "012"
NETWORK_SHARE = 0.3
LOST = (
    {"kind": "reset", "when": AFTER},
    {"kind": "empty", "when": AFTER},
    {"kind": "html_503", "when": AFTER},
    {"kind": "garbage", "when": AFTER},
    {"kind": "reset", "when": "before"},
)
REFUSED = ({"answer": "error_gw"},)


@dataclass(frozen=True)
class Flaw:
    """Befalls `share` of the calls that it matches, each drawn by itself.

    Parameters
    ----------
    lane, network, environment
        Only this lane's calls, only the numbers that end in these digits, only this execution environment's calls.
    burst
        Seconds: it lasts so long, and then rests as long, by turns.
    """

    share: float
    how: Mapping[str, Any]
    seed: int = 0
    lane: str = ""
    network: str = ""
    environment: int | None = None
    burst: float = 0.0
    _rng: random.Random = field(repr=False, default_factory=random.Random, compare=False)

    def __post_init__(self) -> None:
        self._rng.seed(self.seed)

    def strike(self, now: float, frame: Frame | None, fields: Mapping[str, str]) -> Fault | None:
        """Return what befalls this call, None for nothing."""
        if not self._matches(now, frame, fields["to"]) or self._rng.random() >= self.share:
            return None
        return Fault(endpoint="send", **self.how)

    def _matches(self, now: float, frame: Frame | None, to: str) -> bool:
        if self.burst and int(now // self.burst) % 2:
            return False
        if self.network and not to.endswith(tuple(self.network)):
            return False
        if frame is None:
            return not self.lane and self.environment is None
        if self.lane and frame.lane != self.lane:
            return False
        return self.environment is None or frame.environment == self.environment
