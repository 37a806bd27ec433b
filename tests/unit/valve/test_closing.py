"""What closes a lane, what makes it suspected, and what does neither (guarantees 4 and 9)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import CallWindow
from kobo_sms.valve.rules import (
    CREDIT_PROBE_WAIT,
    SUSPECTED_FOR,
    SWEEP_EVERY,
    Finding,
    decide,
)
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, FAULTS, GATEWAY, SYMPTOMS
from kobo_sms.valve.state import ClosedForCredit, ClosedForFault, Hold, Valve
from kobo_sms.valve.upkeep import convict, suspects_to_probe
from tests.unit.valve.counted_calls import BOTH, FINDINGS, NOTHING, NOW, OPEN, OTHER, WELL, any_of, counted


def causes(window: CallWindow, finding: Finding = WELL, valve: Valve = OPEN) -> dict[str, str]:
    return {lane: each.cause for lane, each in decide(valve, window, finding, NOW).closed.items()}


def suspects(window: CallWindow, finding: Finding = WELL, valve: Valve = OPEN) -> dict[str, str]:
    after = decide(valve, window, finding, NOW)
    assert not after.closed
    return {lane: each.cause for lane, each in after.suspected.items()}


@pytest.mark.parametrize("finding", FINDINGS)
def test_no_failed_call_no_closing(finding: Finding) -> None:
    assert decide(OPEN, NOTHING, finding, NOW) == OPEN
    assert decide(OPEN, counted(worked=500), finding, NOW) == OPEN


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_credit_shows_too_closes_both_lanes_at_once(fault: Symptom, lane: Lane) -> None:
    valve = decide(OPEN, counted(3, lane=lane, symptom=fault, recipients="a"), Finding(fault), NOW)
    closed = ClosedForFault(
        fault,
        NOW,
        "credit/ shows it",
        confirmed=True,
        probe_at=NOW + 900,
        probe_wait=15.0,
        sweep_at=NOW + SWEEP_EVERY,
    )
    assert valve == Valve(dict.fromkeys(BOTH, closed))


@pytest.mark.parametrize(
    ("failed", "worked", "closes"), [(3, 0, True), (2, 0, False), (9, 1, True), (8, 1, False), (30, 30, False)]
)
def test_a_gateway_that_credit_shows_to_be_down_takes_three_calls_that_nearly_all_failed(
    failed: int, worked: int, closes: bool
) -> None:
    found = counted(failed, worked, recipients="a")
    assert bool(causes(found, Finding(GATEWAY))) is closes
    assert not decide(OPEN, found, Finding(GATEWAY), NOW).suspected


@pytest.mark.parametrize(
    ("failed", "worked", "closes"), [(1, 0, True), (0, 0, False), (1, 1, False), (8, 1, False), (9, 1, True)]
)
def test_a_login_that_credit_refuses_too_takes_one_call_if_nothing_worked(
    failed: int, worked: int, closes: bool
) -> None:
    found = counted(failed, worked, symptom=CREDENTIALS, recipients="a")
    assert causes(found, Finding(CREDENTIALS)) == (dict.fromkeys(BOTH, CREDENTIALS) if closes else {})


def test_a_lane_that_works_is_not_closed_for_what_credit_shows_either() -> None:
    found = counted(9) + counted(worked=1, lane=Lane.PRIORITY)
    assert causes(found, Finding(GATEWAY)) == {Lane.BULK: GATEWAY}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("finding", [WELL, Finding(None)])
def test_what_credit_contradicts_is_suspected_first(fault: Symptom, finding: Finding) -> None:
    assert suspects(counted(4, symptom=fault), finding) == {}
    valve = decide(OPEN, counted(5, symptom=fault), finding, NOW)
    lane = ClosedForFault(
        fault,
        NOW,
        "5 of 5 calls failed in the last 119 seconds",
        probe_at=NOW,
        probe_wait=15.0,
        sweep_at=NOW + SWEEP_EVERY,
    )
    assert valve == Valve(suspected=dict.fromkeys(BOTH, lane))
    assert suspects_to_probe(valve, NOW) == [Lane.PRIORITY, Lane.BULK]


@pytest.mark.parametrize(("failed", "worked", "suspected"), [(18, 2, True), (17, 3, False), (5, 1, False)])
def test_nearly_all_calls_have_to_fail(failed: int, worked: int, suspected: bool) -> None:
    assert bool(suspects(counted(failed, worked))) is suspected


@pytest.mark.parametrize("finding", [WELL, Finding(None)])
@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("recipients", ["a", "ab"])
def test_one_recipient_or_two_that_always_fail_are_never_suspected(
    symptom: Symptom, finding: Finding, recipients: str
) -> None:
    window = counted(200, symptom=symptom, recipients=recipients) + counted(
        200, ago=60, symptom=symptom, recipients="a"
    )
    assert decide(OPEN, window, finding, NOW) == OPEN


def test_the_words_of_a_suspicion_are_of_what_was_counted() -> None:
    found = counted(31, 3, recipients="abcdef") + counted(9, ago=20)
    assert decide(OPEN, found, WELL, NOW).suspected[Lane.BULK].detail == "31 of 34 calls failed in the last 9 seconds"


def test_the_cause_is_the_fault_that_was_met_more_often() -> None:
    found = counted(6, symptom=CREDENTIALS) + counted(12)
    assert suspects(found) == dict.fromkeys(BOTH, GATEWAY)
    assert suspects(found + counted(7, symptom=CREDENTIALS)) == dict.fromkeys(BOTH, CREDENTIALS)


def test_credit_knows_the_fault_better_than_the_calls() -> None:
    # A gateway that is down may look like a refused login, and the other way round.
    assert causes(counted(3, symptom=CREDENTIALS), Finding(GATEWAY)) == dict.fromkeys(BOTH, GATEWAY)
    assert causes(counted(1), Finding(CREDENTIALS)) == dict.fromkeys(BOTH, CREDENTIALS)


@pytest.mark.parametrize("lane", LANES)
def test_a_lane_whose_own_calls_alone_fail_is_the_only_one(lane: Lane) -> None:
    found = counted(20, lane=lane) + counted(worked=1, lane=OTHER[lane])
    assert suspects(found) == {lane: GATEWAY}
    assert causes(found, Finding(GATEWAY)) == {lane: GATEWAY}
    # As long as its own are few, the other lane's tell that KoboMobile works.
    assert suspects(counted(19, lane=lane) + counted(worked=3, lane=OTHER[lane])) == {}


@pytest.mark.parametrize("lane", LANES)
def test_credit_that_the_balance_explains_closes_its_lane_at_once(lane: Lane) -> None:
    valve = decide(OPEN, counted(1, lane=lane, symptom=CREDIT, pages=1), Finding(None, Decimal(9)), NOW)
    closed = ClosedForCredit(
        NOW,
        "a call of 1 page was refused",
        pages=1,
        balance=Decimal(9),
        confirmed=True,
        probe_at=NOW + CREDIT_PROBE_WAIT,
        probe_wait=CREDIT_PROBE_WAIT,
        sweep_at=NOW + SWEEP_EVERY,
    )
    assert valve == Valve({lane: closed})


@pytest.mark.parametrize(
    ("pages", "balance", "closes"), [(500, 4999, True), (500, 5000, False), (1, 9, True), (1, 10, False)]
)
def test_a_balance_explains_a_refusal_below_ten_units_a_page(pages: int, balance: int, closes: bool) -> None:
    # Beside many that were accepted: a part too dear for what is left.
    found = counted(1, 50, symptom=CREDIT, pages=pages)
    valve = decide(OPEN, found, Finding(None, Decimal(balance)), NOW)
    assert bool(valve.closed) is closes
    assert valve.suspected == {}
    if closes:
        assert any_of(valve.closed)[Lane.BULK].balance == balance
        assert any_of(valve.closed)[Lane.BULK].pages == pages


def test_the_fewest_pages_refused_are_what_is_waited_for() -> None:
    found = counted(1, symptom=CREDIT, pages=500) + counted(1, symptom=CREDIT, pages=7, recipients="d")
    closed = any_of(decide(OPEN, found, Finding(None, Decimal(60)), NOW).closed)[Lane.BULK]
    assert (closed.pages, closed.confirmed, closed.detail) == (7, True, "a call of 7 pages was refused")


@pytest.mark.parametrize("finding", [WELL, Finding(None), Finding(GATEWAY), Finding(CREDENTIALS)])
def test_credit_that_nothing_explains_is_suspected(finding: Finding) -> None:
    assert suspects(counted(4, symptom=CREDIT, pages=3), finding) == {}
    assert suspects(counted(5, 1, symptom=CREDIT), finding) == {}
    valve = decide(OPEN, counted(5, symptom=CREDIT, pages=3), finding, NOW)
    assert valve.suspected.keys() == {Lane.BULK}
    lane = any_of(valve.suspected)[Lane.BULK]
    assert (lane.cause, lane.pages, lane.balance, lane.confirmed) == (CREDIT, 3, finding.balance, False)
    assert lane.detail == "5 of 5 calls failed in the last 119 seconds"
    at = NOW + SUSPECTED_FOR
    assert any_of(convict(valve, [Lane.BULK], at).closed)[Lane.BULK].probe_at == at + 15


def test_a_fault_that_credit_shows_goes_before_credit() -> None:
    found = counted(5, symptom=CREDIT) + counted(50)
    assert causes(found, Finding(GATEWAY)) == dict.fromkeys(BOTH, GATEWAY)
    assert suspects(found) == dict.fromkeys(BOTH, GATEWAY)
    # A refusal for credit is an answer of a gateway that works.
    assert suspects(counted(20, symptom=CREDIT) + counted(20)) == {Lane.BULK: CREDIT}


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_what_is_long_ago_closes_nothing(finding: Finding, symptom: Symptom) -> None:
    assert decide(OPEN, counted(50, ago=120, symptom=symptom), finding, NOW) == OPEN


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("finding", FINDINGS)
def test_closing_or_suspecting_twice_is_doing_it_once(symptom: Symptom, finding: Finding) -> None:
    found = counted(7, symptom=symptom, pages=3)
    once = decide(OPEN, found, finding, NOW)
    assert decide(once, found, finding, NOW) == once
    later = decide(once, found, finding, NOW + 5)
    assert later.closed == once.closed
    assert [each.since for each in later.suspected.values()] == [each.since for each in once.suspected.values()]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_held_lane_met_still_tells_of_the_other(fault: Symptom) -> None:
    held = Valve(holds={Lane.PRIORITY: Hold("ada", NOW)})
    assert decide(held, counted(5, lane=Lane.PRIORITY, symptom=fault), WELL, NOW).suspected.keys() == {Lane.BULK}
