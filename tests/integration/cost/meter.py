"""What DynamoDB would bill: the changes that its stream tells, and the units of each by DynamoDB's rules.

Rules: "DynamoDB item sizes and formats", "DynamoDB read and write operations" and "Using Global Secondary Indexes in
DynamoDB" of its developer guide. A write takes a unit for each kB of the larger of the item before and after; one of an
index takes a unit when an entry comes or goes, and two when its key changes. (All entries here are smaller than a kB.)
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

import boto3

from kobo_sms.aws.dynamodb import encode
from tests.integration.template import Template

if TYPE_CHECKING:
    from tests.integration.conftest import Stack

Image = dict[str, dict[str, Any]]
WRITES = ("dynamodb.UpdateItem", "dynamodb.PutItem", "dynamodb.DeleteItem")


@dataclass(frozen=True)
class Change:
    """One write of one item: what it was and is, and the stream's record of it."""

    old: Image
    new: Image
    record: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.new["id"]["S"])

    @property
    def size(self) -> int:
        return size_of(self.new)

    @property
    def is_of_part(self) -> bool:
        """Whether publish_status is given it (template.yaml, the filter of its mapping)."""
        return "message_uuid" in self.new


def size_of(image: Image) -> int:
    """Return the size of an item in bytes."""
    return sum(len(name.encode()) + _size(value) for name, value in image.items())


def _size(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    sizes: dict[str, Callable[[], int]] = {
        "S": lambda: len(held.encode()),
        "N": lambda: ceil(len(held.lstrip("-").replace(".", "").strip("0")) / 2) + 1,
        # As boto3 has it, or as it is on the wire.
        "B": lambda: len(held if isinstance(held, bytes) else b64decode(held)),
        "BOOL": lambda: 1,
        "NULL": lambda: 1,
        "SS": lambda: sum(len(each.encode()) for each in held),
        "L": lambda: 3 + sum(1 + _size(each) for each in held),
        "M": lambda: 3 + sum(1 + len(name.encode()) + _size(each) for name, each in held.items()),
    }
    return sizes[kind]()


class Meter:
    """Reads the stream of the messages table, and what was asked of AWS since the last reading."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        kind: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        stack.dynamodb.update_table(TableName="messages", StreamSpecification=kind)
        arn = stack.dynamodb.describe_table(TableName="messages")["Table"]["LatestStreamArn"]
        self._streams = boto3.session.Session().client("dynamodbstreams")
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        begin = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        self._iterator = begin["ShardIterator"]
        indexes = Template({}, {}).properties("Messages")["GlobalSecondaryIndexes"]
        self._indexes = [[key["AttributeName"] for key in index["KeySchema"]] for index in indexes]

    def changes(self) -> list[Change]:
        """Return the writes since the last reading, each of which the functions asked for."""
        found = self._read()
        asked = sum(name in WRITES for name, _ in self._stack.calls.made)
        batches = self._stack.calls.of("dynamodb.BatchWriteItem")
        asked += sum(len(entries) for call in batches for entries in call["RequestItems"].values())
        asked += sum(len(call["Statements"]) for call in self._stack.calls.of("dynamodb.BatchExecuteStatement"))
        # A write that DynamoDB refuses, or that changes nothing, is billed too, and is in no stream.
        assert len(found) == asked
        return found

    def forget(self) -> None:
        """Begin anew: what happened until now does not count."""
        self._read()
        self._stack.calls.made.clear()

    def make_due(self, id_: str) -> None:
        """Have a part be due at once, as time would."""
        key = encode({"id": id_, "part": "0"})
        past = encode({":past": 1_795_944_991})
        self._stack.dynamodb.update_item(
            TableName="messages", Key=key, UpdateExpression="SET due_at = :past", ExpressionAttributeValues=past
        )
        self.forget()

    def units(self, change: Change) -> int:
        """Return the write units of one change, those of the indexes among them."""
        table = ceil(max(size_of(change.old), size_of(change.new)) / 1024)
        return table + sum(index_units(change.old, change.new, keys) for keys in self._indexes)

    def _read(self) -> list[Change]:
        found: list[Change] = []
        answer = self._streams.get_records(ShardIterator=self._iterator)
        self._iterator = answer["NextShardIterator"]
        for record in answer["Records"]:
            images: Any = record["dynamodb"]
            change = Change(images.get("OldImage", {}), images["NewImage"], json.loads(json.dumps(record, default=str)))
            # moto tells an UpdateItem that makes an item twice: first with nothing but its key.
            if change.old or change.new.keys() != {"id", "part"}:
                found.append(change)
        return found


def index_units(old: Image, new: Image, keys: list[str]) -> int:
    """Return the write units that an index with these key attributes takes when an item changes."""
    before, after = ([image[key] for key in keys if key in image] for image in (old, new))
    entries = [entry for entry in (before, after) if len(entry) == len(keys)]
    return 0 if before == after else len(entries)
