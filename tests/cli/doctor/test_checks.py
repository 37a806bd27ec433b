"""Each check of `kobo doctor`: what it finds well, what it warns of, and what fails."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kobo_cli.doctor import account, clock, concurrency, notifications, valve
from kobo_cli.doctor.findings import Finding, Level
from kobo_sms.errors import UnreadableBalance
from kobo_sms.kobomobile.answers import Lost, Refused, Unreachable
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.state import ClosedByOperator
from tests.cli.doctor.conftest import NOW

if TYPE_CHECKING:
    from tests.cli.doctor.conftest import Ward

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


def levels(findings: list[Finding]) -> list[Level]:
    # Whatever is not well says what to do.
    assert all(each.advice for each in findings if each.level is not OK)
    return [each.level for each in findings]


@pytest.mark.parametrize(
    ("secret", "level", "told"),
    [
        ('{"user": "shop@example.com", "pass": "x"}', OK, "set"),
        ('{"user": "not-set-yet", "pass": "generated"}', FAIL, "never set"),
        ('{"user": "shop@example.com"}', FAIL, "must be JSON"),
        ("correct-horse-7", FAIL, "must be JSON"),
    ],
)
def test_the_secret(ward: Ward, secret: str, level: Level, told: str) -> None:
    ward.set_secret(secret)
    (found,) = ward.found(account.look_at_secret)
    assert (found.level, told in found.text) == (level, True)
    assert "horse" not in f"{found.text} {found.advice}"
    levels([found])


@pytest.mark.parametrize(
    ("answer", "level", "told"),
    [
        (Decimal(6000), OK, "the balance is 6,000"),
        (Decimal(4999), WARN, "below LowCredit"),
        (Refused("error_user"), FAIL, "error_user"),
        (Lost("HTTP 503, no balance"), FAIL, "does not answer"),
        (Unreachable("NameResolutionError"), FAIL, "does not answer"),
        (UnreadableBalance("credit/ answered 'plenty'"), FAIL, "no balance"),
    ],
)
def test_kobomobile(ward: Ward, answer: Any, level: Level, told: str) -> None:
    (found,) = ward.found(account.look_at_kobomobile, ask=lambda _: answer)
    assert (levels([found]), told in found.text) == ([level], True)


def test_kobomobile_is_not_asked_without_a_login(ward: Ward) -> None:
    ward.set_secret("{}")
    (found,) = ward.found(account.look_at_kobomobile)
    assert levels([found]) == [FAIL]


@pytest.mark.parametrize(
    ("quota", "invocations", "reserved", "found"),
    [
        # A new account with the default, and with what would use it up.
        (10, 2, None, [OK]),
        (10, 3, None, [WARN]),
        (10, 5, None, [FAIL]),
        (1000, 250, 5, [OK]),
        (1000, 250, None, [OK, WARN]),
        (500, 250, 5, [FAIL]),
    ],
)
def test_how_much_may_run_at_once(
    ward: Ward, quota: int, invocations: int, reserved: int | None, found: list[Level]
) -> None:
    ward.functions.quota, ward.functions.unreserved = quota, quota - (reserved or 0)
    ward.functions.invocations, ward.functions.reserved = invocations, reserved
    assert levels(ward.found(concurrency.look_at_concurrency)) == found


def test_an_account_just_above_100_can_set_little_aside(ward: Ward) -> None:
    ward.functions.quota = ward.functions.unreserved = 102
    ward.functions.reserved = None
    found = ward.found(concurrency.look_at_concurrency)
    assert "set CheckConcurrency to 2" in found[-1].advice


def test_more_report_shards_want_more_invocations(ward: Ward) -> None:
    ward.functions.quota = ward.functions.unreserved = 10
    ward.functions.reserved = None
    assert levels(ward.found(concurrency.look_at_concurrency)) == [OK]
    ward.change(parameters={"ReportShards": "4"})
    assert levels(ward.found(concurrency.look_at_concurrency)) == [WARN]


@pytest.mark.parametrize(
    ("endpoints", "confirmed", "level"),
    [((), 0, WARN), (("a@example.com",), 0, FAIL), (("a@example.com",), 1, OK), (("a@b.com", "c@d.com"), 1, WARN)],
)
def test_who_is_told(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, endpoints: tuple[str, ...], confirmed: int, level: Level
) -> None:
    """moto takes every e-mail for confirmed; AWS lists those that are not by this word in place of an ARN."""
    subscriptions = [
        {"SubscriptionArn": f"arn:{endpoint}" if at < confirmed else "PendingConfirmation"}
        for at, endpoint in enumerate(endpoints)
    ]
    ward.connection.fakes["sns"] = Pages(subscriptions)
    assert levels(ward.found(notifications.look_at_subscribers)) == [level]


class Pages:
    """SNS's list, two a page."""

    def __init__(self, subscriptions: list[dict[str, str]]) -> None:
        self._subscriptions = subscriptions

    def get_paginator(self, name: str) -> Pages:
        assert name == "list_subscriptions_by_topic"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Subscriptions": self._subscriptions[at : at + 1]} for at in range(max(len(self._subscriptions), 1))]


