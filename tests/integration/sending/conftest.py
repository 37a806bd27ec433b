"""A Sender of the test's own: real queues, table and HTTP, but a clock, a draw and claim names that the test sets."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.composition import settings
from kobo_sms.kobomobile.answers import SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.credentials import Credentials
from kobo_sms.messages.parts import Part
from kobo_sms.runtime import Runtime
from kobo_sms.sending.result import Verdict
from kobo_sms.sending.sender import Sender
from kobo_sms.sending.store import Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.store import ValveStore

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Clock, Stack

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

    def send(self, lane: str = "PriorityQueue", **fields: Any) -> Verdict:
        """Queue a request, take it off and process it."""
        self.stack.sqs.send_message(QueueUrl=self.stack.names[lane], MessageBody=json.dumps(REQUEST | fields))
        return self.take(lane)

    def take(self, lane: str = "PriorityQueue") -> Verdict:
        """Process the next message that waits."""
        url = self.stack.names[lane]
        found = self.stack.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        attributes = {name: each["StringValue"] for name, each in found.get("MessageAttributes", {}).items()}
        handle, now = found["ReceiptHandle"], self.clock.now
        self.message = Message(found["MessageId"], handle, found["Body"], attributes, now, url)
        return self.again()

    def again(self, after: float = 0.0, **changed: Any) -> Verdict:
        """Process the last message once more, `after` seconds later."""
        assert self.message is not None
        self.clock.now += after
        self.message = replace(self.message, **changed)
        return self.sender.process(self.message, self.clock.now + 30)

    def item(self, part: str = "0") -> dict[str, Any]:
        return self.stack.item("order-1", part)


@pytest.fixture
def environment(aws: Stack, kobo: MockControl) -> dict[str, str]:
    wanted = {"KoboBaseUrl": kobo.base_url, "MaxAttempts": "3", "HttpTimeoutSeconds": "5"}
    return aws.environment("PollReports", **wanted) | aws.environment("SendSms", **wanted)


@pytest.fixture
def desk(aws: Stack, clients: dict[str, Any], environment: dict[str, str], clock: Clock) -> Desk:
    names = itertools.count(1)
    wanted, kobo = settings.read_send(environment), settings.read_kobo(environment)
    kept = settings.read_store(environment)
    credentials = Credentials(clients["watched secretsmanager"], kobo.secret_arn)
    client = MortalClient(kobo.base_url, credentials, timeout=kobo.http_timeout, connections=1)
    store = Store(
        clients["watched dynamodb"],
        kept.table,
        keep_seconds=kept.keep_seconds,
        fingerprint_key=kept.fingerprint_key,
        default_sender=kept.default_sender,
        store_text=kept.store_text,
    )
    queues = Queues(clients["watched sqs"], wanted.dead_letter_queue_url)
    runtime = Runtime(clock, lambda _low, high: high, lambda: f"claim-{next(names)}")
    breaker = CircuitBreaker(ValveStore(clients["watched dynamodb"], kept.table), lambda: None, clock, runtime.uniform)
    return Desk(aws, Sender(store, client, queues, wanted, kobo.http_timeout, runtime, breaker), store, client, clock)
