from __future__ import annotations

from decimal import Decimal
from typing import Any

from kobo_sms.messages.packing import pack_numbers
from kobo_sms.messages.recipients import Recipient, recipients_of

ONE, TWO = "2348030100001", "2348030100002"


def item(**attributes: Any) -> dict[str, Any]:
    return {"state": "sent", "updated_at": Decimal(9), "recipients": {ONE: {}, TWO: {}}, **attributes}


def test_a_recipient_without_a_state_of_its_own_has_its_parts() -> None:
    of_part = item(reason="why", recipients={ONE: {"msgid": "a"}})
    assert recipients_of(of_part) == {ONE: Recipient(ONE, "sent", "why", None, "a", Decimal(9))}


def test_a_state_of_its_own_has_its_own_reason_and_moment() -> None:
    own = {"state": "delivered", "report": "DELIVRD", "msgid": "a", "at": Decimal(7)}
    found = recipients_of(item(reason="why", recipients={ONE: own}))
    assert found == {ONE: Recipient(ONE, "delivered", None, "DELIVRD", "a", Decimal(7))}


def test_those_of_a_part_that_was_split_wait_in_its_smaller_parts() -> None:
    bad = {"state": "rejected", "reason": "no number", "at": Decimal(3)}
    found = recipients_of(item(state="split", numbers=pack_numbers([TWO]), recipients={ONE: {}, "x": bad}))
    assert {number: (each.state, each.moved_on) for number, each in found.items()} == {
        ONE: ("queued", True),
        TWO: ("queued", True),
        "x": ("rejected", False),
    }
