"""The day of benchmarks.scale: texts are conserved, and what is promised is kept once all is turned."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from benchmarks.scale.flow import Day, Kind, run_day
from benchmarks.scale.inputs import Inputs
from benchmarks.scale.load import CAMPAIGNS_AT, HOURS, MINUTES_A_DAY, Load
from benchmarks.scale.passwords import arrivals, quantiles, waits_of
from benchmarks.scale.rates import lane_rate, rates_of
from benchmarks.scale.results import DAYS, once_turned
from benchmarks.scale.stack import Lane, with_parameter
from benchmarks.scale.turning import default

INPUTS = Inputs()


def kinds(day: Day) -> tuple[Kind, Kind]:
    return day.passwords, day.parts


@pytest.mark.parametrize("texts", [*DAYS, 12_345])
@pytest.mark.parametrize("numbers", [1, 500])
def test_what_comes_is_sent_or_waits_and_what_is_sent_is_final_or_asked_about(texts: int, numbers: int) -> None:
    load = Load(texts, INPUTS, numbers)
    day = run_day(load, default(load))
    for kind in kinds(day):
        assert kind.sent + kind.waiting == pytest.approx(kind.arrived)
        assert kind.final + kind.unfinished == pytest.approx(kind.sent)
        assert min(kind.waiting, kind.due) >= 0
    assert day.passwords.arrived + numbers * day.parts.arrived == pytest.approx(texts)
    # Claimed and sent, and once for each question.
    changes = sum(2 * kind.sent + kind.asked for kind in kinds(day))
    assert day.changes == pytest.approx(changes)
    assert day.published <= day.changes + 1


def test_what_goes_through_in_the_minutes_is_what_was_sent() -> None:
    load = Load(3_000_000, INPUTS)
    day = run_day(load, default(load))
    assert sum(each.passwords for each in day.minutes) * 60 == pytest.approx(day.passwords.sent)
    assert sum(each.parts for each in day.minutes) * 60 == pytest.approx(day.parts.sent)
    assert sum(each.questions for each in day.minutes) * 60 == pytest.approx(day.passwords.asked + day.parts.asked)


def test_a_day_that_is_over_leaves_nothing_behind_and_asks_as_often_as_it_takes() -> None:
    load = Load(500_000, INPUTS)
    day = run_day(load, default(load))
    assert len(day.minutes) < 2 * MINUTES_A_DAY
    for kind in kinds(day):
        assert kind.waiting == pytest.approx(0, abs=1)
        assert kind.final == pytest.approx(kind.arrived, rel=0.001)
        assert kind.asked / kind.final == pytest.approx(INPUTS.rounds, rel=0.001)


@pytest.mark.parametrize("texts", DAYS)
@pytest.mark.parametrize("numbers", [1, 500])
def test_once_all_is_turned_the_day_keeps_what_is_promised(texts: int, numbers: int) -> None:
    result = once_turned(Load(texts, INPUTS, numbers))
    assert result.day.campaign_hours <= INPUTS.promised
    assert result.day.late_reports <= INPUTS.late_reports
    assert result.day.late_events <= INPUTS.late_events
    assert result.wait.most < 5


def test_a_lane_that_is_too_slow_sends_at_its_rate_and_the_campaign_takes_as_long_as_that() -> None:
    load = Load(2_000_000, INPUTS)
    stack = default(load)
    day, rate = run_day(load, stack), rates_of(stack, INPUTS).bulk
    assert max(each.parts for each in day.minutes) == pytest.approx(rate)
    # The last one waits for all before it.
    all_of_them = len(CAMPAIGNS_AT) * load.campaign / rate / 3600
    assert day.campaign_hours == pytest.approx(CAMPAIGNS_AT[0] + all_of_them - CAMPAIGNS_AT[-1], abs=0.05)


def test_what_is_never_through_is_said_to_take_for_ever() -> None:
    load = Load(1e9, INPUTS)
    assert run_day(load, default(load)).campaign_hours == inf


def test_an_index_that_is_full_slows_all_that_write_to_it() -> None:
    """Partitions that take 10 units a second: the eight of `due` take 80, and no more is sent than that allows."""
    load = Load(1e9, INPUTS)
    stack = with_parameter(default(load), "SendConcurrency", "1000", INPUTS)
    slowed = run_day(replace(load, inputs=replace(INPUTS, partition=10)), stack)
    units = [
        each.passwords * load.password_use().sending.due + each.parts * load.campaign_use().sending.due
        for each in slowed.minutes
    ]
    assert 0 < max(units) <= 8 * 10 * 1.001


def test_the_passwords_of_a_day_are_those_of_its_hours() -> None:
    load = Load(1_000_000, INPUTS)
    assert sum(map(load.passwords_in, range(MINUTES_A_DAY))) == pytest.approx(load.passwords)
    busiest = HOURS.index(max(HOURS))
    assert load.busiest == pytest.approx(load.passwords_in(60 * busiest) / 60)


# --- passwords, event by event ------------------------------------------------------------------------------------


LANE = Lane(invocations=4, calls=2, batch=5)


def test_a_password_alone_waits_for_its_own_call_only() -> None:
    steady = replace(INPUTS, spread=0.0)
    waits = waits_of([0.0, 100.0, 200.0], LANE, 0.5, steady)
    own = (steady.arrival + steady.write + steady.send_alone / 0.5 + steady.answer) / 1000
    assert waits == pytest.approx([own + steady.cold_start / 1000, own, own])


def test_an_environment_that_was_idle_for_long_starts_cold_again() -> None:
    waits = waits_of([0.0, INPUTS.kept_warm + 10], LANE, 0.5, INPUTS)
    assert min(waits) > INPUTS.cold_start / 1000


def test_a_lane_that_is_never_empty_sends_as_fast_as_the_flow_says() -> None:
    """Event by event and as a flow: the same rate, but for what a batch's slowest answer costs."""
    steady = replace(INPUTS, spread=0.0)
    came = [0.0] * 20_000
    waits = waits_of(came, LANE, 0.5, steady)
    assert len(came) / max(waits) == pytest.approx(lane_rate(LANE, 0.5, steady), rel=0.03)


def test_every_password_that_comes_is_answered_once_and_none_before_it_came() -> None:
    came = arrivals(30.0, 5_000, seed=3)
    waits = waits_of(came, LANE, 0.5, INPUTS)
    assert len(waits) == len(came)
    assert min(waits) > INPUTS.arrival / 1000


def test_quantiles_are_those_of_the_sorted_waits() -> None:
    found = quantiles([float(at) for at in range(1000, 0, -1)])
    assert (found.median, found.most, found.passwords) == (501.0, 991.0, 1000)
