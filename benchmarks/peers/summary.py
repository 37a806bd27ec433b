"""What the figures of a bench come down to: ratios within the one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.peers.gateway import OURS
from benchmarks.peers.measuring import Run
from benchmarks.peers.plan import Results


def summary_of(results: Results) -> Iterator[str]:
    """Yield the ratios, a line each."""
    quickest = [run for run in results.pace if not run.latency]
    for name in dict.fromkeys(run.workload for run in quickest):
        yield _compared(f"{name}, CPU a text", [run for run in quickest if run.workload == name])
    for batch in dict.fromkeys(run.batch for run in results.batches):
        yield _compared(
            f"single texts, {batch} a batch, CPU a text", [run for run in results.batches if run.batch == batch]
        )
    for run in results.losing:
        yield f"{run.gateway}: of {run.texts:,} texts, one answer in ten lost, {run.doubled:,} too many were sent"


def _compared(what: str, runs: Iterable[Run]) -> str:
    taken = {run.gateway: run.cpu_per_thousand for run in runs}
    others = [f"{taken[OURS] / cpu:.2f} of {name}'s" for name, cpu in taken.items() if name != OURS]
    return f"{what}: ours is {', '.join(others)}"
