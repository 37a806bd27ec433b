"""Whether what the table says agrees with what the mock says it sent: the demo's conscience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobo_sms.messages import states
from kobo_sms.messages.states import State

_DELIVERY = {
    "DELIVRD": State.DELIVERED,
    "UNDELIV_DND": State.DO_NOT_DISTURB,
    "UNDELIV": State.UNDELIVERED,
    "REJECTD": State.UNDELIVERED,
    "EXPIRED": State.EXPIRED,
    "PROCESSED": State.SENT,
}
_NEVER_SENT = states.OPEN | {State.REJECTED, State.FAILED, State.LAPSED, State.CANCELLED}
Row = Mapping[str, Any]


def disagreements(statuses: Iterable[Row], messages: Sequence[Row], spent: Decimal) -> list[str]:
    """Return a sentence for each thing that is off; none when all is well.

    Parameters
    ----------
    statuses
        As `kobo status --json` prints them.
    messages
        As `GET /_mock/messages` lists them: every SMS that was executed.
    spent
        By how much the balance went down.
    """
    executed: dict[tuple[str, str], list[Row]] = {}
    for message in messages:
        executed.setdefault((message["message_uuid"], message["to"]), []).append(message)
    found: list[str] = []
    for status in statuses:
        uuids = [part["message_uuid"] for part in status["parts"] if part["message_uuid"]]
        for recipient in status["recipients"]:
            theirs = [message for uuid in uuids for message in executed.pop((uuid, recipient["to"]), [])]
            found += [f"{status['id']}, {recipient['to']}: {fault}" for fault in _faults(recipient, theirs)]
    if executed:
        found.append(f"{len(executed)} SMS were executed that no request accounts for")
    cost = sum((Decimal(str(message["cost"])) for message in messages), Decimal(0))
    if cost != spent:
        found.append(f"the balance went down by {spent}, the SMS cost {cost}")
    return found


def unexpected(counts: Mapping[str, int], expected: Mapping[str, int]) -> str:
    """Return how the states that a request came to differ from those it should, empty when they do not."""
    if Counter(counts) == Counter(expected):
        return ""
    return f"came to {dict(counts)}, not {dict(expected)}"


def _faults(recipient: Row, messages: Sequence[Row]) -> list[str]:
    state = recipient["state"]
    if len(messages) > 1:
        return [f"executed {len(messages)} times"]
    if not messages:
        return [] if state in _NEVER_SENT else [f"{state}, but never executed"]
    if state in _NEVER_SENT:
        return [f"{state}, but executed"]
    message = messages[0]
    word = str(message["status"]).split(" ", 1)[0]
    faults = [] if _DELIVERY.get(word) == state else [f"{state}, but the mock says {message['status']}"]
    if message["msgid"] != recipient["msgid"]:
        faults.append("kept under another message id than the mock's")
    return faults
