"""Telling people: what fails of one alert keeps no other from going out, and a lost answer of credit/ wakes nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.credit.alerting import Alerting, AlertTopic
from kobo_sms.credit.settings import CreditSettings
from kobo_sms.credit.store import Account, CreditStore
from kobo_sms.credit.text import AlertText
from kobo_sms.errors import WriteConflict
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.rules import Finding
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY
from kobo_sms.valve.state import ClosedByOperator, ClosedForCredit, ClosedForFault, Valve

NOW = 1_800_000_000.0
SETTINGS = CreditSettings("kobo-prod", Decimal(1000), Decimal(100), "arn:topic", "send", {}, {})
SILENT, WELL, NO_CREDIT = Finding(GATEWAY), Finding(None, Decimal(5000)), Finding(None, Decimal(50))
OPEN = Valve()
WORDS = "31 of 40 calls failed in the last 30 seconds"
DOWN = Valve({Lane.BULK: ClosedForFault(GATEWAY, NOW - 60, WORDS)})
LATER_CHECK = 60.0
REFUSAL = ClientError({"Error": {"Code": "Throttled"}}, "Publish")
NO_SQS = [ClientError({"Error": {"Code": "Denied"}}, "GetQueueAttributes"), EndpointConnectionError(endpoint_url="x")]


class Accounts(CreditStore):
    """The account in memory; of two writers of one version one wins."""

    def __init__(self) -> None:
        self.kept = Account()
        self.balances: list[Decimal] = []
        self.on_write: Callable[[], None] = lambda: None

    def record_balance(self, balance: Decimal, *, now: float) -> None:
        self.balances.append(balance)

    def read(self) -> Account:
        return self.kept

    def write(self, account: Account) -> Account | None:
        self.on_write()
        if account.version != self.kept.version:
            return None
        self.kept = replace(account, version=account.version + 1)
        return self.kept


class Topic(AlertTopic):
    """Keeps what is published; `faults` go by kind."""

    def __init__(self) -> None:
        self.faults: dict[str, Exception] = {}
        self.published: list[tuple[str, AlertText]] = []
        self.ids: list[str] = []

    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        if kind in self.faults:
            raise self.faults[kind]
        self.published.append((kind, text))
        self.ids.append(alert_id)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.published]


class Queues(ClosedLanes):
    """Twelve messages wait, unless SQS does not say; `asked` are the lanes."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[str] = []

    def waiting(self, lane: Lane) -> int:
        self.asked.append(lane)
        if self.fault is not None:
            raise self.fault
        return 12


@dataclass
class Desk:
    now: float = NOW
    accounts: Accounts = field(default_factory=Accounts)
    topic: Topic = field(default_factory=Topic)
    queues: Queues = field(default_factory=Queues)

    def check(self, finding: Finding, valve: Valve = OPEN, after: float = LATER_CHECK) -> list[str]:
        """Return what is told, `after` so many seconds."""
        self.now += after
        alerting = Alerting(self.accounts, self.topic, self.queues, SETTINGS, lambda: self.now)
        before = len(self.topic.published)
        told = alerting.take_in(finding, "label", valve, deadline=Deadline(self.now + 50, lambda: self.now))
        # Reported as told is what was published, and nothing else.
        assert list(told.alerts) == self.topic.kinds[before:]
        return self.topic.kinds[before:]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_one_lost_answer_of_credit_rings_nothing(desk: Desk) -> None:
    assert desk.check(SILENT) == []
    assert desk.check(WELL) == []
    assert desk.topic.published == []


def test_five_minutes_of_lost_answers_ring_once(desk: Desk) -> None:
    assert [desk.check(SILENT) for _ in range(5)] == [[]] * 5
    assert desk.check(SILENT, after=59.9) == []
    assert desk.check(SILENT, after=0.1) == [GATEWAY]
    assert [desk.check(SILENT) for _ in range(5)] == [[]] * 5


def test_an_answer_between_lost_ones_has_the_five_minutes_begin_anew(desk: Desk) -> None:
    for answer in (WELL, Finding(None), NO_CREDIT, WELL):
        assert [desk.check(SILENT) for _ in range(4)] == [[]] * 4
        desk.check(answer)
    assert GATEWAY not in desk.topic.kinds


def test_a_refused_login_rings_at_once(desk: Desk) -> None:
    assert desk.check(Finding(CREDENTIALS)) == [CREDENTIALS]
    assert desk.check(SILENT) == []


def test_a_closed_lane_rings_at_once_with_what_was_counted(desk: Desk) -> None:
    assert desk.check(WELL, DOWN) == [GATEWAY]
    ((_, text),) = desk.topic.published
    assert f", the gateway does not work; {WORDS}; about 12 messages waiting" in text.email
    assert "Held: bulk (12 waiting)." in text.sms


