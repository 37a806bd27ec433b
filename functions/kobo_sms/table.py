"""The messages table: the keys of the items that are no parts, and the moments and histories in them.

A part's key is the request's `id` and the part's name, `part`. Items that are no parts have ids that begin with `~`,
which no request's id can have. Moments are epoch seconds with milliseconds.

A history is a list of small events, oldest first, bounded in count and in bytes. It keeps its first events and its last
ones. What is left out in between is counted, in an attribute of its own. An event is a map or a text.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class History:
    """Events, and how many more were left out before the one at the place `gap`."""

    events: tuple[Any, ...] = ()
    left_out: int = 0
    gap: int = 0


@dataclass(frozen=True)
class HistoryAttribute:
    """The attribute `name`, which keeps `first` and `last` events of `most_bytes` in all; the newest one in any case.

    What was left out is counted in `NAME_left_out`.
    """

    name: str
    first: int
    last: int
    most_bytes: int

    def read(self, item: Mapping[str, Any]) -> History:
        """Return what an item remembers, nothing if it was never written to; only what grows is bounded."""
        events = tuple(item.get(self.name, ()))
        return History(events, int(item.get(self._counter, 0)), self._gap(events))

    def extend(self, history: History, events: Iterable[Any]) -> History:
        """Return `history` with newer events, bounded."""
        kept = [*history.events, *events]
        total = history.left_out + len(kept)
        size = sum(map(_weight, kept))
        while len(kept) > 1 and (len(kept) > self.first + self.last or size > self.most_bytes):
            size -= _weight(kept.pop(min(self.first, len(kept) - 2)))
        return History(tuple(kept), total - len(kept), self._gap(kept))

    def attributes(self, history: History) -> Item:
        """Return the attributes that keep `history`."""
        counted = {self._counter: history.left_out} if history.left_out else {}
        return {self.name: list(history.events), **counted}

    @property
    def _counter(self) -> str:
        return f"{self.name}_left_out"

    def _gap(self, kept: Sequence[Any]) -> int:
        return min(self.first, len(kept) - 1) if kept else 0


def cut(text: str, most: int) -> str:
    """Return `text`, its end left out once it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _weight(event: Any) -> int:
    # An element of a list costs a byte beyond its content.
    return 1 + _size(event)


def _size(value: Any) -> int:
    """Return about the bytes that DynamoDB counts for a value (its guide, "Item sizes and formats"), or a few more."""
    # The common types first: to ask whether a value is a Mapping costs more than all else here.
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return min(len(str(value)) // 2 + 3, 21)
    if isinstance(value, Mapping):
        return 3 + sum(len(name.encode()) + 1 + _size(each) for name, each in value.items())
    return 1
