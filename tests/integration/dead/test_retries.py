"""A retry puts dead letters back, and send_sms then does with them what it would have done at first."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from kobo_cli.dead import verdicts
from kobo_cli.dead.plan import totals
from kobo_cli.dead.verdicts import Step
from tests.integration.dead.conftest import FACTS

if TYPE_CHECKING:
    from tests.integration.dead.conftest import World

ONE, TWO = "2348030100001", "2348030100002"


@pytest.mark.parametrize("lane", ["priority", "bulk"])
def test_what_failed_is_sent_on_its_own_lane(world: World, lane: str) -> None:
    id_ = world.bury("error_billing", lane)
    before = world.stack.item(id_)
    assert (before["state"], world.letters(), world.executed(id_).total()) == ("failed", 1, 0)
    (done,) = world.carry_out(world.order("retry"))
    assert (done.step, done.lane, done.request_id) == (Step.REOPEN, lane, id_)
    assert (world.letters(), world.functions.waiting(lane.title()), world.waiting()) == (0, 1, 1)
    assert world.state(id_) == "queued"
    world.send_all()
    after = world.stack.item(id_)
    assert (after["state"], after["attempts"], after["message_uuid"]) == ("sent", 1, before["message_uuid"])
    assert world.executed(id_) == {ONE: 1}


def test_a_request_without_an_id_keeps_the_one_that_sqs_gave_it(world: World) -> None:
    world.kobo.fail_next("send", "error_billing")
    (id_,) = world.functions.put({"to": ONE, "msg": "Your PIN is 4711-2288"})
    world.send_all()
    uuid = world.stack.item(id_)["message_uuid"]
    world.carry_out(world.order("retry", id_))
    world.send_all()
    assert [(sms["message_uuid"], sms["to"]) for sms in world.kobo.messages] == [(uuid, ONE)]
    assert world.state(id_) == "sent"


def test_what_fails_again_is_dead_again_and_can_be_tried_again(world: World) -> None:
    id_ = world.bury("error_billing")
    for _ in range(2):
        world.kobo.fail_next("send", "error_billing")
        world.carry_out(world.order("retry"))
        world.send_all()
        assert (world.state(id_), world.letters()) == ("failed", 1)
    world.carry_out(world.order("retry"))
    world.send_all()
    assert world.executed(id_) == {ONE: 1}
    assert len(world.stack.item(id_)["reopened_for"]) == 3


@pytest.mark.parametrize("executed", [True, False])
def test_what_is_in_doubt_is_sent_at_most_once_as_long_as_kobomobile_honours_its_uuid(
    world: World, executed: bool
) -> None:
    id_ = world.bury("reset", when="after" if executed else "before")
    assert (world.state(id_), world.executed(id_).total()) == ("unknown", int(executed))
    (left,) = world.carry_out(world.order("retry"))
    assert (left.step, left.why, world.letters(), world.waiting()) == (Step.STAY, verdicts.IN_DOUBT, 1, 0)
    world.carry_out(world.order("retry", may_double=True))
    assert world.state(id_) == "sending"
    world.send_all()
    assert (world.state(id_), world.executed(id_)) == ("sent", {ONE: 1})


def test_what_is_in_doubt_is_not_halved_by_a_retry(world: World) -> None:
    id_ = world.bury("reset", when="after", to=[ONE, TWO])
    world.carry_out(world.order("retry", may_double=True))
    world.kobo.fail_next("send", "error_param")
    world.send_all()
    assert (world.state(id_), world.executed(id_)) == ("unknown", {ONE: 1, TWO: 1})
    assert len(world.stack.items()) == 1


def test_a_part_of_a_larger_request_comes_back_as_that_part(world: World) -> None:
    numbers = [f"234803010{at:04d}" for at in range(501)]
    world.functions.put({"id": "large", "to": numbers, "msg": "Your PIN is 4711-2288 large"}, lane="Bulk")
    world.functions.deliver("Bulk")
    world.kobo.fail_next("send", "error_billing")
    world.send_all()
    states = {part: world.state("large", part) for part in ("0", "0.0", "0.1")}
    assert sorted(states.values()) == ["failed", "sent", "split"]
    plan, _ = world.order("retry").plan()
    assert [each.part for each in plan] == [part for part, state in states.items() if state == "failed"]
    world.carry_out(world.order("retry"), plan)
    world.send_all()
    assert world.executed("large") == dict.fromkeys(numbers, 1)
    assert {item["part"]: item["state"] for item in world.stack.items()} == {"0": "split", "0.0": "sent", "0.1": "sent"}


def test_two_letters_of_one_part_send_it_once_and_are_told_of_once(world: World) -> None:
    id_ = world.bury("error_billing", to=[ONE, TWO])
    url = world.stack.names["DeadLetterQueue"]
    (letter,) = world.stack.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0)[
        "Messages"
    ]
    world.stack.sqs.send_message(
        QueueUrl=url, MessageBody=letter["Body"], MessageAttributes=letter["MessageAttributes"]
    )
    plan, _ = world.order("retry").plan()
    all_ = totals(plan)
    assert (all_.letters, all_.sms, all_.pages) == (2, 2, 2)
    done = world.carry_out(world.order("retry"), plan)
    assert sorted(each.step.name for each in done) == ["DELETE", "REOPEN"]
    assert (world.letters(), world.waiting()) == (0, 1)
    world.send_all()
    assert world.executed(id_) == {ONE: 1, TWO: 1}


def test_a_request_that_was_never_claimed_is_sent(world: World) -> None:
    """It was no request when it died; to this release it is one."""
    body = {"id": "late", "to": ONE, "msg": "Your PIN is 4711-2288 late"}
    notes = {"Reason": "campaign: unknown field", "Lane": "priority"}
    world.stack.sqs.send_message(
        QueueUrl=world.stack.names["DeadLetterQueue"],
        MessageBody=json.dumps(body),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in notes.items()},
    )
    (done,) = world.carry_out(world.order("retry"))
    assert (done.step, done.sms) == (Step.QUEUE, 1)
    world.send_all()
    assert (world.state("late"), world.executed("late"), world.letters()) == ("sent", {ONE: 1}, 0)


def test_a_letter_whose_id_stands_for_other_content_changes_nothing(world: World) -> None:
    id_ = world.bury("error_billing")
    world.functions.put({"id": id_, "to": ONE, "msg": "Other 4711-2288"})
    world.send_all()
    done = {each.why: each.step for each in world.carry_out(world.order("retry", id_))}
    assert done == {"": Step.REOPEN, verdicts.OTHER_CONTENT: Step.STAY}
    world.send_all()
    assert ([sms["msg"] for sms in world.kobo.messages], world.letters()) == ([f"Your PIN is 4711-2288 {id_}"], 1)
    (dropped,) = world.carry_out(world.order("drop", id_))
    assert (dropped.step, world.state(id_), world.letters()) == (Step.DELETE, "sent", 0)


def test_several_receives_and_letters_that_are_not_meant(world: World) -> None:
    world.hidden = 60
    ids = [world.bury("error_billing") for _ in range(13)]
    done = world.carry_out(world.order("retry", *ids[:11]))
    assert [each.step for each in done] == [Step.REOPEN] * 11
    # Those that were not meant are visible at once.
    url = world.stack.names["DeadLetterQueue"]
    assert len(world.stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2
    world.send_all()
    assert [world.executed(id_).total() for id_ in ids] == [1] * 11 + [0] * 2


def test_dropped_is_dropped_for_good(world: World) -> None:
    failed, doubted = world.bury("error_billing"), world.bury("reset", when="after")
    reasons = [world.stack.item(id_)["reason"] for id_ in (failed, doubted)]
    world.carry_out(world.order("drop", failed, doubted))
    assert (world.letters(), world.waiting()) == (0, 0)
    assert [world.stack.item(id_)["reason"] for id_ in (failed, doubted)] == reasons
    # Queued again by its producer, it is not sent either.
    world.functions.put({"id": failed, "to": "+2348030100001", "msg": f"Your PIN is 4711-2288 {failed}"}, lane="Bulk")
    world.send_all()
    assert (world.state(failed), world.executed(failed).total()) == ("failed", 0)


def test_what_is_open_ends_when_it_is_dropped(world: World) -> None:
    """A retry that died after it had re-opened the part, say."""
    id_ = world.bury("error_billing")
    store, (planned,) = FACTS.store(world.order("drop").connection), world.order("retry").plan()[0]
    standing = store.find(id_, "0")
    assert standing is not None
    assert store.reopen(standing, planned.letter, now=time.time())
    (done,) = world.carry_out(world.order("drop", id_))
    assert (done.step, world.state(id_)) == (Step.END, "failed")
    assert world.stack.item(id_)["reason"] == "dropped by an operator"
    assert (world.letters(), world.waiting()) == (0, 0)
