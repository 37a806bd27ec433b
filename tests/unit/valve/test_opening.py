"""What opens a lane again: a balance that rises, a probe, an operator."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.call_window import CallWindow
from kobo_sms.valve.rules import SUSPECTED_FOR, SWEEP_EVERY, Finding, decide
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import (
    OPERATOR,
    Closed,
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    Hold,
    Opened,
    Valve,
)
from kobo_sms.valve.upkeep import (
    begin_sweep,
    closed_to_probe,
    convict,
    end_sweep,
    fault_lanes,
    hurry_sweep,
    in_turn,
    open_after_probe,
    put_off_probe,
    sweep_lanes,
    take_turn,
)
from tests.unit.valve.counted_calls import NOW, any_of, counted

WELL, NOTHING = Finding(None, Decimal(5000)), CallWindow()
BOTH = (Lane.PRIORITY, Lane.BULK)
HOLD = Hold("ada", NOW - 5, "wrong text")
NO_CREDIT = ClosedForCredit(NOW, pages=500, balance=Decimal(30), confirmed=True, probe_at=NOW + 3600, sweep_at=NOW + 9)


FEW = counted(5, symptom=CREDIT)


def convicted(window: CallWindow, finding: Finding = WELL) -> Valve:
    """Return the valve once `window` has closed lanes, at NOW: those that were suspected by then for long enough."""
    valve = decide(Valve(), window, finding, NOW)
    earlier = {lane: replace(each, since=NOW - SUSPECTED_FOR) for lane, each in valve.suspected.items()}
    return convict(replace(valve, suspected=earlier), earlier, NOW)


def broken(cause: Symptom = GATEWAY, **fields: Any) -> Valve:
    return Valve(dict.fromkeys(BOTH, ClosedForFault(cause, NOW, probe_at=NOW + 60, sweep_at=NOW + 9, **fields)))


def after(valve: Valve, *balances: int | None) -> Valve:
    for minute, balance in enumerate(balances, start=1):
        finding = Finding(None, None if balance is None else Decimal(balance))
        valve = decide(valve, NOTHING, finding, NOW + 60 * minute)
    return valve


@pytest.mark.parametrize(
    ("balances", "opens"),
    [
        ([30], False),
        ([29], False),
        ([31], True),
        ([20, 25], True),  # the lowest seen counts: a top-up while others spend
        ([None, None], False),
        ([None, 31], True),
        ([20, 20], False),
    ],
)
def test_credit_opens_once_the_balance_has_risen(balances: list[int | None], opens: bool) -> None:
    assert after(Valve({Lane.BULK: NO_CREDIT}), *balances).closed.keys() == (set() if opens else {Lane.BULK})


def test_a_balance_that_nobody_knew_has_to_be_seen_twice() -> None:
    unknown = Valve({Lane.BULK: replace(NO_CREDIT, balance=None)})
    assert any_of(after(unknown, 5000).closed)[Lane.BULK].balance == 5000
    assert after(unknown, 5000, 5001).closed == {}


@pytest.mark.parametrize(("balance", "wait"), [(5, 3600), (5000, 15)])
def test_credit_is_tried_soon_where_the_balance_does_not_explain_it(balance: int, wait: float) -> None:
    closed = convicted(FEW, Finding(None, Decimal(balance)))
    assert closed_to_probe(closed, NOW + wait - 1) == []
    assert closed_to_probe(closed, NOW + wait) == [Lane.BULK]
    put_off = put_off_probe(closed, [Lane.BULK], NOW, failed=True)
    assert any_of(put_off.closed)[Lane.BULK].probe_at == NOW + max(wait, 30)


def test_a_balance_that_explains_a_refusal_no_more_has_it_tried_at_once() -> None:
    # Without having risen: nobody knew what a page costs.
    waiting = replace(NO_CREDIT, balance=Decimal(6000), pages=100)
    valve = decide(Valve({Lane.BULK: replace(waiting, pages=500)}), NOTHING, Finding(None, Decimal(5000)), NOW + 5)
    assert (any_of(valve.closed)[Lane.BULK].confirmed, closed_to_probe(valve, NOW + 5)) == (False, [Lane.BULK])
    assert any_of(valve.closed)[Lane.BULK].probe_wait == 15
    assert decide(valve, NOTHING, Finding(None, Decimal(5000)), NOW + 6) == valve


@pytest.mark.parametrize("finding", [Finding(GATEWAY), Finding(CREDENTIALS)])
def test_a_fault_does_not_open_what_waits_for_credit(finding: Finding) -> None:
    valve = decide(Valve({Lane.BULK: NO_CREDIT}), counted(9), finding, NOW)
    assert (any_of(valve.closed)[Lane.BULK].cause, any_of(valve.closed)[Lane.BULK].balance) == (CREDIT, Decimal(30))


def test_credit_closes_again_should_the_rise_not_be_enough() -> None:
    opened = after(Valve({Lane.BULK: NO_CREDIT}), 31)
    refused = counted(1, symptom=CREDIT, pages=500, ago=-70)
    assert decide(opened, refused, Finding(None, Decimal(31)), NOW + 80).closed.keys() == {Lane.BULK}


@pytest.mark.parametrize("balance", [31, 10**6])
def test_what_was_refused_before_the_rise_closes_nothing_after_it(balance: int) -> None:
    before = counted(9, symptom=CREDIT, pages=10**6) + counted(9, symptom=CREDIT, pages=10**6, ago=-59)
    valve = decide(Valve({Lane.BULK: NO_CREDIT}), before, Finding(None, Decimal(balance)), NOW + 60)
    assert valve == Valve(opened={Lane.BULK: Opened(NOW + 60, 15.0)})
    for later in (61, 120, 179, 181):
        valve = decide(valve, before, Finding(None, Decimal(balance)), NOW + later)
        assert (valve.closed, valve.suspected) == ({}, {})


@pytest.mark.parametrize("cause", [GATEWAY, CREDENTIALS])
def test_both_lanes_are_tried_at_once_when_credit_is_well_again(cause: Symptom) -> None:
    valve = decide(Valve(), counted(3, symptom=cause), Finding(cause), NOW)
    still = decide(valve, NOTHING, Finding(cause), NOW + 10)
    assert still == valve
    well = decide(valve, NOTHING, WELL, NOW + 10)
    assert set(well.closed) == set(BOTH)
    assert closed_to_probe(well, NOW + 10) == list(BOTH)
    assert {each.probe_wait for each in any_of(well.closed).values()} == {15}
    assert decide(well, NOTHING, WELL, NOW + 10) == well
    # However long its probes had been waiting by then.
    grown = Valve({lane: replace(each, probe_wait=900.0) for lane, each in any_of(valve.closed).items()})
    assert decide(grown, NOTHING, Finding(None), NOW + 10) == well


def test_while_credit_shows_the_gateway_down_it_is_tried_every_fifteen_minutes() -> None:
    valve = decide(Valve(), counted(3), Finding(GATEWAY), NOW)
    for quarter in range(1, 4):
        now = NOW + 900 * quarter
        valve = decide(valve, NOTHING, Finding(GATEWAY), now - 1)
        assert closed_to_probe(valve, now - 0.001) == []
        assert closed_to_probe(valve, now) == list(BOTH)
        valve = put_off_probe(valve, BOTH, now, failed=quarter % 2 == 0)


def test_a_login_that_credit_refuses_is_never_tried_at_send() -> None:
    valve = decide(Valve(), counted(1, symptom=CREDENTIALS), Finding(CREDENTIALS), NOW)
    assert set(valve.closed) == set(BOTH)
    assert closed_to_probe(valve, NOW + 10**6) == []


def test_one_fault_may_turn_into_the_other() -> None:
    changed = decide(broken(), NOTHING, Finding(CREDENTIALS), NOW)
    assert {(each.cause, each.confirmed) for each in any_of(changed.closed).values()} == {(CREDENTIALS, True)}
    assert closed_to_probe(changed, NOW + 10_000) == []


def test_a_fault_that_credit_shows_only_now_puts_the_probe_off_once() -> None:
    shown = decide(broken(), NOTHING, Finding(GATEWAY), NOW + 1)
    assert {each.probe_at for each in any_of(shown.closed).values()} == {NOW + 901}
    assert decide(shown, NOTHING, Finding(GATEWAY), NOW + 2) == shown


def test_a_probe_is_due_after_its_wait_not_before() -> None:
    assert closed_to_probe(broken(), NOW + 59.9) == []
    assert closed_to_probe(broken(), NOW + 60) == list(BOTH)
    assert closed_to_probe(Valve({Lane.PRIORITY: ClosedByOperator(NOW)}), NOW + 10_000) == []


def test_the_waits_grow_to_fifteen_minutes() -> None:
    valve = convicted(counted(5))
    waits = [any_of(valve.closed)[Lane.BULK].probe_at - NOW]
    for _ in range(8):
        valve = put_off_probe(valve, BOTH, NOW, failed=True)
        waits.append(any_of(valve.closed)[Lane.BULK].probe_at - NOW)
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    assert any_of(put_off_probe(valve, [Lane.BULK], NOW + 7, failed=False).closed)[Lane.BULK].probe_at == NOW + 907
    assert put_off_probe(valve, [Lane.BULK], NOW + 7, failed=True).closed[Lane.PRIORITY] == valve.closed[Lane.PRIORITY]
    assert put_off_probe(valve, [], NOW + 7, failed=True) == valve


def test_a_probe_that_told_nothing_is_followed_by_another_as_soon() -> None:
    valve = put_off_probe(broken(probe_wait=60.0), BOTH, NOW, failed=False)
    assert {(each.probe_at, each.probe_wait) for each in any_of(valve.closed).values()} == {(NOW + 60, 60.0)}


def test_a_minutes_outage_costs_a_minute_and_a_half() -> None:
    """Suspected, probed and closed within seconds; each probe fails till the minute is over."""
    valve, now = convicted(counted(5)), NOW
    while now < NOW + 60:
        now = min(each.probe_at for each in any_of(valve.closed).values())
        valve = put_off_probe(valve, closed_to_probe(valve, now), now, failed=True)
    assert now <= NOW + 15 + 30 + 60


def test_the_lanes_take_turns_to_be_probed_first() -> None:
    valve, first = broken(), []
    for at in range(4):
        first.append(in_turn(valve.closed, BOTH)[0])
        valve = put_off_probe(take_turn(valve, first[-1], NOW + at), BOTH, NOW + at, failed=at % 2 == 0)
    assert first == [Lane.PRIORITY, Lane.BULK, Lane.PRIORITY, Lane.BULK]


def test_a_lane_that_was_not_probed_yet_is_first() -> None:
    valve = take_turn(take_turn(broken(), Lane.BULK, NOW), Lane.PRIORITY, NOW + 1)
    assert in_turn(valve.closed, BOTH) == [Lane.BULK, Lane.PRIORITY]
    fresh = replace(valve, closed=dict(valve.closed) | {Lane.PRIORITY: broken().closed[Lane.PRIORITY]})
    assert in_turn(fresh.closed, BOTH) == [Lane.PRIORITY, Lane.BULK]


def test_a_probe_that_succeeds_opens_what_was_tried_unless_it_is_held() -> None:
    valve = broken(probe_wait=240.0)
    assert fault_lanes(valve) == list(BOTH)
    assert open_after_probe(valve, BOTH, NOW) == Valve(opened=dict.fromkeys(BOTH, Opened(NOW, 240.0)))
    mixed = Valve({Lane.PRIORITY: valve.closed[Lane.PRIORITY], Lane.BULK: NO_CREDIT})
    assert fault_lanes(mixed) == [Lane.PRIORITY]
    assert open_after_probe(mixed, [Lane.PRIORITY], NOW).closed == {Lane.BULK: NO_CREDIT}
    assert open_after_probe(mixed, [Lane.BULK], NOW).closed.keys() == {Lane.PRIORITY}
    held = Valve(valve.closed, {Lane.PRIORITY: HOLD})
    assert open_after_probe(held, BOTH, NOW).closed.keys() == {Lane.PRIORITY}


@pytest.mark.parametrize("finding", [WELL, Finding(GATEWAY), Finding(CREDENTIALS), Finding(None, Decimal(0))])
@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS, CREDIT])
def test_what_was_counted_before_a_probe_succeeded_says_nothing_any_more(symptom: Symptom, finding: Finding) -> None:
    before = counted(50, symptom=symptom) + counted(50, symptom=symptom, ago=30)
    valve = open_after_probe(broken(), BOTH, NOW + 0.5)
    for later in range(1, 200):
        valve = decide(valve, before, finding, NOW + later)
        assert (valve.closed, valve.suspected) == ({}, {})
        # Two minutes and more; then there is nothing left to be forgotten.
        assert bool(valve.opened) is (later < 0.5 + 180)


def test_what_was_opened_is_remembered_for_three_minutes() -> None:
    valve = Valve(opened={Lane.BULK: Opened(NOW, 240.0)})
    assert decide(valve, NOTHING, WELL, NOW + 179.9).opened == valve.opened
    assert decide(valve, NOTHING, WELL, NOW + 180).opened == {}


@pytest.mark.parametrize("closed", [{}, {Lane.BULK: NO_CREDIT}, broken().closed, broken(confirmed=True).closed])
@pytest.mark.parametrize("finding", [WELL, Finding(GATEWAY), Finding(None, Decimal(10**6))])
def test_an_operators_hold_is_respected(closed: dict[Lane, Closed], finding: Finding) -> None:
    valve = decide(Valve(closed, {Lane.BULK: HOLD}), counted(9, 9), finding, NOW)
    held = any_of(valve.closed)[Lane.BULK]
    assert (held.cause, held.by, held.since, held.detail) == (OPERATOR, "ada", NOW - 5, "wrong text")
    assert valve.holds == {Lane.BULK: HOLD}
    assert decide(valve, NOTHING, finding, NOW) == valve
    assert Lane.BULK not in closed_to_probe(valve, NOW + 10_000)


def test_without_its_hold_a_lane_opens() -> None:
    held = decide(Valve(holds={Lane.BULK: HOLD}), NOTHING, WELL, NOW)
    opened = decide(replace(held, holds={}), NOTHING, WELL, NOW)
    assert opened == Valve(opened={Lane.BULK: Opened(NOW, 15.0)})
    assert decide(replace(held, holds={}), counted(5), Finding(GATEWAY), NOW).closed.keys() == set(BOTH)
    # What was counted before it was let go says nothing from then on.
    assert decide(opened, counted(5), Finding(GATEWAY), NOW + 1).closed.keys() == {Lane.PRIORITY}


@pytest.mark.parametrize("closed", [{Lane.BULK: NO_CREDIT}, broken().closed, broken(confirmed=True).closed])
@pytest.mark.parametrize("finding", [Finding(GATEWAY), Finding(CREDENTIALS), WELL, Finding(None, Decimal(0))])
def test_an_operators_order_opens_and_is_done_with(closed: dict[Lane, Closed], finding: Finding) -> None:
    before = counted(9, ago=9, lane=Lane.BULK) + counted(9, ago=9, lane=Lane.PRIORITY)
    before += counted(9, ago=9, symptom=CREDIT, pages=500)
    valve = Valve(closed, open_asked=dict.fromkeys(closed, NOW - 5))
    # Nor does what was counted before the order close anything after it.
    for later in range(0, 150, 10):
        valve = decide(valve, before, finding, NOW + later)
        assert (valve.closed.keys() & closed.keys(), valve.open_asked) == (set(), {})
        assert not valve.suspected.keys() & closed.keys()
        if not later:
            assert {valve.opened[lane] for lane in closed} == {Opened(NOW - 5, 15.0)}


def test_what_an_operator_opened_closes_again_if_calls_go_on_to_fail() -> None:
    ordered = Valve(broken().closed, open_asked=dict.fromkeys(BOTH, NOW - 5))
    after = decide(ordered, counted(5, ago=2), WELL, NOW)
    assert after.closed == {}
    assert after.suspected.keys() == set(BOTH)
    assert decide(ordered, counted(5, ago=2), Finding(GATEWAY), NOW).closed.keys() == set(BOTH)


def test_an_order_to_open_what_is_open_overrules_what_was_counted_before_it() -> None:
    ordered = Valve(open_asked={Lane.BULK: NOW})
    before = counted(9, ago=1)
    after = decide(ordered, before, Finding(GATEWAY), NOW + 1)
    assert after.closed.keys() == {Lane.PRIORITY}
    assert after.opened == {Lane.BULK: Opened(NOW, 15.0)}
    assert decide(after, before, Finding(GATEWAY), NOW + 9).closed.keys() == {Lane.PRIORITY}


def test_an_order_is_of_its_lane() -> None:
    ordered = Valve(broken().closed, open_asked={Lane.BULK: NOW})
    assert decide(ordered, NOTHING, WELL, NOW).closed.keys() == {Lane.PRIORITY}


def test_a_closed_lane_is_swept_every_six_hours() -> None:
    closed = convicted(FEW)
    assert sweep_lanes(closed, NOW + SWEEP_EVERY - 1) == []
    due = NOW + 6 * 3600
    assert sweep_lanes(closed, due) == [Lane.BULK]
    swept = end_sweep(begin_sweep(closed, Lane.BULK, due), Lane.BULK, due + 9)
    assert sweep_lanes(swept, due + 9 + SWEEP_EVERY - 1) == []
    assert sweep_lanes(swept, due + 9 + SWEEP_EVERY) == [Lane.BULK]
    assert end_sweep(Valve(), Lane.BULK, due) == Valve()


def test_a_sweep_that_does_not_come_to_its_end_goes_on_soon_for_half_an_hour() -> None:
    valve, now, begun = convicted(FEW), NOW + SWEEP_EVERY, []
    while now < NOW + 2 * SWEEP_EVERY:
        if sweep_lanes(valve, now):
            valve = begin_sweep(valve, Lane.BULK, now)
            begun.append(now - NOW - SWEEP_EVERY)
        now += 60
    assert begun == [120.0 * at for at in range(16)]


def test_a_sweep_that_finds_what_is_too_old_goes_on_at_each_check_until_it_is_done() -> None:
    """40,000 messages that became too old together are more than half an hour carries."""
    valve, now, begun = convicted(FEW), NOW + SWEEP_EVERY, 0
    while now < NOW + SWEEP_EVERY + 3600:
        if sweep_lanes(valve, now):
            valve = hurry_sweep(begin_sweep(valve, Lane.BULK, now), Lane.BULK, now)
            begun += 1
        now += 60
    assert begun == 60
    # Once it finds no more, its half hour begins anew.
    assert sweep_lanes(begin_sweep(valve, Lane.BULK, now), now + 120) == [Lane.BULK]
    assert hurry_sweep(Valve(), Lane.BULK, now) == Valve()


def test_a_hold_over_a_closed_lane_does_not_put_its_sweep_off() -> None:
    held = decide(Valve({Lane.BULK: NO_CREDIT}, {Lane.BULK: HOLD}), NOTHING, WELL, NOW)
    assert held.closed[Lane.BULK].sweep_at == NO_CREDIT.sweep_at
    assert decide(held, NOTHING, WELL, NOW + 5).closed[Lane.BULK].sweep_at == NO_CREDIT.sweep_at
    assert decide(Valve(holds={Lane.BULK: HOLD}), NOTHING, WELL, NOW).closed[Lane.BULK].sweep_at == NOW + SWEEP_EVERY


@pytest.mark.parametrize("cause", [GATEWAY, CREDENTIALS])
def test_opening_twice_is_opening_once(cause: Symptom) -> None:
    once = open_after_probe(broken(cause), BOTH, NOW)
    assert open_after_probe(once, BOTH, NOW) == once
    assert decide(once, NOTHING, WELL, NOW + 1).closed == {}
