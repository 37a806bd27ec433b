"""SQS records as Lambda gets them from an event source mapping: read, and made for a trial.

Shapes: "Using Lambda with Amazon SQS" (example event) for a record, SQS ReceiveMessage for what a queue hands out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.queues import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_KINDS = {"StringValue": "stringValue", "DataType": "dataType"}


def read_record(record: Mapping[str, Any], lanes: Mapping[str, str], *, trial: bool = False) -> Message:
    """Return the message in `record`; `lanes` maps a queue's name to its URL."""
    texts = {name: each.get("stringValue") for name, each in record["messageAttributes"].items()}
    return Message(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        attributes={name: text for name, text in texts.items() if text is not None},
        sent_at=float(record["attributes"]["SentTimestamp"]) / 1000,
        lane=lanes[record["eventSourceARN"].rsplit(":", 1)[-1]],
        receives=int(record["attributes"]["ApproximateReceiveCount"]),
        trial=trial,
    )


def make_record(received: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """Return what Lambda would have made of a message that ReceiveMessage gave (with all its attributes)."""
    return {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": dict(received["Attributes"]),
        "messageAttributes": {
            name: {_KINDS[kind]: value for kind, value in each.items() if kind in _KINDS}
            for name, each in received.get("MessageAttributes", {}).items()
        },
        "md5OfBody": received.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
