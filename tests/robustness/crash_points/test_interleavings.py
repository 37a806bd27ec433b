"""Two invocations with the same record: A stops before a step, B runs until before one of its own, both go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.robustness.crash_points.invariants import broken
from tests.robustness.crash_points.lives import Life, World
from tests.robustness.crash_points.scenarios import ANSWERS, BILLING, GIVEN_UP, LOST, SEVERAL, Order, Scenario, numbers
from tests.robustness.crash_points.selection import ALL, CORE, HELD, READS, thinned

NAMED = {scenario.name: scenario for scenario in (*ANSWERS, *LOST, *SEVERAL)}
GIVES_UP_AT_ONCE = Scenario(
    "gives_up_at_once", "login write ask bury write", (Order((BILLING,), GIVEN_UP),), environment={"MAX_ATTEMPTS": "1"}
)
SPLIT_501 = Scenario("split_501", "write queue", (Order(numbers(501)),))
SCENARIOS = (*(NAMED[name] for name in CORE), GIVES_UP_AT_ONCE, SPLIT_501)
# Seconds that pass while A stands still: within its claim, and past it.
PAUSES = {"held": 1.0, "expired": 40.0}


def meetings() -> Iterator[object]:
    for scenario in SCENARIOS:
        names = scenario.life.split("|")[0].split()
        steps = len(names)
        first_step = 0 if ALL or scenario.name in CORE[:1] or names[0] != READS else 1
        for pause in PAUSES:
            if ALL or pause == "expired" or scenario.name in HELD:
                for a in range(first_step, steps):
                    for b in range(first_step, steps + 1):
                        if scenario.name not in HELD and thinned(a, b):
                            continue
                        for first in "AB" if b < steps and (ALL or scenario.name == CORE[0]) else "A":
                            case = f"{scenario.name}-{pause}-A{a}-B{b}-{first}_first"
                            yield pytest.param(scenario, pause, a, b, first, id=case)


@pytest.mark.parametrize(("scenario", "pause", "a", "b", "first"), list(meetings()))
def test_two_invocations_meet(world: World, scenario: Scenario, pause: str, a: int, b: int, first: str) -> None:
    life = Life(world, replace(scenario, pause=40.0))
    life.begin()
    at_a = world.lane.receive()
    one = life.start(at_a, (a, "before"), dies=False)
    life.offset += PAUSES[pause]
    at_b = world.lane.receive()
    two = life.start(at_b, (b, "before"), dies=False)
    pairs = [(at_a, one), (at_b, two)]
    world.lane.settle(at_b, two)
    for messages, invocation in pairs if first == "A" else reversed(pairs):
        invocation.resume(life.offset)
        world.lane.settle(messages, invocation)
    life.offset += PAUSES["expired"]
    life.drain()
    assert broken(life, overtaken=pause == "expired") == []
