"""What became of a request: what `kobo status ID --json` prints, put together from the items of its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kobo_sms.messages import states
from kobo_sms.messages.recipients import Recipient, recipients_of
from kobo_sms.messages.states import State
from kobo_sms.table import iso

Item = Mapping[str, Any]
Status = dict[str, Any]


def build(items: Sequence[Item]) -> Status:
    """Return the status of the request whose parts `items` are (at least one of them)."""
    parts = sorted(items, key=lambda item: [int(step) for step in item["part"].split(".")])
    root = parts[0]
    recipients = _recipients(parts)
    return {
        "id": root["id"],
        "reference": root.get("reference"),
        "campaign": root.get("campaign"),
        "from": root["from"],
        "type": int(root["type"]),
        "pages": int(root["pages"]),
        "created_at": iso(root["created_at"]),
        "counts": _counts(recipients),
        "recipients": recipients,
        "parts": [_part(item) for item in parts],
    }


def is_settled(status: Status) -> bool:
    """Tell whether nothing more will happen to any recipient by itself."""
    return all(_recipient_is_settled(recipient) for recipient in status["recipients"])


def went_well(status: Status) -> bool:
    """Tell whether every recipient has the SMS, as far as that can be known."""
    return all(recipient["state"] in (State.DELIVERED, State.SENT) for recipient in status["recipients"])


def _recipient_is_settled(recipient: Mapping[str, Any]) -> bool:
    if recipient["state"] == State.SENT:
        return recipient["msgid"] is None
    return recipient["state"] not in states.OPEN


def _recipients(parts: Iterable[Item]) -> list[Status]:
    found: dict[str, Status] = {}
    moved_on: dict[str, Status] = {}
    for item in parts:
        for number, recipient in recipients_of(item).items():
            (moved_on if recipient.moved_on else found)[number] = _recipient(recipient)
    return list((found | {number: waiting for number, waiting in moved_on.items() if number not in found}).values())


def _recipient(recipient: Recipient) -> Status:
    return {
        "to": recipient.to,
        "state": recipient.state,
        "msgid": recipient.msgid,
        "report": recipient.report,
        "reason": recipient.reason,
        "updated_at": iso(recipient.at),
    }


def _part(item: Item) -> Status:
    return {
        "part": item["part"],
        "state": item["state"],
        "message_uuid": item["message_uuid"] if "numbers" not in item else None,
        "attempts": int(item.get("attempts", 0)),
        "last_answer": item.get("last_answer"),
    }


def _counts(recipients: Iterable[Status]) -> dict[str, int]:
    counted = Counter(recipient["state"] for recipient in recipients)
    return {state: counted[state] for state in states.in_order(counted)}
