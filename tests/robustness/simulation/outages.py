"""Outages of KoboMobile, and how many calls of send/ one may cost (guarantee 4: a closed valve costs nothing).

Each lane has 5 invocations of 2 calls (consumers.py). In the first half minute each environment finds
out that nothing works, by itself or by what the others count, and sends a probe now and then. AWS takes up to a minute
to stop the consumers. Then there are only the probes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mock_kobo.rules.faults import Fault
from tests.robustness.simulation.timeline import NEVER

# What credit/ shows for what it is.
_SHOWN = ("timeout", "reset", "html_503", "html_502")
_INVOCATIONS, _CALLS_AT_ONCE = 5, 2
# Twelve failures in a row, those under way then, and probes.
_RUN, _PROBES = 12, 6
# In the minute that AWS may take to stop the consumers.
_LATE_PROBES = 3
FIRST_HALF_MINUTE = _INVOCATIONS * (_RUN + _CALLS_AT_ONCE + _PROBES)
AFTERWARDS = _INVOCATIONS * _LATE_PROBES
ONE_LANE = FIRST_HALF_MINUTE + AFTERWARDS
BOTH_LANES = 2 * ONE_LANE
PROBE_SIZE = 3
# Before it is closed: at once, after half a minute and after a minute, and one more if a check dies.
PROBES_OF_A_SUSPECT = 4
# With so many of its answers lost a gateway still works.
MOST_LOST = 0.5


@dataclass
class Spell:
    """A time in which a share of the answers is lost, `good` while that is half of them at the most."""

    begin: float
    undisturbed: bool
    good: bool
    end: float = NEVER

    def disturb(self, now: float) -> None:
        """Take in that something else happens at `now`."""
        if now < self.end:
            self.undisturbed = False


@dataclass
class Outage:
    """Nothing is accepted from `begin` to `end`.

    `total`: credit/ shows it too; `refused`: KoboMobile refuses the login, and each call is made once more with the
    secret fetched anew; `undisturbed`: nothing else happens meanwhile.
    """

    begin: float
    total: bool
    refused: bool
    undisturbed: bool
    end: float = NEVER

    @classmethod
    def by(cls, fault: Fault, now: float, undisturbed: bool) -> Outage | None:
        """Return the outage that `fault` is, None when it lets calls succeed."""
        if (fault.probability or 1.0) < 1.0 or fault.endpoint not in (None, "send"):
            return None
        if fault.kind not in _SHOWN and fault.answer not in ("error_gw", "error_user"):
            return None
        return cls(now, fault.endpoint is None, fault.answer == "error_user", undisturbed)

    def disturb(self, now: float) -> None:
        """Take in that something else happens at `now`."""
        if now < self.end:
            self.undisturbed = False

    def most_calls(self, lanes: Collection[str]) -> float:
        """Return how many calls it may cost that come from so many lanes."""
        lasted = self.end - self.begin
        probes = PROBE_SIZE * (lasted // 900 + 1 if self.total else PROBES_OF_A_SUSPECT + most_probes(lasted))
        return (2 if self.refused else 1) * ((ONE_LANE if len(lanes) < 2 else BOTH_LANES) + probes)


def most_probes(seconds: float) -> int:
    """Return how many probes there may be while credit/ answers and send/ fails for so long: after 15, 30, 60, 120, 240
    and 480 seconds, and then every 900."""
    wait, at, count = 15.0, 15.0, 0
    while at <= seconds:
        count += 1
        wait = min(2 * wait, 900.0)
        at += wait
    return count
