"""When a warm send_sms stops calling, and how it goes on, with a clock and a store of the test's own."""

from __future__ import annotations

import itertools

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
