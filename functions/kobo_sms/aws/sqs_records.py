"""SQS records as Lambda gets them from an event source mapping: read, and made for a probe.

Shapes: "Using Lambda with Amazon SQS" (example event) for a record, SQS ReceiveMessage for what a queue hands out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.queues import Message
from kobo_sms.errors import ConfigurationError
from kobo_sms.messages.lanes import Lane

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_KINDS = {"StringValue": "stringValue", "DataType": "dataType"}


def read_record(record: Mapping[str, Any], lanes: Mapping[Lane, str], *, probe: bool = False) -> Message:
    """Return the message in `record`; `lanes` tells the URL of each lane's queue.

    Raises
    ------
    ConfigurationError
        when the record comes from a queue that is no lane.
    """
    texts = {name: each.get("stringValue") for name, each in record["messageAttributes"].items()}
    return Message(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        attributes={name: text for name, text in texts.items() if text is not None},
        sent_at=float(record["attributes"]["SentTimestamp"]) / 1000,
        lane=lane_of(record["eventSourceARN"], lanes),
        receives=int(record["attributes"]["ApproximateReceiveCount"]),
        probe=probe,
    )


def lane_of(queue_arn: str, lanes: Mapping[Lane, str]) -> Lane:
    """Return the lane whose queue has this ARN. Raises ConfigurationError when none has."""
    # The last part of both the ARN and the URL is the queue's name.
    name = queue_arn.rpartition(":")[2]
    for lane, url in lanes.items():
        if url.rpartition("/")[2] == name:
            return lane
    raise ConfigurationError(f"the queue {name} is no lane of this stack")


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
