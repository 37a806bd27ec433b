"""Writes what a round of questions has brought, or puts the part off: an item that nobody can work with.

A part that cannot be polled stays due. Left as it is, the oldest of all, it would be the first of every run: so its
`due_at` is moved on, further each time (`put_off` counts them), until it can be written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kobo_sms.aws.item_errors import is_of_one_item
from kobo_sms.reports.asked import rounds_with
from kobo_sms.reports.rounds import Round, RoundResult
from kobo_sms.reports.schedule import DeliveryTimes, Pace, next_gap
from kobo_sms.reports.store import ReportStore
from kobo_sms.reports.tally import PutOff
from kobo_sms.runtime import Runtime
from kobo_sms.table import Item, moment

# How often a part is written anew that others keep writing in between.
_MOST_WRITES = 5
# The first pause of a part that is put off; each is twice the one before. PartsPutOffAlarm looks six hours back: it
# keeps ringing as long as a part is put off at least that often.
_FIRST_PAUSE, _LONGEST_PAUSE = 300.0, 4 * 3600.0


class ReportWriter:
    """Writes rounds; threads may share it. Errors of AWS that concern everybody pass through."""

    def __init__(self, store: ReportStore, pace: Pace, runtime: Runtime) -> None:
        self._store = store
        self._pace = pace
        self._runtime = runtime

    def write(self, each: Round, times: Mapping[str, DeliveryTimes]) -> RoundResult | PutOff | None:
        """Write a round's outcome, or put its part off; None if there is nothing of ours in the table."""
        if each.fault is not None:
            return self._put_off(each, each.fault)
        try:
            return self._record(each, times)
        except Exception as error:
            if not is_of_one_item(error):
                raise
            return self._put_off(each, error)

    def _record(self, each: Round, times: Mapping[str, DeliveryTimes]) -> RoundResult | None:
        item = each.item
        for _ in range(_MOST_WRITES):
            outcome = each.outcome(item)
            if item is not each.item and not outcome.changed:
                return None
            now = self._runtime.clock()
            due = self._next_due(each, item, outcome, now, times)
            newer = self._store.record_reports(
                item,
                outcome.recipients,
                now=now,
                next_due=due,
                asked_at=outcome.asked_at,
                rounds=rounds_with(item, each.asked(now, due)),
            )
            # boto3 repeats a write whose answer was lost, and then finds itself.
            if newer is None or (newer.get("updated_at") == moment(now) and newer["recipients"] == outcome.recipients):
                return outcome
            if not newer:
                return None
            item = newer
        return None

    def _next_due(
        self, each: Round, item: Item, outcome: RoundResult, now: float, times: Mapping[str, DeliveryTimes]
    ) -> float | None:
        if not outcome.pending:
            return None
        if item is not each.item and "due_at" in item:
            return float(item["due_at"])
        if each.unasked:
            return now
        return now + next_gap(each.age(now), outcome.pending, times, self._pace, self._runtime.uniform(0.0, 1.0))

    def _put_off(self, each: Round, error: Exception) -> PutOff | None:
        now, before = self._runtime.clock(), each.item.get("put_off")
        times = int(before) + 1 if isinstance(before, Decimal) else 1
        until = now + pause_after(times)
        done = self._store.put_off(each.key, now=now, until=until, times=times)
        return PutOff(each.key, error, times, until) if done else None


def pause_after(times: int) -> float:
    """Return the seconds until a part that is put off for the `times`th time is polled again."""
    return min(_FIRST_PAUSE * 2.0 ** min(times - 1, 16), _LONGEST_PAUSE)
