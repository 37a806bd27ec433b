"""What `benchmarks.flaky` measures on: a KoboMobile that is slow, texts to send, a look at them from outside, killed
processes."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from benchmarks.flaky_table import MOST
from benchmarks.workers import workers_of
from kobo_cli import valve_orders
from kobo_cli.connection import Connection
from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.messages.lanes import Lane
from local_aws.stack import LocalStack
from mock_kobo.app import create_app
from mock_kobo.control_client import MockControl
from mock_kobo.wsgi_server import MockServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LATENCY = 0.05
LANE = Lane.PRIORITY
# What a killed process held comes back after this. The template says 90 s, which would be most of each row; the
# function's 30 s and the lease's one more fit in.
VISIBILITY_SECONDS = 35
KILL_EVERY = (1.0, 3.0)
WARM_UP_REQUESTS, WARM_UP_SECONDS = 60, 60.0
LOOK_EVERY, COUNT_EVERY = 0.5, 2.0


@dataclass
class Watch:
    """Looks at a stack from outside: for how long the valve is closed and for what, how many texts are accepted."""

    connection: Connection
    requests: int
    enough: threading.Event
    closed: dict[str, float] = field(default_factory=dict)
    accepted: int = 0

    def run(self, seconds: float, *, to_the_end: bool) -> None:
        """Look for so many seconds, or until all texts are accepted, unless it is to be `to_the_end`."""
        now = time.monotonic()
        end = counted = now + seconds
        while now < end and (to_the_end or self.accepted < self.requests):
            time.sleep(LOOK_EVERY)
            before, now = now, time.monotonic()
            self._note_valve(now - before)
            if abs(now - counted) >= COUNT_EVERY:
                self._count()
                counted = now

    def _note_valve(self, seconds: float) -> None:
        closed = valve_orders.read(self.connection).valve.closed.get(LANE)
        if closed is not None:
            self.closed[closed.cause] = self.closed.get(closed.cause, 0.0) + seconds

    def _count(self) -> None:
        self.accepted = len(accepted_at(self.connection))
        if self.accepted >= MOST * self.requests:
            self.enough.set()


@contextmanager
def slow_kobomobile() -> Iterator[str]:
    """Run a mock KoboMobile in this process whose send/ takes LATENCY, good answer or bad."""
    # The mock's own fault `slow` would do for good answers only, for a call has one fault at the most.
    server = MockServer("127.0.0.1", 0, _slowed(create_app()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()


def make_ready(connection: Connection, mock: MockControl, requests: int) -> None:
    """Have the functions started and the account filled; nothing of that counts."""
    mock.set_account(balance=100 * requests + 100_000)
    connection.sqs.set_queue_attributes(
        QueueUrl=connection.queue_url(LANE), Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    )
    queue(connection, "warm-up", WARM_UP_REQUESTS)
    end = time.monotonic() + WARM_UP_SECONDS
    while connection.waiting(LANE):
        if time.monotonic() > end:
            raise click.ClickException(f"the warm-up did not end in {WARM_UP_SECONDS:g} s")
        time.sleep(LOOK_EVERY)
    mock.clear_messages()


def queue(connection: Connection, name: str, count: int) -> None:
    """Put requests of one number each on the priority queue."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda start: _queue_ten(connection, name, start, count), range(0, count, 10)))


def accepted_at(connection: Connection) -> list[float]:
    """Return when the texts were accepted (epoch seconds), sorted."""
    pages = connection.dynamodb.get_paginator("scan").paginate(
        TableName=connection.variables["KOBO_TABLE"],
        FilterExpression="begins_with(id, :name) AND attribute_exists(sent_at)",
        ExpressionAttributeValues=encode({":name": "flaky-"}),
        ProjectionExpression="sent_at",
    )
    return sorted(float(decode(item)["sent_at"]) for page in pages for item in page["Items"])


@contextmanager
def killing(stack: LocalStack, seed: int, enough: threading.Event) -> Iterator[list[int]]:
    """Kill one process of send_sms now and then until it is `enough`; fills the list with their ids."""
    killed: list[int] = []
    thread = threading.Thread(target=_kill_now_and_then, args=(stack, random.Random(seed), enough, killed))
    thread.start()
    try:
        yield killed
    finally:
        enough.set()
        thread.join()


@contextmanager
def no_killing() -> Iterator[list[int]]:
    """Kill nothing."""
    yield []


def _slowed(app: WSGIApplication) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/send"):
            time.sleep(LATENCY)
        return app(environ, start_response)

    return answer


def _queue_ten(connection: Connection, name: str, start: int, count: int) -> None:
    entries: list[Any] = [
        {
            "Id": str(at),
            "MessageBody": json.dumps({"id": f"{name}-{at}", "to": f"+23480301{at:05d}", "msg": f"No. {at}"}),
        }
        for at in range(start, min(start + 10, count))
    ]
    connection.sqs.send_message_batch(QueueUrl=connection.queue_url(LANE), Entries=entries)


def _kill_now_and_then(stack: LocalStack, chance: random.Random, enough: threading.Event, killed: list[int]) -> None:
    while not enough.wait(chance.uniform(*KILL_EVERY)):
        if found := workers_of(stack, "SendSms"):
            victim = chance.choice(found)
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)
