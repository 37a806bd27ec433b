"""Random worlds in which operators retry what lies dead, while all goes on: still nothing is lost, or sent twice."""

from __future__ import annotations

from collections import Counter

import pytest

from kobo_cli.dead.verdicts import Step
from tests.robustness.crash_points.selection import ALL
from tests.robustness.simulation.retries import live_through

SEEDS, CHUNK = (2000 if ALL else 20), 20


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_invariant_holds(first: int) -> None:
    done: Counter[Step] = Counter()
    for seed in range(first, first + CHUNK):
        result, steps = live_through(seed)
        assert not result.violations, str(result)
        done += steps
    # The operators are not idle.
    assert min(done[step] for step in (Step.REOPEN, Step.QUEUE, Step.STAY)) > 0
