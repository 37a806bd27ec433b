"""A part whose campaign was paused or stopped: held back, cancelled, or left to the attempt that is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.messages.parts import Part
from kobo_sms.sending.attempts import Claim, attempts_of
from kobo_sms.sending.decisions import Decision, Next

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk

FRESH = 4.0


@pytest.fixture
def orders(aws: Stack, desk: Desk) -> CampaignOrders:
    orders = CampaignOrders(aws.dynamodb, "messages", keep_seconds=30 * 86_400.0)
    now = desk.clock.now
    assert orders.accept(Campaign("sale", "d", 10, 1, 1, now, now)).changed
    return orders


def send(desk: Desk, **fields: Any) -> Any:
    return desk.send(id="order-1", campaign="sale", **fields)


def part_of(desk: Desk) -> Part:
    assert desk.message is not None
    return desk.message.read_part("NG")


def stop(desk: Desk, orders: CampaignOrders) -> None:
    assert orders.stop("sale", by="ada", now=desk.clock.now).changed
    desk.clock.now += FRESH


def test_a_stopped_campaigns_part_ends_in_one_write(desk: Desk, orders: CampaignOrders, kobo: MockControl) -> None:
    stop(desk, orders)
    verdict = send(desk)
    assert (verdict.outcome, verdict.returns_after, verdict.dead) == ("cancelled", None, False)
    item = desk.item()
    assert (item["state"], item["progress"]) == ("cancelled", "cancelled 1 its campaign was stopped before it was sent")
    assert not {"lease", "lease_until", "leases", "due_at"} & item.keys()
    assert kobo.list_calls(endpoint="send") == []
    assert desk.again().outcome == "duplicate"


def test_a_running_attempt_ends_as_it_does(desk: Desk, orders: CampaignOrders) -> None:
    """The message comes once more while another invocation holds the claim: it waits for that one."""
    send(desk, to=["+2348030009004"])
    now = desk.clock.now
    claim = desk.store.claim(part_of(desk), token="other", now=now, until=now + 31)
    assert isinstance(claim, Claim)
    stop(desk, orders)
    waits = desk.again()
    assert (waits.outcome, desk.item()["state"]) == ("busy", "sending")
    desk.store.record(claim, Decision("sent", Next.DONE, attempts=1), now=desk.clock.now, label="ids", due=None)
    assert desk.again(after=40).outcome == "duplicate"
    assert desk.item()["state"] == "sent"


def test_it_ends_after_the_attempt_that_was_recorded_while_its_write_took_long(
    desk: Desk, orders: CampaignOrders, clients: dict[str, Any]
) -> None:
    """`kobo why` tells what happened in its order."""
    stop(desk, orders)
    events = clients["watched dynamodb"].meta.events

    def attempt(**_: Any) -> None:
        events.unregister("before-call.dynamodb.UpdateItem", attempt)
        desk.clock.now += 5
        claim = desk.store.claim(part_of(desk), token="other", now=desk.clock.now, until=desk.clock.now + 31)
        assert isinstance(claim, Claim)
        retry = Decision("queued", Next.RETRY, attempts=1)
        # By a clock that is ahead.
        desk.store.record(claim, retry, now=desk.clock.now + 1, label="unreachable", due=None)

    events.register("before-call.dynamodb.UpdateItem", attempt)
    assert send(desk).outcome == "cancelled"
    first, last = attempts_of(desk.item()).ended
    assert (first.state, last.state, last.at) == ("queued", "cancelled", first.at)


@pytest.mark.parametrize("lease_left", [True, False], ids=["died", "lost answer"])
def test_what_is_in_doubt_is_not_asked_again(
    desk: Desk, orders: CampaignOrders, kobo: MockControl, lease_left: bool
) -> None:
    desk.client.dies = lease_left
    if lease_left:
        with pytest.raises(SystemError):
            send(desk)
    else:
        kobo.fail_next("send", "reset", when="after")
        send(desk)
    stop(desk, orders)
    verdict = desk.again(after=60)
    assert verdict.outcome == "unknown"
    assert "stopped after an attempt whose answer was lost" in desk.item()["reason"]
    assert len(kobo.list_calls(endpoint="send")) == 1
    assert desk.item()["attempts"] == 1


def test_other_content_under_the_id_is_refused_all_the_same(desk: Desk, orders: CampaignOrders, aws: Stack) -> None:
    send(desk)
    stop(desk, orders)
    verdict = send(desk, msg="something else")
    assert (verdict.outcome, verdict.dead) == ("invalid", True)
    assert desk.item()["state"] == "sent"
    assert len(aws.dead()) == 1


def test_a_paused_campaigns_message_is_held_back_the_longer_the_more_seldom(
    desk: Desk, orders: CampaignOrders, aws: Stack, kobo: MockControl
) -> None:
    orders.pause("sale", now=desk.clock.now)
    first = send(desk)
    assert (first.outcome, first.reason, first.returns_after) == ("held back", "its campaign is paused", 30)
    assert desk.again(receives=4).returns_after == 120
    assert desk.again(receives=400).returns_after == 300
    assert aws.items() == []
    orders.resume("sale", now=desk.clock.now)
    assert desk.again(after=FRESH).outcome == "sent"
    assert len(kobo.messages) == 1


def test_a_probe_of_a_closed_lane_sends_nothing_of_a_paused_campaign(
    desk: Desk, orders: CampaignOrders, kobo: MockControl
) -> None:
    orders.pause("sale", now=desk.clock.now)
    send(desk)
    verdict = desk.again(probe=True)
    assert (verdict.outcome, verdict.met) == ("held back", "")
    assert kobo.list_calls(endpoint="send") == []


def test_what_expires_while_it_is_paused_lapses(desk: Desk, orders: CampaignOrders) -> None:
    orders.pause("sale", now=desk.clock.now)
    assert send(desk, expires_at="2020-01-01T00:00:00Z").outcome == "lapsed"


def test_a_campaign_that_nobody_knows_is_sent(desk: Desk, kobo: MockControl) -> None:
    assert desk.send(campaign="other").outcome == "sent"
    assert len(kobo.messages) == 1


def test_the_state_is_asked_for_every_few_seconds_at_most(desk: Desk, orders: CampaignOrders, aws: Stack) -> None:
    for at in range(5):
        desk.send(id=f"order-{at}", campaign="sale")
    assert len(aws.calls.of("dynamodb.GetItem")) == 1
    desk.clock.now += FRESH
    desk.send(id="order-9", campaign="sale")
    assert len(aws.calls.of("dynamodb.GetItem")) == 2


def test_others_write_the_part_while_it_is_cancelled(
    desk: Desk, orders: CampaignOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked at before a claim was taken, and is written after that: the claim counts."""
    kobo_answer = send(desk, to=["+2348030009004"])
    assert kobo_answer.outcome == "queued"
    stop(desk, orders)
    part, now = part_of(desk), desk.clock.now
    end = desk.store._end

    def claimed_first(*arguments: Any) -> Any:
        old = arguments[2]
        if old and "lease" not in old:
            assert isinstance(desk.store.claim(part, token="other", now=now, until=now + 31), Claim)
        return end(*arguments)

    monkeypatch.setattr(desk.store, "_end", claimed_first)
    assert desk.again().outcome == "busy"
    assert desk.item()["state"] == "sending"
