"""What opens a lane again: a balance that rises, a trial, an operator."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.signs import ACCEPTED, CREDENTIALS, CREDIT, GATEWAY, Sign
from kobo_sms.valve import (
    OPERATOR,
    SWEEP_EVERY,
    Closed,
    Finding,
    Hold,
    Opened,
    Valve,
    decide,
    spent,
)
from kobo_sms.valve_duties import (
    begin_sweep,
    end_sweep,
    fault_lanes,
    open_after_trial,
    put_off_trial,
    sweep_lanes,
    trial_lanes,
)

NOW = 1_800_000_000.0
WELL = Finding(None, Decimal(5000))
BOTH = ("priority", "bulk")
HOLD = Hold("ada", NOW - 5, "wrong text")
POOR = Closed(CREDIT, NOW, pages=500, balance=Decimal(30), confirmed=True, trial_at=NOW + 3600, sweep_at=NOW + 9)


def three(kind: str, at: float) -> list[Sign]:
    return [Sign(at, kind, "bulk", each, 1) for each in "abc"]


def broken(cause: str = GATEWAY, **fields: Any) -> Valve:
    return Valve(dict.fromkeys(BOTH, Closed(cause, NOW, trial_at=NOW + 60, sweep_at=NOW + 9, **fields)))


def after(valve: Valve, *balances: int | None) -> Valve:
    for minute, balance in enumerate(balances, start=1):
        finding = Finding(None, None if balance is None else Decimal(balance))
        valve = decide(valve, [], finding, NOW + 60 * minute)
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
    assert after(Valve({"bulk": POOR}), *balances).closed.keys() == (set() if opens else {"bulk"})


def test_a_balance_that_nobody_knew_has_to_be_seen_twice() -> None:
    unknown = Valve({"bulk": replace(POOR, balance=None)})
    assert after(unknown, 5000).closed["bulk"].balance == 5000
    assert after(unknown, 5000, 5001).closed == {}


@pytest.mark.parametrize(("balance", "wait"), [(5, 3600), (5000, 60)])
def test_credit_is_tried_soon_where_the_balance_does_not_explain_it(balance: int, wait: float) -> None:
    closed = decide(Valve(), three(CREDIT, NOW), Finding(None, Decimal(balance)), NOW)
    assert trial_lanes(closed, NOW + wait - 1) == []
    assert trial_lanes(closed, NOW + wait) == ["bulk"]
    put_off = put_off_trial(closed, ["bulk"], NOW, failed=True)
    assert put_off.closed["bulk"].trial_at == NOW + max(wait, 120)


@pytest.mark.parametrize("finding", [Finding(GATEWAY), Finding(CREDENTIALS)])
def test_a_fault_does_not_open_what_waits_for_credit(finding: Finding) -> None:
    valve = decide(Valve({"bulk": POOR}), three(GATEWAY, NOW), finding, NOW)
    assert (valve.closed["bulk"].cause, valve.closed["bulk"].balance) == (CREDIT, Decimal(30))


def test_credit_closes_again_should_the_rise_not_be_enough() -> None:
    opened = after(Valve({"bulk": POOR}), 31)
    assert decide(opened, [Sign(NOW + 70, CREDIT, "bulk", "a", 500)], Finding(None, Decimal(31)), NOW + 80).closed


@pytest.mark.parametrize("cause", [GATEWAY, CREDENTIALS])
def test_no_trial_while_credit_shows_the_fault_and_one_at_once_when_it_recovers(cause: str) -> None:
    valve = broken(cause, confirmed=True)
    assert trial_lanes(valve, NOW + 10_000) == []
    still = decide(valve, [], Finding(cause), NOW + 10)
    assert still == valve
    well = decide(valve, [], WELL, NOW + 10)
    assert set(well.closed) == set(BOTH)
    assert trial_lanes(well, NOW + 10) == list(BOTH)
    assert decide(well, [], WELL, NOW + 10) == well


def test_one_fault_may_turn_into_the_other() -> None:
    changed = decide(broken(), [], Finding(CREDENTIALS), NOW)
    assert {(each.cause, each.confirmed) for each in changed.closed.values()} == {(CREDENTIALS, True)}
    assert trial_lanes(changed, NOW + 10_000) == []


def test_a_trial_is_due_after_its_wait_not_before() -> None:
    assert trial_lanes(broken(), NOW + 59.9) == []
    assert trial_lanes(broken(), NOW + 60) == list(BOTH)
    assert trial_lanes(Valve({"priority": Closed(OPERATOR, NOW)}), NOW + 10_000) == []


def test_the_waits_grow_to_fifteen_minutes() -> None:
    valve, waits = broken(), []
    for _ in range(6):
        valve = put_off_trial(valve, BOTH, NOW, failed=True)
        waits.append(valve.closed["bulk"].trial_at - NOW)
    assert waits == [120, 240, 480, 900, 900, 900]
    assert put_off_trial(valve, ["bulk"], NOW + 7, failed=False).closed["bulk"].trial_at == NOW + 907
    assert put_off_trial(valve, ["bulk"], NOW + 7, failed=True).closed["priority"] == valve.closed["priority"]


def test_a_trial_that_succeeds_opens_what_was_tried_unless_it_is_held() -> None:
    valve = broken(trial_wait=240.0)
    assert fault_lanes(valve) == list(BOTH)
    assert open_after_trial(valve, BOTH, NOW) == Valve(opened=dict.fromkeys(BOTH, Opened(NOW, 240.0)))
    mixed = Valve({"priority": valve.closed["priority"], "bulk": POOR})
    assert fault_lanes(mixed) == ["priority"]
    assert open_after_trial(mixed, ["priority"], NOW).closed == {"bulk": POOR}
    assert open_after_trial(mixed, ["bulk"], NOW).closed.keys() == {"priority"}
    held = Valve(valve.closed, {"priority": HOLD})
    assert open_after_trial(held, BOTH, NOW).closed.keys() == {"priority"}


def test_what_was_opened_is_remembered_as_long_as_it_matters() -> None:
    valve = Valve(opened={"bulk": Opened(NOW, 240.0)})
    assert decide(valve, [], WELL, NOW + 1139).opened == valve.opened
    assert decide(valve, [], WELL, NOW + 1141).opened == {}


@pytest.mark.parametrize("closed", [{}, {"bulk": POOR}, broken().closed, broken(confirmed=True).closed])
@pytest.mark.parametrize("finding", [WELL, Finding(GATEWAY), Finding(None, Decimal(10**6))])
def test_an_operators_hold_is_respected(closed: dict[str, Closed], finding: Finding) -> None:
    valve = decide(Valve(closed, {"bulk": HOLD}), [*three(GATEWAY, NOW), Sign(NOW, ACCEPTED, "bulk")], finding, NOW)
    held = valve.closed["bulk"]
    assert (held.cause, held.by, held.since, held.detail) == (OPERATOR, "ada", NOW - 5, "wrong text")
    assert valve.holds == {"bulk": HOLD}
    assert decide(valve, [], finding, NOW) == valve
    assert "bulk" not in trial_lanes(valve, NOW + 10_000)


def test_without_its_hold_a_lane_opens() -> None:
    held = decide(Valve(holds={"bulk": HOLD}), [], WELL, NOW)
    assert decide(replace(held, holds={}), [], WELL, NOW).closed == {}
    assert decide(replace(held, holds={}), three(GATEWAY, NOW), WELL, NOW).closed.keys() == set(BOTH)


@pytest.mark.parametrize("closed", [{"bulk": POOR}, broken().closed, broken(confirmed=True).closed])
def test_an_operators_order_opens_and_is_done_with(closed: dict[str, Closed]) -> None:
    told = [*three(GATEWAY, NOW - 9), *three(CREDIT, NOW - 9)]
    ordered = Valve(closed, open_asked=dict.fromkeys(closed, NOW - 5))
    opened = decide(ordered, told, Finding(GATEWAY), NOW)
    assert (opened.closed.keys() & closed.keys(), opened.open_asked) == (set(), {})
    # What was told before the order closes nothing after it either.
    left = set(told) - set(spent(ordered, opened, told, NOW))
    assert decide(opened, left, Finding(GATEWAY), NOW).closed.keys() & closed.keys() == set()


def test_what_an_operator_opened_closes_again_if_signs_go_on() -> None:
    ordered = Valve(broken().closed, open_asked=dict.fromkeys(BOTH, NOW - 5))
    assert decide(ordered, three(GATEWAY, NOW - 4), WELL, NOW).closed.keys() == set(BOTH)


def test_an_order_to_open_what_is_open_overrules_what_was_told_before_it() -> None:
    ordered = Valve(open_asked={"bulk": NOW})
    told = [Sign(NOW - 1, GATEWAY, "bulk", "a")]
    after = decide(ordered, told, Finding(GATEWAY), NOW + 1)
    assert after.closed.keys() == {"priority"}
    assert spent(ordered, after, told, NOW + 1) == told
    assert spent(ordered, after, [Sign(NOW + 0.5, GATEWAY, "bulk", "a")], NOW + 1) == []


def test_an_order_is_of_its_lane() -> None:
    ordered = Valve(broken().closed, open_asked={"bulk": NOW})
    assert decide(ordered, [], WELL, NOW).closed.keys() == {"priority"}


def test_a_closed_lane_is_swept_every_six_hours() -> None:
    closed = decide(Valve(), three(CREDIT, NOW), WELL, NOW)
    assert sweep_lanes(closed, NOW + SWEEP_EVERY - 1) == []
    due = NOW + 6 * 3600
    assert sweep_lanes(closed, due) == ["bulk"]
    swept = end_sweep(begin_sweep(closed, "bulk", due), "bulk", due + 9)
    assert sweep_lanes(swept, due + 9 + SWEEP_EVERY - 1) == []
    assert sweep_lanes(swept, due + 9 + SWEEP_EVERY) == ["bulk"]
    assert end_sweep(Valve(), "bulk", due) == Valve()


def test_a_sweep_that_does_not_come_to_its_end_goes_on_soon_for_half_an_hour() -> None:
    valve, now, begun = decide(Valve(), three(CREDIT, NOW), WELL, NOW), NOW + SWEEP_EVERY, []
    while now < NOW + 2 * SWEEP_EVERY:
        if sweep_lanes(valve, now):
            valve = begin_sweep(valve, "bulk", now)
            begun.append(now - NOW - SWEEP_EVERY)
        now += 60
    assert begun == [120.0 * at for at in range(16)]


def test_a_hold_over_a_closed_lane_does_not_put_its_sweep_off() -> None:
    held = decide(Valve({"bulk": POOR}, {"bulk": HOLD}), [], WELL, NOW)
    assert held.closed["bulk"].sweep_at == POOR.sweep_at
    assert decide(held, [], WELL, NOW + 5).closed["bulk"].sweep_at == POOR.sweep_at
    assert decide(Valve(holds={"bulk": HOLD}), [], WELL, NOW).closed["bulk"].sweep_at == NOW + SWEEP_EVERY


@pytest.mark.parametrize("cause", [GATEWAY, CREDENTIALS])
def test_opening_twice_is_opening_once(cause: str) -> None:
    once = open_after_trial(broken(cause), BOTH, NOW)
    assert open_after_trial(once, BOTH, NOW) == once
    assert decide(once, [], WELL, NOW + 1).closed == {}