def test_what_an_operator_wrote_is_not_what_was_counted(desk: Desk) -> None:
    held = Valve({Lane.PRIORITY: ClosedByOperator(NOW, "the text is wrong", "ada"), **DOWN.closed})
    assert desk.check(WELL, held) == [GATEWAY]
    ((_, text),) = desk.topic.published
    assert "the text is wrong" not in text.email
    assert desk.queues.asked == [Lane.PRIORITY, Lane.BULK]


def test_two_lanes_that_run_out_of_credit_in_one_second_are_told_as_two_alerts(desk: Desk) -> None:
    """Else who publishes the first would strike off the second, too."""
    poor = {lane: ClosedForCredit(NOW, pages=124, balance=Decimal(50)) for lane in Lane}
    desk.topic.faults = {"empty": REFUSAL}
    with pytest.raises(ClientError):
        desk.check(NO_CREDIT, Valve({Lane.BULK: poor[Lane.BULK]}))
    desk.topic.faults = {}
    assert desk.check(NO_CREDIT, Valve(poor), after=0.4) == ["empty"]
    assert len(desk.accounts.kept.pending) == 1
    assert desk.check(NO_CREDIT, Valve(poor)) == ["empty"]
    assert len(set(desk.topic.ids)) == 2


@pytest.mark.parametrize("failing", ["critical", GATEWAY])
def test_an_alert_that_cannot_be_published_keeps_no_other_from_it(desk: Desk, failing: str) -> None:
    desk.topic.faults = {failing: REFUSAL}
    with pytest.raises(ClientError):
        desk.check(NO_CREDIT, DOWN)
    assert {*desk.topic.kinds, failing} == {"critical", GATEWAY}
    assert [each.alert.kind for each in desk.accounts.kept.pending] == [failing]
    # A later check takes it over, once the one that failed cannot be about to publish it.
    desk.topic.faults = {}
    assert desk.check(NO_CREDIT, DOWN, after=50) == []
    assert desk.check(NO_CREDIT, DOWN) == [failing]
    assert "This alert may have reached you before." in desk.topic.published[-1][1].email
    assert desk.accounts.kept.pending == ()


def test_of_several_errors_the_first_is_raised_at_the_end(desk: Desk) -> None:
    first, second = WriteConflict("first"), WriteConflict("second")
    desk.topic.faults = {"critical": first, GATEWAY: second}
    with pytest.raises(WriteConflict) as raised:
        desk.check(NO_CREDIT, DOWN)
    assert raised.value is first
    assert len(desk.accounts.kept.pending) == 2


def test_an_alert_that_cannot_be_struck_off_keeps_no_other_from_being_published(desk: Desk) -> None:
    writes = iter([None, REFUSAL])

    def refuse_the_second() -> None:
        if error := next(writes, None):
            raise error

    desk.accounts.on_write = refuse_the_second
    with pytest.raises(ClientError):
        desk.check(NO_CREDIT, DOWN)
    assert sorted(desk.topic.kinds) == ["critical", GATEWAY]
    # Published but still written down: told again, rather than never.
    assert len(desk.accounts.kept.pending) == 1


@pytest.mark.parametrize("fault", NO_SQS)
def test_where_nobody_says_how_much_waits_the_alert_goes_out_without(desk: Desk, fault: Exception) -> None:
    desk.queues.fault = fault
    assert desk.check(NO_CREDIT, Valve({Lane.BULK: ClosedForCredit(NOW, pages=3)})) == ["empty"]
    ((_, text),) = desk.topic.published
    assert "Held: bulk since" in text.email
    assert "waiting" not in text.email + text.sms


def test_without_an_alert_nobody_counts_what_waits(desk: Desk) -> None:
    desk.check(WELL, DOWN)
    desk.queues.asked.clear()
    assert desk.check(WELL, DOWN) == []
    assert desk.queues.asked == []


def test_of_two_checks_at_once_one_tells(desk: Desk) -> None:
    def another_check() -> None:
        desk.accounts.on_write = lambda: None
        desk.check(WELL, DOWN, after=0)

    desk.accounts.on_write = another_check
    alerting = Alerting(desk.accounts, desk.topic, desk.queues, SETTINGS, lambda: desk.now)
    assert alerting.take_in(WELL, "label", DOWN, deadline=Deadline(desk.now + 50, lambda: desk.now)).alerts == []
    assert desk.topic.kinds == [GATEWAY]


def test_a_balance_that_was_read_is_kept_and_one_that_was_not_is_none(desk: Desk) -> None:
    desk.check(WELL)
    desk.check(SILENT)
    desk.check(Finding(None))
    assert desk.accounts.balances == [Decimal(5000)]
    # What an alert says meanwhile is the last that anybody read.
    desk.check(SILENT, DOWN)
    assert "Balance: 5,000" in desk.topic.published[-1][1].email
