"""Guarantee 2: every request ends in a final state or in the dead-letter queue with its reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kobo_sms.messages.compact_json import MAX_MESSAGE, size
from kobo_sms.messages.fields import FIELDS
from kobo_sms.messages.request import MAX_BODY
from tests.integration.sending.conftest import REQUEST

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk, Scales

DAY = 86_400
PRIORITY = {"Lane": "priority"}


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"to": 5}, "to: must be text"),
        ({"oops": 1}, "oops: unknown field; known are to, msg"),
        ({"type": 0, "msg": "₦5"}, "type: 0 cannot carry '₦' (U+20A6)"),
        ({"expires_at": "soon"}, "expires_at: must be an ISO 8601 moment"),
        ({"\x00\ud800\uffff": 1}, "???: unknown field"),
    ],
)
def test_an_invalid_request_says_why(desk: Desk, aws: Stack, fields: dict[str, Any], named: str) -> None:
    verdict = desk.send("BulkQueue", **fields)
    assert (verdict.outcome, verdict.returns_after, verdict.dead) == ("invalid", None, True)
    ((body, notes),) = aws.dead()
    assert isinstance(body, dict)
    assert fields.items() <= body.items()
    assert notes["Reason"].startswith(named)
    assert notes["Lane"] == "bulk"
    assert aws.items() == []
    # What is logged names the field alone: the advice may quote the text.
    field = next(iter(fields))
    assert verdict.reason == f"at fault: {field if field in FIELDS else 'another field'}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KoboQueuedAt", "yesterday"),
        ("KoboQueuedAt", "nan"),
        ("KoboQueuedAt", "1e400"),
        ("KoboPart", "0." + "1" * 2000),
        ("KoboOrigin", "0.7"),
        ("KoboPart", None),
    ],
)
def test_an_attribute_that_is_not_ours_is_dead_at_once(
    desk: Desk, aws: Stack, kobo: MockControl, name: str, value: str | None
) -> None:
    verdict = desk.send(attributes={name: value})
    assert (verdict.outcome, verdict.returns_after, verdict.reason) == ("invalid", None, f"at fault: {name}")
    ((body, notes),) = aws.dead()
    assert isinstance(body, dict)
    assert body["id"] == "order-1"
    assert notes["Reason"].startswith(f"{name}: no ")
    assert (aws.items(), kobo.messages) == ([], [])


def test_what_is_to_come_from_the_future_is_given_up_in_time(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_credit")
    desk.send(attributes={"KoboQueuedAt": "99999999999"})
    assert desk.again(after=13 * DAY).outcome == "failed"
    assert [notes["Reason"] for _, notes in aws.dead()] == ["waited 13 days in the queue"]


@pytest.mark.parametrize("spare", [0, 30, 200, 3000])
def test_a_body_as_large_as_sqs_takes_is_dead_at_once(desk: Desk, aws: Stack, scales: Scales, spare: int) -> None:
    assert scales.most == MAX_MESSAGE
    padding = MAX_MESSAGE - spare - size(json.dumps(REQUEST | {"reference": ""}))
    assert desk.send(reference="x" * padding).dead
    ((body, notes),) = aws.dead()
    assert isinstance(body, dict)
    assert body["id"] == "order-1"
    assert ("Reason" in notes) == (spare >= 200)
    if "Reason" in notes:
        assert notes["Reason"].startswith("body: has 1,04")


def test_a_queue_that_takes_less_than_sqs_gets_the_body_alone(desk: Desk, aws: Stack, scales: Scales) -> None:
    scales.most = size(json.dumps(REQUEST | {"oops": 1}))
    assert desk.send(oops=1).dead
    assert [notes for _, notes in aws.dead()] == [{}]


@pytest.mark.parametrize("id_", ["order-1", None])
def test_a_large_request_that_waits_for_long_is_put_back_whole(
    desk: Desk, aws: Stack, kobo: MockControl, scales: Scales, id_: str | None
) -> None:
    kobo.add_fault(endpoint="send", answer="error_credit")
    many = ["+2348030100001", *(["x₦"] * 100_000)]
    fields = {name: value for name, value in (REQUEST | {"to": many}).items() if name != "id" or id_}
    body = json.dumps(fields, ensure_ascii=False)
    body += " " * (MAX_BODY - size(body))
    aws.sqs.send_message(QueueUrl=aws.names["PriorityQueue"], MessageBody=body)
    assert desk.take().outcome == "held"
    assert desk.again(receives=900).returns_after is None
    kobo.clear_faults()
    assert desk.take().outcome == "sent"
    assert scales.most == MAX_MESSAGE


def test_an_error_of_sqs_loses_nothing(desk: Desk, aws: Stack) -> None:
    aws.sqs.delete_queue(QueueUrl=aws.names["DeadLetterQueue"])
    with pytest.raises(ClientError):
        desk.send(oops=1)


def test_an_id_used_before_for_other_content(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    desk.send()
    verdict = desk.send(msg="Other 4711-2288")
    assert (verdict.outcome, verdict.returns_after) == ("invalid", None)
    ((body, notes),) = aws.dead()
    assert isinstance(body, dict)
    assert body["msg"] == "Other 4711-2288"
    reason = "id: used before for other content; choose another id"
    assert notes == {"Reason": reason, "RequestId": "order-1"} | PRIORITY
    assert len(kobo.messages) == 1
    assert desk.item()["state"] == "sent"


def test_the_last_attempt_is_dead_lettered_with_all_that_is_known(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_billing")
    waits = [desk.send().returns_after, desk.again(after=5).returns_after, desk.again(after=10).returns_after]
    assert waits == [5, 10, None]
    ((body, notes),) = aws.dead()
    assert isinstance(body, dict)
    assert body["id"] == "order-1"
    reason = "given up after 3 attempts: error_billing (KoboMobile could not debit the account)"
    assert notes == PRIORITY | {
        "Reason": reason,
        "RequestId": "order-1",
        "Attempts": "3",
        "LastAnswer": "error_billing",
        "KoboPart": "0",
        "KoboOrigin": "0",
        "KoboQueuedAt": "1800000000.000",
    }
    assert (desk.item()["state"], desk.item()["reason"]) == ("failed", reason)


def test_a_dead_sensitive_request_is_without_its_text(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_gw")
    desk.send(sensitive=True)
    desk.again()
    assert desk.again().outcome == "failed"
    assert "4711" not in repr(aws.dead()) + repr(aws.items())


@pytest.mark.parametrize("token", ["error_credit", "error_user"])
def test_waiting_uses_up_no_attempts(desk: Desk, kobo: MockControl, token: str) -> None:
    kobo.add_fault(endpoint="send", answer=token)
    desk.send()
    for _ in range(10):
        verdict = desk.again(after=900)
    assert (verdict.outcome, verdict.returns_after, verdict.attempts) == ("held", 900, 0)
    kobo.clear_faults()
    assert desk.again(after=900).outcome == "sent"
    assert desk.item()["attempts"] == 1


@pytest.mark.parametrize(("in_doubt", "state"), [(False, "lapsed"), (True, "unknown")])
def test_expires_at(desk: Desk, aws: Stack, kobo: MockControl, in_doubt: bool, state: str) -> None:
    kobo.fail_next("send", "reset" if in_doubt else "error_gw")
    assert desk.send(expires_at=at(desk.clock.now + 60)).returns_after == 5
    verdict = desk.again(after=60)
    assert (verdict.outcome, verdict.returns_after) == (state, None)
    assert desk.item()["state"] == state
    assert kobo.messages == []
    assert aws.dead() == []


def test_expired_when_it_comes(desk: Desk, kobo: MockControl) -> None:
    assert desk.send(expires_at=at(desk.clock.now - 1)).outcome == "lapsed"
    assert kobo.list_calls(endpoint="send") == []


def test_13_days(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_credit")
    desk.send()
    assert desk.again(after=13 * DAY - 1).outcome == "held"
    verdict = desk.again(after=1)
    assert (verdict.outcome, verdict.dead) == ("failed", True)
    ((_, notes),) = aws.dead()
    assert notes["Reason"] == "waited 13 days in the queue"


def test_29_days_after_the_first_attempt(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    kobo.fail_next("send", "reset", when="after")
    desk.send()
    desk.clock.now += 29 * DAY
    assert desk.send().outcome == "unknown"
    assert len(kobo.messages) == 1
    ((_, notes),) = aws.dead()
    assert "29 days" in notes["Reason"]


def test_rotated_credentials_are_fetched_and_the_call_repeated_once(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    desk.send()
    kobo.set_account(password="rotated-8")
    aws.set_login(password="rotated-8")
    assert desk.send(id="order-2").outcome == "sent"
    assert [call["outcome"] for call in kobo.list_calls(endpoint="send")] == ["executed", "refused", "executed"]
    assert len(aws.calls.of("secretsmanager.GetSecretValue")) == 2
    assert desk.send(id="order-3").outcome == "sent"
    assert len(aws.calls.of("secretsmanager.GetSecretValue")) == 2


def test_wrong_credentials_are_tried_once_more_and_no_oftener(desk: Desk, kobo: MockControl) -> None:
    kobo.set_account(password="rotated-8")
    assert desk.send().outcome == "held"
    assert len(kobo.list_calls(endpoint="send")) == 2


def refused_logins(aws: Stack) -> int:
    """Return how many calls check_credit is told of for which the credentials were at fault."""
    (item,) = (each for each in aws.everything() if each["id"] == "~valve")
    return sum(int(count) for name, count in item.items() if name.endswith(" credentials"))


@pytest.mark.parametrize("secret", ["{}", "no JSON", "[1]"])
def test_an_unusable_secret_is_no_attempt(desk: Desk, aws: Stack, kobo: MockControl, secret: str) -> None:
    aws.set_secret(secret)
    verdict = desk.send()
    assert (verdict.outcome, verdict.symptom) == ("held back", "credentials")
    assert verdict.returns_after is not None
    assert aws.items() == []
    assert refused_logins(aws) == 1
    aws.set_login()
    assert desk.again().outcome == "sent"
    kobo.set_account(password="rotated-8")
    aws.set_secret(secret)
    assert desk.send(id="order-2").outcome == "held"
    assert (aws.item("order-2")["attempts"], aws.item("order-2")["in_doubt"]) == (0, False)


def test_a_missing_secret_is_no_attempt(desk: Desk, aws: Stack) -> None:
    aws.secrets.delete_secret(SecretId=aws.names["Credentials"], ForceDeleteWithoutRecovery=True)
    assert desk.send().outcome == "held back"
    assert aws.items() == []
    assert refused_logins(aws) == 1


def test_without_a_secret_what_is_too_old_is_still_given_up(desk: Desk, aws: Stack) -> None:
    aws.secrets.delete_secret(SecretId=aws.names["Credentials"], ForceDeleteWithoutRecovery=True)
    desk.send()
    assert desk.again(after=13 * 86_400).outcome == "failed"
    assert [notes["Reason"] for _, notes in aws.dead()] == ["waited 13 days in the queue"]


@pytest.mark.parametrize(
    ("pair_set", "states", "surplus"), [("one_missing", ["unknown", None], 0), ("one_extra", [None, None], 1)]
)
def test_missing_and_surplus_ids(
    desk: Desk, kobo: MockControl, pair_set: str, states: list[str | None], surplus: int
) -> None:
    kobo.set_dialect(pair_set=pair_set)
    verdict = desk.send(to=["2348030100001", "2348030100002"])
    assert (verdict.outcome, verdict.surplus) == ("sent", surplus)
    recipients = desk.item()["recipients"]
    assert [recipients[number].get("state") for number in sorted(recipients)] == states


def test_an_error_in_an_ids_place(desk: Desk, kobo: MockControl) -> None:
    kobo.fail_next("send", "2348030100001,error_number~2348030100002,abc")
    assert desk.send(to=["2348030100001", "2348030100002"]).outcome == "sent"
    recipients = desk.item()["recipients"]
    assert recipients["2348030100001"]["state"] == "rejected"
    assert recipients["2348030100002"] == {"msgid": "abc"}
