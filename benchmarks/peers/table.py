"""The figures of a bench as rows, each with its limit beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.peers.gateway import KANNEL, USUAL
from benchmarks.peers.measuring import Run
from benchmarks.peers.own_limits import OwnLimit
from benchmarks.peers.plan import Results
from benchmarks.peers.workloads import MOST_NUMBERS

# What ours may take of the usual Lambda's processor, and any function of the template's memory.
_MOST_OF_USUAL, _MEMORY = 1 / 3, 512.0
# Where the processors are that busy, they are what keeps the pace down.
_BUSY = 0.9


@dataclass(frozen=True)
class Row:
    """A figure, and the best that it could be or the most that it may be; `note` says what kept it from that."""

    what: str
    gateway: str
    measured: float
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a share of its limit."""
        return self.measured / self.limit if self.limit else None


def rows_of(results: Results, own: Sequence[OwnLimit], calls: int) -> list[Row]:
    """Return the rows of a bench; `calls` of send/ were made at once."""
    rows = [_pace(run, calls) for run in results.pace]
    quickest = [run for run in results.pace if not run.latency]
    rows += [row for run in quickest for row in _work(run, _least_cpu(run, quickest))]
    rows += [_memory(run) for run in quickest if run.workload == quickest[0].workload]
    rows += [_batch(run, results.batches) for run in results.batches]
    rows += [Row(f"{_lost(run)}: sent twice", run.gateway, run.doubled, note="limit 0") for run in results.losing]
    missing = [run for run in results.all() if run.missing]
    rows += [Row(f"{run.workload}: never sent", run.gateway, run.missing, note="limit 0") for run in missing]
    rows += [Row(f"{each.name}, a second", "(bench)", each.a_second, 1 / each.cpu) for each in own]
    # What is to be compared stands together.
    order = {what: at for at, what in enumerate(dict.fromkeys(row.what for row in rows))}
    return sorted(rows, key=lambda row: order[row.what])


def table_of(rows: Iterable[Row]) -> str:
    """Return the rows as lines of text."""
    cells = [("what", "gateway", "measured", "limit", "ratio", ""), *map(_cells, rows)]
    widths = [max(len(each[at]) for each in cells) for at in range(6)]
    return "\n".join(_line(each, widths) for each in cells)


def _pace(run: Run, calls: int) -> Row:
    what = f"{run.workload}, {run.latency * 1000:.0f} ms: texts a second"
    by_processor = run.a_second / run.busy
    if not run.latency:
        return Row(what, run.gateway, run.a_second, by_processor, "the processors")
    by_latency = run.texts / (ceil(run.send_calls / calls) * run.latency)
    if by_processor < by_latency or run.busy > _BUSY:
        bound = f"the processors, doubles included: {by_processor:,.0f}"
    else:
        # Between its answer and the next call in its place: what is done for both, and the waiting for AWS.
        between = calls / (run.send_calls / run.seconds) - run.latency
        bound = f"{between * 1000:.0f} ms between two calls"
    return Row(what, run.gateway, run.a_second, by_latency, bound)


def _work(run: Run, least: float) -> Iterator[Row]:
    fewest = ceil(run.texts / MOST_NUMBERS) / run.texts if run.workload.startswith("one text") else 1.0
    yield Row(f"{run.workload}: CPU s per 1,000", run.gateway, run.cpu_per_thousand, least)
    yield Row(f"{run.workload}: calls of send/ a text", run.gateway, run.send_calls / run.texts, fewest)
    if run.gateway != KANNEL:
        yield Row(f"{run.workload}: calls of AWS a text", run.gateway, run.aws_calls / run.texts)
        yield Row(f"{run.workload}: write units a text", run.gateway, run.write_units / run.texts)


def _least_cpu(run: Run, runs: Iterable[Run]) -> float:
    return min(each.cpu_per_thousand for each in runs if each.workload == run.workload)


def _memory(run: Run) -> Row:
    limit = None if run.gateway == KANNEL else _MEMORY
    return Row("peak memory of a process, MB", run.gateway, run.peak / 2**20, limit)


def _batch(run: Run, runs: Iterable[Run]) -> Row:
    usual = next(each for each in runs if each.batch == run.batch and each.gateway == USUAL)
    limit = None if run.gateway == USUAL else usual.cpu_per_thousand * _MOST_OF_USUAL
    what = f"single texts, {run.batch} a batch: CPU s per 1,000"
    return Row(what, run.gateway, run.cpu_per_thousand, limit, "" if limit is None else "a third of the usual Lambda's")


def _lost(run: Run) -> str:
    return f"{run.texts:,} texts, one answer in ten lost"


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (
        row.what,
        row.gateway,
        _figure(row.measured),
        "" if row.limit is None else _figure(row.limit),
        ratio,
        row.note,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left, right = zip(cells[:2], widths[:2], strict=True), zip(cells[2:5], widths[2:5], strict=True)
    padded = [cell.ljust(width) for cell, width in left] + [cell.rjust(width) for cell, width in right]
    return "  ".join([*padded, cells[5]]).rstrip()
