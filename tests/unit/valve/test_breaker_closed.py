"""A warm send_sms whose lane is closed, or that cannot ask whether it is."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY
from tests.unit.valve.breaker_fakes import Car

FAULTS = [CREDENTIALS, GATEWAY]
REFUSALS = [ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem"), EndpointConnectionError(endpoint_url="x")]


@pytest.fixture
def car() -> Car:
    return Car()


def test_in_a_closed_lane_one_failure_is_enough_and_is_no_attempt(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    assert car.fail("1") == [False]
    assert car.wait() == 30
    assert car.warnings == []
    car.breaker.prompt_if_due()
    assert car.prompts == []


def test_a_closed_lane_makes_no_calls_and_is_looked_at_every_three_seconds(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    car.fail("1")
    for _ in range(120):
        assert car.wait() > 0
        car.pass_time(1)
    assert car.store.times() == [0, *(3.0 * look for look in range(1, 40))]


def test_the_credentials_of_a_closed_lane_prompt_nobody(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    assert car.fail(*"123456", symptom=CREDENTIALS) == [False] * 6
    car.breaker.prompt_if_due()
    assert car.prompts == []


def test_a_failure_in_a_closed_lane_is_no_matter_of_the_open_one(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    car.fail("1", lane=Lane.BULK)
    assert car.wait(Lane.PRIORITY) == 0
    assert car.fail("2", lane=Lane.PRIORITY) == [True]


def test_a_lane_that_is_opened_starts_slowly_within_three_seconds(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    car.fail(*"12345")
    car.pass_time(10)
    assert car.wait() == 30
    car.store.closed = ()
    car.pass_time(2.9)
    assert car.wait() == 28
    car.pass_time(0.1)
    assert car.begun(50) == 2
    # What was counted before it was opened says nothing, and its failures are attempts again.
    assert car.fail(*"1234") == [True] * 4
    car.pass_time(4)
    assert car.begun(50) == 50


def test_what_is_held_back_right_after_a_probe_that_worked_comes_back_in_seconds(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    car.fail("1")
    assert car.wait() == 30
    car.pass_time(5)
    car.accept(2)
    # check_credit has not opened it yet.
    assert car.wait() == 3
    car.store.closed = ()
    car.pass_time(3)
    assert car.wait() == 0


def test_a_probe_that_worked_says_little_where_the_lane_stays_closed(car: Car) -> None:
    car.store.closed = {Lane.BULK}
    car.fail("1")
    car.accept()
    car.pass_time(3)
    assert car.wait() == 30


def test_a_lane_that_is_closed_while_it_pauses_waits_for_its_opening(car: Car) -> None:
    car.trip()
    car.store.closed = {Lane.BULK}
    car.pass_time(3)
    assert car.wait() == 30
    car.pass_time(20)
    assert car.wait() == 30
    car.store.closed = ()
    car.pass_time(3)
    assert car.wait() == 0


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_store_that_fails_loses_no_answer_and_its_own_counts_go_on(car: Car, fault: Exception) -> None:
    car.store.fault = fault
    assert car.fail(*"12345") == [True] * 4 + [False]
    assert car.wait() == 2
    car.pass_time(5)
    assert [car.wait(), car.wait()] == [0, 2]
    car.accept()
    assert car.wait() == 0
    # Once it answers again, that goes on to be so.
    car.store.fault = None
    car.pass_time(5)
    assert car.fail("1") == [True]


def test_an_error_of_our_own_is_not_swallowed(car: Car) -> None:
    car.store.fault = KeyError("lanes")
    with pytest.raises(KeyError):
        car.fail("1")


@pytest.mark.parametrize("every", [1, 10, 30, 35])
def test_while_nobody_tells_whether_a_lane_is_still_closed_a_probe_goes_every_half_minute(car: Car, every: int) -> None:
    car.store.closed = {Lane.BULK}
    car.fail("1")
    car.store.fault = REFUSALS[0]
    begun, probes = car.clock.now, 0
    while car.clock.now < begun + 600:
        car.pass_time(every)
        probes += car.begun(3)
    assert 600 // (30 + every) <= probes <= 20
