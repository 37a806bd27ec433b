"""What a row says of its limit, and a backlog of when it is empty."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from benchmarks.peers.gateway import OURS, USUAL
from benchmarks.peers.lambda_fleet import Backlog, QueueMessage
from benchmarks.peers.measuring import Run
from benchmarks.peers.plan import Results
from benchmarks.peers.table import Row, rows_of
from tests.benchmarks.peers.runs import RUN


def row_of(run: Run) -> Row:
    return next(row for row in rows_of(Results(pace=[replace(run, latency=0.0), run]), [], 100) if "50 ms" in row.what)


def test_the_limit_is_the_calls_at_once_by_the_latency() -> None:
    row = row_of(RUN)
    assert (row.measured, row.limit, row.ratio, row.note) == (1000, 2000, 0.5, "50 ms between two calls")


def test_fewer_calls_than_at_once_take_one_latency() -> None:
    assert row_of(replace(RUN, send_calls=20)).limit == 200_000


def test_it_is_said_when_the_processors_do_not_allow_more() -> None:
    processors = os.cpu_count() or 1
    row = row_of(replace(RUN, cpu=9.5 * processors, cpu_around=0.5 * processors))
    assert row.note == "the processors, doubles included: 1,000"


def test_in_batches_the_limit_is_a_third_of_the_usual_lambdas() -> None:
    runs = [replace(RUN, batch=10, latency=0.0, cpu=cpu, gateway=name) for name, cpu in ((OURS, 1.0), (USUAL, 6.0))]
    ours, usual = rows_of(Results(pace=runs, batches=runs), [], 100)[-2:]
    assert [ours.measured, ours.limit] == pytest.approx([0.1, 0.2])
    assert usual.limit is None


def message(name: str) -> QueueMessage:
    return QueueMessage(name, "{}", "BulkQueue", 0.0, {})


def test_what_comes_back_or_is_queued_anew_is_handed_out_again() -> None:
    backlog = Backlog([message("a"), message("b")])
    taken = backlog.take(10)
    backlog.settle(taken, ["b"], [message("c")])
    again = backlog.take(10)
    assert [(each.id, each.receives) for each in again] == [("c", 1), ("b", 2)]
    backlog.settle(again, [], [])
    assert backlog.take(10) == []


def test_nobody_leaves_while_something_may_still_come_back() -> None:
    backlog, found = Backlog([message("a")]), list[QueueMessage]()
    taken = backlog.take(1)
    other = threading.Thread(target=lambda: found.extend(backlog.take(1)))
    other.start()
    backlog.settle(taken, ["a"], [])
    other.join(10)
    assert [each.id for each in found] == ["a"]
