"""Ten thousand requests through the local stack while a tenth of all answers is lost or failing.

    .venv/bin/python -m benchmarks.storm [--requests 10000]

Ends with exit 1 unless every request came to a final state, each SMS was executed exactly once, and the mock's list,
its charges and the table agree.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from kobo_cli.connection import Connection, local_connection
from kobo_cli.demo_check import disagreements
from kobo_cli.request_status import Status, build, is_settled
from kobo_sms.dynamodb import decode
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


@click.command()
@click.option("--requests", "count", default=10_000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--longest", default=1800.0, show_default=True, help="Seconds after which it is given up.")
def main(count: int, longest: float) -> None:
    """Run the storm and say how it went."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=2.0, parameters=PARAMETERS, directory=Path(folder)) as stack,
        MockControl(str(stack.mock_url)) as mock,
    ):
        for seed, fault in enumerate(FAULTS):
            mock.add_fault(endpoint="send", probability=0.1 / len(FAULTS), seed=seed, **fault)
        connection, start = local_connection(stack.environment), time.monotonic()
        before = Decimal(str(mock.account["balance"]))
        queue(connection, count)
        click.echo(f"queued {count:,} requests in {time.monotonic() - start:.0f} s")
        statuses = wait(connection, count, start + longest)
        took = time.monotonic() - start
        messages, after = mock.messages, Decimal(str(mock.account["balance"]))
        outcomes = Counter(call["fault"] or call["outcome"] for call in mock.list_calls(endpoint="send"))
    faults = disagreements(statuses, messages, before - after)
    unsettled = count - sum(map(is_settled, statuses))
    click.echo(f"{count - unsettled:,} final after {took:.0f} s; states {states_of(statuses)}")
    click.echo(f"{sum(outcomes.values()):,} calls of send/: {dict(outcomes.most_common())}")
    click.echo(
        f"{len(messages):,} SMS executed, {len({(m['message_uuid'], m['to']) for m in messages}):,} different ones"
    )
    for found in faults[:20]:
        click.echo(found, err=True)
    sys.exit(1 if faults or unsettled else 0)


def queue(connection: Connection, count: int) -> None:
    """Put the requests on both lanes, one in ten on the priority queue."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda start: _queue_ten(connection, start, count), range(0, count, 10)))


def wait(connection: Connection, count: int, end: float) -> list[Status]:
    """Return the status of each request once all are settled, or as they are at `end` (monotonic seconds)."""
    while True:
        statuses = list(_statuses(connection))
        settled = sum(map(is_settled, statuses))
        click.echo(f"  {settled:,} of {count:,} final")
        if settled == count or time.monotonic() > end:
            return statuses
        time.sleep(10)


def states_of(statuses: list[Status]) -> dict[str, int]:
    """Return how many recipients are in each state."""
    return dict(sum((Counter(status["counts"]) for status in statuses), Counter()))


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
