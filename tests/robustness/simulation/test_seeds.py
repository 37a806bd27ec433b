"""125 random worlds in which no SMS is lost, doubled or charged without being accounted for, and the valve is right.

In every second of them all changes are told.

`python -m tests.robustness.simulation --seeds 100000 --jobs 2` runs more; `--seed N` replays one and tells what
happened.
"""

from __future__ import annotations

import pytest

from tests.robustness.simulation.run import simulate

SEEDS, CHUNK = 125, 25


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_invariant_holds(first: int) -> None:
    results = [simulate(seed) for seed in range(first, first + CHUNK)]

    failed = [result for result in results if result.violations]
    assert not failed, "\n".join(map(str, failed))
    # The worlds are not dull.
    assert sum(result.sent for result in results) > 50
    assert sum(result.steps for result in results) > 500
    assert sum(result.told for result in results) > 100
