"""check_credit's parts over moto and the live mock, with a clock of its own, and send_sms behind a fake Lambda."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

import send_sms.handler
from kobo_sms.aws.dynamodb import Expression, encode
from kobo_sms.composition.credit import CreditClients, build_checker
from kobo_sms.composition.send import send_app
from kobo_sms.composition.shared import build_kobo
from kobo_sms.credit.check import Checked, Checker
from kobo_sms.credit.store import CreditStore
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.runtime import Deadline
from kobo_sms.table import VALVE_ID, VALVE_PART, moment
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.rules import SUSPECTED_FOR
from kobo_sms.valve.signals import CREDIT, FailureSignal
from kobo_sms.valve.state import ClosedForCredit, ClosedForFault, Shut, Valve
from kobo_sms.valve.store import ValveStore
from kobo_sms.valve.upkeep import convict
from tests.integration.conftest import PIN, Clock
from tests.integration.least_privilege.enforcement import assert_granted
from tests.integration.valve.fake_lambda import FakeLambda

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

_names = itertools.count()
SECONDS = 90
ONE = "2348030100001"
# The mock's number that meets error_gw at each call.
HOPELESS = "2348030009005"


@dataclass
class Room:
    """One check_credit; `checker` checks when told to."""

    stack: Stack
    kobo: MockControl
    functions: FakeLambda
    clock: Clock
    valve: ValveStore
    account: CreditStore
    lanes: ClosedLanes
    checker: Checker
    received: list[tuple[str, str]] = field(default_factory=list)

    def check(self, after: float = 0.0) -> Checked:
        """Make a check, `after` seconds later, with the mappings settled since the last one."""
        self.clock.now += after
        self.functions.settle()
        with self.stack.calls.by("CheckCredit"):
            return self.checker.check(Deadline.in_seconds(SECONDS, self.clock))

    def tell(self, kind: Symptom, *recipients: str, lane: Lane = Lane.BULK, pages: int = 1) -> None:
        """Count a failed call for each of the `recipients`, as send_sms does."""
        now = self.clock.now
        signals = frozenset(FailureSignal(now, kind, lane, each, pages) for each in recipients)
        self.valve.report(CallWindow({(slot_of(now), lane, kind): len(recipients)}, signals), CallWindow(), now)

    def fail(self, kind: Symptom, lane: Lane = Lane.BULK) -> None:
        """Count as many failures as make a lane suspected."""
        self.tell(kind, "a", "b", "c", "d", "e", lane=lane)

    def close(self, kind: Symptom) -> None:
        """Have lanes closed as after a minute of probes that failed, credit/ answering as if all were well."""
        now, lanes = self.clock.now, LANES if kind != CREDIT else (Lane.BULK,)
        since, why = now - SUSPECTED_FOR, "31 of 40 calls failed in the last 30 seconds"
        suspicion: Shut = ClosedForFault(kind, since, why)
        if kind == CREDIT:
            suspicion = ClosedForCredit(since, why, pages=1)
        suspected = Valve(suspected=dict.fromkeys(lanes, suspicion))
        known = self.valve.read()
        assert self.valve.write(convict(replace(suspected, opened=known.valve.opened), lanes, now), known.version)
        self.check()
        assert set(self.closed()) == set(lanes)
        self.stack.alerts()
        self.functions.settle()

    def hold(self, *lanes: str, since: float = 1.0) -> None:
        """Have an operator hold lanes, as the kobo command does."""
        order = {"by": "ada", "since": moment(since), "reason": "wrong text"}
        write = Expression().set(holds=dict.fromkeys(lanes, order)).add(version=1)
        self.stack.dynamodb.update_item(**write.update("messages", encode({"id": VALVE_ID, "part": VALVE_PART})))

    def closed(self) -> dict[str, str]:
        return {lane: each.cause for lane, each in self.valve.read().valve.closed.items()}

    def enabled(self) -> set[str]:
        """Return the lanes whose mapping is enabled, or will be."""
        return {lane for lane in LANES if self.functions.states[f"{lane}-mapping"] in ("Enabled", "Enabling")}

    def mappings(self) -> dict[Lane, str]:
        return {lane: seen.state for lane, seen in self.valve.read().mappings.items()}

    def put(self, count: int, lane: Lane = Lane.BULK, to: str = "", age: float = 0.0) -> None:
        """Queue requests that have been waiting for `age` seconds, each to somebody else unless `to` one number."""
        queued_at: MessageAttributeValueTypeDef = {"DataType": "String", "StringValue": f"{self.clock.now - age:.3f}"}
        for number in itertools.islice(_names, count):
            # Not of the magic block.
            recipient = to or f"23480301{10_000 + number % 90_000}"
            body = json.dumps({"to": recipient, "msg": f"Your PIN is {PIN}", "id": f"order-{number}"})
            self.stack.sqs.send_message(
                QueueUrl=self.url(lane), MessageBody=body, MessageAttributes={"KoboQueuedAt": queued_at} if age else {}
            )

    def url(self, lane: Lane) -> str:
        return self.stack.names[f"{lane.title()}Queue"]

    def waiting(self, lane: Lane = Lane.BULK) -> tuple[int, int]:
        """Return how many messages can be received now, and how many are out."""
        found = self.stack.sqs.get_queue_attributes(QueueUrl=self.url(lane), AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])

    def take_all(self, lane: Lane) -> None:
        """Have all messages of a lane be out, as with somebody who works on them."""
        self.stack.sqs.receive_message(QueueUrl=self.url(lane), MaxNumberOfMessages=10, VisibilityTimeout=600)

    def come_back(self) -> None:
        """Let the time pass until what check_credit received can be received again."""
        for url, handle in self.received:
            # What was deleted does not come back.
            with suppress(ClientError):
                self.stack.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        self.received.clear()

    def kinds(self) -> list[str]:
        """Take the alerts published since the last time; return their kinds."""
        return [alert["MessageAttributes"]["kind"]["Value"] for alert in self.stack.alerts()]

    def sends(self) -> int:
        return len(self.kobo.list_calls(endpoint="send"))


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def functions(aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    """Lambda with send_sms in it, as the template sets it up."""
    aws.names |= {"SendSms": "send-sms", "SendSmsPriority": "priority-mapping", "SendSmsBulk": "bulk-mapping"}
    wanted = {"KoboBaseUrl": kobo.base_url, "HttpTimeoutSeconds": "5", "SendConcurrency": "2"}
    for name, value in (aws.environment("CheckCredit", **wanted) | aws.environment("SendSms", **wanted)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"kobo-checked-{next(_names)}")
    send_app.cache_clear()
    context = cast("LambdaContext", Context())
    states = {f"{lane}-mapping": "Enabled" for lane in LANES}

    def run_send_sms(event: dict[str, Any]) -> Any:
        with aws.calls.by("SendSms"):
            return send_sms.handler.handle(event, context)

    yield FakeLambda(run_send_sms, states)
    assert_granted(aws.calls.asked, aws.names)
    if send_app.cache_info().currsize:
        send_app().shut_down()
    send_app.cache_clear()


@pytest.fixture
def room(aws: Stack, kobo: MockControl, functions: FakeLambda, clients: dict[str, Any]) -> Iterator[Room]:
    watched = SimpleNamespace(**{name.split(" ")[1]: each for name, each in clients.items() if " " in name})
    # send_sms goes by the machine's clock.
    clock = Clock(float(round(time.time())))
    fake, environment = cast("LambdaClient", functions), aws.environment("CheckCredit", KoboBaseUrl=kobo.base_url)
    client = build_kobo(environment, watched.secretsmanager, 1)
    reached = CreditClients(client, watched.dynamodb, watched.sqs, fake, fake, watched.sns)
    checker = build_checker(environment, reached, clock, functions.waits.append, pytest.fail)
    valve, account = ValveStore(watched.dynamodb, "messages"), checker._alerting._store
    made = Room(aws, kobo, functions, clock, valve, account, checker._alerting._lanes, checker)
    kobo.set_account(balance=Decimal(100_000))

    with _noted(watched.sqs, made.received):
        yield made
    client._pool.close()


@contextmanager
def _noted(sqs: SQSClient, received: list[tuple[str, str]]) -> Iterator[None]:
    """Note each message that is received, as queue and receipt handle, and wait for none."""
    asked: list[str] = []

    def before(params: Any, **_: Any) -> None:
        asked.append(params["QueueUrl"])
        # moto would spend the second that an empty queue is waited for.
        params["WaitTimeSeconds"] = 0

    def after(parsed: Any, **_: Any) -> None:
        received.extend((asked[-1], message["ReceiptHandle"]) for message in parsed.get("Messages", []))

    sqs.meta.events.register("before-parameter-build.sqs.ReceiveMessage", before)
    sqs.meta.events.register("after-call.sqs.ReceiveMessage", after)
    yield
    sqs.meta.events.unregister("before-parameter-build.sqs.ReceiveMessage", before)
    sqs.meta.events.unregister("after-call.sqs.ReceiveMessage", after)
