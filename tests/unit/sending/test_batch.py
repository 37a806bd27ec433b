"""Several messages at once: claimed and recorded together, each as if it were alone, whatever ends in between."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from kobo_sms.kobomobile.answers import Lost, Refused
from kobo_sms.messages.states import State
from kobo_sms.sending.result import SendResult
from tests.unit.sending.batch_world import SECONDS, Death, Steps, World, message

TEN = [message(at) for at in range(10)]
BATCH, ALONE = "batch_execute_statement", "update_item"


def outcomes(world: World, messages: list[Any]) -> Counter[str]:
    results = (each.result for each in world.deliver(messages))
    return Counter(each.outcome if isinstance(each, SendResult) else type(each).__name__ for each in results)


def throttle(world: World, share: float) -> None:
    world.table._chaos.odds = replace(world.table._chaos.odds, partial=share)


def test_what_comes_together_is_claimed_and_recorded_together() -> None:
    world = World()
    assert outcomes(world, TEN[:5]) == {"sent": 5}
    assert world.table.calls == [BATCH, BATCH]
    assert len({uuid for uuid, _ in world.kobo.executed}) == 5


def test_one_alone_goes_the_short_way() -> None:
    world = World()
    assert outcomes(world, TEN[:1]) == {"sent": 1}
    assert world.table.calls == [ALONE, ALONE]


def test_its_item_is_as_if_it_had_come_alone() -> None:
    together, alone = World(), World()
    several = [TEN[0], message(1, promotional=True), message(2, campaign="sale", sensitive=True), message(3, to=["x"])]
    together.deliver(several)
    for each in several:
        alone.deliver([each])
    # Their claims have other names.
    assert together.table.parts() == alone.table.parts()


def test_its_claim_is_as_if_it_had_come_alone() -> None:
    together, alone = World(Steps(at=1)), World(Steps(at=1))
    with pytest.raises(Death):
        together.deliver(TEN[:2])
    with pytest.raises(Death):
        alone.deliver(TEN[:1])
    claimed = together.item("order-0")
    assert claimed["state"] == State.SENDING
    assert claimed == alone.item("order-0")


def test_no_more_are_claimed_than_can_be_asked_for_at_once() -> None:
    """The first process of all knows nothing of the lane yet: what it claims is asked for at once."""
    world = World(Steps(at=1))
    with pytest.raises(Death):
        world.deliver(TEN)
    assert len(world.table.parts()) == 5


def test_one_part_twice_in_a_batch_is_sent_once() -> None:
    world = World()
    assert outcomes(world, [TEN[0], TEN[1], replace(TEN[0], message_id="again")]) == {"sent": 2, "busy": 1}
    assert len(world.kobo.executed) == 2


def test_what_was_sent_before_is_a_duplicate() -> None:
    world = World()
    world.deliver(TEN[:3])
    assert outcomes(world, TEN[:5]) == {"duplicate": 3, "sent": 2}
    assert len(world.kobo.executed) == 5


def test_what_comes_back_is_claimed_alone() -> None:
    world = World()
    world.deliver([replace(each, receives=2) for each in TEN[:3]])
    assert world.table.calls == [ALONE] * 3 + [BATCH]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 1.0])
def test_statements_that_are_throttled_are_written_alone(share: float) -> None:
    world = World()
    throttle(world, share)
    assert outcomes(world, TEN) == {"sent": 10}
    assert len({uuid for uuid, _ in world.kobo.executed}) == len(world.kobo.executed) == 10


def test_a_claim_whose_answer_is_lost_makes_no_call() -> None:
    world = World()
    world.table.fails[BATCH] = ReadTimeoutError(endpoint_url="x")
    assert outcomes(world, TEN[:3]) == {"ReadTimeoutError": 3}
    assert world.kobo.executed == []
    world.now += SECONDS + 2
    assert outcomes(world, [replace(each, receives=2) for each in TEN[:3]]) == {"sent": 3}


def test_a_claim_that_botocore_repeats_is_the_same_claim() -> None:
    """Its own lease keeps nobody out, and makes no doubt of an attempt that was never begun."""
    world = World()
    world.table.repeated.add(BATCH)
    world.kobo.during["order-2"] = world.table.repeated.clear
    assert outcomes(world, TEN[:3]) == {"sent": 3}
    assert [item["in_doubt"] for item in world.table.parts()] == [False] * 3


def test_a_claim_that_botocore_repeats_is_one_attempt_if_the_process_dies() -> None:
    world = World()
    leases: list[set[str]] = []

    def wait() -> None:
        world.now += 4

    def look() -> None:
        leases.append(world.item("order-2")["leases"])
        world.table.repeated.clear()

    world.table.wait = wait
    world.table.repeated.add(BATCH)
    world.kobo.during["order-2"] = look
    assert outcomes(world, TEN[:3]) == {"sent": 3}
    assert [len(each) for each in leases] == [1]


def test_an_outcome_whose_answer_is_lost_is_known_when_it_comes_back() -> None:
    world = World()
    world.kobo.during["order-2"] = lambda: world.table.fails.update({BATCH: ReadTimeoutError(endpoint_url="x")})
    assert outcomes(world, TEN[:3]) == {"ReadTimeoutError": 3}
    world.now += SECONDS + 2
    assert outcomes(world, [replace(each, receives=2) for each in TEN[:3]]) == {"duplicate": 3}
    assert len(world.kobo.executed) == 3


def test_who_is_to_be_tried_again_comes_back_and_the_others_are_recorded() -> None:
    world = World()
    world.kobo.answers["2348030100000"] = Refused("error_billing")
    assert outcomes(world, TEN[:3]) == {"sent": 2, "queued": 1}
    assert world.returned == [("m0", 5)]


def test_the_outcome_of_one_who_has_lost_its_claim_is_left_to_the_other() -> None:
    world = World()
    world.kobo.during["order-0"] = lambda: world.stall_and_deliver([replace(TEN[0], receives=2)])
    assert outcomes(world, TEN[:2]) == {"LostClaim": 1, "sent": 1}
    assert world.item("order-0")["state"] == State.SENT
    assert [kept["answer"] for kept in world.item("order-0")["history"]] == ["died", "ids"]


@pytest.mark.parametrize("after", [False, True])
def test_it_dies_at_each_step_and_all_goes_on(after: bool) -> None:
    """Each is sent, and what was executed twice was the same call: KoboMobile knows it by its message_uuid."""
    for at in range(100):
        world = World(Steps(at=at, after=after))
        world.kobo.answers["2348030100002"] = Lost("reset")
        if not died(world):
            assert at > 5
            return
        world.kobo.answers.clear()
        world.now += SECONDS + 2
        for each in TEN[:6]:
            world.deliver([replace(each, receives=2)])
        world.deliver([replace(each, receives=3) for each in TEN[:6]])
        assert {item["state"] for item in world.table.parts()} == {State.SENT}
        by_number: dict[tuple[str, ...], set[str]] = {}
        for uuid, to in world.kobo.executed:
            by_number.setdefault(to, set()).add(uuid)
        assert len(by_number) == 6
        assert all(len(uuids) == 1 for uuids in by_number.values())
    raise AssertionError("it never ended")


def died(world: World) -> bool:
    try:
        world.deliver(TEN[:6])
    except Death:
        return True
    return False
