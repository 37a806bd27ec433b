"""Streams to work off, and the I/O steps that this takes when nothing dies.

A call of EventBridge holds no two events of one part, so what is written in turns goes out together.
"""

from __future__ import annotations

import json
from typing import Any

from kobo_sms.messages.packing import pack_numbers
from tests.robustness.telling.stream import TableStream
from tests.robustness.telling.table import Table
from tests.unit.events.stream import ONE, TWO

# The request whose events EventBridge calls malformed.
MALFORMED = "c"
# More than one call of BatchWriteItem takes.
MANY = tuple(str(2348030200000 + at) for at in range(60))


def numbers(*to: str, **known: Any) -> dict[str, Any]:
    return dict.fromkeys(to, known)


def several() -> Table:
    """Parts with changes in turn and one after the other, one of many numbers, one split, two that cannot be told."""
    table = Table()
    table.put("a")
    table.put("b", recipients=numbers(ONE))
    table.spoil("unreadable")
    table.put(MALFORMED, recipients=numbers(ONE))
    table.put("a", state="sent")
    table.put("b", state="queued", recipients=numbers(ONE))
    table.put("b", recipients=numbers(ONE))
    table.put("many", recipients=numbers(*MANY))
    table.put("root", state="split", recipients={}, numbers=pack_numbers(MANY))
    table.put("b", state="sent", recipients=numbers(ONE))
    table.put("a", state="sent", recipients={ONE: {"state": "delivered"}, TWO: {"state": "unknown"}})
    # Nothing that anybody is told of.
    table.put("a", state="sent", recipients={ONE: {"state": "delivered"}, TWO: {"state": "unknown"}}, attempts=1)
    return table


SEVERAL = [
    # The unreadable record first, then a, b and the malformed one.
    *("keep", "publish", "keep", "look_up", "publish"),
    # b again, the many and the root; then the rest.
    *("publish", "look_up", "look_up", "look_up", "publish"),
]


def two_of(*requests: str, shards: int = 1) -> Table:
    """Two changes of each part, in turns."""
    table = Table(TableStream(shards))
    for state in ("sending", "sent"):
        for request in requests:
            table.put(request, state=state)
    return table


TWO_CHANGES = ["publish", "look_up", "publish"]
# The same where EventBridge refuses each event once.
REFUSED = ["publish", "publish", "look_up", "publish", "publish"]


def event_id(detail: str) -> str:
    """Return an event's own name."""
    return str(json.loads(detail)["event_id"])


def is_malformed(detail: str) -> str:
    """Refuse for good what MALFORMED names (an Outside's `refuse`)."""
    return "MalformedDetail" if json.loads(detail)["id"] == MALFORMED else ""
