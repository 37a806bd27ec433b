"""A campaign from its file to the phones: queued, paused, stopped, over and counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kobo_cli.reports.campaign import build
from kobo_sms.campaigns import lane_filling, watch
from kobo_sms.campaigns.campaign import Campaign, CampaignState
from kobo_sms.campaigns.files import requests_key
from kobo_sms.campaigns.members import pack
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.campaigns.progress import CampaignProgress
from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

TEXT = f"Your PIN is {PIN}"
NOW = 1_700_000_000.0


class Desk:
    """Whoever hands campaigns over and orders about them."""

    def __init__(self, aws: Stack) -> None:
        self._aws = aws
        self.orders = CampaignOrders(aws.dynamodb, "messages", keep_seconds=30 * 86_400.0)

    def hand_over(self, id_: str, recipients: Sequence[Sequence[str]], *, upload: bool = True) -> Campaign:
        """Hand over a campaign of a request for each list of numbers."""
        bodies = [
            {"id": f"{id_}:{n}", "to": [f"+{number}" for number in to], "msg": TEXT, "campaign": id_}
            for n, to in enumerate(recipients, 1)
        ]
        file = b"".join(pack([json.dumps(body).encode() for body in bodies], 4))
        if upload:
            self._aws.s3.put_object(Bucket="campaigns", Key=requests_key(id_, "d"), Body=file)
        rows = sum(map(len, recipients))
        campaign = Campaign(id_, "d", len(file), len(bodies), rows, NOW, NOW, sender="Kobo")
        assert self.orders.accept(campaign).changed
        return self.read(id_)

    def read(self, id_: str) -> Campaign:
        found = self.orders.read(id_)
        assert found is not None
        return found

    def counts(self, id_: str) -> Counter[str]:
        with ThreadPoolExecutor(1) as pool:
            found = CampaignProgress(self._aws.dynamodb, "messages", pool).count(id_)
        total: Counter[str] = Counter()
        for (state, _), count in found.items():
            total[state] += count
        return total

    def due_now(self, id_: str) -> None:
        """Let the time pass until the campaign is looked at again."""
        self._aws.dynamodb.update_item(
            TableName="messages",
            Key={"id": {"S": "~campaigns"}, "part": {"S": id_}},
            UpdateExpression="SET due_at = :then",
            ExpressionAttributeValues={":then": {"N": "1"}},
        )


@pytest.fixture
def desk(aws: Stack) -> Desk:
    return Desk(aws)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """send_sms asks for a campaign's state each time."""
    monkeypatch.setattr(watch, "FRESH_SECONDS", 0.0)


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"23480301{n:05d}" for n in range(first, first + count)]


def singles(count: int) -> list[list[str]]:
    return [[number] for number in numbers(count)]


def test_a_campaign_from_its_file_to_the_phones(functions: Functions, desk: Desk, kobo: MockControl) -> None:
    kobo.set_clock(delivery_seconds=0)
    desk.hand_over("sale", [*singles(10), numbers(5, 100)])
    assert functions.queue_campaigns() == {"requests": 11, "recipients": 15, "finished": 0}
    assert desk.read("sale").state is CampaignState.SENDING
    functions.deliver_all("Bulk")
    assert Counter(sms["to"] for sms in kobo.messages) == Counter(numbers(10) + numbers(5, 100))
    assert desk.counts("sale") == {"sent": 15}
    functions.poll()
    assert desk.counts("sale") == {"delivered": 15}
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 1
    campaign = desk.read("sale")
    assert campaign.state is CampaignState.DONE
    assert campaign.ended_at is not None
    assert functions.queue_campaigns() == {"requests": 0, "recipients": 0, "finished": 0}


def test_it_is_not_over_while_a_part_waits_or_is_still_on_the_queue(functions: Functions, desk: Desk) -> None:
    desk.hand_over("sale", [["2348030009003"], ["2348030100001"]])
    functions.queue_campaigns()
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 0
    functions.deliver_all("Bulk")
    assert desk.counts("sale") == {"held": 1, "sent": 1}
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 0
    assert desk.read("sale").state is CampaignState.SENDING


