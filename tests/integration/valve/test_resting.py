"""A night of the bulk lane, check by check: its mapping, its queue, what is told, and a fault meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.quiet_hours import QuietHours
from kobo_sms.valve.signals import GATEWAY

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.fixture
def evening(room: Room) -> Room:
    """A room ten minutes before quiet hours of twelve hours."""
    room.clock.now = room.clock.now // MINUTE * MINUTE
    begin, end = (datetime.fromtimestamp(room.clock.now + after, UTC).time() for after in (10 * MINUTE, 730 * MINUTE))
    room.checker._control._quiet_hours = QuietHours(begin, end, UTC)
    room.check()
    assert room.closed() == {}
    return room


def test_it_closes_two_minutes_early_and_opens_by_itself(evening: Room) -> None:
    evening.check(after=7 * MINUTE)
    assert evening.enabled() == set(LANES)
    evening.check(after=MINUTE)
    assert evening.closed() == {Lane.BULK: "quiet_hours"}
    assert evening.enabled() == {Lane.PRIORITY}
    evening.check(after=12 * HOUR + MINUTE)
    assert evening.enabled() == {Lane.PRIORITY}
    evening.check(after=MINUTE)
    assert evening.closed() == {}
    assert evening.enabled() == set(LANES)
    assert evening.kinds() == []


def test_nothing_of_it_is_let_through_for_a_fault_of_the_evening(evening: Room) -> None:
    evening.close(GATEWAY)
    evening.put(2)
    evening.check(after=9 * MINUTE)
    asked, invoked = evening.sends(), len(evening.functions.invoked)
    for hour in range(11):
        assert evening.check(after=HOUR).closed[Lane.BULK] == "quiet_hours", hour
        evening.come_back()
    assert (evening.sends(), len(evening.functions.invoked)) == (asked, invoked)
    # Probed first thing in the morning, it opens.
    assert evening.check(after=HOUR + 2 * MINUTE).closed == {}
    assert evening.sends() == asked + 2
    assert evening.enabled() == set(LANES)


def test_what_is_13_days_old_is_dead_lettered_in_a_lane_at_rest(evening: Room) -> None:
    evening.check(after=9 * MINUTE)
    evening.put(2, age=13 * DAY + HOUR)
    evening.put(3, age=12 * DAY)
    evening.check(after=6 * HOUR - 1)
    assert evening.stack.dead() == []
    assert evening.check(after=1).closed == {Lane.BULK: "quiet_hours"}
    assert [notes["Reason"] for _, notes in evening.stack.dead()] == ["waited 13 days in the queue"] * 2
    assert sum(evening.waiting()) == 3
    assert evening.sends() == 0


def test_an_operators_hold_is_still_there_in_the_morning(evening: Room) -> None:
    evening.check(after=9 * MINUTE)
    evening.hold(Lane.BULK)
    evening.check(after=HOUR)
    assert evening.check(after=12 * HOUR).closed == {Lane.BULK: "operator"}


def test_an_operator_wakes_it_and_the_next_night_is_quiet_again(evening: Room) -> None:
    evening.check(after=9 * MINUTE)
    known = evening.valve.read()
    now = evening.clock.now
    order = replace(known.valve, open_asked={Lane.BULK: now}, woken={Lane.BULK: now})
    assert evening.valve.write_orders(order, known.version)
    evening.check(after=1)
    assert evening.closed() == {}
    assert evening.enabled() == set(LANES)
    evening.check(after=DAY)
    assert evening.closed() == {Lane.BULK: "quiet_hours"}