def test_alarms_that_are_armed(ward: Ward) -> None:
    (found,) = ward.found(notifications.look_at_alarms)
    assert (found.level, found.text) == (OK, "all 2 are armed, and none rings")


def test_an_alarm_whose_actions_are_off_one_that_rings_and_one_that_is_gone(ward: Ward) -> None:
    client = boto3.client("cloudwatch")
    client.disable_alarm_actions(AlarmNames=["kobo-DeadLetter"])
    client.set_alarm_state(AlarmName="kobo-PriorityAge", StateValue="ALARM", StateReason="test")
    ward.change(resources={**ward.patient.resources, "CreditSilentAlarm": "kobo-gone"})
    found = ward.found(notifications.look_at_alarms)
    assert levels(found) == [FAIL, WARN, WARN]
    assert [each.text for each in found] == [
        "tell nobody: DeadLetterAlarm", "were deleted: CreditSilentAlarm", "ring: PriorityAgeAlarm",
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "level"), [("Disabled", FAIL), ("Disabling", WARN), ("Enabling", WARN)])
def test_a_lane_that_is_open_and_not_consumed(ward: Ward, state: str, level: Level) -> None:
    ward.functions.states["bulk"] = state
    (found,) = ward.found(valve.look_at_mappings)
    assert levels([found]) == [level]
    assert "bulk is" in found.text


def test_a_lane_that_is_closed_and_consumed(ward: Ward) -> None:
    known = ward.valve.read()
    closed = replace(known.valve, closed={Lane.BULK: ClosedByOperator(NOW, "wrong text", "ada")})
    assert ward.valve.write(closed, known.version)
    (found,) = ward.found(valve.look_at_mappings)
    assert (levels([found]), found.text) == ([FAIL], "bulk is Enabled, and should be Disabled")
    ward.functions.states["bulk"] = "Disabled"
    (found,) = ward.found(valve.look_at_mappings)
    assert (found.level, found.text) == (OK, "as the valve says: priority open, bulk closed")


def test_a_stream_that_nobody_reads(ward: Ward) -> None:
    ward.functions.states["stream"] = "Disabled"
    assert levels(ward.found(valve.look_at_mappings)) == [FAIL]
    ward.change(local=True)
    assert levels(ward.found(valve.look_at_mappings)) == [OK]


def test_a_mapping_without_partial_batch_responses(ward: Ward) -> None:
    ward.functions.responses = []
    assert levels(ward.found(valve.look_at_mappings)) == [FAIL, FAIL]


@pytest.mark.parametrize(("ago", "level"), [(40, OK), (599, OK), (601, WARN), (3601, FAIL)])
def test_when_the_valve_was_last_set(ward: Ward, ago: float, level: Level) -> None:
    ward.valve.note_mappings(dict.fromkeys(LANES, "Enabled"), NOW - ago)
    assert levels(ward.found(valve.look_at_checks, now=NOW)) == [level]


@pytest.mark.parametrize(
    ("skew", "level"), [(0.9, OK), (-4.0, OK), (-7.0, WARN), (59.0, WARN), (61.0, FAIL), (None, WARN)]
)
def test_the_clock(ward: Ward, skew: float | None, level: Level) -> None:
    ward.change(skew=skew)
    assert levels(ward.found(clock.look_at_clock)) == [level]
