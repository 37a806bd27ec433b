"""While a run of queue_campaign stands still before one of its steps, another run is made, or an order is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kobo_sms.campaigns.campaign import CampaignState
from tests.robustness.crash_points.campaign_world import MEMBER, SECONDS, CampaignWorld, missing
from tests.robustness.crash_points.check_gates import DeadlyGate, Gate

REQUESTS = 30


@dataclass
class InterruptedGate(Gate):
    """Has something else happen before a step."""

    halt: int = 0
    meanwhile: Callable[[], object] = lambda: None

    def reach(self, point: tuple[int, str]) -> None:
        if point == (self.halt, "before"):
            self.meanwhile()


def begin() -> CampaignWorld:
    world = CampaignWorld()
    world.accept("sale", REQUESTS)
    return world


def steps_of_a_run() -> list[str]:
    gate, world = Gate(), begin()
    world.run(gate)
    return gate.steps


STEPS = steps_of_a_run()
HALTS = [pytest.param(at, id=f"{at}-{name}") for at, name in enumerate(STEPS)]


@pytest.mark.parametrize("halt", HALTS)
@pytest.mark.parametrize("later", [0.0, 2 * SECONDS], ids=["leased", "lease_over"])
def test_two_runs_at_once(halt: int, later: float) -> None:
    """While the lease holds the other leaves the campaign alone; once it is over, it takes the campaign over."""
    world = begin()

    def other() -> None:
        world.now += later
        # A run begins a minute after the last.
        world.now -= SECONDS
        world.run()

    world.run(InterruptedGate(halt=halt, meanwhile=other))
    world.run()
    assert missing(world, "sale", REQUESTS) == set()
    campaign = world.campaign("sale")
    assert (campaign.state, campaign.place.recipients) == (CampaignState.SENDING, REQUESTS)
    assert "lease" not in world.item("sale")
    again = world.queue.ids().total() - REQUESTS
    assert again <= (MEMBER if later else 0)


@pytest.mark.parametrize("halt", HALTS)
def test_the_other_run_dies_on_its_way(halt: int) -> None:
    """It has taken the campaign over; the first goes on with a place that is not the campaign's any more."""
    for death in range(len(STEPS)):
        world = begin()

        def other(world: CampaignWorld = world, death: int = death) -> None:
            world.now += SECONDS
            world.run(DeadlyGate(point=(death, "after")))

        world.run(InterruptedGate(halt=halt, meanwhile=other))
        for _ in range(2):
            world.run()
        assert missing(world, "sale", REQUESTS) == set()
        assert world.places == sorted(world.places)
        campaign = world.campaign("sale")
        assert (campaign.state, campaign.place.recipients) == (CampaignState.SENDING, REQUESTS)
        assert world.queue.ids().total() - REQUESTS <= 2 * MEMBER


@pytest.mark.parametrize("halt", HALTS)
@pytest.mark.parametrize("order", ["pause", "stop"])
def test_an_order_during_a_run(halt: int, order: str) -> None:
    """What is being put on the queue is counted there, and no more is."""
    world, at = begin(), 0

    def give() -> None:
        nonlocal at
        at = len(world.queue.bodies)
        orders = world.orders()
        assert (
            orders.pause("sale", now=world.now) if order == "pause" else orders.stop("sale", by="", now=world.now)
        ).changed

    world.run(InterruptedGate(halt=halt, meanwhile=give))
    world.run()
    campaign, queued = world.campaign("sale"), len(world.queue.bodies)
    assert campaign.state == {"pause": "paused", "stop": "stopped"}[order]
    assert queued - at <= MEMBER
    assert campaign.place.recipients == queued
    assert world.dynamodb.next_campaign() is None
    assert "lease" not in world.item("sale")
    if order == "pause":
        assert world.orders().resume("sale", now=world.now).changed
        world.run()
        assert missing(world, "sale", REQUESTS) == set()
        assert set(world.queue.ids().values()) == {1}
        assert world.campaign("sale").state is CampaignState.SENDING


