"""The brake with many messages, and with many threads, at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kobo_sms.signs import ACCEPTED, GATEWAY
from tests.unit.kobo_sms.brake_fakes import Car


@pytest.fixture
def car() -> Car:
    return Car()


def test_a_burst_during_an_outage_makes_few_calls(car: Car) -> None:
    """1,000 messages to as many recipients, each tried again when it is told to, for ten minutes."""
    begun, calls = car.clock.now, 0
    back = dict.fromkeys(range(1000), begun)
    while (at := min(back.values())) < begun + 600:
        car.clock.now = max(car.clock.now, at)
        message = min(back, key=lambda each: back[each])
        wait = car.brake.wait_for("bulk")
        if not wait:
            calls += 1
            car.fail(str(message))
        back[message] = car.clock.now + (wait or 30)
    # Two, then one after 3, 9, 21, 45, 93, 153, ... seconds.
    assert calls == 15


def test_threads_that_fail_together_leave_one_probe(car: Car) -> None:
    """Sixteen threads, each with a recipient of its own: once the pause is over, one of them goes ahead."""
    start = threading.Barrier(16)

    def fail(at: int) -> None:
        start.wait()
        car.fail(str(at))

    def ask(_: int) -> int:
        start.wait()
        return car.brake.wait_for("bulk")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fail, range(16)))
        assert len(car.store.signs) == 16
        car.clock.now += 60
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


def test_threads_that_succeed_together_tell_it_once(car: Car) -> None:
    car.fail("1", "2", symptom=Hesitant(GATEWAY))
    start = threading.Barrier(16)

    def succeed(_: int) -> None:
        start.wait()
        car.brake.accepted("bulk")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(succeed, range(16)))
    assert car.store.kinds() == [GATEWAY, GATEWAY, ACCEPTED]
