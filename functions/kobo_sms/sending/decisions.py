"""What happens to a part, given what is known of it and what KoboMobile answered (guarantees 1 to 3).

Pure: no I/O, no clock, no randomness. `before_call` may end a part without a call; `after_call` reads the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from kobo_sms.kobomobile.answers import Accepted, Lost, Refused, SendAnswer
from kobo_sms.kobomobile.tokens import Kind, Symptom, explain, symptom_of_kind
from kobo_sms.messages.lanes import DEAD_AFTER
from kobo_sms.messages.parts import Part
from kobo_sms.messages.states import State

DAY = 86_400
# KoboMobile forgets a message_uuid after 30 days (docs/kobomobile-api.md): a retry must stay clear of that.
NEVER_RETRIED_AFTER = 29 * DAY
# A refused part is halved down to the bad number with at most this many calls; each halving adds two.
MAX_CALLS_OF_AN_ORIGIN = 64
MAX_HALVINGS = (MAX_CALLS_OF_AN_ORIGIN - 1) // 2


class Next(Enum):
    """What becomes of the queue message."""

    DONE = "done"
    RETRY = "retry"
    SPLIT = "split"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True)
class Outcome:
    """What is known of one recipient beyond its part's state."""

    state: str | None = None
    reason: str | None = None
    msgid: str | None = None


@dataclass(frozen=True)
class Known:
    """What the table knew of a part when it was claimed.

    `attempts` are those that count towards MaxAttempts, `calls` all; `in_doubt`: an attempt of unknown outcome was
    made; `first_attempt_at` in epoch seconds.
    """

    attempts: int = 0
    calls: int = 0
    in_doubt: bool = False
    first_attempt_at: float | None = None


@dataclass(frozen=True)
class Decision:
    """What to write about a part and what to do with its message.

    `symptom` is `credit`, `credentials`, `gateway` or None; `outcomes` holds only recipients that differ from `state`.
    """

    state: str
    next: Next
    reason: str | None = None
    attempts: int = 0
    in_doubt: bool = False
    symptom: Symptom | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


def before_call(part: Part, known: Known, *, now: float, max_attempts: int) -> Decision | None:
    """Return how `part` ends without a call, or None when KoboMobile is to be asked."""
    if not part.request.to:
        return Decision(State.REJECTED, Next.DONE, "none of the numbers can be sent to")
    if known.first_attempt_at is not None and now - known.first_attempt_at >= NEVER_RETRIED_AFTER:
        reason = "first tried 29 days ago: KoboMobile may have forgotten it, so it is not tried again"
        return Decision(State.UNKNOWN, Next.DEAD_LETTER, reason, known.attempts, known.in_doubt)
    if _is_dead(part, now):
        return _give_up(known, "waited 13 days in the queue")
    if _has_expired(part, now):
        return _lapse(known)
    if known.attempts >= max_attempts:
        return _give_up(known, f"given up after {known.attempts} attempts")
    return None


def after_stop(known: Known) -> Decision:
    """Return how a part ends whose campaign was stopped."""
    if known.in_doubt:
        reason = "its campaign was stopped after an attempt whose answer was lost: it may or may not have been sent"
        return Decision(State.UNKNOWN, Next.DONE, reason, known.attempts, in_doubt=True)
    return Decision(State.CANCELLED, Next.DONE, "its campaign was stopped before it was sent", known.attempts)


def is_too_late(part: Part, now: float) -> bool:
    """Tell whether `part`, if it is still open, ends without a call because of its age alone."""
    return _is_dead(part, now) or _has_expired(part, now)


def after_call(part: Part, known: Known, answer: SendAnswer, *, max_attempts: int, counted: bool) -> Decision:
    """Return what `answer` means for `part`.

    Parameters
    ----------
    counted
        Whether a gateway that does not work counts as an attempt: only while the valve is open.
    """
    if isinstance(answer, Accepted):
        return _accept(part, known, answer)
    if isinstance(answer, Refused) and answer.kind is Kind.NUMBER:
        return _refuse(known, answer.token, several=len(part.request.to) > 1)
    if isinstance(answer, Refused) and answer.kind is Kind.SENDER_ID:
        return _refuse(known, answer.token, several=False)
    if isinstance(answer, Refused) and answer.kind in (Kind.CREDIT, Kind.CREDENTIALS):
        return Decision(
            State.HELD, Next.RETRY, explain(answer.token), known.attempts, known.in_doubt, symptom_of(answer)
        )
    # Kind.PASSING (error_billing and tokens that nobody knows), Kind.GATEWAY, and answers that were lost.
    return _try_again(known, answer, max_attempts, counted)