@pytest.mark.parametrize("halt", HALTS)
def test_a_pause_and_its_end_during_a_run(halt: int) -> None:
    world = begin()

    def give() -> None:
        world.orders().pause("sale", now=world.now)
        world.now += 1.0
        world.orders().resume("sale", now=world.now)

    world.run(InterruptedGate(halt=halt, meanwhile=give))
    world.run()
    assert missing(world, "sale", REQUESTS) == set()
    assert set(world.queue.ids().values()) == {1}
    campaign = world.campaign("sale")
    assert (campaign.state, campaign.place.recipients) == (CampaignState.SENDING, REQUESTS)
    # A pause that was over counts no more.
    assert campaign.paused_at is None


def test_an_order_to_stop_overtakes_one_to_resume() -> None:
    """It comes after that one has read the campaign, and before its write."""
    world = begin()
    world.orders().pause("sale", now=world.now)
    gate = InterruptedGate(halt=1, meanwhile=lambda: world.orders().stop("sale", by="ada", now=world.now))
    ordered = world.orders(gate).resume("sale", now=world.now + 1)
    assert (ordered.changed, world.campaign("sale").state) == (False, CampaignState.STOPPED)
    world.run()
    assert world.queue.bodies == []


def test_a_place_that_moves_on_delays_no_order_to_resume() -> None:
    """A run puts requests on the queue; it is paused; the place moves on after the order to resume has read it."""
    world = begin()

    def resume() -> None:
        world.orders().pause("sale", now=world.now)
        gate = InterruptedGate(halt=1, meanwhile=go_on)
        assert world.orders(gate).resume("sale", now=world.now + 1).changed

    def go_on() -> None:
        item = world.dynamodb.items["~campaigns", "sale"]
        world.dynamodb.items["~campaigns", "sale"] = item | {"offset": {"N": "7"}}

    resume()
    assert world.campaign("sale").state is CampaignState.QUEUEING


@pytest.mark.parametrize("order", ["pause", "stop"])
def test_an_order_while_it_is_found_to_be_over(order: str) -> None:
    """Before each step of the run that looks whether anything is left to send: what was ordered stays so."""
    for halt in range(200):
        world = begin()
        world.run()
        world.put_parts("sale", "sent 1", range(1, REQUESTS + 1))
        given = {"by": ""} if order == "stop" else {}
        changed: list[bool] = []

        def give(world: CampaignWorld = world, given: dict[str, str] = given, changed: list[bool] = changed) -> None:
            changed.append(getattr(world.orders(), order)("sale", now=world.now, **given).changed)

        world.run(InterruptedGate(halt=halt, meanwhile=give))
        if not changed:
            return
        ordered = {"pause": CampaignState.PAUSED, "stop": CampaignState.STOPPED}[order]
        assert world.campaign("sale").state is (ordered if changed[0] else CampaignState.DONE)
    pytest.fail("it never came to its end")


def test_a_run_that_ends_for_want_of_room_leaves_no_lease() -> None:
    world = CampaignWorld(calls_at_once=0)
    world.accept("sale", REQUESTS)
    world.run()
    assert world.queue.bodies == []
    assert "lease" not in world.item("sale")


def test_a_prompt_begins_nothing_before_its_time() -> None:
    world = CampaignWorld()
    world.accept("sale", REQUESTS, at=world.now + 3 * SECONDS)
    world.run(prompted=["sale"])
    assert world.queue.bodies == []
    for _ in range(2):
        world.run()
    assert missing(world, "sale", REQUESTS) == set()


@pytest.mark.parametrize("order", ["accept", "resume"])
def test_a_clock_that_is_fast_by_an_hour_delays_nothing(order: str) -> None:
    """Who hands over and orders has a clock of his own, and it is wrong."""
    world = CampaignWorld()
    world.now += 3600.0
    world.accept("sale", REQUESTS)
    if order == "resume":
        world.orders().pause("sale", now=world.now)
        world.orders().resume("sale", now=world.now)
    world.now -= 3600.0
    world.run()
    assert missing(world, "sale", REQUESTS) == set()
