"""Which lane is tried, when, and by whom: never two for one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from tests.integration.valve.conftest import ONE

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

BOTH = {Lane.PRIORITY, Lane.BULK}


def test_while_credit_shows_the_fault_a_probe_comes_every_15_minutes_and_at_once_when_it_recovers(room: Room) -> None:
    room.put(4)
    for endpoint in ("credit", "send"):
        room.kobo.add_fault(endpoint=endpoint, answer="error_gw")
    room.tell(GATEWAY, "a", "b", "c")
    assert [len(room.check(after).closed) for after in (0, 60, 839)] == [2, 2, 2]
    assert room.functions.invoked == []
    room.check(after=1)
    assert len(room.functions.invoked) == 1
    room.kobo.clear_faults()
    assert room.check(after=1).closed == {}
    assert len(room.kobo.messages) == 1


def test_a_login_that_credit_refuses_is_not_tried_at_send(room: Room) -> None:
    room.put(4)
    room.kobo.add_fault(endpoint="credit", answer="error_user")
    room.tell(CREDENTIALS, "a")
    for after in (0, 900, 3600):
        assert room.check(after).closed.keys() == BOTH
    assert room.functions.invoked == []


def test_of_checks_that_overlap_only_one_makes_the_probe(room: Room) -> None:
    room.put(6)
    room.close(GATEWAY)
    overlapping: list[set[Lane]] = []

    def overlap(_: str) -> None:
        room.functions.on_call = lambda name: None
        overlapping.append(set(room.checker.check(Deadline.in_seconds(90, room.clock)).closed))

    room.functions.on_call = overlap
    assert room.check(after=15).closed == {}
    assert overlapping == [BOTH]
    assert len(room.functions.invoked) == 1
    assert room.sends() == 3


def test_without_the_time_for_it_no_probe_is_begun(room: Room) -> None:
    room.put(1)
    room.close(GATEWAY)
    room.clock.now += 15
    room.checker.check(Deadline.in_seconds(40, room.clock))
    assert room.functions.invoked == []
    assert room.check(after=15).closed == {}


def test_credit_that_the_balance_does_not_explain_is_tried_on_its_lane_alone(room: Room) -> None:
    room.put(4)
    room.put(1, Lane.PRIORITY)
    room.close(CREDIT)
    assert room.closed() == {Lane.BULK: CREDIT}
    room.kobo.add_fault(endpoint="send", answer="error_credit")
    assert room.check(after=15).closed == {Lane.BULK: CREDIT}
    assert (room.sends(), room.waiting(Lane.PRIORITY)) == (3, (1, 0))
    room.kobo.clear_faults()
    room.come_back()
    assert room.check(after=30).closed == {}
    assert room.waiting(Lane.PRIORITY) == (1, 0)


def test_a_refusal_for_lack_of_credit_shows_that_the_fault_is_over(room: Room) -> None:
    """Else a bulk part too dear would keep passwords waiting."""
    room.put(1)
    room.close(GATEWAY)
    room.kobo.set_account(balance=1)
    assert room.check(after=15).closed == {}
    # Only now is it a matter of credit, and of its lane.
    room.clock.now += 10
    room.tell(CREDIT, "a")
    assert room.check().closed == {Lane.BULK: CREDIT}


def test_credit_that_the_balance_explains_is_not_tried(room: Room) -> None:
    room.put(1)
    room.kobo.set_account(balance=Decimal(5))
    room.tell(CREDIT, "a")
    room.check()
    for _ in range(3):
        assert room.check(after=900).closed == {Lane.BULK: CREDIT}
    assert room.functions.invoked == []


def test_an_operators_hold_is_never_tried(room: Room) -> None:
    room.put(1)
    room.close(GATEWAY)
    room.hold(Lane.BULK, Lane.PRIORITY)
    for _ in range(3):
        assert room.check(after=900).closed == dict.fromkeys(BOTH, "operator")
    assert (room.functions.invoked, room.kobo.messages) == ([], [])
    assert ONE not in repr(room.valve.read())
