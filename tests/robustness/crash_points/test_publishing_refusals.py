"""A share of what publish_status asks of AWS is refused, up to all of it: no change is lost, and none waits for long.

In this process and in virtual time, as a stream that nobody can publish is given up after 23 hours only.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

import publish_status.handler
from kobo_sms.composition.events import EventApp, EventClients, build_publisher
from local_aws.stream_shard import StreamShard
from tests.robustness.crash_points.selection import ALL
from tests.robustness.simulation.publishing import ENVIRONMENT, SECONDS, SILENT, UNCOUNTED
from tests.robustness.telling.outside import NOTE, Outside, throttled
from tests.robustness.telling.stream import MAPPING, give_up_note, handed_out
from tests.robustness.telling.table import START, Table
from tests.robustness.telling.told import broken
from tests.unit.events.stream import ONE

# A call of AWS; how long Lambda waits at the most before it tries the same records again.
CALL_SECONDS, LONGEST_WAIT = 0.05, 900.0
# What all of it may take at the most with half of everything refused (it takes a quarter of a minute with nothing).
PATIENCE = 240.0
STATES = ("sending", "queued", "sending", "sent")
# As many numbers as a part has at the most: their look-up entries take 20 calls.
MANY: dict[str, dict[str, Any]] = {str(2348030200000 + at): {} for at in range(500)}
WHAT = ("events", "PutEvents", "entries", "BatchWriteItem")


@dataclass
class Lambda:
    """Works a stream off in virtual time; counts the invocations, and those that ran out of time."""

    table: Table
    outside: Outside
    now: float = START
    invocations: int = 0
    timed_out: int = 0

    def run(self) -> None:
        """Hand out batches until nothing is left, ever more rarely while the same records fail."""
        shard, failures = StreamShard(MAPPING), 0
        shard.add(self.table.stream.records)
        while True:
            if given_up := shard.give_up(self.now):
                self.outside.take_note(give_up_note(0, given_up))
            batch = shard.batch()
            if not batch:
                return
            end = self.now + SECONDS
            answer = publish_status.handler.handle({"Records": handed_out(batch)}, self.context(end))
            self.invocations += 1
            self.timed_out += self.now > end
            shard.answered(batch, answer, failed=self.now > end)
            failures = failures + 1 if shard.waiting and shard.waiting[0] is batch[0] else 0
            self.pause(min(LONGEST_WAIT, 2.0**failures))

    def app(self) -> EventApp:
        clients: Any = self.outside
        publisher = build_publisher(ENVIRONMENT, EventClients(clients, clients, clients), self.pause)
        return EventApp(publisher, lambda: self.now, SILENT, UNCOUNTED)

    def context(self, end: float) -> Any:
        return SimpleNamespace(get_remaining_time_in_millis=lambda: (end - self.now) * 1000)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def notes(self) -> list[Any]:
        return [note for kind, note in self.outside.log if kind == NOTE]


WorkOff = Callable[[Table, Outside], Lambda]


@pytest.fixture
def work_off(monkeypatch: pytest.MonkeyPatch) -> WorkOff:
    """Work a table's stream off; whatever was refused, all that must hold does."""

    def work_off(table: Table, outside: Outside) -> Lambda:
        worker, fail = Lambda(table, outside), outside.fail

        def call(operation: str) -> None:
            worker.pause(CALL_SECONDS)
            fail(operation)

        outside.fail = call
        monkeypatch.setattr(publish_status.handler, "event_app", worker.app)
        worker.run()
        assert broken(table.stream, outside.log, table.readable()) == []
        return worker

    return work_off


def lives(small: int, large: int) -> Table:
    """Parts that go through all their states in turns, and parts of many numbers."""
    table = Table()
    for state in STATES:
        for at in range(small):
            table.put(f"order-{at}", state=state, recipients={ONE: {}})
    for at in range(large):
        table.put(f"many-{at}", recipients=MANY)
    return table


def refusing(what: str, share: float, seed: int) -> Outside:
    draw = random.Random(seed)

    def happens() -> bool:
        return draw.random() < share

    def fail(operation: str) -> None:
        if operation == what and happens():
            raise throttled(operation)

    if what == "events":
        return Outside(refuse=lambda _: "ThrottlingException" if happens() else "")
    return Outside(leave=happens) if what == "entries" else Outside(fail=fail)


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_share_costs_its_share(work_off: WorkOff, what: str, share: float) -> None:
    for seed in range(10) if ALL else (0,):
        worker = work_off(lives(20, 8), refusing(what, share, seed))
        assert worker.notes() == []
        assert worker.timed_out == 0
        assert worker.now - START < PATIENCE


def test_look_up_entries_that_take_long_do_not_cost_the_invocation(work_off: WorkOff) -> None:
    """Ten parts of 500 numbers in one call, and DynamoDB leaves most: a minute is not enough for all of them."""
    worker = work_off(lives(0, 10), refusing("entries", 0.7, 0))
    assert worker.timed_out == 0
    assert worker.invocations > 1


@pytest.mark.parametrize("what", WHAT)
def test_what_is_refused_for_a_day_is_named_in_the_queue(work_off: WorkOff, what: str) -> None:
    worker = work_off(lives(5, 0), refusing(what, 1.0, 0))
    assert {note["requestContext"]["condition"] for note in worker.notes()} == {"MaxRecordAgeExceeded"}


def test_what_cannot_be_kept_comes_again(work_off: WorkOff) -> None:
    """Half of what nobody can publish cannot be noted either at the first try."""
    table = lives(5, 0)
    for at in range(10):
        table.spoil(f"unreadable-{at}")
    table.put("after", recipients={ONE: {}})
    worker = work_off(table, refusing("SendMessage", 0.5, 0))
    assert {note["id"] for note in worker.notes()} == {f"unreadable-{at}" for at in range(10)}
    assert worker.invocations > 2
