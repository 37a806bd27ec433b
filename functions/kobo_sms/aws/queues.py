"""The SQS queues: messages as Lambda brings them, parts put on their lane, waits before a retry, and what is dead.

Shape of a record: "Using Lambda with Amazon SQS" (example event).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kobo_sms.aws.notes import fit_notes
from kobo_sms.aws.received_messages import sent_at, texts_of
from kobo_sms.errors import ConfigurationError, EnqueueFailed
from kobo_sms.messages.compact_json import dump
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part, Texts, read_attributes, write_attributes
from kobo_sms.messages.request import parse, require_room

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, SendMessageBatchRequestEntryTypeDef

# SQS: at most 10 messages and 1 MiB in one SendMessageBatch; a part is far below 100 kB.
_BATCH = 10
# What SQS answers to a message that is too large.
_TOO_LARGE = {"InvalidParameterValue", "InvalidParameterValueException"}


@dataclass(frozen=True)
class Message:
    """What an SQS record says, freed of its envelope.

    `sent_at` in epoch seconds, `receives` how often SQS has handed it out; `probe`: the lane is closed or suspected,
    and check_credit lets this message through to see how it fares.
    """

    message_id: str
    receipt_handle: str
    body: str
    attributes: Texts
    sent_at: float
    lane: Lane
    receives: int = 1
    probe: bool = False

    def read_part(self, region: str) -> Part:
        """Return the part that the message carries: the whole request unless the attributes say otherwise.

        Raises
        ------
        InvalidRequest
            when the attributes are not ours, or the body is no request or too large.
        """
        which = read_attributes(self.attributes, self.sent_at)
        require_room(self.body)
        request = parse(self.body, region=region, default_id=self.message_id)
        return Part(request, which.queued_at, which.name, which.origin)


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


class Queues:
    """Sends to the lanes, whose URLs `lanes` tells, and to the dead-letter queue."""

    def __init__(self, client: SQSClient, lanes: Mapping[Lane, str], dead_letter_url: str) -> None:
        self._client = client
        self._lanes = lanes
        self._dead_letter_url = dead_letter_url

    def put_parts(self, lane: Lane, parts: Iterable[Part]) -> None:
        """Queue parts on the lane they came from.

        Raises
        ------
        EnqueueFailed
            when SQS refuses some.
        """
        for batch in _batches(parts):
            entries = [_part_entry(str(at), part) for at, part in enumerate(batch)]
            answer = self._client.send_message_batch(QueueUrl=self._lanes[lane], Entries=entries)
            if answer.get("Failed"):
                raise EnqueueFailed(f"SQS refused {len(answer['Failed'])} of {len(entries)} parts")

    def put_again(self, message: Message, part: Part) -> None:
        """Queue a copy of `message`, which carries `part`; it counts as never received, but as old as it is."""
        # The whole body, bad numbers included: they are part of the content that the id stands for.
        body = dump(json.loads(message.body) | {"id": part.request.id})
        self._client.send_message(
            QueueUrl=self._lanes[message.lane],
            MessageBody=body,
            MessageAttributes=_part_attributes(part),
            **_group(part),
        )

    def return_after(self, message: Message, seconds: int) -> None:
        """Have `message` come back after `seconds` (SQS: at most 12 hours after it was received)."""
        self._client.change_message_visibility(
            QueueUrl=self._lanes[message.lane], ReceiptHandle=message.receipt_handle, VisibilityTimeout=seconds
        )

    def dead_letter(self, body: str, notes: Mapping[str, str | None]) -> None:
        """Put `body` on the dead-letter queue with message attributes saying why; None and empty ones are left out.

        What there is no room for is left out as well: to come without its reason is better than never to come.
        """
        kept = fit_notes(body, notes)
        try:
            self._bury(body, kept)
        except ClientError as error:
            # The queue takes less than SQS does.
            if not kept or error.response["Error"]["Code"] not in _TOO_LARGE:
                raise
            self._bury(body, {})

    def _bury(self, body: str, notes: Mapping[str, str]) -> None:
        attributes = {name: _attribute(value) for name, value in notes.items()}
        self._client.send_message(QueueUrl=self._dead_letter_url, MessageBody=body, MessageAttributes=attributes)


def _batches(parts: Iterable[Part]) -> Iterator[Sequence[Part]]:
    iterator = iter(parts)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _part_entry(name: str, part: Part) -> SendMessageBatchRequestEntryTypeDef:
    body, attributes = part.request.to_json(), _part_attributes(part)
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": name, "MessageBody": body, "MessageAttributes": attributes}
    entry.update(_group(part))
    return entry


def _group(part: Part) -> Any:
    """Return the message group by which campaigns that share a queue take turns (SQS's "fair queues")."""
    return {"MessageGroupId": part.request.campaign} if part.request.campaign is not None else {}


def _part_attributes(part: Part) -> dict[str, MessageAttributeValueTypeDef]:
    return {name: _attribute(value) for name, value in write_attributes(part).items()}


def _attribute(value: str) -> MessageAttributeValueTypeDef:
    return {"DataType": "String", "StringValue": value}
