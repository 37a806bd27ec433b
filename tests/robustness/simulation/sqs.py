"""An SQS client over the simulated queues: what kobo_sms.queues and kobo_sms.closed_lanes call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.robustness.simulation.stored import BULK, DEAD, PRIORITY, Storage, Stored

__all__ = ["BULK", "DEAD", "PRIORITY", "VISIBILITY", "FakeSQS", "Stored"]

# template.yaml's time-outs.
VISIBILITY = {PRIORITY: 90.0, BULK: 180.0}
_ARN = "arn:aws:sqs:eu-west-1:123456789012:"


class FakeSQS(Storage):
    """The client; a queue's URL is its name."""

    def send_message(self, **asked: Any) -> dict[str, Any]:
        body, attributes = asked["MessageBody"], _texts(asked["MessageAttributes"])
        self.chaos.around("sqs.send_message", lambda: self.put(asked["QueueUrl"], body, attributes))
        return {}

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        entries = asked["Entries"]
        refused = [entry for entry in entries if self.chaos.happens(self.chaos.odds.partial)]

        def put() -> None:
            for entry in entries:
                if entry not in refused:
                    self.put(asked["QueueUrl"], entry["MessageBody"], _texts(entry.get("MessageAttributes", {})))

        self.chaos.around("sqs.send_message_batch", put)
        return {"Failed": [{"Id": entry["Id"]} for entry in refused]}

    def change_message_visibility(self, **asked: Any) -> None:
        def change() -> None:
            if not self._hide(asked):
                raise ClientError({"Error": {"Code": "MessageNotInflight"}}, "ChangeMessageVisibility")

        self.chaos.around("sqs.change_message_visibility", change)

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        def change() -> dict[str, Any]:
            return {"Failed": [{"Id": each["Id"]} for each in asked["Entries"] if not self._hide(each)]}

        return self.chaos.around("sqs.change_message_visibility_batch", change)

    def _hide(self, asked: Mapping[str, Any]) -> bool:
        message, seconds = self.messages.get(asked["ReceiptHandle"].partition("#")[0]), asked["VisibilityTimeout"]
        assert 0 <= seconds <= 43_200
        if message is not None:
            self.show_at(message, self.clock() + seconds)
        return message is not None

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        lane, most, visibility = asked["QueueUrl"], asked["MaxNumberOfMessages"], asked["VisibilityTimeout"]
        assert asked["AttributeNames"] == asked["MessageAttributeNames"] == ["All"]
        found = self.chaos.around("sqs.receive_message", lambda: self.receive(lane, most, visibility))
        if not found:
            self.chaos.wait(asked["WaitTimeSeconds"])
            found = self.receive(lane, most, visibility)
        return {"Messages": [received(message, handle) for message, handle in found]} if found else {}

    def delete_message(self, **asked: Any) -> None:
        self.chaos.around("sqs.delete_message", lambda: self.delete(asked["ReceiptHandle"]))

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        def count() -> dict[str, Any]:
            wanted, found = asked["AttributeNames"], self._count(asked["QueueUrl"])
            return {"Attributes": {name: found[name] for name in found if wanted == ["All"] or name in wanted}}

        return self.chaos.around("sqs.get_queue_attributes", count)

    def _count(self, lane: str) -> dict[str, str]:
        now, all_ = self.clock(), self.of(lane)
        visible = sum(each.visible_at <= now for each in all_)
        return {
            "QueueArn": _ARN + lane,
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(all_) - visible),
            "ApproximateNumberOfMessagesDelayed": "0",
        }


def received(message: Stored, handle: str) -> dict[str, Any]:
    """Return a message as ReceiveMessage gives it, with all its attributes."""
    known = {
        "MessageId": message.id,
        "ReceiptHandle": handle,
        "Body": message.body,
        "Attributes": {
            "SentTimestamp": str(round(message.sent_at * 1000)),
            "ApproximateReceiveCount": str(message.receives),
        },
    }
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    # SQS leaves the field out when there are none.
    return known | ({"MessageAttributes": attributes} if attributes else {})


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in attributes.items()}
