"""The flows that between them make a function do all that it may: each lane, each outcome, what is rare among it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

from kobo_sms.aws.dynamodb import Expression, encode
from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.files import requests_key
from kobo_sms.campaigns.members import pack
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.credit.check import Checker
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.reports.store import ReportBacklog
from kobo_sms.runtime import Deadline
from kobo_sms.table import VALVE_ID, VALVE_PART, moment
from tests.integration.conftest import Clock, Stack
from tests.integration.valve.fake_lambda import FakeLambda

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from mock_kobo.control_client import MockControl
    from tests.integration.handlers.conftest import Functions

DAY = 86_400
NUMBERS = [f"+23480301{at:05d}" for at in range(4)]
REFUSED, BILLING = "+2348030009002", "+2348030009004"


def send(functions: Functions, kobo: MockControl, few_receives: Callable[[], None]) -> None:
    """Send, split, halve, retry, give up, cancel and refuse on both lanes; ask for a check after failures.

    `few_receives` has a message count as received so often that it is replaced by a new one.
    """
    orders = _orders(functions.stack)
    assert orders.accept(Campaign("flop", "d", 1, 1, 1, 1.0, 1.0)).changed
    assert orders.stop("flop", by="ada", now=2.0).changed
    many = [f"+23480302{at:05d}" for at in range(501)]
    for lane in ("Priority", "Bulk"):
        functions.put({"to": NUMBERS[:1], "msg": "plain"}, {"to": [*NUMBERS, REFUSED], "msg": "halved"}, lane=lane)
        functions.put({"to": BILLING, "msg": "later"}, {"to": NUMBERS, "msg": "offer", "promotional": True}, lane=lane)
        functions.put("no request", {"to": NUMBERS[:1], "msg": "too late", "campaign": "flop"}, lane=lane)
        functions.put({"to": many, "msg": "split"}, lane=lane)
        # So many that some are claimed and recorded together.
        functions.put(*({"to": NUMBERS[:1], "msg": "usual"} for _ in range(10)), lane=lane)
        functions.put({"id": f"flop:{lane}", "campaign": "flop", "to": NUMBERS[:1], "oops": "no text"}, lane=lane)
        functions.deliver_all(lane)
    with _suspended(kobo):
        few_receives()
        functions.put(*({"to": number, "msg": "held"} for number in NUMBERS))
        functions.deliver()


def _orders(stack: Stack) -> CampaignOrders:
    return CampaignOrders(stack.dynamodb, stack.names["Messages"], keep_seconds=30.0 * DAY)


@contextmanager
def _suspended(kobo: MockControl) -> Iterator[None]:
    kobo.set_account(suspended=True)
    yield
    kobo.set_account(suspended=False)


def campaigns(functions: Functions, stack: Stack, kobo: MockControl) -> None:
    """Queue a campaign on each lane, send it, ask for the reports by both shards, and count what became of it."""
    orders = _orders(stack)
    for lane in LANES:
        body = {"id": f"{lane}:1", "to": NUMBERS, "msg": "party", "campaign": lane}
        file = b"".join(pack([json.dumps(body).encode()], 4))
        stack.s3.put_object(Bucket=stack.names["Campaigns"], Key=requests_key(lane, "d"), Body=file)
        assert orders.accept(Campaign(lane, "d", len(file), 1, len(NUMBERS), 1.0, 1.0, lane=lane)).changed
    assert functions.queue_campaigns()["requests"] == len(LANES)
    for lane in LANES:
        functions.deliver_all(lane.title())
        key = encode({"id": "~campaigns", "part": str(lane)})
        stack.dynamodb.update_item(**Expression().set(due_at=1).update(stack.names["Messages"], key))
    kobo.advance(DAY)
    assert sum(functions.poll(**shard)["parts"] for shard in ({}, {"shard": 1})) == len(LANES)
    assert functions.queue_campaigns()["finished"] == len(LANES)
    # One part is written by another call than several.
    functions.put({"to": NUMBERS[:1], "msg": "alone"})
    functions.deliver()
    kobo.advance(DAY)
    assert functions.poll()["parts"] == 1


def publish(functions: Functions, sample: Sequence[dict[str, Any]]) -> None:
    """Publish changes: a new part, one that cannot be read, one whose recipient wants no promotional texts."""
    broken, refused = (json.loads(json.dumps(each)) for each in (sample[0], sample[1]))
    del broken["dynamodb"]["NewImage"]["recipients"]
    refused["dynamodb"]["OldImage"] = json.loads(json.dumps(refused["dynamodb"]["NewImage"]))
    for recipient in refused["dynamodb"]["NewImage"]["recipients"]["M"].values():
        recipient["M"] |= {"state": {"S": "do_not_disturb"}, "at": {"N": "1795861300.5"}}
    assert functions.publish([*sample, broken, refused]) == []


@dataclass
class Checks:
    """check_credit with a clock of its own, and send_sms behind Lambda."""

    stack: Stack
    kobo: MockControl
    checker: Checker
    backlog: ReportBacklog
    clock: Clock
    fake: FakeLambda

    def check(self, after: float = 0.0) -> Mapping[Lane, str]:
        self.clock.now += after
        self.fake.settle()
        with self.stack.calls.by("CheckCredit"):
            self.backlog.seconds_overdue()
            return self.checker.check(Deadline.in_seconds(90, self.clock)).closed

    def queue(self, lane: Lane, *ages: float) -> None:
        """Queue a request for each age in seconds."""
        for number, age in enumerate(ages):
            at: MessageAttributeValueTypeDef = {"DataType": "String", "StringValue": f"{self.clock.now - age:.3f}"}
            body = json.dumps({"id": f"aged-{lane}-{number}", "to": NUMBERS[0], "msg": "waited"})
            url = self.stack.names[f"{lane.title()}Queue"]
            self.stack.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes={"KoboQueuedAt": at})


def check(checks: Checks) -> None:
    """Close lanes and open them; alert; give up what is too old in a closed lane and put the rest back."""
    checks.kobo.set_account(balance=1)
    order = {"by": "ada", "since": moment(1.0), "reason": "wrong text"}
    write = Expression().set(holds=dict.fromkeys(LANES, order)).add(version=1)
    table = checks.stack.names["Messages"]
    checks.stack.dynamodb.update_item(**write.update(table, encode({"id": VALVE_ID, "part": VALVE_PART})))
    assert set(checks.check()) == set(LANES)
    for lane in LANES:
        checks.queue(lane, 14 * DAY, 60)
    checks.check(after=6 * 3600 + 1)
    assert checks.stack.alerts()
    assert len(checks.fake.invoked) >= len(LANES)


@contextmanager
def answered_by(fake: FakeLambda) -> Iterator[None]:
    """Have `fake` answer what clients made from now on ask of Lambda: moto would want Docker to run a function."""

    def answer(model: Any, params: Mapping[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        return SimpleNamespace(status_code=200), _answer(fake, model.name, params)

    assert boto3.DEFAULT_SESSION is not None
    # Its stubs know of no handler that answers a call.
    events: Any = boto3.DEFAULT_SESSION.events
    events.register("before-call.lambda", answer)
    try:
        yield
    finally:
        events.unregister("before-call.lambda", answer)


def _answer(fake: FakeLambda, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    name = params["url_path"].split("/")[3]
    if operation == "GetEventSourceMapping":
        return {**fake.get_event_source_mapping(UUID=name)}
    if operation == "UpdateEventSourceMapping":
        return {**fake.update_event_source_mapping(UUID=name, Enabled=json.loads(params["body"])["Enabled"])}
    assert operation == "Invoke"
    if params["headers"].get("X-Amz-Invocation-Type") == "Event":
        return {"StatusCode": 202, "Payload": io.BytesIO(b"")}
    return fake.invoke(FunctionName=name, Payload=params["body"])
