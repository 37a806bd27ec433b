"""What became of the messages of some hours: the counters of poll_reports, put together for `kobo stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from kobo_sms.kobomobile.report_codes import REASONS
from kobo_sms.messages import states
from kobo_sms.messages.states import State
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.schedule import BINS, EDGES, quantile

Stats = dict[str, Any]
# The bins of the histogram are joined to rows that mean something to people: upper ends in seconds, and their names.
ROWS = (
    (32, "under 30 s"),
    (64, "30 s to 1 min"),
    (128, "1 to 2 min"),
    (256, "2 to 4 min"),
    (512, "4 to 9 min"),
    (2048, "9 to 35 min"),
    (8192, "35 min to 2 h"),
    (32768, "2 to 9 h"),
    (float("inf"), "over 9 h"),
)


def build(items: Iterable[Mapping[str, Any]]) -> Stats:
    """Return the counts of some quarters of an hour, as `kobo stats --json` prints them; each sorted by number."""
    counts = Counts()
    for item in items:
        counts.take_item(dict(item))
    by_state: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    for end, count in counts.ends.items():
        by_state[end.state] += count
        if end.reason:
            by_reason[end.reason] += count
    return {
        "recipients": by_state.total(),
        "states": {state: by_state[state] for state in states.in_order(+by_state)},
        "reasons": [
            {"reason": key, "means": REASONS.get(key, key), "recipients": count}
            for key, count in by_reason.most_common()
        ],
        "networks": _arrivals(counts, "network"),
        "senders": _arrivals(counts, "sender"),
        "seconds_to_delivered": _times(counts),
    }


def _arrivals(counts: Counts, of: str) -> list[Stats]:
    delivered: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for end, count in counts.ends.items():
        name = getattr(end, of)
        all_[name] += count
        delivered[name] += count * (end.state == State.DELIVERED)
    return [{of: name, "recipients": count, "delivered": delivered[name]} for name, count in all_.most_common()]


def _times(counts: Counts) -> Stats:
    bins = [sum(each) for each in zip([0.0] * BINS, *counts.delivered.values(), strict=True)]
    median, ninety = quantile(bins, 0.5), quantile(bins, 0.9)
    return {
        "median": None if median is None else round(median, 1),
        "ninety_percent": None if ninety is None else round(ninety, 1),
        "histogram": _join(bins),
    }


def _join(bins: Iterable[float]) -> list[Stats]:
    """Return the bins in fewer rows, down to the last that has any; what is spread over bins makes fractions."""
    rows = [0.0] * len(ROWS)
    for index, count in enumerate(bins):
        # A bin lies within one row, whose upper end is an edge; what is beyond the last edge belongs to the last row.
        rows[next(at for at, (end, _) in enumerate(ROWS) if EDGES[index] <= end)] += count
    last = max((at for at, count in enumerate(rows) if count), default=-1)
    return [{"took": ROWS[at][1], "delivered": round(count, 1)} for at, count in enumerate(rows[: last + 1])]
