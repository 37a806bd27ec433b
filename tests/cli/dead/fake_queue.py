"""An SQS queue as one that shows itself badly: at most ten a receive, in any order, with repeats and gaps."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kobo_sms.messages.lanes import Lane

ARN = "arn:aws:sqs:eu-west-1:123456789012:"


@dataclass
class FakeQueue:
    """The client of one queue; `gaps` and `repeats` are how likely an empty receive, or a message twice, is.

    `visible_at` holds each message with the moment from which it is visible.
    """

    clock: Callable[[], float]
    gaps: float = 0.0
    repeats: float = 0.0
    visible_at: dict[str, float] = field(default_factory=dict)
    receives: int = 0
    most_held: int = 0
    refuses: bool = False
    on_receive: Callable[[], None] = lambda: None
    _random: random.Random = field(default_factory=lambda: random.Random(7))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _handles: Any = field(default_factory=itertools.count)
    _asked: dict[str, str] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)

    def put(self, count: int) -> None:
        """Put so many messages, all visible."""
        self.visible_at |= {f"m{at}": 0.0 for at in range(len(self.visible_at), len(self.visible_at) + count)}

    def hidden(self) -> set[str]:
        """Return the messages that nobody can receive now."""
        return {name for name, at in self.visible_at.items() if at > self.clock()}

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        with self._lock:
            self.on_receive()
            self.receives += 1
            if self._random.random() < self.gaps:
                return {}
            now, most = self.clock(), self._random.randint(1, asked["MaxNumberOfMessages"])
            if not self._order:
                self._order = [name for name, at in self.visible_at.items() if at <= now]
                self._random.shuffle(self._order)
            taken = [self._order.pop() for _ in range(min(most, len(self._order)))]
            taken = [name for name in taken if self.visible_at.get(name, now + 1) <= now]
            self.visible_at |= dict.fromkeys(taken, now + asked["VisibilityTimeout"])
            self._order += [name for name in taken if self._random.random() < self.repeats and self._show(name)]
            return {"Messages": [self._message(name) for name in taken]} if taken else {}

    def _show(self, name: str) -> bool:
        self.visible_at[name] = 0.0
        return True

    def _message(self, name: str) -> dict[str, Any]:
        handle = f"{name}#{next(self._handles)}"
        self._asked[handle] = name
        attributes = {"SentTimestamp": "1800000000000", "ApproximateReceiveCount": "1"}
        attributes["DeadLetterQueueSourceArn"] = ARN + Lane.BULK
        return {"MessageId": name, "ReceiptHandle": handle, "Body": "{}", "Attributes": attributes}

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        assert 1 <= len(asked["Entries"]) <= 10
        with self._lock:
            if self.refuses:
                return {"Failed": [{"Id": each["Id"]} for each in asked["Entries"]]}
            for each in asked["Entries"]:
                self.visible_at[self._asked[each["ReceiptHandle"]]] = self.clock() + each["VisibilityTimeout"]
        return {}

    def delete_message(self, **asked: Any) -> None:
        with self._lock:
            self.visible_at.pop(self._asked[asked["ReceiptHandle"]], None)

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        hidden = len(self.hidden())
        return {
            "Attributes": {
                "MessageRetentionPeriod": "1209600",
                "ApproximateNumberOfMessages": str(len(self.visible_at) - hidden),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
                "ApproximateNumberOfMessagesDelayed": "0",
            }
        }
