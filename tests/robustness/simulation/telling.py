"""The table's stream, Lambda's mapping that works it off, and publish_status, which it feeds.

It has draws of its own (`Hardship`), and nothing else in a world depends on what comes of it: the rest of a world lives
as if nobody told anything. So it is done in half of the worlds only, which keeps them cheap.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import publish_status.handler
from kobo_sms.composition.events import EventApp, EventClients, build_publisher
from kobo_sms.events.publisher import Publisher
from local_aws.stream_shard import Record, StreamShard
from tests.robustness.simulation.chaos import Chaos, Crash
from tests.robustness.simulation.hardship import Hardship, draw_hardship
from tests.robustness.simulation.publications import HOUR, START
from tests.robustness.simulation.timeline import Frame
from tests.robustness.telling.changes import moment_of
from tests.robustness.telling.outside import QUEUE, TABLE, Outside, throttled
from tests.robustness.telling.stream import MAPPING, Image, TableStream, give_up_note, handed_out

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

ENVIRONMENT = {
    "STACK_NAME": "kobo-sms",
    "KOBO_TABLE": TABLE,
    "UNPUBLISHED_QUEUE_URL": QUEUE,
    "FIND_BY_NUMBER": "true",
}
_ONE_IN = 2
# template.yaml's time-out.
SECONDS = 60.0
# Lambda tries the same records again ever more rarely.
_LONGEST_WAIT = 900.0
# The older a world is the more rarely Lambda looks: weeks of waiting, write by write, would take all the time.
_RARER, _RAREST = 0.05, 6 * HOUR
# Records and recipients handed out, after which all is well.
_ENOUGH = 2000
SILENT: Any = SimpleNamespace(info=lambda *_, **__: None, error=lambda *_, **__: None)
UNCOUNTED: Any = SimpleNamespace(add_metric=lambda *_: None, metric_set={})
Maker = Callable[..., Publisher]


@dataclass
class Feed:
    """One shard: what Lambda has still to hand out, whether it is at it, and how often in a row that failed."""

    number: int
    shard: StreamShard
    busy: bool = False
    failures: int = 0


class Telling:
    """Takes in the writes of a world's table and has them told; `outside` has what came of it."""

    def __init__(self, world: World, seed: int, make: Maker = build_publisher) -> None:
        self._world, self._make = world, make
        self.tells = seed % _ONE_IN == 0
        self.rng = random.Random(f"telling {seed}")
        self.hardship: Hardship = draw_hardship(self.rng)
        self.chaos = Chaos(self.rng, world.timeline.wait, self._stall)
        self.chaos.odds = self.hardship.odds
        self.outside = Outside(self._refuse, self._leave, self._fail)
        self.stream = TableStream(self.hardship.shards)
        self._met = 0
        mapping = replace(MAPPING, batch_size=self.hardship.batch_size)
        self._feeds = [Feed(number, StreamShard(mapping)) for number in range(self.hardship.shards)]

    @property
    def done(self) -> bool:
        """Whether nothing is left to tell."""
        return not any(feed.busy for feed in self._feeds)

    def written(self, old: Image | None, new: Image) -> None:
        """Take in one write of the table."""
        # The mapping's filter lets no other record through; most writes of a world are such.
        if not self.tells or "message_uuid" not in new:
            return
        record = self.stream.write(old, new, self._world.now)
        if record is not None:
            feed = self._feeds[self.stream.shard_of(record)]
            feed.shard.add([record])
            self._go_on(feed)

    def app(self) -> EventApp:
        """Return what an invocation works with; publish_status keeps nothing from one to the next."""
        clients: Any = SimpleNamespace(**{name: partial(self._call, name) for name in _CALLS})
        publisher = self._make(ENVIRONMENT, EventClients(clients, clients, clients), self._world.timeline.wait)
        return EventApp(publisher, self._world.clock, SILENT, UNCOUNTED)

    def _go_on(self, feed: Feed) -> None:
        if feed.shard.waiting and not feed.busy:
            feed.busy = True
            self._world.timeline.plan(self._next_look(feed), partial(self._start, partial(self._work, feed)))

    def _start(self, work: Callable[[], Any]) -> None:
        self._world.timeline.start(work, Frame(self._world.now + SECONDS, mortal=True))

    def _work(self, feed: Feed) -> None:
        """Hand out a batch, as Lambda does."""
        if given_up := feed.shard.give_up(self._world.now):
            self._world.note("given up", len(given_up))
            self.outside.take_note(give_up_note(feed.number, given_up))
        batch = feed.shard.batch()
        self._wear_off(batch)
        if self.chaos.happens(self.hardship.twice):
            # Lambda's poller moved on: the batch is at two invocations at once.
            self._start(partial(self._invoke, batch))
        answer = self._invoke(batch) if batch else {}
        feed.failures = min(feed.failures + 1, 12)
        # A place in the stream that was not noted is where it goes on from.
        if not self.chaos.happens(self.hardship.again) and feed.shard.answered(batch, answer, failed=answer is None):
            feed.failures = 0
        feed.busy = False
        self._go_on(feed)

    def _wear_off(self, batch: list[Record]) -> None:
        """Hardship ends once enough has met it: it makes the same things be told again and again."""
        self._met += sum(1 + len(record["dynamodb"]["NewImage"]["recipients"]["M"]) for record in batch)
        if self._met > _ENOUGH:
            self.hardship = Hardship(self.hardship.shards, delay=self.hardship.delay)
            self.chaos.odds = self.hardship.odds

    def _next_look(self, feed: Feed) -> float:
        now = self._world.now
        if feed.failures:
            return now + min(_LONGEST_WAIT, 2.0**feed.failures)
        if len(feed.shard.waiting) > self.hardship.batch_size:
            return now
        return now + self.rng.uniform(0, max(self.hardship.delay, min(_RAREST, _RARER * (now - START))))

    def _invoke(self, batch: list[Record]) -> dict[str, Any] | None:
        """Invoke publish_status; None if it dies."""
        world = self._world
        end = world.now + SECONDS
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: (end - world.now) * 1000)
        answer = None
        try:
            answer = publish_status.handler.handle({"Records": handed_out(batch)}, cast("Any", context))
        except Crash:
            world.note("crash of publish_status")
        except Exception as error:  # noqa: BLE001 - whatever it raises is a bug to report
            world.ledger.accuse(f"publish_status: {type(error).__name__}: {error}")
        else:
            world.note("told", len(batch), *(each["itemIdentifier"] for each in answer["batchItemFailures"]))
        return answer

    def _stall(self) -> None:
        self._world.timeline.wait(self.rng.uniform(0, self.rng.choice((5.0, 70.0))))

    def _call(self, name: str, **asked: Any) -> Any:
        return self.chaos.around(_CALLS[name], lambda: getattr(self.outside, name)(**asked))

    def _refuse(self, text: str) -> str:
        event = json.loads(text)
        item = self._world.dynamodb.items.get((event["id"], event["part"]))
        if item is None or moment_of(item) < event["at"]:
            self._world.ledger.accuse(f"{event['id']}/{event['part']}: told before it was in the table")
        if self.hardship.is_malformed(event["event_id"]):
            return "MalformedDetail"
        return "ThrottlingException" if self.chaos.happens(self.hardship.refused) else ""

    def _leave(self) -> bool:
        return self.chaos.happens(self.hardship.left)

    def _fail(self, operation: str) -> None:
        begin, end = self.hardship.outage
        down = operation == "PutEvents" and begin <= self._world.now < end
        if down or self.chaos.happens(self.hardship.throttled):
            raise throttled(operation)


_CALLS = {
    "put_events": "events.put_events",
    "batch_write_item": "dynamodb.batch_write_item",
    "send_message": "sqs.send_message",
}
