"""Quiet hours as send_sms keeps them: no call that may last into them, at no cost, unless an operator woke the lane."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, time

import pytest
from botocore.exceptions import ConnectTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietHours
from kobo_sms.runtime import Deadline
from kobo_sms.valve.bulk_rest import BulkRest
from kobo_sms.valve.call_window import CallWindow, KnownCalls
from kobo_sms.valve.state import RESTS_EARLIER

NIGHT = QuietHours(time(20), time(8), UTC)
DAY, HOUR = 86_400.0, 3600.0
EVENING = 20_000 * DAY + 20 * HOUR
MORNING = EVENING + 12 * HOUR


@dataclass
class FakeStore:
    woken: dict[Lane, float] = field(default_factory=dict)
    looks: int = 0
    works: bool = True

    def report(self, new: CallWindow, stale: CallWindow, now: float) -> KnownCalls:
        assert (new, stale) == (CallWindow(), CallWindow())
        self.looks += 1
        if not self.works:
            raise ConnectTimeoutError(endpoint_url="dynamodb")
        return KnownCalls(woken=self.woken)


@dataclass
class Clocked:
    """A rest whose clock the test sets; an invocation lasts 30 seconds."""

    store: FakeStore = field(default_factory=FakeStore)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.rest = BulkRest(NIGHT, self.store, lambda: self.now)

    def wait(self, now: float, lane: Lane = Lane.BULK) -> int:
        self.now = now
        return self.rest.wait_for(lane, Deadline(now + 30, lambda: self.now))


@pytest.mark.parametrize(
    ("now", "wait"),
    [
        (MORNING - DAY, 0),
        (EVENING - 31, 0),
        (EVENING - 30, 3600),
        (EVENING, 3600),
        (MORNING - 3600, 3600),
        (MORNING - 60.5, 61),
        (MORNING - 0.1, 1),
        (MORNING, 0),
    ],
)
def test_nothing_begins_that_may_last_into_quiet_hours(now: float, wait: int) -> None:
    assert Clocked().wait(now) == wait


def test_the_priority_lane_never_waits() -> None:
    rest = Clocked()
    assert rest.wait(EVENING, Lane.PRIORITY) == rest.store.looks == 0


def test_by_day_nothing_is_looked_up() -> None:
    rest = Clocked()
    for second in range(int(MORNING), int(EVENING + DAY) - 30, 600):
        assert rest.wait(second) == 0
    assert rest.store.looks == 0


def test_at_night_it_is_looked_up_now_and_then() -> None:
    rest = Clocked()
    for second in range(100):
        rest.wait(EVENING + second)
    assert rest.store.looks == 10


@pytest.mark.parametrize(
    ("woken", "wait"),
    [(EVENING - RESTS_EARLIER - 1, 3600), (EVENING - RESTS_EARLIER, 0), (EVENING + 1, 0), (EVENING - 12 * HOUR, 3600)],
)
def test_an_operator_wakes_it(woken: float, wait: int) -> None:
    assert Clocked(FakeStore({Lane.BULK: woken})).wait(EVENING + 60) == wait


def test_who_is_woken_is_seen_within_seconds_and_the_next_night_is_quiet_again() -> None:
    rest = Clocked()
    assert rest.wait(EVENING) > 0
    rest.store.woken = {Lane.BULK: EVENING + 5}
    assert rest.wait(EVENING + 10) == 0
    assert rest.wait(EVENING + DAY) > 0


def test_who_cannot_look_lets_it_rest() -> None:
    rest = Clocked(FakeStore({Lane.BULK: EVENING}, works=False))
    assert rest.wait(EVENING + 10) > 0
    rest.store.works = True
    assert rest.wait(EVENING + 20) == 0


@given(st.floats(EVENING - 2 * DAY, EVENING + 2 * DAY), st.floats(0.1, 900.0))
def test_whatever_begins_ends_before_the_quiet_hours(now: float, lasting: float) -> None:
    rest = BulkRest(NIGHT, FakeStore(), lambda: now)
    wait = rest.wait_for(Lane.BULK, Deadline(now + lasting, lambda: now))
    touches = any(
        begin <= now + lasting and now < begin + 12 * HOUR for begin in (EVENING + d * DAY for d in range(-3, 4))
    )
    assert (wait > 0) == touches
    assert wait <= 3600
