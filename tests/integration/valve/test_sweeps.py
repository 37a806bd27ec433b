"""What gets too old in a closed lane is given up by send_sms with its reason, before SQS deletes it (guarantee 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.messages.lanes import Lane

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

DAY, HOUR = 86_400, 3600


@pytest.fixture
def held(room: Room) -> Room:
    """The bulk lane held by an operator, so that nothing of it is tried."""
    room.hold(Lane.BULK)
    room.check()
    assert room.closed() == {Lane.BULK: "operator"}
    return room


def test_what_is_13_days_old_is_dead_lettered_and_the_younger_stay(held: Room) -> None:
    held.put(2, age=13 * DAY + 60)
    held.put(12, age=12 * DAY)
    assert held.check(after=6 * HOUR - 1).closed == {Lane.BULK: "operator"}
    assert held.functions.invoked == []
    held.check(after=1)
    dead = held.stack.dead()
    assert {notes["Reason"] for _, notes in dead} == {"waited 13 days in the queue"}
    assert [notes["Lane"] for _, notes in dead] == [Lane.BULK] * 2
    assert sum(held.waiting()) == 12
    assert {item["state"] for item in held.stack.items()} == {"failed"}
    # Nobody was asked, nothing paid.
    assert held.sends() == 0
    assert held.kobo.account["balance"] == 100_000


def test_what_a_sweep_has_looked_at_is_put_back(held: Room) -> None:
    held.put(1, age=DAY)
    held.check(after=6 * HOUR)
    visibility = [call["VisibilityTimeout"] for call in held.stack.calls.of("sqs.ReceiveMessage")]
    assert set(visibility) == {300}
    assert held.waiting() == (1, 0)
    assert held.stack.dead() == []


def test_a_lane_is_swept_every_six_hours_and_an_open_one_never(held: Room) -> None:
    held.put(1, Lane.PRIORITY, age=13 * DAY + 60)
    for after in (6 * HOUR, 1, 6 * HOUR - 1):
        held.put(1, age=13 * DAY + 60)
        held.check(after)
    assert [len(event["Records"]) for event in held.functions.invoked] == [1, 2]
    assert held.waiting(Lane.PRIORITY) == (1, 0)


@pytest.fixture
def slow(held: Room) -> Iterator[Room]:
    """A queue that takes ten seconds to give ten messages."""
    events = held.lanes._sqs.meta.events

    def slowly(**_: Any) -> None:
        held.clock.now += 10

    events.register("before-parameter-build.sqs.ReceiveMessage", slowly)
    yield held
    events.unregister("before-parameter-build.sqs.ReceiveMessage", slowly)


def test_what_is_too_old_and_more_than_one_sweep_carries_goes_on_at_each_check(slow: Room) -> None:
    slow.put(120, age=13 * DAY + 60)
    slow.check(after=6 * HOUR)
    assert sum(slow.waiting()) == 70
    slow.check(after=30)
    assert sum(slow.waiting()) == 20
    slow.check(after=30)
    assert (sum(slow.waiting()), len(slow.stack.dead())) == (0, 120)


def test_a_sweep_leaves_time_to_tell_people(slow: Room) -> None:
    held = slow
    held.put(60, age=DAY)
    held.kobo.set_account(balance=0)
    begun = held.clock.now + 6 * HOUR
    held.check(after=6 * HOUR)
    # What it finds last may take send_sms half a minute.
    assert held.clock.now <= begun + 50
    assert held.waiting() == (10, 50)


def test_a_part_of_a_larger_request_keeps_its_name(held: Room) -> None:
    held.put(1, age=13 * DAY + 60)
    url = held.url(Lane.BULK)
    held.stack.sqs.send_message(
        QueueUrl=url,
        MessageBody='{"to": ["2348030100001"], "msg": "Hello", "id": "large"}',
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("KoboPart", "0.1"), ("KoboOrigin", "0.1"), ("KoboQueuedAt", "1000.000"))
        },
    )
    held.check(after=6 * HOUR)
    assert sorted(notes["KoboPart"] for _, notes in held.stack.dead()) == ["0", "0.1"]
    assert held.stack.item("large", "0.1")["state"] == "failed"


@pytest.mark.parametrize("value", ["yesterday", "nan", "1e400"])
def test_what_does_not_say_how_old_it_is_ends_with_the_first_sweep(held: Room, value: str) -> None:
    held.put(1, age=DAY)
    held.stack.sqs.send_message(
        QueueUrl=held.url(Lane.BULK),
        MessageBody='{"to": ["2348030100001"], "msg": "Hello", "id": "odd"}',
        MessageAttributes={"KoboQueuedAt": {"DataType": "String", "StringValue": value}},
    )
    held.check(after=6 * HOUR)
    ((body, notes),) = held.stack.dead()
    assert isinstance(body, dict)
    assert body["id"] == "odd"
    assert notes["Reason"].startswith("KoboQueuedAt: no moment")
    assert held.waiting() == (1, 0)


def test_large_messages_are_handed_over_one_by_one(held: Room) -> None:
    age, padding = 13 * DAY + 60, '\\"' * 500_000
    for at in range(3):
        held.stack.sqs.send_message(
            QueueUrl=held.url(Lane.BULK),
            MessageBody=f'{{"id": "large-{at}", "oops": "{padding}"}}',
            MessageAttributes={"KoboQueuedAt": {"DataType": "String", "StringValue": f"{held.clock.now - age:.3f}"}},
        )
    held.check(after=6 * HOUR)
    # Lambda: at most 6 MB in one invocation.
    assert held.functions.largest < 6_000_000
    assert [len(event["Records"]) for event in held.functions.invoked] == [1, 1, 1]
    assert len(held.stack.dead()) == 3
    assert held.waiting() == (0, 0)
