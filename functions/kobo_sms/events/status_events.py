"""What is told of a change of a part: docs/events.md, "An event".

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kobo_sms.messages.recipients import Recipient, recipients_of
from kobo_sms.table import Item, iso

# PutEvents takes 256 KB in one call; what is around the recipients is below 2 kB.
MOST_BYTES = 200_000
# A reason can quote a token of KoboMobile's, whatever its length.
_MOST_OF_A_REASON = 500
# Made once: json.dumps makes an encoder for each call that has settings of its own, and a part has 500 recipients.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class StatusEvent:
    """One event: `part` is the key (request id, part) of what changed, `detail` the JSON."""

    event_id: str
    part: tuple[str, str]
    detail: str

    @property
    def size(self) -> int:
        """What PutEvents counts, in bytes, with room for the source and the type."""
        return len(self.detail.encode()) + 300


def changed_recipients(old: Item | None, new: Item) -> list[Recipient]:
    """Return the recipients whose state is not what it was, as they are now."""
    before = {number: each.state for number, each in recipients_of(old).items()} if old else {}
    return [each for number, each in recipients_of(new).items() if each.state != before.get(number)]


def status_events(event_id: str, old: Item | None, new: Item) -> list[StatusEvent]:
    """Return the events of one change: none if no state changed, several if one would be too large.

    `event_id` names the change; the second event of it is `EVENT_ID.1`.
    """
    chunks = list(_chunks([_shown(each) for each in changed_recipients(old, new)]))
    return [_event(f"{event_id}.{at}" if at else event_id, new, chunk) for at, chunk in enumerate(chunks)]


def _shown(recipient: Recipient) -> str:
    return _json(
        {
            "to": recipient.to,
            "state": recipient.state,
            "reason": recipient.reason and recipient.reason[:_MOST_OF_A_REASON],
            "report": recipient.report and recipient.report[:_MOST_OF_A_REASON],
            "msgid": recipient.msgid,
        }
    )


def _chunks(recipients: Sequence[str], most: int = MOST_BYTES) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for recipient in recipients:
        length = len(recipient.encode()) + 1
        if chunk and size + length > most:
            yield chunk
            chunk, size = [], 0
        chunk.append(recipient)
        size += length
    if chunk:
        yield chunk


def _event(event_id: str, item: Item, recipients: Sequence[str]) -> StatusEvent:
    about = {
        "event_id": event_id,
        "id": item["id"],
        "reference": item.get("reference"),
        "campaign": item.get("campaign"),
        "part": item["part"],
        "at": iso(item["updated_at"]),
    }
    detail = f'{_json(about)[:-1]},"recipients":[{",".join(recipients)}]}}'
    return StatusEvent(event_id, (item["id"], item["part"]), detail)
