"""Promotional requests are not sent to who opted out; a retry in doubt is the identical call all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kobo_sms.aws.dynamodb import encode
from kobo_sms.errors import OptOutsUnknown
from kobo_sms.optouts.entries import key_of, optout_entries

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk

MANY = [f"23480301{n:05d}" for n in range(500)]
FEW = MANY[:4]
REASON = "opted out"


def opt_out(aws: Stack, *numbers: str) -> None:
    for entry in optout_entries(numbers, by="ada", now=1.0):
        aws.dynamodb.put_item(TableName="messages", Item=encode(entry))


def opt_in(aws: Stack, *numbers: str) -> None:
    for number in numbers:
        aws.dynamodb.delete_item(TableName="messages", Key=encode(key_of(number)))


def calls(kobo: MockControl) -> list[set[str]]:
    """Return whom each call of send/ was for."""
    return [set(call["parameters"]["to"].split(",")) for call in kobo.list_calls(endpoint="send")]


def left_out(desk: Desk, part: str = "0") -> set[str]:
    recipients = desk.item(part)["recipients"]
    return {to for to, each in recipients.items() if each.get("reason") == REASON and each["state"] == "rejected"}


def test_of_500_numbers_exactly_the_others_are_sent_to(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    gone = {*MANY[::7], "2348030999999"}
    opt_out(aws, *gone)
    result = desk.send(to=MANY, promotional=True)
    assert (result.outcome, result.recipients, result.opted_out) == ("sent", 428, 72)
    assert calls(kobo) == [set(MANY) - gone]
    assert {sms["to"] for sms in kobo.messages} == set(MANY) - gone
    assert left_out(desk) == set(MANY[::7])
    item = desk.item()
    assert item["state"] == "sent"
    assert all("msgid" in each for to, each in item["recipients"].items() if to not in gone)
    assert item.keys().isdisjoint({"opted_out", "lease"})


def test_other_requests_ask_nobody_and_leave_nobody_out(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    opt_out(aws, *FEW)
    desk.send(to=FEW)
    assert calls(kobo) == [set(FEW)]
    assert aws.calls.of("dynamodb.BatchGetItem") == []


def test_where_all_opted_out_nobody_is_called(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    opt_out(aws, *FEW)
    result = desk.send(to=FEW, promotional=True)
    assert (result.outcome, result.returns_after) == ("rejected", None)
    assert calls(kobo) == []
    assert left_out(desk) == set(FEW)
    assert desk.item()["state"] == "rejected"


def test_bad_numbers_and_opted_out_ones_stand_side_by_side(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    opt_out(aws, FEW[0])
    desk.send(to=[*FEW[:2], "call me"], promotional=True)
    recipients = desk.item()["recipients"]
    assert {to: each.get("state") for to, each in recipients.items()} == {
        FEW[0]: "rejected", FEW[1]: None, "call me": "rejected",
    }  # fmt: skip
    assert calls(kobo) == [{FEW[1]}]


@pytest.mark.parametrize("kind", ["reset", "html_503", "empty"])
def test_a_retry_in_doubt_is_the_identical_call(desk: Desk, kobo: MockControl, aws: Stack, kind: str) -> None:
    opt_out(aws, FEW[0])
    kobo.fail_next("send", kind, when="after")
    desk.send(to=FEW, promotional=True)
    # One more opts out, one opts in again: neither changes what may have been executed.
    opt_out(aws, FEW[1])
    opt_in(aws, FEW[0])
    assert desk.again(after=5).outcome == "sent"
    first, second = (call["parameters"] for call in kobo.list_calls(endpoint="send"))
    assert first == second
    assert len(kobo.messages) == 3
    assert left_out(desk) == {FEW[0]}


def test_a_call_that_died_is_repeated_identically(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    kobo.fail_next("send", "error_billing")
    desk.send(to=FEW, promotional=True)
    # Nobody was sent to yet: the second attempt leaves her out, and dies.
    opt_out(aws, FEW[0])
    desk.client.dies = True
    with pytest.raises(SystemError):
        desk.again(after=5)
    desk.client.dies = False
    opt_out(aws, FEW[1])
    assert desk.again(after=40).outcome == "sent"
    assert calls(kobo) == [set(FEW), set(FEW[1:]), set(FEW[1:])]
    assert left_out(desk) == {FEW[0]}
    assert len(kobo.messages) == 3


@pytest.mark.parametrize("answer", ["error_billing", "error_credit", "error_gw"])
def test_who_opts_out_while_a_part_waits_is_left_out(desk: Desk, kobo: MockControl, aws: Stack, answer: str) -> None:
    kobo.fail_next("send", answer)
    desk.send(to=FEW, promotional=True)
    opt_out(aws, FEW[2])
    assert desk.again(after=900).outcome == "sent"
    assert calls(kobo) == [set(FEW), {FEW[0], FEW[1], FEW[3]}]
    assert left_out(desk) == {FEW[2]}


def test_who_was_told_to_be_rejected_stays_so(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    opt_out(aws, FEW[0])
    kobo.fail_next("send", "error_billing")
    desk.send(to=FEW, promotional=True)
    assert left_out(desk) == {FEW[0]}
    opt_in(aws, FEW[0])
    desk.again(after=900)
    assert calls(kobo)[1] == set(FEW[1:])
    assert left_out(desk) == {FEW[0]}


def test_halves_are_those_of_the_rest(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    opt_out(aws, FEW[0])
    kobo.fail_next("send", "error_param")
    result = desk.send(to=FEW, promotional=True)
    assert result.outcome == "split"
    message = desk.message
    # Delivered once more after it was split: the same halves, whoever opted out or in since.
    opt_in(aws, FEW[0])
    opt_out(aws, FEW[3])
    desk.message = message
    assert desk.again().outcome == "duplicate"
    found = [desk.take() for _ in range(4)]
    assert sorted(each.outcome for each in found) == ["duplicate", "duplicate", "rejected", "sent"]
    assert calls(kobo) == [set(FEW[1:]), set(FEW[1:3])]
    assert (left_out(desk), left_out(desk, "0.1")) == ({FEW[0]}, {FEW[3]})
    listed = [to for item in aws.items() for to, each in item["recipients"].items() if item["state"] != "split" or each]
    assert sorted(listed) == FEW


def test_a_request_of_more_than_500_numbers_is_looked_up_part_by_part(
    desk: Desk, kobo: MockControl, aws: Stack
) -> None:
    more = [*MANY, "2348030200001", "2348030200002"]
    opt_out(aws, MANY[3], more[-1])
    assert desk.send(to=more, promotional=True).outcome == "split"
    assert aws.calls.of("dynamodb.BatchGetItem") == []
    desk.take()
    desk.take()
    assert {sms["to"] for sms in kobo.messages} == set(more) - {MANY[3], more[-1]}


def test_the_same_content_under_the_same_id_is_the_same_whoever_opts_out(
    desk: Desk, kobo: MockControl, aws: Stack
) -> None:
    desk.send(to=FEW, promotional=True)
    opt_out(aws, FEW[0])
    assert desk.send(to=FEW[::-1], promotional=True).outcome == "duplicate"
    assert desk.send(to=FEW[:2], promotional=True).outcome == "invalid"
    assert len(calls(kobo)) == 1


def test_what_is_too_old_needs_no_look_up(desk: Desk, kobo: MockControl, aws: Stack) -> None:
    desk.send(to=FEW, promotional=True, expires_at="2020-01-01T00:00:00Z")
    assert desk.item()["state"] == "lapsed"
    assert calls(kobo) == []
    assert aws.calls.of("dynamodb.BatchGetItem") == []


def refuse_look_ups(desk: Desk, answer: Any) -> None:
    """Have DynamoDB answer each look-up with `answer`, or raise it."""
    client: Any = desk.sender._admission._optouts._client

    def batch_get_item(**_: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    optouts: Any = desk.sender._admission._optouts
    optouts._client = SimpleNamespace(batch_get_item=batch_get_item, real=client)
    optouts._pause = lambda _: None


def heal_look_ups(desk: Desk) -> None:
    optouts: Any = desk.sender._admission._optouts
    optouts._client = optouts._client.real


THROTTLED = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "BatchGetItem")
UNREAD = {"Responses": {}, "UnprocessedKeys": {"messages": {"Keys": [encode(key_of(to)) for to in FEW]}}}


@pytest.mark.parametrize(("answer", "error"), [(THROTTLED, ClientError), (UNREAD, OptOutsUnknown)])
def test_where_nobody_can_tell_nothing_is_sent_and_the_record_comes_back(
    desk: Desk, kobo: MockControl, aws: Stack, answer: Any, error: type[Exception]
) -> None:
    opt_out(aws, FEW[0])
    refuse_look_ups(desk, answer)
    with pytest.raises(error):
        desk.send(to=FEW, promotional=True)
    assert calls(kobo) == []
    assert aws.items() == []
    heal_look_ups(desk)
    assert desk.again().outcome == "sent"
    assert calls(kobo) == [set(FEW[1:])]