def symptom_of(answer: SendAnswer) -> Symptom | None:
    """Return what `answer` says of more than this one part: `credit`, `credentials`, `gateway` or None."""
    if isinstance(answer, Refused):
        return symptom_of_kind(answer.kind)
    return None if isinstance(answer, Accepted) else Symptom.GATEWAY


def stop_halving(known: Known, token: str) -> Decision:
    """Return the end of a refused part whose origin has used up its calls: the fault is not a number."""
    reason = f"{explain(token)}; still so after {MAX_CALLS_OF_AN_ORIGIN} calls with ever fewer numbers"
    return Decision(State.REJECTED, Next.DONE, reason, known.attempts + 1)


def _is_dead(part: Part, now: float) -> bool:
    return now - part.queued_at >= DEAD_AFTER


def _has_expired(part: Part, now: float) -> bool:
    expires_at = part.request.expires_at
    return expires_at is not None and now >= expires_at.timestamp()


def _accept(part: Part, known: Known, answer: Accepted) -> Decision:
    outcomes = {number: Outcome(msgid=answer.ids[number]) for number in part.request.to if number in answer.ids}
    reason = None
    if not answer.ids and not answer.refused:
        reason = "accepted without message ids, so no report can be asked for"
    for number in part.request.to:
        if number in answer.refused:
            state = State.UNKNOWN if known.in_doubt else State.REJECTED
            outcomes[number] = Outcome(state, explain(answer.refused[number]))
        elif reason is None and number not in answer.ids:
            outcomes[number] = Outcome(State.UNKNOWN, "missing from the message ids that KoboMobile answered with")
    return Decision(State.SENT, Next.DONE, reason, known.attempts + 1, known.in_doubt, outcomes=outcomes)


def _refuse(known: Known, token: str, *, several: bool) -> Decision:
    attempts = known.attempts + 1
    if known.in_doubt:
        # Halves would go out under new uuids, and an earlier attempt may have sent the whole.
        reason = f"{explain(token)}, after an attempt whose answer was lost: it may or may not have been sent"
        return Decision(State.UNKNOWN, Next.DONE, reason, attempts, in_doubt=True)
    if several:
        return Decision(State.SPLIT, Next.SPLIT, explain(token), attempts)
    return Decision(State.REJECTED, Next.DONE, explain(token), attempts)


def _try_again(known: Known, answer: SendAnswer, max_attempts: int, counted: bool) -> Decision:
    token = answer.token if isinstance(answer, Refused) else None
    symptom = symptom_of(answer)
    attempts = known.attempts + (1 if counted or symptom is None else 0)
    in_doubt = known.in_doubt or isinstance(answer, Lost)
    reason = answer.label if token is None else explain(token)
    after = Known(attempts, in_doubt=in_doubt)
    if attempts >= max_attempts:
        return _give_up(after, f"given up after {attempts} attempts: {reason}", symptom)
    state = State.SENDING if in_doubt else State.QUEUED
    return Decision(state, Next.RETRY, reason, attempts, in_doubt, symptom)


def _give_up(known: Known, reason: str, symptom: Symptom | None = None) -> Decision:
    state = State.UNKNOWN if known.in_doubt else State.FAILED
    doubted = ", one of them with its answer lost: it may or may not have been sent" if known.in_doubt else ""
    return Decision(state, Next.DEAD_LETTER, reason + doubted, known.attempts, known.in_doubt, symptom)


def _lapse(known: Known) -> Decision:
    if known.in_doubt:
        reason = "expires_at passed after an attempt whose answer was lost: it may or may not have been sent"
        return Decision(State.UNKNOWN, Next.DONE, reason, known.attempts, in_doubt=True)
    return Decision(State.LAPSED, Next.DONE, "expires_at passed before it was sent", known.attempts)
