"""Quiet hours in a world: in one of seven, drawn apart from the rest, so that all others live as they did."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kobo_sms.messages.quiet_hours import QuietHours, QuietPeriod
from kobo_sms.valve.state import RESTS_EARLIER, is_woken
from tests.robustness.simulation.publications import HOUR, START
from tests.robustness.simulation.scenario import Event, Scenario
from tests.robustness.simulation.stored import BULK, PRIORITY
from tests.robustness.simulation.timeline import NEVER, Frame

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

_SHARE = 1 / 7


def quiet_between(begin: float, end: float) -> QuietHours:
    """Return quiet hours from one moment's time of the day to another's."""
    times = [datetime.fromtimestamp(at // 60 * 60, UTC).time() for at in (begin, end)]
    return QuietHours(times[0], times[1], UTC)


def draw_nights(scenario: Scenario, rng: random.Random) -> None:
    """Give some scenarios quiet hours, and an operator who now and then opens lanes in them."""
    if rng.random() > _SHARE:
        return
    # What is queued comes within the first hour.
    begin = START + rng.uniform(-3 * HOUR, 2 * HOUR)
    scenario.quiet_hours = quiet_between(begin, begin + rng.choice((0.5, 4.0, 12.0, 20.0)) * HOUR)
    if rng.random() < 0.3:
        lanes = rng.choice(((BULK,), (PRIORITY, BULK)))
        wake = lanes == (BULK,)
        scenario.events.append(Event(START + rng.uniform(0, 6 * HOUR), "open_", {"lanes": lanes, "wake": wake}))


class Nights:
    """What a world knows of its quiet hours."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.hours = world.scenario.quiet_hours

    def period(self, at: float) -> QuietPeriod | None:
        """Return the quiet period that lasts at `at`, or the next one; None without quiet hours."""
        return self.hours.period(at) if self.hours is not None else None

    def quiet(self, at: float) -> bool:
        """Tell whether it is quiet at `at`."""
        period = self.period(at)
        return period is not None and period.begin <= at

    def next_edge(self, at: float) -> float:
        """Return when the next check can find something new after `at`: the lane is to be closed, or opened."""
        period = self.period(at)
        if period is None:
            return NEVER
        return min(edge for edge in (period.begin - RESTS_EARLIER, period.end) if edge > at)

    def end_after(self, at: float) -> float:
        """Return when nothing keeps quiet any more that was to go out at `at`."""
        period = self.period(at) if at != NEVER else None
        return period.end if period is not None and period.begin - RESTS_EARLIER <= at else at

    def reached(self, frame: Frame | None) -> None:
        """A call of send/ has come to KoboMobile: none of the bulk lane in quiet hours, unless an operator woke it.

        What stood still for so long that its invocation is over was on its way before they began.
        """
        period, world = self.period(world_now := self._world.now), self._world
        if frame is None or frame.lane != BULK or period is None or world_now < period.begin:
            return
        if frame.deadline >= period.begin and not is_woken(world.watch.woken, BULK, period):
            world.ledger.accuse(f"{frame.part}: sent in quiet hours")
