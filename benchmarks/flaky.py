"""How fast texts go out while KoboMobile loses a share of its answers, or refuses a share of the calls.

    .venv/bin/python -m benchmarks.flaky [--requests 600] [--shares 0,3,5,10,30,50,100] [--kinds lost,error_gw]
        [--no-kill | --kill | --both] [--longest 180] [--outage 150] [--seed 0]

Each row is a fresh local stack, its functions warmed up, and a mock KoboMobile that takes 50 ms for each call of
send/. Its faults hit at random: `lost` executes the call and loses the answer (a reset, an empty body, an HTML page in
equal parts), `error_gw` refuses it. credit/ and report/ always work. All requests, of one number each, are put on the
priority queue at once. With --kill one process of send_sms is killed every one to three seconds until 90 % of the texts
are accepted. Seconds count from the moment before the first request is queued.

`allowed` compares with what the good answers allow: the row without faults of the same run and the same setting of
--kill, times the share of good answers. Texts are `accepted` once the table knows of an answer that accepted them.
A row of 100 % is an outage of --outage seconds; then the mock is healed, and --longest counts from there.

Ends with exit 1 if a text was executed twice, or, in a row below 100 %, not at all.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.workers import workers_of
from kobo_cli import valve_orders
from kobo_cli.connection import Connection, local_connection
from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.messages.lanes import Lane
from local_aws.stack import LocalStack, running_stack
from mock_kobo.app import create_app
from mock_kobo.control_client import MockControl
from mock_kobo.wsgi_server import MockServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PARAMETERS = {
    "SendConcurrency": "20",
    "RetryBaseSeconds": "1",
    "RetryMaxSeconds": "4",
    "HttpTimeoutSeconds": "2",
    # With waits of seconds for minutes, the usual 12 attempts are used up in seconds too.
    "MaxAttempts": "100",
    # The poller shall not compete for the processors.
    "FirstReportAfterSeconds": "3000",
}
LATENCY = 0.05
LANE = Lane.PRIORITY
LOST, ERROR_GW = "lost", "error_gw"
KINDS = (LOST, ERROR_GW)
LOST_ANSWERS = ("reset", "empty", "html_503")
# What a killed process held comes back after this. The template says 90 s, which would be most of each row; the
# function's 30 s and the lease's one more fit in.
VISIBILITY_SECONDS = 35
KILL_EVERY = (1.0, 3.0)
WARM_UP_REQUESTS, WARM_UP_SECONDS = 60, 60.0
LOOK_EVERY, COUNT_EVERY = 0.5, 2.0
MOST = 0.9
# Calls of an outage are counted once it has been noticed.
NOTICED_AFTER = 30.0


@dataclass(frozen=True)
class Case:
    """What is wrong in a row: the share of the answers (0 to 1), how, and whether processes are killed."""

    share: float
    kind: str
    kill: bool

    @property
    def is_outage(self) -> bool:
        """Whether nothing works."""
        return self.share >= 1


@dataclass(frozen=True)
class Options:
    """What all rows have in common; times in seconds."""

    requests: int
    longest: float
    outage: float
    seed: int


@dataclass(frozen=True)
class Row:
    """What was measured: moments in seconds after queueing, sorted; `closed` has the valve's seconds by cause.

    `ended` is when it was over, or given up; `healed` when an outage was.
    """

    case: Case
    requests: int
    executed: list[float]
    accepted: list[float]
    calls: list[float]
    closed: dict[str, float]
    kills: int
    ended: float
    healed: float | None
    numbers: int

    @property
    def doubled(self) -> int:
        """How many executions there were of what had been executed before."""
        return len(self.executed) - self.numbers

    @property
    def failed(self) -> bool:
        """Whether it breaks a promise."""
        return self.doubled > 0 or (not self.case.is_outage and self.numbers < self.requests)

    def after(self, moments: Sequence[float], share: float) -> float | None:
        """Return when `share` of the requests had come so far, None if they never did."""
        wanted = math.ceil(share * self.requests)
        return moments[wanted - 1] if len(moments) >= wanted else None

    def rate(self, moments: Sequence[float]) -> float:
        """Return texts a second until most had come so far; if they never did, until the row was given up."""
        end = self.after(moments, MOST)
        return len(moments) / self.ended if end is None else math.ceil(MOST * self.requests) / end


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


@click.command()
@click.option("--requests", default=600, show_default=True, type=click.IntRange(10, 90_000))
@click.option("--shares", default="0,3,5,10,30,50,100", show_default=True, help="Per cent, by commas.")
@click.option("--kinds", default=",".join(KINDS), show_default=True, help="What becomes of that share, by commas.")
@click.option("--no-kill", "kills", flag_value="no", help="Kill nothing.")
@click.option("--kill", "kills", flag_value="yes", help="Kill a process of send_sms every one to three seconds.")
@click.option("--both", "kills", flag_value="no,yes", default=True, help="All rows without, then with (the default).")
@click.option("--longest", default=180.0, show_default=True, help="Seconds after which a row is given up.")
@click.option("--outage", default=150.0, show_default=True, help="Seconds that a share of 100 % lasts.")
@click.option("--seed", default=0, show_default=True, help="Of what is random.")
def main(requests: int, shares: str, kinds: str, kills: str, longest: float, outage: float, seed: int) -> None:
    """Run the rows and print each once it is over."""
    # The mock's own account, whatever the shell is set up for.
    for name in ("KOBO_USER", "KOBO_PASS"):
        os.environ.pop(name, None)
    # It warns whenever a process makes a second stack.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    options = Options(requests, longest, outage, seed)
    runs = [list(cases(shares, kinds, kill=kill == "yes")) for kill in kills.split(",")]
    tell_header()
    failed = [run_all(run, options) for run in runs]
    sys.exit(any(failed))


def run_all(run: list[Case], options: Options) -> bool:
    """Measure and print the rows, each beside the first; return whether one broke a promise."""
    rows: list[Row] = []
    for case in run:
        rows.append(measure(case, options))
        tell(rows[-1], best=rows[0])
    return any(row.failed for row in rows)


def cases(shares: str, kinds: str, *, kill: bool) -> Iterator[Case]:
    """Return the rows to run, the one without faults first: the others are compared with it."""
    if unknown := set(kinds.split(",")) - set(KINDS):
        raise click.UsageError(f"--kinds {','.join(sorted(unknown))}: there are {', '.join(KINDS)}")
    given = sorted({_share(text) for text in shares.split(",")} - {0.0})
    yield Case(0.0, "none", kill)
    for kind in kinds.split(","):
        yield from (Case(share, kind, kill) for share in given)


def measure(case: Case, options: Options) -> Row:
    """Run one row on a stack of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        slow_kobomobile() as url,
        MockControl(url) as mock,
        running_stack(every=1.0, kobo_url=url, parameters=PARAMETERS, directory=Path(folder)) as stack,
    ):
        connection, enough = local_connection(stack.environment), threading.Event()
        make_ready(connection, mock, options.requests)
        for number, fault in enumerate(faults_of(case)):
            mock.add_fault(endpoint="send", seed=1000 * options.seed + number, **fault)
        watch, begun = Watch(connection, options.requests, enough), time.time()
        with killing(stack, options.seed, enough) if case.kill else no_killing() as killed:
            healed = run_to_its_end(watch, mock, case, options)
        stack.check()
        return _row(case, options, watch, mock, begun, healed, len(killed))


