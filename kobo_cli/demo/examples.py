"""What the demo sends: what a shop would, and one message for each kind of answer."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kobo_sms.messages.states import State

_CAMPAIGN = Path(__file__).resolve().parents[2] / "events" / "campaign.csv"
# mock_kobo/README.md, "An outcome with no set-up: magic recipients": the number, what KoboMobile says to it, the state
# that leads to.
MAGIC = (
    ("2348030009002", "error_param", State.REJECTED),
    ("2348030009003", "error_credit", State.HELD),
    ("2348030009004", "error_billing", State.FAILED),
    ("2348030009005", "error_gw", State.FAILED),
    ("2348030009006", "error_user", State.HELD),
    ("2348030009007", "error_limit", State.REJECTED),
    ("2348030009101", "UNDELIV", State.UNDELIVERED),
    ("2348030009102", "UNDELIV_DND", State.DO_NOT_DISTURB),
    ("2348030009103", "EXPIRED", State.EXPIRED),
    ("2348030009104", "REJECTD", State.UNDELIVERED),
    ("2348030009105", "PROCESSED", State.SENT),
    ("2348030009106", "UNDELIV err:0dc", State.UNDELIVERED),
)


@dataclass(frozen=True)
class Example:
    """One request of the demo: its lane, what is queued, and the states its recipients must come to."""

    lane: str
    request: dict[str, Any]
    expected: dict[str, int]


def examples() -> Iterator[Example]:
    """Yield the demo's requests, the campaign first, so that the password is seen to overtake it."""
    yield _campaign()
    yield _password()
    yield _order_update()
    for number, answer, state in MAGIC:
        name = answer.replace(" err:", "-").lower()
        request = {"id": f"demo-{name}", "to": f"+{number}", "msg": f"To the number that gets {answer}."}
        yield Example("priority", request, {state: 1})


def _campaign() -> Example:
    with _CAMPAIGN.open(newline="", encoding="utf-8") as file:
        numbers = [row["to"] for row in csv.DictReader(file)]
    text = "Naija Fresh: 20% off all groceries this weekend, in store and online. Show this SMS at the till."
    request = {"id": "demo-campaign", "to": numbers, "msg": text, "from": "NaijaFresh", "reference": "weekend offer"}
    return Example("bulk", request, {State.DELIVERED: len(numbers)})


def _password() -> Example:
    request = {
        "id": "demo-password",
        "to": "0803 010 0001",
        "msg": "482913 is your Naija Fresh code. It is good for 5 minutes. Never tell it to anyone.",
        "from": "NaijaFresh",
        "sensitive": True,
        "expires_at": (datetime.now(UTC) + timedelta(minutes=5)).isoformat(),
    }
    return Example("priority", request, {State.DELIVERED: 1})


def _order_update() -> Example:
    request = {
        "id": "demo-order",
        "to": ["+2348030100002", "2348030100003", "+2348030009102"],
        "msg": "Ẹ kú ọjà! Your order NF-2291 is on its way. Pay ₦4,500 on delivery.",
        "from": "NaijaFresh",
    }
    return Example("priority", request, {State.DELIVERED: 2, State.DO_NOT_DISTURB: 1})
