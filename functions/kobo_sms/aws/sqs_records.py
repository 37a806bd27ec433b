"""SQS records as Lambda gets them from an event source mapping.

Shape: "Using Lambda with Amazon SQS" (example event).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobo_sms.aws.queues import Message
from kobo_sms.aws.received_messages import sent_at, texts_of
from kobo_sms.errors import ConfigurationError
from kobo_sms.messages.lanes import Lane


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
        attributes=texts_of(record["messageAttributes"]),
        sent_at=sent_at(record["attributes"]),
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
