"""What counting costs: writes to the valve's item, and what it holds."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.signals import ACCEPTED, CREDIT, GATEWAY
from tests.unit.valve.breaker_fakes import Car
from tests.unit.valve.counted_calls import NOW

HOUR = 3600


@pytest.fixture
def car() -> Car:
    return Car()


def test_ten_successes_are_worth_a_write_and_nine_are_not(car: Car) -> None:
    car.accept(9)
    assert car.store.writes == []
    car.accept(1, lane=Lane.PRIORITY)
    ((_, new, _),) = car.store.writes
    assert new.counts == {(slot_of(NOW), Lane.BULK, ACCEPTED): 9, (slot_of(NOW), Lane.PRIORITY, ACCEPTED): 1}


def test_successes_alone_are_written_every_four_seconds_at_most(car: Car) -> None:
    for _ in range(600):
        car.accept(10)
        car.pass_time(0.1)
    times = car.store.times()
    assert len(times) == 15
    assert all(later - earlier >= 4 for earlier, later in pairwise(times))
    assert car.store.counted() >= 6000 - 400


def test_a_lone_failure_is_one_write_and_a_lone_password_none(car: Car) -> None:
    car.accept(lane=Lane.PRIORITY)
    assert len(car.store.writes) == 0
    car.fail("1", lane=Lane.PRIORITY)
    ((_, new, _),) = car.store.writes
    # What was kept till then goes with it.
    assert sum(new.counts.values()) == 2


def test_lone_passwords_are_never_written(car: Car) -> None:
    for _ in range(100):
        car.accept(lane=Lane.PRIORITY)
        car.pass_time(300)
    assert car.store.writes == []


def test_what_an_idle_function_kept_for_long_is_not_written(car: Car) -> None:
    car.accept(3)
    car.pass_time(HOUR)
    car.fail("1")
    ((_, new, _),) = car.store.writes
    assert new.counts == {(slot_of(NOW + HOUR), Lane.BULK, GATEWAY): 1}


def test_failures_are_written_three_times_a_slot_and_none_is_lost(car: Car) -> None:
    car.clock.now = begun = NOW + 1
    for at in range(1000):
        car.clock.now = begun + at * 0.02
        car.fail(str(at % 50))
    slots = [slot_of(at) for at, _, _ in car.store.writes]
    assert [slots.count(slot) for slot in sorted(set(slots))] == [3] * 4
    car.clock.now = begun + 20
    car.fail("1")
    assert car.store.counted() == 1001


@pytest.mark.parametrize("other", ["success", "look"])
def test_failures_are_written_three_times_a_slot_whatever_else_is(car: Car, other: str) -> None:
    car.clock.now = NOW + 1
    car.trip()
    if other == "success":
        car.accept()
    else:
        car.pass_time(3)
        car.wait()
    car.fail(*"123456789")
    assert len(car.store.writes) == 4


def test_of_the_recipients_that_fail_three_in_two_slots_are_told(car: Car) -> None:
    car.clock.now = NOW + 1
    for at in range(1000):
        car.fail(str(at))
        car.pass_time(0.02)
    told = sorted(slot_of(signal.at) - slot_of(NOW) for signal in car.store.window.signals)
    assert told == [1] * 3 + [3] * 3


def test_a_recipient_is_told_once_in_two_slots(car: Car) -> None:
    for _ in range(25):
        car.fail("1")
        car.pass_time(1)
    told = sorted(slot_of(signal.at) - slot_of(NOW) for signal in car.store.window.signals)
    assert told == [0, 2, 4]


def test_each_symptom_and_lane_has_its_three(car: Car) -> None:
    for symptom in (GATEWAY, CREDIT):
        for lane in (Lane.BULK, Lane.PRIORITY):
            car.fail(*"12345", symptom=symptom, lane=lane)
    car.pass_time(5)
    car.fail("1")
    assert len(car.store.window.signals) == 12


def test_a_refusal_of_fewer_pages_is_told_whoever_it_is_for(car: Car) -> None:
    for pages in (5, 5, 4, 6, 4, 1, 2):
        car.fail("1", symptom=CREDIT, pages=pages)
    car.pass_time(5)
    car.accept(10)
    assert sorted(signal.pages for signal in car.store.window.signals) == [1, 4, 5]


def test_what_is_stale_is_taken_away_and_nothing_else(car: Car) -> None:
    car.fail("1")
    car.pass_time(60)
    car.fail("2")
    before = car.store.window
    car.pass_time(65)
    car.fail("3")
    stale = [each for _, _, each in car.store.writes]
    assert stale[:2] == [CallWindow(), CallWindow()]
    assert stale[2] == before.stale(car.clock.now)
    assert sum(stale[2].counts.values()) == 1
    assert car.store.counted() == 2


def test_the_counts_of_an_hour_take_no_more_room_than_those_of_two_minutes(car: Car) -> None:
    for second in range(HOUR):
        car.accept(3)
        car.accept(1, lane=Lane.PRIORITY)
        if second % 3 == 0:
            car.fail(str(second))
        car.pass_time(1)
    assert len(car.store.window.counts) <= 3 * 26
    assert len(car.store.window.signals) <= 3 * 26
