"""The valve's and the account's items, the queues and the topic in memory: what outlives a check that dies.

A method of a store is one call of DynamoDB, as test_valve_store.py and test_credit_store.py hold the real ones to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kobo_sms.credit.store import Account
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.table import History
from kobo_sms.valve.call_window import CallWindow, KnownCalls
from kobo_sms.valve.changes import CHANGES
from kobo_sms.valve.state import Valve
from kobo_sms.valve.store import SeenMapping, ValveSnapshot


@dataclass
class MemoryValve:
    """What ValveStore keeps."""

    known: ValveSnapshot = field(default_factory=lambda: ValveSnapshot(Valve(), CallWindow(), 0, {}))

    def report(self, new: CallWindow, stale: CallWindow, now: float) -> KnownCalls:
        self.known = replace(self.known, window=_without(self.known.window + new, stale))
        return KnownCalls(frozenset(self.known.valve.closed), self.known.window)

    def read(self) -> ValveSnapshot:
        return self.known

    def write(
        self,
        valve: Valve,
        version: int,
        stale: CallWindow = CallWindow(),  # noqa: B008 - immutable
        changes: History | None = None,
    ) -> bool:
        if version != self.known.version:
            return False
        kept, window = replace(valve, holds=self.known.valve.holds), _without(self.known.window, stale)
        item = self.known.item if changes is None else CHANGES.attributes(changes)
        self.known = replace(self.known, valve=kept, version=version + 1, window=window, item=item)
        return True

    def note_mappings(self, states: Mapping[Lane, str], now: float) -> None:
        self.known = replace(self.known, mappings={lane: SeenMapping(state, now) for lane, state in states.items()})


@dataclass
class MemoryAccount:
    """What CreditStore keeps."""

    account: Account = field(default_factory=Account)
    readings: list[Decimal] = field(default_factory=list)

    def record_balance(self, balance: Decimal, *, now: float) -> None:
        self.readings.append(balance)

    def read(self) -> Account:
        return self.account

    def write(self, account: Account) -> Account | None:
        if account.version != self.account.version:
            return None
        self.account = replace(account, version=account.version + 1)
        return self.account


@dataclass
class MemoryQueues:
    """SQS: message ids with the moment from which they can be received, by lane."""

    clock: Callable[[], float]
    messages: dict[str, dict[str, float]] = field(default_factory=lambda: {lane: {} for lane in LANES})
    _made: int = 0

    def put(self, lane: Lane, count: int) -> None:
        self.messages[lane] |= {f"m{self._made + at}": 0.0 for at in range(count)}
        self._made += count

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        queue, now = self.messages[asked["QueueUrl"]], self.clock()
        taken = [name for name, visible in queue.items() if visible <= now][: asked["MaxNumberOfMessages"]]
        queue |= dict.fromkeys(taken, now + asked["VisibilityTimeout"])
        sent_at = {"SentTimestamp": str(int(now * 1000))}
        return {"Messages": [{"MessageId": n, "ReceiptHandle": n, "Body": n, "Attributes": sent_at} for n in taken]}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        queue = self.messages[QueueUrl]
        queue |= {
            e["ReceiptHandle"]: self.clock() + e["VisibilityTimeout"] for e in Entries if e["ReceiptHandle"] in queue
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        self.messages[QueueUrl].pop(ReceiptHandle, None)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        count = str(len(self.messages[QueueUrl]))
        return {"Attributes": {"QueueArn": f"arn:aws:sqs:eu-west-1:1:{QueueUrl}", "ApproximateNumberOfMessages": count}}


@dataclass
class MemoryTopic:
    """SNS: kinds, ids and texts in the order in which they were published."""

    published: list[tuple[str, str, str]] = field(default_factory=list)

    def publish(self, *, Message: str, MessageAttributes: Any, **_: Any) -> None:  # noqa: N803
        kind, alert_id = (MessageAttributes[name]["StringValue"] for name in ("kind", "id"))
        self.published.append((kind, alert_id, Message))


def _without(window: CallWindow, stale: CallWindow) -> CallWindow:
    counts = {key: count for key, count in window.counts.items() if key not in stale.counts}
    return CallWindow(counts, window.signals - stale.signals)
