"""Dead letters and the parts they are of, made as send_sms would make them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from kobo_cli.dead.letters import Letter
from kobo_cli.dead.verdicts import Judge
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import parse
from kobo_sms.sending.part_items import Fingerprints
from kobo_sms.sending.standing import Standing

NOW = 1_800_000_000.0
DAY = 86_400.0
ONE, TWO = "2348030100001", "2348030100002"
KEY = "a fingerprint key"
KEYS = Fingerprints(KEY, "stack-id")
JUDGE = Judge(KEYS, "NG")
GIVEN_UP = {
    "Reason": "given up after 3 attempts: error_billing (KoboMobile could not debit the account)",
    "RequestId": "order-1",
    "Attempts": "3",
    "LastAnswer": "error_billing",
    "Lane": "bulk",
    "KoboPart": "0",
    "KoboOrigin": "0",
    "KoboQueuedAt": f"{NOW - 2 * DAY:.3f}",
}
REQUEST: dict[str, Any] = {"id": "order-1", "to": [f"+{ONE}"], "msg": "Your order is on its way."}


def letter(fields: dict[str, Any] | str | None = None, *, id_: str = "letter-1", **notes: str | None) -> Letter:
    """Return the letter of a part that was given up; notes that are None are left out."""
    body = fields if isinstance(fields, str) else json.dumps(REQUEST if fields is None else fields)
    known = {name: value for name, value in (GIVEN_UP | notes).items() if value is not None}
    return Letter(id_, f"handle of {id_}", body, known, NOW - DAY)


def part_of(letter: Letter) -> Part:
    """Return the part that a letter carries, as send_sms would read it."""
    name = letter.part or "0"
    return Part(parse(letter.body, region="NG", default_id=letter.request_id), letter.sent_at, name)


def standing(of: Letter, state: str = "failed", **changed: Any) -> Standing:
    """Return how the part of a letter stands."""
    part = part_of(of)
    item = {
        "id": part.request.id,
        "part": part.name,
        "state": state,
        **KEYS.attributes(part),
        "recipients": {number: {} for number in part.request.to},
        "first_attempt_at": Decimal(NOW - DAY),
        "updated_at": Decimal(NOW - DAY),
        "in_doubt": False,
        "attempts": Decimal(3),
    }
    return Standing({name: value for name, value in (item | changed).items() if value is not None})
