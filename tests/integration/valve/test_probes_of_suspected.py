"""A lane that hardly works though credit/ answers well is probed before it is closed (guarantees 4 and 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from kobo_sms.errors import ProbeFailed, UnreadableBalance
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.signals import CREDIT, GATEWAY
from tests.integration.valve.conftest import HOPELESS, ONE
from tests.integration.valve.fake_lambda import refusal

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

BOTH = {Lane.PRIORITY, Lane.BULK}


def minute(room: Room, kind: Symptom = GATEWAY) -> list[set[Lane]]:
    """Make the checks of the minute in which a lane is suspected; return what is closed after each."""
    room.fail(kind)
    found = []
    for after in (0, 30, 30):
        room.come_back()
        found.append(set(room.check(after).closed))
    return found


def test_a_probe_that_works_keeps_the_lanes_open_and_rings_nothing(room: Room) -> None:
    room.put(5)
    room.fail(GATEWAY)
    for after in (0, 1, 30, 60):
        assert room.check(after).closed == {}
    (event,) = room.functions.invoked
    assert (event["probe"], len(event["Records"])) == (True, 3)
    assert room.valve.read().valve.suspected == {}
    assert room.enabled() == BOTH
    assert room.kinds() == []


def test_probes_that_fail_for_a_minute_close_both_lanes_and_say_what_was_counted(room: Room) -> None:
    room.put(9)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    assert minute(room) == [set(), set(), BOTH]
    assert len(room.functions.invoked) == 3
    closed = room.valve.read().valve.closed[Lane.BULK]
    assert "calls failed in the last" in closed.detail
    (alert,) = room.stack.alerts()
    assert alert["MessageAttributes"]["kind"]["Value"] == "gateway"
    assert closed.detail in alert["Message"]
    # What failed in probes was no attempt.
    assert {int(item["attempts"]) for item in room.stack.items()} == {0}


def test_what_works_again_within_the_minute_closes_nothing(room: Room) -> None:
    room.put(9)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    room.fail(GATEWAY)
    assert room.check().closed == {}
    assert room.check(after=29).closed == {}
    assert len(room.functions.invoked) == 1
    room.kobo.clear_faults()
    room.come_back()
    assert room.check(after=1).closed == {}
    assert room.valve.read().valve.suspected == {}
    assert room.check(after=60).closed == {}
    assert room.kinds() == []


def test_where_nothing_can_be_received_though_something_waits_what_was_counted_stands(room: Room) -> None:
    room.put(3)
    room.take_all(Lane.BULK)
    assert minute(room) == [set(), set(), BOTH]
    assert room.functions.invoked == []


def test_where_a_few_wait_and_none_can_be_received_nothing_is_proven(room: Room) -> None:
    room.put(2)
    room.take_all(Lane.BULK)
    assert minute(room) == [set(), set(), set()]
    assert room.kinds() == []


def test_a_recipient_that_fails_again_and_again_closes_nothing(room: Room) -> None:
    room.put(2, to=ONE)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    assert minute(room) == [set(), set(), set()]
    assert len(room.functions.invoked) == 3
    # It is probed on, and once others fail too the lanes are closed.
    room.put(2)
    room.come_back()
    assert room.check(30).closed.keys() == BOTH
    assert len(room.functions.invoked) == 4


def test_others_that_failed_meanwhile_prove_what_one_recipient_does_not(room: Room) -> None:
    room.put(1, to=HOPELESS)
    assert minute(room) == [set(), set(), set()]
    room.tell(GATEWAY, "f", "g", "h")
    room.come_back()
    assert room.check(30).closed.keys() == BOTH


def test_a_recipient_that_always_fails_on_one_lane_does_not_hide_that_the_other_works(room: Room) -> None:
    room.put(1, lane=Lane.PRIORITY, to=HOPELESS)
    room.put(3, lane=Lane.BULK)
    room.fail(GATEWAY)
    assert room.check().closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [1, 3]
    assert room.valve.read().valve.suspected == {}


def test_the_lanes_take_turns_so_one_that_works_is_not_closed_unprobed(room: Room) -> None:
    room.put(6, lane=Lane.PRIORITY, to=HOPELESS)
    room.put(3, lane=Lane.BULK)
    room.fail(GATEWAY)
    assert room.check().closed == {}
    assert room.check(30).closed == {}
    assert [len(event["Records"]) for event in room.functions.invoked] == [3, 3]
    assert room.valve.read().valve.suspected == {}


def test_an_empty_lane_is_never_closed(room: Room) -> None:
    assert minute(room) == [set(), set(), set()]
    assert room.kinds() == []


def test_a_probe_that_send_sms_dies_of_has_failed_and_people_are_told(room: Room) -> None:
    room.put(2)
    room.functions.dies = True
    room.fail(GATEWAY)
    for after in (0, 30, 30):
        room.come_back()
        room.put(1)
        with pytest.raises(ProbeFailed):
            room.check(after)
    assert room.closed().keys() == BOTH
    assert room.kinds() == ["gateway"]


def test_a_probe_that_lambda_refuses_has_failed_and_people_are_told(room: Room) -> None:
    room.put(9)
    room.fail(GATEWAY)
    room.functions.on_call = lambda name: setattr(
        room.functions, "fault", refusal("TooManyRequestsException", "Invoke") if name == "invoke" else None
    )
    for after in (0, 30, 30):
        room.come_back()
        with pytest.raises(ClientError, match="TooManyRequests"):
            room.check(after)
    assert room.closed().keys() == BOTH
    assert room.enabled() == set()
    assert room.kinds() == ["gateway"]


def test_of_checks_that_overlap_only_one_probes(room: Room) -> None:
    room.put(9)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    room.fail(GATEWAY)
    overlapping: list[dict[Lane, str]] = []

    def overlap(name: str) -> None:
        if name == "invoke":
            room.functions.on_call = lambda name: None
            overlapping.append(room.checker.check(Deadline.in_seconds(90, room.clock)).closed)

    room.functions.on_call = overlap
    room.check()
    assert overlapping == [{}]
    assert len(room.functions.invoked) == 1


def test_after_a_check_that_died_of_its_probe_another_probes(room: Room) -> None:
    room.put(9)
    room.fail(GATEWAY)

    def die(name: str) -> None:
        if name == "invoke":
            room.functions.on_call = lambda name: None
            raise SystemExit

    room.functions.on_call = die
    with pytest.raises(SystemExit):
        room.check()
    for after in (44, 1):
        room.come_back()
        room.check(after)
    assert len(room.functions.invoked) == 1
    assert room.closed() == {}


def test_lack_of_credit_that_the_balance_does_not_explain_is_probed_too(room: Room) -> None:
    room.put(9)
    room.kobo.add_fault(endpoint="send", answer="error_credit")
    assert minute(room, CREDIT) == [set(), set(), {Lane.BULK}]
    assert room.kinds() == ["empty"]


@pytest.mark.parametrize("answer", ["error_gw", "error_user", "plenty"])
def test_a_credit_that_fails_once_or_twice_closes_nothing_and_rings_nothing(room: Room, answer: str) -> None:
    room.put(9)
    for times in (1, 2):
        room.kobo.add_fault(endpoint="credit", answer=answer, times=times)
        room.tell(GATEWAY, "a", "b", "c")
        checked = room.check(after=60)
        assert (checked.answer, checked.closed) == ("balance", {})
    assert room.kinds() == []
    assert len(room.kobo.list_calls(endpoint="credit")) == 2 + 3


def test_a_balance_that_is_unreadable_three_times_is_told(room: Room) -> None:
    room.kobo.add_fault(endpoint="credit", answer="plenty", times=3)
    with pytest.raises(UnreadableBalance):
        room.check()
    assert room.check(after=60).answer == "balance"


def test_short_of_time_credit_is_asked_once(room: Room) -> None:
    room.kobo.add_fault(endpoint="credit", answer="error_gw")
    assert room.checker.check(Deadline.in_seconds(65, room.clock)).answer == "error_gw"
    assert len(room.kobo.list_calls(endpoint="credit")) == 1
