"""The model beside a measurement: how fast a lane of the local stack sends, and how fast the model says it does.

    .venv/bin/python -m benchmarks.scale.check [--texts 200]

The first run, in which the mock takes a second for each call, tells what else a turn of an invocation takes here: the
emulated SQS and DynamoDB, and two processors for all of it, are not AWS's. With that the model says how fast the lane
is when the mock takes three, with the same setting and with one that makes each invocation call in two rounds.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.rates import lane_rate, send_seconds
from benchmarks.scale.stack import Lane, read_stack
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

PARAMETERS = {"FirstReportAfterSeconds": "3000"}
LONGEST = 300.0
# Of the texts: those between are timed, so that neither the first invocations nor the last ones count.
_FROM, _TO = 0.25, 0.9
QUICK, SLOW = 1000.0, 3000.0
# How far the model may be off.
_OFF = 0.2


def measured(texts: int, answer: float, concurrency: int) -> float:
    """Return the texts a second that a fresh local stack's bulk lane sends."""
    parameters = PARAMETERS | {"SendConcurrency": str(concurrency)}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=86_400, parameters=parameters, directory=Path(folder)) as stack,
        MockControl(str(stack.mock_url)) as mock,
    ):
        mock.add_fault(endpoint="send", kind="slow", seconds=answer / 1000)
        queue(stack, texts)
        end = time.monotonic() + LONGEST
        while len(mock.messages) < texts and time.monotonic() < end:
            time.sleep(0.5)
        return pace([datetime.fromisoformat(message["at"]).timestamp() for message in mock.messages])


def queue(stack: LocalStack, texts: int) -> None:
    """Put texts on the bulk queue, one number each, ten at a time."""
    for start in range(0, texts, 10):
        requests = [{"to": f"23480301{at:05d}", "msg": "Hello", "id": f"check-{at}"} for at in range(start, start + 10)]
        entries: Any = [{"Id": str(at), "MessageBody": json.dumps(each)} for at, each in enumerate(requests)]
        stack.clients.sqs.send_message_batch(QueueUrl=stack.environment["KOBO_BULK_QUEUE_URL"], Entries=entries)


def pace(moments: Sequence[float]) -> float:
    """Return how many a second came in the middle of these moments."""
    ordered = sorted(moments)
    first, last = int(len(ordered) * _FROM), int(len(ordered) * _TO)
    return (last - first) / (ordered[last] - ordered[first])


def bulk_lane(concurrency: int) -> Lane:
    """Return the lane that the template makes of a setting."""
    return read_stack({"SendConcurrency": str(concurrency)}, Inputs()).bulk


@click.command()
@click.option("--texts", default=200, show_default=True, type=click.IntRange(50, 10_000))
def main(texts: int) -> None:
    """Print both; exit 1 if the model is off by more than a fifth."""
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    lane, quick = bulk_lane(10), replace(Inputs(), answer=QUICK)
    turn = lane.invocations * lane.batch / measured(texts, QUICK, 10) * 1000
    here = replace(quick, between=turn - send_seconds(lane, lane.batch, 1.0, quick) * 1000, answer=SLOW)
    click.echo(
        f"answers after {QUICK:.0f} ms: a turn of {turn:.0f} ms, of which the model knows {turn - here.between:.0f}"
    )
    off = [tell(concurrency, texts, here) for concurrency in (10, 20)]
    sys.exit(max(off) > _OFF)


def tell(concurrency: int, texts: int, here: Inputs) -> float:
    """Print what was measured and what the model says; return how far that is off."""
    said, was = lane_rate(bulk_lane(concurrency), 1.0, here), measured(texts, here.answer, concurrency)
    click.echo(
        f"{here.answer:.0f} ms, SendConcurrency {concurrency}: measured {was:.1f} texts a second, model {said:.1f}"
    )
    return abs(said / was - 1)


if __name__ == "__main__":
    main()
