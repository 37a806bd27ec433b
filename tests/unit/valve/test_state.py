"""What the valve's states say of themselves: which causes close a lane, what works for nobody, who is awake."""

from __future__ import annotations

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import (
    OPERATOR,
    QUIET_HOURS,
    RESTS_EARLIER,
    Closed,
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    ClosedForQuietHours,
    Valve,
    is_woken,
)

NOW = 1_800_000_000.0
DOWN, REFUSED, NO_CREDIT = ClosedForFault(GATEWAY, NOW), ClosedForFault(CREDENTIALS, NOW), ClosedForCredit(NOW)


@pytest.mark.parametrize(
    ("closed", "cause", "causes"),
    [
        (DOWN, GATEWAY, {GATEWAY}),
        (REFUSED, CREDENTIALS, {CREDENTIALS}),
        (NO_CREDIT, CREDIT, {CREDIT}),
        (ClosedByOperator(NOW), OPERATOR, {OPERATOR}),
        (ClosedByOperator(NOW, beneath=CREDIT), OPERATOR, {OPERATOR, CREDIT}),
        (ClosedForQuietHours(NOW, NOW + 60), QUIET_HOURS, {QUIET_HOURS}),
        (ClosedForQuietHours(NOW, NOW + 60, beneath=DOWN), QUIET_HOURS, {QUIET_HOURS, GATEWAY}),
    ],
)
def test_a_lane_is_closed_for_its_cause_and_what_is_beneath(closed: Closed, cause: str, causes: set[str]) -> None:
    assert closed.cause == cause
    assert {each for each in (GATEWAY, CREDENTIALS, CREDIT, OPERATOR, QUIET_HOURS) if closed.is_for(each)} == causes


def test_what_is_suspected_is_no_fault_yet() -> None:
    assert Valve(suspected={Lane.BULK: DOWN}).fault is None
    assert Valve({Lane.BULK: NO_CREDIT}).fault is None
    both = Valve({Lane.PRIORITY: DOWN, Lane.BULK: REFUSED})
    assert both.fault == CREDENTIALS


def test_what_is_beneath_another_cause_keeps_kobomobile_from_working_too() -> None:
    at_rest = ClosedForQuietHours(NOW, NOW + 60, beneath=DOWN)
    assert Valve({Lane.BULK: at_rest}).fault == GATEWAY
    assert Valve({Lane.BULK: ClosedByOperator(NOW, beneath=CREDENTIALS)}).fault == CREDENTIALS


@pytest.mark.parametrize(
    ("at", "woken"),
    [
        (NOW - RESTS_EARLIER - 1, False),
        (NOW - RESTS_EARLIER, True),
        (NOW + 59, True),
        (NOW + 60, False),
    ],
)
def test_a_lane_is_awake_for_the_quiet_period_in_which_it_was_woken(at: float, woken: bool) -> None:
    quiet = QuietPeriod(NOW, NOW + 60, "08:00 WAT")
    assert is_woken({Lane.BULK: at}, Lane.BULK, quiet) is woken
    assert not is_woken({Lane.PRIORITY: at}, Lane.BULK, quiet)