def run_to_its_end(watch: Watch, mock: MockControl, case: Case, options: Options) -> float | None:
    """Queue the texts and wait until all are accepted or it took too long; return when an outage ended (epoch)."""
    healed = None
    with ThreadPoolExecutor(1) as pool:
        queued = pool.submit(queue, watch.connection, "flaky", options.requests)
        if case.is_outage:
            watch.run(options.outage, to_the_end=True)
            mock.clear_faults()
            healed = time.time()
        watch.run(options.longest, to_the_end=False)
    queued.result()
    return healed


def faults_of(case: Case) -> Iterator[dict[str, Any]]:
    """Return the mock's faults. It draws for one after the other until one hits, so the later ones need better odds."""
    if case.kind == ERROR_GW:
        yield {"answer": "error_gw", "probability": case.share}
    elif case.kind == LOST:
        each = case.share / len(LOST_ANSWERS)
        for number, kind in enumerate(LOST_ANSWERS):
            yield {"kind": kind, "when": "after", "probability": min(each / (1 - number * each), 1.0)}


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


def tell_header() -> None:
    """Print what the columns are."""
    click.echo(
        "share  kind      kill  90 % after s  all after s  accepted/s  allowed  executed/s  allowed  closed s"
        "          calls  a text  doubled  accepted"
    )


