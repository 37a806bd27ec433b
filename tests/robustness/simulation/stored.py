"""What SQS keeps: the messages of two lanes and a dead-letter queue, and what it does to who relies on it too much.

Delivers in any order, at times twice, makes visible again what is not deleted in time, moves to the dead-letter
queue what was received too often, and deletes silently what is 14 days old.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

from kobo_sms.messages.lanes import Lane
from tests.robustness.simulation.chaos import Chaos

RETENTION = 14 * 86_400
PRIORITY, BULK, DEAD = Lane.PRIORITY, Lane.BULK, "dead"
# Of a queue the URL is its name here.
QUEUE_URLS = {lane: lane.value for lane in Lane}


@dataclass
class Stored:
    """One message. `redriven`: SQS itself moved it to the dead-letter queue; `ghost`: deleted, but comes again."""

    id: str
    body: str
    attributes: dict[str, str]
    lane: str
    sent_at: float
    visible_at: float
    receives: int = 0
    redriven: bool = False
    ghost: bool = False


@dataclass(repr=False)
class Storage:
    """The three queues; `lost` names what was deleted for its age."""

    chaos: Chaos
    clock: Callable[[], float]
    note: Callable[..., None]
    max_receives: int = 1000
    messages: dict[str, Stored] = field(default_factory=dict)
    dead: list[Stored] = field(default_factory=list)
    lost: list[Stored] = field(default_factory=list)
    made: int = 0
    _appear: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: {PRIORITY: [], BULK: []})

    def put(self, queue: str, body: str, attributes: dict[str, str]) -> str:
        """Queue a message; return its id."""
        self.made += 1
        now = self.clock()
        stored = Stored(f"m{self.made}", body, attributes, queue, now, now)
        if queue == DEAD:
            self.dead.append(stored)
            self.note("dead", attributes.get("RequestId", ""), attributes.get("Part", ""), attributes.get("Reason", ""))
        else:
            self.messages[stored.id] = stored
            self.show_at(stored, now)
        return stored.id

    def show_at(self, message: Stored, at: float) -> None:
        """Have `message` visible from `at` on."""
        message.visible_at = at
        heapq.heappush(self._appear[message.lane], (at, message.id))

    def next_visible(self, lane: str) -> float | None:
        """Return when the lane has something to receive."""
        appear = self._appear[lane]
        while appear:
            at, id_ = appear[0]
            message = self.messages.get(id_)
            if message is not None and message.visible_at == at:
                return at
            heapq.heappop(appear)
        return None

    def of(self, lane: str) -> list[Stored]:
        """Return the messages of a lane, visible or not."""
        return [each for each in self.messages.values() if each.lane == lane]

    def receive(self, lane: str, most: int, visibility: float) -> list[tuple[Stored, str]]:
        """Take up to `most` visible messages, each with its receipt handle; hide them for `visibility` seconds."""
        self.expire()
        now, rng = self.clock(), self.chaos.rng
        visible = [each for each in self.messages.values() if each.visible_at <= now and each.lane == lane]
        taken = rng.sample(visible, min(most, len(visible)))
        return [(each, f"{each.id}#{each.receives}") for each in taken if self._receive(each, now + visibility)]

    def _receive(self, message: Stored, until: float) -> bool:
        message.receives += 1
        if message.receives > self.max_receives:
            self.note("redriven", message.id, message.receives)
            del self.messages[message.id]
            message.redriven = True
            self.dead.append(message)
            return False
        again = self.chaos.happens(self.chaos.odds.duplicate)
        self.show_at(message, self.clock() + self.chaos.rng.uniform(0, 5) if again else until)
        return True

    def expire(self) -> None:
        """Delete what is 14 days old."""
        now = self.clock()
        # The oldest come first.
        for message in list(takewhile(lambda each: now - each.sent_at >= RETENTION, self.messages.values())):
            self.note("deleted by age", message.id)
            self.lost.append(self.messages.pop(message.id))

    def delete(self, handle: str) -> None:
        """Delete a message; once in a while it is delivered once more all the same."""
        message = self.messages.get(handle.partition("#")[0])
        if message is None:
            return
        if not message.ghost and self.chaos.happens(self.chaos.odds.duplicate):
            message.ghost = True
            self.show_at(message, self.clock() + self.chaos.rng.uniform(1, 4000))
        else:
            del self.messages[message.id]
