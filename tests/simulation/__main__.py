"""`python -m tests.simulation --seeds 100000`, or `--seed N` to replay one with a trace of what happened."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool

from tests.simulation.run import Result, simulate

_CHUNK = 20


def main() -> int:
    """Run the simulation; return 1 if a seed fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one, with a trace")
    parser.add_argument("--seeds", type=int, default=2000, help="how many to run")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    wanted = parser.parse_args()
    if wanted.seed is not None:
        result = simulate(wanted.seed, live=True)
        verdict = f"fails:\n{result}\n" if result.violations else "holds: "
        sys.stdout.write(f"seed {wanted.seed} {verdict}{result.steps} steps, digest {result.digest}\n")
        return bool(result.violations)
    return _run_many(range(wanted.first, wanted.first + wanted.seeds), wanted.jobs)


def _run_many(seeds: range, jobs: int) -> int:
    began, failed, steps, sent = time.monotonic(), 0, 0, 0
    for count, result in enumerate(_results(seeds, jobs), start=1):
        steps, sent, failed = steps + result.steps, sent + result.sent, failed + bool(result.violations)
        if result.violations:
            sys.stdout.write(f"{result}\n")
            sys.stdout.flush()
        if count % 1000 == 0 or count == len(seeds):
            spent = time.monotonic() - began
            line = f"{count} of {len(seeds)} seeds, {failed} failed, {steps} steps, {sent} SMS, {spent:.0f} s"
            sys.stderr.write(line + "\n")
    return bool(failed)


def _results(seeds: range, jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(simulate, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(simulate, seeds, chunksize=_CHUNK)


if __name__ == "__main__":
    sys.exit(main())
