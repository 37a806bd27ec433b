"""Two invocations of poll_reports: A stops before a step, B runs until before one of its own, both go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.robustness.crash_points.polled import Polled
from tests.robustness.crash_points.selection import ALL, thinned
from tests.robustness.crash_points.test_polling_deaths import ONE, SINGLE, TWO

# Seconds that pass while A stands still: within its leases, and past them.
PAUSES = {"held": 1.0, "expired": 40.0}
# The looks at the shards are one step as far as others are concerned.
STEPS = [step for step in range(len(SINGLE)) if step not in (1, 2)]


def meetings() -> Iterator[object]:
    for pause in PAUSES:
        for a in STEPS:
            for b in [*STEPS, len(SINGLE)]:
                # While a lease holds, B is kept out at whatever step A stands.
                if thinned(a, b) or (pause == "held" and not ALL and b % 3):
                    continue
                for first in "AB" if ALL else "AB"[(a + b) % 2]:
                    yield pytest.param(pause, a, b, first, id=f"{pause}-A{a}-B{b}-{first}_first")


@pytest.mark.parametrize(("pause", "a", "b", "first"), list(meetings()))
def test_two_invocations_meet(polled: Polled, pause: str, a: int, b: int, first: str) -> None:
    polled.sent([ONE], [TWO])
    one = polled.poll((a, "before"), dies=False)
    polled.offset += PAUSES[pause]
    two = polled.poll((b, "before"), dies=False)
    for invocation in (one, two) if first == "A" else (two, one):
        invocation.resume(polled.offset)
        assert invocation.ended == "returned"
    polled.drain()
    assert polled.broken(lost=False) == []
