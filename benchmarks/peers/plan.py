"""Which runs are made, one after the other, and in which order: those to be compared follow one another."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.peers import workloads
from benchmarks.peers.gateway import BESIDE, Gateway
from benchmarks.peers.kannel import is_installed, running_kannel
from benchmarks.peers.lambdas import Lambdas
from benchmarks.peers.measuring import Bench, Run

LATENCIES = (0.0, 0.05, 0.2)
BATCHES = (1, 5, 10, 100)
LOSING = 0.1
_runs = itertools.count()


@dataclass(frozen=True)
class Sizes:
    """How many texts each kind of run sends."""

    single: int = 10_000
    one_to_many: int = 10_000
    campaign: int = 1_000
    batches: int = 2_000
    losing: int = 1_000

    def times(self, share: float) -> Sizes:
        """Return a share of each, at least as many as there are calls at once."""
        return Sizes(**{name: max(100, round(count * share)) for name, count in asdict(self).items()})


@dataclass
class Results:
    """The runs by what they were made for."""

    pace: list[Run] = field(default_factory=list)
    batches: list[Run] = field(default_factory=list)
    losing: list[Run] = field(default_factory=list)

    def all(self) -> list[Run]:
        """Return every run."""
        return [*self.pace, *self.batches, *self.losing]


def measure(bench: Bench, sizes: Sizes, calls: int, beside: Path | None) -> Results:
    """Make all runs; `calls` of send/ at once, `beside` is another checkout whose send_sms is measured in batches."""
    lambdas, results = Lambdas(bench.aws, bench.kobo, calls), Results()
    with ExitStack() as stack:
        gateways: list[Gateway] = [stack.enter_context(lambdas.ours(1)), stack.enter_context(lambdas.usual(1))]
        if beside is not None:
            gateways.append(stack.enter_context(lambdas.ours(1, root=beside, name=BESIDE)))
        results.batches += _batches(bench, gateways, sizes.batches)
    with ExitStack() as stack:
        gateways = [stack.enter_context(lambdas.ours()), stack.enter_context(lambdas.usual())]
        if is_installed():
            gateways.append(stack.enter_context(running_kannel(bench.kobo, calls)))
        else:
            _tell("Kannel is not installed (apt-get install kannel): measured without it")
        for gateway in gateways:
            bench.run(gateway, _fresh(workloads.single_texts, 5 * calls), 0.0)
        results.pace += _pace(bench, gateways, sizes)
        results.losing += [
            _told(bench.run(gateway, _fresh(workloads.single_texts, sizes.losing), 0.0, losing=LOSING))
            for gateway in gateways
        ]
    return results


def _batches(bench: Bench, gateways: Sequence[Gateway], count: int) -> Iterator[Run]:
    for gateway in gateways:
        bench.run(gateway, _fresh(workloads.single_texts, 100), 0.0)
    for batch in BATCHES:
        for gateway in gateways:
            yield _told(bench.run(gateway, _fresh(workloads.single_texts, count), 0.0, batch=batch))


def _pace(bench: Bench, gateways: Sequence[Gateway], sizes: Sizes) -> Iterator[Run]:
    kinds = (
        (workloads.single_texts, sizes.single),
        (workloads.one_to_many, sizes.one_to_many),
        (workloads.campaign, sizes.campaign),
    )
    for make, count in kinds:
        for latency in LATENCIES:
            for gateway in gateways:
                yield _told(bench.run(gateway, _fresh(make, count), latency))


def _fresh(make: Callable[[str, int], workloads.Workload], count: int) -> workloads.Workload:
    """Return a workload that no run before has sent."""
    return make(f"run-{next(_runs)}-{time.time_ns()}", count)


def _told(run: Run) -> Run:
    batch = f", {run.batch} a batch" if run.batch else ""
    _tell(f"{run.gateway}: {run.workload}{batch}, {run.latency * 1000:.0f} ms: {run.a_second:,.0f} a second")
    return run


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
