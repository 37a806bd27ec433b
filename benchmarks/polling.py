"""Twenty thousand pending messages polled to their end, against the mock with 100 ms latency.

    .venv/bin/python -m benchmarks.polling [--messages 20000] [--latency 0.1] [--losing 0.1]

The table is MiniStack's in a process of its own (it is quicker than moto and keeps conditions under threads); the mock
is a process too, its answers held back by its own fault `late`; in this one is the poller, the deployed code, and
nothing else. Half of the messages are in parts of 500 recipients, half in parts of one (`--singles`).
Ends with exit 1 unless all are final in the table. With `--losing` a share of the answers is lost on the way, and one
run is made: what it finds out per second shows what the losses cost beyond their share.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any, cast

import boto3
import click

from kobo_sms.aws.dynamodb import encode
from kobo_sms.aws.statements import send_as_encoded
from kobo_sms.composition.aws import AWS
from kobo_sms.kobomobile.answers import Accepted, Lost, ReportAnswer
from kobo_sms.kobomobile.client import Credentials, KoboClient
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.reports.counts import Tally
from kobo_sms.reports.poller import MOST_CALLS_AT_ONCE, WRITES_AT_ONCE, Poller
from kobo_sms.reports.settings import ReportSettings
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending.records import describe, due_shard
from kobo_sms.table import moment
from local_aws.processes.child import HOST, Child, started
from local_aws.processes.ports import reserved
from local_aws.processes.programs import ACCESS_KEY, REGION, SECRET_KEY, engine, mock
from mock_kobo.control_client import MockControl

TABLE = "messages"
USER, PASSWORD = "bench", "bench-pass"
SENDER = "Bench"
# What the handler leaves of an invocation's minute.
RUN_SECONDS, LEASE_SECONDS = 40.0, 60.0
CAMPAIGN = 500


@dataclass
class Timings:
    """Seconds that each kind of call took, as its caller saw it."""

    of: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def watch(self, client: Any) -> None:
        """Time every call of an AWS client."""
        client.meta.events.register("before-call", lambda context, **_: context.update(begun=time.perf_counter()))
        client.meta.events.register("after-call", self._ended)

    def _ended(self, context: dict[str, Any], model: Any, **_: Any) -> None:
        self.of[model.name].append(time.perf_counter() - context["begun"])


class Login:
    """Credentials without a secret."""

    def current(self) -> tuple[str, str]:
        """Return user and password."""
        return USER, PASSWORD


class TimedClient(KoboClient):
    """Times its calls, and loses a share of their answers."""

    def __init__(self, url: str, timings: Timings, connections: int, losing: float) -> None:
        super().__init__(url, cast("Credentials", Login()), timeout=10, connections=connections)
        self._timings = timings
        self._losing = losing
        self._random = random.Random(1)

    def report(self, msgid: str) -> ReportAnswer:
        """Ask, and note how long it took."""
        begun = time.perf_counter()
        answer = super().report(msgid)
        self._timings.of["report/"].append(time.perf_counter() - begun)
        return Lost("by the benchmark") if self._random.random() < self._losing else answer


@click.command()
@click.option("--messages", default=20_000, show_default=True, type=click.IntRange(1000, 1_000_000))
@click.option("--latency", default=0.1, show_default=True, help="Seconds that the mock takes for an answer.")
@click.option("--at-once", default=MOST_CALLS_AT_ONCE, show_default=True, help="Calls at once, at the most.")
@click.option("--singles", default=0.5, show_default=True, help="The share of the messages in parts of one recipient.")
@click.option(
    "--losing", default=0.0, show_default=True, help="The share of the answers that is lost; one run is made."
)
def main(messages: int, latency: float, at_once: int, singles: float, losing: float) -> None:
    """Poll them all and say how it went beside the limits."""
    with running_surroundings() as (dynamodb, kobo, processes):
        kobo.set_account(user=USER, password=PASSWORD, balance=10 * messages)
        kobo.set_clock(delivery_seconds=0)
        fill(dynamodb, kobo, messages, singles)
        click.echo(f"{messages:,} messages pending")
        kobo.add_fault(endpoint="report", kind="late", seconds=latency)
        timings = Timings()
        begun, used = time.perf_counter(), {name: processor_seconds(pid) for name, pid in processes.items()}
        tallies = list(runs(dynamodb, kobo, timings, at_once, losing))
        took = time.perf_counter() - begun
        used = {name: processor_seconds(pid) - used[name] for name, pid in processes.items()}
        final = count_final(dynamodb)
    tell(messages, tallies, timings, took, used, at_once, final)
    sys.exit(final < messages and not losing)


@contextmanager
def running_surroundings() -> Iterator[tuple[Any, MockControl, dict[str, int]]]:
    """Run the table and the mock; yield their clients, and the processes by what they are."""
    with (
        tempfile.TemporaryDirectory() as folder,
        reserved(0, "--aws-port") as aws_port,
        reserved(0, "--port") as mock_port,
    ):
        directory = Path(folder)
        (directory / "work").mkdir()
        with (
            started(engine(aws_port, directory)) as table,
            started(mock(mock_port, directory)) as gateway,
            MockControl(f"http://{HOST}:{mock_port}") as kobo,
        ):
            table.wait_until_ready()
            gateway.wait_until_ready()
            yield make_table(aws_port), kobo, {"poller": os.getpid(), "table": _pid(table), "mock": _pid(gateway)}


def make_table(port: int) -> Any:
    """Make the table with the index of what is due; return its client."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{HOST}:{port}",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=AWS,
    )
    key, due = [("id", "HASH"), ("part", "RANGE")], [("due_shard", "HASH"), ("due_at", "RANGE")]
    types: dict[str, Any] = {"id": "S", "part": "S", "due_shard": "S", "due_at": "N"}
    index: Any = {"IndexName": "due", "KeySchema": _schema(due), "Projection": {"ProjectionType": "KEYS_ONLY"}}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema(key),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()],
        GlobalSecondaryIndexes=[index],
    )
    return send_as_encoded(client)


