"""Functions of the tests' own, and what they wrote down."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local_aws.stack import LocalStack

T = TypeVar("T")


def until(condition: Callable[[], T | None], seconds: float = 20) -> T:
    """Return the first true value of the condition; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Notes:
    """What a handler wrote down: a JSON value a line."""

    path: Path

    def read(self) -> list[Any]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]

    def at_least(self, count: int) -> list[Any]:
        return until(lambda: notes if len(notes := self.read()) >= count else None)


@dataclass(frozen=True)
class Consumer:
    """A function that takes messages from a queue of its own."""

    stack: LocalStack
    queue_url: str
    mapping: str
    notes: Notes = field(repr=False)

    def send(self, bodies: Sequence[str], **more: Any) -> None:
        for body in bodies:
            self.stack.clients.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, **more)

    def enable(self, enabled: bool) -> None:
        functions = self.stack.clients.functions
        functions.update_event_source_mapping(UUID=self.mapping, Enabled=enabled)
        wanted = "Enabled" if enabled else "Disabled"
        until(lambda: functions.get_event_source_mapping(UUID=self.mapping)["State"] == wanted)

    def waiting(self) -> int:
        """Messages that are in the queue, received or not."""
        found = self.stack.clients.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])
        counts = found["Attributes"]
        return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


Consume = Callable[..., Consumer]
