"""What became of a campaign: what `kobo campaign status ID --json` prints, and how it looks in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from kobo_cli.reports.bars import bars
from kobo_cli.reports.drawing import BLOCKS, Pen
from kobo_cli.times import in_words
from kobo_sms.campaigns.campaign import ACTIVE, ENDED, MOST_REFUSALS, Campaign, CampaignState
from kobo_sms.credit.wording import plural
from kobo_sms.messages import states
from kobo_sms.messages.progress import Progress
from kobo_sms.messages.states import State
from kobo_sms.table import iso

Report = dict[str, Any]
# What KoboMobile took, whatever came of it.
GONE = states.FROM_A_REPORT | {State.SENT}
_MOST_REASONS = 5


def build(campaign: Campaign, progress: Progress, now: float, rate: float | None = None) -> Report:
    """Return a report.

    Parameters
    ----------
    progress
        The recipients of the parts that were taken off the queue. What is on the queue besides is `queued`.
    rate
        Recipients a second that come to their end, as seen lately; left out: since it was begun.
    """
    counts: Counter[str] = Counter()
    for (state, _), count in progress.items():
        counts[state] += count
    counts[State.QUEUED] += max(0, campaign.place.recipients - progress.total())
    counts[State.REJECTED] += campaign.refused
    over = campaign.state is CampaignState.SENDING and not any(counts[state] for state in states.OPEN)
    state = CampaignState.DONE if over else campaign.state
    return {
        "campaign": campaign.id,
        "state": state.value,
        "rows": campaign.rows,
        "queued": campaign.place.recipients,
        "counts": {str(state): counts[state] for state in states.in_order(+counts)},
        "at": iso(campaign.at),
        "requests": campaign.requests,
        "created_at": iso(campaign.created_at),
        "by": campaign.by or None,
        "ended_at": iso(campaign.ended_at) if campaign.ended_at else None,
        "ended_by": campaign.ended_by or None,
        "fault": campaign.fault,
        "reasons": _reasons(campaign, progress),
        "unnamed": campaign.unnamed,
        **_pace(campaign, state, counts, now, rate),
    }


def settled(report: Report) -> int:
    """Return how many recipients of a report are no longer to be sent to."""
    return sum(count for state, count in report["counts"].items() if state not in states.OPEN)


def gone(report: Report) -> int:
    """Return how many recipients of a report KoboMobile has taken."""
    return sum(count for state, count in report["counts"].items() if state in GONE)


def describe(report: Report, zone: ZoneInfo, now: float, *, width: int = 80, pen: Pen = BLOCKS) -> Iterator[str]:
    """Yield what a person reads, as rich markup; bars are drawn with `pen` and leave lines within `width`."""
    yield f"[bold]{report['campaign']}[/]  {report['state']}{_since(report, zone, now)}"
    yield f"{plural(report['rows'], 'recipient')}, {_queued(report)}"
    yield from bars(_shown(report), report["rows"], width=width, pen=pen)
    if report["fault"]:
        yield f"[red]cannot be queued at present:[/] {escape(report['fault'])}; tried again by itself"
    if report["per_second"] is not None:
        yield f"{_rate(report['per_second'])}{_done(report, zone, now)}"
    if report["state"] in ENDED and (awaited := report["counts"].get(State.SENT)):
        yield f"delivery reports are awaited for {awaited:,}"
    if report["reasons"]:
        yield "not delivered because:"
        for reason in report["reasons"]:
            yield from _reason(reason, width)
    if report["unnamed"]:
        yield from wrap(unnamed_in_words(report["unnamed"]), width)


def unnamed_in_words(recipients: int) -> str:
    """Return what to say of recipients whose requests could not be queued and are not kept by name."""
    return (
        f"{plural(recipients, 'recipient')} more could not be put on the queue than --failed names: of such requests "
        f"the first {MOST_REFUSALS} are kept"
    )


def _reason(reason: Report, width: int) -> Iterator[str]:
    """Yield a reason, broken between words; KoboMobile's own may be among them."""
    count = f"  {reason['recipients']:>9,}  "
    text = f"{reason['state']}: {reason['reason'] or '(several reasons)'}"
    return map(escape, wrap(text, width, initial_indent=count, subsequent_indent=" " * len(count)))


def _queued(report: Report) -> str:
    if report["queued"] >= report["rows"]:
        return "all of them put on the queue"
    return f"{report['queued']:,} of them put on the queue{'' if report['state'] in ENDED else ' so far'}"


def _shown(report: Report) -> Report:
    """Return the counts with those that are not on the queue, so that all of them make the whole."""
    left = report["rows"] - sum(report["counts"].values())
    label = "never queued" if report["state"] in ENDED else "not queued yet"
    return ({label: left} if left > 0 else {}) | dict(report["counts"])


def _since(report: Report, zone: ZoneInfo, now: float) -> str:
    if report["state"] == CampaignState.SCHEDULED:
        return f", begins {in_words(_seconds(report['at']), zone, now)}"
    if report["ended_at"]:
        by = f" by {report['ended_by']}" if report["ended_by"] else ""
        return f"{by} {in_words(_seconds(report['ended_at']), zone, now)}"
    return f", begun {in_words(_seconds(report['at']), zone, now)}"


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f} a second" if per_second >= 2 else f"{per_second * 60:,.0f} a minute"


def _done(report: Report, zone: ZoneInfo, now: float) -> str:
    return f", done about {in_words(_seconds(report['done_at']), zone, now)}" if report["done_at"] else ""


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _reasons(campaign: Campaign, progress: Progress) -> list[Report]:
    failures = Counter({key: count for key, count in progress.items() if key[0] in states.FAILURES})
    if campaign.refused:
        failures[State.REJECTED.value, _why_refused(campaign)] += campaign.refused
    return [
        {"state": state, "reason": reason or None, "recipients": count}
        for (state, reason), count in failures.most_common(_MOST_REASONS)
    ]


def _why_refused(campaign: Campaign) -> str:
    """Return why requests were not put on the queue: only some of them are named."""
    reasons = sorted(set((campaign.refusals or {}).values()))
    return f"could not be put on the queue: {'; '.join(reasons)}"


def _pace(
    campaign: Campaign, state: CampaignState, counts: Mapping[str, int], now: float, rate: float | None
) -> Report:
    """Return recipients a second, and when the last will have been sent to, while it is under way."""
    over = sum(count for of, count in counts.items() if of not in states.OPEN)
    seconds = campaign.seconds_at_work(now)
    if rate is None:
        rate = over / seconds if seconds and over else None
    left = campaign.rows - over
    under_way = state in ACTIVE and state not in ENDED
    done_at = iso(now + left / rate) if under_way and rate and left > 0 else None
    return {"per_second": round(rate, 3) if rate is not None and under_way else None, "done_at": done_at}
