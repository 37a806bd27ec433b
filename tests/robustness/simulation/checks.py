"""Runs of check_credit: on schedule, when prompted, overlapping, late, or not at all.

While nothing happens in a world the ticks grow rarer, as if most of them failed: a check that finds what the one before
found changes nothing, and weeks of them would take all the time. In the directed scenarios they come each minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kobo_sms.credit.check import Checked, Checker
from kobo_sms.errors import KoboSmsError
from kobo_sms.runtime import Deadline
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.functions import EXPECTED
from tests.robustness.simulation.timeline import NEVER, Act, Frame

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

# template.yaml's time-out and schedule.
CHECK_SECONDS, EVERY = 90.0, 60.0
_PROMPTED_AFTER = 1.0
# So many checks in a row without news say that there is none.
_DULL = 3


class Checks:
    """Starts checks in a world; `paused_until` keeps them from running."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.paused_until = 0.0
        self._idle: list[Checker] = []
        self._interval = EVERY
        self._next = world.now + world.rng.uniform(0, EVERY)
        self._found: object = None
        self._dull = 0

    @property
    def content(self) -> bool:
        """Whether the last checks found nothing new."""
        return self._dull >= _DULL

    def next(self) -> tuple[float, Act]:
        """Return when the next tick is: none while nothing can come of it."""
        return (NEVER if self.content and self._world.settled() else self._next), self._tick

    def news(self) -> None:
        """Have the schedule run as it should: something has happened."""
        self._interval, self._dull = EVERY, 0
        self._next = min(self._next, self._world.now + EVERY)

    def put_events(self, **asked: Any) -> dict[str, Any]:
        """Take in a prompt, as EventBridge does."""
        assert asked["Entries"][0]["Source"] == "kobo-sms.kobo-sms"
        self._world.chaos.around("events.put_events", self.prompt)
        return {"FailedEntryCount": 0}

    def prompt(self) -> None:
        """Have a check run in a moment."""
        self._world.timeline.plan(self._world.now + _PROMPTED_AFTER, self._start)

    def _tick(self) -> None:
        world = self._world
        now = max(world.now, self._next)
        # However rare the ticks are, one comes when quiet hours are to begin or are over.
        self._next = min(now + self._interval, world.nights.next_edge(now))
        self._interval = min(2 * self._interval, max(EVERY, world.scenario.rarest_check))
        self._start()

    def _start(self) -> None:
        if self._world.now >= self.paused_until:
            self._world.timeline.start(self._check, Frame(self._world.now + CHECK_SECONDS, mortal=True))

    def _check(self) -> None:
        world = self._world
        checker = self._idle.pop() if self._idle else world.functions.start_check()
        try:
            checked = checker.check(Deadline.in_seconds(CHECK_SECONDS, world.clock))
        except Crash:
            world.note("check crashed")
            return
        except (KoboSmsError, *EXPECTED) as error:
            world.note("check failed", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever else it raises is a bug to report
            world.ledger.accuse(f"check_credit: {type(error).__name__}: {error}")
        else:
            self._take_in(checked)
        self._idle.append(checker)

    def _take_in(self, checked: Checked) -> None:
        self._dull += 1
        found = (checked.answer, tuple(checked.closed.items()), tuple(checked.alerts))
        if found != self._found:
            self._found = found
            self._world.note("checked", checked.answer, str(checked.balance), *checked.closed.items(), *checked.alerts)
            self.news()
