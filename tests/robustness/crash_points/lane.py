"""A queue, and Lambda's part at it: batches taken off, what is done deleted, what failed or died made to come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.robustness.crash_points.invocations import Invocation

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_ATTRIBUTES = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


@dataclass
class Lane:
    """The queue that only the test consumes, and the dead-letter queue."""

    sqs: SQSClient
    url: str
    dead_letter_url: str
    _handles: dict[str, str] = field(default_factory=dict)

    def put(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def receive(self) -> list[MessageTypeDef]:
        """Take a batch off; what came back before is there again at once, however long it was to wait."""
        for handle in self._handles.values():
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0)
        found = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        self._handles |= {message["MessageId"]: message["ReceiptHandle"] for message in found}
        return found

    def settle(self, messages: Sequence[MessageTypeDef], invocation: Invocation) -> None:
        """Delete what the invocation has done, as Lambda does; after a death that is nothing.

        Whether an older receipt deletes a message that was delivered again is up to SQS. Here it does: the harder case.
        """
        if invocation.ended != "returned":
            return
        for message in messages:
            if message["MessageId"] not in invocation.failed and message["MessageId"] in self._handles:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=self._handles.pop(message["MessageId"]))

    def left(self) -> int:
        """Return how many messages the queue holds, waiting ones included."""
        attributes: Any = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return sum(int(attributes[name]) for name in _ATTRIBUTES)

    def dead(self) -> list[tuple[str, dict[str, str]]]:
        """Take all from the dead-letter queue: bodies and attributes."""
        found = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            for message in messages:
                found.append((message["Body"], _texts(message)))
                self.sqs.delete_message(QueueUrl=self.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def clear(self) -> None:
        """Forget what a failed test has left."""
        self._handles.clear()
        self.sqs.purge_queue(QueueUrl=self.url)
        self.sqs.purge_queue(QueueUrl=self.dead_letter_url)


def event(messages: Iterable[MessageTypeDef], url: str) -> dict[str, Any]:
    """Return what Lambda would hand to the function."""
    return {"Records": [_record(message, url) for message in messages]}


def _record(message: MessageTypeDef, url: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {"stringValue": text, "stringListValues": [], "binaryListValues": [], "dataType": "String"}
            for name, text in _texts(message).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:000000000000:{url.rpartition('/')[2]}",
        "awsRegion": "eu-west-1",
    }


def _texts(message: MessageTypeDef) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in message.get("MessageAttributes", {}).items()}
