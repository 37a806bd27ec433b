"""One seed, from its scenario to its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from unittest import mock

import publish_status.handler
from kobo_sms.messages import numbers
from tests.robustness.simulation.campaign_invariants import CampaignInspection
from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.invariants import Inspection
from tests.robustness.simulation.memory_invariants import MemoryInspection
from tests.robustness.simulation.progress_invariants import ProgressInspection
from tests.robustness.simulation.scenario import Scenario
from tests.robustness.simulation.telling_invariants import TellingInspection
from tests.robustness.simulation.valve_invariants import ValveInspection
from tests.robustness.simulation.world import World

# A pure function that takes most of a run's time.
_NORMALISE = cache(numbers.normalise)


@dataclass(frozen=True)
class Result:
    """What came of a seed: what does not hold, a digest of everything that happened, and how much that was.

    `told`: how many events, look-up entries and notes of what cannot be published.
    """

    seed: int
    violations: tuple[str, ...]
    digest: str
    steps: int
    sent: int
    option: str = ""
    told: int = 0

    def __str__(self) -> str:
        lines = "\n".join(f"  {one}" for one in self.violations[:20])
        command = f"python -m tests.robustness.simulation {self.option}--seed {self.seed}"
        return f"seed {self.seed}:\n{lines}\n  replay: {command}"


@contextmanager
def make_world(
    seed: int, *, live: bool = False, makers: Makers | None = None, scenario: Scenario | None = None
) -> Iterator[World]:
    """Make the world of `seed`, with its own scenario or another, and end it after use."""
    with (
        mock.patch.object(numbers, "normalise", _NORMALISE),
        mock.patch.object(publish_status.handler, "event_app") as event_app,
    ):
        world = World(seed, live=live, makers=makers, scenario=scenario)
        event_app.side_effect = world.telling.publishing.app
        try:
            yield world
        finally:
            world.timeline.close()
            world.kobo.mock.close()


def inspect(world: World) -> tuple[str, ...]:
    """Return what does not hold in a world at rest."""
    inspections = (Inspection(world), ValveInspection(world), ProgressInspection(world), MemoryInspection(world))
    others = (TellingInspection(world), CampaignInspection(world), world.optouts)
    found = [found for each in (*inspections, *others) for found in each.violations()]
    return tuple(dict.fromkeys(found))


def simulate(seed: int, *, live: bool = False, makers: Makers | None = None) -> Result:
    """Run the world of `seed`; `live` prints what happens."""
    with make_world(seed, live=live, makers=makers) as world:
        world.run()
        violations = inspect(world)
        sent, steps = len(world.kobo.executed()), world.timeline.steps
        events, told = world.trace.events, len(world.telling.publishing.outside.log)
    digest = hashlib.sha256(repr((events, violations)).encode()).hexdigest()[:16]
    return Result(seed, violations, digest, steps, sent, told=told)
