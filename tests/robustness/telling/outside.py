"""What publish_status reaches: EventBridge, the table's look-up entries and the queue of the unpublished, in memory.

One log keeps what each of them took, in the order of time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

TABLE, QUEUE = "messages", "unpublished"
EVENT, ENTRY, NOTE = "event", "entry", "note"
# Limits of PutEvents (entries, and bytes in all) and BatchWriteItem.
_MOST_EVENTS, _MOST_BYTES, _MOST_REQUESTS = 10, 256 * 1024, 25
Call = dict[str, Any]


def throttled(operation: str) -> ClientError:
    """Return the error of a call that AWS has no room for now."""
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)


@dataclass
class Outside:
    """The clients of EventBridge, DynamoDB and SQS in one.

    `refuse` gives the error code of an event, "" for none; `leave` tells whether a look-up entry stays unprocessed;
    `fail` gets the name of an operation and may raise.
    """

    refuse: Callable[[str], str] = lambda _: ""
    leave: Callable[[], bool] = lambda: False
    fail: Callable[[str], None] = lambda _: None
    log: list[tuple[str, Any]] = field(default_factory=list)

    def put_events(self, *, Entries: Sequence[Call]) -> Call:  # noqa: N803 - boto3's name
        """Take each event that is not refused."""
        self.fail("PutEvents")
        assert 1 <= len(Entries) <= _MOST_EVENTS
        assert sum(len("".join(entry.values()).encode()) for entry in Entries) <= _MOST_BYTES
        codes = [self.refuse(entry["Detail"]) for entry in Entries]
        self.log += [(EVENT, entry["Detail"]) for entry, code in zip(Entries, codes, strict=True) if not code]
        answers = [{"ErrorCode": code, "ErrorMessage": "refused"} if code else {"EventId": "x"} for code in codes]
        return {"FailedEntryCount": sum(map(bool, codes)), "Entries": answers}

    def batch_write_item(self, *, RequestItems: dict[str, list[Call]]) -> Call:  # noqa: N803 - boto3's name
        """Write each look-up entry that is not left."""
        self.fail("BatchWriteItem")
        requests = RequestItems[TABLE]
        items = [request["PutRequest"]["Item"] for request in requests]
        keys = [(item["id"]["S"], item["part"]["S"]) for item in items]
        # DynamoDB refuses the whole call if it names a key twice.
        assert len(set(keys)) == len(requests) <= _MOST_REQUESTS
        left = [request for request in requests if self.leave()]
        self.log += [(ENTRY, key) for key, request in zip(keys, requests, strict=True) if request not in left]
        return {"UnprocessedItems": {TABLE: left} if left else {}}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> Call:  # noqa: N803 - boto3's names
        """Keep a note of what cannot be published."""
        self.fail("SendMessage")
        assert QueueUrl.endswith(QUEUE)
        self.take_note(MessageBody)
        return {"MessageId": "x", "MD5OfMessageBody": "x"}

    def take_note(self, body: str) -> None:
        """Take what Lambda itself puts on the queue, which no failure of ours keeps it from."""
        self.log.append((NOTE, json.loads(body)))
