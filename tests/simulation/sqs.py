"""SQS, simulated: two lanes and a dead-letter queue, with what SQS does to those who rely on it too much.

Delivers in any order, at times twice, makes visible again what is not deleted in time, moves to the dead-letter
queue what was received too often, and deletes silently what is 14 days old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.chaos import Chaos

RETENTION = 14 * 86_400
PRIORITY, BULK, DEAD = "priority", "bulk", "dead"
# template.yaml's time-outs.
VISIBILITY = {PRIORITY: 90.0, BULK: 180.0}


@dataclass
class Stored:
    """One message. `redriven`: SQS itself moved it to the dead-letter queue."""

    id: str
    body: str
    attributes: dict[str, str]
    lane: str
    sent_at: float
    visible_at: float
    receives: int = 0
    redriven: bool = False
    ghost: bool = False


@dataclass
class FakeSQS:
    """The three queues; `lost` names what was deleted for its age."""

    chaos: Chaos
    clock: Callable[[], float]
    note: Callable[..., None]
    max_receives: int = 1000
    messages: dict[str, Stored] = field(default_factory=dict)
    dead: list[Stored] = field(default_factory=list)
    lost: list[Stored] = field(default_factory=list)
    made: int = 0

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Any) -> dict[str, Any]:  # noqa: N803
        self.chaos.around("sqs.send_message", lambda: self.put(QueueUrl, MessageBody, _texts(MessageAttributes)))
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        refused = [entry for entry in Entries if self.chaos.happens(self.chaos.odds.partial)]

        def put() -> None:
            for entry in Entries:
                if entry not in refused:
                    self.put(QueueUrl, entry["MessageBody"], _texts(entry["MessageAttributes"]))

        self.chaos.around("sqs.send_message_batch", put)
        return {"Failed": [{"Id": entry["Id"]} for entry in refused]}

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> None:
        def change() -> None:
            message = self.messages.get(ReceiptHandle.partition("#")[0])
            if message is None:
                raise ClientError({"Error": {"Code": "MessageNotInflight"}}, "ChangeMessageVisibility")
            message.visible_at = self.clock() + VisibilityTimeout

        assert 0 <= VisibilityTimeout <= 43_200, QueueUrl
        self.chaos.around("sqs.change_message_visibility", change)

    def put(self, queue: str, body: str, attributes: dict[str, str], delay: float = 0.0) -> str:
        """Queue a message; return its id."""
        self.made += 1
        now = self.clock()
        stored = Stored(f"m{self.made}", body, attributes, queue, now, now + delay)
        if queue == DEAD:
            self.dead.append(stored)
            self.note("dead", attributes.get("RequestId", ""), attributes.get("Part", ""), attributes.get("Reason", ""))
        else:
            self.messages[stored.id] = stored
        return stored.id

    def next_visible(self, lane: str) -> float | None:
        """Return when the lane has something to receive."""
        return min((each.visible_at for each in self.messages.values() if each.lane == lane), default=None)

    def receive(self, lane: str, most: int) -> list[tuple[Stored, str]]:
        """Take up to `most` visible messages, each with its receipt handle."""
        self.expire()
        now, rng = self.clock(), self.chaos.rng
        visible = [each for each in self.messages.values() if each.lane == lane and each.visible_at <= now]
        taken = rng.sample(visible, min(most, len(visible)))
        return [(each, f"{each.id}#{each.receives}") for each in taken if self._receive(each, now)]

    def _receive(self, message: Stored, now: float) -> bool:
        message.receives += 1
        if message.receives > self.max_receives:
            self.note("redriven", message.id, message.receives)
            del self.messages[message.id]
            message.redriven = True
            self.dead.append(message)
            return False
        message.visible_at = now + VISIBILITY[message.lane]
        if self.chaos.happens(self.chaos.odds.duplicate):
            message.visible_at = now + self.chaos.rng.uniform(0, 5)
        return True

    def expire(self) -> None:
        """Delete what is 14 days old."""
        now = self.clock()
        for message in [each for each in self.messages.values() if now - each.sent_at >= RETENTION]:
            self.note("deleted by age", message.id)
            self.lost.append(self.messages.pop(message.id))

    def delete(self, handle: str) -> None:
        """Delete a message; once in a while it is delivered once more all the same."""
        message = self.messages.get(handle.partition("#")[0])
        if message is None:
            return
        if not message.ghost and self.chaos.happens(self.chaos.odds.duplicate):
            message.ghost, message.visible_at = True, self.clock() + self.chaos.rng.uniform(1, 4000)
        else:
            del self.messages[message.id]


def _texts(attributes: Any) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in attributes.items()}
