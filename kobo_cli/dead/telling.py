"""What a retry or a drop says: what it is about to do, what it has done, in words and as JSON.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kobo_cli.dead.plan import Planned, reasons, totals
from kobo_cli.dead.verdicts import Step
from kobo_sms.credit.wording import plural

_DONE = {
    Step.REOPEN: "put back",
    Step.QUEUE: "put back",
    Step.END: "dropped",
    Step.END_UNCLAIMED: "dropped",
    Step.DELETE: "deleted",
    Step.STAY: "not touched",
}


def plan_of_retry(plan: Sequence[Planned], balance: str) -> Iterator[str]:
    """Yield what a retry would do, line by line; `balance` says what the account holds."""
    all_ = totals(plan)
    if all_.letters:
        lanes = ", ".join(f"{lane} {count:,}" for lane, count in all_.lanes.items())
        sent = f"{all_.sms:,} SMS, {plural(all_.pages, 'page')}"
        yield f"{plural(all_.letters, 'letter')} would go back ({lanes}): {sent}"
        yield from _reasons(plan, Step.REOPEN, Step.QUEUE)
        yield f"balance {balance}"
    yield from _others(plan)


def plan_of_drop(plan: Sequence[Planned]) -> Iterator[str]:
    """Yield what dropping would do, line by line."""
    ended = sum(each.step in (Step.END, Step.END_UNCLAIMED) for each in plan)
    if ended:
        yield f"{plural(ended, 'letter')} would be dropped: the table then says 'dropped by an operator'"
    yield from _others(plan)


def result(done: Sequence[Planned], left: int) -> Iterator[str]:
    """Yield what was done, line by line; `left` counts the letters that were not reached."""
    counts = Counter(_DONE[each.step] for each in done if each.acts)
    if counts:
        yield "; ".join(f"{plural(count, 'letter')} {what}" for what, count in counts.items())
    yield from _reasons(done, Step.STAY, before="not touched: ")
    if left:
        yield f"{plural(left, 'letter')} not reached: it was broken off, or another look hides them; do the same again"


def as_json(plan: Iterable[Planned]) -> list[dict[str, Any]]:
    """Return what became of each letter."""
    return [
        {
            "id": each.request_id,
            "part": each.part,
            "letter": each.letter,
            "done": _DONE[each.step],
            "why": each.why or None,
        }
        for each in plan
    ]


def _others(plan: Sequence[Planned]) -> Iterator[str]:
    for step, what in ((Step.DELETE, "only deleted"), (Step.STAY, "not touched")):
        count = sum(each.step is step for each in plan)
        if count:
            yield f"{plural(count, 'letter')} {what}:"
            yield from _reasons(plan, step)


def _reasons(plan: Sequence[Planned], *steps: Step, before: str = "") -> Iterator[str]:
    for why, count in reasons(plan, *steps):
        if why:
            yield f"  {count:,}  {before}{why}"
