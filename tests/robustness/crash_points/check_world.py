"""What check_credit works on and what outlives it, and the checks made there, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from kobo_sms.credit.alerting import Alerting, AlertTopic
from kobo_sms.credit.check import Checked, Checker
from kobo_sms.credit.settings import CreditSettings
from kobo_sms.credit.store import CreditStore
from kobo_sms.kobomobile.answers import Lost, Refused, Unreachable
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.control import ValveControl
from kobo_sms.valve.event_sources import EventSources
from kobo_sms.valve.signals import FailureSignal
from kobo_sms.valve.store import ValveStore
from tests.integration.valve.fake_lambda import FakeLambda
from tests.robustness.crash_points.check_gates import Death, Gate, Through
from tests.robustness.crash_points.check_stores import MemoryAccount, MemoryQueues, MemoryTopic, MemoryValve

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

SETTINGS = CreditSettings(
    stack="kobo",
    low=Decimal(20),
    critical=Decimal(10),
    topic_arn="topic",
    send_function="send-sms",
    mappings={lane: f"{lane}-mapping" for lane in LANES},
    queue_urls={lane: lane for lane in LANES},
)


@dataclass
class Kobo:
    """credit/ as check_credit sees it."""

    answer: Decimal | Refused | Lost | Unreachable = field(default_factory=lambda: Decimal(5000))

    def credit(self) -> Decimal | Refused | Lost | Unreachable:
        return self.answer


class CheckWorld:
    """`works`: whether what send_sms is let try is accepted; `sent` counts it. `failing`: what send_sms meets all the
    time while its lane is open, and how many pages each call has."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.kobo, self.works, self.sent = Kobo(), True, 0
        self.failing: tuple[Symptom, int] | None = None
        self.valve, self.account, self.topic = MemoryValve(), MemoryAccount(), MemoryTopic()
        self.queues = MemoryQueues(self.clock)
        self.functions = FakeLambda(self._send, {f"{lane}-mapping": "Enabled" for lane in LANES})

    def clock(self) -> float:
        return self.now

    def tell(self, kind: Symptom, *recipients: str, lane: Lane = Lane.BULK, pages: int = 1) -> None:
        """Count a failed call for each of the `recipients`, as send_sms does."""
        signals = frozenset(FailureSignal(self.now, kind, lane, each, pages) for each in recipients)
        self.valve.report(
            CallWindow({(slot_of(self.now), lane, kind): len(recipients)}, signals), CallWindow(), self.now
        )

    def check(self, gate: Gate | None = None, after: float = 0.0) -> Checked | None:
        """Make a check in a fresh process; None when it dies."""
        self.now += after
        self.functions.settle()
        if self.failing is not None and Lane.BULK not in self.closed():
            kind, pages = self.failing
            self.tell(kind, "a", "b", "c", "d", "e", pages=pages)
        with suppress(Death):
            return self._checker(gate or Gate()).check(Deadline.in_seconds(90, self.clock))
        return None

    def closed(self) -> dict[str, str]:
        return {lane: each.cause for lane, each in self.valve.known.valve.closed.items()}

    def enabled(self) -> set[str]:
        """Return the lanes that are consumed once AWS has done what it was asked for."""
        self.functions.settle()
        return {lane for lane in LANES if self.functions.states[f"{lane}-mapping"] == "Enabled"}

    def _send(self, event: dict[str, Any]) -> dict[str, Any]:
        records = event["Records"]
        if self.works:
            self.sent += len(records)
            return {"batchItemFailures": [], "accepted": len(records), "failed": 0}
        stay = [{"itemIdentifier": record["messageId"]} for record in records]
        return {"batchItemFailures": stay, "accepted": 0, "failed": len(records)}

    def _checker(self, gate: Gate) -> Checker:
        def through(inner: object, name: str) -> Any:
            return Through(inner, name, gate)

        functions: LambdaClient = through(self.functions, "lambda")
        clock: Callable[[], float] = self.clock
        sqs: SQSClient = through(self.queues, "sqs")
        sns: SNSClient = through(self.topic, "sns")
        lanes = ClosedLanes(sqs, functions, SETTINGS.send_function, SETTINGS.queue_urls, clock)
        valve = cast(ValveStore, through(self.valve, "valve"))
        control = ValveControl(valve, EventSources(functions, SETTINGS.mappings, lambda seconds: None), lanes, clock)
        account = cast(CreditStore, through(self.account, "account"))
        alerting = Alerting(account, AlertTopic(sns, SETTINGS.topic_arn), lanes, SETTINGS, clock)
        return Checker(cast(KoboClient, through(self.kobo, "kobo")), valve, control, alerting)
