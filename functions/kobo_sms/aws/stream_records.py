"""Records of a DynamoDB stream as Lambda gets them from an event source mapping.

Shape: "Using AWS Lambda with Amazon DynamoDB" (example event); a stream with new and old images.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobo_sms.aws.dynamodb import decode
from kobo_sms.table import Item


@dataclass(frozen=True)
class Change:
    """One change of one item: `old` is None for a new item, `new` for one that is gone.

    `event_id` is the same however often Lambda hands the record out; `sequence` is its place in the stream.
    """

    event_id: str
    sequence: str
    old: Item | None
    new: Item | None


def sequence_of(record: Mapping[str, Any]) -> str:
    """Return by what a partial batch response names a record."""
    return str(record["dynamodb"]["SequenceNumber"])


def keys_of(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return the id and the part of the item that changed."""
    keys = record["dynamodb"]["Keys"]
    return keys["id"]["S"], keys["part"]["S"]


def read_change(record: Mapping[str, Any]) -> Change:
    """Return the change in `record`."""
    images = record["dynamodb"]
    old, new = (decode(_with_bytes(images[name])) if name in images else None for name in ("OldImage", "NewImage"))
    return Change(record["eventID"], sequence_of(record), old, new)


def _with_bytes(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image with its binaries as bytes: in JSON they are Base64. Ours have none below the first level."""
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else dict(value) for name, value in image.items()}
