"""What one shard of poll_reports carries, and how it grows with 2, 4 and 8: a simulation with measured latencies.

    .venv/bin/python -m benchmarks.shards [--call 120 --processor 1.4 --part 2.2 --share 0.29 ...]

Simulated time, the real `AdaptiveLimit`. The defaults for calls and processor time are what `benchmarks.polling`
measured (`--singles 0` and `--singles 1`); those for DynamoDB are usual ones of AWS, because the local engine's are
those of a loaded machine. A run has 40 of its minute's 60 seconds. Each call also takes processor time, of which 512 MB
buy 0.29 of a processor: calls wait for it in turn, and that is what one invocation cannot get around, however many
calls it makes at once.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

import click

from kobo_sms.reports.limit import AdaptiveLimit
from kobo_sms.reports.poller import MOST_CALLS_AT_ONCE
from kobo_sms.table import DUE_SHARDS

RUN_SECONDS, MINUTE, DAY = 40.0, 60.0, 86_400.0


@dataclass(frozen=True)
class Measured:
    """Seconds: of a call, of processor time for a call and for reading and writing a part, of a look at a shard, of
    reading a batch, of a write; the `share` of a processor; the `questions` that a message takes."""

    call: float
    processor: float
    part: float
    query: float
    get: float
    write: float
    share: float
    questions: float

    def work(self, recipients: int) -> float:
        """Return the seconds for which one call keeps the processor, its share of its part included."""
        return (self.processor + self.part / recipients) / self.share


@dataclass(frozen=True)
class Carried:
    """What one run did: calls, and how many might be under way at once in the end."""

    calls: int
    at_once: int


def run(measured: Measured, recipients: int, *, lookups: int, seed: int) -> Carried:
    """Simulate one run with as much work as it can do, in parts of so many recipients."""
    rng, limit = random.Random(seed), AdaptiveLimit(highest=MOST_CALLS_AT_ONCE)
    # A look at each of its shards of the index and a lease on it; then reading goes on beside the calls.
    now = lookups * (measured.query + measured.write) + measured.get
    free_at, under_way, calls = now, list[tuple[float, float, int]](), 0
    while now < RUN_SECONDS:
        while len(under_way) < limit.value:
            # The one processor is shared: a call is begun when those before it have had their turn.
            free_at = max(free_at, now) + measured.work(recipients)
            answered = free_at + rng.lognormvariate(0, 0.2) * measured.call
            heapq.heappush(under_way, (answered, now, limit.epoch))
        now, begun, epoch = heapq.heappop(under_way)
        limit.answered(now - begun, epoch)
        calls += 1
    return Carried(calls, limit.value)


@click.command()
@click.option("--call", default=120.0, show_default=True, help="One call of report/, ms.")
@click.option("--processor", default=1.4, show_default=True, help="Processor time of one call, ms.")
@click.option("--part", default=2.2, show_default=True, help="Processor time of reading and writing one part, ms.")
@click.option("--query", default=6.0, show_default=True, help="One look at a shard, ms.")
@click.option("--get", default=12.0, show_default=True, help="Reading a batch of parts, ms.")
@click.option("--write", default=8.0, show_default=True, help="One write, ms.")
@click.option("--share", default=0.29, show_default=True, help="Of a processor: 512 MB of 1,769 that buy a whole one.")
@click.option("--questions", default=2.4, show_default=True, help="Calls a message (benchmarks.learned_schedule).")
def main(share: float, questions: float, **milliseconds: float) -> None:
    """Print what 1, 2, 4 and 8 shards carry."""
    seconds = {name: value / 1000 for name, value in milliseconds.items()}
    measured = Measured(**seconds, share=share, questions=questions)
    click.echo(
        f"{'parts of':>9} {'shards':>7} {'calls/s':>8} {'at once':>8} {'messages a day':>16}   most of one shard"
    )
    for recipients in (1, 500):
        by_processor, by_calls = 1 / measured.work(recipients), MOST_CALLS_AT_ONCE / measured.call
        most = f"processor {by_processor:,.0f}/s, concurrency {by_calls:,.0f}/s"
        for shards in (1, 2, 4, 8):
            runs = [run(measured, recipients, lookups=len(DUE_SHARDS) // shards, seed=at) for at in range(shards)]
            calls, at_once = sum(each.calls for each in runs), sum(each.at_once for each in runs) / shards
            a_day = calls / MINUTE * DAY / questions
            click.echo(
                f"{recipients:>9} {shards:>7} {calls / RUN_SECONDS:>8,.0f} {at_once:>8.0f} {a_day:>16,.0f}   {most}"
            )
    click.echo("calls/s while a run lasts, 40 of 60 seconds; messages a day over the whole day")


if __name__ == "__main__":
    main()
