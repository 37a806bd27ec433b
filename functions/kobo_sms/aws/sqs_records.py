"""SQS records as Lambda gets them from an event source mapping: read, and made for a probe.

Shapes: "Using Lambda with Amazon SQS" (example event) for a record, SQS ReceiveMessage for what a queue hands out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.part_attributes import Texts, read_attributes
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
    return Message(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        attributes=_texts(record["messageAttributes"]),
        sent_at=_sent_at(record["attributes"]),
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
    return read_attributes(_texts(_attributes(received)), _sent_at(received["Attributes"])).queued_at


def _attributes(received: MessageTypeDef) -> dict[str, dict[str, Any]]:
    return {
        name: {_KINDS[kind]: value for kind, value in each.items() if kind in _KINDS}
        for name, each in received.get("MessageAttributes", {}).items()
    }


def _texts(attributes: Mapping[str, Mapping[str, Any]]) -> Texts:
    # A type may have a name of its own after a point: String.uuid.
    return {
        name: each.get("stringValue") if str(each.get("dataType")).partition(".")[0] == "String" else None
        for name, each in attributes.items()
    }


def _sent_at(attributes: Mapping[Any, str]) -> float:
    return float(attributes["SentTimestamp"]) / 1000
