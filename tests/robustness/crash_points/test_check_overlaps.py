"""Two checks overlap: A stops before a step, B until before one of its own, then one goes on, then the other."""

from __future__ import annotations

from functools import partial

import pytest

from tests.robustness.crash_points.check_changes import LATER, NAMED, REPEATED, Change
from tests.robustness.crash_points.check_gates import Gate, HaltingGate
from tests.robustness.crash_points.check_world import CheckWorld
from tests.robustness.crash_points.selection import ALL

# A goes on first; with the first scenario B, too.
CHANGES = ("gateway", "acquitted", "credit", "probe", "after_probe", "after_top_up")


def steps(change: Change) -> int:
    gate = Gate()
    change.begin().check(gate)
    return len(gate.steps)


def meet(change: Change, a: int, b: int, first: str) -> CheckWorld:
    world = change.begin()
    gates = HaltingGate(halt=a), HaltingGate(halt=b)
    for gate in gates:
        gate.start(partial(world.check, gate))
    for gate in gates if first == "A" else reversed(gates):
        gate.go_on()
    return world


@pytest.mark.parametrize(
    ("change", "a", "first"),
    [
        pytest.param(NAMED[name], a, first, id=f"{name}-A{a}-{first}_first")
        for name in CHANGES
        for a in range(steps(NAMED[name]))
        for first in ("AB" if ALL or name == CHANGES[0] else "A")
    ],
)
def test_two_checks_meet(change: Change, a: int, first: str) -> None:
    for b in range(steps(change) + 1):
        world = meet(change, a, b, first)
        for _ in range(change.further):
            world.check(after=LATER)
        assert change.broken(world, {1}) == [], f"B stopped before step {b}"
        # Nobody died: nobody is told that he may have heard it before.
        told = [text for _, _, text in world.topic.published]
        assert not [text for text in told if REPEATED in text], f"B stopped before step {b}"
        assert world.sent in (0, 3), f"B stopped before step {b}"