def test_what_failed_is_counted_with_its_reason(
    functions: Functions, desk: Desk, aws: Stack, kobo: MockControl
) -> None:
    kobo.set_clock(delivery_seconds=0)
    desk.hand_over("sale", [["2348030009002"], [*numbers(3), "2348030009101"]])
    functions.queue_campaigns()
    functions.deliver_all("Bulk")
    functions.poll()
    with ThreadPoolExecutor(1) as pool:
        progress = CampaignProgress(aws.dynamodb, "messages", pool)
        assert progress.count("sale") == {
            ("rejected", "error_param (KoboMobile found a parameter missing or wrong)"): 1,
            ("delivered", ""): 3,
            ("undelivered", "could not be delivered"): 1,
        }
        assert sorted(progress.parts_with("sale", {"undelivered", "rejected"}.__contains__)) == [
            ("sale:1", "0"),
            ("sale:2", "0"),
        ]


def test_a_prompt_names_the_campaign(functions: Functions, desk: Desk) -> None:
    desk.hand_over("sale", singles(1))
    event = {"detail-type": "campaign", "detail": {"campaign": "sale"}}
    assert functions.queue_campaigns(**event)["requests"] == 1


@pytest.mark.parametrize("named", ["no such campaign", "", None, 7, {"a": 1}])
def test_a_prompt_for_nothing_does_nothing(functions: Functions, named: Any) -> None:
    assert functions.queue_campaigns(detail={"campaign": named}) == {"requests": 0, "recipients": 0, "finished": 0}


def test_several_campaigns_take_turns(functions: Functions, desk: Desk, aws: Stack) -> None:
    """Neither waits until the other is on the queue as a whole."""
    desk.hand_over("a", singles(12))
    desk.hand_over("b", singles(12))
    functions.queue_campaigns()
    calls = [each["Entries"] for each in aws.calls.of("sqs.SendMessageBatch")]
    assert [json.loads(entries[0]["MessageBody"])["campaign"] for entries in calls] == ["a", "b"] * 3
    # SQS's fair queues go by it.
    groups = [
        (entry["MessageGroupId"], json.loads(entry["MessageBody"])["campaign"]) for each in calls for entry in each
    ]
    assert len(groups) == 24
    assert all(group == campaign for group, campaign in groups)


def test_a_paused_campaign_is_held_back_on_the_queue_too(
    functions: Functions, desk: Desk, kobo: MockControl, fresh: None
) -> None:
    desk.hand_over("sale", singles(3))
    functions.queue_campaigns()
    assert desk.orders.pause("sale", now=NOW).changed
    assert len(functions.deliver("Bulk")) == 3
    assert kobo.messages == []
    assert desk.orders.resume("sale", now=NOW).changed
    functions.come_back()
    functions.deliver_all("Bulk")
    assert Counter(sms["to"] for sms in kobo.messages) == Counter(numbers(3))


def test_what_is_on_the_queue_of_a_stopped_campaign_ends_as_cancelled(
    functions: Functions, desk: Desk, kobo: MockControl, aws: Stack
) -> None:
    desk.hand_over("sale", [*singles(2), numbers(4, 50)])
    functions.queue_campaigns()
    assert desk.orders.stop("sale", by="ada", now=NOW).changed
    aws.calls.made.clear()
    assert functions.deliver("Bulk") == []
    assert kobo.messages == []
    assert desk.counts("sale") == {"cancelled": 6}
    assert aws.item("sale:3")["reason"] == "its campaign was stopped before it was sent"
    # One write a part, and a read for the campaign: two threads that ask at the same moment read it both.
    assert len(aws.calls.of("dynamodb.UpdateItem")) == 3
    assert len(aws.calls.of("dynamodb.GetItem")) <= 2


def test_nothing_more_of_a_stopped_campaign_is_queued(functions: Functions, desk: Desk) -> None:
    desk.hand_over("sale", singles(3))
    desk.orders.stop("sale", by="ada", now=NOW)
    assert functions.queue_campaigns()["requests"] == 0


