"""The table's stream and Lambda's mapping that works it off, which feeds publish_status.

It has draws of its own (`Hardship`), and nothing else in a world depends on what comes of it: the rest of a world lives
as if nobody told anything. So it is done in half of the worlds only, which keeps them cheap.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kobo_sms.composition.events import build_publisher
from local_aws.stream_shard import Record, StreamShard
from tests.robustness.simulation.hardship import draw_hardship
from tests.robustness.simulation.publications import HOUR, START
from tests.robustness.simulation.publishing import SECONDS, Maker, Publishing
from tests.robustness.simulation.timeline import Frame
from tests.robustness.telling.stream import MAPPING, Image, TableStream, give_up_note

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

_ONE_IN = 2
# Lambda tries the same records again ever more rarely.
_LONGEST_WAIT = 900.0
# The older a world is the more rarely Lambda looks: weeks of waiting, write by write, would take all the time.
_RARER, _RAREST = 0.05, 6 * HOUR
# Records and recipients handed out, after which all is well: hardship makes the same things be told again and again.
_ENOUGH = 2000


@dataclass
class Feed:
    """One shard: what Lambda has still to hand out, whether it is at it, and how often in a row that failed."""

    number: int
    shard: StreamShard
    busy: bool = False
    failures: int = 0


class Telling:
    """Takes in the writes of a world's table and has them told, by `publishing`."""

    def __init__(self, world: World, seed: int, make: Maker = build_publisher) -> None:
        self.tells = seed % _ONE_IN == 0
        self._world, self._rng = world, random.Random(f"telling {seed}")
        hardship = draw_hardship(self._rng)
        self.publishing = Publishing(world, self._rng, hardship, make)
        self.stream = TableStream(hardship.shards)
        self._handed_out = 0
        mapping = replace(MAPPING, batch_size=hardship.batch_size)
        self._feeds = [Feed(number, StreamShard(mapping)) for number in range(hardship.shards)]

    @property
    def done(self) -> bool:
        """Whether nothing is left to tell."""
        return not any(feed.busy for feed in self._feeds)

    def written(self, old: Image | None, new: Image) -> None:
        """Take in one write of the table."""
        # The mapping's filter lets no other record through; most writes of a world are such.
        if not self.tells or "message_uuid" not in new:
            return
        self.publishing.written(new)
        record = self.stream.write(old, new, self._world.now)
        if record is not None:
            feed = self._feeds[self.stream.shard_of(record)]
            feed.shard.add([record])
            self._go_on(feed)

    def _go_on(self, feed: Feed) -> None:
        if feed.shard.waiting and not feed.busy:
            feed.busy = True
            self._world.timeline.plan(self._next_look(feed), partial(self._start, partial(self._work, feed)))

    def _next_look(self, feed: Feed) -> float:
        now, delay = self._world.now, self.publishing.hardship.delay
        if feed.failures:
            return now + min(_LONGEST_WAIT, 2.0**feed.failures)
        if len(feed.shard.waiting) > feed.shard.mapping.batch_size:
            return now
        return now + self._rng.uniform(0, max(delay, min(_RAREST, _RARER * (now - START))))

    def _start(self, work: Callable[[], Any]) -> None:
        self._world.timeline.start(work, Frame(self._world.now + SECONDS, mortal=True))

    def _work(self, feed: Feed) -> None:
        """Do what Lambda does when it looks at a shard."""
        if given_up := feed.shard.give_up(self._world.now):
            self._world.note("given up", len(given_up))
            self.publishing.outside.take_note(give_up_note(feed.number, given_up))
        if batch := feed.shard.batch():
            self._hand_out(feed, batch)
        feed.busy = False
        self._go_on(feed)

    def _hand_out(self, feed: Feed, batch: list[Record]) -> None:
        chaos, hardship = self.publishing.chaos, self.publishing.hardship
        if chaos.happens(hardship.twice):
            # Lambda's poller moved on: the batch is at two invocations at once.
            self._start(partial(self.publishing.invoke, batch))
        answer = self.publishing.invoke(batch)
        # A place in the stream that was not noted is where it goes on from.
        noted = not chaos.happens(hardship.again)
        done = noted and feed.shard.answered(batch, answer, failed=answer is None)
        feed.failures = 0 if done else min(feed.failures + 1, 12)
        self._wear_off(batch)

    def _wear_off(self, batch: list[Record]) -> None:
        self._handed_out += sum(1 + len(record["dynamodb"]["NewImage"]["recipients"]["M"]) for record in batch)
        if self._handed_out > _ENOUGH:
            self.publishing.ease()
