"""The table in the README's section "Measured": what the bench says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.peers.gateway import BESIDE
from benchmarks.peers.measuring import Run
from benchmarks.peers.plan import Results

README = Path(__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?<=\n## Measured\n)(.*?\n\n)(?:\|[^\n]*\n)+", re.DOTALL)
_BATCH = 10
Figure = Callable[[Run], str]


def write_readme(results: Results, path: Path = README) -> None:
    """Put the table of `results` in place of the first one of the section.

    Raises
    ------
    ValueError
        when there is no such section, or no table in it.
    """
    text, found = _TABLE.subn(lambda match: f"{match[1]}{table_of(results)}\n", path.read_text(), count=1)
    if not found:
        raise ValueError(f"{path} has no table under its heading Measured")
    path.write_text(text)


def table_of(results: Results) -> str:
    """Return the table, in Markdown."""
    single, to_many, campaign = dict.fromkeys(run.workload for run in results.pace)
    names = [name for name in dict.fromkeys(run.gateway for run in results.pace) if name != BESIDE]
    batches = [run for run in results.batches if run.batch == _BATCH]
    rows: list[tuple[str, Iterable[Run], Figure]] = [
        (f"CPU seconds per 1,000 single texts, {_BATCH} in a batch", batches, _cpu),
        (f"the same, {single} at 100 calls at once", _of(results, single, 0.0), _cpu),
        (f"the same, {to_many}", _of(results, to_many, 0.0), _cpu),
        (f"the same, {campaign}", _of(results, campaign, 0.0), _cpu),
        ("texts a second at 50 ms, of 2,000 that 100 calls at once allow", _of(results, single, 0.05), _pace),
        ("texts a second at 200 ms, of 500", _of(results, single, 0.2), _pace),
        (f"calls of `send/`, {to_many}", _of(results, to_many, 0.0), lambda run: f"{run.send_calls:,}"),
        ("calls of AWS a single text", _of(results, single, 0.0), lambda run: _figure(run.aws_calls / run.texts)),
        ("DynamoDB's write units a single text", _of(results, single, 0.0), lambda run: _figure(run.units_a_text)),
        ("peak memory of a process, MB", _of(results, single, 0.0), lambda run: f"{run.peak / 2**20:.0f}"),
        ("one answer in ten lost: sent twice, of 1,000 texts", results.losing, _doubled),
    ]
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for what, runs, figure in rows:
        by_name = {run.gateway: figure(run) for run in runs}
        lines.append(f"| {what} | {' | '.join(by_name.get(name, '') for name in names)} |")
    return "\n".join(lines)


def _of(results: Results, workload: str, latency: float) -> list[Run]:
    return [run for run in results.pace if (run.workload, run.latency) == (workload, latency)]


def _cpu(run: Run) -> str:
    return _figure(run.cpu_per_thousand)


def _pace(run: Run) -> str:
    return f"{run.a_second:,.0f}"


def _doubled(run: Run) -> str:
    return f"{run.doubled / run.texts * 1000:,.0f}"


def _figure(value: float) -> str:
    return f"{value:.2f}" if value else "0"
