"""The valve's item: read back as written; of two writers of one version one wins, and counts conflict with nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import KEPT_SECONDS, SLOT_SECONDS, CallWindow, slot_of
from kobo_sms.valve.signals import ACCEPTED, CREDIT, GATEWAY, SYMPTOMS, FailureSignal
from kobo_sms.valve.state import (
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    ClosedForQuietHours,
    Hold,
    Opened,
    Shut,
    Valve,
)
from kobo_sms.valve.store import SeenMapping

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

NOW = 1_800_000_000.125
CLOSED = ClosedForCredit(
    since=NOW,
    detail="500 pages refused",
    pages=500,
    balance=Decimal("12.50"),
    confirmed=True,
    probe_at=NOW + 60,
    probe_wait=120.0,
    probed_at=NOW - 60,
    sweep_at=NOW + 21_600.5,
)
HOLD = Hold("ada", NOW, "wrong text")
WHOLE = Valve(
    {Lane.BULK: CLOSED, Lane.PRIORITY: ClosedByOperator(NOW, "wrong text", "ada", GATEWAY)},
    {},
    {Lane.BULK: NOW},
    {Lane.PRIORITY: Opened(NOW, 240.0)},
    {Lane.BULK: CLOSED, Lane.PRIORITY: ClosedForFault(GATEWAY, NOW, confirmed=True)},
)


def test_before_anything_has_happened_all_is_open(room: Room) -> None:
    known = room.valve.read()
    assert (known.valve, known.window, known.version, known.mappings) == (Valve(), CallWindow(), 0, {})


def test_every_field_of_the_valve_reads_back(room: Room) -> None:
    assert room.valve.write(WHOLE, 0)
    assert (room.valve.read().valve, room.valve.read().version) == (WHOLE, 1)
    assert room.valve.write(Valve(), 1)
    assert (room.valve.read().valve, room.valve.read().version) == (Valve(), 2)


@pytest.mark.parametrize("beneath", [None, CLOSED, ClosedForFault(GATEWAY, NOW, "31 of 40", confirmed=True)])
def test_a_lane_at_rest_reads_back_with_what_is_beneath(room: Room, beneath: Shut | None) -> None:
    resting = ClosedForQuietHours(NOW, NOW + 43_200, "until 08:00", beneath, NOW + 21_600, NOW - 0.5)
    assert room.valve.write(Valve({Lane.BULK: resting}), 0)
    assert room.valve.read().valve == Valve({Lane.BULK: resting})
    assert room.valve.report(CallWindow(), CallWindow(), NOW).closed == {Lane.BULK}


def test_an_operator_who_wakes_a_lane_is_heard_by_all(room: Room) -> None:
    assert room.valve.write_orders(Valve(woken={Lane.BULK: NOW}), 0)
    assert room.valve.report(CallWindow(), CallWindow(), NOW).woken == {Lane.BULK: NOW}
    # A decision leaves that to the operator.
    assert room.valve.write(Valve(), 1)
    assert room.valve.read().valve.woken == {Lane.BULK: NOW}


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_writers_of_one_version_one_wins(room: Room, version: int) -> None:
    if version:
        assert room.valve.write(Valve(), 0)
    assert room.valve.write(WHOLE, version)
    assert not room.valve.write(Valve(), version)
    assert room.valve.read().valve == WHOLE


def test_an_operators_order_in_between_is_not_overwritten(room: Room) -> None:
    room.valve.write(Valve(), 0)
    known = room.valve.read()
    room.hold(Lane.BULK, since=NOW)
    assert not room.valve.write(WHOLE, known.version)
    now = room.valve.read()
    assert (now.valve, now.version) == (Valve(holds={Lane.BULK: HOLD}), 2)
    # A decision leaves the holds to the operator.
    assert room.valve.write(WHOLE, 2)
    assert room.valve.read().valve.holds == {Lane.BULK: HOLD}


def test_a_check_takes_in_an_order_that_came_between_its_reading_and_its_writing(room: Room) -> None:
    room.kobo.add_fault(endpoint="credit", answer="error_gw")
    room.tell(GATEWAY, "a", "b", "c")
    events = room.valve._client.meta.events
    reads: list[int] = []

    def interfere(**_: Any) -> None:
        reads.append(1)
        if len(reads) == 1:
            room.hold(Lane.BULK, since=NOW)

    events.register("after-call.dynamodb.GetItem", interfere)
    try:
        closed = room.check().closed
    finally:
        events.unregister("after-call.dynamodb.GetItem", interfere)
    assert closed == {Lane.PRIORITY: "gateway", Lane.BULK: "operator"}
    assert room.valve.read().valve.holds == {Lane.BULK: HOLD}


def calls(symptom: Symptom, *recipients: str, at: float = NOW, lane: Lane = Lane.BULK) -> CallWindow:
    signals = frozenset(FailureSignal(at, symptom, lane, each, 3) for each in recipients)
    return CallWindow({(slot_of(at), lane, symptom): len(recipients)}, signals)


def test_a_report_is_one_write_that_conflicts_with_nothing(room: Room) -> None:
    known = room.valve.read()
    room.stack.calls.made.clear()
    failed = calls(GATEWAY, "a")
    told = room.valve.report(failed, CallWindow(), NOW)
    assert (told.closed, told.window) == (frozenset(), failed)
    assert [name for name, _ in room.stack.calls.made] == ["dynamodb.UpdateItem"]
    assert room.valve.write(WHOLE, known.version)
    accepted = CallWindow({(slot_of(NOW), Lane.PRIORITY, ACCEPTED): 7})
    told = room.valve.report(accepted, CallWindow(), NOW)
    assert told.closed == {Lane.BULK, Lane.PRIORITY}
    assert told.window == room.valve.read().window == failed + accepted
    assert room.valve.read().version == 1


def test_reports_of_many_functions_add_up(room: Room) -> None:
    found = CallWindow()
    for number in range(20):
        new = calls(SYMPTOMS[number % 3], f"r{number}", at=NOW + number, lane=LANES[number % 2])
        found += new
        assert room.valve.report(new, CallWindow(), NOW).window == found


def test_what_is_stale_is_taken_away_by_reports_and_decisions(room: Room) -> None:
    old, new = calls(GATEWAY, "a", "b"), calls(CREDIT, "c", at=NOW + 60)
    room.valve.report(old + new, CallWindow(), NOW)
    assert room.valve.report(CallWindow(), old, NOW).window == new
    assert room.valve.write(Valve(), 0, new)
    assert room.valve.read().window == CallWindow()


def test_the_item_stays_small_however_long_everything_fails(room: Room) -> None:
    known = CallWindow()
    for second in range(0, 450, 3):
        now = NOW + second
        new = sum(
            (calls(symptom, f"{symptom}{second}", at=now, lane=lane) for symptom in SYMPTOMS for lane in LANES),
            CallWindow(),
        )
        known = room.valve.report(new, known.stale(now), now).window
    assert len({slot for slot, _, _ in known.counts}) <= KEPT_SECONDS // SLOT_SECONDS + 2
    assert len(repr(room.stack.everything())) < 40_000


def test_an_item_of_another_release_is_read_as_far_as_it_is_understood(room: Room) -> None:
    slot = slot_of(NOW)
    room.stack.dynamodb.put_item(
        TableName="messages",
        Item={
            "id": {"S": "~valve"},
            "part": {"S": "state"},
            "signs": {"SS": ["1.000 gateway bulk a 1"]},
            f"f {slot}": {"SS": [f"{NOW:.3f} gateway bulk a 3 newer", "one", "x gateway bulk b 1"]},
            f"n {slot} bulk gateway": {"N": "3"},
            f"n {slot} bulk": {"N": "3"},
            "n x bulk gateway": {"N": "3"},
            "lanes": {
                "M": {
                    Lane.BULK: {
                        "M": {
                            "cause": {"S": "gateway"},
                            "since": {"N": "1"},
                            "trial_at": {"N": "9"},
                            "newer": {"N": "1"},
                        }
                    }
                }
            },
        },
    )
    known = room.valve.read()
    assert known.window == CallWindow(
        {(slot, Lane.BULK, GATEWAY): 3}, frozenset({FailureSignal(round(NOW, 3), GATEWAY, Lane.BULK, "a", 3)})
    )
    assert known.valve.closed == {Lane.BULK: ClosedForFault(GATEWAY, 1.0, probe_at=9.0)}
    assert room.valve.write(known.valve, known.version)
    (item,) = (each for each in room.stack.everything() if each["id"] == "~valve")
    assert "signs" not in item


def test_noting_the_mappings_is_no_decision(room: Room) -> None:
    room.valve.write(WHOLE, 0)
    room.valve.note_mappings({Lane.BULK: "Disabling"}, NOW)
    known = room.valve.read()
    assert (known.valve, known.version, known.mappings) == (
        WHOLE,
        1,
        {Lane.BULK: SeenMapping("Disabling", round(NOW, 3))},
    )
