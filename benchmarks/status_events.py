"""Ten thousand SMS through the local stack, and every status event of them heard by a rule of EventBridge.

    .venv/bin/python -m benchmarks.status_events [--requests 10000] [--longest 1800]

Ends with exit 1 unless the last event of each recipient says what the table says, and what the mock's own list says of
every SMS that it executed.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from benchmarks.storm import PARAMETERS, last_change, queue, settled_of, wait
from kobo_cli.connection import Connection, local_connection
from kobo_cli.demo.check import disagreements
from kobo_cli.events.documents import Document
from kobo_cli.events.rule_and_queue import Clients
from kobo_cli.events.temporary_queue import TemporaryQueue, temporary_queue
from kobo_sms.aws.dynamodb import decode
from kobo_sms.messages.recipients import recipients_of
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

# Request id, part, number.
Place = tuple[str, str, str]
Row = Mapping[str, Any]


@dataclass
class Ear:
    """What a rule and its queue have brought: the events as they came, and when each was heard (epoch seconds)."""

    queue: TemporaryQueue
    events: list[Document] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)

    def listen(self) -> bool:
        """Take what comes next; False when nothing came for twenty seconds."""
        found = [document for document in self.queue.take() if document is not None]
        self.events += found
        self.heard_at += [time.time()] * len(found)
        return bool(found)

    def listen_on(self, enough: threading.Event) -> None:
        """Listen until it is `enough` and nothing comes any more."""
        while self.listen() or not enough.is_set():
            pass

    def lags(self) -> list[float]:
        """Return the seconds from each change of state to when its first event was heard, sorted."""
        first: dict[str, float] = {}
        for event, heard_at in zip(self.events, self.heard_at, strict=True):
            first.setdefault(event["event_id"], heard_at - datetime.fromisoformat(event["at"]).timestamp())
        return sorted(first.values())


@contextmanager
def hearing(stack: LocalStack) -> Iterator[Ear]:
    """Have the status events of a stack brought to an Ear until the context is left."""
    clients = Clients(stack.clients.sqs, stack.clients.events)
    with temporary_queue(clients, "kobo-sms", None, time.time) as queue:
        yield Ear(queue)


def last_told(events: Sequence[Document]) -> dict[Place, tuple[str, str | None]]:
    """Return the state and the message id that the last event of each recipient says, whatever order they came in."""
    told: dict[Place, tuple[str, str | None]] = {}
    for event in sorted(events, key=lambda each: str(each["at"])):
        for each in event["recipients"]:
            told[event["id"], event["part"], each["to"]] = each["state"], each["msgid"]
    return told


def differences(
    events: Sequence[Document],
    items: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
    spent: Decimal,
) -> list[str]:
    """Return a sentence for each recipient of whom the events, the table and the mock say different things.

    Parameters
    ----------
    items
        The parts in the table.
    messages
        As `GET /_mock/messages` lists them.
    spent
        By how much the balance went down.
    """
    told, found = last_told(events), []
    statuses = []
    for item in items:
        recipients = []
        for to, each in recipients_of(item).items():
            state, msgid = told.pop((item["id"], item["part"], to), ("nothing", None))
            if (state, msgid) != (each.state, each.msgid):
                found.append(f"{item['id']}/{item['part']}, {to}: {state} was told, the table says {each.state}")
            recipients.append({"to": to, "state": state, "msgid": msgid})
        parts = [{"message_uuid": item["message_uuid"]}]
        statuses.append({"id": f"{item['id']}/{item['part']}", "parts": parts, "recipients": recipients})
    found += [f"told of {place[0]}/{place[1]}, which is not in the table" for place in told]
    return found + disagreements(statuses, messages, spent)


def parts_of(connection: Connection) -> list[dict[str, Any]]:
    """Return the parts in the table."""
    pages = connection.dynamodb.get_paginator("scan").paginate(TableName=connection.variables["KOBO_TABLE"])
    found = (decode(item) for page in pages for item in page["Items"] if "message_uuid" in item)
    return list(found)


@click.command()
@click.option("--requests", "count", default=10_000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--longest", default=1800.0, show_default=True, help="Seconds after which it is given up.")
def main(count: int, longest: float) -> None:
    """Send, listen, compare."""
    # It warns about things that are none of ours.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=2.0, parameters=PARAMETERS, directory=Path(folder)) as stack,
        MockControl(str(stack.mock_url)) as mock,
        hearing(stack) as ear,
    ):
        wrong = run(stack, mock, ear, count, longest)
    for each in wrong[:20]:
        click.echo(f"  {each}", err=True)
    sys.exit(bool(wrong))


def run(stack: LocalStack, mock: MockControl, ear: Ear, count: int, longest: float) -> list[str]:
    """Send so many requests of one number each, print how it went, and return what does not agree."""
    connection, start, begun = local_connection(stack.environment), time.monotonic(), time.time()
    before = Decimal(str(mock.account["balance"]))
    enough = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(ear.listen_on, enough)
        queue(connection, count)
        statuses = wait(connection, count, start + longest)
        enough.set()
        click.echo(f"{settled_of(statuses):,} of {count:,} SMS final after {last_change(statuses, begun):.0f} s")
        heard.result()
    spent = before - Decimal(str(mock.account["balance"]))
    wrong = differences(ear.events, parts_of(connection), mock.messages, spent)
    tell(ear, begun)
    click.echo(
        f"{len(wrong):,} differences between the events, the table and the mock's list of {len(mock.messages):,}"
    )
    unsettled = count - settled_of(statuses)
    return [*wrong, *(f"{unsettled:,} requests are not final" for _ in range(unsettled > 0))]


def tell(ear: Ear, begun: float) -> None:
    """Print how many events were heard, how fast, and how long after the changes."""
    lags, took = ear.lags(), max(ear.heard_at, default=begun) - begun
    click.echo(
        f"{len(lags):,} changes told by {len(ear.events):,} events in {took:.0f} s ({len(lags) / took:.0f} a second)"
    )
    at = {share: lags[min(len(lags) - 1, int(share * len(lags)))] for share in (0.5, 0.99, 1.0)} if lags else {}
    click.echo("heard after " + ", ".join(f"{seconds:.2f} s ({share:.0%})" for share, seconds in at.items()))


if __name__ == "__main__":
    main()
