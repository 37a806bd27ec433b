"""How a warm send_sms holds back during an outage, with a clock and a store of the test's own."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.signs import ACCEPTED, CREDENTIALS, CREDIT, GATEWAY
from tests.unit.kobo_sms.brake_fakes import Car


@pytest.fixture
def car() -> Car:
    return Car()


@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS, CREDIT])
def test_after_two_different_recipients_it_pauses(car: Car, symptom: str) -> None:
    assert car.fail("1", symptom=symptom) == [True]
    assert car.brake.wait_for("bulk") == 0
    assert car.fail("2", symptom=symptom) == [True]
    assert car.brake.wait_for("bulk") == 3


@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS, CREDIT])
def test_one_recipient_that_always_fails_never_pauses_others(car: Car, symptom: str) -> None:
    for _ in range(100):
        car.fail("1", symptom=symptom)
        assert car.brake.wait_for("bulk") == 0


def test_two_symptoms_of_two_recipients_are_no_run(car: Car) -> None:
    car.fail("1", symptom=GATEWAY)
    car.fail("2", symptom=CREDENTIALS)
    assert car.brake.wait_for("bulk") == 0


def test_one_probe_at_a_time_and_pauses_that_double_to_a_minute(car: Car) -> None:
    car.fail("1", "2")
    pauses = []
    for _ in range(7):
        pause = car.brake.wait_for("bulk")
        pauses.append(pause)
        car.clock.now += pause - 0.001
        assert car.brake.wait_for("bulk") > 0
        car.clock.now += 0.001
        assert [car.brake.wait_for("bulk") for _ in range(5)] == [0, *[pause] * 4]
        car.fail("1")
    assert pauses == [3, 6, 12, 24, 48, 60, 60]


def test_a_probe_that_is_lost_is_followed_by_another(car: Car) -> None:
    car.fail("1", "2")
    car.clock.now += 3
    assert car.brake.wait_for("bulk") == 0
    car.clock.now += 3
    assert car.brake.wait_for("bulk") == 0


def test_who_waits_does_not_come_back_with_all_the_others() -> None:
    car = Car(uniform=lambda low, high: high)
    car.fail("1", "2")
    assert car.brake.wait_for("bulk") == 3 + 3


@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS])
def test_a_fault_holds_both_lanes(car: Car, symptom: str) -> None:
    car.fail("1", "2", symptom=symptom, lane="bulk")
    assert car.brake.wait_for("priority") == 3


def test_credit_holds_its_own_lane_alone(car: Car) -> None:
    car.fail("1", "2", "3", symptom=CREDIT, lane="bulk")
    assert (car.brake.wait_for("priority"), car.brake.wait_for("bulk")) == (0, 6)
    car.brake.accepted("priority")
    assert car.brake.wait_for("bulk") == 6


@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS, CREDIT])
def test_a_success_lets_go_and_is_told_once(car: Car, symptom: str) -> None:
    car.fail("1", "2", symptom=symptom)
    car.brake.accepted("bulk")
    assert car.brake.wait_for("bulk") == 0
    car.brake.accepted("bulk")
    car.brake.accepted("priority")
    assert car.store.kinds() == [symptom, symptom, ACCEPTED]
    # The run begins anew.
    car.fail("3", symptom=symptom)
    assert car.brake.wait_for("bulk") == 0


def test_a_success_without_a_failure_before_is_not_told(car: Car) -> None:
    car.brake.accepted("bulk")
    assert car.store.signs == []


def test_in_a_closed_lane_one_failure_is_enough_and_is_no_attempt(car: Car) -> None:
    car.store.closed = {"bulk"}
    assert car.fail("1") == [False]
    assert car.brake.wait_for("bulk") == 30
    car.brake.prompt_if_due()
    assert car.prompts == []
    car.clock.now += 30
    assert [car.brake.wait_for("bulk") for _ in range(3)] == [0, 30, 30]


def test_a_failure_in_a_closed_lane_is_no_matter_of_the_open_one(car: Car) -> None:
    car.store.closed = {"bulk"}
    car.fail("1", lane="bulk")
    assert car.brake.wait_for("priority") == 0
    assert car.fail("2", lane="priority") == [True]


def test_a_lane_that_opens_is_let_go_by_the_first_success(car: Car) -> None:
    car.store.closed = {"bulk"}
    car.fail("1")
    car.clock.now += 10
    car.brake.wait_for("bulk")
    car.brake.accepted("bulk")
    assert car.brake.wait_for("bulk") == 0
    assert car.store.kinds() == [GATEWAY, ACCEPTED]


@pytest.mark.parametrize(
    "fault", [ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem"), EndpointConnectionError(endpoint_url="x")]
)
def test_a_store_that_fails_loses_no_answer(car: Car, fault: Exception) -> None:
    car.store.fault = fault
    assert car.fail("1", "2") == [True, True]
    assert car.brake.wait_for("bulk") == 3
    car.brake.accepted("bulk")
    assert car.brake.wait_for("bulk") == 0


def test_it_prompts_now_and_then_and_only_for_what_is_new(car: Car) -> None:
    car.brake.prompt_if_due()
    assert car.prompts == []
    begun = car.clock.now
    for second in range(12):
        car.clock.now = begun + second
        if second < 8:
            car.fail("1")
        car.brake.prompt_if_due()
    assert [at - begun for at in car.prompts] == [0, 5, 10]
    car.clock.now += 60
    car.brake.prompt_if_due()
    assert len(car.prompts) == 3
