"""A producer, an operator who hears the alerts, and KoboMobile's own view of what happened."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3

from kobo_cli import valve_orders
from kobo_cli.connection import local_connection
from kobo_cli.reports.why.rows import Row
from kobo_cli.reports.why.story import tell
from kobo_sms.table import iso
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl

PATIENCE_SECONDS = 150


@dataclass
class Shop:
    """A producer, an operator who hears the alerts, and KoboMobile's own view."""

    stack: LocalStack
    mock: MockControl
    ear: str

    def queue(self, count: int, lane: str = "BULK", prefix: str = "shop") -> None:
        """Queue texts to as many numbers, ten at a time."""
        url = self.stack.environment[f"KOBO_{lane}_QUEUE_URL"]

        def ten(start: int) -> None:
            entries: list[Any] = [
                {
                    "Id": str(at),
                    "MessageBody": json.dumps({"id": f"{prefix}-{at}", "to": f"+234803010{at:04d}", "msg": prefix}),
                }
                for at in range(start, min(start + 10, count))
            ]
            self.stack.clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ten, range(0, count, 10)))

    def alerts(self) -> list[tuple[str, str]]:
        """Take the alerts that came since the last time: kind and text."""
        found: list[tuple[str, str]] = []
        sqs = self.stack.clients.sqs
        while messages := sqs.receive_message(QueueUrl=self.ear, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["MessageAttributes"]["kind"]["Value"], body["Message"]))
                sqs.delete_message(QueueUrl=self.ear, ReceiptHandle=message["ReceiptHandle"])
        return found

    def hear(self, kind: str) -> str:
        """Wait for the next alert, which is to be of `kind` and the only one; return its text."""
        heard: list[tuple[str, str]] = []

        def listen() -> bool:
            heard.extend(self.alerts())
            return bool(heard)

        wait_until(listen, f"an alert {kind}")
        assert [each for each, _ in heard] == [kind]
        return heard[0][1]

    def refusals(self) -> Counter[str]:
        """Count the calls of send/ that were refused, by answer."""
        calls = (call["answer"] for call in self.mock.calls if call["endpoint"] == "send")
        return Counter(answer for answer in calls if answer.startswith("error"))

    def recipients(self, prefix: str) -> Counter[str]:
        """Count how often each number got a text of `prefix`."""
        return Counter(message["to"] for message in self.mock.messages if message["msg"] == prefix)

    def part(self, id_: str) -> dict[str, Any]:
        """Return a part's item in wire form."""
        key = {"id": {"S": id_}, "part": {"S": "0"}}
        table = self.stack.environment["KOBO_TABLE"]
        return dict(self.stack.clients.dynamodb.get_item(TableName=table, Key=key).get("Item", {}))

    def why(self, id_: str) -> list[Row]:
        """Return what `kobo why` tells of a request."""
        connection = local_connection(self.stack.environment)
        return tell(connection.items_of(id_), valve_orders.read(connection), None, time.time(), iso)

    def closed(self) -> dict[str, str]:
        """Return the closed lanes and why."""
        key = {"id": {"S": "~valve"}, "part": {"S": "state"}}
        item: Any = self.stack.clients.dynamodb.get_item(TableName=self.stack.environment["KOBO_TABLE"], Key=key)
        lanes = item.get("Item", {}).get("lanes", {"M": {}})["M"]
        return {lane: each["M"]["cause"]["S"] for lane, each in lanes.items()}

    def buried(self) -> int:
        """Return how many messages lie in the dead-letter queue."""
        url = self.stack.environment["KOBO_DEAD_LETTER_QUEUE_URL"]
        attributes = self.stack.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])


def wait_until(holds: Callable[[], Any], what: str) -> None:
    """Wait until something holds, and fail when it does not for long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)


def open_ear(stack: LocalStack) -> str:
    """Subscribe a queue to the alert topic and return its URL."""
    environment, sqs = stack.environment, stack.clients.sqs
    ear = sqs.create_queue(QueueName="ear")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=ear, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=ear, Attributes={"Policy": policy})
    sns = boto3.client(
        "sns",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    sns.subscribe(TopicArn=environment["KOBO_TOPIC_ARN"], Protocol="sqs", Endpoint=arn)
    return ear
