"""Each alarm of the template on a metric of ours: provoked, and evaluated over what the handlers have printed."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.aws.dynamodb import Expression, encode
from kobo_sms.errors import UnreadableBalance
from kobo_sms.messages.lanes import LANES
from kobo_sms.table import DUE_SHARDS, VALVE_ID, VALVE_PART, moment
from kobo_sms.valve.store import ValveStore
from tests.alarms.alarm import ALARM, OK, alarms, lasting
from tests.alarms.emf import Datapoint, read_datapoints
from tests.integration.conftest import PIN, create_consumers
from tests.integration.handlers.test_queue_campaign import Desk, singles

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

_names = itertools.count()
NOW, HOUR, DAY = 1_800_000_000.0, 3600, 86_400
TEXT = f"Your PIN is {PIN}"


class World:
    """A stack on which something goes wrong."""

    def __init__(
        self, functions: Functions, aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        self.name = name
        self.functions, self.aws, self.kobo, self._monkeypatch = functions, aws, kobo, monkeypatch

    def check(self) -> None:
        """Have check_credit run; moto's mappings want Docker as soon as something is queued, so they come last."""
        create_consumers(self.aws)
        for lane in LANES:
            self._monkeypatch.setenv(f"{lane.name}_MAPPING", self.aws.names[f"SendSms{lane.title()}"])
        self.functions.check_credit()

    def put(self, *to: str, lane: str = "Priority", age: float = 0.0) -> None:
        """Queue a text for each number that has been waiting for `age` seconds."""
        attributes: Any = {"KoboQueuedAt": {"DataType": "String", "StringValue": f"{time.time() - age:.3f}"}}
        for number in to:
            body = json.dumps({"to": number, "msg": TEXT, "id": f"to-{number[-5:]}"})
            url = self.aws.names[f"{lane}Queue"]
            self.aws.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    def hold(self, lane: str) -> None:
        """Have an operator hold a lane closed, and Lambda know its mappings."""
        holds = {lane: {"by": "ada", "since": moment(1.0), "reason": "wrong text"}}
        write = Expression().set(holds=holds).add(version=1)
        self.aws.dynamodb.update_item(**write.update("messages", encode({"id": VALVE_ID, "part": VALVE_PART})))


def _bury_51(world: World) -> None:
    world.functions.put(*["no JSON"] * 51)
    world.functions.deliver_all()


def _put_off_a_password(world: World) -> None:
    world.kobo.add_fault(endpoint="send", answer="error_billing")
    world.put("2348030100001", age=301)
    world.functions.deliver()


def _put_off_a_bulk_text(world: World) -> None:
    world.kobo.add_fault(endpoint="send", answer="error_billing")
    world.put("2348030100001", lane="Bulk", age=DAY + 1)
    world.functions.deliver("Bulk")


def _be_late(world: World) -> None:
    world.put("2348030100001", age=11)
    world.functions.deliver()


def _lose_the_table(world: World) -> None:
    world.functions.put({"to": "2348030100001", "msg": TEXT})
    world.aws.dynamodb.delete_table(TableName="messages")
    assert len(world.functions.deliver()) == 1


def _lose_an_answer_for_good(world: World) -> None:
    world.kobo.add_fault(endpoint="send", kind="reset", when="after", times=1)
    world.kobo.set_dialect(repeat="error_param")
    world.put("2348030100001")
    world.functions.deliver()
    world.functions.come_back()
    world.functions.deliver()


def _stop_checking(world: World) -> None:
    valve = ValveStore(world.aws.dynamodb, "messages")
    valve.note_mappings(dict.fromkeys(LANES, "Enabled"), time.time() - HOUR - 60)
    world.functions.poll()


def _answer_nonsense(world: World) -> None:
    world.kobo.add_fault(endpoint="credit", answer="plenty")
    with pytest.raises(UnreadableBalance):
        world.check()


def _hold_a_lane(world: World) -> None:
    world.hold("bulk")
    world.check()


def _stop_polling(world: World) -> None:
    for shard in DUE_SHARDS:
        part = {"id": "order-1", "part": shard, "due_shard": shard, "due_at": moment(time.time() - 1801)}
        world.aws.dynamodb.put_item(TableName="messages", Item=encode(part))
    world.check()


def _break_a_part(world: World) -> None:
    part = {"id": "order-1", "part": "0", "due_shard": "0", "due_at": 1, "recipients": {"2348030100001": "sent"}}
    world.aws.dynamodb.put_item(TableName="messages", Item=encode(part))
    world.functions.poll()


def _lose_a_campaigns_file(world: World) -> None:
    Desk(world.aws).hand_over("lost", singles(3), upload=False)
    world.functions.queue_campaigns()


