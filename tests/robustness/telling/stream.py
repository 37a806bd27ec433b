"""The stream of the messages table in memory, and its records as Lambda hands them out.

A write that changes something is one record; those of one item are in one shard, in the order of the writes. Rules:
"Change data capture for DynamoDB Streams". What Lambda then does with a shard is local_aws.stream_shard.
"""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_aws.stream_shard import Record, StreamMapping

# An item in wire form: `{"state": {"S": "sent"}}`.
Image = Mapping[str, Any]
# What template.yaml says of publish_status's event source mapping (test_mapping.py).
MAPPING = StreamMapping(
    batch_size=100,
    bisect=True,
    partial=True,
    max_age=82_800.0,
    filters=({"dynamodb": {"NewImage": {"message_uuid": {"S": [{"exists": True}]}}}},),
)
_FIRST_SEQUENCE = 10**20


@dataclass
class TableStream:
    """Every record of a table's stream, the oldest first, over so many shards."""

    shards: int = 1
    records: list[Record] = field(default_factory=list)
    _of_shard: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))

    def write(self, old: Image | None, new: Image, now: float) -> Record | None:
        """Take in one write of an item at `now` (epoch seconds); return its record, None if it changed nothing."""
        if old == new:
            return None
        number = len(self.records) + 1
        images = {"NewImage": new} if old is None else {"NewImage": new, "OldImage": old}
        change = {
            "ApproximateCreationDateTime": int(now),
            "Keys": {"id": new["id"], "part": new["part"]},
            "SequenceNumber": str(_FIRST_SEQUENCE + number),
            **images,
        }
        name = "INSERT" if old is None else "MODIFY"
        record = {"eventID": f"{number:032x}", "eventName": name, "dynamodb": change}
        self.records.append(record)
        self._of_shard[self.shard_of(record)].append(record)
        return record

    def shard_of(self, record: Record) -> int:
        """Return the shard of a record; items of one id (partition key) are in the same."""
        return zlib.crc32(record["dynamodb"]["Keys"]["id"]["S"].encode()) % self.shards

    def of_shard(self, shard: int) -> list[Record]:
        """Return the records of a shard."""
        return list(self._of_shard[shard])

    def between(self, shard: int, first: str, last: str) -> list[Record]:
        """Return the records of a shard from one sequence number to another, both included."""
        records = self._of_shard[shard]
        begin, end = bisect_left(records, first, key=sequence_of), bisect_right(records, last, key=sequence_of)
        return records[begin:end]


def sequence_of(record: Record) -> str:
    """Return a record's sequence number."""
    return str(record["dynamodb"]["SequenceNumber"])


def handed_out(batch: Iterable[Record]) -> list[Record]:
    """Return records as Lambda gives them to a function: in JSON, where binaries are Base64."""
    return [
        {**record, "dynamodb": {name: _in_json(each) for name, each in record["dynamodb"].items()}} for record in batch
    ]


def give_up_note(shard: int, given_up: Sequence[Record]) -> str:
    """Return what Lambda tells the queue of failures of records that are too old: without what is in them."""
    sequences = {"startSequenceNumber": sequence_of(given_up[0]), "endSequenceNumber": sequence_of(given_up[-1])}
    info = {"shardId": str(shard), "batchSize": len(given_up), **sequences}
    return json.dumps({"requestContext": {"condition": "MaxRecordAgeExceeded"}, "DDBStreamBatchInfo": info})


def _in_json(value: Any) -> Any:
    if not isinstance(value, Mapping) or not any("B" in each for each in value.values()):
        return value
    return {name: {"B": base64.b64encode(each["B"]).decode()} if "B" in each else each for name, each in value.items()}
