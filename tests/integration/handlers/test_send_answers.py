from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

TEXT = f"Your PIN is {PIN}"


def test_a_request_is_sent(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": ["0803 010 0001", "+2348030100002"], "msg": TEXT, "id": "order-1", "reference": "r"})
    assert functions.deliver() == []
    assert [(sms["to"], sms["msg"], sms["from"]) for sms in kobo.messages] == [
        ("2348030100001", TEXT, "KoboSMS"),
        ("2348030100002", TEXT, "KoboSMS"),
    ]
    item = aws.item("order-1")
    assert (item["state"], item["attempts"], item["last_answer"]) == ("sent", 1, "ids")
    assert {number: each["msgid"] for number, each in item["recipients"].items()} == {
        sms["to"]: sms["msgid"] for sms in kobo.messages
    }
    assert (item["reference"], item["text"], item["pages"], item["type"], item["from"]) == ("r", TEXT, 1, 0, "KoboSMS")
    assert {"due_shard", "due_at", "sent_at"} <= item.keys()
    assert "lease" not in item
    assert aws.dead() == []


@pytest.mark.parametrize("lane", ["Priority", "Bulk"])
def test_a_request_without_an_id_has_that_of_its_message(functions: Functions, aws: Stack, lane: str) -> None:
    (message_id,) = functions.put({"to": "+2348030100001", "msg": TEXT}, lane=lane)
    functions.deliver(lane)
    assert aws.item(message_id)["state"] == "sent"


@pytest.mark.parametrize(
    ("to", "state", "attempts", "stays", "answer"),
    [
        ("2348030100001", "sent", 1, False, "ids"),
        ("2348030009002", "rejected", 1, False, "error_param"),
        ("2348030009003", "held", 0, True, "error_credit"),
        ("2348030009004", "queued", 1, True, "error_billing"),
        ("2348030009005", "queued", 1, True, "error_gw"),
        ("2348030009006", "held", 0, True, "error_user"),
        ("2348030009007", "rejected", 1, False, "error_limit"),
    ],
)
def test_each_documented_answer(
    functions: Functions, aws: Stack, to: str, state: str, attempts: int, stays: bool, answer: str
) -> None:
    (message_id,) = functions.put({"to": to, "msg": TEXT, "id": "order-1"})
    assert functions.deliver() == ([message_id] if stays else [])
    item = aws.item("order-1")
    assert (item["state"], item["attempts"], item["last_answer"]) == (state, attempts, answer)
    assert [event["answer"] for event in item["history"]] == [answer]
    waits = [call["VisibilityTimeout"] for call in aws.calls.of("sqs.ChangeMessageVisibility")]
    assert len(waits) == stays
    assert all(1 <= wait <= 5 for wait in waits)
    assert functions.waiting() == 0
    assert aws.dead() == []


def test_a_batch_with_poison(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    good = {"to": "+2348030100001", "msg": TEXT, "id": "good"}
    no_credit = {"to": "2348030009003", "msg": TEXT, "id": "no_credit"}
    slow = {"to": "2348030009005", "msg": TEXT, "id": "slow"}
    *_, poor_id, slow_id = functions.put(good, "{not json", {"to": "+2348030100002"}, no_credit, slow)
    assert sorted(functions.deliver()) == sorted([poor_id, slow_id])
    assert [sms["to"] for sms in kobo.messages] == ["2348030100001"]
    dead = sorted(notes["Reason"] for _, notes in aws.dead())
    assert dead == ["body: not JSON (JSONDecodeError)", "msg: required: the text"]
    assert len(aws.calls.of("sqs.ChangeMessageVisibility")) == 2


def test_a_message_of_an_unknown_queue_stays_and_its_neighbours_do_not_mind(
    functions: Functions, aws: Stack, kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    aws.names["OtherQueue"] = aws.sqs.create_queue(QueueName="other")["QueueUrl"]
    (other,) = functions.put({"to": "+2348030100001", "msg": TEXT}, lane="Other")
    assert functions.deliver("Other") == [other]
    printed = output.readouterr().out
    assert '"error":"ConfigurationError"' in printed
    assert PIN not in printed
    assert kobo.messages == []


def test_when_there_is_no_time_left_the_message_comes_back_at_once(functions: Functions, aws: Stack) -> None:
    functions.put({"to": "+2348030100001", "msg": TEXT, "id": "order-1"})
    functions.remaining = 9.9
    assert len(functions.deliver()) == 1
    assert [call["VisibilityTimeout"] for call in aws.calls.of("sqs.ChangeMessageVisibility")] == [0]
    assert aws.items() == []
    functions.remaining = 10.5
    functions.deliver()
    assert aws.item("order-1")["state"] == "sent"


def test_a_sensitive_text_is_kept_nowhere(functions: Functions, aws: Stack, output: pytest.CaptureFixture[str]) -> None:
    request = {"to": "+2348030100001", "msg": TEXT, "sensitive": True}
    functions.put(request | {"id": "sent"}, request | {"id": "bad", "oops": TEXT}, request | {"id": "x", "type": 9})
    functions.deliver()
    assert aws.item("sent")["state"] == "sent"
    dead = aws.dead()
    assert len(dead) == 2
    assert PIN not in repr(aws.items()) + repr(dead) + output.readouterr().out


def test_with_store_text_off_no_text_is_kept(deploy: type[Functions], aws: Stack) -> None:
    functions = deploy(StoreText="false")  # type: ignore[call-arg]
    functions.put({"to": "+2348030100001", "msg": TEXT, "id": "a"}, {"to": "2348030009004", "msg": TEXT, "id": "b"})
    functions.deliver()
    assert len(aws.items()) == 2
    assert PIN not in repr(aws.items())


def test_what_is_logged(functions: Functions, output: pytest.CaptureFixture[str]) -> None:
    requests = [{"to": f"234803000900{n}", "msg": TEXT, "id": f"order-{n}"} for n in range(2, 8)]
    functions.put({"to": ["+2348030100001", "0201 270 0001"], "msg": TEXT, "id": "order-1"}, *requests)
    functions.deliver()
    printed = output.readouterr().out
    for n in range(1, 8):
        assert f'"request_id":"order-{n}"' in printed
    for number in ("2348030100001", "8030009", "2012700001", PIN):
        assert number not in printed.replace(" ", "")
