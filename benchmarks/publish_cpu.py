"""Processor time of publish_status for a change of the table's stream, in full batches and one by one.

    .venv/bin/python -m benchmarks.publish_cpu [--batches 100]

In this process, with the real clients: parameters are checked, serialised and signed, answers are parsed. Only
the wire is missing, as each call is answered before it is sent. The changes of a batch are those of texts that send_sms
and poll_reports work on side by side: claimed, sent, asked about in vain (1.4 times of 2.4), final.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from kobo_sms.composition.aws import make_client
from kobo_sms.composition.events import EventClients, build_publisher
from kobo_sms.events.publisher import Publisher
from kobo_sms.runtime import Deadline

SAMPLE = Path(__file__).parents[1] / "events" / "stream.json"
# Of each text: how many of a hundred changes are of this kind (4.4 changes a text).
CLAIMED, SENT, ASKED, FINAL = 23, 23, 32, 22


class Answer:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._body


def answer(request: AWSRequest, **_: Any) -> AWSResponse:
    """Answer a call as AWS does that takes everything."""
    entries = json.loads(request.body).get("Entries", ())
    body = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": str(at)} for at, _ in enumerate(entries)]})
    return AWSResponse(str(request.url), 200, HTTPHeaders(), Answer(body.encode()))


def client(name: str) -> Any:
    """Return a client as the function has it, but for the wire."""
    made = make_client(name)
    made.meta.events.register("before-send", answer)
    return made


def publisher() -> Publisher:
    """Return the publisher that ships."""
    env = {"STACK_NAME": "benchmark", "KOBO_TABLE": "messages", "FIND_BY_NUMBER": "true"}
    env |= {"UNPUBLISHED_QUEUE_URL": "https://sqs.invalid/queue"}
    clients = EventClients(client("events"), client("sqs"), client("dynamodb"))
    return build_publisher(env, clients, time.sleep)


def batch(of: int) -> list[dict[str, Any]]:
    """Return so many changes of different parts, in the proportions above."""
    claimed, sent, *_ = json.loads(SAMPLE.read_text())["Records"]
    asked, final = copy.deepcopy(sent), copy.deepcopy(sent)
    for record in (asked, final):
        record["dynamodb"]["OldImage"] = copy.deepcopy(sent["dynamodb"]["NewImage"])
    (known,) = final["dynamodb"]["NewImage"]["recipients"]["M"].values()
    known["M"] |= {"state": {"S": "delivered"}, "report": {"S": "DELIVRD"}}
    hundred = [claimed] * CLAIMED + [sent] * SENT + [asked] * ASKED + [final] * FINAL
    return [_another(hundred[at * 37 % len(hundred)], at) for at in range(of)]


def _another(record: dict[str, Any], at: int) -> dict[str, Any]:
    made = copy.deepcopy(record)
    change = made["dynamodb"]
    for item in (change["Keys"], change["NewImage"], change.get("OldImage", {})):
        item["id"] = {"S": f"order-{at:030d}"}
    change["SequenceNumber"] = str(10**20 + at)
    return made


def processor_ms(changes: int, batches: int) -> float:
    """Return the milliseconds of processor time that a batch of so many changes takes."""
    publish, records = publisher(), batch(changes)
    used = 0.0
    for at in range(batches + 3):
        # The first ones load what is loaded when it is needed.
        begun = time.process_time() if at >= 3 else None
        done = publish.publish(records, Deadline.in_seconds(60.0, time.time))
        assert not done.failed
        used += time.process_time() - begun if begun is not None else 0.0
    return used / batches * 1000


@click.command()
@click.option("--batches", default=100, show_default=True, type=click.IntRange(1, 10_000))
def main(batches: int) -> None:
    """Print what a batch takes, and from a large and a small one what a batch and a change take."""
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "benchmark")
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    few, many = processor_ms(1, batches * 10), processor_ms(100, batches)
    click.echo(f"a batch of 1     {few:.2f} ms")
    click.echo(f"a batch of 100   {many:.2f} ms, {many / 100:.2f} ms a change")


if __name__ == "__main__":
    main()
