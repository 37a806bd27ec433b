"""How late the asking for reports is, as somebody sees it who does not ask himself: poll_reports may not run at all."""

from __future__ import annotations

from collections.abc import Callable

from kobo_sms.reports.store import ReportStore
from kobo_sms.table import DUE_SHARDS

# Parts are spread evenly over the shards, so one of them tells of all; each minute another one is looked at.
_TURN_SECONDS = 60


class ReportBacklog:
    """Looks at the index of due reports. Errors of DynamoDB pass through."""

    def __init__(self, store: ReportStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def seconds_overdue(self) -> float:
        """Return for how many seconds the oldest part of this minute's shard has been due, 0 if none is."""
        now = self._clock()
        shard = DUE_SHARDS[int(now // _TURN_SECONDS) % len(DUE_SHARDS)]
        found = self._store.due(shard, now=now, limit=1).due
        return now - found[0][0] if found else 0.0