def test_a_part_in_doubt_is_not_asked_again(
    functions: Functions, desk: Desk, kobo: MockControl, aws: Stack, fresh: None
) -> None:
    desk.hand_over("sale", singles(1))
    functions.queue_campaigns()
    kobo.add_fault(endpoint="send", kind="html_503", when="after", times=1)
    functions.deliver("Bulk")
    assert desk.counts("sale") == {"sending": 1}
    desk.orders.stop("sale", by="ada", now=NOW)
    functions.come_back()
    functions.deliver("Bulk")
    assert len(kobo.list_calls(endpoint="send")) == 1
    item = aws.item("sale:1")
    assert item["state"] == "unknown"
    assert "stopped after an attempt whose answer was lost" in item["reason"]
    assert [event["state"] for event in item["history"]] == ["sending", "unknown"]


def test_a_part_that_waits_for_another_attempt_is_cancelled(
    functions: Functions, desk: Desk, kobo: MockControl, aws: Stack, fresh: None
) -> None:
    desk.hand_over("sale", singles(1))
    functions.queue_campaigns()
    kobo.add_fault(endpoint="send", answer="error_billing", times=1)
    functions.deliver("Bulk")
    assert desk.counts("sale") == {"queued": 1}
    desk.orders.stop("sale", by="ada", now=NOW)
    functions.come_back()
    functions.deliver("Bulk")
    assert desk.counts("sale") == {"cancelled": 1}
    assert [event["state"] for event in aws.item("sale:1")["history"]] == ["queued", "cancelled"]


