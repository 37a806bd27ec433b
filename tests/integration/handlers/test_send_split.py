from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kobo_sms.messages.packing import unpack_numbers
from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

TEXT = f"Your PIN is {PIN}"


def numbers(count: int) -> list[str]:
    return [f"23480301{n:05d}" for n in range(count)]


def sends(kobo: MockControl) -> int:
    return len(kobo.list_calls(endpoint="send"))


def test_1001_numbers_each_get_it_once(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    request = {"to": [*numbers(1001), "0201 270 0001"], "msg": TEXT, "id": "campaign", "from": "Shop"}
    functions.put(request, lane="Bulk")
    functions.deliver("Bulk")
    assert sends(kobo) == 0
    functions.deliver_all("Bulk")
    assert sorted(sms["to"] for sms in kobo.messages) == numbers(1001)
    assert {sms["from"] for sms in kobo.messages} == {"Shop"}
    assert sends(kobo) == 3
    root = aws.item("campaign")
    assert root["state"] == "split"
    assert unpack_numbers(root["numbers"]) == numbers(1001)
    assert list(root["recipients"]) == ["0201 270 0001"]
    sizes = {item["part"]: len(item["recipients"]) for item in aws.items()}
    assert sizes == {"0": 1, "0.0": 500, "0.1": 500, "0.2": 1}
    assert functions.waiting("Priority") == 0


def test_a_large_request_queued_twice_is_sent_once(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    request = {"to": numbers(501), "msg": TEXT, "id": "campaign"}
    functions.put(request, request | {"to": numbers(501)[::-1]})
    # One after the other: moto's updates are not atomic, as DynamoDB's are.
    functions.deliver_all(size=1)
    assert len(kobo.messages) == 501
    assert aws.dead() == []


def test_a_large_request_with_an_id_used_before(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": numbers(1), "msg": TEXT, "id": "campaign"})
    functions.deliver_all()
    functions.put({"to": numbers(501), "msg": TEXT, "id": "campaign"})
    functions.deliver_all()
    assert len(kobo.messages) == 1
    ((_, notes),) = aws.dead()
    assert notes["Reason"].startswith("id: used before for other content")


@pytest.mark.parametrize(
    ("token", "bad"),
    [("error_param", "2348030100000"), ("error_limit", "2348030100137"), ("error_number", "2348030100299")],
)
def test_halving_finds_the_one_bad_number(
    functions: Functions, aws: Stack, kobo: MockControl, token: str, bad: str
) -> None:
    kobo.add_fault(endpoint="send", answer=token, to=bad)
    functions.put({"to": numbers(300), "msg": TEXT, "id": "order-1"})
    functions.deliver_all()
    assert sorted(sms["to"] for sms in kobo.messages) == sorted(set(numbers(300)) - {bad})
    assert sends(kobo) <= 1 + 2 * 9
    (rejected,) = [item for item in aws.items() if item["state"] == "rejected"]
    assert list(rejected["recipients"]) == [bad]
    assert {item["state"] for item in aws.items()} == {"split", "sent", "rejected"}
    assert aws.dead() == []


def test_when_all_are_refused_halving_ends(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_param")
    functions.put({"to": numbers(100), "msg": TEXT, "id": "order-1"})
    functions.deliver_all()
    assert 60 <= sends(kobo) <= 64
    ended = [item for item in aws.items() if item["state"] != "split"]
    assert {item["state"] for item in ended} == {"rejected"}
    assert sorted(number for item in ended for number in item["recipients"]) == numbers(100)
    assert any("still so after 64 calls" in item["reason"] for item in ended)
    assert kobo.messages == []


def test_each_chunk_of_a_large_request_has_its_own_calls(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    to = [*numbers(499), "2348030009002", *numbers(999)[499:]]
    functions.put({"to": to, "msg": TEXT, "id": "order-1"})
    functions.deliver_all()
    assert len(kobo.messages) == 999
    assert "halved" in aws.item("order-1", "0.0")
    assert "halved" not in aws.item("order-1", "0.1")
    assert aws.item("order-1", "0.1")["state"] == "sent"


def test_a_split_that_died_before_it_queued_its_parts_is_made_up_for(
    functions: Functions, aws: Stack, kobo: MockControl
) -> None:
    request = {"to": ["2348030100001", "2348030009002"], "msg": TEXT, "id": "order-1"}
    functions.put(request)
    functions.deliver()
    aws.sqs.purge_queue(QueueUrl=aws.names["PriorityQueue"])
    functions.put(request)
    functions.deliver_all()
    assert [sms["to"] for sms in kobo.messages] == ["2348030100001"]
    assert aws.item("order-1", "0.0")["state"] == "rejected"


def test_texts_that_sqs_would_refuse_reach_the_parts(functions: Functions, kobo: MockControl) -> None:
    text = f"{PIN} \uffff \x01 \U0001f600"
    functions.put(json.dumps({"to": numbers(501), "msg": text, "id": "order-1"}))
    functions.deliver_all()
    assert {sms["msg"] for sms in kobo.messages} == {text}
    assert len(kobo.messages) == 501


def test_bad_numbers_among_good_ones(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": ["0803 010 0001", "", "x", "\ud800", "0201 270 0001"], "msg": TEXT, "id": "order-1"})
    functions.put({"to": ["x"], "msg": TEXT, "id": "order-2"})
    functions.deliver_all()
    assert [sms["to"] for sms in kobo.messages] == ["2348030100001"]
    recipients = aws.item("order-1")["recipients"]
    states = {name: each.get("state") for name, each in recipients.items()}
    assert states == dict.fromkeys(["(empty)", "x", "?", "0201 270 0001"], "rejected") | {"2348030100001": None}
    assert recipients["0201 270 0001"]["reason"] == "a fixed line cannot receive an SMS"
    assert aws.item("order-2")["state"] == "rejected"
    assert aws.dead() == []
