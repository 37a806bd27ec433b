"""The words of `kobo why`: what each answer means, what follows from it, and why the next try is when it is."""

from __future__ import annotations

from collections.abc import Mapping

from kobo_cli.reports.why.rows import Say, joined
from kobo_sms.credit.wording import plural
from kobo_sms.kobomobile.answers import Report
from kobo_sms.kobomobile.report_codes import judge
from kobo_sms.kobomobile.tokens import meaning_of
from kobo_sms.messages.parts import MAX_NUMBERS
from kobo_sms.messages.states import State
from kobo_sms.reports.records import NONE_YET, AskedRound
from kobo_sms.sending.attempts import DIED, DROPPED, NOT_ASKED, RETRIED, Attempt

MAYBE_EXECUTED = "KoboMobile may or may not have executed the call"
# What is no token of KoboMobile's; the part of a label after its colon says more.
_MEANINGS = {
    "ids": "accepted, with message ids",
    "sent": "accepted without message ids, so no report can be asked for",
    "lost": f"the answer was lost: {MAYBE_EXECUTED}",
    "unreachable": "no connection came about, so nothing was executed",
    DIED: f"the process died, or was too late, before it could write what came of it: {MAYBE_EXECUTED}",
}
# What an operator ordered by `kobo dead`.
ORDERS = {
    RETRIED: "its dead letter was put back on its lane, under the same message_uuid; attempts are counted anew",
    DROPPED: "its dead letter was deleted, so nobody tries it again",
}
_NOT_A_REPORT = {
    NONE_YET: "KoboMobile has no report yet",
    "lost": "the answer was lost",
    "unreachable": "no connection came about",
}
_FOLLOWS: dict[str, str] = {
    State.HELD: "held: waiting uses up no attempt",
    State.SENDING: "only the identical call is repeated, which KoboMobile executes once",
    State.SPLIT: "halved, each half a part of its own, down to the number at fault",
}
_TOO_LARGE = f"split, as one call carries {MAX_NUMBERS} numbers at most"
BACKOFF = "after a random wait (backoff)"
PUT_AGAIN = "queued anew at once, as SQS takes away what it has handed out 1,000 times"
NO_ATTEMPT = "counts as no attempt, as nearly all calls failed or the lane was closed"
OLDER_RELEASE = "an earlier release wrote this, which kept neither the lane nor the next try"
FIRST_QUESTION = "the first question comes FirstReportAfterSeconds after sending"
NEXT_QUESTION = "when enough reports should have become final"
CUT_SHORT = "the run ended before all were asked; the next one goes on"


def meaning(answer: str) -> str:
    """Return what an answer of send/ means; the answer itself where nobody knows."""
    kind, _, detail = answer.partition(": ")
    if kind in _MEANINGS:
        return _MEANINGS[kind] + (f" ({detail})" if detail else "")
    return meaning_of(answer) or answer


def why_answered(attempt: Attempt, before: int | None, reason: str | None, say: Say) -> str | None:
    """Return what an attempt's answer means and what follows.

    Parameters
    ----------
    before
        How many attempts counted before this one; None where nobody knows.
    reason
        The reason in the part's item, if this attempt was the last one.
    """
    if attempt.next_at is None and reason is not None:
        # It has the meaning of the answer in it.
        return joined(reason, _FOLLOWS.get(attempt.state) if attempt.state == State.SPLIT else None)
    told = _TOO_LARGE if attempt.answer == NOT_ASKED else meaning(attempt.answer)
    follows = _FOLLOWS.get(attempt.state) if attempt.answer not in (DIED, NOT_ASKED) else None
    older = OLDER_RELEASE if is_of_older_release(attempt) else None
    return joined(told, follows, _counting(attempt, before), next_try(attempt, say), older)


def next_try(attempt: Attempt, say: Say) -> str | None:
    """Return when and why then the message comes back; None if it does not."""
    if attempt.next_at is None:
        return None
    return PUT_AGAIN if attempt.next_at <= attempt.at else f"tried again {say(attempt.next_at)}, {BACKOFF}"


def is_of_older_release(attempt: Attempt) -> bool:
    """Tell whether a release wrote it that kept no more than the answer."""
    return attempt.attempts is None and attempt.answer not in (DIED, NOT_ASKED)


def why_asked(answers: Mapping[str, int]) -> str | None:
    """Return what the answers of report/ mean, each once."""
    return joined(*dict.fromkeys(map(_meaning_of_report, answers)))


def state_after(asked: AskedRound) -> str | None:
    """Return the state that a round led to, if all its answers led to one and show which."""
    found = {_state_of_report(answer) for answer in asked.answers}
    state = found.pop() if len(found) == 1 else None
    # What has waited for long enough is given up, whatever is answered.
    return None if state == State.SENT and asked.next_at is None else state


def listed(answers: Mapping[str, int]) -> str:
    """Return the answers of a round: `DELIVRD`, or `490 DELIVRD, 10 PROCESSED`."""
    if sum(answers.values()) == 1:
        return next(iter(answers))
    return ", ".join(f"{count:,} {answer}" for answer, count in answers.items())


def numbers(count: int) -> str:
    """Return `1 number`, `1,200 numbers`."""
    return plural(count, "number")


def _counting(attempt: Attempt, before: int | None) -> str | None:
    if attempt.next_at is None or attempt.attempts is None or attempt.state == State.HELD:
        return None
    return NO_ATTEMPT if attempt.attempts == before else f"{plural(attempt.attempts, 'attempt')} so far"


def _report(answer: str) -> Report | None:
    word, _, code = answer.partition(" err:")
    return Report(word, code or None) if word.isupper() else None


def _meaning_of_report(answer: str) -> str | None:
    report = _report(answer)
    if report is None:
        return _NOT_A_REPORT.get(answer.partition(":")[0]) or meaning_of(answer)
    final = judge(report)
    return "not final yet" if final is None else final.reason


def _state_of_report(answer: str) -> str | None:
    report = _report(answer)
    if report is None:
        return State.SENT if answer == NONE_YET else None
    final = judge(report)
    return State.SENT if final is None else final.state