def tell(row: Row, best: Row) -> None:
    """Print a row."""
    case, good = row.case, 1 - row.case.share
    columns = (
        f"{case.share:>5.0%}  {case.kind:<8}  {'yes' if case.kill else 'no':<4}",
        f"{_seconds(row.after(row.accepted, MOST)):>12}  {_seconds(row.after(row.accepted, 1)):>11}",
        f"{row.rate(row.accepted):>10.1f}  {_share_of(row.rate(row.accepted), good * best.rate(best.accepted)):>7}",
        f"{row.rate(row.executed):>10.1f}  {_share_of(row.rate(row.executed), good * best.rate(best.executed)):>7}",
        f"{_closed(row.closed):<16}  {len(row.calls):>5}  {len(row.calls) / row.requests:>6.2f}",
        f"{row.doubled:>7}  {len(row.accepted):,} of {row.requests:,}",
    )
    click.echo("  ".join(columns))
    for note in _notes(row):
        click.echo(f"       {note}")


def _notes(row: Row) -> Iterator[str]:
    if row.numbers < row.requests:
        yield f"{row.requests - row.numbers:,} texts were never executed, {row.ended:.0f} s after queueing"
    if row.case.kill:
        yield f"{row.kills} processes killed"
    if row.healed is not None:
        calls = sum(NOTICED_AFTER <= at < row.healed for at in row.calls)
        minutes = (row.healed - NOTICED_AFTER) / 60
        yield f"{calls / minutes:.1f} calls a minute after the first {NOTICED_AFTER:g} s of the outage"
        yield f"healed after {row.healed:.0f} s; from then until all were executed {_healed(row, row.executed)}"
        yield f"until 90 % were accepted {_healed(row, row.accepted, MOST)}, all {_healed(row, row.accepted)}"


def _healed(row: Row, moments: Sequence[float], share: float = 1.0) -> str:
    at = row.after(moments, share)
    return "-" if at is None or row.healed is None else f"{max(at - row.healed, 0):.1f} s"


def _row(
    case: Case, options: Options, watch: Watch, mock: MockControl, begun: float, healed: float | None, kills: int
) -> Row:
    ended, messages = time.time(), mock.messages
    return Row(
        case,
        options.requests,
        _moments(messages, begun),
        [at - begun for at in accepted_at(watch.connection)],
        _moments(mock.list_calls(endpoint="send"), begun),
        watch.closed,
        kills,
        ended - begun,
        None if healed is None else healed - begun,
        len({message["to"] for message in messages}),
    )


def _moments(listed: Iterable[dict[str, Any]], begun: float) -> list[float]:
    return sorted(datetime.fromisoformat(each["at"]).timestamp() - begun for each in listed)


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


def _share(text: str) -> float:
    try:
        share = float(text) / 100
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise click.UsageError(f"--shares {text}: give per cent, such as 0,3,5")
    return share


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _share_of(rate: float, allowed: float) -> str:
    return f"{rate / allowed:.0%}" if allowed > 0 else "-"


def _closed(closed: dict[str, float]) -> str:
    return ", ".join(f"{seconds:.0f} {cause}" for cause, seconds in closed.items()) or "0"


if __name__ == "__main__":
    main()
