"""Records as an event source mapping makes them: read, and made of what ReceiveMessage gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from kobo_sms.aws.queues import Message, read_record
from kobo_sms.aws.received_messages import make_record, queued_at
from kobo_sms.errors import ConfigurationError, InvalidRequest
from kobo_sms.messages.lanes import Lane

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

ARN = "arn:aws:sqs:eu-west-1:123456789012:kobo-bulk"
LANES = {Lane.BULK: "https://sqs/1/kobo-bulk", Lane.PRIORITY: "https://sqs/1/kobo-priority"}
# The example of SQS's ReceiveMessage, with attributes of each kind.
RECEIVED: dict[str, Any] = {
    "MessageId": "id-1",
    "ReceiptHandle": "handle-1",
    "MD5OfBody": "md5",
    "Body": '{"to": "2348030100001", "msg": "Hello"}',
    "Attributes": {"SentTimestamp": "1800000000125", "ApproximateReceiveCount": "7", "SenderId": "AIDA"},
    "MessageAttributes": {
        "KoboPart": {"StringValue": "0.1", "DataType": "String"},
        "Count": {"StringValue": "5", "DataType": "Number"},
        "Blob": {"BinaryValue": b"x", "DataType": "Binary"},
    },
}


def made(**changed: Any) -> dict[str, Any]:
    return make_record(cast("MessageTypeDef", RECEIVED | changed), ARN)


def test_a_received_message_becomes_the_record_that_lambda_would_have_made() -> None:
    assert made() == {
        "messageId": "id-1",
        "receiptHandle": "handle-1",
        "body": '{"to": "2348030100001", "msg": "Hello"}',
        "attributes": {"SentTimestamp": "1800000000125", "ApproximateReceiveCount": "7", "SenderId": "AIDA"},
        "messageAttributes": {
            "KoboPart": {"stringValue": "0.1", "dataType": "String"},
            "Count": {"stringValue": "5", "dataType": "Number"},
            "Blob": {"dataType": "Binary"},
        },
        "md5OfBody": "md5",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-west-1",
    }


def test_without_attributes_of_its_own() -> None:
    plain = {name: value for name, value in RECEIVED.items() if name not in ("MessageAttributes", "MD5OfBody")}
    record = make_record(cast("MessageTypeDef", plain), ARN)
    assert (record["messageAttributes"], record["md5OfBody"]) == ({}, "")


@pytest.mark.parametrize("probe", [True, False])
def test_a_record_is_read(probe: bool) -> None:
    assert read_record(made(), LANES, probe=probe) == Message(
        message_id="id-1",
        receipt_handle="handle-1",
        body='{"to": "2348030100001", "msg": "Hello"}',
        # A value that is not of the type String is none.
        attributes={"KoboPart": "0.1", "Count": None, "Blob": None},
        sent_at=1_800_000_000.125,
        lane=Lane.BULK,
        receives=7,
        probe=probe,
    )


def test_unless_it_is_said_it_is_no_probe() -> None:
    assert read_record(made(), LANES).probe is False


def test_a_queue_that_is_no_lane_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="other is no lane"):
        read_record(made() | {"eventSourceARN": "arn:aws:sqs:eu-west-1:1:other"}, LANES)


def test_a_made_record_carries_the_part_that_was_queued() -> None:
    attributes = {
        name: {"StringValue": value, "DataType": "String"}
        for name, value in (("KoboPart", "0.1.0"), ("KoboOrigin", "0.1"), ("KoboQueuedAt", "1700000000.500"))
    }
    part = read_record(made(MessageAttributes=attributes), LANES).read_part("NG")
    assert (part.name, part.origin, part.queued_at) == ("0.1.0", "0.1", 1_700_000_000.5)
    assert part.request.id == "id-1"


@pytest.mark.parametrize(
    "value",
    [
        {"StringValue": "0.1", "DataType": "Number"},
        {"BinaryValue": b"0.1", "DataType": "Binary"},
        {"BinaryValue": b"0.1", "DataType": "Binary.String"},
    ],
)
@pytest.mark.parametrize("name", ["KoboPart", "KoboOrigin", "KoboQueuedAt"])
def test_an_attribute_of_another_type_is_nobody_of_ours(name: str, value: dict[str, Any]) -> None:
    message = read_record(made(MessageAttributes={name: value}), LANES)
    with pytest.raises(InvalidRequest, match=f"^{name}: "):
        message.read_part("NG")
    with pytest.raises(InvalidRequest, match=f"^{name}: "):
        queued_at(cast("MessageTypeDef", RECEIVED | {"MessageAttributes": {name: value}}))


def test_a_type_may_have_a_name_of_its_own() -> None:
    attributes = {"KoboPart": {"StringValue": "0.1", "DataType": "String.part"}}
    assert read_record(made(MessageAttributes=attributes), LANES).read_part("NG").name == "0.1"


def test_the_age_is_that_of_the_request() -> None:
    assert queued_at(cast("MessageTypeDef", RECEIVED | {"MessageAttributes": {}})) == 1_800_000_000.125
    ours = {"KoboQueuedAt": {"StringValue": "1700000000.500", "DataType": "String"}}
    assert queued_at(cast("MessageTypeDef", RECEIVED | {"MessageAttributes": ours})) == 1_700_000_000.5
