"""The demo's check finds what is off, whichever side is wrong."""

from decimal import Decimal
from typing import Any

import pytest

from kobo_cli.demo.check import disagreements, unexpected

A, B = "2348030100001", "2348030100002"


def status(**state: str) -> dict[str, Any]:
    recipients = [
        {"to": number, "state": each, "msgid": f"id-{number}" if each in ("delivered", "sent") else None}
        for number, each in zip((A, B), state.values(), strict=False)
    ]
    return {"id": "order-1", "recipients": recipients, "parts": [{"message_uuid": None}, {"message_uuid": "u1"}]}


def message(to: str = A, word: str = "DELIVRD", **fields: Any) -> dict[str, Any]:
    return {"message_uuid": "u1", "to": to, "msgid": f"id-{to}", "status": word, "cost": 4.0, **fields}


def test_nothing_is_off_when_both_sides_agree() -> None:
    messages = [message(), message(B, "PROCESSED")]
    assert disagreements([status(a="delivered", b="sent")], messages, Decimal(8)) == []


@pytest.mark.parametrize(
    ("messages", "state", "spent", "fault"),
    [
        ([message(), message()], "delivered", 8, "executed 2 times"),
        ([], "delivered", 0, "delivered, but never executed"),
        ([message()], "rejected", 4, "rejected, but executed"),
        ([message()], "held", 4, "held, but executed"),
        ([message(word="UNDELIV err:0dc")], "delivered", 4, "delivered, but the mock says UNDELIV err:0dc"),
        ([message(msgid="other")], "delivered", 4, "kept under another message id than the mock's"),
        ([message(), message(B)], "delivered", 8, "1 SMS were executed that no request accounts for"),
        ([message(), message(message_uuid="u2")], "delivered", 8, "1 SMS were executed that no request accounts for"),
        ([message()], "delivered", 8, "the balance went down by 8, the SMS cost 4.0"),
    ],
)
def test_each_disagreement_is_told(messages: list[dict[str, Any]], state: str, spent: int, fault: str) -> None:
    found = disagreements([status(a=state)], messages, Decimal(spent))
    assert [each.removeprefix(f"order-1, {A}: ") for each in found] == [fault]


def test_states_that_nobody_expected_are_told() -> None:
    assert unexpected({"held": 1}, {"held": 1}) == ""
    assert unexpected({"sent": 1}, {"held": 1}) == "came to {'sent': 1}, not {'held': 1}"
