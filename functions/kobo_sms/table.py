"""The messages table: the keys of the items that are no parts, and the moments in them.

A part's key is the request's `id` and the part's name, `part`. Items that are no parts have ids that begin with `~`,
which no request's id can have. Moments are epoch seconds with milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Item = dict[str, Any]
CREDIT_ID, CREDIT_STATE = "~credit", "state"
VALVE_ID, VALVE_PART = "~valve", "state"
REPORTS_ID = "~reports"
STATS_ID = "~stats"
# The partitions of the index `due`.
DUE_SHARDS = tuple(str(shard) for shard in range(8))


def moment(seconds: float) -> Decimal:
    """Return `seconds` as the table keeps it, rounded to milliseconds."""
    return Decimal(str(round(seconds, 3)))
