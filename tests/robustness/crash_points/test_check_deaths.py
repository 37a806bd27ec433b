"""check_credit dies before or after each of its I/O steps: later checks make up for it, and people are told once.

Only a death between publishing and striking off tells twice, the second time saying so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.rules import SUSPECTED_FOR, SWEEP_EVERY
from kobo_sms.valve.signals import ACCEPTED, GATEWAY
from kobo_sms.valve.state import Hold, Valve
from tests.robustness.crash_points.check_changes import CHANGES, LATER, NAMED, REPEATED, Change
from tests.robustness.crash_points.check_gates import DeadlyGate, Gate, Point, RepeatingGate
from tests.robustness.crash_points.check_world import CheckWorld

SIDES = ("before", "after")


def steps(change: Change) -> list[str]:
    """Return the steps of the check that sees to the change."""
    gate = Gate()
    change.begin().check(gate)
    return gate.steps


def between(names: list[str]) -> list[Point]:
    """Return the points after the publishing and before the striking off."""
    if "sns.publish" not in names:
        return []
    at = names.index("sns.publish")
    assert names[at:] == ["sns.publish", "account.read", "account.write"]
    return [(at, "after"), (at + 1, "before"), (at + 1, "after"), (at + 2, "before")]


DEATHS = [
    pytest.param(change, (step, side), id=f"{change.name}-{step}-{name}-{side}")
    for change in CHANGES
    for step, name in enumerate(steps(change))
    for side in SIDES
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_undisturbed(change: Change) -> None:
    world = change.begin()
    world.check()
    for _ in range(change.further):
        world.check(after=LATER)
    assert change.broken(world, {1}) == []
    assert not [text for _, _, text in world.topic.published if REPEATED in text]


@pytest.mark.parametrize(("change", "point"), DEATHS)
def test_one_death(change: Change, point: Point) -> None:
    world = change.begin()
    assert world.check(DeadlyGate(point=point)) is None
    for _ in range(change.further):
        world.check(after=LATER)
    assert change.broken(world, {2 if point in between(steps(change)) else 1}) == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_two_deaths(change: Change) -> None:
    """The check that comes next dies too, at each of the steps that it would take."""
    for step in range(len(steps(change))):
        for second in range(40):
            world, gate = change.begin(), DeadlyGate(point=(second, "after"))
            world.check(DeadlyGate(point=(step, "after")))
            if world.check(gate, after=LATER) is not None:
                break
            for _ in range(change.further):
                world.check(after=LATER)
            assert change.broken(world, {1, 2, 3}) == [], f"after steps {step} and {second}"


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_a_write_that_boto3_repeats(change: Change) -> None:
    """Its first answer was lost: the second one says that somebody else was faster."""
    for step in range(len(steps(change))):
        world = change.begin()
        world.check(RepeatingGate(point=(step, "before")))
        for _ in range(change.further):
            world.check(after=LATER)
        assert change.broken(world, {1}) == [], f"step {step}"


@pytest.mark.parametrize("death", range(26))
def test_a_probe_that_dies_keeps_what_was_not_sent_and_sends_nothing_for_nothing(death: int) -> None:
    world = NAMED["probe"].begin()
    assert world.check(DeadlyGate(point=(death, "after"))) is None
    waiting = len(world.queues.messages[Lane.BULK])
    assert waiting == 5 - sum(name == "sqs.delete_message" for name in steps(NAMED["probe"])[: death + 1])
    assert world.sent in (0, 3)
    world.check(after=LATER)
    assert len(world.queues.messages[Lane.BULK]) == 2 or world.closed() == {}


def test_what_was_acquitted_and_fails_again_has_its_minute_again() -> None:
    world = NAMED["acquitted"].begin()
    world.check()
    assert world.valve.known.valve.suspected == {}
    world.works = False
    for after, closed in ((SUSPECTED_FOR, set()), (SUSPECTED_FOR, {Lane.PRIORITY, Lane.BULK})):
        world.now += after
        world.tell(GATEWAY, "a", "b", "c", "d", "e")
        world.check()
        assert world.closed().keys() == closed


def test_a_call_that_others_make_meanwhile_acquits_though_the_last_probe_fails() -> None:
    world = NAMED["gateway"].begin()
    send = world.functions.send_sms

    def others_work(event: dict[str, Any]) -> Any:
        accepted = CallWindow({(slot_of(world.now), Lane.BULK, ACCEPTED): 1})
        world.valve.report(accepted, CallWindow(), world.now)
        return send(event)

    world.functions.send_sms = others_work
    world.check()
    assert world.sent == 0
    assert (world.closed(), world.valve.known.valve.suspected) == ({}, {})
    assert world.enabled() == {Lane.PRIORITY, Lane.BULK}
    assert world.topic.published == []


def test_a_sweep_that_dies_is_soon_made_up_for() -> None:
    world = CheckWorld()
    world.valve.known = replace(world.valve.known, valve=Valve(holds={Lane.BULK: Hold("ada", world.now)}))
    world.check()
    world.queues.put(Lane.BULK, 12)
    gate = Gate()
    world.check(gate, after=SWEEP_EVERY)
    assert gate.steps.count("sqs.receive_message") == 3
    received = gate.steps.index("sqs.receive_message")
    world.check(DeadlyGate(point=(received, "after")), after=SWEEP_EVERY)
    # What it had received comes back by itself.
    again = Gate()
    world.check(again, after=4 * LATER)
    assert again.steps.count("sqs.receive_message") == 3
    assert set(world.queues.messages[Lane.BULK].values()) == {world.now}
