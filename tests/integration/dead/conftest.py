"""Operators, and send_sms beside them: everything of the stack in process, KoboMobile the live mock."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from kobo_cli.connection import Connection
from kobo_cli.dead.order import Order
from kobo_cli.dead.plan import Planned, planned
from kobo_cli.dead.queue import DeadLetterQueue
from kobo_cli.dead.selection import Selection
from kobo_cli.dead.stack_facts import StackFacts
from kobo_cli.dead.verdicts import Judge
from kobo_sms.aws.dynamodb import encode
from kobo_sms.messages.lanes import LANES
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.sending.part_items import Fingerprints
from tests.integration.handlers.conftest import Functions, deploy  # noqa: F401 - a fixture
from tests.integration.template import FINGERPRINT_KEY, NAMESPACE
from tests.robustness.crash_points.check_gates import Gate

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

_KEYS = Fingerprints(FINGERPRINT_KEY, "stack-id")
FACTS = StackFacts(_KEYS, NAMESPACE, "NG", "KoboSMS", store_text=True, keep_seconds=30 * 86_400.0)
QUEUES = {"priority": "PriorityQueue", "bulk": "BulkQueue"}
_names = itertools.count()


class Stepping:
    """Stands before a client: each call is a step that the gate lets pass, or not."""

    def __init__(self, client: Any, name: str, gate: Gate) -> None:
        self._client, self._name, self._gate = client, name, gate

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._client, method)
        if method in ("exceptions", "meta"):
            return found
        return lambda **asked: self._gate.around(f"{self._name}.{method}", lambda: found(**asked))


@dataclass
class World:
    """The stack with its send_sms; `max_attempts` is one, so that each failure makes a dead letter."""

    stack: Stack
    functions: Functions
    kobo: MockControl
    hidden: int = 0
    # The item of a part that failed, and the body and the notes of its letter.
    model: tuple[dict[str, Any], str, dict[str, Any]] | None = None

    def bury(self, fault: str, lane: str = "bulk", *, when: str | None = None, **fields: Any) -> str:
        """Have a request die of a fault of send/; return its id."""
        id_ = f"order-{next(_names)}"
        request = {"id": id_, "to": "+2348030100001", "msg": f"Your PIN is 4711-2288 {id_}"} | fields
        if when is None:
            self.kobo.fail_next("send", fault)
        else:
            self.kobo.fail_next("send", fault, when=when)
        self.functions.put(request, lane=lane.title())
        self.functions.deliver_all(lane.title())
        return id_

    def bury_failed(self) -> str:
        """Do as `bury` does after error_billing: the first time by send_sms, then by copying what it wrote."""
        if self.model is None:
            id_ = self.bury("error_billing")
            (letter,) = self._receive_letters()
            self.model = self.stack.item(id_), letter["Body"], letter["MessageAttributes"]
            return id_
        item, body, notes = self.model
        id_ = f"order-{next(_names)}"
        copy = item | {"id": id_, "message_uuid": _uuid(id_, "0")}
        self.stack.dynamodb.put_item(TableName=self.stack.names["Messages"], Item=encode(copy))
        notes = notes | {"RequestId": {"DataType": "String", "StringValue": id_}}
        url, named = self.stack.names["DeadLetterQueue"], json.dumps(json.loads(body) | {"id": id_})
        self.stack.sqs.send_message(QueueUrl=url, MessageBody=named, MessageAttributes=notes)
        return id_

    def order(self, rule: str, *ids: str, gate: Gate | None = None, may_double: bool = False, width: int = 1) -> Order:
        """Return an operator's order to `retry` or to `drop` what has these ids, all when there are none."""
        judge = replace(Judge(FACTS.fingerprints, FACTS.region), may_double=may_double)
        names, sqs, dynamodb = self.stack.names, cast("Any", self.stack.sqs), cast("Any", self.stack.dynamodb)
        if gate is not None:
            sqs, dynamodb = Stepping(sqs, "sqs", gate), Stepping(dynamodb, "dynamodb", gate)
        connection = Connection({"KOBO_TABLE": names["Messages"]}, sqs, dynamodb, "kobo", cast("Any", None))
        lanes = {lane: names[QUEUES[lane]] for lane in LANES}
        # Visible to others at once: whatever a kill leaves hidden, comes back.
        queue = DeadLetterQueue(sqs, names["DeadLetterQueue"], lanes, hidden=self.hidden, wait=0, width=width)
        return Order(connection, queue, FACTS, getattr(judge, rule), Selection(ids))

    def carry_out(self, order: Order, plan: Sequence[Planned] | None = None) -> list[Planned]:
        """Plan an order unless that was done, and carry it out; return what was done, and what was left out."""
        planned = order.plan()[0] if plan is None else plan
        order.carry_out(planned)
        return [*order.done, *(each for each in planned if not each.acts)]

    def quick_plan(self, order: Order) -> list[Planned]:
        """Return the plan for the one letter there is, by one receive: planning it properly takes ten times as long."""
        (letter,) = order.queue.receive()
        standing = order.facts.store(order.connection).find(letter.request_id, letter.part or "")
        return [planned(letter, order.rule(letter, standing, time.time()))]

    def send_all(self, *lanes: str) -> None:
        """Have send_sms process all that waits, on both lanes unless some are named."""
        for lane in lanes or QUEUES:
            self.functions.deliver_all(lane.title())

    def letters(self) -> int:
        """Return how many letters lie in the dead-letter queue, visible or not."""
        attributes = self.stack.sqs.get_queue_attributes(
            QueueUrl=self.stack.names["DeadLetterQueue"], AttributeNames=["All"]
        )["Attributes"]
        return sum(int(value) for name, value in attributes.items() if name.startswith("ApproximateNumberOfMessages"))

    def waiting(self, *lanes: str) -> int:
        """Return how many messages wait on the lanes, both unless some are named."""
        return sum(self.functions.waiting(lane.title()) for lane in lanes or QUEUES)

    def state(self, id_: str, part: str = "0") -> str:
        return str(self.stack.item(id_, part)["state"])

    def executed(self, id_: str) -> Counter[str]:
        """Count how often each number got the SMS of a request."""
        uuids = {_uuid(id_, part) for part in ("0", "0.0", "0.1")}
        return Counter(sms["to"] for sms in self.kobo.messages if sms["message_uuid"] in uuids)

    def _receive_letters(self) -> list[Any]:
        url = self.stack.names["DeadLetterQueue"]
        return self.stack.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )["Messages"]


def _uuid(id_: str, part: str) -> str:
    return Part(Request(id_, (), ""), 0.0, part, namespace=FACTS.namespace).message_uuid


@pytest.fixture
def world(aws: Stack, kobo: MockControl, deploy: Callable[..., Functions]) -> World:
    # One call at a time: under threads moto's conditional writes are none.
    return World(aws, deploy(MaxAttempts="1", SendConcurrency="2"), kobo)