def test_a_file_that_is_gone_puts_its_campaign_off_and_the_others_go_on(
    functions: Functions, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.hand_over("lost", singles(3), upload=False)
    desk.hand_over("sale", singles(3))
    assert functions.queue_campaigns()["requests"] == 3
    campaign = desk.read("lost")
    assert (campaign.state, campaign.put_off) == (CampaignState.SCHEDULED, 1)
    assert campaign.fault == "its file is not in the bucket any more, or cut short (NoSuchKey)"
    assert '"CampaignsPutOff":[1.0]' in capsys.readouterr().out


def test_each_part_of_a_campaign_costs_no_read(functions: Functions, desk: Desk, aws: Stack) -> None:
    desk.hand_over("sale", singles(8))
    functions.queue_campaigns()
    functions.deliver("Bulk", size=1)
    aws.calls.made.clear()
    functions.deliver("Bulk")
    assert aws.calls.writes == 14
    # What is left for a statement of its own is written by UpdateItem: whether anything is depends on the threads.
    assert {name for name, _ in aws.calls.made} <= {"dynamodb.UpdateItem", "dynamodb.BatchExecuteStatement"}


def test_a_part_that_is_halved_is_counted_once(functions: Functions, desk: Desk, aws: Stack) -> None:
    """Its halves belong to the campaign too, and take their turn with its other messages."""
    desk.hand_over("sale", [[*numbers(3), "2348030009002"]])
    functions.queue_campaigns()
    functions.deliver("Bulk", size=1)
    (halves,) = (each for each in aws.calls.of("sqs.SendMessageBatch") if "MessageAttributes" in each["Entries"][0])
    assert {entry["MessageGroupId"] for entry in halves["Entries"]} == {"sale"}
    # They are on the queue: of nobody is it known yet what becomes of him.
    assert desk.counts("sale") == {}
    functions.deliver_all("Bulk")
    assert desk.counts("sale") == {"sent": 3, "rejected": 1}
    desk.orders.stop("sale", by="ada", now=NOW)
    functions.deliver_all("Bulk")
    assert desk.counts("sale") == {"sent": 3, "rejected": 1}


def test_a_request_that_sqs_will_never_take_is_told_and_the_others_go_on(
    functions: Functions, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lane_filling, "MOST_BYTES", 200)
    desk.hand_over("sale", [*singles(2), numbers(20, 50), *singles(1)])
    assert functions.queue_campaigns() == {"requests": 3, "recipients": 3, "finished": 0}
    campaign = desk.read("sale")
    assert (campaign.state, campaign.place.requests, campaign.place.recipients) == (CampaignState.SENDING, 4, 3)
    assert (campaign.refused, campaign.refusals) == (20, {"sale:3": "larger than SQS takes"})
    assert '"Unqueueable":[20.0]' in capsys.readouterr().out
    functions.deliver_all("Bulk")
    report = build(campaign, Counter({("sent", ""): 3}), NOW + 60)
    assert (report["state"], report["counts"]) == ("done", {"sent": 3, "rejected": 20})
    reason = "could not be put on the queue: larger than SQS takes"
    assert report["reasons"] == [{"state": "rejected", "reason": reason, "recipients": 20}]


def put_before(aws: Stack, **fields: Any) -> None:
    """Have a program other than queue_campaign queue a request under an id of the campaign's."""
    body = {"id": "sale:1", "to": [f"+{numbers(1)[0]}"], "msg": TEXT} | fields
    aws.sqs.send_message(QueueUrl=aws.names["BulkQueue"], MessageBody=json.dumps(body))


@pytest.mark.parametrize(
    ("before", "dead", "why"),
    [
        ({"msg": "Other"}, 1, "its id was used before, for other content"),
        ({}, 0, "its id was used before, for the same content, outside of this campaign"),
    ],
    ids=["other content", "same content"],
)
def test_a_request_whose_id_was_used_before_does_not_keep_its_campaign_from_ending(
    functions: Functions, desk: Desk, aws: Stack, kobo: MockControl, before: dict[str, str], dead: int, why: str
) -> None:
    put_before(aws, **before)
    functions.deliver_all("Bulk")
    desk.hand_over("sale", singles(3))
    functions.queue_campaigns()
    functions.deliver_all("Bulk")
    assert Counter(sms["to"] for sms in kobo.messages) == Counter(numbers(3))
    assert len(aws.dead()) == dead
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 1
    with ThreadPoolExecutor(1) as pool:
        progress = CampaignProgress(aws.dynamodb, "messages", pool).count("sale")
    assert progress == {("sent", ""): 2, ("rejected", why): 1}
    assert build(desk.read("sale"), progress, NOW + 60)["counts"] == {"sent": 2, "rejected": 1}


def test_a_request_that_send_sms_cannot_read_does_not_keep_its_campaign_from_ending(
    functions: Functions, desk: Desk, aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, as send_sms may die before the message is deleted."""
    monkeypatch.setattr("kobo_sms.messages.request.MAX_BAD_NUMBERS", 2)
    desk.hand_over("sale", [["1", "2", "3"], *singles(2)])
    functions.queue_campaigns()
    functions.deliver("Bulk")
    body = aws.calls.of("sqs.SendMessageBatch")[0]["Entries"][0]["MessageBody"]
    aws.sqs.send_message(QueueUrl=aws.names["BulkQueue"], MessageBody=body)
    functions.deliver_all("Bulk")
    assert len(aws.dead()) == 2
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 1
    assert desk.counts("sale") == {"sent": 2, "rejected": 3}


def test_a_line_that_is_no_request_of_the_campaign_is_told_and_the_others_go_on(
    functions: Functions, desk: Desk, aws: Stack
) -> None:
    lines = [b"{", b'{"id": "sale:2", "to": ["+2348030100001"], "msg": "Hello", "campaign": "other"}']
    lines.append(json.dumps({"id": "sale:3", "to": ["+2348030100002"], "msg": TEXT, "campaign": "sale"}).encode())
    file = b"".join(pack(lines))
    aws.s3.put_object(Bucket="campaigns", Key=requests_key("sale", "d"), Body=file)
    assert desk.orders.accept(Campaign("sale", "d", len(file), 3, 3, NOW, NOW)).changed
    assert functions.queue_campaigns()["recipients"] == 1
    campaign = desk.read("sale")
    assert campaign.refusals == dict.fromkeys(("sale:1", "sale:2"), "no request of this campaign")
    functions.deliver_all("Bulk")
    assert aws.dead() == []
    desk.due_now("sale")
    assert functions.queue_campaigns()["finished"] == 1
