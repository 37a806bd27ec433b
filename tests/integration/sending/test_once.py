"""Guarantee 1: once, whatever is lost, dies, is redelivered or queued again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.errors import LostClaim
from kobo_sms.messages.parts import Part
from kobo_sms.sending.attempts import Claim, attempts_of
from kobo_sms.sending.decisions import Decision, Next

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk

TWO = ["2348030100001", "2348030100002"]
LOST = ["reset", "html_503", "empty", "garbage"]


def wire(kobo: MockControl) -> list[dict[str, str]]:
    return [call["parameters"] for call in kobo.list_calls(endpoint="send")]


def part_of(desk: Desk) -> Part:
    assert desk.message is not None
    return desk.message.read_part("NG")


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_is_asked_for_again_with_the_identical_call(desk: Desk, kobo: MockControl, kind: str) -> None:
    kobo.fail_next("send", kind, when="after")
    verdict = desk.send(to=TWO)
    assert (verdict.outcome, verdict.returns_after, verdict.symptom) == ("sending", 5, "gateway")
    assert desk.item()["in_doubt"] is True
    assert "lease" not in desk.item()
    assert desk.again(after=5).outcome == "sent"
    assert len(kobo.messages) == 2
    first, second = wire(kobo)
    assert first == second
    item = desk.item()
    assert {each["msgid"] for each in item["recipients"].values()} == {sms["msgid"] for sms in kobo.messages}
    assert [event["answer"][:4] for event in item["history"]] == ["lost", "ids"]


@pytest.mark.parametrize("token", ["error_param", "error_limit", "error_invalid_senderid"])
def test_an_error_after_a_lost_answer_ends_unknown(desk: Desk, kobo: MockControl, aws: Stack, token: str) -> None:
    kobo.set_dialect(repeat=token)
    kobo.fail_next("send", "reset", when="after")
    desk.send(to=TWO)
    verdict = desk.again(after=5)
    assert (verdict.outcome, verdict.returns_after) == ("unknown", None)
    assert "may or may not have been sent" in desk.item()["reason"]
    assert len(aws.items()) == 1
    assert len(kobo.messages) == 2


def test_a_sent_again_after_a_lost_answer_is_sent(desk: Desk, kobo: MockControl) -> None:
    kobo.set_dialect(repeat="sent")
    kobo.fail_next("send", "reset", when="after")
    desk.send()
    assert desk.again(after=5).outcome == "sent"
    assert len(kobo.messages) == 1


@pytest.mark.parametrize("name", ["doubt", "in_doubt"])
def test_a_doubt_that_either_release_wrote_down_is_respected(
    desk: Desk, kobo: MockControl, aws: Stack, name: str
) -> None:
    kobo.fail_next("send", "reset", when="after")
    desk.send(to=TWO)
    other = {"doubt": "in_doubt", "in_doubt": "doubt"}[name]
    key = {"id": {"S": "order-1"}, "part": {"S": "0"}}
    aws.dynamodb.update_item(TableName="messages", Key=key, UpdateExpression=f"REMOVE {other}")
    kobo.add_fault(endpoint="send", answer="error_param")
    assert desk.again(after=5).outcome == "unknown"
    assert len(kobo.messages) == 2


def test_a_claim_that_is_held_keeps_others_out(desk: Desk, kobo: MockControl) -> None:
    kobo.fail_next("send", "error_billing")
    desk.send()
    desk.store.claim(part_of(desk), token="another", now=desk.clock.now, until=desk.clock.now + 31)
    verdict = desk.again(after=10)
    assert (verdict.outcome, verdict.returns_after) == ("busy", 22)
    assert len(wire(kobo)) == 1


def test_a_claim_whose_write_took_long_comes_after_what_was_recorded_meanwhile(
    desk: Desk, clients: dict[str, Any]
) -> None:
    """`kobo why` tells what happened in its order."""
    events = clients["watched dynamodb"].meta.events

    def attempt(**_: Any) -> None:
        events.unregister("before-call.dynamodb.UpdateItem", attempt)
        later = desk.clock.now + 5
        claim = desk.store.claim(part_of(desk), token="another", now=later, until=later + 31)
        assert isinstance(claim, Claim)
        retry = Decision("queued", Next.RETRY, attempts=1)
        desk.store.record(claim, retry, now=later + 1, label="unreachable", due=None)
        # The answer to this one's call comes later still.
        desk.clock.now = later + 2

    events.register("before-call.dynamodb.UpdateItem", attempt)
    assert desk.send().outcome == "sent"
    first, last = attempts_of(desk.item()).ended
    assert last.claimed_at == first.at < last.at


def test_a_crash_after_the_call_leads_to_the_identical_call(desk: Desk, kobo: MockControl) -> None:
    desk.client.dies = True
    with pytest.raises(SystemError, match="killed"):
        desk.send(to=TWO)
    desk.client.dies = False
    assert len(kobo.messages) == 2
    # The claim lasts a second longer than the invocation that took it.
    assert desk.again(after=30.9).outcome == "busy"
    assert desk.again(after=0.1).outcome == "sent"
    item = desk.item()
    assert (item["attempts"], item["calls"], item["in_doubt"]) == (2, 2, True)
    assert len(kobo.messages) == 2
    first, second = wire(kobo)
    assert first == second


def test_after_a_crash_an_error_does_not_split(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    desk.client.dies = True
    with pytest.raises(SystemError, match="killed"):
        desk.send(to=TWO)
    desk.client.dies = False
    kobo.set_dialect(repeat="error_param")
    assert desk.again(after=31).outcome == "unknown"
    assert len(aws.items()) == 1


@pytest.mark.parametrize("failed", ["error_credit", "error_billing", None])
def test_a_duplicate_is_not_sent_again(desk: Desk, kobo: MockControl, failed: str | None) -> None:
    if failed:
        kobo.fail_next("send", failed)
    desk.send(to=TWO)
    assert desk.send(to=TWO[::-1]).outcome == ("sent" if failed else "duplicate")
    assert desk.send(to=TWO).outcome == "duplicate"
    assert len(kobo.messages) == 2


def test_a_claim_that_boto3_repeats_is_no_crash(desk: Desk, kobo: MockControl) -> None:
    kobo.fail_next("send", "error_billing")
    desk.send()
    now = desk.clock.now
    first, second = (desk.store.claim(part_of(desk), token="mine", now=now, until=now + 30) for _ in range(2))
    assert isinstance(first, Claim)
    assert first == second
    assert first.known.in_doubt is False


def test_an_outcome_counts_only_under_its_claim(desk: Desk, kobo: MockControl) -> None:
    kobo.fail_next("send", "error_billing")
    desk.send()
    before, now = desk.item(), desk.clock.now
    mine = desk.store.claim(part_of(desk), token="mine", now=now, until=now + 1)
    theirs = desk.store.claim(part_of(desk), token="theirs", now=now + 1, until=now + 31)
    assert isinstance(mine, Claim)
    assert isinstance(theirs, Claim)
    with pytest.raises(LostClaim):
        desk.store.record(mine, Decision("rejected", Next.DONE), now=now, label="x", due=None)
    with pytest.raises(LostClaim):
        desk.store.split(mine, Decision("split", Next.SPLIT), now=now, label="x")
    assert desk.item()["state"] == "sending"
    assert desk.item()["history"] == before["history"]
    desk.store.record(theirs, Decision("rejected", Next.DONE), now=now, label="x", due=None)
    assert desk.item()["state"] == "rejected"


def test_halvings_are_counted_once_each_and_end(desk: Desk, kobo: MockControl) -> None:
    kobo.fail_next("send", "error_param")
    desk.send(to=TWO)
    origin = part_of(desk)
    decision = Decision("split", Next.SPLIT)

    def split(name: str) -> bool:
        claim = desk.store.claim(replace(origin, name=name), token=name, now=5.0, until=35.0)
        assert isinstance(claim, Claim)
        return desk.store.split(claim, decision, now=6.0, label="error_param")

    assert all(split(f"0.{n}") for n in range(30))
    assert not split("0.30")
    assert len(desk.item()["halved"]) == 31
    # One that died between the count and its own outcome has been counted.
    died = desk.store.claim(replace(origin, name="0.31"), token="a", now=5.0, until=35.0)
    assert isinstance(died, Claim)
    assert not desk.store.split(replace(died, part=replace(origin, name="0.32")), decision, now=6.0, label="x")
    with pytest.raises(LostClaim):
        desk.store.split(replace(died, part=replace(origin, name="0.5")), decision, now=6.0, label="x")
