"""The rows of a part's attempts: claimed, answered, dead-lettered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kobo_cli.reports.why import words
from kobo_cli.reports.why.rows import Item, Row, Say, joined
from kobo_cli.reports.why.valve import Closure
from kobo_sms.credit.wording import plural
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import DIED, HISTORY, NOT_ASKED, Attempt, Attempts, Lease, attempts_of

# A message that is due is taken within so many seconds, if nothing stands in its way.
_AT_ONCE = 5.0


def attempt_rows(item: Item, queued_at: float, closures: Sequence[Closure], now: float, say: Say) -> Iterator[Row]:
    """Yield what is known of the attempts at a part that was queued at `queued_at`."""
    attempts = attempts_of(item)
    due: float | None = queued_at
    counted = None if attempts.left_out else 0
    for at, each in enumerate(attempts.ended):
        if attempts.left_out and at == attempts.gap:
            yield _left_out(attempts, item)
            due, counted = None, None
        last = at == len(attempts.ended) - 1
        if each.answer in words.ORDERS:
            yield Row(each.at, each.answer, state=each.state, why=words.ORDERS[each.answer])
            due, counted = each.at, each.attempts
            continue
        yield from _claimed(each, due, closures, say)
        yield from _answered(each, counted, item.get("reason") if last else None, say)
        due = each.next_at if each.answer != DIED else None
        counted = _counted(each, counted)
    for lease in attempts.open:
        yield _open(lease, item, now, say)


def _claimed(attempt: Attempt, due: float | None, closures: Sequence[Closure], say: Say) -> Iterator[Row]:
    if attempt.claimed_at is None:
        return
    waited = due is not None and attempt.claimed_at - due > _AT_ONCE
    yield Row(
        attempt.claimed_at,
        "claimed",
        state=State.SENDING,
        why=joined(
            f"from the {attempt.lane} lane" if attempt.lane else None,
            "check_credit let it through as a probe" if attempt.probe else None,
            _why_late(due, attempt.claimed_at, attempt.lane, closures, say) if due is not None and waited else None,
        ),
    )


def _why_late(due: float, at: float, lane: str | None, closures: Sequence[Closure], say: Say) -> str:
    closed = [each for each in closures if lane in (None, each.lane) and each.overlaps(due, at)]
    since = f"it had waited since {say(due)}"
    if closed:
        return f"{since}; the {closed[0].lane} lane was closed meanwhile"
    return f"{since}: others were before it in the queue, or send_sms held its lane back while calls failed"


def _answered(attempt: Attempt, counted: int | None, reason: str | None, say: Say) -> Iterator[Row]:
    why = words.why_answered(attempt, counted, reason, say)
    asked = attempt.answer not in (NOT_ASKED, DIED)
    what = "answered" if asked else "no outcome" if attempt.answer == DIED else "not asked"
    yield Row(attempt.at, what, attempt.answer if asked else None, attempt.state, why)
    if attempt.dead:
        why = "it lies in the dead-letter queue with that reason, and is not tried again by itself"
        yield Row(attempt.at, "dead-lettered", state=attempt.state, why=why)


def _counted(attempt: Attempt, before: int | None) -> int | None:
    if attempt.answer == DIED:
        return None if before is None else before + 1
    return attempt.attempts


def _left_out(attempts: Attempts, item: Item) -> Row:
    kept = f"an item keeps the first {HISTORY.first} and up to {HISTORY.last} of the last"
    why = kept if attempts.gap else "an earlier release wrote this item, which did not remember them"
    at = (
        attempts.ended[attempts.gap - 1].at if attempts.gap else float(item.get("first_attempt_at", item["created_at"]))
    )
    return Row(at, f"{plural(attempts.left_out, 'attempt')} not shown", why=why)


def _open(lease: Lease, item: Item, now: float, say: Say) -> Row:
    at = lease.at or float(item["updated_at"])
    came = joined(f"from the {lease.lane} lane" if lease.lane else None, "as a probe" if lease.probe else None)
    until = float(item.get("lease_until", 0.0))
    if lease.token == item.get("lease") and now < until:
        under_way = f"the attempt is under way, or its process has died; nobody else claims it before {say(until)}"
        return Row(at, "claimed", state=State.SENDING, why=joined(came, under_way))
    return Row(
        at, "claimed", state=State.SENDING, why=joined(came, words.meaning(DIED), "tried again when it comes back")
    )
