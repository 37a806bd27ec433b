"""What became of one queue message, as send_sms tells it to logs, metrics and check_credit.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms.messages.parts import Part
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.valve.signals import CREDIT

# Why a message is held back that somebody wants to wait.
PAUSED, QUIET_HOURS = "its campaign is paused", "quiet hours"
AT_REST = frozenset({PAUSED, QUIET_HOURS})


@dataclass(frozen=True)
class SendResult:
    """What became of one queue message.

    `outcome` is a state, or `split`, `duplicate`, `busy`, `invalid`, `postponed`, `held back`; `returns_after` is None
    when the message is done, else the seconds until it comes back. `waited`: seconds from queued to accepted.
    `opted_out`: recipients that were left out for that.
    """

    outcome: str
    returns_after: int | None = None
    request_id: str = ""
    part: str = ""
    recipients: int = 0
    answer: str = ""
    reason: str = ""
    attempts: int = 0
    symptom: str = ""
    waited: float | None = None
    dead: bool = False
    surplus: int = 0
    opted_out: int = 0

    @property
    def accepted(self) -> bool:
        """Whether KoboMobile took the part just now."""
        return self.outcome == State.SENT

    @property
    def met(self) -> str:
        """What a probe learns from it: `accepted`, `no_credit`, `answered`, `failed`, or nothing."""
        if self.accepted:
            return "accepted"
        if self.symptom:
            return "no_credit" if self.symptom == CREDIT else "failed"
        return "answered" if self.answer.startswith("error_") else ""


def describe(part: Part, decision: Decision, label: str, now: float, surplus: int = 0) -> SendResult:
    """Return the verdict on an attempt at `part`; `label` names the answer, `surplus` counts ids nobody asked for."""
    return SendResult(
        outcome=decision.state,
        request_id=part.request.id,
        part=part.name,
        recipients=len(part.request.to),
        answer=label,
        reason=decision.reason or "",
        attempts=decision.attempts,
        symptom=decision.symptom or "",
        waited=now - part.queued_at if decision.state == State.SENT else None,
        dead=decision.next is Next.DEAD_LETTER,
        surplus=surplus,
    )


def result_of(outcome: str, part: Part) -> SendResult:
    """Return what became of a message of `part` without an attempt."""
    return SendResult(outcome, request_id=part.request.id, part=part.name, recipients=len(part.request.to))
