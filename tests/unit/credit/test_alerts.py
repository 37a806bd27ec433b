"""Which alerts ring, check by check."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.credit.alerts import Alert, AlertState, Situation, Track, level, step

LOW, CRITICAL = 1000, 200
DAY = 24 * 3600
BULK = frozenset({"bulk"})


def check(balance: float | None = 5000, **other: Any) -> dict[str, Any]:
    return {"balance": None if balance is None else Decimal(str(balance)), **other}


def run(checks: Iterable[dict[str, Any]], state: AlertState | None = None) -> tuple[AlertState, list[list[Alert]]]:
    """Check once a minute unless a check says `now`; return the last state and the alerts of each check."""
    state, rung = state or AlertState(), []
    for minute, given in enumerate(checks):
        thresholds = {"low": Decimal(LOW), "critical": Decimal(CRITICAL)}
        state, alerts = step(state, Situation(**{"now": 60.0 * minute, **thresholds, **given}))
        rung.append(alerts)
    return state, rung


def kinds(*checks: dict[str, Any]) -> list[str]:
    """Return what each check rang: `-` for nothing, `still low` for a reminder."""
    rung = run(checks)[1]
    return [" ".join(("still " if each.reminder else "") + each.kind for each in alerts) or "-" for alerts in rung]


def balances(*values: float | None) -> list[str]:
    return kinds(*map(check, values))


def test_all_well_from_the_start_is_silent() -> None:
    state, rung = run([check(), check()])
    assert rung == [[], []]
    assert state == AlertState(Track("ok", 0.0), Track("ok", 0.0))


@pytest.mark.parametrize(
    ("balance", "kind"), [(999.99, "low"), (199.99, "critical"), (0, "empty"), (-5, "empty"), (1000, "-"), (200, "low")]
)
def test_the_first_check_rings_at_once_when_it_is_bad(balance: float, kind: str) -> None:
    assert balances(balance, balance) == [kind, "-"]


def test_each_step_down_rings_once() -> None:
    assert balances(5000, 900, 800, 150, 100, 0, 0) == ["-", "low", "-", "critical", "-", "empty", "-"]


def test_a_jump_is_one_alert() -> None:
    assert balances(5000, 0, 0) == ["-", "empty", "-"]
    assert balances(5000, 100, 100) == ["-", "critical", "-"]


def test_another_lane_that_has_to_wait_rings_once_while_it_lasts() -> None:
    both = frozenset({"bulk", "priority"})
    bulk_waits, both_wait = check(150, held_for_credit=BULK), check(3, held_for_credit=both)
    assert kinds(bulk_waits, both_wait, both_wait, bulk_waits, both_wait) == ["empty", "empty", "-", "-", "-"]


def test_once_nothing_is_left_no_lane_that_closes_is_news() -> None:
    nothing, both = check(0), frozenset({"bulk", "priority"})
    assert kinds(nothing, nothing | {"held_for_credit": BULK}, nothing | {"held_for_credit": both}) == [
        "empty",
        "-",
        "-",
    ]
    assert kinds(nothing | {"held_for_credit": BULK}, nothing | {"held_for_credit": both}) == ["empty", "-"]


def test_an_alert_says_what_was_and_since_when() -> None:
    state, rung = run([check(), check(900), check(0), check(3000), check(3000)])
    low, empty, recovered = (alert for alerts in rung for alert in alerts)
    assert low == Alert("low", "credit", "ok", 60.0)
    assert empty == Alert("empty", "credit", "low", 120.0)
    assert recovered == Alert("recovered", "credit", "empty", 120.0)
    assert state.credit == Track("ok", 240.0, alerted_at=240.0)


@pytest.mark.parametrize("threshold", [LOW, CRITICAL])
def test_hovering_at_a_threshold_rings_once(threshold: int) -> None:
    hovering = [threshold - 1, threshold + 1, threshold * 1.0999, threshold, threshold - 5] * 20
    assert [each for each in balances(*hovering) if each != "-"] == ["low" if threshold == LOW else "critical"]


def test_a_threshold_is_left_behind_at_110_percent() -> None:
    assert balances(900, 1099.99, 1100) == ["low", "-", "recovered"]
    assert balances(900, 1100, 999) == ["low", "recovered", "low"]


def test_from_critical_to_low_is_silent_and_back_rings() -> None:
    assert balances(100, 219, 220, 199) == ["critical", "-", "-", "critical"]
    assert balances(100, 1050, 1099, 1100) == ["critical", "-", "-", "recovered"]


def test_empty_is_left_after_two_clear_checks() -> None:
    assert balances(0, 3000, 0, 3000, 3000, 3000) == ["empty", "-", "-", "-", "recovered", "-"]


def test_what_is_recovered_to_a_low_balance_rings_again_when_it_falls_on() -> None:
    assert balances(0, 900, 900, 150) == ["empty", "-", "recovered", "critical"]
    assert balances(0, 1050, 1050, 999) == ["empty", "-", "recovered", "low"]
    assert balances(0, 150, 150, 0) == ["empty", "-", "recovered", "empty"]


def test_a_lane_held_for_credit_is_empty_whatever_is_left() -> None:
    held = check(3000, held_for_credit=BULK)
    assert kinds(check(3000), held, held, check(3000), check(3000)) == ["-", "empty", "-", "-", "recovered"]


def test_a_valve_that_opens_to_try_and_closes_again_does_not_ring() -> None:
    held, open_ = check(3000, held_for_credit=BULK), check(3000)
    assert kinds(held, open_, held, open_, held) == ["empty", "-", "-", "-", "-"]


def test_a_balance_not_known_leaves_the_credit_as_it_was() -> None:
    assert balances(900, None, None, 150, None, 1100) == ["low", "-", "-", "critical", "-", "recovered"]
    assert kinds(check(None, held_for_credit=BULK), check(None)) == ["empty", "-"]
    assert balances(0, 3000, None, 3000, 3000) == ["empty", "-", "-", "-", "recovered"]


@pytest.mark.parametrize("fault", ["credentials", "gateway"])
def test_a_fault_rings_once_and_is_over_after_two_clear_checks(fault: str) -> None:
    bad = check(None, fault=fault)
    assert kinds(check(), bad, bad, check(), bad, check(), check(), check()) == [
        "-", fault, "-", "-", "-", "-", "recovered", "-",
    ]  # fmt: skip


def test_another_fault_rings_without_a_recovery_between() -> None:
    _, rung = run([check(None, fault="gateway"), check(None, fault="credentials")])
    assert rung[1] == [Alert("credentials", "fault", "gateway", 60.0)]


def test_the_tracks_are_independent() -> None:
    assert kinds(check(900), check(None, fault="gateway"), check(150), check(150)) == [
        "low", "gateway", "critical", "recovered",
    ]  # fmt: skip
    _, rung = run([check(0, fault="gateway")])
    assert [(alert.track, alert.kind) for alert in rung[0]] == [("credit", "empty"), ("fault", "gateway")]


def test_a_reminder_comes_once_a_day_while_it_lasts() -> None:
    bad = [check(900, now=float(now)) for now in (0, DAY - 1, DAY, DAY + 60, 2 * DAY + 59, 2 * DAY + 120, 3 * DAY)]
    assert kinds(*bad) == ["low", "-", "still low", "-", "still low", "-", "-"]
    _, rung = run(bad[:3])
    assert rung[2] == [Alert("low", "credit", "low", 0.0, reminder=True)]


def test_a_reminder_counts_from_the_last_alert_of_its_track() -> None:
    assert kinds(
        check(900, now=0.0, fault="gateway"),
        check(150, now=DAY / 2, fault="gateway"),
        check(150, now=float(DAY), fault="gateway"),
        check(150, now=DAY * 1.5, fault="gateway"),
    ) == ["low gateway", "critical", "still gateway", "still critical"]


def test_a_reminder_of_what_silently_got_better_tells_what_it_is() -> None:
    assert kinds(check(100, now=0.0), check(500, now=60.0), check(500, now=float(DAY))) == [
        "critical",
        "-",
        "still low",
    ]


def test_what_recovered_to_a_low_balance_is_reminded_of_too() -> None:
    moments = (0.0, 60.0, 120.0, 120.0 + DAY)
    checks = [check(balance, now=now) for balance, now in zip((0, 900, 900, 900), moments, strict=True)]
    assert kinds(*checks) == ["empty", "-", "recovered", "still low"]


def test_no_reminder_of_what_was_just_found_clear() -> None:
    assert kinds(check(0, now=0.0), check(3000, now=float(DAY)), check(3000, now=DAY + 60.0)) == [
        "empty", "-", "recovered",
    ]  # fmt: skip


def test_a_threshold_of_0_is_switched_off() -> None:
    off = {"low": Decimal(0), "critical": Decimal(0)}
    assert kinds(check(5, **off), check(0, **off)) == ["-", "empty"]
    assert kinds(check(900), check(900, **off)) == ["low", "recovered"]


def test_thresholds_changed_by_a_deployment_count_at_once() -> None:
    assert kinds(check(1500), check(1500, low=Decimal(2000)), check(1500, low=Decimal(100))) == [
        "-", "low", "recovered",
    ]  # fmt: skip


def test_critical_above_low_is_critical() -> None:
    upside_down = {"low": Decimal(200), "critical": Decimal(1000)}
    assert kinds(*(check(balance, **upside_down) for balance in (1500, 900, 150, 1050, 1100))) == [
        "-", "critical", "-", "-", "recovered",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("balance", "found"), [(-1, "empty"), (0, "empty"), (0.01, "critical"), (200, "low"), (999, "low"), (1000, "ok")]
)
def test_the_level_of_a_balance_by_itself(balance: float, found: str) -> None:
    assert level(Decimal(str(balance)), Decimal(LOW), Decimal(CRITICAL)) == found
