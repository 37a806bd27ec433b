"""What the figures of a bench come down to: ratios within the one run, and the table of the README."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.peers.gateway import BESIDE, OURS
from benchmarks.peers.measuring import Run
from benchmarks.peers.plan import Results

_BATCH = 10
Figure = Callable[[Run], str]


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


def readme_of(results: Results) -> str:
    """Return the README's table, in Markdown."""
    single, to_many, _ = dict.fromkeys(run.workload for run in results.pace)
    names = [name for name in dict.fromkeys(run.gateway for run in results.pace) if name != BESIDE]
    batches = [run for run in results.batches if run.batch == _BATCH]
    rows: list[tuple[str, Iterable[Run], Figure]] = [
        (f"CPU seconds per 1,000 single texts, {_BATCH} in a batch", batches, _cpu),
        (f"the same, {single} at 100 calls at once", _of(results, single, 0.0), _cpu),
        (f"the same, {to_many}", _of(results, to_many, 0.0), _cpu),
        ("texts a second at 50 ms, of 2,000 that 100 calls at once allow", _of(results, single, 0.05), _pace),
        ("texts a second at 200 ms, of 500", _of(results, single, 0.2), _pace),
        (f"calls of `send/`, {to_many}", _of(results, to_many, 0.0), lambda run: f"{run.send_calls:,}"),
        ("calls of AWS a single text", _of(results, single, 0.0), lambda run: f"{run.aws_calls / run.texts:.2f}"),
        ("DynamoDB's write units a single text", _of(results, single, 0.0), lambda run: _figure(run.units_a_text)),
        ("peak memory of a process, MB", _of(results, single, 0.0), lambda run: f"{run.peak / 2**20:.0f}"),
        ("one answer in ten lost: sent twice, of 1,000 texts", results.losing, _doubled),
    ]
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for what, runs, figure in rows:
        by_name = {run.gateway: figure(run) for run in runs}
        lines.append(f"| {what} | {' | '.join(by_name.get(name, '') for name in names)} |")
    return "\n".join(lines)


def _compared(what: str, runs: Iterable[Run]) -> str:
    taken = {run.gateway: run.cpu_per_thousand for run in runs}
    others = [f"{taken[OURS] / cpu:.2f} of {name}'s" for name, cpu in taken.items() if name != OURS]
    return f"{what}: ours is {', '.join(others)}"


def _of(results: Results, workload: str, latency: float) -> list[Run]:
    return [run for run in results.pace if (run.workload, run.latency) == (workload, latency)]


def _cpu(run: Run) -> str:
    return _figure(run.cpu_per_thousand)


def _pace(run: Run) -> str:
    return f"{run.a_second:,.0f}"


def _doubled(run: Run) -> str:
    return f"{run.doubled / run.texts * 1000:,.0f}"


def _figure(value: float) -> str:
    return f"{value:.2f}"
