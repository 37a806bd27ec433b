"""Requests that come again after what is known of numbers has changed, or another release has had them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.composition import settings
from kobo_sms.messages import numbers
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.store import Store
from tests.integration.template import Template

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk

DAY = 86_400
MANY = [f"+23480301{at:05d}" for at in range(501)]


def waiting(aws: Stack) -> bool:
    url = aws.names["PriorityQueue"]
    attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes["ApproximateNumberOfMessages"] != "0"


def send(desk: Desk, aws: Stack, **fields: Any) -> list[str]:
    """Queue a request and process it with all that comes of it; return the outcomes."""
    found = [desk.send(**fields)]
    while waiting(aws):
        found.append(desk.take())
    return [result.outcome for result in found]


def learn(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """Have libphonenumber know that a number is none."""
    usual = numbers.normalise

    def normalise(raw: str, region: str) -> str:
        if raw.endswith(bad):
            raise numbers.InvalidNumber("a pager cannot receive an SMS")
        return usual(raw, region)

    monkeypatch.setattr(numbers, "normalise", normalise)


def test_two_stacks_on_one_account_do_not_swallow_each_others_texts(
    desk: Desk, aws: Stack, kobo: MockControl, environment: dict[str, str]
) -> None:
    desk.send()
    names = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    table = {name: Template({}, {}).properties("Messages")[name] for name in names}
    aws.dynamodb.create_table(TableName="staging", **table)
    kept, identity = settings.read_store(environment), settings.read_identity(environment)
    keys = Fingerprints(identity.fingerprint_key)
    desk.sender._store = Store(
        aws.dynamodb,
        "staging",
        PartItems(
            keep_seconds=kept.keep_seconds,
            fingerprints=keys,
            default_sender=kept.default_sender,
            namespace=f"{identity.namespace}-staging",
        ),
    )
    assert desk.send().outcome == "sent"
    assert [sms["to"] for sms in kobo.messages] == ["2348030100001"] * 2


def test_an_update_of_libphonenumber_sends_nobody_a_second_sms(
    desk: Desk, aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All numbers move up by one place, so the last of the first part and the first of the next are others."""
    assert send(desk, aws, to=MANY) == ["split", "sent", "sent"]
    learn(monkeypatch, "0100000")
    assert send(desk, aws, to=MANY) == ["duplicate"] * 3
    assert Counter(sms["to"] for sms in kobo.messages) == Counter(number[1:] for number in MANY)
    assert aws.dead() == []


def test_nor_to_anybody_of_a_part_that_was_halved(
    desk: Desk, aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [*MANY[:4], "+2348030009002"]
    send(desk, aws, to=few)
    learn(monkeypatch, "0100000")
    assert set(send(desk, aws, to=few)) == {"duplicate"}
    assert Counter(sms["to"] for sms in kobo.messages) == Counter(number[1:] for number in MANY[:4])


def test_a_retry_is_the_same_call_after_it(
    desk: Desk, aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    kobo.fail_next("send", "reset", when="after")
    assert desk.send(to=MANY[:3]).outcome == "sending"
    learn(monkeypatch, "0100001")
    assert desk.again(after=60).outcome == "sent"
    first, second = (call["parameters"] for call in kobo.list_calls(endpoint="send"))
    assert first == second
    assert {to: known.get("msgid") for to, known in desk.item()["recipients"].items()} == {
        sms["to"]: sms["msgid"] for sms in kobo.messages
    }


def test_what_only_another_release_knows_waits_for_it_and_is_not_lost(
    desk: Desk, aws: Stack, kobo: MockControl
) -> None:
    kobo.fail_next("send", "error_billing")
    desk.send()
    key: Any = {"id": {"S": "order-1"}, "part": {"S": "0"}}
    reserved = {"UpdateExpression": "SET #s = :s", "ExpressionAttributeNames": {"#s": "state"}}
    values: Any = {":s": {"S": "reserved"}}
    aws.dynamodb.update_item(TableName="messages", Key=key, ExpressionAttributeValues=values, **reserved)  # type: ignore[arg-type]
    result = desk.again(after=60)
    assert (result.outcome, result.returns_after) == ("busy", 300)
    assert "reserved, which only another release" in result.reason
    assert desk.again(after=13 * DAY).dead
    ((_, notes),) = aws.dead()
    assert (notes["RequestId"], "reserved" in notes["Reason"]) == ("order-1", True)
    assert desk.item()["state"] == "reserved"
    assert kobo.messages == []
