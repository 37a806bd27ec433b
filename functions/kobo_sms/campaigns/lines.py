"""A line of a campaign's file, read as far as queueing it needs. Whether it is a request is for send_sms to say.

Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_NOT_OURS = "no request of this campaign"


@dataclass(frozen=True)
class Line:
    """A request as a line of the file: its id, how many recipients it names, its text, the body of the message, and
    that text's bytes. `fault`: why it must not be queued, None if it may."""

    request_id: str
    recipients: int
    body: str
    size: int
    fault: str | None = None


def read_line(text: bytes, campaign_id: str, number: int) -> Line:
    """Return line `number` of a campaign's file (from 1).

    What does not name itself and its campaign must not be queued: nobody could tell which campaign it is missing from.
    """
    fields = read_fields(text)
    ours = belongs(fields, campaign_id, number)
    request_id = fields["id"] if ours else f"{campaign_id}:{number}"
    body = text.decode(errors="replace")
    return Line(request_id, count_recipients(fields), body, len(text), None if ours else _NOT_OURS)


def read_fields(text: bytes | str) -> dict[str, Any]:
    """Return the fields of a request, none when `text` is no JSON object."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def belongs(fields: dict[str, Any], campaign_id: str, number: int) -> bool:
    """Tell whether a request is the one of this number in a campaign.

    Its id is `CAMPAIGN:NUMBER`. A single SMS that is sent later goes by its own id, which is its campaign's too.
    """
    ids = (f"{campaign_id}:{number}", campaign_id if number == 1 else None)
    return fields.get("campaign") == campaign_id and isinstance(fields.get("id"), str) and fields["id"] in ids


def count_recipients(fields: dict[str, Any]) -> int:
    """Return how many recipients a request names."""
    to = fields.get("to")
    return len(to) if isinstance(to, list) else 1