PROVOKED: dict[str, Callable[[World], None]] = {
    "DeadLettersGrowAlarm": _bury_51,
    "PriorityUnsentAlarm": _put_off_a_password,
    "BulkUnsentAlarm": _put_off_a_bulk_text,
    "PasswordsLateAlarm": _be_late,
    "FailedRecordsAlarm": _lose_the_table,
    "UnknownOutcomeAlarm": _lose_an_answer_for_good,
    "CreditSilentAlarm": _stop_checking,
    "BalanceUnreadAlarm": _answer_nonsense,
    "ValveClosedAlarm": _hold_a_lane,
    "ReportBacklogAlarm": _stop_polling,
    "PartsPutOffAlarm": _break_a_part,
    "CampaignPutOffAlarm": _lose_a_campaigns_file,
}
# Who rings at the first of it; the others wait whether it lasts.
AT_ONCE = {
    "DeadLettersGrowAlarm", "PriorityUnsentAlarm", "BulkUnsentAlarm", "UnknownOutcomeAlarm", "PartsPutOffAlarm",
    "CampaignPutOffAlarm",
}  # fmt: skip


@pytest.fixture
def world(functions: Functions, aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch) -> World:
    # powertools keeps one logger for each service; here all functions tell the same one, as they do in a stack.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service := f"alarmed-{next(_names)}")
    return World(functions, aws, kobo, monkeypatch, service)


def test_each_alarm_on_a_metric_of_ours_is_provoked() -> None:
    assert PROVOKED.keys() == {name for name, each in alarms().items() if each.namespace == "KoboSms"}
    assert PROVOKED.keys() >= AT_ONCE


@pytest.mark.parametrize("name", PROVOKED)
def test_it_rings_by_what_the_functions_tell(world: World, output: pytest.CaptureFixture[str], name: str) -> None:
    PROVOKED[name](world)
    told = read_datapoints(output.readouterr().out)
    alarm = alarms(world.name)[name]
    mine = [point for point in told if point.metric == alarm.metric]
    assert mine, f"nobody tells {alarm.metric}"
    assert alarm.evaluate(lasting(alarm, mine, NOW), NOW) == ALARM
    once = [Datapoint(point.metric, NOW - 1, point.value) for point in mine]
    assert alarm.evaluate(once, NOW) == (ALARM if name in AT_ONCE else OK)


def test_nothing_rings_while_all_is_well(world: World, kobo: MockControl, output: pytest.CaptureFixture[str]) -> None:
    """Texts on both lanes, one of them refused, reports, a campaign and a check or two."""
    for lane in ("Priority", "Bulk"):
        world.put("2348030100001" if lane == "Bulk" else "2348030100002", "2348030009002", lane=lane)
        world.functions.deliver_all(lane)
    Desk(world.aws).hand_over("sale", singles(3))
    world.functions.queue_campaigns()
    world.functions.deliver_all("Bulk")
    kobo.advance(600)
    world.functions.poll()
    world.check()
    world.functions.poll()
    told = read_datapoints(output.readouterr().out)
    # What is told whether or not something is wrong, so that its end is told too.
    always = {"BalanceUnreadAlarm", "ValveClosedAlarm", "ReportBacklogAlarm", "PartsPutOffAlarm"}
    ours = {name: each for name, each in alarms(world.name).items() if each.namespace == "KoboSms"}
    assert {name for name, each in ours.items() if any(point.metric == each.metric for point in told)} >= always
    for name, each in ours.items():
        assert each.evaluate(lasting(each, told, NOW), NOW) == OK, name


def test_who_pauses_a_campaign_is_not_told_that_it_waits(world: World, output: pytest.CaptureFixture[str]) -> None:
    desk = Desk(world.aws)
    desk.hand_over("sale", singles(3))
    world.functions.queue_campaigns()
    desk.orders.pause("sale", now=time.time())
    output.readouterr()
    assert len(world.functions.deliver("Bulk")) == 3
    assert "SecondsUnsent" not in output.readouterr().out


@pytest.mark.parametrize("function", ["check_credit", "poll"])
def test_what_cannot_be_measured_fails_nothing(
    world: World, output: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def fails(*_: Any) -> float:
        raise KeyError("due_at")

    monkeypatch.setattr("kobo_sms.reports.store.ReportBacklog.seconds_overdue", fails)
    monkeypatch.setattr("kobo_sms.valve.store.ValveStore.checked_at", fails)
    world.check() if function == "check_credit" else world.functions.poll()
    printed = output.readouterr().out
    assert "not measured" in printed
    assert '"KeyError"' in printed
    assert '"Balance"' in printed or '"PartsPutOff"' in printed
