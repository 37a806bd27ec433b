"""What closes a lane, and what does not (DESIGN.md, guarantee 4)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from kobo_sms.signs import ACCEPTED, CREDENTIALS, CREDIT, GATEWAY, Sign
from kobo_sms.valve import (
    FIRST_TRIAL,
    SWEEP_EVERY,
    Closed,
    Finding,
    Hold,
    Opened,
    Valve,
    decide,
    spent,
)

NOW = 1_800_000_000.0
OPEN, WELL = Valve(), Finding(None, Decimal(5000))
BOTH = {"priority", "bulk"}
FAULTS = [CREDENTIALS, GATEWAY]


def signs(kind: str, *witnesses: str, lane: str = "bulk", pages: int = 1, start: float = -60) -> list[Sign]:
    """Return a sign a second, one of each witness."""
    return [Sign(NOW + start + at, kind, lane, each, pages) for at, each in enumerate(witnesses)]


def causes(found: Iterable[Sign], finding: Finding = WELL, valve: Valve = OPEN) -> dict[str, str]:
    return {lane: each.cause for lane, each in decide(valve, found, finding, NOW).closed.items()}


@pytest.mark.parametrize(
    "finding", [WELL, Finding(None), Finding(GATEWAY), Finding(CREDENTIALS), Finding(None, Decimal(0))]
)
def test_no_symptom_no_closing(finding: Finding) -> None:
    assert causes([], finding) == {}
    assert causes(signs(ACCEPTED, "-", "-", "-"), finding) == {}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lane", sorted(BOTH))
def test_one_sign_that_credit_confirms_closes_both_lanes_at_once(fault: str, lane: str) -> None:
    valve = decide(OPEN, signs(fault, "a", lane=lane), Finding(fault), NOW)
    assert valve.closed.keys() == BOTH
    assert valve.closed["bulk"] == Closed(
        fault,
        NOW,
        "credit/ shows it",
        confirmed=True,
        trial_at=NOW + FIRST_TRIAL,
        trial_wait=FIRST_TRIAL,
        sweep_at=NOW + SWEEP_EVERY,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_three_different_recipients_close_both_lanes_though_credit_is_well(fault: str) -> None:
    assert causes(signs(fault, "a", "b")) == {}
    valve = decide(OPEN, signs(fault, "a", "b", "c", "a"), WELL, NOW)
    assert valve.closed.keys() == BOTH
    assert valve.closed["bulk"].detail == "4 calls in a row"
    assert not valve.closed["bulk"].confirmed


@pytest.mark.parametrize("kind", [*FAULTS, CREDIT])
def test_one_recipient_that_always_fails_never_closes(kind: str) -> None:
    assert causes(signs(kind, *["a"] * 200, start=-300)) == {}


@pytest.mark.parametrize(("fault", "other"), [(CREDENTIALS, GATEWAY), (GATEWAY, CREDENTIALS)])
def test_another_fault_of_credit_confirms_nothing(fault: str, other: str) -> None:
    assert causes(signs(fault, "a", "b"), Finding(other)) == {}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lane", sorted(BOTH))
def test_a_success_on_either_lane_ends_a_run_of_both(fault: str, lane: str) -> None:
    between = [*signs(fault, "a", "b", start=-60), Sign(NOW - 30, ACCEPTED, lane), *signs(fault, "c", start=-20)]
    assert causes(between) == {}
    assert causes([*between, *signs(fault, "d", "e", start=-10, lane="priority")]).keys() == BOTH
    assert causes(signs(fault, "a", "b", "c"), Finding(fault)) != {}
    assert causes([*signs(fault, "a", "b", "c"), Sign(NOW, ACCEPTED, lane)], Finding(fault)) == {}


def test_a_success_ends_a_run_for_credit_on_its_own_lane_alone() -> None:
    poor = signs(CREDIT, "a", "b", "c")
    assert causes([*poor, Sign(NOW, ACCEPTED, "bulk")]) == {}
    assert causes([*poor, Sign(NOW, ACCEPTED, "priority")]) == {"bulk": CREDIT}


@pytest.mark.parametrize("lane", sorted(BOTH))
def test_credit_closes_only_its_lane(lane: str) -> None:
    assert causes(signs(CREDIT, "a", "b", "c", lane=lane)) == {lane: CREDIT}
    assert causes(signs(CREDIT, "a", lane=lane), Finding(None, Decimal(0))) == {lane: CREDIT}


@pytest.mark.parametrize(
    ("pages", "balance", "closes"), [(500, 4999, True), (500, 5000, False), (1, 9, True), (1, 10, False)]
)
def test_credit_is_confirmed_by_a_balance_that_explains_the_refusal(pages: int, balance: int, closes: bool) -> None:
    finding = Finding(None, Decimal(balance))
    valve = decide(OPEN, signs(CREDIT, "a", pages=pages), finding, NOW)
    assert bool(valve.closed) is closes
    if closes:
        assert valve.closed["bulk"].balance == balance
        assert valve.closed["bulk"].pages == pages


@pytest.mark.parametrize("finding", [Finding(None), Finding(GATEWAY), Finding(CREDENTIALS)])
def test_without_a_balance_credit_takes_several(finding: Finding) -> None:
    assert causes(signs(CREDIT, "a", "b"), finding) == {}
    assert causes(signs(CREDIT, "a", "b", "c"), finding) == {"bulk": CREDIT}


def test_a_fault_goes_before_credit() -> None:
    both = [*signs(CREDIT, "a", "b", "c"), *signs(GATEWAY, "a", "b", "c")]
    assert causes(both) == dict.fromkeys(BOTH, GATEWAY)


def test_what_is_long_ago_closes_nothing() -> None:
    assert causes(signs(GATEWAY, "a", "b", "c", start=-305), Finding(GATEWAY)) == {}


@pytest.mark.parametrize("closed_by", [*FAULTS, CREDIT])
def test_closing_twice_is_closing_once(closed_by: str) -> None:
    found = signs(closed_by, "a", "b", "c")
    for finding in (WELL, Finding(closed_by)) if closed_by != CREDIT else (WELL,):
        once = decide(OPEN, found, finding, NOW)
        assert decide(once, found, finding, NOW + 5) == once


@pytest.mark.parametrize(("ago", "wait"), [(0, 480), (899, 480), (1140, 480), (1141, 60)])
def test_who_opened_and_fails_again_goes_on_waiting_longer(ago: float, wait: float) -> None:
    opened = Valve(opened={lane: Opened(NOW - ago, 240.0) for lane in BOTH})
    closed = decide(opened, signs(GATEWAY, "a", "b", "c"), WELL, NOW).closed["bulk"]
    assert (closed.trial_wait, closed.trial_at) == (wait, NOW + wait)


def test_no_wait_is_longer_than_fifteen_minutes() -> None:
    opened = Valve(opened=dict.fromkeys(BOTH, Opened(NOW - 1, 900.0)))
    assert decide(opened, signs(GATEWAY, "a", "b", "c"), WELL, NOW).closed["bulk"].trial_wait == 900


def test_spent_are_the_signs_acted_upon_ended_or_stale() -> None:
    stale, ended = signs(GATEWAY, "z", start=-400), signs(GATEWAY, "a", start=-60)
    success, telling = Sign(NOW - 50, ACCEPTED, "priority"), signs(GATEWAY, "b", "c", start=-20)
    poor = signs(CREDIT, "d", start=-10)
    every = [*stale, *ended, success, *telling, *poor]
    assert spent(OPEN, OPEN, every, NOW) == [*stale, *ended, success]
    closed = Valve({"bulk": Closed(CREDIT, NOW)})
    assert spent(OPEN, closed, every, NOW) == every
    other = Valve({"priority": Closed(CREDIT, NOW)})
    for before, after in ((OPEN, other), (other, other), (other, OPEN)):
        assert spent(before, after, every, NOW) == [*stale, *ended, success]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_told_before_an_operators_hold_still_tells_of_the_other_lane(fault: str) -> None:
    held = Valve(holds={"priority": Hold("ada", NOW)})
    after = decide(held, signs(fault, "a", "b"), WELL, NOW)
    assert spent(held, after, signs(fault, "a", "b"), NOW) == []
