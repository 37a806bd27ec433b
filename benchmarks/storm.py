"""Ten thousand requests through the local stack while a tenth of all answers is lost or failing.

    .venv/bin/python -m benchmarks.storm [--requests 10000] [--longest 1800] [--no-compare]

The same requests go through a fresh stack without faults first, to tell how much longer the storm takes. Final is what
has its delivery report, so both times hold the wait for the first question (5 s) and the poller's work.
Ends with exit 1 unless every request came to a final state, each SMS was executed exactly once, the mock's list, its
charges and the table agree, and the storm took at most one and a half times as long.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from kobo_cli.connection import Connection, local_connection
from kobo_cli.demo.check import disagreements
from kobo_cli.reports.request import Status, build, is_settled
from kobo_sms.aws.dynamodb import decode
from local_aws.stack import running_stack
from mock_kobo.control_client import MockControl

PARAMETERS = {
    "SendConcurrency": "20",
    "RetryBaseSeconds": "1",
    "RetryMaxSeconds": "4",
    "HttpTimeoutSeconds": "2",
    "FirstReportAfterSeconds": "5",
}
# Together a tenth of all answers: each is drawn in turn, so the shares add up.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "reset", "when": "after"},
    {"kind": "html_503", "when": "after"},
    {"kind": "empty", "when": "before"},
    {"kind": "garbage", "when": "after"},
    {"answer": "error_gw"},
    {"answer": "error_billing"},
)
# How many times as long as without faults it may take.
MOST = 1.5


@dataclass(frozen=True)
class Result:
    """How a run went: the requests that are final and the seconds until the last was or it was given up, those until
    the last SMS was executed, what is wrong, and the same in words."""

    settled: int
    took: float
    executed_after: float
    wrong: list[str]
    words: list[str]


@click.command()
@click.option("--requests", "count", default=10_000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--longest", default=1800.0, show_default=True, help="Seconds after which a run is given up.")
@click.option("--compare/--no-compare", default=True, show_default=True, help="Run it without faults first.")
def main(count: int, longest: float, compare: bool) -> None:
    """Run the storm and say how it went."""
    # It warns whenever a process makes a second stack.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    storm_alone = [("the storm", FAULTS)]
    runs = [("without faults", ()), *storm_alone] if compare else storm_alone
    results = [show(name, run(count, longest, faults)) for name, faults in runs]
    ratio = tell_ratio(*results) if compare else 0.0
    sys.exit(any(result.wrong or result.settled < count for result in results) or ratio > MOST)


def run(count: int, longest: float, faults: Sequence[Mapping[str, Any]]) -> Result:
    """Send the requests through a stack of their own while the faults are in force."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=2.0, parameters=PARAMETERS, directory=Path(folder)) as stack,
        MockControl(str(stack.mock_url)) as mock,
    ):
        for seed, fault in enumerate(faults):
            mock.add_fault(endpoint="send", probability=0.1 / len(faults), seed=seed, **fault)
        connection, start, begun = local_connection(stack.environment), time.monotonic(), time.time()
        before = Decimal(str(mock.account["balance"]))
        queue(connection, count)
        click.echo(f"queued {count:,} requests in {time.monotonic() - start:.0f} s")
        statuses = wait(connection, count, start + longest)
        # They are looked at every ten seconds only; the table knows better when the last one was final.
        took = last_change(statuses, begun) if settled_of(statuses) == count else time.time() - begun
        executed_after = _last((message["at"] for message in mock.messages), begun)
        wrong, words = judge(statuses, mock, before)
    return Result(settled_of(statuses), took, executed_after, wrong, words)


def judge(statuses: list[Status], mock: MockControl, before: Decimal) -> tuple[list[str], list[str]]:
    """Return in what the table and the mock disagree, and how it went in words; `before` is the balance then."""
    messages, after = mock.messages, Decimal(str(mock.account["balance"]))
    calls = Counter(call["fault"] or call["outcome"] for call in mock.list_calls(endpoint="send"))
    different = len({(message["message_uuid"], message["to"]) for message in messages})
    words = [
        f"states {states_of(statuses)}",
        f"{sum(calls.values()):,} calls of send/: {dict(calls.most_common())}",
        f"{len(messages):,} SMS executed, {different:,} different ones",
    ]
    return disagreements(statuses, messages, before - after), words


def show(name: str, result: Result) -> Result:
    """Print how a run went, and return it."""
    click.echo(
        f"{name}: {result.settled:,} final after {result.took:.0f} s, executed after {result.executed_after:.0f} s"
    )
    for line in result.words:
        click.echo(f"  {line}")
    for found in result.wrong[:20]:
        click.echo(f"  {found}", err=True)
    return result


def tell_ratio(calm: Result, storm: Result) -> float:
    """Print and return how many times as long the storm took."""
    ratio = storm.took / calm.took
    click.echo(f"{ratio:.2f} times as long in the storm as without faults (at most {MOST})")
    return ratio


def queue(connection: Connection, count: int) -> None:
    """Put the requests on both lanes, one in ten on the priority queue."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda start: _queue_ten(connection, start, count), range(0, count, 10)))


def wait(connection: Connection, count: int, end: float) -> list[Status]:
    """Return the status of each request once all are settled, or as they are at `end` (monotonic seconds)."""
    while True:
        statuses = list(_statuses(connection))
        settled = settled_of(statuses)
        click.echo(f"  {settled:,} of {count:,} final")
        if settled == count or time.monotonic() > end:
            return statuses
        time.sleep(10)


def settled_of(statuses: list[Status]) -> int:
    """Return how many requests are final."""
    return sum(map(is_settled, statuses))


def last_change(statuses: list[Status], begun: float) -> float:
    """Return the seconds until the last recipient changed."""
    return _last((each["updated_at"] for status in statuses for each in status["recipients"]), begun)


def states_of(statuses: list[Status]) -> dict[str, int]:
    """Return how many recipients are in each state."""
    counts: Counter[str] = sum((Counter(status["counts"]) for status in statuses), Counter())
    return {str(state): count for state, count in counts.items()}


def _last(moments: Iterable[str], begun: float) -> float:
    return max((datetime.fromisoformat(at).timestamp() - begun for at in moments), default=0.0)


def _queue_ten(connection: Connection, start: int, count: int) -> None:
    entries: list[Any] = [
        {
            "Id": str(at),
            "MessageBody": json.dumps({"id": f"storm-{at}", "to": f"+23480301{at:05d}", "msg": f"No. {at}"}),
        }
        for at in range(start, min(start + 10, count))
    ]
    lane = "priority" if start % 100 == 0 else "bulk"
    connection.sqs.send_message_batch(QueueUrl=connection.queue_url(lane), Entries=entries)


def _statuses(connection: Connection) -> Iterator[Status]:
    pages = connection.dynamodb.get_paginator("scan").paginate(TableName=connection.variables["KOBO_TABLE"])
    for page in pages:
        for item in map(decode, page["Items"]):
            if item["id"].startswith("storm-"):
                yield build([item])


if __name__ == "__main__":
    main()
