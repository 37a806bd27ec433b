"""The valve's item: read back as written; of two writers of one version one wins, and signs conflict with nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.signs import ACCEPTED, GATEWAY, Sign
from kobo_sms.valve import Closed, Hold, Opened, Valve

if TYPE_CHECKING:
    from tests.integration.functions.checking.conftest import Room

NOW = 1_800_000_000.125
CLOSED = Closed(
    cause="credit",
    since=NOW,
    detail="500 pages refused",
    by="ada",
    pages=500,
    balance=Decimal("12.50"),
    confirmed=True,
    trial_at=NOW + 60,
    trial_wait=120.0,
    sweep_at=NOW + 21_600.5,
)
HOLD = Hold("ada", NOW, "wrong text")
WHOLE = Valve({"bulk": CLOSED, "priority": Closed("gateway", NOW)}, {}, {"bulk": NOW}, {"priority": Opened(NOW, 240.0)})


def test_before_anything_has_happened_all_is_open(room: Room) -> None:
    known = room.valve.read()
    assert (known.valve, known.signs, known.version, known.mappings) == (Valve(), frozenset(), 0, {})


def test_every_field_of_the_valve_reads_back(room: Room) -> None:
    assert room.valve.write(WHOLE, 0, [])
    assert (room.valve.read().valve, room.valve.read().version) == (WHOLE, 1)
    assert room.valve.write(Valve(), 1, [])
    assert (room.valve.read().valve, room.valve.read().version) == (Valve(), 2)


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_writers_of_one_version_one_wins(room: Room, version: int) -> None:
    if version:
        assert room.valve.write(Valve(), 0, [])
    assert room.valve.write(WHOLE, version, [])
    assert not room.valve.write(Valve(), version, [])
    assert room.valve.read().valve == WHOLE


def test_an_operators_order_in_between_is_not_overwritten(room: Room) -> None:
    room.valve.write(Valve(), 0, [])
    known = room.valve.read()
    room.hold("bulk", since=NOW)
    assert not room.valve.write(WHOLE, known.version, [])
    now = room.valve.read()
    assert (now.valve, now.version) == (Valve(holds={"bulk": HOLD}), 2)
    # A decision leaves the holds to the operator.
    assert room.valve.write(WHOLE, 2, [])
    assert room.valve.read().valve.holds == {"bulk": HOLD}


def test_a_check_takes_in_an_order_that_came_between_its_reading_and_its_writing(room: Room) -> None:
    room.tell(GATEWAY, "a", "b", "c")
    events = room.valve._client.meta.events
    reads: list[int] = []

    def interfere(**_: Any) -> None:
        reads.append(1)
        if len(reads) == 1:
            room.hold("bulk", since=NOW)

    events.register("after-call.dynamodb.GetItem", interfere)
    try:
        closed = room.check().closed
    finally:
        events.unregister("after-call.dynamodb.GetItem", interfere)
    assert closed == {"priority": "gateway", "bulk": "operator"}
    assert room.valve.read().valve.holds == {"bulk": HOLD}


def test_a_sign_is_one_write_that_conflicts_with_nothing(room: Room) -> None:
    known = room.valve.read()
    room.stack.calls.made.clear()
    sign = Sign(NOW, GATEWAY, "bulk", "a", 3)
    assert room.valve.report(sign) == frozenset()
    assert [name for name, _ in room.stack.calls.made] == ["dynamodb.UpdateItem"]
    assert room.valve.write(WHOLE, known.version, [])
    assert room.valve.read().signs == {sign}
    assert room.valve.report(Sign(NOW + 1, ACCEPTED, "bulk")) == {"bulk", "priority"}
    assert room.valve.read().version == 1


def test_a_decision_takes_away_the_signs_it_used_and_no_other(room: Room) -> None:
    first, second, late = (Sign(NOW + at, GATEWAY, "bulk", "a", 3) for at in range(3))
    room.valve.report(first)
    room.valve.report(second)
    room.valve.report(late)
    assert room.valve.write(Valve(), 0, [first, second])
    assert room.valve.read().signs == {late}
    assert room.valve.write(Valve(), 1, [late])
    assert room.valve.read().signs == frozenset()


@pytest.mark.parametrize("closed", [False, True])
def test_of_signs_200_are_kept_and_the_next_one_still_learns_what_is_closed(room: Room, closed: bool) -> None:
    signs = {Sign(NOW + at, GATEWAY, "bulk", "a") for at in range(199)}
    room.stack.dynamodb.put_item(
        TableName="messages",
        Item={
            "id": {"S": "~valve"},
            "part": {"S": "state"},
            "signs": {"SS": [sign.to_text() for sign in signs]},
            "lanes": {"M": {"bulk": {"M": {"cause": {"S": "gateway"}, "since": {"N": "1"}}}} if closed else {}},
        },
    )
    for at in range(200, 203):
        assert room.valve.report(Sign(NOW + at, GATEWAY, "bulk", "b")) == ({"bulk"} if closed else set())
    assert room.valve.read().signs == signs | {Sign(NOW + 200, GATEWAY, "bulk", "b")}


def test_noting_the_mappings_is_no_decision(room: Room) -> None:
    room.valve.write(WHOLE, 0, [])
    room.valve.note_mappings({"bulk": "Disabling"}, NOW)
    known = room.valve.read()
    assert (known.valve, known.version, known.mappings) == (WHOLE, 1, {"bulk": "Disabling"})
