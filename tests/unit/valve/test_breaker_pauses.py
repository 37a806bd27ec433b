"""How long a warm send_sms pauses, how it probes, and how it goes on."""

from __future__ import annotations

import itertools

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY, SYMPTOMS
from tests.unit.valve.breaker_fakes import Car

FAULTS = [CREDENTIALS, GATEWAY]
REFUSALS = [ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem"), EndpointConnectionError(endpoint_url="x")]


@pytest.fixture
def car() -> Car:
    return Car()


def test_a_pause_is_a_third_of_the_time_it_has_lasted_from_two_seconds_to_fifteen(car: Car) -> None:
    begun, probes = car.clock.now, [0.0]
    car.trip()
    while car.clock.now < begun + 300:
        car.pass_time(0.25)
        # Of many that ask, one goes ahead at a time.
        if car.begun(5):
            assert car.begun(5) == 0
            probes.append(car.clock.now - begun)
            car.pass_time(0.1)
            assert car.fail("1") == [False]
    for at, following in itertools.pairwise(probes):
        # Two probes are not of one slot.
        assert max(2, min(at / 3, 15)) <= following - at < max(2, min(at / 3, 15)) + 5
    assert probes[1] == 2


def test_calls_under_way_when_it_pauses_make_it_no_longer_and_are_as_good_as_a_probe(car: Car) -> None:
    car.trip()
    car.pass_time(1)
    car.fail(*"123456789")
    assert car.wait() == 1
    car.pass_time(1)
    assert [car.wait(), car.wait()] == [2, 2]
    # In the next slot nothing has failed yet.
    car.pass_time(4)
    assert [car.wait(), car.wait()] == [0, 2]


def test_a_call_of_another_function_that_has_just_failed_was_the_probe(car: Car) -> None:
    other = car.another()
    car.trip()
    assert other.fail("6", "7") == [True, False]
    car.pass_time(2)
    assert (car.wait(), other.wait()) == (0, 0)
    car.fail("1")
    car.pass_time(2)
    # In the same slot: each of them knows by then.
    assert (car.wait(), other.wait()) == (2, 2)
    car.pass_time(2)
    assert other.wait() == 0
    other.fail("1")
    assert car.wait() == 2


def test_a_probe_that_is_lost_is_followed_by_another(car: Car) -> None:
    car.trip()
    for _ in range(5):
        car.pass_time(1.999)
        assert car.wait() == 1
        car.pass_time(0.001)
        assert car.wait() == 0


@pytest.mark.parametrize(("lasted", "wait"), [(2, 2 + 2), (30, 10 + 10), (60, 15 + 10), (100, 15 + 10)])
def test_who_waits_does_not_come_back_with_all_the_others(lasted: int, wait: int) -> None:
    drawn: list[float] = []
    car = Car(uniform=lambda low, high: high if drawn else low)
    car.trip()
    car.pass_time(lasted)
    assert car.wait() == 0
    car.fail(*"123")
    drawn.append(1.0)
    assert car.wait() == wait


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_a_success_ends_the_pause_and_what_was_counted_before_says_nothing_any_more(car: Car, symptom: Symptom) -> None:
    car.trip(symptom=symptom)
    car.accept()
    assert car.wait() == 0
    # In the slot of the success nobody knows what came after it.
    assert car.fail(*"12345", symptom=symptom) == [True] * 5
    car.pass_time(1)
    assert car.fail(*"1234", symptom=symptom) == [True] * 4
    assert car.wait() == 0
    assert car.fail("1", symptom=symptom) == [False]


def test_after_a_pause_more_and_more_calls_begin_and_after_four_seconds_all(car: Car) -> None:
    car.trip()
    car.accept()
    assert [car.wait() for _ in range(4)] == [0, 0, 1, 1]
    car.pass_time(1)
    begun = []
    for _ in range(4):
        begun.append(car.begun(100))
        car.pass_time(1)
    assert begun == [4, 8, 16, 100]


def test_who_has_to_wait_after_a_pause_comes_back_in_a_second_or_two() -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    car = Car(uniform=uniform)
    car.fail(*"12345")
    car.accept()
    assert [car.wait() for _ in range(4)] == [0, 0, 2, 2]
    assert drawn == [(0.0, 1.0)] * 2


def test_without_a_pause_before_no_call_waits(car: Car) -> None:
    car.accept(3)
    car.fail("1", "2")
    assert car.begun(500) == 500


def test_a_slow_start_that_fails_is_a_pause_again(car: Car) -> None:
    car.trip()
    car.accept()
    # Ten seconds on, the recipients that fail are told anew.
    car.pass_time(6)
    assert car.fail(*"12345") == [True] * 4 + [False]
    assert car.wait() == 2
    car.accept()
    car.pass_time(1)
    assert car.begun(100) == 4


def test_a_slow_start_that_fails_at_once_is_a_pause_again(car: Car) -> None:
    car.trip()
    car.accept()
    car.pass_time(1)
    assert car.fail(*"12345") == [True] * 4 + [False]


def test_each_slow_start_begins_anew(car: Car) -> None:
    for _ in range(3):
        car.pass_time(12)
        car.trip()
        car.accept()
        assert car.begun(100) == 2


def pause_for_long(car: Car) -> None:
    """Have a pause of fifteen seconds begin, a minute after NOW."""
    car.trip()
    car.pass_time(60)
    assert car.wait() == 0
    car.fail(*"123")
    assert car.wait() == 15


def test_what_others_found_to_work_ends_its_pause(car: Car) -> None:
    pause_for_long(car)
    other, before = car.another(), len(car.store.writes)
    car.pass_time(1)
    other.accept(10)
    car.pass_time(1.9)
    assert (car.wait(), len(car.store.writes)) == (13, before + 1)
    # Three seconds after the last look.
    car.pass_time(0.1)
    assert car.begun(100) == 2
    assert len(car.store.writes) == before + 2


def test_before_a_probe_it_looks_whether_others_have_found_it_to_work(car: Car) -> None:
    car.trip()
    car.pass_time(1)
    car.another().accept(10)
    car.pass_time(0.9)
    assert car.wait() == 1
    car.pass_time(0.1)
    assert car.begun(100) == 2


def test_what_worked_before_the_pause_or_on_the_other_lane_does_not_end_it(car: Car) -> None:
    car.another().accept(10)
    car.fail(*"123456789012")
    car.pass_time(1)
    car.another().accept(10, lane=Lane.PRIORITY)
    car.pass_time(2)
    assert [car.wait(), car.wait()] == [0, 2]


def test_while_it_pauses_it_looks_every_three_seconds_however_many_ask(car: Car) -> None:
    pause_for_long(car)
    before = len(car.store.writes)
    for _ in range(60):
        assert car.begun(20) == 0
        car.pass_time(0.25)
    assert car.store.times()[before:] == [63, 66, 69, 72]


def test_where_one_probe_after_the_other_is_lost_it_looks_once_a_second_at_most(car: Car) -> None:
    car.trip()
    before = len(car.store.writes)
    for _ in range(400):
        car.begun(20)
        car.pass_time(0.25)
    times = car.store.times()[before:]
    assert len(times) > 30
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(times))


def test_while_nothing_pauses_nobody_looks(car: Car) -> None:
    car.accept()
    for _ in range(100):
        car.begun(5)
        car.pass_time(1)
    assert car.store.writes == []
