"""The breaker with many messages, and with many threads, at once."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from itertools import pairwise
from typing import cast

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.valve.call_window import slot_of
from kobo_sms.valve.signals import GATEWAY, SYMPTOMS
from tests.unit.valve.breaker_fakes import Car
from tests.unit.valve.counted_calls import NOW


@pytest.fixture
def car() -> Car:
    return Car()


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Have threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_burst_during_an_outage_makes_few_calls(car: Car) -> None:
    """1,000 messages to as many recipients, each tried again when it is told to, for ten minutes."""
    begun, calls = car.clock.now, []
    back = [(begun, message) for message in range(1000)]
    while back[0][0] < begun + 600:
        at, message = heappop(back)
        car.clock.now = max(car.clock.now, at)
        wait = car.wait()
        if not wait:
            calls.append(car.clock.now - begun)
            car.fail(str(message))
        heappush(back, (car.clock.now + (wait or 30), message))
    # Five at once, then one after each pause, which grows to fifteen seconds.
    assert calls[:6] == [0] * 5 + [2]
    gaps = [later - earlier for earlier, later in pairwise(calls[5:])]
    assert gaps[0] <= 5
    assert {15} == set(gaps[10:])
    assert len(calls) <= 5 + 10 + 600 / 15
    # A look every three seconds at the most, beside the failures themselves.
    assert len(car.store.writes) <= 200 + len(calls)


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_an_outage_met_by_many_functions_in_its_first_second_prompts_twice_at_most(symptom: Symptom) -> None:
    """Many functions with four calls each, none of which knows of the others' failures yet."""
    first = Car()
    first.clock.now = begun = NOW + 1
    cars = [first, *(first.another() for _ in range(60))]
    # They have worked till now.
    for car in cars:
        car.accept(10)
    for call in range(4):
        for at, car in enumerate(cars):
            car.clock.now = begun + (call + at / 61) / 4
            car.fail(f"{at} {call}", symptom=symptom)
            car.breaker.prompt_if_due()
    # The calls that worked before count for up to ten seconds.
    for second in range(1, 16, 2):
        for at, car in enumerate(cars):
            car.clock.now = begun + second
            car.fail(f"{at} {second}", symptom=symptom)
            car.breaker.prompt_if_due()
    prompts = sorted(at for car in cars for at in car.prompts)
    by_slot = Counter(slot_of(at) for at in prompts)
    assert max(by_slot.values()) <= 2
    # Nobody forgets it either: each slot in which it looks bad has its prompt.
    assert by_slot.keys() >= {slot_of(begun) + 2, slot_of(begun) + 3}


def test_threads_of_many_functions_that_fail_together_prompt_twice_at_most() -> None:
    first = Car()
    first.clock.now = NOW + 1
    cars = [first, *(first.another() for _ in range(15))]
    start = threading.Barrier(16)

    def fail(at: int) -> None:
        start.wait()
        for call in range(4):
            cars[at].fail(f"{at} {call}", symptom=cast("Symptom", Hesitant(GATEWAY)))
            cars[at].breaker.prompt_if_due()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fail, range(16)))
    assert 1 <= sum(len(car.prompts) for car in cars) <= 2


def held_back(functions: int, calls_a_second: float, calls: int, seed: int) -> float:
    """Return which share is held back, by pauses and by the slow starts after them, where half of all calls fail."""
    first, chance, held = Car(), random.Random(seed), 0
    cars = [first, *(first.another() for _ in range(functions - 1))]
    for call in range(calls):
        first.pass_time(1 / calls_a_second / functions)
        car = cars[call % functions]
        if car.wait():
            held += 1
        elif chance.random() < 0.5:
            car.fail(str(call))
        else:
            car.accept()
    return held / calls


@pytest.mark.slow
@pytest.mark.parametrize(("functions", "calls_a_second"), [(1, 0.5), (1, 2), (5, 2), (5, 10)])
def test_every_other_call_that_fails_at_random_hardly_ever_pauses(functions: int, calls_a_second: float) -> None:
    assert held_back(functions, calls_a_second, 2_000, seed=2) < 0.004


@pytest.mark.slow
def test_every_other_call_that_fails_at_random_hardly_ever_pauses_a_function_that_makes_many() -> None:
    # Twelve failures in a row are met by chance once in 8,000 calls.
    assert sum(held_back(1, 20, 2_000, seed) for seed in range(4)) / 4 < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_a_few_calls_that_fail_at_random_are_held_back_for_little(seed: int) -> None:
    """Five calls in two minutes all fail once in 32 times; that pause lasts two seconds."""
    car, chance, paused = Car(), random.Random(seed), 0.0
    for call in range(2000):
        car.pass_time(chance.uniform(5, 25))
        while wait := car.wait():
            paused += wait
            car.pass_time(wait)
        if chance.random() < 0.5:
            car.fail(str(call))
        else:
            car.accept()
    assert paused / (car.clock.now - NOW) < 0.05


def test_one_recipient_that_always_fails_among_others_never_pauses(car: Car) -> None:
    chance = random.Random(7)
    for call in range(5000):
        assert car.wait() == 0
        if chance.random() < 0.95:
            assert car.fail("1") == [True]
        elif chance.random() < 0.5:
            car.fail("2")
        else:
            car.accept()
        car.pass_time(0.1 if call % 500 else 130)


def test_threads_that_fail_together_leave_one_probe(car: Car) -> None:
    """Sixteen threads, each with a recipient of its own: once the pause is over, one of them goes ahead."""
    start = threading.Barrier(16)

    def fail(at: int) -> None:
        start.wait()
        car.fail(str(at))

    def ask(_: int) -> int:
        start.wait()
        return car.wait()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fail, range(16)))
        assert len(car.warnings) == 1
        car.pass_time(2)
        waits = list(pool.map(ask, range(16)))
    assert waits.count(0) == 1


class Hesitant(str):
    """A symptom that lets other threads go on whenever it is compared or looked up."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        time.sleep(0)
        return super().__eq__(other)


def test_threads_that_succeed_together_end_the_pause_once_and_write_it_once(car: Car) -> None:
    car.fail(*"12345", symptom=cast("Symptom", Hesitant(GATEWAY)))
    start, before = threading.Barrier(16), len(car.store.writes)

    def succeed(_: int) -> None:
        start.wait()
        car.accept()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(succeed, range(16)))
    assert len(car.store.writes) == before + 1
    assert car.begun(50) == 2


@pytest.mark.usefixtures("hasty_threads")
def test_no_call_is_lost_when_threads_count_at_once(car: Car) -> None:
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for call in range(150):
            if call % 3 == thread % 3:
                car.fail(f"{thread}", symptom=cast("Symptom", Hesitant(GATEWAY)))
            else:
                car.accept()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    car.pass_time(5)
    car.fail("1")
    assert car.store.counted() == 8 * 150 + 1


def test_threads_that_fail_together_write_few_times(car: Car) -> None:
    car.clock.now = NOW + 1
    start = threading.Barrier(16)

    def fail(at: int) -> None:
        start.wait()
        for call in range(20):
            car.fail(f"{at} {call}", symptom=cast("Symptom", Hesitant(GATEWAY)))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fail, range(16)))
    # Each of the sixteen may have found a write due at the same moment, and no more.
    assert {slot_of(at) for at, _, _ in car.store.writes} == {slot_of(NOW + 1)}
    assert len(car.store.writes) <= 3 + 15
