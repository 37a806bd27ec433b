"""One run of a scenario: its requests queued, delivered until nothing is left, killed where the test says."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.optouts.entries import optout_entries
from kobo_sms.table import VALVE_ID, VALVE_PART
from tests.robustness.crash_points.invocations import Invocation, Point, Runner
from tests.robustness.crash_points.lane import Lane, event
from tests.robustness.crash_points.scenarios import Order, Scenario

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from mock_kobo.control_client import MockControl

MOST_DELIVERIES = 20
USER, PASSWORD, ROTATED = "shop@example.com", "before-7", "after-8"
_runs = itertools.count(1)


@dataclass(frozen=True)
class World:
    """What lives on when an invocation dies."""

    lane: Lane
    dynamodb: DynamoDBClient
    table: str
    secrets: SecretsManagerClient
    secret: str
    mock: MockControl
    runner: Runner

    def log_in(self, password: str) -> None:
        """Make this KoboMobile's password, in the secret too."""
        self.mock.set_account(user=USER, password=password, balance=1_000_000)
        login = json.dumps({"user": USER, "pass": password})
        self.secrets.put_secret_value(SecretId=self.secret, SecretString=login)

    def forget_calls(self) -> None:
        """Have nothing counted, as if nobody had called KoboMobile for minutes."""
        self.dynamodb.delete_item(TableName=self.table, Key=encode({"id": VALVE_ID, "part": VALVE_PART}))

    def items(self, request: str) -> list[dict[str, Any]]:
        """Return the parts of a request."""
        condition, values = "id = :id", {":id": {"S": request}}
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        return [decode(item) for page in pages for item in page["Items"]]


@dataclass
class Life:
    """A run, and what it has seen: `doubted` maps an order and a number to the part's numbers and whether executed."""

    world: World
    scenario: Scenario
    environment: Mapping[str, str] = field(default_factory=dict)
    run: str = field(default_factory=lambda: f"run-{next(_runs)}")
    offset: float = 0.0
    steps: list[str] = field(default_factory=list)
    doubted: dict[tuple[str, str], tuple[frozenset[str], bool]] = field(default_factory=dict)
    died: int = 0

    def begin(self) -> None:
        """Set the mock up and queue the first requests."""
        self.world.forget_calls()
        mock, scenario = self.world.mock, self.scenario
        mock.reset()
        mock.set_account(user=USER, password=PASSWORD, balance=1_000_000)
        if scenario.dialect:
            mock.set_dialect(**scenario.dialect)
        for fault in scenario.faults:
            mock.add_fault(**fault)
        for entry in optout_entries(scenario.opted_out, by="test", now=0.0):
            self.world.dynamodb.put_item(TableName=self.world.table, Item=encode(entry))
        self.put(scenario.orders)

    def live(self, *points: Point, at_least: int | None = None) -> None:
        """Do it all; each point, counted from the death before, ends the process that reaches it.

        `at_least`: how many of the points must be reached, all when left out.
        """
        self.begin()
        try:
            left = self.drain(points)
            for wave in self.scenario.waves:
                self.put(wave)
                left = self.drain(left)
        finally:
            if self.scenario.rotates:
                self.world.log_in(PASSWORD)
        enough = self.died >= (len(points) if at_least is None else at_least)
        assert enough, f"nothing died at {left}: the steps were {self.steps}"

    def put(self, orders: Sequence[Order]) -> None:
        self.world.lane.put(self.body(order) for order in orders)

    def drain(self, points: Sequence[Point] = ()) -> Sequence[Point]:
        """Deliver until the queue is empty; return the points not reached."""
        for _ in range(MOST_DELIVERIES):
            messages = self.world.lane.receive()
            if not messages:
                return points
            invocation = self.deliver(messages, points[0] if points else None)
            if invocation.ended == "died":
                points = points[1:]
                self.died += 1
                self.see_doubt()
            elif points:
                points = [(points[0][0] - len(invocation.steps), points[0][1]), *points[1:]]
            self.world.lane.settle(messages, invocation)
            self.offset += self.scenario.pause
        raise AssertionError(f"no end after {MOST_DELIVERIES} deliveries:\n{self.world.runner.last_lines()}")

    def deliver(self, messages: Sequence[MessageTypeDef], point: Point | None) -> Invocation:
        """Invoke the function for a batch, in a process that dies at `point`."""
        rotates = self.scenario.rotates and not self.steps and (point is None or point[0] > 0)
        invocation = self.start(messages, (0, "after") if rotates else point, dies=not rotates)
        if rotates:
            self.world.log_in(ROTATED)
            invocation.resume(self.offset, point, dies=True)
        self.steps += invocation.steps
        return invocation

    def start(self, messages: Sequence[MessageTypeDef], point: Point | None, *, dies: bool) -> Invocation:
        request = event(messages, self.world.lane.url)
        environment = {**self.scenario.environment, **self.environment}
        return self.world.runner.start(request, self.offset, point, dies=dies, environment=environment)

    def see_doubt(self) -> None:
        """Note whose claim a death has left behind, and hold that nothing executed is forgotten."""
        executed = {sms["message_uuid"] for sms in self.world.mock.messages}
        for order in self.scenario.all_orders:
            for item in self.items(order):
                sent = item["message_uuid"] in executed
                known = "lease" in item or item.get("in_doubt") or item["state"] in ("sent", "unknown")
                assert known or not sent, f"executed, and the table does not know: {item}"
                executed.discard(item["message_uuid"])
                if "lease" in item:
                    self._doubt(order, item["recipients"], sent)
        assert not executed, f"executed, and not in the table: {executed}"

    def items(self, order: Order) -> list[dict[str, Any]]:
        return self.world.items(self.request(order)) if order.body is None else []

    def request(self, order: Order) -> str:
        return f"{self.run}-{order.key}"

    def text(self, order: Order) -> str:
        return f"{self.request(order)} {order.text}"

    def body(self, order: Order) -> str:
        """Return the queue message."""
        if order.body is not None:
            return order.body
        fields: dict[str, Any] = {"id": self.request(order), "to": list(order.to), "msg": self.text(order)}
        if order.promotional:
            fields["promotional"] = True
        if order.expires_in is not None:
            fields["expires_at"] = datetime.fromtimestamp(time.time() + order.expires_in, UTC).isoformat()
        return json.dumps(fields)

    def _doubt(self, order: Order, recipients: Mapping[str, Mapping[str, Any]], executed: bool) -> None:
        # A number with a state of its own was rejected before the claim: it is no part of the call.
        numbers = frozenset(number for number, each in recipients.items() if "state" not in each)
        for number in numbers:
            self.doubted[order.key, number] = (numbers, executed)
