"""The messages table: the keys of the items that are no parts, and the moments in them.

A part's key is the request's `id` and the part's name, `part`. Items that are no parts have ids that begin with `~`,
which no request's id can have. Moments are epoch seconds with milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Item = dict[str, Any]
# Which shape of items this release writes, as their attribute `schema`; none is a release before there was one. It
# grows when a release changes what an attribute means: docs/operating.md, "Upgrading".
SCHEMA = 1
CREDIT_ID, CREDIT_STATE = "~credit", "state"
VALVE_ID, VALVE_PART = "~valve", "state"
REPORTS_ID = "~reports"
STATS_ID = "~stats"
# The part is the campaign's id.
CAMPAIGNS_ID = "~campaigns"
# Followed by a number: what was sent to it.
LOOKUP_PREFIX = "~to/"
# Each followed by a shard; the part is a number: who opted out, and whom a report called do-not-disturb.
OPTOUT_PREFIX, DO_NOT_DISTURB_PREFIX = "~optout/", "~dnd/"
# Followed by a request's id: a message of a campaign that came to no part.
LEFT_OUT_PREFIX = "~left-out/"
# The partitions of the index `due`: those of parts that wait for reports, and that of campaigns to be queued.
DUE_SHARDS = tuple(str(shard) for shard in range(8))
CAMPAIGNS_DUE = "campaigns"
# A campaign's parts are found by this index. Its partitions are `CAMPAIGN/0` ... (DynamoDB takes 1,000 writes a second
# in each); within one the parts are sorted by what became of their recipients.
CAMPAIGN_INDEX = "campaign"
CAMPAIGN_SHARDS = 8


def moment(seconds: float) -> Decimal:
    """Return `seconds` as the table keeps it, rounded to milliseconds."""
    return Decimal(str(round(seconds, 3)))


def iso(seconds: Any) -> str:
    """Return a moment of the table in ISO 8601, UTC, with milliseconds."""
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
