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

import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.flaky_stack import Watch, accepted_at, killing, make_ready, no_killing, queue, slow_kobomobile
from benchmarks.flaky_table import ERROR_GW, KINDS, LOST, Case, Row, cases, tell, tell_header
from kobo_cli.connection import local_connection
from local_aws.stack import running_stack
from mock_kobo.control_client import MockControl

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
LOST_ANSWERS = ("reset", "empty", "html_503")


@dataclass(frozen=True)
class Options:
    """What all rows have in common; times in seconds."""

    requests: int
    longest: float
    outage: float
    seed: int


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


if __name__ == "__main__":
    main()
