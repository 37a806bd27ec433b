"""queue_campaign dies before or after each of its I/O steps, an order before or after its own: nothing is missing.

What is put on the queue again after a death has the same ids, so send_sms sends it once (test_deaths.py).
"""

from __future__ import annotations

import pytest

from kobo_sms.campaigns.campaign import CampaignState
from tests.robustness.crash_points.campaign_world import MEMBER, CampaignWorld, RepeatingClient, missing
from tests.robustness.crash_points.check_gates import DeadlyGate, Death, Gate

SIDES = ("before", "after")
REQUESTS = 30
OTHERS = 15


def begin() -> CampaignWorld:
    world = CampaignWorld()
    world.accept("sale", REQUESTS)
    world.accept("news", OTHERS)
    return world


def steps_of_a_run() -> list[str]:
    gate, world = Gate(), begin()
    world.run(gate)
    return gate.steps


STEPS = steps_of_a_run()
POINTS = [pytest.param((at, side), id=f"{at}-{name}-{side}") for at, name in enumerate(STEPS) for side in SIDES]


def ends_well(world: CampaignWorld, deaths: int) -> None:
    for _ in range(2):
        world.run()
    assert missing(world, "sale", REQUESTS) == set()
    assert missing(world, "news", OTHERS) == set()
    again = world.queue.ids().total() - REQUESTS - OTHERS
    assert again <= MEMBER * deaths
    for name, requests in (("sale", REQUESTS), ("news", OTHERS)):
        campaign = world.campaign(name)
        assert (campaign.state, campaign.queued) == (CampaignState.SENDING, True)
        assert (campaign.place.requests, campaign.place.recipients) == (requests, requests)
        assert "lease" not in world.item(name)


def test_undisturbed() -> None:
    world = begin()
    world.run()
    ends_well(world, deaths=0)
    assert set(world.queue.ids().values()) == {1}


@pytest.mark.parametrize("point", POINTS)
def test_one_death(point: tuple[int, str]) -> None:
    world = begin()
    assert world.run(DeadlyGate(point=point)) is None
    ends_well(world, deaths=1)


def test_two_deaths() -> None:
    for first in range(len(STEPS)):
        for second in range(len(STEPS)):
            world = begin()
            world.run(DeadlyGate(point=(first, "after")))
            world.run(DeadlyGate(point=(second, "after")))
            ends_well(world, deaths=2)


def test_a_death_of_the_one_that_looks_whether_anything_is_left() -> None:
    for step in range(200):
        world = begin()
        world.run()
        for name, requests in (("sale", REQUESTS), ("news", OTHERS)):
            world.put_parts(name, "sent 1", range(1, requests + 1))
        died = world.run(DeadlyGate(point=(step, "after"))) is None
        for _ in range(3):
            world.run()
        assert {world.campaign(name).state for name in ("sale", "news")} == {CampaignState.DONE}
        assert world.dynamodb.next_campaign() is None
        if not died:
            return
    pytest.fail("it never came to its end")


def test_writes_that_boto3_repeats() -> None:
    """Each time the first answer was lost: the second one says that the item is no longer as it was."""
    world = begin()
    world.run(kind=RepeatingClient)
    # Its own lease has not kept the run out.
    assert missing(world, "sale", REQUESTS) == set()
    ends_well(world, deaths=0)
    assert set(world.queue.ids().values()) == {1}
    for order in ("pause", "resume", "stop"):
        orders = world.orders(kind=RepeatingClient)
        given = {"by": "ada"} if order == "stop" else {}
        assert getattr(orders, order)("sale", now=world.now, **given).changed
    assert world.accept("more", 1, kind=RepeatingClient).changed


@pytest.mark.parametrize("side", SIDES)
def test_handing_over_that_dies_is_done_again(side: str) -> None:
    world = CampaignWorld()
    with pytest.raises(Death):
        world.accept("sale", REQUESTS, gate=DeadlyGate(point=(0, side)))
    world.now += 1.0
    assert world.accept("sale", REQUESTS).changed is (side == "before")
    world.run()
    assert missing(world, "sale", REQUESTS) == set()
    assert not world.accept("sale", REQUESTS).changed
    world.run()
    assert set(world.queue.ids().values()) == {1}


@pytest.mark.parametrize(("order", "state"), [("pause", "paused"), ("resume", "scheduled"), ("stop", "stopped")])
@pytest.mark.parametrize("side", SIDES)
def test_an_order_that_dies_is_given_again(order: str, state: str, side: str) -> None:
    """Before its write nothing has changed, after it all has: given again, it comes to the same."""
    world = CampaignWorld()
    world.accept("sale", REQUESTS, at=world.now + 100)
    given = {"by": "ada"} if order == "stop" else {}
    if order == "resume":
        world.orders().pause("sale", now=world.now)
    # To resume begins with a read.
    gate = DeadlyGate(point=(1 if order == "resume" else 0, side))
    with pytest.raises(Death):
        getattr(world.orders(gate), order)("sale", now=world.now, **given)
    world.now += 1.0
    again = getattr(world.orders(), order)("sale", now=world.now, **given)
    assert again.changed is (side == "before")
    assert again.campaign.state == state
