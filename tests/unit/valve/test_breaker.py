"""When a warm send_sms stops calling and when it asks for a check, with a clock and a store of the test's own."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY, SYMPTOMS
from tests.unit.valve.breaker_fakes import Car

FAULTS = [CREDENTIALS, GATEWAY]
REFUSALS = [ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem"), EndpointConnectionError(endpoint_url="x")]


@pytest.fixture
def car() -> Car:
    return Car()


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_five_calls_that_all_fail_make_it_pause(car: Car, symptom: Symptom) -> None:
    assert car.fail("1", "2", "3", "1", symptom=symptom) == [True] * 4
    assert (car.wait(), car.warnings) == (0, [])
    # An attempt that nobody could have made good is none.
    assert car.fail("2", symptom=symptom) == [False]
    assert car.wait() == 2
    assert car.warnings == ["bulk: calls pause for 2 s; 5 of 5 calls failed in the last 119 seconds"]
    assert car.fail("4", "5", symptom=symptom) == [False, False]
    assert len(car.warnings) == 1


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("recipients", ["1", "12"])
def test_one_recipient_or_two_that_always_fail_never_pause_others(car: Car, symptom: Symptom, recipients: str) -> None:
    for _ in range(100):
        assert all(car.fail(*recipients, symptom=symptom))
        assert car.wait() == 0
        car.pass_time(1)


def test_seventeen_failures_of_twenty_calls_do_not_make_it_pause(car: Car) -> None:
    car.accept(2)
    car.fail(*"123456789")
    car.accept()
    assert car.fail(*"123456789") == [True] * 9
    assert car.wait() == 0


def test_the_eighteenth_failure_of_twenty_calls_makes_it_pause(car: Car) -> None:
    for _ in range(2):
        car.accept()
        counted = car.fail(*"123456789")
    assert counted == [True] * 8 + [False]
    assert car.wait() == 2
    assert car.warnings == ["bulk: calls pause for 2 s; 18 of 20 calls failed in the last 9 seconds"]


def test_twelve_of_its_own_in_a_row_make_it_pause_though_the_others_calls_work(car: Car) -> None:
    car.another().accept(100)
    assert car.fail(*"12312312312") == [True] * 11
    assert car.wait() == 0
    assert car.fail("1") == [False]
    assert car.wait() == 2
    assert car.warnings == ["bulk: calls pause for 2 s; 12 calls in a row failed"]


@pytest.mark.parametrize("recipients", ["1", "12"])
def test_a_row_of_few_recipients_is_none(car: Car, recipients: str) -> None:
    car.another().accept(500)
    for _ in range(40):
        assert all(car.fail(*recipients))
    assert car.wait() == 0


def test_a_success_or_another_lane_breaks_no_row_but_its_own(car: Car) -> None:
    car.another().accept(200)
    car.another().accept(200, lane=Lane.PRIORITY)
    car.fail(*"12345678901")
    car.accept()
    assert all(car.fail(*"12345678901"))
    car.accept(lane=Lane.PRIORITY)
    assert car.fail("1", lane=Lane.PRIORITY) == [True]
    assert car.fail("1", lane=Lane.BULK) == [False]
    assert (car.wait(Lane.PRIORITY), car.wait(Lane.BULK)) == (0, 2)


def test_what_other_functions_counted_makes_it_pause_at_its_first_failure(car: Car) -> None:
    for to in "1234":
        assert car.another().fail(to) == [True]
    assert car.wait() == 0
    assert car.fail("1") == [False]
    assert car.wait() == 2


def test_what_other_functions_counted_keeps_it_from_pausing(car: Car) -> None:
    car.another().accept(10)
    assert car.fail(*"123456789") == [True] * 9
    assert car.wait() == 0


@pytest.mark.parametrize("symptom", FAULTS)
def test_a_fault_of_one_lane_makes_the_other_pause_at_its_first_failure(car: Car, symptom: Symptom) -> None:
    car.trip(lane=Lane.BULK, symptom=symptom)
    # It may be the lane's own trouble: one call tells.
    assert car.wait(Lane.PRIORITY) == 0
    assert car.fail("6", lane=Lane.PRIORITY, symptom=symptom) == [False]
    assert car.wait(Lane.PRIORITY) == 2


def test_a_lane_whose_calls_work_is_not_held_by_the_other(car: Car) -> None:
    car.accept(5, lane=Lane.PRIORITY)
    car.fail(*"123456789012", lane=Lane.BULK)
    assert car.fail("6", "7", "8", lane=Lane.PRIORITY) == [True] * 3
    assert (car.wait(Lane.PRIORITY), car.wait(Lane.BULK)) == (0, 2)


def test_credit_holds_its_own_lane_alone(car: Car) -> None:
    car.trip(symptom=CREDIT)
    assert car.fail("6", symptom=CREDIT, lane=Lane.PRIORITY) == [True]
    assert (car.wait(Lane.PRIORITY), car.wait(Lane.BULK)) == (0, 2)
    car.accept(lane=Lane.PRIORITY)
    assert car.wait(Lane.BULK) == 2


def test_it_prompts_now_and_then_and_only_when_it_looks_bad(car: Car) -> None:
    begun = car.clock.now
    for second in range(12):
        car.clock.now = begun + second
        if second < 8:
            car.fail("1")
        car.breaker.prompt_if_due()
    # Three failures are worth a look, whoever they were for: credit/ may know more. Then one in each slot.
    assert [at - begun for at in car.prompts] == [2, 6]
    car.pass_time(60)
    car.breaker.prompt_if_due()
    assert len(car.prompts) == 2


@pytest.mark.parametrize(("failed", "worked", "prompts"), [(2, 0, 0), (3, 0, 1), (3, 1, 0), (9, 1, 1), (8, 1, 0)])
def test_a_gateway_that_fails_now_and_then_prompts_nobody(car: Car, failed: int, worked: int, prompts: int) -> None:
    car.accept(worked)
    car.fail(*"123456789"[:failed])
    car.breaker.prompt_if_due()
    assert len(car.prompts) == prompts


@pytest.mark.parametrize("symptom", [CREDENTIALS, CREDIT])
def test_credit_and_credentials_prompt_at_once(car: Car, symptom: Symptom) -> None:
    car.accept(50)
    car.fail("1", symptom=symptom)
    car.breaker.prompt_if_due()
    assert len(car.prompts) == 1


def test_what_the_others_counted_prompts_too(car: Car) -> None:
    car.another().fail(*"12")
    car.fail("3")
    car.breaker.prompt_if_due()
    assert len(car.prompts) == 1


def test_counts_that_cannot_be_written_prompt_nobody(car: Car) -> None:
    """Nobody could say then who is the first; check_credit comes by itself."""
    car.store.fault = REFUSALS[0]
    car.fail(*"12345")
    car.breaker.prompt_if_due()
    assert car.prompts == []
