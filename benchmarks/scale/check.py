"""The model beside a measurement: how fast one lane of the local stack sends, and how fast the model says it does.

    .venv/bin/python -m benchmarks.scale.check [--texts 400] [--answer 300]

The mock takes `--answer` ms for each call, as the model's KoboMobile does. What differs: two processors for all
functions and the emulated AWS together, and the emulator's own times for SQS and DynamoDB.
"""

from __future__ import annotations

import json
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
from benchmarks.scale.rates import lane_rate
from benchmarks.scale.stack import read_stack
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

PARAMETERS = {"FirstReportAfterSeconds": "3000"}
LONGEST = 300.0
# Of the texts: those between are timed, so that neither the first invocations nor the last ones count.
_FROM, _TO = 0.25, 0.9
# How far the model may be off.
_OFF = 0.2


def measured(texts: int, answer: float) -> float:
    """Return the texts a second that a fresh local stack's bulk lane sends."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=86_400, parameters=PARAMETERS, directory=Path(folder)) as stack,
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


@click.command()
@click.option("--texts", default=400, show_default=True, type=click.IntRange(50, 10_000))
@click.option("--answer", default=300.0, show_default=True, help="KoboMobile's answer, ms.")
def main(texts: int, answer: float) -> None:
    """Print both; exit 1 if the model is off by more than a fifth."""
    inputs = replace(Inputs(), answer=answer)
    lane = read_stack({}, inputs).bulk
    said, was = lane_rate(lane, 1.0, inputs), measured(texts, answer)
    limit = lane.invocations * lane.calls / answer * 1000
    click.echo(f"measured {was:.1f} texts a second, the model {said:.1f}; calls at once / answer: {limit:.1f}")
    sys.exit(abs(said / was - 1) > _OFF)


if __name__ == "__main__":
    main()