def _schema(key: list[tuple[str, str]]) -> Any:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in key]


def _pid(child: Child) -> int:
    return child.process.pid


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far (Linux)."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def fill(dynamodb: Any, mock: MockControl, messages: int, singles: float) -> None:
    """Send the messages and put their parts into the table as send_sms leaves them, due by now."""
    client = KoboClient(mock.base_url, cast("Credentials", Login()), timeout=60, connections=1)
    for at in range(0, messages, CAMPAIGN):
        numbers = tuple(
            f"23480{3 + index % 3}{1_000_000 + at + index}" for index in range(min(CAMPAIGN, messages - at))
        )
        answer = client.send(Part(Request(f"send-{at}", numbers, "Hello"), 0.0), sender=SENDER)
        assert isinstance(answer, Accepted)
        if at < messages * (1 - singles):
            put(dynamodb, [item(f"campaign-{at}", answer.ids)])
        else:
            put(dynamodb, [item(f"single-{number}", {number: msgid}) for number, msgid in answer.ids.items()])


def item(request_id: str, ids: dict[str, str]) -> dict[str, Any]:
    """Return a part's item whose reports are due."""
    part, now = Part(Request(request_id, tuple(ids), "Hello"), time.time() - 121), time.time()
    known = describe(part, sender=SENDER, store_text=False)
    known["recipients"] = {number: {"msgid": msgid} for number, msgid in ids.items()}
    due = {"due_shard": due_shard(part), "due_at": moment(now - 1), "sent_at": moment(now - 121)}
    return {"id": request_id, "part": "0", "state": "sent", "updated_at": moment(now - 121), **known, **due}


def put(dynamodb: Any, items: list[dict[str, Any]]) -> None:
    """Write items in batches."""
    for at in range(0, len(items), 25):
        wanted: Any = [{"PutRequest": {"Item": encode(each)}} for each in items[at : at + 25]]
        dynamodb.batch_write_item(RequestItems={TABLE: wanted})


def runs(dynamodb: Any, mock: MockControl, timings: Timings, at_once: int, losing: float) -> Iterator[Tally]:
    """Run the poller, one invocation after the other, until nothing is due; once where answers are lost."""
    timings.watch(dynamodb)
    store = ReportStore(dynamodb, TABLE, keep_seconds=86_400)
    stats = StatsStore(dynamodb, TABLE, keep_seconds=86_400)
    settings = ReportSettings(120.0, 72 * 3600.0)
    client = TimedClient(mock.base_url, timings, at_once, losing)
    with ThreadPoolExecutor(at_once + WRITES_AT_ONCE + 1) as pool:
        while True:
            runtime = Runtime(time.time, lambda low, high: (low + high) / 2, lambda: f"run-{time.time()}")
            poller = Poller(store, stats, client, settings, runtime, pool, lambda: None, at_once)
            tally = poller.run(Deadline.in_seconds(LEASE_SECONDS, time.time))
            if tally.failure is not None:
                raise tally.failure
            if not tally.parts:
                return
            click.echo(f"  a run: {tally.parts:,} parts, {tally.calls:,} calls, {tally.unanswered:,} unanswered")
            yield tally
            if losing:
                return


def count_final(dynamodb: Any) -> int:
    """Return how many recipients are delivered in the table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    recipients = (each["recipients"]["M"] for page in pages for each in page["Items"] if "recipients" in each)
    return sum(known["M"].get("state", {}).get("S") == "delivered" for part in recipients for known in part.values())


def tell(
    messages: int,
    tallies: list[Tally],
    timings: Timings,
    took: float,
    used: dict[str, float],
    at_once: int,
    final: int,
) -> None:
    """Print the figures, each beside its limit."""
    calls, asked = sum(tally.calls for tally in tallies), timings.of["report/"]
    latency = mean(asked)
    click.echo(f"{final:,} of {messages:,} final after {took:.1f} s in {len(tallies)} runs")
    click.echo(f"calls per message    {calls / messages:.3f}   the least: 1")
    click.echo(
        f"messages per second  {final / took:.0f}     concurrency / latency: {at_once} / {latency * 1000:.0f} ms"
        f" = {at_once / latency:.0f}"
    )
    click.echo(f"calls at once        {sum(asked) / took:.1f}    the most: {at_once}")
    for name, spent in used.items():
        share = f"{spent / took:.2f} of a processor"
        click.echo(f"{name:<21}{spent / calls * 1000:.2f} ms of the processor a call, {share}")
    for name, seconds in timings.of.items():
        click.echo(f"{name:<16}{len(seconds):>7,} calls, {_milliseconds(seconds)}")


def _milliseconds(seconds: Iterable[float]) -> str:
    ordered = sorted(seconds)
    high = ordered[int(len(ordered) * 0.95)]
    return f"median {median(ordered) * 1000:.1f} ms, 95 % {high * 1000:.1f} ms"


if __name__ == "__main__":
    main()
