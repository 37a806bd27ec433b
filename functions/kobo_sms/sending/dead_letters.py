"""What nobody can send: put on the dead-letter queue, with message attributes that say why."""

from __future__ import annotations

from kobo_sms.aws.queues import ORIGIN, PART, QUEUED_AT, Message, Queues
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import conceal
from kobo_sms.sending.decisions import Decision


class DeadLetters:
    """Dead-letters messages. Errors of SQS pass through."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def put(self, message: Message, part: Part, decision: Decision, answer: str) -> None:
        """Dead-letter a part that is given up; `answer` names KoboMobile's last one."""
        notes = {
            "Reason": decision.reason,
            "RequestId": part.request.id,
            "Attempts": str(decision.attempts),
            "LastAnswer": answer,
            "Lane": message.lane.value,
            PART: part.name,
            ORIGIN: part.origin,
            QUEUED_AT: f"{part.queued_at:.3f}",
        }
        self._queues.dead_letter(conceal(message.body), notes)

    def put_invalid(self, message: Message, reason: str, request_id: str = "") -> None:
        """Dead-letter a message that is no request that can be sent."""
        notes = {"Reason": reason, "RequestId": request_id, "Lane": message.lane.value}
        notes |= {name: value for name, value in message.attributes.items() if name in (PART, ORIGIN, QUEUED_AT)}
        self._queues.dead_letter(conceal(message.body), notes)
