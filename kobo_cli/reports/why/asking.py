"""The rows of the reports about a part: asked for, heard, asked for next."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_cli.reports.why import words
from kobo_cli.reports.why.rows import Item, Row, Say, joined
from kobo_sms.credit.wording import plural
from kobo_sms.messages.states import State
from kobo_sms.reports.records import ROUNDS, AskedRound, rounds_of


def report_rows(item: Item, say: Say) -> Iterator[Row]:
    """Yield the rounds of questions about a part."""
    rounds = rounds_of(item)
    if not rounds.known and "asked_at" in item:
        yield Row(float(item["asked_at"]), "report asked", state=State.SENT, why=_OLDER)
    for at, each in enumerate(rounds.known):
        if rounds.left_out and at == rounds.gap:
            yield _left_out(rounds.known[at - 1].at, rounds.left_out)
        yield _asked(each, say)


def next_report_row(item: Item, now: float, say: Say) -> Row:
    """Return when a part whose reports are not final is asked about next, and why then."""
    if "due_at" not in item:
        return Row(now, "report", state=State.SENT, why="it is not asked about any more: due_at was removed by hand")
    due = float(item["due_at"])
    if "put_off" in item:
        why = f"put off {plural(int(item['put_off']), 'time')}, as its item could not be worked with (PartsPutOffAlarm)"
    elif not rounds_of(item).known and "asked_at" not in item:
        why = words.FIRST_QUESTION
    else:
        why = words.NEXT_QUESTION
    late = f"due since {say(due)}: poll_reports takes the oldest first" if due < now else None
    return Row(max(due, now), "report asked next", state=State.SENT, why=joined(late, why))


_OLDER = "an earlier release asked, and did not remember the answers"


def _asked(asked: AskedRound, say: Say) -> Row:
    count = sum(asked.answers.values())
    what = "report asked" if count == 1 else f"{count:,} reports asked"
    if asked.next_at is None:
        then = "nothing is left to ask"
    else:
        then = words.CUT_SHORT if asked.cut_short else f"asked again {say(asked.next_at)}, {words.NEXT_QUESTION}"
    why = joined(words.why_asked(asked.answers), then)
    return Row(asked.at, what, words.listed(asked.answers), words.state_after(asked), why)


def _left_out(at: float, count: int) -> Row:
    kept = f"an item keeps the first {ROUNDS.first} rounds and up to {ROUNDS.last} of the last"
    return Row(at, f"{plural(count, 'round')} of reports not shown", why=kept)
