"""The rows of the ends that recipients have come to, and of what the others wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kobo_cli.reports.why import words
from kobo_cli.reports.why.asking import next_report_row
from kobo_cli.reports.why.rows import Item, Row, Say, joined
from kobo_cli.reports.why.valve import Closure, opens_when
from kobo_sms.messages import states
from kobo_sms.messages.recipients import Recipient
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import attempts_of


def end_rows(item: Item, recipients: Sequence[Recipient]) -> Iterator[Row]:
    """Yield a row for each way in which `recipients` of a part have ended."""
    groups: dict[tuple[str, str | None, str | None, str | None], list[Recipient]] = defaultdict(list)
    for each in recipients:
        if has_ended(each):
            groups[each.state, each.reason, each.report, _known(item, each).get("later_report")].append(each)
    for (state, reason, report, later), members in groups.items():
        count = words.numbers(len(members)) if len(recipients) > 1 else None
        contrary = f"a later report said {later}, which changes nothing" if later else None
        at = max(ended_at(item, each) for each in members)
        yield Row(at, "end", report, state, joined(count, reason, contrary))


def next_rows(
    item: Item, recipients: Sequence[Recipient], closures: Sequence[Closure], now: float, say: Say
) -> Iterator[Row]:
    """Yield what those of `recipients` wait for that have not ended."""
    waiting = {each.state for each in recipients if not has_ended(each) and not each.moved_on}
    if State.SENT in waiting:
        yield next_report_row(item, now, say)
    elif waiting:
        yield _next_try(item, closures, now, say)


def has_ended(recipient: Recipient) -> bool:
    """Tell whether nothing more will happen to a recipient by itself."""
    if recipient.state == State.SENT:
        return recipient.msgid is None
    return recipient.state not in states.OPEN


def ended_at(item: Item, recipient: Recipient) -> float:
    """Return when a recipient came to its end."""
    known = _known(item, recipient)
    if "at" in known:
        return float(known["at"])
    if "state" in known:
        # A number that cannot be sent to is rejected with the first attempt.
        return float(item.get("first_attempt_at", item["created_at"]))
    ended = attempts_of(item).ended
    return ended[-1].at if ended else float(item["updated_at"])


def _known(item: Item, recipient: Recipient) -> Item:
    known: Item = item["recipients"].get(recipient.to, {})
    return known


def _next_try(item: Item, closures: Sequence[Closure], now: float, say: Say) -> Row:
    attempts = attempts_of(item)
    lane = next(reversed(attempts.lanes), None)
    due = _due(item, bool(attempts.open), attempts.ended[-1].next_at if attempts.ended else None)
    closed = next((each for each in closures if each.lane == lane and each.state is not None), None)
    if closed is not None and closed.state is not None:
        why = f"the {lane} lane is closed, {opens_when(closed.state, say)}"
    elif due is not None and due > now:
        why = "once its claim has ended" if attempts.open else words.BACKOFF
    else:
        why = f"due{f' since {say(due)}' if due else ''}: it waits for its turn in the queue"
    return Row(max(due or now, now), "tried next", state=item["state"], why=why)


def _due(item: Item, claimed: bool, next_at: float | None) -> float | None:
    return float(item["lease_until"]) if claimed and "lease_until" in item else next_at
