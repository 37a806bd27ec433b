"""A line of a campaign's file, read as far as queueing it needs. Whether it is a request is for send_sms to say.

Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """A request as a line of the file: its id, how many recipients it names, its text, the body of the message, and
    that text's bytes."""

    request_id: str
    recipients: int
    body: str
    size: int


def read_line(text: bytes, campaign_id: str, number: int) -> Line:
    """Return line `number` of a campaign's file (from 1): under its own id, or as the one that it would have."""
    fields = _fields(text)
    to = fields.get("to")
    recipients = len(to) if isinstance(to, list) else 1
    return Line(str(fields.get("id", f"{campaign_id}:{number}")), recipients, text.decode(errors="replace"), len(text))


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
