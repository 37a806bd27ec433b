"""A few records of a closed lane let through to send_sms itself: what becomes of them decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.errors import ProbeFailed
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from tests.integration.valve.conftest import HOPELESS
from tests.unit.valve.counted_calls import any_of

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

BOTH = {"priority", Lane.BULK}
# Magic recipients: refused, and never debited.
REFUSED, BILLING = "2348030009002", "2348030009004"


@pytest.mark.parametrize("kind", [GATEWAY, CREDENTIALS])
def test_three_records_are_tried_and_their_success_opens(room: Room, kind: Symptom) -> None:
    room.put(5)
    room.close(kind)
    assert room.check(after=14).closed.keys() == BOTH
    assert room.functions.invoked == []
    assert room.check(after=1).closed == {}
    (event,) = room.functions.invoked
    assert (event["probe"], len(event["Records"])) == (True, 3)
    assert len(room.kobo.messages) == 3
    assert room.waiting() == (2, 0)
    assert room.enabled() == BOTH


def test_a_failure_puts_the_next_probe_off_and_costs_no_attempt(room: Room) -> None:
    room.put(3)
    room.close(GATEWAY)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    for wait in (15, 30, 60):
        room.come_back()
        before = room.sends()
        assert room.check(after=wait - 1).closed.keys() == BOTH
        assert room.sends() == before
        assert room.check(after=1).closed.keys() == BOTH
        assert room.sends() == before + 3
    assert room.waiting() == (0, 3)
    assert {(item["state"], int(item["attempts"])) for item in room.stack.items()} == {("queued", 0)}
    # A success forgets none of them.
    room.kobo.clear_faults()
    room.come_back()
    assert room.check(after=120).closed == {}
    assert len(room.kobo.messages) == 3
    assert {int(item["attempts"]) for item in room.stack.items()} == {1}


def test_the_failures_of_a_probe_do_not_close_again_what_the_next_one_opens(room: Room) -> None:
    room.put(3)
    room.close(GATEWAY)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    room.check(after=15)
    room.kobo.clear_faults()
    room.come_back()
    assert room.check(after=30).closed == {}
    assert room.check(after=1).closed == {}
    assert room.valve.read().valve.suspected == {}


def test_one_success_is_enough(room: Room) -> None:
    room.put(1)
    room.put(2, to=HOPELESS)
    room.close(GATEWAY)
    assert room.check(after=15).closed == {}


def test_when_nothing_waits_it_opens(room: Room) -> None:
    room.close(GATEWAY)
    assert room.check(after=15).closed == {}
    assert room.functions.invoked == []
    assert room.enabled() == BOTH


def test_when_all_are_out_nobody_can_tell_and_the_next_probe_comes_as_planned(room: Room) -> None:
    room.put(2)
    room.close(GATEWAY)
    room.take_all(Lane.BULK)
    room.check(after=15)
    assert room.closed().keys() == BOTH
    assert room.functions.invoked == []
    assert any_of(room.valve.read().valve.closed)[Lane.BULK].probe_wait == 15
    room.put(1)
    assert room.check(after=14).closed.keys() == BOTH
    assert room.check(after=1).closed == {}


def test_the_other_lane_is_tried_where_few_of_the_first_fail(room: Room) -> None:
    room.close(GATEWAY)
    room.put(1, lane=Lane.PRIORITY, to=HOPELESS)
    room.put(1)
    assert room.check(after=15).closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [1, 1]


def test_several_that_fail_spare_the_other_lane_a_probe(room: Room) -> None:
    room.close(GATEWAY)
    room.put(3, lane=Lane.PRIORITY)
    room.put(3)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    assert room.check(after=15).closed.keys() == {Lane.PRIORITY, Lane.BULK}
    assert [len(event["Records"]) for event in room.functions.invoked] == [3]


def test_after_a_probe_that_failed_the_other_lane_is_tried_first(room: Room) -> None:
    """All that waits in one lane may fail because of its recipients."""
    room.close(GATEWAY)
    room.put(6, lane=Lane.PRIORITY, to=HOPELESS)
    room.put(1)
    assert room.check(after=15).closed.keys() == {Lane.PRIORITY, Lane.BULK}
    assert room.check(after=30).closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [3, 1]


def test_after_a_probe_that_send_sms_dies_of_the_other_lane_is_tried_first(room: Room) -> None:
    room.close(GATEWAY)
    room.put(6, lane=Lane.PRIORITY)
    room.put(1)
    room.functions.dies = True
    with pytest.raises(ProbeFailed):
        room.check(after=15)
    room.functions.dies = False
    assert room.check(after=15).closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [3, 1]


def test_short_of_time_the_other_lane_is_not_tried(room: Room) -> None:
    room.close(GATEWAY)
    room.put(1, lane=Lane.PRIORITY, to=HOPELESS)
    room.put(1)
    room.functions.on_call = lambda name: setattr(room.clock, "now", room.clock.now + (60 if name == "invoke" else 0))
    assert room.check(after=15).closed.keys() == {Lane.PRIORITY, Lane.BULK}
    assert len(room.functions.invoked) == 1


def test_short_of_time_a_lane_that_nobody_has_looked_at_is_not_taken_for_empty(room: Room) -> None:
    room.close(GATEWAY)
    room.put(1)

    def take_long(**_: Any) -> None:
        room.clock.now += 60

    events = room.lanes._sqs.meta.events
    events.register("after-call.sqs.ReceiveMessage", take_long)
    checked = room.check(after=15)
    events.unregister("after-call.sqs.ReceiveMessage", take_long)
    assert checked.closed.keys() == {Lane.PRIORITY, Lane.BULK}
    assert room.functions.invoked == []
    # The next check looks there, and finds that KoboMobile works.
    assert room.check(after=15).closed == {}


def test_the_other_lane_tells_when_all_of_the_first_are_out(room: Room) -> None:
    room.put(1, Lane.PRIORITY)
    room.put(1)
    room.close(GATEWAY)
    room.take_all(Lane.PRIORITY)
    assert room.check(after=15).closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [1]


@pytest.mark.parametrize(("to", "stays"), [(REFUSED, 0), (BILLING, 1)])
def test_a_record_refused_for_reasons_of_its_own_shows_that_a_fault_is_over(room: Room, to: str, stays: int) -> None:
    room.put(1, to=to)
    room.close(GATEWAY)
    assert room.check(after=15).closed == {}
    # Only what is done is deleted.
    assert room.waiting() == (0, stays)


def test_a_record_refused_for_reasons_of_its_own_tells_nothing_of_the_credit(room: Room) -> None:
    room.put(1, to=REFUSED)
    room.close(CREDIT)
    assert room.check(after=15).closed.keys() == {"bulk"}
    assert any_of(room.valve.read().valve.closed)[Lane.BULK].probe_wait == 15


def test_what_send_sms_dies_of_comes_back_and_people_are_told_all_the_same(room: Room) -> None:
    room.put(2)
    room.close(GATEWAY)
    room.functions.dies = True
    room.kobo.set_account(balance=1000)
    with pytest.raises(ProbeFailed):
        room.check(after=15)
    assert room.kinds() == ["low"]
    assert room.closed().keys() == BOTH
    assert room.waiting() == (0, 2)
    # They had been sent: the next probe finds that out, and sends nothing twice.
    room.functions.dies = False
    room.come_back()
    room.put(1)
    assert room.check(after=15).closed == {}
    assert len(room.kobo.messages) == 3
    assert room.waiting() == (0, 0)
