"""What a message costs send_sms of the processor, and a report poll_reports: in CI, so that neither grows unseen.

    .venv/bin/python -m benchmarks.cpu_per_record [--rounds 12]

Machines differ, so each figure is a ratio: to a loop that always does the same, run just before and just after. What
else the machine does only ever adds to a figure: the least of some rounds counts, and no more are made once it is
within its limit. Ends with exit 1 when one is not.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from benchmarks.peers import workloads
from benchmarks.peers.double_process import running_double
from benchmarks.peers.gateway import Gateway
from benchmarks.peers.lambda_fleet import Environment
from benchmarks.peers.lambdas import Lambdas
from benchmarks.peers.measuring import Bench
from benchmarks.peers.process_meter import cpu_seconds

# In a round; /proc tells the processor's time in hundredths of a second.
TEXTS = 300
# The most that one may cost, in turns of the loop: half more than it does, as processors differ.
LIMITS = {
    "a text alone": 320.0,
    "a text of a batch of 10": 130.0,
    "a text of a batch of 100": 130.0,
    "a report": 110.0,
}
_BATCHES = {1: "a text alone", 10: "a text of a batch of 10", 100: "a text of a batch of 100"}
_TURNS = 2_000


@dataclass
class Figure:
    """What one record costs: the least so far."""

    name: str
    limit: float
    turns: float = float("inf")

    @property
    def is_within(self) -> bool:
        """Whether it is within its limit."""
        return self.turns <= self.limit


@click.command()
@click.option("--rounds", default=12, show_default=True, type=click.IntRange(1), help="Rounds, at the most.")
def main(rounds: int) -> None:
    """Measure, and print each figure beside its limit."""
    figures = {name: Figure(name, limit) for name, limit in LIMITS.items()}
    with measuring() as measures:
        for at in range(rounds):
            for name, measure in measures.items():
                # The first two are for all: until then, not all that is done once has been.
                if at < 2 or not figures[name].is_within:
                    figures[name].turns = min(figures[name].turns, in_turns(measure))
    for figure in figures.values():
        click.echo(f"{figure.name:<25} {figure.turns:6.1f} turns of the loop, at most {figure.limit:.1f}")
    sys.exit(not all(figure.is_within for figure in figures.values()))


def in_turns(measure: Callable[[], float]) -> float:
    """Return what `measure` measures, processor seconds a record, in turns of the loop."""
    before = loop()
    seconds = measure()
    return seconds / ((before + loop()) / 2)


def loop() -> float:
    """Return the processor seconds that one turn takes: what Python is made to do for a message, more or less."""
    begun, fields = time.process_time(), {f"field-{at}": {"S": str(at)} for at in range(10)}
    for _ in range(_TURNS):
        text = json.dumps(fields)
        hashlib.sha256(text.encode()).hexdigest()
        fields = {name: {kind: str(value) for kind, value in each.items()} for name, each in json.loads(text).items()}
    return (time.process_time() - begun) / _TURNS


@contextmanager
def measuring() -> Iterator[dict[str, Callable[[], float]]]:
    """Run the functions; yield what measures the processor seconds of each kind of record."""
    with running_double("benchmarks.peers.aws_double") as aws, running_double("benchmarks.peers.kobo_stub") as kobo:
        bench, lambdas = Bench(aws, kobo), Lambdas(aws, kobo, 100, FirstReportAfterSeconds="0")
        with lambdas.ours(1) as sending, lambdas.reports() as reports:
            measures = {name: _sending(bench, sending, batch) for batch, name in _BATCHES.items()}
            yield measures | {"a report": lambda: of_reports(bench, sending, reports)}


def _sending(bench: Bench, sending: Gateway, batch: int) -> Callable[[], float]:
    return lambda: bench.run(sending, _texts(), 0.0, batch=batch).cpu / TEXTS


def of_reports(bench: Bench, sending: Gateway, reports: Environment) -> float:
    """Send texts, whose reports are due at once; return the processor seconds of each report."""
    bench.run(sending, _texts(), 0.0, batch=10)
    before, calls = cpu_seconds([reports.pid]), 0
    while calls < TEXTS:
        calls += reports.invoke({})["calls"]
    return (cpu_seconds([reports.pid]) - before) / calls


def _texts() -> workloads.Workload:
    return workloads.single_texts(f"run-{time.time_ns()}", TEXTS)


if __name__ == "__main__":
    main()
