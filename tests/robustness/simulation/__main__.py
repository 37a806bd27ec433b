"""Run many worlds: `--seeds 100000`; `--seed N` replays one, with a trace.

`--flaky --seeds 500` runs flaky gateways, `--retries --seeds 500` worlds with operators who retry what lies dead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pool

from tests.robustness.simulation.flaky import simulate_flaky
from tests.robustness.simulation.retries import simulate_retries
from tests.robustness.simulation.run import Result, simulate

_CHUNK = 20
Run = Callable[[int], Result]


def main() -> int:
    """Run the simulation; return 1 if a seed fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one, with a trace")
    parser.add_argument("--seeds", type=int, default=2000, help="how many to run")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--flaky", action="store_true", help="worlds in which a share of the calls fails")
    parser.add_argument("--retries", action="store_true", help="worlds with operators who retry what lies dead")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    wanted = parser.parse_args()
    watched = simulate_retries if wanted.retries else simulate
    if wanted.seed is not None:
        result = simulate_flaky(wanted.seed) if wanted.flaky else watched(wanted.seed, live=True)
        verdict = f"fails:\n{result}\n" if result.violations else "holds: "
        sys.stdout.write(f"seed {wanted.seed} {verdict}{result.steps} steps, digest {result.digest}\n")
        return bool(result.violations)
    run = simulate_flaky if wanted.flaky else watched
    return _run_many(run, range(wanted.first, wanted.first + wanted.seeds), wanted.jobs)


def _run_many(run: Run, seeds: range, jobs: int) -> int:
    began, failed, steps, sent = time.monotonic(), 0, 0, 0
    for count, result in enumerate(_results(run, seeds, jobs), start=1):
        steps, sent, failed = steps + result.steps, sent + result.sent, failed + bool(result.violations)
        if result.violations:
            sys.stdout.write(f"{result}\n")
            sys.stdout.flush()
        if count % 1000 == 0 or count == len(seeds):
            spent = time.monotonic() - began
            line = f"{count} of {len(seeds)} seeds, {failed} failed, {steps} steps, {sent} SMS, {spent:.0f} s"
            sys.stderr.write(line + "\n")
    return bool(failed)


def _results(run: Run, seeds: range, jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(run, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(run, seeds, chunksize=_CHUNK)


if __name__ == "__main__":
    sys.exit(main())
