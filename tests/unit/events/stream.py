"""A stream and what it feeds: items, records and an EventBridge that refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from kobo_sms.aws.dynamodb import encode
from kobo_sms.events.bus import EventBus
from kobo_sms.events.lookup import Lookup
from kobo_sms.events.publisher import Publisher
from kobo_sms.events.unpublished import Unpublished
from kobo_sms.runtime import Deadline
from kobo_sms.table import Item

ONE, TWO = "2348030100001", "2348030100002"
SECRET_TEXT = "Your PIN is 4711"


def part(request: str = "order-1", name: str = "0", **attributes: Any) -> Item:
    """An item of a part, as send_sms writes it."""
    return {
        "id": request,
        "part": name,
        "state": "sending",
        "message_uuid": f"uuid-{request}-{name}",
        "text": SECRET_TEXT,
        "created_at": Decimal("1800000000.25"),
        "updated_at": Decimal("1800000001.5"),
        "expires": Decimal(1802592000),
        "recipients": {ONE: {}, TWO: {}},
        **attributes,
    }


def record(sequence: int, old: Item | None, new: Item | None) -> dict[str, Any]:
    """A record of the stream as Lambda hands it out."""
    item = new or old or {}
    images = {name: encode(image) for name, image in (("OldImage", old), ("NewImage", new)) if image is not None}
    keys = encode({"id": item["id"], "part": item["part"]})
    return {
        "eventID": f"event-{sequence}",
        "dynamodb": {"SequenceNumber": str(sequence), "Keys": keys, **images},
    }


class Refused(Exception):
    """What a bus or a queue raises as a whole."""


@dataclass
class FakeEvents:
    """EventBridge: `refuse` gives the error code of an entry, "" for none; `fail` raises for a whole call."""

    refuse: Callable[[dict[str, Any]], str] = lambda _: ""
    fail: Callable[[Sequence[dict[str, Any]]], None] = lambda _: None
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls.append(Entries)
        assert 1 <= len(Entries) <= 10
        assert sum(len(entry["Detail"].encode()) for entry in Entries) < 256_000
        self.fail(Entries)
        codes = [self.refuse(entry) for entry in Entries]
        self.taken += [entry for entry, code in zip(Entries, codes, strict=True) if not code]
        answers = [{"ErrorCode": code} if code else {"EventId": "x"} for code in codes]
        return {"FailedEntryCount": sum(map(bool, codes)), "Entries": answers}

    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.taken]


@dataclass
class FakeQueue:
    """SQS, or one that fails `failures` times."""

    failures: int = 0
    notes: list[dict[str, Any]] = field(default_factory=list)

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl == "queue"
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.notes.append(json.loads(MessageBody))


@dataclass
class FakeTable:
    """DynamoDB's BatchWriteItem; `leave` tells which requests of a call stay unprocessed."""

    leave: Callable[[list[Any]], list[Any]] = lambda _: []
    written: Counter[tuple[str, str]] = field(default_factory=Counter)

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((table, requests),) = RequestItems.items()
        assert len(requests) <= 25
        left = self.leave(requests)
        for request in requests:
            if request not in left:
                item = request["PutRequest"]["Item"]
                self.written[item["id"]["S"], item["part"]["S"]] += 1
        return {"UnprocessedItems": {table: left} if left else {}}


@dataclass
class Stage:
    """A publisher over fakes."""

    events: FakeEvents = field(default_factory=FakeEvents)
    queue: FakeQueue = field(default_factory=FakeQueue)
    table: FakeTable = field(default_factory=FakeTable)
    waits: list[float] = field(default_factory=list)
    now: float = 0.0

    def publisher(self) -> Publisher:
        bus = EventBus(cast(Any, self.events), "stack", self.waits.append)
        lookup = Lookup(cast(Any, self.table), "table", self.waits.append)
        return Publisher(bus, Unpublished(cast(Any, self.queue), "queue"), lookup)

    def deadline(self) -> Deadline:
        return Deadline(60.0, lambda: self.now)
