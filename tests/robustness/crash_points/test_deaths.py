"""An invocation dies just before and just after each of its I/O steps; then it is delivered again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.robustness.crash_points.invariants import broken
from tests.robustness.crash_points.invocations import Point
from tests.robustness.crash_points.lives import Life, World
from tests.robustness.crash_points.scenarios import (
    ANSWERS,
    BATCH_3,
    BATCH_10,
    LOST,
    OPTED_OUT,
    REPEATS,
    REQUESTS,
    SEVERAL,
    Scenario,
)
from tests.robustness.crash_points.selection import ALL, CORE, LIKE, points

SINGLE = (*ANSWERS, *LOST, *REPEATS, *SEVERAL, *OPTED_OUT, *REQUESTS)
THREADS = {"CALLS_AT_ONCE": "4"}


def deaths(scenario: Scenario, records: Iterable[int] | None = None) -> list[object]:
    return [
        pytest.param(scenario, (step, when), id=f"{scenario.name}-{step}-{scenario.steps[step]}-{when}")
        for step, when in points(scenario, records)
    ]


@pytest.mark.parametrize("scenario", [*SINGLE, BATCH_3, BATCH_10], ids=lambda each: each.name)
def test_undisturbed(world: World, scenario: Scenario) -> None:
    life = Life(world, scenario)
    life.live()
    assert life.steps == scenario.steps
    assert broken(life) == []


@pytest.mark.parametrize(("name", "other"), LIKE.items())
def test_what_is_said_to_be_like_another_lives_as_it_does(name: str, other: str) -> None:
    named = {scenario.name: scenario for scenario in SINGLE}
    assert named[name].life == named[other].life
    assert [order.end for order in named[name].orders] == [order.end for order in named[other].orders]


@pytest.mark.parametrize(("scenario", "point"), [case for scenario in SINGLE for case in deaths(scenario)])
def test_one_death(world: World, scenario: Scenario, point: Point) -> None:
    life = Life(world, scenario)
    life.live(point)
    assert broken(life) == []


@pytest.mark.parametrize(("scenario", "point"), [*deaths(BATCH_3), *deaths(BATCH_10, (0, 4, 8))])
def test_a_batch_dies(world: World, scenario: Scenario, point: Point) -> None:
    life = Life(world, scenario)
    life.live(point)
    assert broken(life) == []


@pytest.mark.parametrize("step", range(20) if ALL else range(0, 20, 3))
def test_a_batch_dies_with_several_calls_under_way(world: World, step: int) -> None:
    """Which calls are under way at a step differs from run to run; what must hold does not."""
    life = Life(world, BATCH_10, environment=THREADS)
    life.live((step, "after"))
    assert broken(life) == []


@pytest.mark.parametrize(
    ("scenario", "point"), [case for scenario in SINGLE if ALL or scenario.name == CORE[0] for case in deaths(scenario)]
)
def test_two_deaths(world: World, scenario: Scenario, point: Point) -> None:
    """The process that comes next dies too, at each of the steps that it would take."""
    for step in range(4):
        life = Life(world, scenario)
        life.live(point, (step, "after"), at_least=1)
        assert broken(life) == [], f"the second death: after step {step}"
