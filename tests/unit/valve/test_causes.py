"""What a lane is said to be closed for: while an operator holds it, and while credit/ answers now and then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.call_window import CallWindow
from kobo_sms.valve.rules import Finding, decide
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import OPERATOR, Closed, ClosedByOperator, ClosedForCredit, ClosedForFault, Hold, Valve
from tests.unit.valve.counted_calls import any_of

NOW = 1_800_000_000.0
NOTHING = CallWindow()
HOLDS = {Lane.BULK: Hold("ada", NOW - 5, "wrong text")}
NO_CREDIT = ClosedForCredit(NOW - 60, pages=500, balance=Decimal(30), confirmed=True)


def held(was: Closed, *findings: Finding) -> ClosedByOperator:
    """Return what a closed lane is once an operator holds it as well, one check a finding."""
    valve = Valve({Lane.BULK: was}, HOLDS)
    for minute, finding in enumerate(findings):
        valve = decide(valve, NOTHING, finding, NOW + 60 * minute)
    lane = valve.closed[Lane.BULK]
    assert isinstance(lane, ClosedByOperator)
    return lane


@pytest.mark.parametrize("finding", [Finding(None, Decimal(30)), Finding(None, Decimal(29)), Finding(None)])
def test_a_hold_covers_the_lack_of_credit_and_does_not_end_it(finding: Finding) -> None:
    lane = held(NO_CREDIT, finding, finding)
    assert (lane.cause, lane.beneath) == (OPERATOR, CREDIT)
    assert lane.is_for(CREDIT)


@pytest.mark.parametrize("cause", [CREDENTIALS, GATEWAY])
def test_a_hold_covers_a_fault_as_long_as_credit_shows_it(cause: Symptom) -> None:
    lane = held(ClosedForFault(cause, NOW - 60, confirmed=True), Finding(cause), Finding(cause))
    assert (lane.cause, lane.beneath) == (OPERATOR, cause)
    assert Valve({Lane.BULK: lane}).fault == cause


@pytest.mark.parametrize(
    ("was", "finding"),
    [
        (NO_CREDIT, Finding(None, Decimal(31))),
        (ClosedForFault(CREDENTIALS, NOW, confirmed=True), Finding(None, Decimal(30))),
        (ClosedForFault(GATEWAY, NOW, confirmed=True), Finding(None, Decimal(30))),
    ],
)
def test_what_credit_shows_no_more_is_over_beneath_a_hold_too(was: Closed, finding: Finding) -> None:
    lane = held(was, finding)
    assert (lane.cause, lane.beneath) == (OPERATOR, None)
    assert held(was, Finding(GATEWAY), finding).beneath is None


def test_one_lost_answer_of_credit_makes_a_refused_login_no_outage() -> None:
    refused = Valve(dict.fromkeys((Lane.PRIORITY, Lane.BULK), ClosedForFault(CREDENTIALS, NOW, confirmed=True)))
    after = decide(refused, NOTHING, Finding(GATEWAY), NOW + 60)
    assert after.fault == CREDENTIALS
    assert all(lane.confirmed for lane in any_of(after.closed).values())


def test_a_login_that_is_refused_after_an_outage_is_called_what_it_is() -> None:
    down = ClosedForFault(GATEWAY, NOW, confirmed=True)
    after = decide(Valve({Lane.BULK: down}), NOTHING, Finding(CREDENTIALS), NOW + 60).closed[Lane.BULK]
    assert after == replace(down, cause=CREDENTIALS)


@pytest.mark.parametrize("cause", [CREDENTIALS, GATEWAY])
def test_what_calls_alone_had_closed_is_confirmed_once_credit_shows_it(cause: Symptom) -> None:
    met = ClosedForFault(GATEWAY, NOW, "5 of 5 calls failed in the last 119 seconds", probe_at=NOW + 15)
    after = decide(Valve({Lane.BULK: met}), NOTHING, Finding(cause), NOW + 60).closed[Lane.BULK]
    assert after == replace(met, cause=cause, confirmed=True, probe_at=NOW + 60 + 900)
    # Seen again and again, that puts the probe off no further.
    assert decide(Valve({Lane.BULK: after}), NOTHING, Finding(cause), NOW + 120).closed[Lane.BULK] == after


@pytest.mark.parametrize("cause", [CREDENTIALS, GATEWAY])
def test_a_hold_over_what_only_calls_have_shown_covers_nothing_once_credit_is_well(cause: Symptom) -> None:
    lane = held(ClosedForFault(cause, NOW - 60), Finding(None, Decimal(30)))
    assert (lane.cause, lane.beneath) == (OPERATOR, None)
