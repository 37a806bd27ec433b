"""Quiet hours: the bulk lane rests, and what else is decided about it goes on beneath."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.valve.call_window import CallWindow
from kobo_sms.valve.rules import SWEEP_EVERY, Finding, decide
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import (
    QUIET_HOURS,
    RESTS_EARLIER,
    Closed,
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    ClosedForQuietHours,
    Hold,
    Valve,
)
from kobo_sms.valve.upkeep import (
    acquit,
    closed_to_probe,
    convict,
    fault_lanes,
    forget_faults_at_rest,
    open_after_probe,
    put_off_probe,
    suspects_to_probe,
    sweep_lanes,
)
from tests.unit.valve.counted_calls import NOW, counted

HOUR = 3600.0
NIGHT = QuietPeriod(NOW, NOW + 12 * HOUR, "08:00")
MORNING = NIGHT.end
NEXT = QuietPeriod(NOW + 24 * HOUR, NOW + 36 * HOUR, "08:00")
WELL, DOWN, NOTHING = Finding(None, Decimal(5000)), Finding(GATEWAY), CallWindow()
HOLD = Hold("ada", NOW - 5, "wrong text")
FAULT = ClosedForFault(GATEWAY, NOW - HOUR, "31 of 40", probe_at=NOW + 5, probe_wait=240.0, sweep_at=NOW + 9)
POOR = ClosedForCredit(NOW - HOUR, pages=500, balance=Decimal(30), confirmed=True, probe_at=NOW + 60, sweep_at=NOW + 9)


def at(
    valve: Valve, now: float, finding: Finding = WELL, window: CallWindow = NOTHING, quiet: QuietPeriod = NIGHT
) -> Valve:
    return decide(valve, window, finding, now, quiet)


def bulk(closed: Closed, **fields: Any) -> Valve:
    return Valve({Lane.BULK: closed}, **fields)


def resting(valve: Valve) -> ClosedForQuietHours:
    found = valve.closed[Lane.BULK]
    assert isinstance(found, ClosedForQuietHours)
    return found


@pytest.mark.parametrize(
    ("now", "rests"),
    [
        (NOW - RESTS_EARLIER - 0.1, False),
        (NOW - RESTS_EARLIER, True),
        (NOW, True),
        (MORNING - 0.1, True),
    ],
)
def test_the_bulk_lane_rests_a_little_early_and_the_priority_lane_never(now: float, rests: bool) -> None:
    closed = at(Valve(), now).closed
    assert {lane: each.cause for lane, each in closed.items()} == ({Lane.BULK: QUIET_HOURS} if rests else {})


def test_it_tells_until_when_and_since_when() -> None:
    night = at(Valve(), NOW - 60)
    later = resting(at(night, NOW + HOUR))
    assert (later.since, later.until, later.detail) == (NOW - 60, MORNING, "until 08:00")
    assert later.sweep_at == NOW - 60 + SWEEP_EVERY


def test_it_opens_by_itself_when_they_are_over() -> None:
    valve = at(at(Valve(), NOW), MORNING, quiet=NEXT)
    assert valve.closed == {}


def test_without_quiet_hours_it_opens_too() -> None:
    # They were taken out of the template's parameters overnight.
    assert decide(at(Valve(), NOW), NOTHING, WELL, NOW + HOUR).closed == {}


def test_no_alert_follows_from_rest_alone() -> None:
    valve = at(Valve(), NOW)
    assert valve.fault is None
    assert not valve.closed[Lane.BULK].is_for(CREDIT)


def test_what_closed_it_before_stays_and_is_probed_first_thing_in_the_morning() -> None:
    night = at(bulk(FAULT), NOW)
    assert resting(night).beneath is not None
    assert night.fault == GATEWAY
    assert closed_to_probe(night, MORNING - 1) == []
    morning = at(night, MORNING, quiet=NEXT)
    assert morning.closed[Lane.BULK].cause == GATEWAY
    assert closed_to_probe(morning, MORNING) == [Lane.BULK]
    assert open_after_probe(morning, [Lane.BULK], MORNING).closed == {}


def test_a_fault_that_begins_in_the_night_is_there_in_the_morning() -> None:
    down = counted(30, lane=Lane.PRIORITY)
    night = at(at(Valve(), NOW - HOUR / 60), NOW, DOWN, down)
    assert resting(night).beneath is not None
    morning = at(night, MORNING, DOWN, quiet=NEXT)
    assert morning.closed[Lane.BULK].cause == GATEWAY


def test_credit_is_waited_for_beneath() -> None:
    night = at(bulk(POOR), NOW, Finding(None, Decimal(20)))
    assert night.closed[Lane.BULK].is_for(CREDIT)
    assert at(night, MORNING, Finding(None, Decimal(20)), quiet=NEXT).closed[Lane.BULK].cause == CREDIT
    topped_up = at(night, NOW + HOUR, Finding(None, Decimal(9000)))
    assert resting(topped_up).beneath is None
    assert at(topped_up, MORNING, Finding(None, Decimal(9000)), quiet=NEXT).closed == {}


def test_what_works_for_the_priority_lane_works_for_the_lane_at_rest() -> None:
    night = at(Valve(dict.fromkeys(LANES, FAULT)), NOW)
    assert fault_lanes(night) == [Lane.PRIORITY]
    well = open_after_probe(forget_faults_at_rest(night), [Lane.PRIORITY], NOW + 60)
    assert {lane: each.cause for lane, each in well.closed.items()} == {Lane.BULK: QUIET_HOURS}
    assert resting(well).beneath is None
    poor = forget_faults_at_rest(at(bulk(POOR), NOW, Finding(None, Decimal(20))))
    assert poor.closed[Lane.BULK].is_for(CREDIT)


def test_nothing_of_it_is_probed_and_nothing_else_ends_its_rest() -> None:
    hardly = counted(30)
    soon = replace(NIGHT, begin=NOW + RESTS_EARLIER + 30)
    suspected = at(Valve(), NOW, window=hardly, quiet=soon)
    assert Lane.BULK in suspected.suspected
    night = at(suspected, NOW + 30, window=hardly, quiet=soon)
    assert Lane.BULK not in night.suspected
    assert Lane.BULK not in (*suspects_to_probe(night, NOW + HOUR), *closed_to_probe(night, NOW + HOUR))
    for after in (
        acquit(night, [Lane.BULK], NOW),
        convict(night, [Lane.BULK], NOW),
        open_after_probe(night, [Lane.BULK], NOW),
        put_off_probe(night, [Lane.BULK], NOW, failed=True),
    ):
        assert after.closed[Lane.BULK] == night.closed[Lane.BULK]


def test_sweeps_go_on_through_the_night_and_after() -> None:
    night = at(bulk(replace(FAULT, sweep_at=NOW + 60, sweep_began=NOW - 9)), NOW)
    assert sweep_lanes(night, NOW + 60) == [Lane.BULK]
    assert (resting(night).sweep_at, resting(night).sweep_began) == (NOW + 60, NOW - 9)
    morning = at(night, MORNING, quiet=NEXT).closed[Lane.BULK]
    assert (morning.sweep_at, morning.sweep_began) == (NOW + 60, NOW - 9)


@pytest.mark.parametrize("was", [Valve(), bulk(FAULT)])
def test_an_operators_hold_counts_for_more(was: Valve) -> None:
    held = at(replace(at(was, NOW), holds={Lane.BULK: HOLD}), NOW + HOUR)
    assert isinstance(held.closed[Lane.BULK], ClosedByOperator)
    assert at(held, MORNING, quiet=NEXT).closed[Lane.BULK].cause == "operator"
    # Let go in the night without being woken, it rests.
    assert at(replace(held, holds={}), NOW + 2 * HOUR).closed[Lane.BULK].cause == QUIET_HOURS


def test_let_go_in_the_night_it_is_not_closed_beneath_by_what_was_counted_before() -> None:
    held = at(replace(at(Valve(), NOW), holds={Lane.BULK: HOLD}), NOW + 2)
    free = at(replace(held, holds={}), NOW + 7)
    # At NOW.
    after = at(free, NOW + 8, DOWN, counted(30))
    assert resting(after).beneath is None


def test_an_operator_who_opens_both_lanes_wakes_none() -> None:
    asked = replace(at(bulk(FAULT), NOW), open_asked=dict.fromkeys(LANES, NOW + HOUR))
    after = at(asked, NOW + HOUR)
    assert resting(after).beneath is None
    assert after.open_asked == {}


@pytest.mark.parametrize("woken", [NOW - RESTS_EARLIER, NOW - 60, NOW, NOW + HOUR])
def test_an_operator_wakes_it_until_the_next_quiet_hours(woken: float) -> None:
    asked = replace(at(Valve(), NOW - RESTS_EARLIER), open_asked={Lane.BULK: woken}, woken={Lane.BULK: woken})
    awake = at(asked, woken)
    assert awake.closed == {}
    assert at(awake, MORNING - 1).closed == {}
    assert at(awake, NEXT.begin, quiet=NEXT).closed[Lane.BULK].cause == QUIET_HOURS


def test_who_opens_it_by_day_has_not_waked_it_for_the_night() -> None:
    by_day = Valve(woken={Lane.BULK: NOW - RESTS_EARLIER - 1})
    assert at(by_day, NOW).closed[Lane.BULK].cause == QUIET_HOURS


def test_awake_it_closes_for_its_faults_as_by_day() -> None:
    awake = Valve(woken={Lane.BULK: NOW}, closed={Lane.BULK: FAULT})
    assert at(awake, NOW + 5).closed[Lane.BULK].cause == GATEWAY
    assert closed_to_probe(at(awake, NOW + 5), NOW + 5) == [Lane.BULK]


findings = st.sampled_from([WELL, DOWN, Finding(CREDENTIALS), Finding(None), Finding(None, Decimal(3))])
windows = st.sampled_from([NOTHING, counted(30), counted(30, lane=Lane.PRIORITY)])
steps = st.lists(
    st.tuples(st.one_of(st.floats(1.0, 60.0), st.floats(1.0, 3 * HOUR)), findings, windows, st.booleans()), max_size=12
)


@given(steps)
def test_beneath_is_what_there_would_be_without_quiet_hours(
    steps: list[tuple[float, Finding, CallWindow, bool]],
) -> None:
    """But for probes, of which there are none: what is decided by day and by night is the same."""
    now, by_day, by_night = NOW, Valve(), Valve()
    for wait, finding, window, held in steps:
        now = min(now + wait, MORNING - 1)
        holds = {Lane.BULK: HOLD} if held else {}
        by_day = decide(replace(by_day, holds=holds), window, finding, now)
        by_night = at(replace(by_night, holds=holds), now, finding, window)
        found, other = by_night.closed[Lane.BULK], by_day.closed.get(Lane.BULK)
        beneath = found.beneath if isinstance(found, ClosedForQuietHours) else found
        assert (beneath and beneath.cause) == (other and other.cause)
        assert by_night.closed.get(Lane.PRIORITY) == by_day.closed.get(Lane.PRIORITY)
