"""A simulated invocation of send_sms answers what the real handler answers to the same records and verdicts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger, Metrics

from kobo_sms.aws.queues import Message, read_record
from kobo_sms.aws.received_messages import make_record
from kobo_sms.composition.send import SendApp
from kobo_sms.sending.batch import Processed
from kobo_sms.sending.result import SendResult
from send_sms import handler
from tests.robustness.simulation.invocations import Invocation, to_message
from tests.robustness.simulation.run import make_world
from tests.robustness.simulation.scenario import Scenario
from tests.robustness.simulation.sqs import BULK, FakeSQS, received
from tests.robustness.simulation.stored import Stored
from tests.robustness.simulation.world import World

VERDICTS = (
    SendResult("sent"),
    SendResult("held", returns_after=5, symptom="credit"),
    SendResult("held", returns_after=5, symptom="credentials"),
    SendResult("queued", returns_after=5, symptom="gateway"),
    SendResult("busy", returns_after=9),
    SendResult("failed", symptom="gateway", dead=True),
    SendResult("duplicate"),
)


class Script:
    """A sender that gives each message its verdict."""

    def process(self, messages: Sequence[Message], *_: object) -> Iterator[Processed]:
        for message in messages:
            yield Processed(message, VERDICTS[int(message.body)])


@pytest.fixture
def records() -> list[dict[str, Any]]:
    with make_world(1, scenario=Scenario()) as world:
        for at in range(len(VERDICTS)):
            world.sqs.put(BULK, str(at), {"KoboPart": "0.1"} if at % 2 else {})
        taken = world.sqs.receive(BULK, 10, 30.0)
        return [make_record(cast("Any", received(*one)), _arn(world.sqs)) for one in taken]


def _arn(sqs: FakeSQS) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=BULK, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def answer_of_the_handler(records: Sequence[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with ThreadPoolExecutor(1) as pool:
        logger, metrics = Logger(service="contract"), Metrics(namespace="Contract", service="contract")
        app = SendApp(cast("Any", Script()), pool, pool, {BULK: BULK.value}, time.time, logger, metrics)
        monkeypatch.setattr(handler, "send_app", lambda: app)
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
        return handler.handle({"Records": list(records), "probe": True}, cast("Any", context))


def answer_of_the_simulation(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def start(world: World) -> Invocation:
        messages = [read_record(record, {BULK: BULK.value}, probe=True) for record in records]
        world.idle.append(cast("Any", SimpleNamespace(sender=Script(), number=0)))
        invocation = Invocation(world, messages, lambda _: None)
        invocation.start()
        return invocation

    with make_world(1, scenario=Scenario()) as world:
        invocation = start(world)
        world.timeline.run(world.now + 1)
        return invocation.answer()


def test_both_answer_the_same(records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    real, simulated = answer_of_the_handler(records, monkeypatch), answer_of_the_simulation(records)

    for answer in (real, simulated):
        answer["batchItemFailures"] = sorted(each["itemIdentifier"] for each in answer["batchItemFailures"])
    assert simulated == real
    assert json.loads(json.dumps(simulated)) == simulated


def test_a_record_is_the_message_that_the_simulated_consumer_makes() -> None:
    stored = Stored("m1", "body", {"KoboPart": "0.1"}, BULK, round(time.time(), 3), 0.0, receives=3)

    record = make_record(cast("Any", received(stored, "m1#3")), f"arn:aws:sqs:eu-west-1:1:{BULK}")

    assert read_record(record, {BULK: BULK.value}) == to_message(stored, "m1#3")
