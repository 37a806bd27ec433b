"""A Sender of the test's own: real queues, table and HTTP, but a clock, a draw and claim names that the test sets."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from kobo_sms.aws.queues import Message
from kobo_sms.composition.send import SendClients, build_sender
from kobo_sms.composition.shared import build_kobo
from kobo_sms.kobomobile.answers import SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages.compact_json import MAX_MESSAGE, size
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending.result import SendResult
from kobo_sms.sending.sender import Sender
from kobo_sms.sending.store import Store

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Clock, Stack

LANES = {"PriorityQueue": Lane.PRIORITY, "BulkQueue": Lane.BULK}
REQUEST = {"to": "+2348030100001", "msg": "Your PIN is 4711-2288", "id": "order-1"}


class MortalClient(KoboClient):
    """Makes its call and, when `dies` is set, takes the whole attempt down before the answer is looked at."""

    dies = False

    def send(self, part: Part, *, sender: str) -> SendAnswer:
        answer = super().send(part, sender=sender)
        if self.dies:
            raise SystemError("killed")
        return answer


@dataclass
class Desk:
    """Hands messages to a Sender one at a time; `message` is the last one."""

    stack: Stack
    sender: Sender
    store: Store
    client: MortalClient
    clock: Clock
    message: Message | None = None

    def send(
        self, lane: str = "PriorityQueue", attributes: Mapping[str, str | None] | None = None, **fields: Any
    ) -> SendResult:
        """Queue a request, take it off and process it; attributes that are None have bytes in them."""
        self.stack.sqs.send_message(
            QueueUrl=self.stack.names[lane],
            MessageBody=json.dumps(REQUEST | fields),
            MessageAttributes={name: _value(text) for name, text in (attributes or {}).items()},
        )
        return self.take(lane)

    def take(self, lane: str = "PriorityQueue") -> SendResult:
        """Process the next message that waits."""
        url = self.stack.names[lane]
        found = self.stack.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        attributes = {name: each.get("StringValue") for name, each in found.get("MessageAttributes", {}).items()}
        handle, now = found["ReceiptHandle"], self.clock.now
        self.message = Message(found["MessageId"], handle, found["Body"], attributes, now, LANES[lane])
        return self.again()

    def again(self, after: float = 0.0, **changed: Any) -> SendResult:
        """Process the last message once more, `after` seconds later."""
        assert self.message is not None
        self.clock.now += after
        self.message = replace(self.message, **changed)
        return self.sender.process(self.message, Deadline.in_seconds(30, self.clock))

    def item(self, part: str = "0") -> dict[str, Any]:
        return self.stack.item("order-1", part)


@dataclass
class Scales:
    """What SQS takes: the bytes of a body and of the names, types and values of its attributes. moto counts bodies."""

    most: int = MAX_MESSAGE

    def weigh(self, params: Mapping[str, Any], **_: Any) -> None:
        attributes = params.get("MessageAttributes", {}).items()
        noted = sum(size(name) + size(each["DataType"]) + size(each["StringValue"]) for name, each in attributes)
        if size(params["MessageBody"]) + noted > self.most:
            why = f"Message must be shorter than {self.most} bytes."
            raise ClientError({"Error": {"Code": "InvalidParameterValue", "Message": why}}, "SendMessage")


@pytest.fixture
def scales(desk: Desk, clients: dict[str, Any]) -> Iterator[Scales]:
    """Have SQS weigh what send_sms sends."""
    known, events = Scales(), clients["watched sqs"].meta.events
    events.register("before-parameter-build.sqs.SendMessage", known.weigh)
    yield known
    events.unregister("before-parameter-build.sqs.SendMessage", known.weigh)


def _value(text: str | None) -> MessageAttributeValueTypeDef:
    if text is None:
        return {"DataType": "Binary", "BinaryValue": b"0.1"}
    return {"DataType": "String", "StringValue": text}


@pytest.fixture
def environment(aws: Stack, kobo: MockControl) -> dict[str, str]:
    wanted = {"KoboBaseUrl": kobo.base_url, "MaxAttempts": "3", "HttpTimeoutSeconds": "5"}
    return aws.environment("PollReports", **wanted) | aws.environment("SendSms", **wanted)


@pytest.fixture
def desk(aws: Stack, clients: dict[str, Any], environment: dict[str, str], clock: Clock) -> Desk:
    names = itertools.count(1)
    watched = {name: cast("Any", clients[f"watched {name}"]) for name in ("dynamodb", "sqs", "secretsmanager")}
    client = build_kobo(environment, watched["secretsmanager"], 1, MortalClient)
    runtime = Runtime(clock, lambda _low, high: high, lambda: f"claim-{next(names)}")
    events = SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 0})
    reached = SendClients(client, watched["dynamodb"], watched["sqs"], lambda: cast("Any", events))
    sender = build_sender(environment, reached, runtime, lambda _: None).sender
    return Desk(aws, sender, sender._store, cast("MortalClient", client), clock)
