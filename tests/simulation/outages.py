"""Outages of KoboMobile, and how many calls of send/ one may cost (guarantee 4: a closed valve costs nothing).

With the default SendConcurrency each lane has 5 invocations of 2 calls. AWS takes up to a minute to stop them, and
meanwhile each environment looks every ten seconds whether its lane is still closed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mock_kobo.faults import Fault
from tests.simulation.timeline import NEVER

# What credit/ shows for what it is.
_SHOWN = ("timeout", "reset", "html_503", "html_502")
# In the minute that AWS may take to stop the consumers, each looks every half minute whether the valve still is closed.
_INVOCATIONS, _CALLS_AT_ONCE, _LOOKS = 5, 2, 3
ONE_LANE = _INVOCATIONS * (_CALLS_AT_ONCE + 1 + _LOOKS)
# Both lanes share the environments, so each of ten looks after both.
BOTH_LANES = 2 * _INVOCATIONS * (_CALLS_AT_ONCE + 1) + 2 * 2 * _INVOCATIONS * _LOOKS
TRIAL_SIZE = 3


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

    def most_calls(self, lanes: Collection[str]) -> int:
        """Return how many calls it may cost that come from so many lanes."""
        trials = 0 if self.total else TRIAL_SIZE * most_trials(self.end - self.begin)
        return (2 if self.refused else 1) * ((ONE_LANE if len(lanes) < 2 else BOTH_LANES) + trials)


def most_trials(seconds: float) -> int:
    """Return how many trials there may be while credit/ answers and send/ fails for so long: after 60, 120, 240, 480
    and then every 900 seconds."""
    wait, at, count = 60.0, 60.0, 0
    while at <= seconds:
        count += 1
        wait = min(2 * wait, 900.0)
        at += wait
    return count
