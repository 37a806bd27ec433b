"""What ReceiveMessage hands out: since when it waits, and the record that Lambda would have made of it.

Apart from what reads records: check_credit, which makes them for its probes, reads no request and needs none of that.
Shapes: SQS ReceiveMessage; "Using Lambda with Amazon SQS" (example event) for a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.messages.parts import Texts, read_attributes

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_KINDS = {"StringValue": "stringValue", "DataType": "dataType"}


def make_record(received: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """Return what Lambda would have made of a message that ReceiveMessage gave (with all its attributes)."""
    return {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": dict(received["Attributes"]),
        "messageAttributes": _attributes(received),
        "md5OfBody": received.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def queued_at(received: MessageTypeDef) -> float:
    """Return since when a message waits that ReceiveMessage gave (with all its attributes), in epoch seconds.

    Raises
    ------
    InvalidRequest
        as read_attributes does.
    """
    return read_attributes(texts_of(_attributes(received)), sent_at(received["Attributes"])).queued_at


def texts_of(attributes: Mapping[str, Mapping[str, Any]]) -> Texts:
    """Return the message attributes of a record: what is a text, None for what is none."""
    # A type may have a name of its own after a point: String.uuid.
    return {
        name: each.get("stringValue") if str(each.get("dataType")).partition(".")[0] == "String" else None
        for name, each in attributes.items()
    }


def sent_at(attributes: Mapping[Any, str]) -> float:
    """Return when SQS took a message, by the attributes of a record or of ReceiveMessage, in epoch seconds."""
    return float(attributes["SentTimestamp"]) / 1000


def _attributes(received: MessageTypeDef) -> dict[str, dict[str, Any]]:
    return {
        name: {_KINDS[kind]: value for kind, value in each.items() if kind in _KINDS}
        for name, each in received.get("MessageAttributes", {}).items()
    }
